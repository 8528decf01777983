/* SPDX-License-Identifier: MIT */
/*
 * The one wait primitive. A task suspends on a wait record of its own; the first trigger
 * wins, takes the record out of the task and owns the result. Locks, queues, timers and
 *input/output are built on this and on nothing else.
 *
 *	suspend		self->wait = wait; another task runs
 *	trigger		(wait_trigger, in loop.h) task->wait_result = result; the task is ready;
 *later triggers do nothing
 *	cancel		kind->cancel(wait, error): ends the wait now (most), asks for its end (an
 *operation in the kernel), or passes the cancel on (waiting for a task)
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include "base/list.h"

struct wait;

struct wait_kind {
	const char *name; /* for reports: "await_lock" */
	void (*cancel)(struct wait *wait, int error);
	/* Adds what is waited for to a report, such as "descriptor 7"; may be NULL. */
	void (*describe)(const struct wait *wait, char *text, size_t size);
};

struct wait {
	struct async_link_ link; /* its place in `queue` */
	struct async_task *task;
	const struct wait_kind *kind;
	struct async_waiters_ *queue; /* NULL when it stands in none */
	const void *object;	      /* what is waited for, or NULL */
	uint64_t since_ns;
};

/* Suspend the running task until `wait` is triggered; returns the result. */
int64_t task_suspend(struct wait *wait);

/* Wait in a queue for a trigger. Cancelling takes the record out of the queue: nothing is lost. */
int64_t wait_in(struct async_waiters_ *queue, const struct wait_kind *kind, const void *object);

/* The same in a loop that waits until something holds: a cancel that came since the last look ends
 * it, too. */
int64_t wait_or_cancel(struct async_waiters_ *queue, const struct wait_kind *kind,
		       const void *object);

/* The cancel of everything that just waits in a queue. */
void wait_cancel(struct wait *wait, int error);

/* Trigger the oldest waiter of a queue; NULL when there is none. */
struct wait *wait_wake_first(struct async_waiters_ *queue, int64_t result);
void wait_wake_all(struct async_waiters_ *queue, int64_t result);

#endif
