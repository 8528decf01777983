/* SPDX-License-Identifier: MIT */
/* Tasks: made, run, named, cancelled; what belongs to each of them. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness.h"
#include "settle.h"

static int order[16], count;

static int note(void *arg)
{
	order[count++] = async_int(arg);
	return async_int(arg);
}

static int note_yield_note(void *arg)
{
	order[count++] = async_int(arg);
	await_sleep(0);
	order[count++] = async_int(arg) + 10;
	return 0;
}

TEST_TASK(task_returns_its_result, "B02 B07 Z10 Z30")
{
	async_task *task = async_create_task(note, ASYNC_INT(7));

	CHECK(!async_task_done(task));
	CHECK_INT(async_task_result(task), -EINPROGRESS);
	CHECK_INT(count, 0);
	CHECK_INT(await_task(task), 7);
	CHECK_INT(count, 1);
}

TEST_TASK(tasks_run_first_in_first_out, "B01 B02 A07")
{
	async_task *a = async_create_task(note_yield_note, ASYNC_INT(1));
	async_task *b = async_create_task(note_yield_note, ASYNC_INT(2));

	await_task(a);
	await_task(b);
	CHECK_INT(order[0], 1);
	CHECK_INT(order[1], 2);
	CHECK_INT(order[2], 11);
	CHECK_INT(order[3], 12);
}

TEST_TASK(data_is_safe_between_awaits, "B01")
{
	async_task *tasks[4];

	for (int i = 0; i < 4; i++)
		tasks[i] = async_create_task(note_yield_note, ASYNC_INT(i));
	CHECK_INT(count, 0);
	await_gather(tasks, 4, NULL, 0);
	CHECK_INT(count, 8);
}

TEST_TASK(eager_task_runs_until_it_first_waits, "B06")
{
	async_task_options eager = { .eager = true };
	async_task *task = async_create_task_with(&eager, note_yield_note, ASYNC_INT(1));

	CHECK_INT(count, 1);
	CHECK(!async_task_done(task));
	await_task(task);
	CHECK_INT(count, 2);
	task = async_create_task_with(&eager, note, ASYNC_INT(3));
	CHECK(async_task_done(task));
	CHECK_INT(await_task(task), 3);
}

static async_task *seen_current;

static int see_current(void *arg)
{
	(void)arg;
	seen_current = async_current_task();
	return 0;
}

TEST_TASK(eager_task_is_the_current_one_meanwhile, "B06 B21")
{
	async_task_options eager = { .eager = true };
	async_task *self = async_current_task(),
		   *task = async_create_task_with(&eager, see_current, NULL);

	CHECK(seen_current == task);
	CHECK(async_current_task() == self);
	await_task(task);
}

TEST_TASK(names_are_given_or_made, "B04")
{
	async_task_options named = { .name = "fetcher" };
	async_task *a = async_create_task_with(&named, note, ASYNC_INT(1)),
		   *b = async_create_task(note, ASYNC_INT(2));

	CHECK_STR(async_task_name(a), "fetcher");
	CHECK_TEXT_HAS(async_task_name(b), "note-");
	CHECK_INT(async_task_set_name(b, "other"), 0);
	CHECK_STR(async_task_name(b), "other");
	CHECK_STR(async_task_name(async_current_task()), "main");
	await_task(a);
	await_task(b);
}

static int wait_and_tell(void *arg)
{
	*(int *)arg = await_sleep(100);
	return *(int *)arg;
}

TEST_TASK(cancel_reaches_a_waiting_task, "B08")
{
	int seen = 0;
	async_task *task = async_create_task(wait_and_tell, &seen);

	await_sleep(0);
	CHECK(async_task_cancel(task));
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(seen, -ECANCELED);
}

static int own_argument(void *arg)
{
	int result = await_sleep(0);

	free(arg);
	return result;
}

TEST_TASK(cancelled_before_it_began_still_frees_its_argument, "B08")
{
	async_task *task = async_create_task(own_argument, malloc(10));

	CHECK(async_task_cancel(task));
	CHECK_INT(await_task(task), -ECANCELED);
}

static int ignore_cancel(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		CHECK_INT(await_sleep(10), -ECANCELED);
	CHECK_INT(async_cancelled(), -ECANCELED);
	return 5;
}

TEST_TASK(cancel_is_a_level_and_swallowing_it_is_no_cancel, "B08 B09 X02")
{
	async_task *task = async_create_task(ignore_cancel, NULL);
	double began = async_now();

	await_sleep(0);
	async_task_cancel(task);
	CHECK_INT(await_wait_for(task, 100), 5);
	CHECK(async_now() - began < 5);
}

TEST_TASK(cancel_of_an_ended_task_is_false, "B08")
{
	async_task *task = async_create_task(note, ASYNC_INT(0));

	await_sleep(0);
	CHECK(async_task_done(task));
	CHECK(!async_task_cancel(task));
	CHECK(!async_task_cancelled(task));
	await_task(task);
}

static int fail(void *arg)
{
	return async_fail(-EIO, "the disk of %s", (char *)arg);
}

static char reported[512];

static void keep_report(const async_report *report, void *arg)
{
	(void)arg;
	snprintf(reported, sizeof reported, "%s|%s", report->kind, report->text);
}

static int detach_failing(void *arg)
{
	(void)arg;
	async_task_detach(async_create_task(fail, "theirs"));
	await_sleep(0);
	return 0;
}

TEST(detached_failure_is_reported, "X20 B03 C05")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, detach_failing, NULL), 0);
	CHECK_TEXT_HAS(reported, "failure|");
	CHECK_TEXT_HAS(reported, "the disk of theirs");
	CHECK_TEXT_HAS(reported, "tests/core/task.c:");
}

static int count_up(void *arg)
{
	(*(int *)arg)++;
	await_sleep(0.001);
	(*(int *)arg)++;
	return 0;
}

TEST_TASK(loop_owns_detached_tasks, "B03 X20 A01")
{
	static int counted;

	for (int i = 0; i < 1000; i++)
		async_task_detach(async_create_task(count_up, &counted));
	/* However long they take on a busy machine: the deadline of the test is the limit. */
	while (counted < 2000)
		await_sleep(0.001);
	CHECK_INT(counted, 2000);
}

static int change_errno(void *arg)
{
	errno = async_int(arg);
	await_sleep(0);
	return errno;
}

TEST_TASK(errno_belongs_to_the_task, "B01")
{
	async_task *a = async_create_task(change_errno, ASYNC_INT(11)),
		   *b = async_create_task(change_errno, ASYNC_INT(22));

	errno = 33;
	CHECK_INT(await_task(a), 11);
	CHECK_INT(await_task(b), 22);
	CHECK_INT(errno, 33);
}

TEST_TASK_WITH(no_memory_for_a_stack_is_an_error, "B02", .may_leak = 1)
{
	async_task_options options = { .stack_bytes = (size_t)1 << 40 };

	CHECK(!async_create_task_with(&options, note, NULL));
	CHECK_TEXT_HAS(async_error(), "no memory for the stack of note tests/core/task.c");
	CHECK_TEXT_HAS(async_error(), "stack_bytes");
	CHECK_TEXT_HAS(async_error(), "ENOMEM");
}

static int deep(void *arg)
{
	volatile char data[400 * 1024];

	for (size_t i = 0; i < sizeof data; i += 1024)
		data[i] = 1;
	(void)arg;
	return data[1024];
}

TEST_TASK(stack_of_a_given_size, "B02")
{
	async_task_options options = { .stack_bytes = 1024 * 1024 };

	CHECK_INT(await_task(async_create_task_with(&options, deep, NULL)), 1);
}

static int self_await(void *arg)
{
	(void)arg;
	return await_task(async_current_task());
}

TEST_TASK(awaiting_oneself_is_refused, "B25")
{
	async_task *task = async_create_task(self_await, NULL);

	CHECK_INT(await_task(task), -EDEADLK);
	CHECK_TEXT_HAS(async_error(), "awaits itself");
}

static void await_in_callback(void *arg)
{
	(void)arg;
	await_sleep(1);
}

TEST_TASK_WITH(await_inside_a_callback_aborts, "B25 A14", .expect_signal = SIGABRT,
	       .expect_stderr = "await_sleep called inside a loop callback", .may_leak = 1)
{
	static async_handle handle;

	async_call_soon(&handle, await_in_callback, NULL);
	await_sleep(0.1);
}

static int fork_in_task(void *arg)
{
	int status;
	pid_t child = fork();

	(void)arg;
	if (!child) {
		/* No loop here: an await_ function makes one of its own. */
		int ok = !async_current_task() && await_sleep(0.001) == 0;

		_exit(ok ? 42 : 1);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

TEST_TASK_WITH(forked_child_has_no_loop, "A04", .backends = REAL_BACKENDS)
{
	CHECK_INT(await_task(async_create_task(fork_in_task, NULL)), 42);
}

TEST_WITH(tasks_without_a_loop_run_while_the_thread_waits, "A04 B02 Z39", .in_thread = 1)
{
	async_task *task = async_create_task(note_yield_note, ASYNC_INT(1));

	CHECK(task);
	CHECK_INT(count, 0);
	settle();
	CHECK_INT(count, 2);
	CHECK_INT(await_task(task), 0);
}
