/* SPDX-License-Identifier: MIT */
/* Semaphores. A permit given back while somebody waits never shows in value_: it goes to the oldest
 * waiter, so a free permit means that nobody waits. */
#include <limits.h>
#include "sync/waiting.h"

static const struct wait_kind semaphore_kind = {
	.name = "await_semaphore",
	.cancel = wait_cancel,
	.describe = describe_address,
};

static int refuse_start(const async_semaphore *semaphore, const char *caller)
{
	return async_fail(-EINVAL, "%s: a semaphore cannot start at %d", caller, semaphore->value_);
}

static int semaphore_wait(async_semaphore *semaphore, struct async_task *self)
{
	int error;

	if (semaphore->value_ < 0)
		return refuse_start(semaphore, "await_semaphore");
	error = loop_bind(&semaphore->loop_, list_empty(&semaphore->waiters_), self,
			  "await_semaphore");
	return error ? error : (int)wait_in(&semaphore->waiters_, &semaphore_kind, semaphore);
}

int await_semaphore(async_semaphore *semaphore)
{
	struct async_task *self = task_self("await_semaphore");

	if (unlikely(self->cancel_error))
		return self->cancel_error;
	if (unlikely(semaphore->value_ <= 0))
		return semaphore_wait(semaphore, self);
	semaphore->value_--;
	return 0;
}

int async_semaphore_try(async_semaphore *semaphore)
{
	if (semaphore->value_ < 0)
		return refuse_start(semaphore, "async_semaphore_try");
	if (!semaphore->value_)
		return -EAGAIN;
	semaphore->value_--;
	return 0;
}

int async_semaphore_release(async_semaphore *semaphore)
{
	int most = semaphore->bounded_ ? semaphore->bound_ : INT_MAX;

	if (unlikely(semaphore->value_ < 0))
		return refuse_start(semaphore, "async_semaphore_release");
	if (unlikely(semaphore->value_ >= most))
		return async_fail(-EOVERFLOW,
				  "async_semaphore_release: all %d permits are back already", most);
	if (list_empty(&semaphore->waiters_)) {
		semaphore->value_++;
		return 0;
	}
	if (unlikely(!loop_is_mine(semaphore->loop_)))
		return refuse_waker("async_semaphore_release");
	wait_wake_first(&semaphore->waiters_, 0);
	return 0;
}

bool async_semaphore_locked(const async_semaphore *semaphore)
{
	return semaphore->value_ <= 0;
}
