/* SPDX-License-Identifier: MIT */
/* Stacks: reuse, guards, memory given back, and what each kernel feature's absence changes. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/stack.h"
#include "fault.h"
#include "harness.h"
#include "settle.h"

static size_t rss_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0, resident = 0;

	CHECK(file && fscanf(file, "%zu %zu", &pages, &resident) == 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

TEST_WITH(stack_is_reused_last_in_first_out, "X19", .backends = ONCE)
{
	struct stack_pool pool;
	struct stack a, b, again;

	stack_pool_init(&pool, NULL);
	CHECK_INT(stack_take(&pool, 10000, &a), 0);
	CHECK_INT(stack_take(&pool, 10000, &b), 0);
	CHECK(a.low != b.low && stack_bytes(&a) == STACK_BYTES_MIN);
	CHECK((uintptr_t)a.top % 16 == 0 && (uintptr_t)b.top % 16 == 0);
	memset(a.low, 1, (size_t)(a.top - a.low));
	stack_give(&pool, &b);
	stack_give(&pool, &a);
	CHECK_INT(stack_take(&pool, 10000, &again), 0);
	CHECK(again.low == a.low);
	CHECK(stack_guard_hit(&again, again.low - 1));
	CHECK(!stack_guard_hit(&again, again.low));
	stack_give(&pool, &again);
	CHECK_INT(stack_take(&pool, (size_t)STACK_BYTES_MAX + 1, &a), -ENOMEM);
	stack_pool_term(&pool);
}

static void take_many(const char *without)
{
	enum { MANY = 2000 };
	static struct stack stacks[MANY];
	struct stack_pool pool;

	stack_pool_init(&pool, without);
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(stack_take(&pool, STACK_BYTES_DEFAULT, &stacks[i]), 0);
		stacks[i].top[-1] = 1;
	}
	CHECK_INT((int)pool.used, MANY);
	for (int i = 0; i < MANY; i++)
		stack_give(&pool, &stacks[i]);
	CHECK_INT((int)pool.unused, MANY);
	stack_pool_trim(&pool);
	CHECK(pool.unused < MANY / 4);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(stack_take(&pool, STACK_BYTES_DEFAULT, &stacks[i]), 0);
	for (int i = MANY; i-- > 0;)
		stack_give(&pool, &stacks[i]);
	stack_pool_term(&pool);
}

TEST_WITH(stacks_with_every_kind_of_guard, "X19", .backends = ONCE)
{
	take_many(NULL);
	take_many("no-guard-install");
	take_many("guards");
}

TEST_WITH(no_address_space_is_an_error, "X19", .backends = ONCE)
{
	struct stack_pool pool;
	struct stack stack;

	stack_pool_init(&pool, NULL);
	if (!fault_inject("mmap", 1, ENOMEM))
		SKIP("no fault injection here");
	CHECK_INT(stack_take(&pool, 10000, &stack), -ENOMEM);
	fault_clear();
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(stack_take(&pool, 10000, &stack), -ENOMEM);
	fault_clear();
	if (pool.guard_install) {
		fault_inject("madvise", 2, ENOMEM);
		CHECK_INT(stack_take(&pool, 10000, &stack), -ENOMEM);
		fault_clear();
	}
	CHECK_INT(stack_take(&pool, 10000, &stack), 0);
	stack_give(&pool, &stack);
	stack_pool_term(&pool);
}

static int touch_stack(void *arg)
{
	volatile char data[6000];

	for (size_t i = 0; i < sizeof data; i += 100)
		data[i] = (char)async_int(arg);
	await_sleep(0.01);
	return data[100] == async_int(arg) ? 0 : -EIO;
}

TEST_TASK_WITH(memory_falls_after_a_peak_of_100000_tasks, "X19 Z01", .deadline = 60)
{
	enum { TASKS = 100000, PER_TASK = 6000 };
	size_t before = rss_bytes(), peak, after;

	if (test_is_instrumented())
		SKIP("memory means something else here");
	{
		AWAIT_GROUP(group);

		for (int i = 0; i < TASKS; i++)
			CHECK_INT(async_spawn(&group, touch_stack, ASYNC_INT(7)), 0);
		await_sleep(0);
		peak = rss_bytes();
		CHECK_INT(await_group(&group), 0);
	}
	settle();
	after = rss_bytes();
	CHECK(peak - before > (size_t)TASKS * PER_TASK);
	CHECK(after - before < (peak - before) / 10);
}
