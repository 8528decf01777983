/* SPDX-License-Identifier: MIT */
/* The stall watchdog: speaks while a task is stuck, is silent otherwise, and lets an idle loop
 * sleep. */
#define _GNU_SOURCE
#include <await.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include "harness.h"

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double wall_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int hog(void *arg)
{
	double until = wall_seconds() + async_int(arg) / 1000.0;

	while (wall_seconds() < until)
		continue;
	return 0;
}

TEST_TASK_WITH(stuck_task_is_named_while_it_is_stuck, "X01 A15 Z36 Z41", .backends = REAL_BACKENDS,
	       .expect_stderr = "libawait: stall: task hog-1 (hog tests/core/watchdog.c:",
	       .may_leak = 1)
{
	CHECK_INT(await_task(async_create_task(hog, ASYNC_INT(500))), 0);
}

TEST_TASK_WITH(backtrace_of_the_culprit, "X01", .backends = REAL_BACKENDS,
	       .expect_stderr = "core_watchdog(", .may_leak = 1)
{
	if (test_is_instrumented())
		SKIP("the unwinder is the sanitizer's");
#ifndef __x86_64__
	SKIP("the cross-built tests are static: no names of functions");
#endif
	CHECK_INT(await_task(async_create_task(hog, ASYNC_INT(500))), 0);
}

static int stalls;

static void count_stall(const async_report *report, void *arg)
{
	(void)report;
	(void)arg;
	stalls++;
}

static int busy_but_fair(void *arg)
{
	(void)arg;
	for (int i = 0; i < 40; i++) {
		hog(ASYNC_INT(10));
		await_sleep(0);
	}
	return 0;
}

TEST_WITH(short_steps_are_no_stall, "X01", .backends = REAL_BACKENDS)
{
	async_options options = { .report = count_stall, .slow_step_seconds = 0.2 };

	CHECK_INT(async_run_with(&options, busy_but_fair, NULL), 0);
	CHECK_INT(stalls, 0);
}

static int hog_once(void *arg)
{
	return hog(arg);
}

TEST_WITH(threshold_can_be_set_and_taken_away, "X01 A15", .backends = REAL_BACKENDS)
{
	async_options options = { .report = count_stall, .slow_step_seconds = 0.02 };

	CHECK_INT(async_run_with(&options, busy_but_fair, NULL), 0);
	options.slow_step_seconds = -1;
	stalls = 0;
	CHECK_INT(async_run_with(&options, hog_once, ASYNC_INT(300)), 0);
	CHECK_INT(stalls, 0);
}

TEST_TASK_WITH(idle_loop_uses_no_cpu, "X01 Z02", .backends = REAL_BACKENDS)
{
	double began;

	await_sleep(0.3);
	began = cpu_seconds();
	await_sleep(1);
	CHECK(cpu_seconds() - began < 0.005 * test_patience());
}
