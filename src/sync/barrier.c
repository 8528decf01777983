/* SPDX-License-Identifier: MIT */
/* Barriers. The last to come triggers the others, each with its index: that round is over at once,
 * and whoever comes next begins another, even before the released tasks had their turn. */
#include <stdio.h>
#include "sync/waiting.h"

static void barrier_cancel(struct wait *wait, int error)
{
	async_barrier *barrier = (async_barrier *)wait->object;

	barrier->waiting_--;
	wait_cancel(wait, error);
}

static void describe_barrier(const struct wait *wait, char *text, size_t size)
{
	const async_barrier *barrier = wait->object;

	snprintf(text, size, "%p (%u of %u are there)", wait->object, barrier->waiting_,
		 barrier->parties_);
}

static const struct wait_kind barrier_kind = {
	.name = "await_barrier",
	.cancel = barrier_cancel,
	.describe = describe_barrier,
};

static int refuse_broken(void)
{
	return async_fail(-EPIPE, "await_barrier: the barrier is broken, or was reset");
}

int await_barrier(async_barrier *barrier)
{
	struct async_task *self = task_self("await_barrier");
	int error = self->cancel_error, index = 0;

	if (unlikely(error))
		return error;
	if (unlikely((int)barrier->parties_ <= 0))
		return async_fail(-EINVAL, "await_barrier: a barrier for %d tasks",
				  (int)barrier->parties_);
	if (unlikely(barrier->broken_))
		return refuse_broken();
	error = loop_bind(&barrier->loop_, list_empty(&barrier->waiters_), self, "await_barrier");
	if (unlikely(error))
		return error;
	if (barrier->waiting_ + 1 < barrier->parties_) {
		barrier->waiting_++;
		index = (int)wait_in(&barrier->waiters_, &barrier_kind, barrier);
		return unlikely(index == -EPIPE) ? refuse_broken() : index;
	}
	barrier->waiting_ = 0;
	while (wait_wake_first(&barrier->waiters_, index))
		index++;
	return index;
}

static void send_away(async_barrier *barrier, bool broken, const char *caller)
{
	if (!list_empty(&barrier->waiters_) && unlikely(!loop_is_mine(barrier->loop_)))
		die_of_waker(caller);
	barrier->broken_ = broken;
	barrier->waiting_ = 0;
	wait_wake_all(&barrier->waiters_, -EPIPE);
}

void async_barrier_reset(async_barrier *barrier)
{
	send_away(barrier, false, "async_barrier_reset");
}

void async_barrier_abort(async_barrier *barrier)
{
	send_away(barrier, true, "async_barrier_abort");
}

unsigned async_barrier_waiting(const async_barrier *barrier)
{
	return barrier->waiting_;
}

unsigned async_barrier_parties(const async_barrier *barrier)
{
	return barrier->parties_;
}

bool async_barrier_broken(const async_barrier *barrier)
{
	return barrier->broken_;
}
