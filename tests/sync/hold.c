/* SPDX-License-Identifier: MIT */
/* await_holding: whatever way a block is left, it gives back what it holds. */
#define _GNU_SOURCE
#include <errno.h>
#include "harness.h"
#include "sync/trace.h"

static async_lock lock = ASYNC_LOCK;
static async_condition condition = ASYNC_CONDITION(&lock);
static async_semaphore semaphore = ASYNC_SEMAPHORE(1);
static async_limiter limiter = ASYNC_LIMITER(1);

TEST_TASK(holding_a_lock, "D01")
{
	int runs = 0;

	await_holding (&lock) {
		CHECK(async_locked(&lock));
		runs++;
	}
	CHECK(!async_locked(&lock));
	CHECK_INT(runs, 1);
}

TEST_TASK(holding_a_conditions_lock, "D03")
{
	await_holding (&condition) {
		CHECK(async_locked(&lock));
		CHECK_INT(async_condition_notify(&condition, 1), 0);
	}
	CHECK(!async_locked(&lock));
}

TEST_TASK(holding_a_semaphore, "D05")
{
	await_holding (&semaphore)
		CHECK(async_semaphore_locked(&semaphore));
	CHECK(!async_semaphore_locked(&semaphore));
}

TEST_TASK(holding_a_limiter, "X04")
{
	await_holding (&limiter)
		CHECK_INT((int)async_limiter_borrowed(&limiter), 1);
	CHECK_INT((int)async_limiter_borrowed(&limiter), 0);
}

static int leave_by_return(void)
{
	await_holding (&lock)
		await_holding (&semaphore)
			return 7;
	return 0;
}

static int leave_by_goto(void)
{
	await_holding (&lock) {
		await_holding (&limiter)
			goto out;
	}
	return 0;
out:
	return 8;
}

TEST_TASK(holding_is_left_on_every_way_out, "D01 D05 X04")
{
	CHECK_INT(leave_by_return(), 7);
	CHECK(!async_locked(&lock));
	CHECK(!async_semaphore_locked(&semaphore));
	CHECK_INT(leave_by_goto(), 8);
	CHECK(!async_locked(&lock));
	CHECK_INT((int)async_limiter_borrowed(&limiter), 0);
	await_holding (&lock)
		break;
	CHECK(!async_locked(&lock));
	await_holding (&lock)
		continue;
	CHECK(!async_locked(&lock));
}

TEST_TASK(block_is_not_entered_when_cancelled, "D01 D05 X04")
{
	int runs = 0;

	async_timeout (0) {
		await_holding (&lock)
			runs++;
		await_holding (&semaphore)
			runs++;
		await_holding (&limiter)
			runs++;
		CHECK_INT(async_cancelled(), -ETIMEDOUT);
	}
	CHECK_INT(runs, 0);
	CHECK(!async_locked(&lock));
	CHECK(!async_semaphore_locked(&semaphore));
	CHECK_INT((int)async_limiter_borrowed(&limiter), 0);
	/* Held by somebody else: it is not given back in their name. */
	CHECK_INT(await_lock(&lock), 0);
	async_timeout (0.01)
		await_holding (&lock)
			runs++;
	CHECK_INT(runs, 0);
	CHECK(async_locked(&lock));
	async_unlock(&lock);
}

TEST_TASK(failed_holding_says_why, "X04")
{
	int runs = 0;

	await_holding (&limiter)
		await_holding (&limiter)
			runs++;
	CHECK_INT(runs, 0);
	CHECK_TEXT_HAS(async_error(), "EDEADLK");
	CHECK_INT((int)async_limiter_borrowed(&limiter), 0);
}

static int hold_over_a_turn(void *name)
{
	await_holding (&lock) {
		note("%c(", async_int(name));
		await_sleep(0);
		note("%c)", async_int(name));
	}
	return 0;
}

TEST_TASK(holders_take_turns, "D01")
{
	AWAIT_GROUP(group);

	start_each(&group, hold_over_a_turn, "ABC");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A( A) B( B) C( C)");
}
