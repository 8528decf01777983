/* SPDX-License-Identifier: MIT */
/* Work in child processes. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

static long square(void *arg, void *output, size_t size)
{
	int n = async_int(arg);

	CHECK_INT(size, sizeof n);
	n *= n;
	memcpy(output, &n, sizeof n);
	return 3;
}

TEST_TASK_WITH(child_answers, "A20", .backends = REAL_BACKENDS)
{
	int n = 0;

	CHECK_INT(await_fork(square, ASYNC_INT(12), &n, sizeof n), 3);
	CHECK_INT(n, 144);
}

TEST_WITH(child_without_a_loop, "A20", .backends = REAL_BACKENDS, .in_thread = 1)
{
	int n = 0;

	CHECK_INT(await_fork(square, ASYNC_INT(5), &n, sizeof n), 3);
	CHECK_INT(n, 25);
}

/* Deeper than a task's stack, and a megabyte of answer. */
static long deep(void *arg, void *output, size_t size)
{
	volatile char frame[1 << 20];

	(void)arg;
	for (size_t i = 0; i < sizeof frame; i += 4096)
		frame[i] = 1;
	memset(output, 'x', size);
	return frame[4096];
}

TEST_TASK_WITH(child_has_a_large_stack, "A20", .backends = REAL_BACKENDS)
{
	enum { BYTES = 1 << 20 };
	char *answer = calloc(1, BYTES);

	CHECK_INT(await_fork(deep, NULL, answer, BYTES), 1);
	CHECK_INT(answer[BYTES - 1], 'x');
	free(answer);
}

static long fail(void *arg, void *output, size_t size)
{
	(void)arg, (void)output, (void)size;
	return async_fail(-ENOTUNIQ, "no luck in here");
}

static long die(void *arg, void *output, size_t size)
{
	(void)output, (void)size;
	if (async_int(arg))
		raise(async_int(arg));
	_exit(9);
}

TEST_TASK_WITH(death_of_a_child_is_an_error, "A20", .backends = REAL_BACKENDS)
{
	CHECK_INT(await_fork(fail, NULL, NULL, 0), -ENOTUNIQ);
	CHECK_TEXT_HAS(async_error(), "no luck in here");
	CHECK_INT(await_fork(die, ASYNC_INT(SIGTERM), NULL, 0), -EOWNERDEAD);
	CHECK_TEXT_HAS(async_error(), "die tests/thread/fork.c");
	CHECK_TEXT_HAS(async_error(), "SIGTERM");
	CHECK_INT(await_fork(die, NULL, NULL, 0), -EOWNERDEAD);
	CHECK_TEXT_HAS(async_error(), "status 9");
}

static long sleep_long(void *arg, void *output, size_t size)
{
	(void)arg, (void)output, (void)size;
	sleep(1000);
	return 0;
}

TEST_TASK_WITH(cancel_kills_the_child, "A20", .backends = REAL_BACKENDS)
{
	async_timeout (0.05)
		CHECK_INT(await_fork(sleep_long, NULL, NULL, 0), -ETIMEDOUT);
	CHECK(async_timed_out());
}

static long await_in_child(void *arg, void *output, size_t size)
{
	(void)arg, (void)output, (void)size;
	return await_sleep(0.001);
}

static long thread_job(void *arg)
{
	return async_int(arg);
}

/* The parent's pool has no threads in the child: it makes its own. */
static long thread_in_child(void *arg, void *output, size_t size)
{
	(void)output, (void)size;
	return await_thread(thread_job, arg);
}

TEST_TASK_WITH(child_may_await, "A20 X11", .backends = REAL_BACKENDS)
{
	CHECK_INT(await_fork(await_in_child, NULL, NULL, 0), 0);
}

TEST_TASK_WITH(child_may_use_threads, "A20 A18", .backends = REAL_BACKENDS)
{
	long result;

	if (test_is_instrumented())
		SKIP("a sanitizer allows no threads after a fork with threads");
	CHECK_INT(await_thread(thread_job, ASYNC_INT(4)), 4);
	result = await_fork(thread_in_child, ASYNC_INT(5), NULL, 0);
#ifndef __x86_64__
	if (result == -EOWNERDEAD)
		SKIP("qemu's emulation of programs dies of threads after a fork with threads");
#endif
	CHECK_INT(result, 5);
}

static int one_child(void *arg)
{
	int n = 0;

	CHECK_INT(await_fork(square, arg, &n, sizeof n), 3);
	return n;
}

TEST_TASK_WITH(children_work_at_once, "A20", .backends = REAL_BACKENDS, .deadline = 20)
{
	async_task *tasks[8];
	int results[8];

	for (int i = 0; i < 8; i++)
		tasks[i] = async_create_task(one_child, ASYNC_INT(i));
	CHECK_INT(await_gather(tasks, 8, results, 0), 0);
	for (int i = 0; i < 8; i++)
		CHECK_INT(results[i], i * i);
}

TEST_TASK_WITH(child_needs_memory, "A20", .backends = REAL_BACKENDS)
{
	fault_inject("mmap", 1, ENOMEM);
	CHECK_INT(await_fork(fail, NULL, NULL, 0), -ENOMEM);
	CHECK_TEXT_HAS(async_error(), "share with the child");
	fault_inject("fork", 1, EAGAIN);
	CHECK_INT(await_fork(fail, NULL, NULL, 0), -EAGAIN);
	CHECK_TEXT_HAS(async_error(), "no child for fail tests/thread/fork.c");
}

TEST_TASK_WITH(simulation_has_no_processes, "A20", .backends = BACKEND_SIM)
{
	CHECK_INT(await_fork(fail, NULL, NULL, 0), -ENOTSUP);
}
