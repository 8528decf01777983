/* SPDX-License-Identifier: MIT */
/* Sleeping: a wait that a timer triggers. */
#include <errno.h>
#include <math.h>
#include "core/loop.h"
#include "core/report.h"

struct sleep {
	struct wait wait;
	struct async_timer_ timer;
};

static void sleep_over(struct async_loop *loop, struct async_timer_ *timer)
{
	(void)loop;
	wait_trigger(&container_of(timer, struct sleep, timer)->wait, 0);
}

static void sleep_cancel(struct wait *wait, int error)
{
	struct sleep *sleep = container_of(wait, struct sleep, wait);

	timer_cancel(&wait->task->loop->timers, &sleep->timer);
	wait_trigger(wait, error);
}

static void describe_sleep(const struct wait *wait, char *text, size_t size)
{
	const struct sleep *sleep = container_of(wait, struct sleep, wait);

	if (timer_is_set(&sleep->timer))
		snprintf(text, size, "%.3f s",
			 seconds_of(sleep->timer.deadline_ns - wait->since_ns));
	else
		snprintf(text, size, "for ever");
}

static int sleep_until(struct async_task *self, uint64_t deadline_ns)
{
	static const struct wait_kind kind = { "await_sleep", sleep_cancel, describe_sleep };
	static const struct wait_kind for_ever = { "await_sleep", sleep_cancel, describe_sleep };
	struct async_loop *loop = self->loop;
	struct sleep sleep;
	int result;

	sleep.wait.task = self;
	sleep.wait.kind = &kind;
	sleep.timer.fire = sleep_over;
	sleep.timer.index = 0;
	if (unlikely(deadline_ns == NS_NEVER)) {
		sleep.wait.kind = &for_ever;
		loop->operations++; /* ends by a cancel only; not a deadlock */
		result = (int)task_suspend(&sleep.wait);
		loop->operations--;
		return result;
	}
	if (unlikely(timer_set(&loop->timers, &sleep.timer, deadline_ns)))
		return async_fail(-ENOMEM, "await_sleep: no memory for %u timers",
				  loop->timers.count);
	return (int)task_suspend(&sleep.wait);
}

int await_sleep(double seconds)
{
	struct async_task *self = task_self("await_sleep");

	if (unlikely(self->cancel_error))
		return self->cancel_error;
	if (unlikely(isnan(seconds)))
		return async_fail(-EINVAL, "await_sleep: a duration that is not a number");
	if (seconds <= 0) {
		task_yield(self);
		return self->cancel_error;
	}
	return sleep_until(self, deadline_after(loop_clock(self->loop), seconds));
}

int await_sleep_until(double when)
{
	struct async_task *self = task_self("await_sleep_until");

	if (unlikely(self->cancel_error))
		return self->cancel_error;
	if (unlikely(isnan(when)))
		return async_fail(-EINVAL, "await_sleep_until: a time that is not a number");
	return sleep_until(self, deadline_at(when));
}
