/* SPDX-License-Identifier: MIT */
/*
 * Queues. An item put while somebody waits to get goes straight to them, and a getter that makes
 * room pulls in the oldest waiting putter's item itself. So getters wait only for an empty queue,
 * putters only for a full one, and nobody who was woken finds the item gone, or the room.
 *
 * The items lie in one array that doubles: a ring (its capacity is a power of two), a stack, or a
 * binary heap.
 */
#include <stdio.h>
#include <stdlib.h>
#include "sync/waiting.h"

enum { KIND_FIFO, KIND_LIFO, KIND_PRIORITY };
enum { CAPACITY_MIN = 16 };

/* A task that waits to put `item`, or to get one into it. */
struct queue_wait {
	struct wait wait;
	void *item;
};

static void describe_queue(const struct wait *wait, char *text, size_t size)
{
	const async_queue *queue = wait->object;

	snprintf(text, size, "%p (%zu items)", wait->object, queue->count_);
}

static const struct wait_kind get_kind = {
	.name = "await_queue_get",
	.cancel = wait_cancel,
	.describe = describe_queue,
};
static const struct wait_kind put_kind = {
	.name = "await_queue_put",
	.cancel = wait_cancel,
	.describe = describe_queue,
};
static const struct wait_kind join_kind = {
	.name = "await_queue_join",
	.cancel = wait_cancel,
	.describe = describe_queue,
};

static void **slot(const async_queue *queue, size_t index)
{
	return &queue->items_[(queue->head_ + index) & (queue->capacity_ - 1)];
}

/* Make room for one more item. */
static int reserve(async_queue *queue)
{
	size_t capacity = queue->capacity_ ? queue->capacity_ * 2 : CAPACITY_MIN;
	void **items;

	if (likely(queue->count_ < queue->capacity_))
		return 0;
	items = malloc(capacity * sizeof *items);
	if (!items)
		return async_fail(-ENOMEM, "no memory for a queue of %zu items", capacity);
	for (size_t i = 0; i < queue->count_; i++)
		items[i] = *slot(queue, i);
	free(queue->items_);
	queue->items_ = items;
	queue->head_ = 0;
	queue->capacity_ = capacity;
	return 0;
}

static void heap_add(async_queue *queue, void *item)
{
	void **items = queue->items_;
	size_t at = queue->count_++;

	for (; at && queue->compare_(item, items[(at - 1) / 2]) < 0; at = (at - 1) / 2)
		items[at] = items[(at - 1) / 2];
	items[at] = item;
}

static void *heap_take(async_queue *queue)
{
	void **items = queue->items_, *first = items[0], *moved = items[--queue->count_];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < queue->count_) {
		if (child + 1 < queue->count_ &&
		    queue->compare_(items[child + 1], items[child]) < 0)
			child++;
		if (queue->compare_(moved, items[child]) <= 0)
			break;
		items[at] = items[child];
		at = child;
	}
	items[at] = moved;
	return first;
}

static void add(async_queue *queue, void *item)
{
	if (queue->kind_ == KIND_PRIORITY)
		heap_add(queue, item);
	else
		*slot(queue, queue->count_++) = item;
}

static void *take(async_queue *queue)
{
	void *item;

	if (queue->kind_ == KIND_PRIORITY)
		return heap_take(queue);
	if (queue->kind_ == KIND_LIFO)
		return *slot(queue, --queue->count_);
	item = *slot(queue, 0);
	queue->head_ = (queue->head_ + 1) & (queue->capacity_ - 1);
	queue->count_--;
	return item;
}

static bool anyone_waits(const async_queue *queue)
{
	return !list_empty(&queue->getters_) || !list_empty(&queue->putters_) ||
	       !list_empty(&queue->joiners_);
}

static int check_waker(const async_queue *queue, const char *caller)
{
	if (likely(!anyone_waits(queue) || loop_is_mine(queue->loop_)))
		return 0;
	return refuse_waker(caller);
}

static int refuse_shut(const char *caller)
{
	return async_fail(-ESHUTDOWN, "%s: the queue is shut down", caller);
}

/* Wake the oldest of them; NULL when nobody waits. */
static struct queue_wait *wake(struct async_waiters_ *waiters)
{
	struct wait *wait = wait_wake_first(waiters, 0);

	return wait ? container_of(wait, struct queue_wait, wait) : NULL;
}

static int put_now(async_queue *queue, void *item, const char *caller)
{
	struct queue_wait *getter;
	int error = check_waker(queue, caller);

	if (unlikely(error))
		return error;
	if (unlikely(queue->shutdown_))
		return refuse_shut(caller);
	if (async_queue_full(queue))
		return -EAGAIN;
	getter = wake(&queue->getters_);
	if (getter) {
		getter->item = item;
	} else {
		error = reserve(queue);
		if (unlikely(error))
			return error;
		add(queue, item);
	}
	queue->unfinished_++;
	return 0;
}

static int get_now(async_queue *queue, void **item, const char *caller)
{
	struct queue_wait *putter;
	int error = check_waker(queue, caller);

	if (unlikely(error))
		return error;
	if (!queue->count_)
		return unlikely(queue->shutdown_) ? refuse_shut(caller) : -EAGAIN;
	*item = take(queue);
	putter = wake(&queue->putters_);
	if (putter) {
		add(queue, putter->item);
		queue->unfinished_++;
	}
	return 0;
}

static int wait_on(async_queue *queue, struct async_waiters_ *waiters, const struct wait_kind *kind,
		   struct async_task *self, struct queue_wait *wait)
{
	int error = loop_bind(&queue->loop_, !anyone_waits(queue), self, kind->name);

	if (unlikely(error))
		return error;
	wait->wait.task = self;
	wait->wait.kind = kind;
	wait->wait.queue = waiters;
	wait->wait.object = queue;
	list_append(waiters, &wait->wait.link);
	error = (int)task_suspend(&wait->wait);
	return unlikely(error == -ESHUTDOWN) ? refuse_shut(kind->name) : error;
}

int await_queue_put(async_queue *queue, void *item)
{
	struct async_task *self = task_self("await_queue_put");
	struct queue_wait wait = { .item = item };
	int error = self->cancel_error;

	if (!error)
		error = put_now(queue, item, "await_queue_put");
	return error == -EAGAIN ? wait_on(queue, &queue->putters_, &put_kind, self, &wait) : error;
}

int await_queue_get(async_queue *queue, void **item)
{
	struct async_task *self = task_self("await_queue_get");
	struct queue_wait wait;
	int error = self->cancel_error;

	if (!error)
		error = get_now(queue, item, "await_queue_get");
	if (error != -EAGAIN)
		return error;
	error = wait_on(queue, &queue->getters_, &get_kind, self, &wait);
	if (!error)
		*item = wait.item;
	return error;
}

int async_queue_try_put(async_queue *queue, void *item)
{
	return put_now(queue, item, "async_queue_try_put");
}

int async_queue_try_get(async_queue *queue, void **item)
{
	return get_now(queue, item, "async_queue_try_get");
}

int async_queue_task_done(async_queue *queue)
{
	int error = check_waker(queue, "async_queue_task_done");

	if (error)
		return error;
	if (!queue->unfinished_)
		return async_fail(-EINVAL,
				  "async_queue_task_done: every item put was marked done already");
	if (!--queue->unfinished_)
		wait_wake_all(&queue->joiners_, 0);
	return 0;
}

int await_queue_join(async_queue *queue)
{
	struct async_task *self = task_self("await_queue_join");
	struct queue_wait wait;

	if (self->cancel_error || !queue->unfinished_)
		return self->cancel_error;
	return wait_on(queue, &queue->joiners_, &join_kind, self, &wait);
}

void async_queue_shutdown(async_queue *queue, bool immediate, void (*drop)(void *item))
{
	if (unlikely(anyone_waits(queue) && !loop_is_mine(queue->loop_)))
		die_of_waker("async_queue_shutdown");
	queue->shutdown_ = 1;
	wait_wake_all(&queue->putters_, -ESHUTDOWN);
	wait_wake_all(&queue->getters_, -ESHUTDOWN);
	while (immediate && queue->count_) {
		void *item = take(queue);

		if (queue->unfinished_)
			queue->unfinished_--;
		if (drop)
			drop(item);
	}
	if (!queue->unfinished_)
		wait_wake_all(&queue->joiners_, 0);
}

size_t async_queue_size(const async_queue *queue)
{
	return queue->count_;
}

size_t async_queue_maxsize(const async_queue *queue)
{
	return queue->maxsize_;
}

bool async_queue_empty(const async_queue *queue)
{
	return !queue->count_;
}

bool async_queue_full(const async_queue *queue)
{
	return queue->maxsize_ && queue->count_ >= queue->maxsize_;
}

int async_queue_free(async_queue *queue)
{
	if (anyone_waits(queue))
		return async_fail(-EBUSY, "async_queue_free: tasks wait on the queue");
	free(queue->items_);
	*queue = (async_queue)ASYNC_QUEUE_(queue->maxsize_, queue->kind_, queue->compare_);
	return 0;
}
