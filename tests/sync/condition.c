/* SPDX-License-Identifier: MIT */
/* Conditions: the lock is held on every return, and no notification is lost. */
#define _GNU_SOURCE
#include <errno.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

static async_lock lock = ASYNC_LOCK;
static async_condition condition = ASYNC_CONDITION(&lock);
static int items;

static int wait_once(void *name)
{
	int result;

	CHECK_INT(await_lock(&lock), 0);
	result = await_condition(&condition);
	CHECK(async_locked(&lock));
	note_result(name, result);
	async_unlock(&lock);
	return result;
}

static int wait_quietly(void *name)
{
	wait_once(name);
	return 0;
}

TEST_TASK(notify_wakes_in_order, "D03")
{
	AWAIT_GROUP(group);

	start_each(&group, wait_quietly, "ABCD");
	settle();
	CHECK(!async_locked(&lock));
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_condition_notify(&condition, 1), 0);
	settle();
	/* The notifier still holds the lock. */
	CHECK_STR(trace, "");
	async_unlock(&lock);
	settle();
	CHECK_STR(trace, "A");
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_condition_notify(&condition, 2), 0);
	async_unlock(&lock);
	settle();
	CHECK_STR(trace, "A B C");
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_condition_notify(&condition, 100), 0);
	CHECK_INT(async_condition_notify(&condition, 1), 0);
	async_unlock(&lock);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C D");
}

TEST_TASK(notify_all_wakes_all, "D03")
{
	AWAIT_GROUP(group);

	start_each(&group, wait_quietly, "ABCD");
	settle();
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_condition_notify_all(&condition), 0);
	async_unlock(&lock);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C D");
	CHECK(!async_locked(&lock));
}

static int is_there(void *arg)
{
	return *(int *)arg;
}

TEST_TASK(condition_without_its_lock_is_refused, "D03 D04")
{
	CHECK_INT(await_condition(&condition), -EPERM);
	CHECK_TEXT_HAS(async_error(), "await_condition: the condition's lock is free");
	CHECK_INT(async_condition_notify(&condition, 1), -EPERM);
	CHECK_TEXT_HAS(async_error(), "async_condition_notify: ");
	CHECK_INT(async_condition_notify_all(&condition), -EPERM);
	CHECK_TEXT_HAS(async_error(), "async_condition_notify_all: ");
	CHECK_INT(await_condition_for(&condition, is_there, &items), -EPERM);
	CHECK_TEXT_HAS(async_error(), "await_condition_for: ");
}

TEST_TASK(cancelled_waiter_takes_the_lock_again, "D03")
{
	async_task *task = async_create_task(wait_once, ASYNC_INT('A'));

	settle();
	CHECK_INT(await_lock(&lock), 0);
	async_task_cancel(task);
	settle();
	/* It waits for the lock, though it is cancelled. */
	CHECK(!async_task_done(task));
	CHECK_STR(trace, "");
	async_unlock(&lock);
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_STR(trace, "A:ECANCELED");
	CHECK(!async_locked(&lock));
}

TEST_TASK(condition_wait_times_out_with_the_lock, "D03 D04")
{
	CHECK_INT(await_lock(&lock), 0);
	async_timeout (0.01)
		CHECK_INT(await_condition(&condition), -ETIMEDOUT);
	CHECK(async_locked(&lock));
	async_timeout (0.01)
		CHECK_INT(await_condition_for(&condition, is_there, &items), -ETIMEDOUT);
	CHECK(async_locked(&lock));
	items = 3;
	async_timeout (0) {
		CHECK_INT(await_condition(&condition), -ETIMEDOUT);
		CHECK_INT(await_condition_for(&condition, is_there, &items), -ETIMEDOUT);
	}
	CHECK(async_locked(&lock));
	async_unlock(&lock);
}

/* Cancelled first: the notification goes to the next. */
TEST_TASK(cancel_before_notify, "D03 D08")
{
	async_task *a = async_create_task(wait_once, ASYNC_INT('A'));
	async_task *b = async_create_task(wait_once, ASYNC_INT('B'));

	settle();
	CHECK_INT(await_lock(&lock), 0);
	async_task_cancel(a);
	async_condition_notify(&condition, 1);
	async_unlock(&lock);
	CHECK_INT(await_task(a), -ECANCELED);
	CHECK_INT(await_task(b), 0);
}

/* Notified first, then cancelled, while it still waits for the lock: it passes the notification on.
 * */
TEST_TASK(cancel_after_notify, "D03 D08")
{
	async_task *a = async_create_task(wait_once, ASYNC_INT('A'));
	async_task *b = async_create_task(wait_once, ASYNC_INT('B'));
	async_task *c = async_create_task(wait_once, ASYNC_INT('C'));

	settle();
	CHECK_INT(await_lock(&lock), 0);
	async_condition_notify(&condition, 1);
	async_task_cancel(a);
	async_unlock(&lock);
	settle();
	CHECK_STR(trace, "A:ECANCELED B");
	CHECK_INT(await_task(a), -ECANCELED);
	CHECK_INT(await_task(b), 0);
	CHECK(!async_task_done(c));
	async_task_cancel(c);
	CHECK_INT(await_task(c), -ECANCELED);
}

/* Notified, given the lock, and cancelled before its turn. */
TEST_TASK(cancel_after_notify_and_unlock, "D03 D08")
{
	async_task *a = async_create_task(wait_once, ASYNC_INT('A'));
	async_task *b = async_create_task(wait_once, ASYNC_INT('B'));

	settle();
	CHECK_INT(await_lock(&lock), 0);
	async_condition_notify(&condition, 1);
	async_unlock(&lock);
	async_task_cancel(a);
	CHECK_INT(await_task(a), -ECANCELED);
	CHECK_INT(await_task(b), 0);
	CHECK(!async_locked(&lock));
}

static int consume(void *name)
{
	int result;

	CHECK_INT(await_lock(&lock), 0);
	result = await_condition_for(&condition, is_there, &items);
	CHECK(async_locked(&lock));
	note("%c%d", async_int(name), result);
	if (result > 0)
		items--;
	async_unlock(&lock);
	return 0;
}

static void produce(int count)
{
	CHECK_INT(await_lock(&lock), 0);
	items += count;
	async_condition_notify(&condition, (size_t)count);
	async_unlock(&lock);
}

TEST_TASK(predicate_is_checked_after_each_wake, "D04")
{
	AWAIT_GROUP(group);

	start_each(&group, consume, "AB");
	settle();
	CHECK_INT(await_lock(&lock), 0);
	/* Spurious: nothing is there. */
	async_condition_notify_all(&condition);
	async_unlock(&lock);
	settle();
	CHECK_STR(trace, "");
	produce(2);
	CHECK_INT(await_group(&group), 0);
	/* The value of the predicate. */
	CHECK_STR(trace, "A2 B1");
	CHECK_INT(items, 0);
}

TEST_TASK(true_predicate_does_not_wait, "D04")
{
	AWAIT_GROUP(group);

	items = 7;
	CHECK_INT(await_lock(&lock), 0);
	start_each(&group, consume, "A");
	CHECK_INT(await_condition_for(&condition, is_there, &items), 7);
	CHECK_STR(trace, "");
	items = -3;
	/* Only 0 means no. */
	CHECK_INT(await_condition_for(&condition, is_there, &items), -3);
	async_unlock(&lock);
}

TEST_TASK(two_conditions_share_a_lock, "D03")
{
	async_condition second = ASYNC_CONDITION(&lock);
	AWAIT_GROUP(group);

	start_each(&group, wait_quietly, "A");
	settle();
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_condition_notify_all(&second), 0);
	async_unlock(&lock);
	settle();
	CHECK_STR(trace, "");
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_condition_notify_all(&condition), 0);
	async_unlock(&lock);
	settle();
	CHECK_STR(trace, "A");
}

static int use_elsewhere(void *arg)
{
	(void)arg;
	CHECK_INT(await_condition(&condition), -EXDEV);
	CHECK_INT(async_condition_notify(&condition, 1), -EXDEV);
	CHECK_INT(async_condition_notify_all(&condition), -EXDEV);
	CHECK_TEXT_HAS(async_error(), "another thread's loop");
	return 0;
}

TEST_TASK(condition_refuses_a_second_loop, "D03")
{
	AWAIT_GROUP(group);

	start_each(&group, wait_quietly, "A");
	settle();
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(on_other_loop(use_elsewhere, NULL), 0);
	CHECK_INT(on_other_thread(use_elsewhere, NULL), 0);
	async_condition_notify(&condition, 1);
	async_unlock(&lock);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A");
}

static int run_once(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	start_each(&group, consume, "A");
	settle();
	produce(1);
	return 0;
}

TEST(static_condition_serves_one_loop_after_another, "D03")
{
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(on_other_loop(run_once, NULL), 0);
	CHECK_INT(on_other_thread(run_once, NULL), 0);
	CHECK_STR(trace, "A1 A1 A1");
}

static int produce_one(void *arg)
{
	(void)arg;
	produce(1);
	return 0;
}

TEST_WITH(condition_on_a_plain_thread, "D03 D04", .in_thread = 1)
{
	async_task *task = async_create_task(produce_one, NULL);

	await_holding (&condition)
		CHECK_INT(await_condition_for(&condition, is_there, &items), 1);
	CHECK_INT(await_task(task), 0);
	CHECK(!async_locked(&lock));
}
