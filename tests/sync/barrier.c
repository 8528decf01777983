/* SPDX-License-Identifier: MIT */
/* Barriers: distinct indices, rounds, reset and abort. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

static async_barrier barrier = ASYNC_BARRIER(3);

static int meet(void *name)
{
	int index = await_barrier(&barrier);

	if (index < 0)
		note_result(name, index);
	else
		note("%c%d", async_int(name), index);
	return 0;
}

TEST_TASK(barrier_gives_distinct_indices, "D07")
{
	AWAIT_GROUP(group);

	CHECK_INT((int)async_barrier_parties(&barrier), 3);
	start_each(&group, meet, "AB");
	settle();
	CHECK_STR(trace, "");
	CHECK_INT((int)async_barrier_waiting(&barrier), 2);
	CHECK_INT(await_barrier(&barrier), 2);
	CHECK_INT((int)async_barrier_waiting(&barrier), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A0 B1");
}

static int meet_twice(void *name)
{
	meet(name);
	return meet(name);
}

TEST_TASK(barrier_is_reusable, "D07")
{
	AWAIT_GROUP(group);

	start_each(&group, meet_twice, "ABC");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "C2 A0 B1 B2 C0 A1");
	CHECK_INT((int)async_barrier_waiting(&barrier), 0);
}

TEST_TASK(newcomers_wait_for_the_next_round, "D07")
{
	AWAIT_GROUP(group);

	start_each(&group, meet, "AB");
	settle();
	CHECK_INT(await_barrier(&barrier), 2);
	/* A and B are released but have not run: D begins another round. */
	start_each(&group, meet, "D");
	settle();
	CHECK_STR(trace, "A0 B1");
	CHECK_INT((int)async_barrier_waiting(&barrier), 1);
	start_each(&group, meet, "EF");
	settle();
	CHECK_STR(trace, "A0 B1 F2 D0 E1");
}

TEST_TASK(barrier_of_one_never_waits, "D07")
{
	async_barrier alone = ASYNC_BARRIER(1);

	CHECK_INT(await_barrier(&alone), 0);
	CHECK_INT(await_barrier(&alone), 0);
}

TEST_TASK(barrier_of_none_is_refused, "D07")
{
	async_barrier none = ASYNC_BARRIER(0), negative = ASYNC_BARRIER(-1);

	CHECK_INT(await_barrier(&none), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "a barrier for 0 tasks");
	CHECK_INT(await_barrier(&negative), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "a barrier for -1 tasks");
}

TEST_TASK(reset_sends_waiters_away, "D07")
{
	AWAIT_GROUP(group);

	start_each(&group, meet, "AB");
	settle();
	async_barrier_reset(&barrier);
	CHECK_INT((int)async_barrier_waiting(&barrier), 0);
	CHECK(!async_barrier_broken(&barrier));
	settle();
	CHECK_STR(trace, "A:EPIPE B:EPIPE");
	start_each(&group, meet, "CDE");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:EPIPE B:EPIPE E2 C0 D1");
}

TEST_TASK(abort_breaks_until_reset, "D07")
{
	AWAIT_GROUP(group);

	start_each(&group, meet, "A");
	settle();
	async_barrier_abort(&barrier);
	CHECK(async_barrier_broken(&barrier));
	CHECK_INT(await_barrier(&barrier), -EPIPE);
	CHECK_TEXT_HAS(async_error(), "await_barrier: the barrier is broken, or was reset");
	start_each(&group, meet, "B");
	settle();
	CHECK_STR(trace, "A:EPIPE B:EPIPE");
	async_barrier_reset(&barrier);
	CHECK(!async_barrier_broken(&barrier));
	start_each(&group, meet, "CDE");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:EPIPE B:EPIPE E2 C0 D1");
}

TEST_TASK(cancelled_waiter_leaves_the_count_right, "D07 D08")
{
	async_task *task = async_create_task(meet, ASYNC_INT('A'));
	AWAIT_GROUP(group);

	start_each(&group, meet, "B");
	settle();
	CHECK_INT((int)async_barrier_waiting(&barrier), 2);
	async_task_cancel(task);
	CHECK_INT((int)async_barrier_waiting(&barrier), 1);
	CHECK_INT(await_task(task), 0);
	CHECK(!async_barrier_broken(&barrier));
	start_each(&group, meet, "C");
	settle();
	CHECK_STR(trace, "A:ECANCELED");
	start_each(&group, meet, "D");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:ECANCELED D2 B0 C1");
}

TEST_TASK(cancel_after_the_barrier_opened, "D07 D08")
{
	async_task *task = async_create_task(meet, ASYNC_INT('A'));
	AWAIT_GROUP(group);

	start_each(&group, meet, "B");
	settle();
	CHECK_INT(await_barrier(&barrier), 2);
	async_task_cancel(task);
	CHECK_INT(await_task(task), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A0 B1");
	CHECK_INT((int)async_barrier_waiting(&barrier), 0);
}

TEST_TASK(barrier_times_out, "D07")
{
	async_timeout (0.01)
		CHECK_INT(await_barrier(&barrier), -ETIMEDOUT);
	CHECK_INT((int)async_barrier_waiting(&barrier), 0);
	async_timeout (0)
		CHECK_INT(await_barrier(&barrier), -ETIMEDOUT);
	CHECK_INT((int)async_barrier_waiting(&barrier), 0);
}

static int meet_elsewhere(void *arg)
{
	(void)arg;
	return await_barrier(&barrier);
}

TEST_TASK(barrier_refuses_a_second_loop, "D07")
{
	AWAIT_GROUP(group);

	start_each(&group, meet, "AB");
	settle();
	CHECK_INT(on_other_thread(meet_elsewhere, NULL), -EXDEV);
	CHECK_INT(await_barrier(&barrier), 2);
}

static int reset_elsewhere(void *arg)
{
	(void)arg;
	async_barrier_reset(&barrier);
	return 0;
}

TEST_TASK_WITH(barrier_reset_on_the_wrong_thread_aborts, "D07", .expect_signal = SIGABRT,
	       .expect_stderr = "async_barrier_reset: tasks of another thread's loop wait on it")
{
	AWAIT_GROUP(group);

	start_each(&group, meet, "A");
	settle();
	on_other_thread(reset_elsewhere, NULL);
}

static int run_once(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	start_each(&group, meet, "ABC");
	return 0;
}

TEST(static_barrier_serves_one_loop_after_another, "D07")
{
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(on_other_loop(run_once, NULL), 0);
	CHECK_STR(trace, "C2 A0 B1 C2 A0 B1");
}
