/* SPDX-License-Identifier: MIT */
/*
 * Limiters: semaphores that know who holds their permits. The holders stand in a plain array that
 * is searched from end to end: a limiter guards tens or hundreds of something, and that many
 * compares cost less than a switch. There is room in it for those who wait, too, so that handing
 * over never needs memory; it goes with the last of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include "sync/waiting.h"

/* The id tells a task from a later one in the same memory. */
struct async_borrower_ {
	const struct async_task *task;
	uint64_t id;
};

static void free_if_idle(async_limiter *limiter)
{
	if (limiter->borrowed_ || limiter->waiting_)
		return;
	free(limiter->borrowers_);
	limiter->borrowers_ = NULL;
	limiter->capacity_ = 0;
}

static void limiter_cancel(struct wait *wait, int error)
{
	async_limiter *limiter = (async_limiter *)wait->object;

	limiter->waiting_--;
	wait_cancel(wait, error);
	free_if_idle(limiter);
}

static void describe_limiter(const struct wait *wait, char *text, size_t size)
{
	const async_limiter *limiter = wait->object;

	snprintf(text, size, "%p (%u of %u borrowed)", wait->object, limiter->borrowed_,
		 limiter->total_);
}

static const struct wait_kind limiter_kind = {
	.name = "await_limiter",
	.cancel = limiter_cancel,
	.describe = describe_limiter,
};

/* Where the task's permit stands; borrowed_ when it has none. */
static unsigned find(const async_limiter *limiter, const struct async_task *task)
{
	unsigned i = 0;

	while (i < limiter->borrowed_ &&
	       (limiter->borrowers_[i].task != task || limiter->borrowers_[i].id != task->id))
		i++;
	return i;
}

static void lend(async_limiter *limiter, const struct async_task *task)
{
	limiter->borrowers_[limiter->borrowed_++] = (struct async_borrower_){ task, task->id };
}

/* Room for one more who holds or waits. */
static int reserve(async_limiter *limiter)
{
	size_t needed = (size_t)limiter->borrowed_ + limiter->waiting_ + 1;
	size_t capacity = limiter->capacity_ ? limiter->capacity_ * 2 : 4;
	struct async_borrower_ *borrowers;

	if (needed <= limiter->capacity_)
		return 0;
	borrowers = realloc(limiter->borrowers_, capacity * sizeof *borrowers);
	if (!borrowers)
		return async_fail(-ENOMEM, "await_limiter: no memory for %zu borrowers", capacity);
	limiter->borrowers_ = borrowers;
	limiter->capacity_ = capacity;
	return 0;
}

static int limiter_wait(async_limiter *limiter, struct async_task *self)
{
	int error =
		loop_bind(&limiter->loop_, list_empty(&limiter->waiters_), self, "await_limiter");

	if (error)
		return error;
	limiter->waiting_++;
	return (int)wait_in(&limiter->waiters_, &limiter_kind, limiter);
}

int await_limiter(async_limiter *limiter)
{
	struct async_task *self = task_self("await_limiter");
	int error = self->cancel_error;

	if (unlikely(error))
		return error;
	if (unlikely(find(limiter, self) < limiter->borrowed_))
		return async_fail(-EDEADLK,
				  "await_limiter: this task holds a permit of it already");
	error = reserve(limiter);
	if (unlikely(error))
		return error;
	if (limiter->borrowed_ < limiter->total_ && !limiter->waiting_) {
		lend(limiter, self);
		return 0;
	}
	return limiter_wait(limiter, self);
}

static void serve_waiters(async_limiter *limiter)
{
	while (limiter->waiting_ && limiter->borrowed_ < limiter->total_) {
		limiter->waiting_--;
		lend(limiter, wait_wake_first(&limiter->waiters_, 0)->task);
	}
}

int async_limiter_release(async_limiter *limiter)
{
	const struct async_task *self = async_current_task();
	unsigned i = self ? find(limiter, self) : limiter->borrowed_;

	if (unlikely(i == limiter->borrowed_))
		return async_fail(-EPERM, "async_limiter_release: this task holds no permit of it");
	if (limiter->waiting_ && unlikely(!loop_is_mine(limiter->loop_)))
		return refuse_waker("async_limiter_release");
	limiter->borrowers_[i] = limiter->borrowers_[--limiter->borrowed_];
	serve_waiters(limiter);
	free_if_idle(limiter);
	return 0;
}

void async_limiter_resize(async_limiter *limiter, unsigned total)
{
	if (limiter->waiting_ && unlikely(!loop_is_mine(limiter->loop_)))
		die_of_waker("async_limiter_resize");
	limiter->total_ = total;
	serve_waiters(limiter);
}

unsigned async_limiter_total(const async_limiter *limiter)
{
	return limiter->total_;
}

unsigned async_limiter_borrowed(const async_limiter *limiter)
{
	return limiter->borrowed_;
}

unsigned async_limiter_waiting(const async_limiter *limiter)
{
	return limiter->waiting_;
}
