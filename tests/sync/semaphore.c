/* SPDX-License-Identifier: MIT */
/* Semaphores: strict order, permits that are never lost, bounds. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

static async_semaphore semaphore = ASYNC_SEMAPHORE(2);
static async_semaphore bounded = ASYNC_BOUNDED_SEMAPHORE(2);

/* Takes a permit and keeps it. */
static int take(void *name)
{
	int result = await_semaphore(&semaphore);

	note_result(name, result);
	return result;
}

static int take_and_sleep(void *name)
{
	take(name);
	note_result(name, await_sleep(0));
	return async_semaphore_release(&semaphore);
}

TEST_TASK(semaphore_counts, "D05")
{
	AWAIT_GROUP(group);

	start_each(&group, take, "A");
	CHECK(!async_semaphore_locked(&semaphore));
	CHECK_INT(await_semaphore(&semaphore), 0);
	CHECK_INT(await_semaphore(&semaphore), 0);
	/* Neither suspended. */
	CHECK_STR(trace, "");
	CHECK(async_semaphore_locked(&semaphore));
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
	settle();
	CHECK_STR(trace, "");
	CHECK_INT(async_semaphore_release(&semaphore), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A");
	CHECK_INT(async_semaphore_release(&semaphore), 0);
	CHECK_INT(async_semaphore_try(&semaphore), 0);
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
}

TEST_TASK(several_releases_wake_several, "D05")
{
	async_semaphore none = ASYNC_SEMAPHORE(0);
	AWAIT_GROUP(group);

	semaphore = none;
	start_each(&group, take, "ABCDE");
	settle();
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_semaphore_release(&semaphore), 0);
	settle();
	CHECK_STR(trace, "A B C");
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_semaphore_release(&semaphore), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C D E");
	/* One is left. */
	CHECK_INT(async_semaphore_try(&semaphore), 0);
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
}

TEST_TASK(newcomer_queues_behind_a_woken_waiter, "D05")
{
	AWAIT_GROUP(group);

	CHECK_INT(await_semaphore(&semaphore), 0);
	CHECK_INT(await_semaphore(&semaphore), 0);
	start_each(&group, take_and_sleep, "AB");
	settle();
	CHECK_INT(async_semaphore_release(&semaphore), 0);
	CHECK(async_semaphore_locked(&semaphore));
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
	CHECK_INT(await_semaphore(&semaphore), 0);
	CHECK_STR(trace, "A A B B");
}

/* Cancelled after it was given its permit: it has it, gives it back, and the next is served. */
TEST_TASK(semaphore_cancel_after_hand_over, "D05 D08")
{
	async_task *a, *b;

	CHECK_INT(await_semaphore(&semaphore), 0);
	CHECK_INT(await_semaphore(&semaphore), 0);
	a = async_create_task(take_and_sleep, ASYNC_INT('A'));
	b = async_create_task(take_and_sleep, ASYNC_INT('B'));
	settle();
	async_semaphore_release(&semaphore);
	async_task_cancel(a);
	CHECK_INT(await_task(a), 0);
	CHECK_INT(await_task(b), 0);
	CHECK_STR(trace, "A A:ECANCELED B B");
	CHECK_INT(async_semaphore_try(&semaphore), 0);
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
}

TEST_TASK(semaphore_cancel_before_hand_over, "D05 D08")
{
	async_task *a, *b;

	CHECK_INT(await_semaphore(&semaphore), 0);
	CHECK_INT(await_semaphore(&semaphore), 0);
	a = async_create_task(take, ASYNC_INT('A'));
	b = async_create_task(take, ASYNC_INT('B'));
	settle();
	async_task_cancel(a);
	async_semaphore_release(&semaphore);
	CHECK_INT(await_task(b), 0);
	CHECK_INT(await_task(a), -ECANCELED);
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
}

TEST_TASK(semaphore_times_out, "D05")
{
	CHECK_INT(await_semaphore(&semaphore), 0);
	async_timeout (0) {
		CHECK_INT(await_semaphore(&semaphore), -ETIMEDOUT);
	}
	CHECK_INT(await_semaphore(&semaphore), 0);
	async_timeout (0.01) {
		CHECK_INT(await_semaphore(&semaphore), -ETIMEDOUT);
	}
	async_semaphore_release(&semaphore);
	CHECK_INT(await_semaphore(&semaphore), 0);
}

TEST_TASK(negative_start_is_refused, "D05")
{
	async_semaphore negative = ASYNC_SEMAPHORE(-1);

	CHECK_INT(await_semaphore(&negative), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "a semaphore cannot start at -1");
	CHECK_INT(async_semaphore_try(&negative), -EINVAL);
	CHECK_INT(async_semaphore_release(&negative), -EINVAL);
	CHECK(async_semaphore_locked(&negative));
}

TEST(bounded_semaphore_refuses_release_above_start, "D06")
{
	async_semaphore empty = ASYNC_BOUNDED_SEMAPHORE(0);

	CHECK_INT(async_semaphore_release(&bounded), -EOVERFLOW);
	CHECK_TEXT_HAS(async_error(), "all 2 permits are back already");
	CHECK_INT(async_semaphore_try(&bounded), 0);
	CHECK_INT(async_semaphore_release(&bounded), 0);
	CHECK_INT(async_semaphore_release(&bounded), -EOVERFLOW);
	CHECK_INT(async_semaphore_release(&empty), -EOVERFLOW);
}

TEST(plain_semaphore_grows_to_int_max, "D05")
{
	async_semaphore full = ASYNC_SEMAPHORE(INT_MAX);

	CHECK_INT(async_semaphore_release(&semaphore), 0);
	CHECK_INT(async_semaphore_release(&full), -EOVERFLOW);
}

static int take_bounded(void *name)
{
	int result = await_semaphore(&bounded);

	note_result(name, result);
	return result;
}

TEST_TASK(bounded_semaphore_hands_over, "D06")
{
	AWAIT_GROUP(group);

	start_each(&group, take_bounded, "ABC");
	settle();
	CHECK_STR(trace, "A B");
	CHECK_INT(async_semaphore_release(&bounded), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_INT(async_semaphore_release(&bounded), 0);
	CHECK_INT(async_semaphore_release(&bounded), 0);
	CHECK_INT(async_semaphore_release(&bounded), -EOVERFLOW);
}

static int use_elsewhere(void *arg)
{
	(void)arg;
	CHECK_INT(await_semaphore(&semaphore), -EXDEV);
	CHECK_INT(async_semaphore_release(&semaphore), -EXDEV);
	return 0;
}

TEST_TASK(semaphore_refuses_a_second_loop, "D05")
{
	AWAIT_GROUP(group);

	start_each(&group, take, "ABC");
	settle();
	CHECK_INT(on_other_loop(use_elsewhere, NULL), 0);
	CHECK_INT(on_other_thread(use_elsewhere, NULL), 0);
	async_semaphore_release(&semaphore);
	CHECK_INT(await_group(&group), 0);
}

static int run_once(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	start_each(&group, take_and_sleep, "ABC");
	return 0;
}

TEST(static_semaphore_serves_one_loop_after_another, "D05")
{
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(on_other_thread(run_once, NULL), 0);
	CHECK_INT(async_semaphore_try(&semaphore), 0);
	CHECK_INT(async_semaphore_try(&semaphore), 0);
	CHECK_INT(async_semaphore_try(&semaphore), -EAGAIN);
}

TEST_WITH(semaphore_on_a_plain_thread, "D05", .in_thread = 1)
{
	async_task *tasks[3];

	for (int i = 0; i < 3; i++)
		tasks[i] = async_create_task(take_and_sleep, ASYNC_INT('A' + i));
	CHECK_INT(await_gather(tasks, 3, NULL, 0), 0);
	CHECK_INT(await_semaphore(&semaphore), 0);
	CHECK_STR(trace, "A B A B C C");
}
