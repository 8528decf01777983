/* SPDX-License-Identifier: MIT */
/* Waiting for tasks: one, all, any, in order of completion, with a limit. */
#include <await.h>
#include <errno.h>
#include <math.h>
#include "harness.h"
#include "settle.h"

static int after(void *arg)
{
	int ms = async_int(arg), error = await_sleep(ms / 1000.0);

	return error ? error : ms;
}

static int fail_after(void *arg)
{
	int error = await_sleep(async_int(arg) / 1000.0);

	return error ? error : -EIO;
}

static int stubborn(void *arg)
{
	await_sleep(60);
	async_shield (1)
		await_sleep(0.01);
	return async_int(arg);
}

TEST_TASK(wait_for_without_a_limit, "B13 Z28")
{
	CHECK_INT(await_wait_for(async_create_task(after, ASYNC_INT(3)), INFINITY), 3);
}

TEST_TASK(wait_for_times_out_after_the_target_ended, "B13")
{
	double began = async_now();

	CHECK_INT(await_wait_for(async_create_task(after, ASYNC_INT(60000)), 0.01), -ETIMEDOUT);
	CHECK(async_now() - began < 10);
	CHECK_INT(await_sleep(0), 0);
}

TEST_TASK(value_of_a_target_that_does_not_die_wins, "B13")
{
	CHECK_INT(await_wait_for(async_create_task(stubborn, ASYNC_INT(9)), 0.01), 9);
}

TEST_TASK(wait_for_zero, "B13")
{
	async_task *task = async_create_task(after, ASYNC_INT(0));

	settle();
	CHECK(async_task_done(task));
	CHECK_INT(await_wait_for(task, 0), 0);
	CHECK_INT(await_wait_for(async_create_task(after, ASYNC_INT(60000)), 0), -ETIMEDOUT);
	CHECK_INT(await_wait_for(async_create_task(after, ASYNC_INT(60000)), -3), -ETIMEDOUT);
	task = async_create_task(after, ASYNC_INT(1));
	CHECK_INT(await_wait_for(task, NAN), -EINVAL);
	CHECK_INT(await_task(task), 1);
}

static int outer_wait(void *arg)
{
	return await_wait_for(arg, 100);
}

TEST_TASK(outer_cancel_of_wait_for_cancels_the_target, "B13")
{
	async_task *target = async_create_task(after, ASYNC_INT(60000)),
		   *waiter = async_create_task(outer_wait, target);

	await_sleep(0);
	async_task_cancel(waiter);
	CHECK_INT(await_task(waiter), -ECANCELED);
}

static int result_and_deadline(void *arg)
{
	return await_sleep_until(*(double *)arg) ? -ETIMEDOUT : 77;
}

TEST_TASK(result_and_deadline_in_one_turn_lose_nothing, "B13")
{
	for (int i = 0; i < 50; i++) {
		double when = async_now() + 0.001;
		int result = await_wait_for(async_create_task(result_and_deadline, &when), 0.001);

		CHECK(result == 77 || result == -ETIMEDOUT);
	}
}

static int join(void *arg)
{
	return await_task(arg);
}

TEST_TASK(several_tasks_wait_for_one, "B07")
{
	async_task *target = async_create_task(after, ASYNC_INT(5)), *waiters[3];
	int results[3];

	for (int i = 0; i < 3; i++)
		waiters[i] = async_create_task(join, target);
	CHECK_INT(await_gather(waiters, 3, results, 0), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(results[i], 5);
}

TEST_TASK(gather_keeps_the_order_of_arguments, "B11")
{
	async_task *tasks[4] = {
		async_create_task(after, ASYNC_INT(9)),
		async_create_task(after, ASYNC_INT(1)),
		async_create_task(after, ASYNC_INT(5)),
	};
	int results[4];

	tasks[3] = tasks[1];
	CHECK_INT(await_gather(tasks, 4, results, 0), 0);
	CHECK_INT(results[0], 9);
	CHECK_INT(results[1], 1);
	CHECK_INT(results[2], 5);
	CHECK_INT(results[3], 1);
	CHECK_INT(await_gather(tasks, 0, results, 0), 0);
}

TEST_TASK(gather_cancels_the_rest_on_failure, "B11")
{
	async_task *tasks[3] = {
		async_create_task(after, ASYNC_INT(60000)),
		async_create_task(fail_after, ASYNC_INT(2)),
		async_create_task(after, ASYNC_INT(0)),
	};
	int results[3];

	CHECK_INT(await_gather(tasks, 3, results, 0), -EIO);
	CHECK_INT(results[0], -ECANCELED);
	CHECK_INT(results[1], -EIO);
	CHECK_INT(results[2], 0);
}

TEST_TASK(gather_keeps_going_when_asked, "B11")
{
	async_task *tasks[2] = { async_create_task(after, ASYNC_INT(6)),
				 async_create_task(fail_after, ASYNC_INT(1)) };
	int results[2];

	CHECK_INT(await_gather(tasks, 2, results, ASYNC_KEEP_GOING), 0);
	CHECK_INT(results[0], 6);
	CHECK_INT(results[1], -EIO);
}

static int gather_for_long(void *arg)
{
	async_task *tasks[2] = { async_create_task(after, ASYNC_INT(60000)),
				 async_create_task(after, ASYNC_INT(60000)) };
	int *results = arg;

	return await_gather(tasks, 2, results, ASYNC_KEEP_GOING);
}

TEST_TASK(cancelled_gather_cancels_all, "B11")
{
	int results[2] = { 0, 0 };
	async_task *task = async_create_task(gather_for_long, results);

	settle();
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(results[0], -ECANCELED);
	CHECK_INT(results[1], -ECANCELED);
}

static void end_all(async_task *tasks[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		async_task_cancel(tasks[i]);
	await_gather(tasks, n, NULL, ASYNC_KEEP_GOING);
}

TEST_TASK(wait_for_the_first, "B12")
{
	async_task *tasks[2] = { async_create_task(after, ASYNC_INT(60000)),
				 async_create_task(after, ASYNC_INT(2)) };

	CHECK_INT(await_wait(tasks, 2, ASYNC_FIRST_COMPLETED), 1);
	CHECK(async_task_done(tasks[1]));
	CHECK(!async_task_done(tasks[0]));
	end_all(tasks, 2);
}

TEST_TASK(wait_for_the_first_failure_or_all, "B12")
{
	async_task *tasks[3] = {
		async_create_task(after, ASYNC_INT(1)),
		async_create_task(fail_after, ASYNC_INT(4)),
		async_create_task(after, ASYNC_INT(60000)),
	};

	CHECK_INT(await_wait(tasks, 3, ASYNC_FIRST_FAILED), 2);
	async_task_cancel(tasks[2]);
	CHECK_INT(await_wait(tasks, 3, ASYNC_ALL_COMPLETED), 3);
	CHECK_INT(await_wait(&tasks[2], 1, ASYNC_FIRST_FAILED), 1);
	end_all(tasks, 3);
}

TEST_TASK(wait_cancels_nothing_on_timeout, "B12")
{
	async_task *tasks[1] = { async_create_task(after, ASYNC_INT(20)) };
	ssize_t n = 0;

	async_timeout (0.001)
		n = await_wait(tasks, 1, ASYNC_ALL_COMPLETED);
	CHECK_INT(n, -ETIMEDOUT);
	CHECK_INT(await_task(tasks[0]), 20);
	CHECK_INT(await_wait(tasks, 0, ASYNC_ALL_COMPLETED), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "empty set");
}

TEST_TASK(tasks_in_order_of_completion, "B16")
{
	async_task *tasks[3] = {
		async_create_task(after, ASYNC_INT(20)),
		async_create_task(after, ASYNC_INT(1)),
		async_create_task(after, ASYNC_INT(10)),
	}, *task;
	int expected[3] = { 1, 10, 20 }, i = 0;
	size_t n = 3;

	while ((task = await_next_completed(tasks, &n)))
		CHECK_INT(await_task(task), expected[i++]);
	CHECK_INT(i, 3);
	CHECK_INT((int)n, 0);
}

TEST_TASK(order_of_completion_with_a_limit, "B16")
{
	async_task *tasks[2] = { async_create_task(after, ASYNC_INT(60000)),
				 async_create_task(after, ASYNC_INT(1)) };
	async_task *first = NULL, *second = tasks[0];
	size_t n = 2;

	async_timeout (0.25) {
		first = await_next_completed(tasks, &n);
		second = await_next_completed(tasks, &n);
	}
	CHECK_INT(await_task(first), 1);
	CHECK(!second);
	CHECK(async_timed_out());
	CHECK_INT((int)n, 1);
	end_all(tasks, n);
}

TEST_TASK(null_handles_are_refused, "B25")
{
	async_task *tasks[1] = { NULL };

	CHECK_INT(await_task(NULL), -EINVAL);
	CHECK_INT(await_gather(tasks, 1, NULL, 0), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "task 0 of 1 is NULL");
	async_task_detach(NULL);
}

TEST_WITH(await_task_without_a_loop, "A04 B13", .in_thread = 1)
{
	CHECK_INT(await_wait_for(async_create_task(after, ASYNC_INT(3)), 5), 3);
	CHECK_INT(await_wait_for(async_create_task(after, ASYNC_INT(60000)), 0.01), -ETIMEDOUT);
}
