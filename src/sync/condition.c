/* SPDX-License-Identifier: MIT */
/*
 * Conditions. A notified waiter needs the lock, and the notifier holds it: so a notification does
 * not wake anybody but moves the waiter's record over to the lock's queue, where no cancel can
 * reach it, and the lock is handed to it in its turn. It wakes once, with the lock; notifying a
 * hundred makes no stampede.
 */
#include "sync/waiting.h"

static const struct wait_kind condition_kind = {
	.name = "await_condition",
	.cancel = wait_cancel,
	.describe = describe_address,
};
/* No cancel: whoever leaves await_condition holds the lock. */
static const struct wait_kind relock_kind = {
	.name = "await_condition, for its lock,",
	.describe = describe_address,
};

static int check_held(const async_condition *condition, const char *caller)
{
	if (likely(condition->lock_->locked_))
		return 0;
	return async_fail(-EPERM, "%s: the condition's lock is free", caller);
}

static void lock_again(async_condition *condition, struct async_task *self)
{
	async_lock *lock = condition->lock_;

	if (!lock->locked_) {
		lock->locked_ = true;
		return;
	}
	if (loop_bind(&lock->loop_, list_empty(&lock->waiters_), self, "await_condition"))
		die_of_waker("await_condition");
	wait_in(&lock->waiters_, &relock_kind, condition);
}

int await_condition(async_condition *condition)
{
	struct async_task *self = task_self("await_condition");
	int error = self->cancel_error;

	if (unlikely(error))
		return error;
	error = check_held(condition, "await_condition");
	if (!error)
		error = loop_bind(&condition->loop_, list_empty(&condition->waiters_), self,
				  "await_condition");
	if (!error)
		error = async_unlock(condition->lock_);
	if (unlikely(error))
		return error;
	error = (int)wait_in(&condition->waiters_, &condition_kind, condition);
	if (error) {
		lock_again(condition, self);
		return error;
	}
	/* Notified, but cancelled since: another one shall act on the notification. */
	if (unlikely(self->cancel_error))
		async_condition_notify(condition, 1);
	return self->cancel_error;
}

int await_condition_for(async_condition *condition, int (*predicate)(void *arg), void *arg)
{
	struct async_task *self = task_self("await_condition_for");
	int error = self->cancel_error, value;

	if (!error)
		error = check_held(condition, "await_condition_for");
	while (!error) {
		value = predicate(arg);
		if (value)
			return value;
		error = await_condition(condition);
	}
	return error;
}

/* From the condition's queue to the end of the lock's. */
static void move_first(async_condition *condition)
{
	async_lock *lock = condition->lock_;
	struct async_link_ *link = list_pop(&condition->waiters_);
	struct wait *wait = container_of(link, struct wait, link);

	lock->loop_ = condition->loop_;
	wait->kind = &relock_kind;
	wait->queue = &lock->waiters_;
	list_append(&lock->waiters_, link);
}

static int notify(async_condition *condition, size_t n, const char *caller)
{
	async_lock *lock = condition->lock_;
	int error = check_held(condition, caller);

	if (error || list_empty(&condition->waiters_))
		return error;
	if (!loop_is_mine(condition->loop_) ||
	    (!list_empty(&lock->waiters_) && lock->loop_ != condition->loop_))
		return refuse_waker(caller);
	for (; n && !list_empty(&condition->waiters_); n--)
		move_first(condition);
	return 0;
}

int async_condition_notify(async_condition *condition, size_t n)
{
	return notify(condition, n, "async_condition_notify");
}

int async_condition_notify_all(async_condition *condition)
{
	return notify(condition, SIZE_MAX, "async_condition_notify_all");
}
