/* SPDX-License-Identifier: MIT */
/* Futures: one value or one failure, once. */
#include <errno.h>
#include <stdlib.h>
#include "core/group.h"
#include "core/handle.h"
#include "core/report.h"

enum { FUTURE_PENDING, FUTURE_FINISHED, FUTURE_CANCELLED };

static void tell(async_future *future)
{
	struct async_call_ *calls = future->callbacks_;

	future->callbacks_ = NULL;
	if (calls)
		loop_callbacks_soon(future->loop_, calls);
}

static int finish(async_future *future, int state, void *value, int error)
{
	if (future->state_ != FUTURE_PENDING)
		return async_fail(-EALREADY, "a future can be finished only once");
	if (future->loop_)
		loop_check_mine(future->loop_, "async_future_set");
	future->state_ = (unsigned char)state;
	future->value_ = value;
	future->error_ = error;
	wait_wake_all(&future->waiters_, 0);
	tell(future);
	return 0;
}

int async_future_set(async_future *future, void *value)
{
	return finish(future, FUTURE_FINISHED, value, 0);
}

int async_future_fail(async_future *future, int error)
{
	if (error >= 0)
		return async_fail(-EINVAL, "async_future_fail takes a negative errno, not %d",
				  error);
	return finish(future, FUTURE_FINISHED, NULL, error);
}

bool async_future_cancel(async_future *future)
{
	if (future->state_ != FUTURE_PENDING)
		return false;
	finish(future, FUTURE_CANCELLED, NULL, -ECANCELED);
	return true;
}

bool async_future_done(const async_future *future)
{
	return future->state_ != FUTURE_PENDING;
}

int async_future_result(async_future *future, void **value)
{
	if (future->state_ == FUTURE_PENDING)
		return -EINPROGRESS;
	future->seen_ = true;
	if (value && !future->error_)
		*value = future->value_;
	return future->error_;
}

int await_future(async_future *future, void **value)
{
	static const struct wait_kind kind = { "await_future", wait_cancel, NULL };
	struct async_task *self = task_self("await_future");
	int64_t error;

	if (self->cancel_error)
		return self->cancel_error;
	if (future->state_ == FUTURE_PENDING) {
		if (future->loop_ && future->loop_ != self->loop)
			return async_fail(-EXDEV,
					  "await_future: the future belongs to another loop");
		future->loop_ = self->loop;
		error = wait_in(&future->waiters_, &kind, future);
		if (error)
			return (int)error;
	}
	return async_future_result(future, value);
}

int async_future_on_done(async_future *future, async_callback *callback, void *arg)
{
	struct async_loop *loop = loop_of_thread();

	if (!loop)
		return -ENOMEM;
	if (future->loop_ && future->loop_ != loop)
		return async_fail(-EXDEV,
				  "async_future_on_done: the future belongs to another loop");
	if (calls_add(&future->callbacks_, callback, arg))
		return async_fail(-ENOMEM, "async_future_on_done");
	future->loop_ = loop;
	if (future->state_ != FUTURE_PENDING)
		tell(future);
	return 0;
}

int async_future_remove_on_done(async_future *future, async_callback *callback, void *arg)
{
	struct async_call_ **link = &future->callbacks_;
	int removed = 0;

	while (*link) {
		struct async_call_ *call = *link;

		if (call->callback != callback || call->arg != arg) {
			link = &call->next;
			continue;
		}
		*link = call->next;
		free(call);
		removed++;
	}
	return removed;
}

void async_future_drop(async_future *future)
{
	wait_wake_all(&future->waiters_, -ECANCELED);
	if (future->error_ && future->state_ == FUTURE_FINISHED && !future->seen_)
		async_report_error(future->error_, "a future failed and nobody looked at it");
	calls_free(future->callbacks_);
	*future = (async_future)ASYNC_FUTURE;
}
