/* SPDX-License-Identifier: MIT */
/* Rates: what is there at once, what comes in time, whose turn it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include "harness.h"
#include "sync/trace.h"

static async_rate rate = ASYNC_RATE(100, 5);

static int take_one(void *name)
{
	note_result(name, await_rate(&rate, 1));
	return 0;
}

static int take_five(void *name)
{
	note_result(name, await_rate(&rate, 5));
	return 0;
}

TEST_TASK(a_burst_does_not_suspend, "X09")
{
	bool others_ran = false;
	AWAIT_GROUP(group);

	async_spawn(&group, set_flag, &others_ran);
	CHECK(async_rate_available(&rate) == 5);
	for (int i = 0; i < 5; i++)
		CHECK_INT(await_rate(&rate, 1), 0);
	CHECK(!others_ran);
	CHECK_INT(async_rate_try(&rate, 1), -EAGAIN);
	CHECK_INT(async_rate_try(&rate, 0), 0);
}

TEST_TASK(what_follows_a_burst_comes_in_time, "X09 X13")
{
	double began = async_now();

	for (int i = 0; i < 15; i++)
		CHECK_INT(await_rate(&rate, 1), 0);
	CHECK(async_now() - began >= 0.0999); /* the ten beyond the burst */
	await_sleep(0.02);
	CHECK(async_rate_available(&rate) >= 1.9 && async_rate_available(&rate) <= 5);
	await_sleep(0.1);
	CHECK(async_rate_available(&rate) == 5); /* no more is saved */
}

TEST_TASK_WITH(time_is_exact_on_a_virtual_clock, "X09 X13", .backends = BACKEND_SIM)
{
	double began = async_now();

	for (int i = 0; i < 10; i++)
		CHECK_INT(await_rate(&rate, 2.5), 0);
	CHECK(fabs(async_now() - began - 0.2) < 1e-4);
}

TEST_TASK(first_come_first_served, "X09")
{
	AWAIT_GROUP(group);

	CHECK_INT(await_rate(&rate, 5), 0);
	start_each(&group, take_five, "A");
	start_each(&group, take_one, "BC"); /* which would not have to wait so long */
	settle();
	CHECK_INT(async_rate_try(&rate, 0.001), -EAGAIN);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C");
}

TEST_TASK(a_cancel_takes_nothing, "X09 B14")
{
	AWAIT_GROUP(group);

	CHECK_INT(await_rate(&rate, 5), 0);
	async_timeout (0.002)
		note_result(ASYNC_INT('A'), await_rate(&rate, 5));
	CHECK_STR(trace, "A:ETIMEDOUT");
	CHECK(async_rate_available(&rate) > 0);
	start_each(&group, take_one, "B");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:ETIMEDOUT B");
	async_timeout (0)
		CHECK_INT(await_rate(&rate, 1), -ETIMEDOUT);
}

TEST_TASK(rates_that_are_none, "X09")
{
	async_rate none = ASYNC_RATE(0, 1), backwards = ASYNC_RATE(1, -1), nan = ASYNC_RATE(NAN, 1);
	async_rate endless = ASYNC_RATE(INFINITY, 10);

	CHECK_INT(await_rate(&none, 1), -EINVAL);
	CHECK_INT(await_rate(&backwards, 1), -EINVAL);
	CHECK_INT(async_rate_try(&nan, 1), -EINVAL);
	CHECK_INT(await_rate(&rate, 6), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "at most 5 at once (`burst`)");
	CHECK_INT(await_rate(&rate, -1), -EINVAL);
	CHECK_INT(await_rate(&rate, NAN), -EINVAL);
	for (int i = 0; i < 1000; i++)
		CHECK_INT(await_rate(&endless, 10), 0);
	CHECK(async_rate_available(&endless) == 10);
}

TEST_WITH(a_plain_thread_waits_for_its_share, "X09", .in_thread = 1, .backends = ONCE)
{
	async_rate slow = ASYNC_RATE(50, 1);
	double began = async_now();

	for (int i = 0; i < 3; i++)
		CHECK_INT(await_rate(&slow, 1), 0);
	CHECK(async_now() - began >= 0.0399);
}
