/* SPDX-License-Identifier: MIT */
/* Queues between the tasks of one loop: first in first out, by priority, or last in first out.
 * Items are pointers; the queue never frees what they point to. */
#ifndef AWAIT_QUEUE_H
#define AWAIT_QUEUE_H

#include <await/base.h>

ASYNC_BEGIN_DECLS

typedef struct async_queue { /* all private; zero-filled is an unbounded FIFO */
	size_t maxsize_;
	int kind_;
	int (*compare_)(const void *a, const void *b);
	async_loop *loop_;
	void **items_;
	size_t head_, count_, capacity_;
	size_t unfinished_;
	struct async_waiters_ getters_, putters_, joiners_;
	int shutdown_;
} async_queue;

/* maxsize 0: unbounded. compare orders a priority queue, lowest first, as qsort's; equal items may
 * come out in any order. */
#define ASYNC_QUEUE(maxsize)		       ASYNC_QUEUE_(maxsize, 0, NULL)
#define ASYNC_LIFO_QUEUE(maxsize)	       ASYNC_QUEUE_(maxsize, 1, NULL)
#define ASYNC_PRIORITY_QUEUE(maxsize, compare) ASYNC_QUEUE_(maxsize, 2, compare)
#define ASYNC_QUEUE_(maxsize, kind, compare)                                              \
	{                                                                                 \
		(size_t)(maxsize), kind, compare, NULL, NULL, 0, 0, 0, 0, { NULL, NULL }, \
			{ NULL, NULL }, { NULL, NULL }, 0                                 \
	}

/* Add an item, waiting while the queue is full. -ESHUTDOWN once it is shut down; -ENOMEM. On
 * failure the item is still the caller's. */
ASYNC_API int await_queue_put(async_queue *queue, void *item);
/* Take an item, waiting while the queue is empty. -ESHUTDOWN once it is shut down and drained. */
ASYNC_API int await_queue_get(async_queue *queue, void **item);
/* The same without waiting: -EAGAIN when full, or empty. */
ASYNC_API int async_queue_try_put(async_queue *queue, void *item);
ASYNC_API int async_queue_try_get(async_queue *queue, void **item);

/* One item got earlier is done with; -EINVAL when more are marked than were put. */
ASYNC_API int async_queue_task_done(async_queue *queue);
/* Wait until every item put was marked done. */
ASYNC_API int await_queue_join(async_queue *queue);

/* No more puts; gets drain what is left, then fail; all who wait wake. immediate: what is left is
 * dropped at once and counts as done; drop(item) is called for each (drop may be NULL). */
ASYNC_API void async_queue_shutdown(async_queue *queue, bool immediate, void (*drop)(void *item));

ASYNC_API size_t async_queue_size(const async_queue *queue);
ASYNC_API size_t async_queue_maxsize(const async_queue *queue);
ASYNC_API bool async_queue_empty(const async_queue *queue);
ASYNC_API bool async_queue_full(const async_queue *queue);

/* Free the queue's own memory (it is empty and usable afterwards). -EBUSY while tasks wait on it;
 * items left are the caller's loss, so drain or shut down first. */
ASYNC_API int async_queue_free(async_queue *queue);

ASYNC_END_DECLS

#endif
