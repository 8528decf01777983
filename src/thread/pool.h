/* SPDX-License-Identifier: MIT */
/*
 * What is behind an async_pool while any loop uses it. Jobs go straight to an idle thread where
 * there is one, the one idle for the shortest time, so that a little steady work keeps few threads
 * alive; else to a new thread; else they queue.
 */
#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include "thread/job.h"

struct worker;

struct pool {
	pthread_mutex_t mutex;
	const async_pool *of;
	async_pool settings; /* a copy, defaults filled in */
	unsigned generation; /* a forked child has none of its parent's threads */
	unsigned users;	     /* loops; of pools_mutex */

	struct async_waiters_ queue, running; /* jobs */
	size_t queued;
	struct worker *idle; /* newest first */
	unsigned threads, named;
	unsigned starting; /* of the threads: have not looked for a job yet */
	bool closed;	   /* no more jobs */
	bool ending;	   /* and threads end instead of idling */
	bool orphaned;	   /* no loop is left: the last thread frees this */
	bool has_ended;
	pthread_t ended; /* the thread that ended last: the next to end, or who closes, joins it */
	pthread_cond_t emptied; /* threads is 0 */
	struct async_waiters_ closers;
};

/* A task that waits until the last thread has ended. */
struct pool_closer {
	struct async_link_ link; /* in pool->closers; mutex */
	bool told;		 /* and out of there; mutex */
	struct letter letter;
	struct mailbox *mailbox;
	struct pool *pool;
	struct wait wait;
};

/* A loop's use of a pool. */
struct pool_use {
	struct pool_use *next;
	struct pool *pool;
	async_pool *of;
};

/* The pool behind `of` (NULL: the default one), which the mailbox's loop uses from now on. NULL:
 * *error is -ENOMEM or -ESHUTDOWN. On the loop's thread. */
struct pool *pool_use(struct mailbox *mailbox, async_pool *of, int *error);
/* The loop closes: end the pools that no other loop uses. */
void pool_uses_end(struct mailbox *mailbox);

/* Hand a job over. 0, -ESHUTDOWN, -ENOBUFS, or why there is not a single thread. */
int pool_submit(struct pool *pool, struct job *job);
/* Take a job back that no thread has begun. With the mutex held. */
void pool_withdraw(struct pool *pool, struct job *job);

/* The pool that a call of await_pool_close closes; NULL: nobody has used it. */
struct pool *pool_close_begin(async_pool *of);
/* Let go of it, on the loop that closed it or used it. */
void pool_release(async_pool *of, struct pool *pool);
/* After the last thread has ended: wait until it has really gone. */
void pool_join(struct pool *pool);
/* Threads, users and jobs are gone. */
void pool_free(struct pool *pool);

/* A thread's life. */
void *worker_main(void *pool);
/* Let idle threads look around. With the mutex held. */
void workers_wake(struct pool *pool);
/* Give an idle thread a job. With the mutex held; false: there is none. */
bool worker_take(struct pool *pool, struct job *job);

#endif
