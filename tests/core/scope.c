/* SPDX-License-Identifier: MIT */
/* Scopes: timeouts, cancels, shields, and what happens when they meet. */
#include <await.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include "harness.h"

TEST_TASK(timeout_ends_what_awaits_inside, "B14 X02")
{
	double began = async_now();
	int result = 0;

	async_timeout (0.02)
		result = await_sleep(10);
	CHECK_INT(result, -ETIMEDOUT);
	CHECK(async_timed_out());
	CHECK_TEXT_HAS(async_error(), "async_timeout tests/core/scope.c:");
	CHECK(async_now() - began >= 0.02 && async_now() - began < 5);
	CHECK_INT(await_sleep(0), 0);
}

TEST_TASK(timeout_that_does_not_fire, "B14")
{
	int result = -1;

	async_timeout (10)
		result = await_sleep(0.001);
	CHECK_INT(result, 0);
	CHECK(!async_timed_out());
}

TEST_TASK(past_deadline_fires_at_the_next_await, "B14")
{
	int before = 1, result = 0;

	async_timeout (-1) {
		before = 0;
		result = await_sleep(0);
	}
	CHECK_INT(before, 0);
	CHECK_INT(result, -ETIMEDOUT);
	async_timeout_at(async_now() - 1) result = await_sleep(0);
	CHECK_INT(result, -ETIMEDOUT);
}

TEST_TASK(no_limit, "B14")
{
	int result = -1;

	async_timeout (INFINITY) {
		CHECK(isinf(async_scope_deadline(async_current_scope())));
		result = await_sleep(0.001);
	}
	CHECK_INT(result, 0);
	CHECK(!async_current_scope());
}

TEST_TASK(level_stays_until_the_scope_is_left, "X02 B14")
{
	async_timeout (0.01) {
		CHECK_INT(await_sleep(1), -ETIMEDOUT);
		CHECK_INT(await_sleep(1), -ETIMEDOUT);
		CHECK_INT(async_cancelled(), -ETIMEDOUT);
	}
	CHECK_INT(async_cancelled(), 0);
}

TEST_TASK(inner_timeout_is_the_inner_ones, "B14")
{
	async_scope outer;

	async_scope_begin(&outer, 10);
	async_timeout (0.01)
		CHECK_INT(await_sleep(1), -ETIMEDOUT);
	CHECK(async_timed_out());
	CHECK_INT(await_sleep(0), 0);
	CHECK_INT(async_scope_end(&outer), 0);
}

TEST_TASK(outer_timeout_reaches_inner_scopes, "B14")
{
	async_scope outer, inner;

	async_scope_begin(&outer, 0.01);
	async_scope_begin(&inner, 10);
	CHECK_INT(await_sleep(5), -ETIMEDOUT);
	CHECK_INT(async_scope_end(&inner), 0);
	CHECK_INT(await_sleep(5), -ETIMEDOUT);
	CHECK_INT(async_scope_end(&outer), -ETIMEDOUT);
	CHECK_INT(await_sleep(0), 0);
}

static int cancelled_in_timeout(void *arg)
{
	int result = 0;

	(void)arg;
	async_timeout (0.01) {
		await_sleep(1);
		async_task_cancel(async_current_task());
		result = await_sleep(1);
	}
	CHECK_INT(await_sleep(0), -ECANCELED);
	return result;
}

TEST_TASK(outside_cancel_wins_over_a_timeout, "B14 B09")
{
	CHECK_INT(await_task(async_create_task(cancelled_in_timeout, NULL)), -ECANCELED);
}

TEST_TASK(deadline_can_be_moved, "B15")
{
	async_scope scope;
	double began = async_now();

	async_scope_begin(&scope, 0.01);
	CHECK_INT(async_scope_reschedule(&scope, 0.05), 0);
	CHECK_INT(await_sleep(0.02), 0);
	CHECK_INT(async_scope_reschedule(&scope, 0.01), 0);
	CHECK(async_scope_deadline(&scope) < began + 2);
	CHECK_INT(async_scope_fired(&scope), 0);
	CHECK_INT(await_sleep(5), -ETIMEDOUT);
	CHECK_INT(async_scope_fired(&scope), -ETIMEDOUT);
	CHECK_INT(async_scope_reschedule(&scope, 5), -EALREADY);
	CHECK_TEXT_HAS(async_error(), "timed out");
	CHECK_INT(async_scope_end(&scope), -ETIMEDOUT);
}

TEST_TASK(deadline_can_be_taken_away_and_given_back, "B15")
{
	async_scope scope;

	async_scope_begin(&scope, 0.01);
	CHECK_INT(async_scope_reschedule(&scope, INFINITY), 0);
	CHECK_INT(await_sleep(0.03), 0);
	CHECK_INT(async_scope_reschedule(&scope, 0.005), 0);
	CHECK_INT(await_sleep(5), -ETIMEDOUT);
	CHECK_INT(async_scope_end(&scope), -ETIMEDOUT);
	CHECK_INT(async_scope_reschedule(&scope, NAN), -EINVAL);
}

static async_scope shared;

static int cancel_shared(void *arg)
{
	(void)arg;
	async_scope_cancel(&shared);
	async_scope_cancel(&shared);
	return 0;
}

TEST_TASK(scope_cancelled_by_another_task, "X02 B14")
{
	async_task *task = async_create_task(cancel_shared, NULL);

	async_scope_begin(&shared, INFINITY);
	CHECK_INT(await_sleep(10), -ECANCELED);
	CHECK_INT(async_scope_end(&shared), -ECANCELED);
	CHECK_INT(await_task(task), 0);
}

static int clean_up_shielded(void *arg)
{
	int *steps = arg;

	CHECK_INT(await_sleep(10), -ECANCELED);
	async_shield (2.0) {
		CHECK_INT(await_sleep(0.01), 0);
		*steps = 1;
	}
	CHECK_INT(await_sleep(0.01), -ECANCELED);
	return -ECANCELED;
}

TEST_TASK(shield_lets_clean_up_await, "B10 X02 B26")
{
	int steps = 0;
	async_task *task = async_create_task(clean_up_shielded, &steps);

	await_sleep(0);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(steps, 1);
}

static int shield_runs_out(void *arg)
{
	(void)arg;
	async_shield (0.01)
		CHECK_INT(await_sleep(10), -ETIMEDOUT);
	CHECK(async_timed_out());
	return await_sleep(1);
}

TEST_TASK(shield_has_its_own_limit, "B10 X02")
{
	async_task *task = async_create_task(shield_runs_out, NULL);

	await_sleep(0);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
}

static int sleeper(void *arg)
{
	return await_sleep(async_int(arg) / 1000.0);
}

static int shielded_wait(void *arg)
{
	int result = -1;

	async_shield (5)
		result = await_task(arg);
	return result;
}

TEST_TASK(shielded_await_leaves_the_inner_task_alone, "B10")
{
	async_task *inner = async_create_task(sleeper, ASYNC_INT(20));
	async_task *waiter = async_create_task(shielded_wait, inner);

	await_sleep(0);
	async_task_cancel(waiter);
	CHECK_INT(await_task(waiter), 0);
}

static int leaves;

static int leave_by_return(void)
{
	async_timeout (5)
		return 1;
	return 0;
}

static int leave_by_goto(void)
{
	async_timeout (5)
		goto out;
	return 0;
out:
	return 2;
}

TEST_TASK(every_way_out_leaves_the_scope, "B26 X02")
{
	CHECK_INT(leave_by_return(), 1);
	CHECK(!async_current_scope());
	CHECK_INT(leave_by_goto(), 2);
	CHECK(!async_current_scope());
	async_timeout (5) {
		leaves++;
		break;
	}
	CHECK(!async_current_scope());
	CHECK_INT(leaves, 1);
}

TEST_TASK_WITH(crossed_scopes_abort, "B25", .expect_signal = SIGABRT,
	       .expect_stderr = "reverse order", .may_leak = 1)
{
	async_scope a, b;

	async_scope_begin(&a, 1);
	async_scope_begin(&b, 1);
	async_scope_end(&a);
}

TEST_WITH(timeout_without_a_loop, "A04 B14", .in_thread = 1)
{
	int result = 0;

	async_timeout (0.01)
		result = await_sleep(5);
	CHECK_INT(result, -ETIMEDOUT);
}
