/* SPDX-License-Identifier: MIT */
/*
 * The hub: what the loop does between tasks. A turn is four phases on one screen (turn(), below).
 * Looking at the kernel costs a system call, so while tasks keep each other busy it happens once in
 * POLL_INTERVAL_NS: the number of switches between two visits of the hub adapts to how long the
 * tasks' steps take.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "core/group.h"
#include "core/handle.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/watchdog.h"

enum {
	POLL_INTERVAL_NS = 20000, /* a fifth of a small request's round trip: nobody notices */
	BUDGET_MAX = 256,
};

uint64_t loop_clock(struct async_loop *loop)
{
	struct timespec now;

	if (loop->backend->virtual_clock)
		return loop->now_ns;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

double async_now(void)
{
	struct async_loop *loop = loop_current;
	struct timespec now;

	if (loop)
		return seconds_of(loop_clock(loop));
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool anything_ready(const struct async_loop *loop)
{
	return loop->ready_first || loop->soon.first || loop->calls ||
	       __atomic_load_n(&loop->foreign, __ATOMIC_RELAXED);
}

/* Somebody is ready: look at the kernel only if the last look is long ago. */
static bool poll_is_due(struct async_loop *loop)
{
	uint64_t now_ns, visit_ns;

	if (loop->backend->virtual_clock)
		return true;
	now_ns = loop_clock(loop);
	visit_ns = now_ns - loop->now_ns;
	loop->now_ns = now_ns;
	if (visit_ns > POLL_INTERVAL_NS / 2)
		loop->budget_full = loop->budget_full / 2 + 1;
	else if (loop->budget_full < BUDGET_MAX)
		loop->budget_full *= 2;
	return now_ns - loop->turn_ns >= POLL_INTERVAL_NS;
}

/* Whether somebody outside the loop's tasks can still make one of them ready. */
static bool anything_pending(const struct async_loop *loop)
{
	if (timers_pending(&loop->timers) || loop->outside)
		return true;
	return loop->operations && (!loop->backend->can_wake || loop->backend->can_wake(loop));
}

/* The time of a poll that does all that a waiting one does, and does not wait. */
enum { LONG_PAST_NS = 1 };

static void poll_phase(struct async_loop *loop)
{
	uint64_t deadline_ns = 0;

	if (anything_ready(loop)) {
		if (!poll_is_due(loop))
			return;
	} else if (unlikely(loop->guest)) {
		deadline_ns = LONG_PAST_NS;
		watchdog_idle(loop);
	} else {
		if (unlikely(!anything_pending(loop)) && !loop->deadlock_told) {
			report_deadlock(loop);
			if (anything_ready(loop))
				return;
		}
		deadline_ns = timers_next(&loop->timers);
		watchdog_idle(loop);
	}
	loop->backend->poll(loop, deadline_ns);
	if (!loop->backend->virtual_clock)
		loop->now_ns = loop_clock(loop);
	loop->turn_ns = loop->now_ns;
	/* The watchdog's own signal ends a poll too: it must not be armed anew for nothing. */
	if (anything_ready(loop) || timers_next(&loop->timers) <= loop->now_ns)
		watchdog_busy(loop);
	else if (unlikely(loop->guest))
		wait_trigger(loop->root.wait, 0); /* the host's turn: see thread/guest.c */
}

static void timer_phase(struct async_loop *loop)
{
	struct async_timer_ *timer;

	while ((timer = timers_pop_due(&loop->timers, loop->now_ns)))
		timer->fire(loop, timer);
}

static void callback_phase(struct async_loop *loop)
{
	handles_run(loop);
	callbacks_run(loop);
}

void loop_sweep(struct async_loop *loop)
{
	while (unlikely(loop->dead)) {
		struct async_task *task = loop->dead;

		loop->dead = task->next_ready;
		task_free(task);
	}
}

/* What ended tasks left behind, now that nobody stands on it. */
static void sweep_phase(struct async_loop *loop)
{
	loop_sweep(loop);
	stack_pool_trim(&loop->stacks);
}

static void turn(struct async_loop *loop)
{
	poll_phase(loop);
	timer_phase(loop);
	callback_phase(loop);
	if (likely(!loop->backend->step))
		task_run_ready(loop);
	else
		loop->backend->step(loop);
	sweep_phase(loop);
}

void loop_hub(void *arg)
{
	struct async_loop *loop = arg;

#ifdef FIBER_SANITIZED
	fiber_enter(&loop->hub.fiber, loop->previous ? &loop->previous->fiber : NULL);
#endif
	loop->running = NULL;
	for (;;)
		turn(loop);
}

void loop_check_mine(const struct async_loop *loop, const char *caller)
{
	if (unlikely(!loop_is_mine(loop)))
		die("%s: this belongs to another thread's loop; go there with async_call_threadsafe",
		    caller);
}

async_loop *async_current_loop(void)
{
	if (loop_current)
		loop_current->outside = true;
	return loop_current;
}

const char *async_backend_name(void)
{
	struct async_loop *loop = loop_of_thread();

	return loop ? loop->backend->name : "";
}
