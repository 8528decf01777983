/* SPDX-License-Identifier: MIT */
/*
 * What everything in this directory shares. An object belongs to a loop only while somebody waits
 * on it, so that a static one serves one loop after another; the tasks of a second loop are refused
 * meanwhile.
 *
 * Whoever lets something go hands it straight to the oldest waiter: the trigger carries the lock,
 * permit or item. So nobody can slip in between a wake-up and its task's turn, and a cancel that
 * comes after the trigger finds the wait over: the task gets what it was given, and sees the cancel
 * at its next await_.
 */
#ifndef SYNC_WAITING_H
#define SYNC_WAITING_H

#include <errno.h>
#include <await/sync.h>
#include "core/loop.h"

/* For reports: the address of what is waited for. */
void describe_address(const struct wait *wait, char *text, size_t size);

/* Refuse a caller that stands on another loop than those who wait: -EXDEV; or, where the call has
 * no result, abort: going on would corrupt the other thread's loop. */
int refuse_waiter(const char *caller);
int refuse_waker(const char *caller);
_Noreturn void die_of_waker(const char *caller);

/* Before a task starts to wait: the object becomes its loop's if nobody waits yet. 0 or -EXDEV. */
static inline int loop_bind(struct async_loop **loop, bool idle, struct async_task *self,
			    const char *caller)
{
	if (idle)
		*loop = self->loop;
	return likely(*loop == self->loop) ? 0 : refuse_waiter(caller);
}

#endif
