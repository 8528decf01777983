/* SPDX-License-Identifier: MIT */
/* The heap of timers, by itself: order, moves, cancels, growing and shrinking, against a plain
 * model. */
#include <stdlib.h>
#include "core/timer.h"
#include "harness.h"

enum { TIMERS = 5000, STEPS = 200000 };

static uint64_t state = 88172645463325252;

static uint64_t random_number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t least_of(const struct async_timer_ *timers, int n)
{
	uint64_t least = NS_NEVER;

	for (int i = 0; i < n; i++)
		if (timer_is_set(&timers[i]) && timers[i].deadline_ns < least)
			least = timers[i].deadline_ns;
	return least;
}

TEST_WITH(heap_agrees_with_a_plain_model, "A09 A10", .backends = ONCE)
{
	enum { FEW = 60 };
	struct async_timer_ timers[FEW] = { 0 };
	struct timer_heap heap = { 0 };
	const char *seed = getenv("LIBAWAIT_SEED");

	state += seed ? strtoull(seed, NULL, 0) : 0;
	for (int i = 0; i < STEPS; i++) {
		struct async_timer_ *timer = &timers[random_number() % FEW];
		uint64_t least = least_of(timers, FEW);

		CHECK(least == NS_NEVER ? !timers_pop_due(&heap, NS_NEVER - 1) :
					  timers_next(&heap) <= least);
		switch (random_number() % 4) {
		case 0:
			timer_cancel(&heap, timer);
			CHECK(!timer_is_set(timer));
			break;
		case 1: {
			struct async_timer_ *due = timers_pop_due(&heap, 500);

			CHECK(due ? due->deadline_ns == least : least > 500);
			break;
		}
		default:
			CHECK_INT(timer_set(&heap, timer, random_number() % 1000), 0);
		}
	}
	timers_term(&heap);
}

TEST_WITH(many_timers_come_out_in_order, "A09", .backends = ONCE)
{
	struct async_timer_ *timers = calloc(TIMERS, sizeof *timers), *timer;
	struct timer_heap heap = { 0 };
	uint64_t last = 0;
	int n = 0;

	for (int i = 0; i < TIMERS; i++)
		CHECK_INT(timer_set(&heap, &timers[i], random_number()), 0);
	for (int i = 0; i < TIMERS; i += 3)
		timer_cancel(&heap, &timers[i]);
	CHECK_INT(timers_pending(&heap), TIMERS - (TIMERS + 2) / 3);
	while ((timer = timers_pop_due(&heap, NS_NEVER - 1))) {
		CHECK(timer->deadline_ns >= last);
		last = timer->deadline_ns;
		n++;
	}
	CHECK_INT(n, TIMERS - (TIMERS + 2) / 3);
	CHECK(timers_next(&heap) == NS_NEVER);
	timers_term(&heap);
	free(timers);
}

TEST_WITH(durations_become_deadlines, "A09 A11", .backends = ONCE)
{
	CHECK_INT((long long)deadline_after(1000, 0), 1000);
	CHECK_INT((long long)deadline_after(1000, -5), 1000);
	CHECK_INT((long long)deadline_after(1000, 1e-9), 1001);
	CHECK_INT((long long)deadline_after(0, 2.5), 2500000000);
	CHECK(deadline_after(1000, __builtin_inf()) == NS_NEVER);
	CHECK(deadline_after(1000, 1e300) == NS_NEVER);
	CHECK(deadline_at(1.5) == 1500000000);
	CHECK(seconds_of(NS_NEVER) == __builtin_inf());
}
