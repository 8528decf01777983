/* SPDX-License-Identifier: MIT */
/*
 * A loop as other threads know it. It is counted and outlives its loop, so that a thread that is
 * done with a job may tell a loop that is gone: its letter then comes back to the sender. Without
 * one, the raw pointer to a loop is only good as long as somebody vouches for it.
 */
#ifndef THREAD_MAILBOX_H
#define THREAD_MAILBOX_H

#include <pthread.h>
#include "core/loop.h"

/* Lies in what it is about: posting allocates nothing and cannot fail for want of memory. */
struct letter {
	struct letter *next;
	/* arrived: on the loop, as a callback. Otherwise the loop has closed, and this is whatever
	 * thread found that out. */
	void (*deliver)(struct letter *letter, bool arrived);
};

struct mailbox {
	pthread_mutex_t mutex;
	unsigned references;
	struct async_loop *loop; /* NULL once it has closed */
	struct letter *first, **last;
	async_handle pump;
	bool pumping; /* it is on its way to the loop */

	/* The rest is the loop's own thread's. */
	struct pool_use *uses;		 /* pools that this loop has work done by */
	struct async_waiters_ abandoned; /* jobs that nobody waits for and that still run */
	struct async_waiters_
		exit_waits; /* the main task, waiting for their end as the loop closes */
};

/* The loop's mailbox, from any thread that knows the loop to be alive; *error is -ESHUTDOWN when
 * that closes, -ENOMEM. Borrowed: hold it to keep it longer than the loop. */
struct mailbox *mailbox_of(struct async_loop *loop, int *error);

struct mailbox *mailbox_hold(struct mailbox *mailbox);
void mailbox_release(struct mailbox *mailbox);

/* False: the loop has closed, and the letter is the caller's again. */
bool mailbox_post(struct mailbox *mailbox, struct letter *letter);

#endif
