/* SPDX-License-Identifier: MIT */
/* Callbacks on the loop: soon, later, from another thread. A handle is the caller's memory, in one
 * state at a time. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include "core/group.h"
#include "core/handle.h"
#include "core/report.h"

enum {
	HANDLE_IDLE,
	HANDLE_SOON,	    /* in loop->soon */
	HANDLE_TIMED,	    /* in loop->timers */
	HANDLE_FOREIGN,	    /* in loop->foreign; state_ is shared with other threads */
	HANDLE_FOREIGN_OFF, /* there too, but cancelled */
};

static int schedule_check(struct async_handle *handle, const char *caller)
{
	if (__atomic_load_n(&handle->state_, __ATOMIC_ACQUIRE) != HANDLE_IDLE)
		return async_fail(-EBUSY, "%s: the handle is scheduled already", caller);
	handle->loop_ = loop_of_thread();
	return handle->loop_ ? 0 : -ENOMEM;
}

int async_call_soon(async_handle *handle, async_callback *callback, void *arg)
{
	int error = schedule_check(handle, "async_call_soon");

	if (error)
		return error;
	handle->callback_ = callback;
	handle->arg_ = arg;
	handle->state_ = HANDLE_SOON;
	list_append(&handle->loop_->soon, &handle->link_);
	return 0;
}

static void handle_due(struct async_loop *loop, struct async_timer_ *timer)
{
	struct async_handle *handle = container_of(timer, struct async_handle, timer_);

	(void)loop;
	handle->state_ = HANDLE_IDLE;
	handle->callback_(handle->arg_);
}

static int call_at(struct async_handle *handle, uint64_t deadline_ns, async_callback *callback,
		   void *arg)
{
	handle->callback_ = callback;
	handle->arg_ = arg;
	handle->timer_.fire = handle_due;
	handle->timer_.index = 0;
	if (deadline_ns != NS_NEVER &&
	    timer_set(&handle->loop_->timers, &handle->timer_, deadline_ns))
		return async_fail(-ENOMEM, "async_call_later: no memory for %u timers",
				  handle->loop_->timers.count);
	handle->state_ = HANDLE_TIMED;
	return 0;
}

int async_call_later(async_handle *handle, double seconds, async_callback *callback, void *arg)
{
	int error = schedule_check(handle, "async_call_later");

	if (error)
		return error;
	if (isnan(seconds))
		return async_fail(-EINVAL, "async_call_later: a duration that is not a number");
	return call_at(handle, deadline_after(loop_clock(handle->loop_), seconds), callback, arg);
}

int async_call_at(async_handle *handle, double when, async_callback *callback, void *arg)
{
	int error = schedule_check(handle, "async_call_at");

	if (error)
		return error;
	if (isnan(when))
		return async_fail(-EINVAL, "async_call_at: a time that is not a number");
	return call_at(handle, deadline_at(when), callback, arg);
}

double async_handle_when(const async_handle *handle)
{
	return handle->state_ == HANDLE_TIMED && handle->timer_.index ?
		       seconds_of(handle->timer_.deadline_ns) :
		       INFINITY;
}

bool async_handle_cancel(async_handle *handle)
{
	int foreign = HANDLE_FOREIGN;

	/* Another thread may be running it at this moment: whoever changes the state first has it. */
	if (__atomic_compare_exchange_n(&handle->state_, &foreign, HANDLE_FOREIGN_OFF, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		/* The loop still holds the handle's link: wait until it has let go, so that the
		 * caller may free it. */
		if (loop_current == handle->loop_)
			handles_take_foreign(handle->loop_);
		else
			while (__atomic_load_n(&handle->state_, __ATOMIC_ACQUIRE) ==
			       HANDLE_FOREIGN_OFF)
				sched_yield();
		return true;
	}
	if (foreign != HANDLE_SOON && foreign != HANDLE_TIMED)
		return false;
	loop_check_mine(handle->loop_, "async_handle_cancel");
	if (foreign == HANDLE_SOON)
		list_remove(&handle->loop_->soon, &handle->link_);
	else
		timer_cancel(&handle->loop_->timers, &handle->timer_);
	handle->state_ = HANDLE_IDLE;
	return true;
}

int async_call_threadsafe(async_loop *loop, async_handle *handle, async_callback *callback,
			  void *arg)
{
	struct async_handle *first = __atomic_load_n(&loop->foreign, __ATOMIC_RELAXED);
	int idle = HANDLE_IDLE;

	if (__atomic_load_n(&loop->closed, __ATOMIC_ACQUIRE))
		return -ESHUTDOWN;
	if (!__atomic_compare_exchange_n(&handle->state_, &idle, HANDLE_FOREIGN, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return -EBUSY;
	handle->loop_ = loop;
	handle->callback_ = callback;
	handle->arg_ = arg;
	do
		handle->link_.next = (struct async_link_ *)first;
	while (!__atomic_compare_exchange_n(&loop->foreign, &first, handle, true, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED));
	loop->backend->wake(loop);
	return 0;
}

/* Move what other threads sent into the loop's own queue, in the order it was sent. */
void handles_take_foreign(struct async_loop *loop)
{
	struct async_handle *newest = __atomic_exchange_n(&loop->foreign, NULL, __ATOMIC_ACQUIRE),
			    *oldest = NULL;

	while (newest) {
		struct async_handle *next = (struct async_handle *)newest->link_.next;

		newest->link_.next = (struct async_link_ *)oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest) {
		struct async_handle *next = (struct async_handle *)oldest->link_.next;
		int foreign = HANDLE_FOREIGN;

		list_append(&loop->soon, &oldest->link_);
		if (!__atomic_compare_exchange_n(&oldest->state_, &foreign, HANDLE_SOON, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			list_remove(&loop->soon, &oldest->link_);
			__atomic_store_n(&oldest->state_, HANDLE_IDLE, __ATOMIC_RELEASE);
		}
		oldest = next;
	}
}

/* Run what is queued now; what that queues waits for the next turn. */
void handles_run(struct async_loop *loop)
{
	size_t count = 0;

	if (unlikely(__atomic_load_n(&loop->foreign, __ATOMIC_RELAXED)))
		handles_take_foreign(loop);
	list_for_each (&loop->soon, link, following)
		count++;
	while (count-- && loop->soon.first) {
		struct async_handle *handle =
			container_of(list_pop(&loop->soon), struct async_handle, link_);
		async_callback *callback = handle->callback_;
		void *arg = handle->arg_;

		/* From here on it may be scheduled anew, by any thread. */
		__atomic_store_n(&handle->state_, HANDLE_IDLE, __ATOMIC_RELEASE);
		callback(arg);
	}
}

int calls_add(struct async_call_ **calls, async_callback *callback, void *arg)
{
	struct async_call_ *call = malloc(sizeof *call);

	if (!call)
		return -ENOMEM;
	*call = (struct async_call_){ NULL, callback, arg };
	while (*calls)
		calls = &(*calls)->next;
	*calls = call;
	return 0;
}

void calls_free(struct async_call_ *call)
{
	while (call) {
		struct async_call_ *next = call->next;

		free(call);
		call = next;
	}
}

/* Nothing is allocated here, so that telling cannot fail. */
void loop_callbacks_soon(struct async_loop *loop, struct async_call_ *calls)
{
	while (calls) {
		struct async_call_ *next = calls->next;

		calls->next = NULL;
		*loop->calls_last = calls;
		loop->calls_last = &calls->next;
		calls = next;
	}
}

void callbacks_run(struct async_loop *loop)
{
	struct async_call_ *call = loop->calls;

	loop->calls = NULL;
	loop->calls_last = &loop->calls;
	while (unlikely(call != NULL)) {
		struct async_call_ now = *call;

		free(call);
		now.callback(now.arg);
		call = now.next;
	}
}

void callbacks_drop(struct async_loop *loop)
{
	calls_free(loop->calls);
	loop->calls = NULL;
	loop->calls_last = &loop->calls;
}
