/* SPDX-License-Identifier: MIT */
/* Locks: first come, first served; not owned; handed over whatever cancels there are. */
#define _GNU_SOURCE
#include <errno.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

static async_lock lock = ASYNC_LOCK;

static int lock_once(void *name)
{
	int result = await_lock(&lock);

	note_result(name, result);
	if (!result)
		async_unlock(&lock);
	return 0;
}

/* Takes the lock and keeps it. */
static int take(void *name)
{
	int result = await_lock(&lock);

	note_result(name, result);
	return result;
}

TEST_TASK(uncontended_lock_does_not_suspend, "D01")
{
	bool others_ran = false;
	AWAIT_GROUP(group);

	async_spawn(&group, set_flag, &others_ran);
	CHECK(!async_locked(&lock));
	CHECK_INT(await_lock(&lock), 0);
	CHECK(async_locked(&lock));
	CHECK_INT(async_unlock(&lock), 0);
	CHECK(!async_locked(&lock));
	CHECK(!others_ran);
}

TEST_TASK(lock_is_first_come_first_served, "D01")
{
	AWAIT_GROUP(group);

	CHECK_INT(await_lock(&lock), 0);
	start_each(&group, lock_once, "ABCDE");
	settle();
	CHECK_STR(trace, "");
	async_unlock(&lock);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C D E");
	CHECK(!async_locked(&lock));
}

TEST_TASK(newcomer_cannot_overtake_a_woken_waiter, "D01")
{
	AWAIT_GROUP(group);

	CHECK_INT(await_lock(&lock), 0);
	start_each(&group, lock_once, "A");
	settle();
	async_unlock(&lock);
	/* A was woken but did not run yet: the lock is its own already. */
	CHECK(async_locked(&lock));
	CHECK_INT(async_try_lock(&lock), -EAGAIN);
	CHECK_INT(await_lock(&lock), 0);
	CHECK_STR(trace, "A");
	async_unlock(&lock);
}

static int unlock(void *arg)
{
	(void)arg;
	return async_unlock(&lock);
}

TEST_TASK(lock_is_not_owned, "D01")
{
	async_task *task;

	CHECK_INT(await_lock(&lock), 0);
	task = async_create_task(unlock, NULL);
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(await_task(task), 0);
	CHECK_INT(async_unlock(&lock), 0);
}

TEST_TASK(unlock_of_a_free_lock_is_refused, "D01")
{
	CHECK_INT(async_unlock(&lock), -EPERM);
	CHECK_TEXT_HAS(async_error(), "async_unlock: the lock is free");
	CHECK_TEXT_HAS(async_error(), "EPERM");
	CHECK_INT(await_lock(&lock), 0);
	CHECK_INT(async_unlock(&lock), 0);
}

TEST(try_lock_needs_no_loop, "D01")
{
	CHECK_INT(async_try_lock(&lock), 0);
	CHECK_INT(async_try_lock(&lock), -EAGAIN);
	CHECK_INT(async_unlock(&lock), 0);
	CHECK_INT(async_try_lock(&lock), 0);
	CHECK_INT(async_unlock(&lock), 0);
}

TEST_TASK(cancelled_waiter_leaves_the_queue, "D01 D08")
{
	async_task *a, *b;

	CHECK_INT(await_lock(&lock), 0);
	a = async_create_task(take, ASYNC_INT('A'));
	b = async_create_task(take, ASYNC_INT('B'));
	settle();
	async_task_cancel(a);
	CHECK_INT(await_task(a), -ECANCELED);
	async_unlock(&lock);
	CHECK_INT(await_task(b), 0);
	CHECK_STR(trace, "A:ECANCELED B");
	async_unlock(&lock);
}

/* In the same turn: whichever came first decides, and the lock is not lost either way. */
TEST_TASK(cancel_before_hand_over, "D01 D08")
{
	async_task *a, *b;

	CHECK_INT(await_lock(&lock), 0);
	a = async_create_task(take, ASYNC_INT('A'));
	b = async_create_task(take, ASYNC_INT('B'));
	settle();
	async_task_cancel(a);
	async_unlock(&lock);
	CHECK_INT(await_task(b), 0);
	CHECK_INT(await_task(a), -ECANCELED);
	async_unlock(&lock);
	CHECK(!async_locked(&lock));
}

static int take_and_sleep(void *name)
{
	take(name);
	note_result(name, await_sleep(0));
	return async_unlock(&lock);
}

TEST_TASK(cancel_after_hand_over, "D01 D08")
{
	async_task *a, *b;

	CHECK_INT(await_lock(&lock), 0);
	a = async_create_task(take_and_sleep, ASYNC_INT('A'));
	b = async_create_task(take_and_sleep, ASYNC_INT('B'));
	settle();
	async_unlock(&lock);
	CHECK(async_task_cancel(a));
	CHECK_INT(await_task(a), 0);
	CHECK_INT(await_task(b), 0);
	/* A had the lock, and saw the cancel at its next await_; B followed. */
	CHECK_STR(trace, "A A:ECANCELED B B");
	CHECK(!async_locked(&lock));
}

TEST_TASK(lock_times_out, "D01")
{
	CHECK_INT(await_lock(&lock), 0);
	async_timeout (0.01) {
		CHECK_INT(await_lock(&lock), -ETIMEDOUT);
		CHECK_INT(await_lock(&lock), -ETIMEDOUT);
	}
	CHECK(async_timed_out());
	async_unlock(&lock);
	async_timeout (0) {
		/* Free, but every await_ is a cancellation point. */
		CHECK_INT(await_lock(&lock), -ETIMEDOUT);
		CHECK(!async_locked(&lock));
	}
	CHECK_INT(await_lock(&lock), 0);
	async_unlock(&lock);
}

TEST_TASK(lock_inside_a_shield, "D01")
{
	CHECK_INT(await_lock(&lock), 0);
	async_timeout (0) {
		async_shield (0.01) {
			CHECK_INT(await_lock(&lock), -ETIMEDOUT);
		}
		async_unlock(&lock);
		async_shield (1) {
			CHECK_INT(await_lock(&lock), 0);
		}
	}
	async_unlock(&lock);
}

static int contend(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	if (await_lock(&lock))
		return -EPROTO;
	start_each(&group, lock_once, "AB");
	settle();
	return async_unlock(&lock);
}

TEST(static_lock_serves_one_loop_after_another, "D01")
{
	CHECK_INT(async_run(contend, NULL), 0);
	CHECK_INT(async_run(contend, NULL), 0);
	CHECK_INT(on_other_loop(contend, NULL), 0);
	CHECK_STR(trace, "A B A B A B");
}

static int lock_elsewhere(void *arg)
{
	(void)arg;
	CHECK_INT(await_lock(&lock), -EXDEV);
	CHECK_TEXT_HAS(async_error(), "await_lock: tasks of another loop wait on it");
	CHECK_INT(async_unlock(&lock), -EXDEV);
	CHECK_TEXT_HAS(async_error(), "async_call_threadsafe");
	return 0;
}

TEST_TASK(lock_refuses_a_second_loop, "D01")
{
	AWAIT_GROUP(group);

	CHECK_INT(await_lock(&lock), 0);
	start_each(&group, lock_once, "A");
	settle();
	CHECK_INT(on_other_loop(lock_elsewhere, NULL), 0);
	CHECK_INT(on_other_thread(lock_elsewhere, NULL), 0);
	async_unlock(&lock);
	await_group(&group);
	CHECK_STR(trace, "A");
}

TEST_WITH(lock_on_a_plain_thread, "D01", .in_thread = 1)
{
	async_task *task;

	CHECK_INT(await_lock(&lock), 0);
	task = async_create_task(take_and_sleep, ASYNC_INT('A'));
	settle();
	CHECK_STR(trace, "");
	async_unlock(&lock);
	CHECK_INT(await_lock(&lock), 0);
	CHECK_STR(trace, "A A");
	CHECK_INT(async_unlock(&lock), 0);
	CHECK_INT(await_task(task), 0);
}

static int lock_twice(void *arg)
{
	(void)arg;
	await_lock(&lock);
	return await_lock(&lock);
}

TEST_WITH(deadlock_report_names_the_lock, "D01", .expect_stderr = "waits: await_lock on 0x")
{
	CHECK_INT(async_run(lock_twice, NULL), -EDEADLK);
}
