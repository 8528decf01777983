/* SPDX-License-Identifier: MIT */
/*
 * The stall watchdog: always on. When the loop leaves its poll and no timer is armed, a one-shot
 * timer is armed that will signal this very thread; its handler sees whether the same step is still
 * running and prints its stack while it is stuck. A loop that idles has at most one such timer run
 * out, and then makes no system call any more. No second thread is needed, and nothing is read from
 * a clock on the way.
 */
#ifndef CORE_WATCHDOG_H
#define CORE_WATCHDOG_H

#include "core/loop.h"

struct watchdog {
	struct async_loop *loop;
	int timer; /* the kernel's number */
	long slow_ns;
	volatile bool armed, idle;
	volatile uint64_t steps_seen; /* at the last look; the same step twice is a stall */
	volatile bool told;	      /* this step has been reported */
};

int watchdog_start(struct async_loop *loop);
void watchdog_stop(struct async_loop *loop);
void watchdog_arm(struct watchdog *watchdog);

static inline void watchdog_idle(struct async_loop *loop)
{
	if (likely(loop->watchdog != NULL))
		loop->watchdog->idle = true;
}

static inline void watchdog_busy(struct async_loop *loop)
{
	struct watchdog *watchdog = loop->watchdog;

	if (unlikely(!watchdog))
		return;
	watchdog->idle = false;
	if (unlikely(!watchdog->armed))
		watchdog_arm(watchdog);
}

#endif
