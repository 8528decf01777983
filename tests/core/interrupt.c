/* SPDX-License-Identifier: MIT */
/* Ctrl-C. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "harness.h"

static int cleaned;

static int wait_for_interrupt(void *arg)
{
	int result;

	(void)arg;
	kill(getpid(), SIGINT);
	result = await_sleep(INFINITY);
	async_shield (1)
		cleaned = await_sleep(0.001) == 0;
	return result;
}

static void handler(int number)
{
	(void)number;
}

TEST_WITH(first_interrupt_cancels_the_main_task, "A17", .backends = REAL_BACKENDS)
{
	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(wait_for_interrupt, NULL), -EINTR);
	CHECK(cleaned);
	CHECK(signal(SIGINT, SIG_DFL) == SIG_DFL);
}

static int child(void *arg)
{
	*(int *)arg = await_sleep(INFINITY);
	return *(int *)arg;
}

static int group_main(void *arg)
{
	AWAIT_GROUP(group, ASYNC_ISOLATED);

	async_spawn(&group, child, arg);
	kill(getpid(), SIGINT);
	return await_group(&group);
}

TEST_WITH(interrupt_reaches_the_children_of_main, "A17", .backends = REAL_BACKENDS)
{
	int seen = 0;

	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(group_main, &seen), -EINTR);
	CHECK_INT(seen, -ECANCELED);
}

static int ignores_the_first(void *arg)
{
	(void)arg;
	kill(getpid(), SIGINT);
	async_shield (60) {
		await_sleep(0.01);
		kill(getpid(), SIGINT);
		await_sleep(60);
	}
	return 0;
}

TEST_WITH(second_interrupt_ends_the_process, "A17", .backends = REAL_BACKENDS,
	  .expect_signal = SIGINT, .may_leak = 1)
{
	signal(SIGINT, SIG_DFL);
	async_run(ignores_the_first, NULL);
}

static int short_run(void *arg)
{
	(void)arg;
	kill(getpid(), SIGINT);
	return await_sleep(0.01);
}

TEST_WITH(somebody_elses_handler_stays, "A17", .backends = REAL_BACKENDS)
{
	signal(SIGINT, handler);
	CHECK_INT(async_run(short_run, NULL), 0);
	CHECK(signal(SIGINT, SIG_DFL) == handler);
}

TEST_WITH(option_leaves_sigint_alone, "A17", .backends = REAL_BACKENDS, .expect_signal = SIGINT,
	  .may_leak = 1)
{
	async_options options = { .ignore_sigint = 1 };

	signal(SIGINT, SIG_DFL);
	async_run_with(&options, short_run, NULL);
}
