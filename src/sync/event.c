/* SPDX-License-Identifier: MIT */
/* Events. Setting one triggers those who wait at that moment, so clearing it right after takes
 * nothing back. */
#include "sync/waiting.h"

static const struct wait_kind event_kind = {
	.name = "await_event",
	.cancel = wait_cancel,
	.describe = describe_address,
};

int await_event(async_event *event)
{
	struct async_task *self = task_self("await_event");
	int error;

	if (unlikely(self->cancel_error))
		return self->cancel_error;
	if (event->set_)
		return 0;
	error = loop_bind(&event->loop_, list_empty(&event->waiters_), self, "await_event");
	return error ? error : (int)wait_in(&event->waiters_, &event_kind, event);
}

void async_event_set(async_event *event)
{
	if (!list_empty(&event->waiters_) && unlikely(!loop_is_mine(event->loop_)))
		die_of_waker("async_event_set");
	event->set_ = true;
	wait_wake_all(&event->waiters_, 0);
}

void async_event_clear(async_event *event)
{
	event->set_ = false;
}

bool async_event_is_set(const async_event *event)
{
	return event->set_;
}
