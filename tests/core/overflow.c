/* SPDX-License-Identifier: MIT */
/* A task that overflows its stack dies by the signal, after saying whose stack it was. */
#include <await.h>
#include <signal.h>
#include "harness.h"

static volatile int deepest = 1000000000;

static int recurse(int depth)
{
	volatile char data[512];

	data[0] = (char)depth;
	return depth < deepest ? recurse(depth + 1) + data[0] : 0;
}

static int overflow(void *arg)
{
	return recurse(async_int(arg));
}

TEST_TASK_WITH(overflow_names_task_site_and_size, "X19", .expect_signal = SIGSEGV, .may_leak = 1,
	       .expect_stderr = "stack overflow in task overflow-1 (overflow tests/core/overflow.c:")
{
	if (test_is_instrumented())
		SKIP("the sanitizer has its own handler");
	await_task(async_create_task(overflow, NULL));
}

TEST_TASK_WITH(overflow_tells_how_to_change_the_size, "X19", .expect_signal = SIGSEGV,
	       .may_leak = 1,
	       .expect_stderr = "its stack of 65536 bytes is too small (options stack_bytes")
{
	async_task_options small = { .stack_bytes = 65536 };

	if (test_is_instrumented())
		SKIP("the sanitizer has its own handler");
	await_task(async_create_task_with(&small, overflow, NULL));
}
