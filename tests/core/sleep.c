/* SPDX-License-Identifier: MIT */
/* Sleeping, and the loop's clock. */
#include <await.h>
#include <errno.h>
#include <math.h>
#include "harness.h"
#include "settle.h"

TEST_TASK(sleep_lasts_as_long_as_asked, "A11 A12")
{
	double began = async_now();

	CHECK_INT(await_sleep(0.02), 0);
	CHECK(async_now() - began >= 0.02);
	CHECK(async_now() - began < 2.0 * test_patience());
}

TEST_TASK(clock_is_monotonic, "A11")
{
	double last = async_now();

	for (int i = 0; i < 1000; i++) {
		double now = async_now();

		CHECK(now >= last);
		last = now;
	}
}

TEST_TASK(sleep_until_a_time, "A09 A12")
{
	double when = async_now() + 0.01;

	CHECK_INT(await_sleep_until(when), 0);
	CHECK(async_now() >= when);
	CHECK_INT(await_sleep_until(when - 5), 0);
}

static int turns;

static int take_turns(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		turns++;
		await_sleep(0);
	}
	return 0;
}

TEST_TASK(zero_yields_one_turn, "A12")
{
	async_task *task = async_create_task(take_turns, NULL);

	CHECK_INT(turns, 0);
	await_sleep(0);
	CHECK_INT(turns, 1);
	await_sleep(-3);
	CHECK_INT(turns, 2);
	await_task(task);
}

TEST_TASK(not_a_number_is_refused, "A12")
{
	CHECK_INT(await_sleep(NAN), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "not a number");
	CHECK_INT(await_sleep_until(NAN), -EINVAL);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return await_sleep(INFINITY);
}

TEST_TASK(sleeping_for_ever_ends_by_a_cancel, "A12 B08")
{
	async_task *task = async_create_task(sleep_for_ever, NULL);

	settle();
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
}

static int order[3], count;

static int note_after(void *arg)
{
	int error = await_sleep(async_int(arg) / 1000.0);

	order[count++] = async_int(arg);
	return error;
}

TEST_TASK(shorter_sleeps_end_first, "A09 A12")
{
	AWAIT_GROUP(group);

	async_spawn(&group, note_after, ASYNC_INT(30));
	async_spawn(&group, note_after, ASYNC_INT(1));
	async_spawn(&group, note_after, ASYNC_INT(15));
	CHECK_INT(await_group(&group), 0);
	CHECK_INT(order[0], 1);
	CHECK_INT(order[1], 15);
	CHECK_INT(order[2], 30);
}

TEST_WITH(sleep_without_a_loop, "A04 A12 Z22", .in_thread = 1)
{
	CHECK_INT(await_sleep(0.001), 0);
	CHECK_INT(await_sleep(0), 0);
	CHECK_INT(await_sleep_until(async_now() + 0.001), 0);
}
