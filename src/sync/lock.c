/* SPDX-License-Identifier: MIT */
/* Locks. Releasing one that is waited for leaves it taken and gives it to the oldest waiter. */
#include "sync/waiting.h"

static const struct wait_kind lock_kind = {
	.name = "await_lock",
	.cancel = wait_cancel,
	.describe = describe_address,
};

static int lock_wait(async_lock *lock, struct async_task *self)
{
	int error = loop_bind(&lock->loop_, list_empty(&lock->waiters_), self, "await_lock");

	return error ? error : (int)wait_in(&lock->waiters_, &lock_kind, lock);
}

int await_lock(async_lock *lock)
{
	struct async_task *self = task_self("await_lock");

	if (unlikely(self->cancel_error))
		return self->cancel_error;
	if (unlikely(lock->locked_))
		return lock_wait(lock, self);
	lock->locked_ = true;
	return 0;
}

int async_try_lock(async_lock *lock)
{
	if (lock->locked_)
		return -EAGAIN;
	lock->locked_ = true;
	return 0;
}

int async_unlock(async_lock *lock)
{
	if (unlikely(!lock->locked_))
		return async_fail(-EPERM, "async_unlock: the lock is free");
	if (likely(list_empty(&lock->waiters_))) {
		lock->locked_ = false;
		return 0;
	}
	if (unlikely(!loop_is_mine(lock->loop_)))
		return refuse_waker("async_unlock");
	wait_wake_first(&lock->waiters_, 0);
	return 0;
}

bool async_locked(const async_lock *lock)
{
	return lock->locked_;
}
