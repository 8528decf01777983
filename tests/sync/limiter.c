/* SPDX-License-Identifier: MIT */
/* Limiters: permits that belong to tasks, and a size that changes. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include "fault.h"
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

static async_limiter limiter = ASYNC_LIMITER(2);
static async_event go = ASYNC_EVENT;

/* Borrows until `go`. */
static int borrow(void *name)
{
	int result = await_limiter(&limiter);

	note_result(name, result);
	if (result)
		return 0;
	await_event(&go);
	CHECK_INT(async_limiter_release(&limiter), 0);
	return 0;
}

static int borrow_for_a_turn(void *name)
{
	note_result(name, await_limiter(&limiter));
	note_result(name, await_sleep(0));
	return async_limiter_release(&limiter);
}

static void check_counts(unsigned total, unsigned borrowed, unsigned waiting)
{
	CHECK_INT((int)async_limiter_total(&limiter), (int)total);
	CHECK_INT((int)async_limiter_borrowed(&limiter), (int)borrowed);
	CHECK_INT((int)async_limiter_waiting(&limiter), (int)waiting);
}

TEST_TASK(limiter_lends_in_order, "X04")
{
	AWAIT_GROUP(group);

	check_counts(2, 0, 0);
	start_each(&group, borrow_for_a_turn, "ABCD");
	await_sleep(0);
	check_counts(2, 2, 2);
	CHECK_STR(trace, "A B");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B A B C D C D");
	check_counts(2, 0, 0);
}

TEST_TASK(double_borrow_is_refused, "X04")
{
	CHECK_INT(await_limiter(&limiter), 0);
	CHECK_INT(await_limiter(&limiter), -EDEADLK);
	CHECK_TEXT_HAS(async_error(), "await_limiter: this task holds a permit of it already");
	check_counts(2, 1, 0);
	CHECK_INT(async_limiter_release(&limiter), 0);
	CHECK_INT(async_limiter_release(&limiter), -EPERM);
	CHECK_TEXT_HAS(async_error(), "async_limiter_release: this task holds no permit of it");
	check_counts(2, 0, 0);
}

static int release(void *arg)
{
	(void)arg;
	return async_limiter_release(&limiter);
}

TEST_TASK(permits_belong_to_their_task, "X04")
{
	CHECK_INT(await_limiter(&limiter), 0);
	CHECK_INT(await_task(async_create_task(release, NULL)), -EPERM);
	check_counts(2, 1, 0);
	CHECK_INT(async_limiter_release(&limiter), 0);
}

static int borrow_for_ever(void *arg)
{
	(void)arg;
	return await_limiter(&limiter);
}

/* A task that ends with a permit takes it along; one that gets its memory does not inherit it. */
TEST_TASK_WITH(permit_does_not_pass_to_another_task, "X04", .may_leak = 1)
{
	CHECK_INT(await_task(async_create_task(borrow_for_ever, NULL)), 0);
	CHECK_INT(await_task(async_create_task(release, NULL)), -EPERM);
	CHECK_INT(await_task(async_create_task(borrow_for_ever, NULL)), 0);
	check_counts(2, 2, 0);
}

TEST_TASK(limiter_grows, "X04")
{
	AWAIT_GROUP(group);

	start_each(&group, borrow, "ABCDEFGHIJ");
	settle();
	check_counts(2, 2, 8);
	async_limiter_resize(&limiter, 5);
	check_counts(5, 5, 5);
	settle();
	CHECK_STR(trace, "A B C D E");
	async_limiter_resize(&limiter, 100);
	check_counts(100, 10, 0);
	async_event_set(&go);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C D E F G H I J");
	check_counts(100, 0, 0);
}

TEST_TASK(limiter_shrinks_as_permits_come_back, "X04")
{
	AWAIT_GROUP(group);

	async_limiter_resize(&limiter, 3);
	start_each(&group, borrow, "AB");
	settle();
	CHECK_INT(await_limiter(&limiter), 0);
	async_limiter_resize(&limiter, 1);
	check_counts(1, 3, 0);
	start_each(&group, borrow, "C");
	settle();
	async_limiter_release(&limiter);
	settle();
	check_counts(1, 2, 1);
	async_event_set(&go);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C");
	check_counts(1, 0, 0);
}

TEST_TASK(limiter_of_none_makes_everyone_wait, "X04")
{
	AWAIT_GROUP(group);

	async_limiter_resize(&limiter, 0);
	start_each(&group, borrow, "AB");
	settle();
	CHECK_STR(trace, "");
	check_counts(0, 0, 2);
	async_event_set(&go);
	async_limiter_resize(&limiter, 1);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B");
}

TEST_TASK(cancelled_borrower_takes_nothing, "X04 D08")
{
	async_task *a, *b;

	async_limiter_resize(&limiter, 1);
	CHECK_INT(await_limiter(&limiter), 0);
	a = async_create_task(borrow, ASYNC_INT('A'));
	b = async_create_task(borrow, ASYNC_INT('B'));
	settle();
	check_counts(1, 1, 2);
	async_task_cancel(a);
	check_counts(1, 1, 1);
	CHECK_INT(async_limiter_release(&limiter), 0);
	check_counts(1, 1, 0);
	async_event_set(&go);
	CHECK_INT(await_task(a), 0);
	CHECK_INT(await_task(b), 0);
	CHECK_STR(trace, "A:ECANCELED B");
	check_counts(1, 0, 0);
}

TEST_TASK(borrower_cancelled_after_hand_over, "X04 D08")
{
	async_task *a, *b;

	async_limiter_resize(&limiter, 1);
	CHECK_INT(await_limiter(&limiter), 0);
	a = async_create_task(borrow_for_a_turn, ASYNC_INT('A'));
	b = async_create_task(borrow_for_a_turn, ASYNC_INT('B'));
	settle();
	async_limiter_release(&limiter);
	async_task_cancel(a);
	CHECK_INT(await_task(a), 0);
	CHECK_INT(await_task(b), 0);
	CHECK_STR(trace, "A A:ECANCELED B B");
	check_counts(1, 0, 0);
}

TEST_TASK(limiter_times_out, "X04")
{
	async_limiter_resize(&limiter, 0);
	async_timeout (0.01)
		CHECK_INT(await_limiter(&limiter), -ETIMEDOUT);
	check_counts(0, 0, 0);
	async_limiter_resize(&limiter, 1);
	async_timeout (0)
		CHECK_INT(await_limiter(&limiter), -ETIMEDOUT);
	check_counts(1, 0, 0);
}

TEST_TASK(limiter_without_memory, "X04")
{
	if (!fault_inject("realloc", 1, ENOMEM))
		SKIP("no fault injection in this build");
	CHECK_INT(await_limiter(&limiter), -ENOMEM);
	check_counts(2, 0, 0);
	fault_clear();
	CHECK_INT(await_limiter(&limiter), 0);
	CHECK_INT(async_limiter_release(&limiter), 0);
}

TEST(limiter_release_without_a_task, "X04")
{
	CHECK_INT(async_limiter_release(&limiter), -EPERM);
}

static int borrow_elsewhere(void *arg)
{
	(void)arg;
	CHECK_INT(await_limiter(&limiter), -EXDEV);
	return 0;
}

TEST_TASK(limiter_refuses_a_second_loop, "X04")
{
	AWAIT_GROUP(group);

	start_each(&group, borrow, "ABC");
	settle();
	CHECK_INT(on_other_thread(borrow_elsewhere, NULL), 0);
	check_counts(2, 2, 1);
	async_event_set(&go);
	CHECK_INT(await_group(&group), 0);
	check_counts(2, 0, 0);
}

static int resize_elsewhere(void *arg)
{
	(void)arg;
	async_limiter_resize(&limiter, 7);
	return 0;
}

TEST_TASK_WITH(limiter_resize_on_the_wrong_thread_aborts, "X04", .expect_signal = SIGABRT,
	       .expect_stderr = "async_limiter_resize: tasks of another thread's loop wait on it")
{
	AWAIT_GROUP(group);

	start_each(&group, borrow, "ABC");
	settle();
	on_other_thread(resize_elsewhere, NULL);
}
