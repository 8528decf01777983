/* SPDX-License-Identifier: MIT */
/* The cold half of waiting.h. */
#include <stdio.h>
#include "core/report.h"
#include "sync/waiting.h"

#define FOREIGN_WAITERS \
	"%s: tasks of another thread's loop wait on it; go there with async_call_threadsafe"

void describe_address(const struct wait *wait, char *text, size_t size)
{
	snprintf(text, size, "%p", wait->object);
}

int refuse_waiter(const char *caller)
{
	return async_fail(-EXDEV, "%s: tasks of another loop wait on it", caller);
}

int refuse_waker(const char *caller)
{
	return async_fail(-EXDEV, FOREIGN_WAITERS, caller);
}

void die_of_waker(const char *caller)
{
	die(FOREIGN_WAITERS, caller);
}
