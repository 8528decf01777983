/* SPDX-License-Identifier: MIT */
/* Futures. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include "harness.h"
#include "settle.h"

static async_future future = ASYNC_FUTURE;
static int value = 5;

static int set_later(void *arg)
{
	(void)arg;
	await_sleep(0.001);
	return async_future_set(&future, &value);
}

static int wait_once(void *arg)
{
	void *got = NULL;
	int error = await_future(&future, &got);

	(void)arg;
	return error ? error : *(int *)got;
}

TEST_TASK(any_number_of_waiters, "C01 C02")
{
	async_task *tasks[3] = {
		async_create_task(wait_once, NULL),
		async_create_task(wait_once, NULL),
		async_create_task(set_later, NULL),
	};
	int results[3];

	CHECK(!async_future_done(&future));
	CHECK_INT(async_future_result(&future, NULL), -EINPROGRESS);
	CHECK_INT(await_gather(tasks, 3, results, 0), 0);
	CHECK_INT(results[0], 5);
	CHECK_INT(results[1], 5);
	CHECK(async_future_done(&future));
	CHECK_INT(async_future_set(&future, NULL), -EALREADY);
	CHECK_INT(async_future_fail(&future, -EIO), -EALREADY);
	CHECK_TEXT_HAS(async_error(), "only once");
	CHECK(!async_future_cancel(&future));
	async_future_drop(&future);
	CHECK(!async_future_done(&future));
}

TEST_TASK(failure_reaches_the_waiter, "C01 C02")
{
	CHECK_INT(async_future_fail(&future, 5), -EINVAL);
	CHECK_INT(async_future_fail(&future, -EIO), 0);
	CHECK_INT(await_future(&future, NULL), -EIO);
	async_future_drop(&future);
}

TEST_TASK(cancelled_future_wakes_its_waiters, "C04")
{
	async_task *task = async_create_task(wait_once, NULL);

	await_sleep(0);
	CHECK(async_future_cancel(&future));
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(async_future_result(&future, NULL), -ECANCELED);
	async_future_drop(&future);
}

TEST_TASK(cancelled_waiter_leaves_the_future_alone, "C01")
{
	async_task *task = async_create_task(wait_once, NULL);

	await_sleep(0);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(async_future_set(&future, &value), 0);
	CHECK_INT(wait_once(NULL), 5);
	async_future_drop(&future);
}

static int calls[4], call_count;

static void called(void *arg)
{
	calls[call_count++] = async_int(arg);
}

TEST_TASK(callbacks_run_through_the_queue_in_order, "C03")
{
	CHECK_INT(async_future_on_done(&future, called, ASYNC_INT(1)), 0);
	CHECK_INT(async_future_on_done(&future, called, ASYNC_INT(2)), 0);
	CHECK_INT(async_future_on_done(&future, called, ASYNC_INT(3)), 0);
	CHECK_INT(async_future_remove_on_done(&future, called, ASYNC_INT(2)), 1);
	CHECK_INT(async_future_remove_on_done(&future, called, ASYNC_INT(9)), 0);
	CHECK_INT(async_future_set(&future, NULL), 0);
	CHECK_INT(call_count, 0);
	settle();
	CHECK_INT(call_count, 2);
	CHECK_INT(calls[0], 1);
	CHECK_INT(calls[1], 3);
	CHECK_INT(async_future_on_done(&future, called, ASYNC_INT(4)), 0);
	CHECK_INT(call_count, 2);
	settle();
	CHECK_INT(call_count, 3);
	async_future_drop(&future);
}

static char reported[256];

static void keep_report(const async_report *report, void *arg)
{
	(void)arg;
	snprintf(reported, sizeof reported, "%s", report->text);
}

static int drop_unseen(void *arg)
{
	async_future_fail(&future, -EIO);
	if (arg)
		async_future_result(&future, NULL);
	async_future_on_done(&future, called, NULL);
	async_future_drop(&future);
	return 0;
}

TEST(failure_nobody_looked_at_is_reported, "C05")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, drop_unseen, &value), 0);
	CHECK_STR(reported, "");
	CHECK_INT(async_run_with(&options, drop_unseen, NULL), 0);
	CHECK_TEXT_HAS(reported, "nobody looked at it");
	CHECK_TEXT_HAS(reported, "EIO");
}

static int await_it(void *arg)
{
	(void)arg;
	return await_future(&future, NULL);
}

static int two_loops(void *arg)
{
	async_task *task = async_create_task(await_it, NULL);
	async_loop *other = async_loop_new(NULL);

	(void)arg;
	await_sleep(0);
	CHECK_INT(async_loop_run(other, await_it, NULL), -EBUSY);
	async_loop_free(other);
	async_future_set(&future, NULL);
	return await_task(task);
}

TEST(future_serves_one_loop, "B25 C01 A24")
{
	CHECK_INT(async_run(two_loops, NULL), 0);
	async_future_drop(&future);
}

TEST_WITH(future_without_a_loop, "A04 C01", .in_thread = 1)
{
	async_task *task = async_create_task(set_later, NULL);

	CHECK_INT(wait_once(NULL), 5);
	CHECK_INT(await_task(task), 0);
	async_future_drop(&future);
}
