/* SPDX-License-Identifier: MIT */
/* Events: setting one releases whoever waits at that moment. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

static async_event event = ASYNC_EVENT;

static int wait_once(void *name)
{
	note_result(name, await_event(&event));
	return 0;
}

TEST_TASK(set_event_does_not_suspend, "D02")
{
	AWAIT_GROUP(group);

	async_event_set(&event);
	CHECK(async_event_is_set(&event));
	start_each(&group, wait_once, "A");
	CHECK_INT(await_event(&event), 0);
	CHECK_STR(trace, "");
}

TEST_TASK(set_releases_all_even_if_cleared_right_after, "D02")
{
	AWAIT_GROUP(group);

	start_each(&group, wait_once, "ABC");
	settle();
	CHECK_STR(trace, "");
	async_event_set(&event);
	async_event_clear(&event);
	CHECK(!async_event_is_set(&event));
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C");
}

TEST_TASK(event_waits_again_after_clear, "D02")
{
	AWAIT_GROUP(group);

	async_event_set(&event);
	async_event_set(&event);
	start_each(&group, wait_once, "A");
	settle();
	async_event_clear(&event);
	async_event_clear(&event);
	start_each(&group, wait_once, "B");
	settle();
	CHECK_STR(trace, "A");
	async_event_set(&event);
	settle();
	CHECK_STR(trace, "A B");
}

TEST_TASK(event_wait_times_out, "D02")
{
	async_timeout (0.01)
		CHECK_INT(await_event(&event), -ETIMEDOUT);
	CHECK(async_timed_out());
	async_event_set(&event);
	async_timeout (0)
		CHECK_INT(await_event(&event), -ETIMEDOUT);
	CHECK_INT(await_event(&event), 0);
}

static int wait_and_sleep(void *name)
{
	note_result(name, await_event(&event));
	note_result(name, await_sleep(0));
	return 0;
}

TEST_TASK(event_set_and_cancel_in_one_turn, "D02 D08")
{
	async_task *first = async_create_task(wait_and_sleep, ASYNC_INT('A'));
	async_task *second = async_create_task(wait_and_sleep, ASYNC_INT('B'));

	settle();
	async_task_cancel(first);
	async_event_set(&event);
	async_task_cancel(second);
	await_task(first);
	await_task(second);
	CHECK_STR(trace, "A:ECANCELED A:ECANCELED B B:ECANCELED");
}

static int set_soon(void *arg)
{
	(void)arg;
	async_event_set(&event);
	return 0;
}

static int run_once(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	async_event_clear(&event);
	async_spawn(&group, set_soon, NULL);
	return await_event(&event);
}

TEST(static_event_serves_one_loop_after_another, "D02")
{
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(on_other_loop(run_once, NULL), 0);
	CHECK_INT(on_other_thread(run_once, NULL), 0);
}

static void set_in_callback(void *arg)
{
	(void)arg;
	async_event_set(&event);
}

TEST_TASK(event_set_from_a_loop_callback, "D02")
{
	async_handle handle = { 0 };

	CHECK_INT(async_call_soon(&handle, set_in_callback, NULL), 0);
	CHECK_INT(await_event(&event), 0);
}

static int wait_elsewhere(void *arg)
{
	(void)arg;
	return await_event(&event);
}

TEST_TASK(event_refuses_a_second_loop, "D02")
{
	AWAIT_GROUP(group);

	start_each(&group, wait_once, "A");
	settle();
	CHECK_INT(on_other_thread(wait_elsewhere, NULL), -EXDEV);
	async_event_set(&event);
	CHECK_INT(on_other_thread(wait_elsewhere, NULL), 0);
}

static int set_elsewhere(void *arg)
{
	(void)arg;
	async_event_set(&event);
	return 0;
}

TEST_TASK_WITH(event_set_on_the_wrong_thread_aborts, "D02", .expect_signal = SIGABRT,
	       .expect_stderr = "async_event_set: tasks of another thread's loop wait on it")
{
	AWAIT_GROUP(group);

	start_each(&group, wait_once, "A");
	settle();
	on_other_thread(set_elsewhere, NULL);
}

TEST_WITH(event_on_a_plain_thread, "D02", .in_thread = 1)
{
	async_task *task = async_create_task(set_soon, NULL);

	CHECK_INT(await_event(&event), 0);
	CHECK_INT(await_task(task), 0);
}
