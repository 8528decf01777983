/* SPDX-License-Identifier: MIT */
/* Running loops: results, several runs, several loops, options, what is left at the end. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "settle.h"

static int reports;
static char reported[1024];

static void keep_report(const async_report *report, void *arg)
{
	(void)arg;
	reports++;
	snprintf(reported, sizeof reported, "%s|%s", report->kind, report->text);
}

static int answer(void *arg)
{
	await_sleep(0);
	return async_int(arg);
}

TEST(run_returns_the_main_result, "A01 Z12")
{
	CHECK_INT(async_run(answer, ASYNC_INT(42)), 42);
	CHECK(!async_current_task());
}

static int nested(void *arg)
{
	(void)arg;
	return async_run(answer, ASYNC_INT(1));
}

TEST(nested_run_is_refused, "A01 A05")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, nested, NULL), -EBUSY);
	CHECK_TEXT_HAS(reported, "a loop runs in this thread already");
}

static int told;

static int never_ends(void *arg)
{
	(void)arg;
	told = await_sleep(3600);
	return told;
}

static int leave_task_behind(void *arg)
{
	(void)arg;
	async_create_task(never_ends, NULL);
	await_sleep(0);
	return 5;
}

TEST(what_is_left_is_cancelled_and_reported, "A01 B25 B26")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, leave_task_behind, NULL), 5);
	CHECK_INT(told, -ECANCELED);
	CHECK_INT(reports, 1);
	CHECK_TEXT_HAS(reported, "left|task never_ends-");
	CHECK_TEXT_HAS(reported, "tests/core/run.c:");
}

static int fails(void *arg)
{
	(void)arg;
	return async_fail(-EIO, "what main could not do");
}

static int leave_failed_handle(void *arg)
{
	(void)arg;
	async_create_task(fails, NULL);
	return await_sleep(0);
}

TEST(failure_of_a_handle_nobody_took_is_reported, "A01 C05")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, leave_failed_handle, NULL), 0);
	CHECK_TEXT_HAS(reported, "what main could not do");
}

TEST(failure_of_main_is_reported, "A01")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, fails, NULL), -EIO);
	CHECK_TEXT_HAS(reported, "failure|main task (fails tests/core/run.c:");
	CHECK_TEXT_HAS(reported, "what main could not do: Input/output error (EIO)");
}

static async_task *frozen;

static int start_only(void *arg)
{
	(void)arg;
	frozen = async_create_task(answer, ASYNC_INT(3));
	return 0;
}

static int finish(void *arg)
{
	(void)arg;
	return await_task(frozen);
}

TEST(several_runs_on_one_loop, "A02 A05 A06")
{
	async_loop *loop = async_loop_new(NULL);

	CHECK(loop);
	CHECK_INT(async_loop_run(loop, start_only, NULL), 0);
	CHECK_INT(async_loop_run(loop, finish, NULL), 3);
	CHECK_INT(async_loop_run(loop, answer, ASYNC_INT(8)), 8);
	async_loop_free(loop);
	async_loop_free(NULL);
}

static void *run_in_thread(void *arg)
{
	return ASYNC_INT(async_run(answer, arg));
}

TEST(a_loop_in_every_thread, "A24 A04")
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, run_in_thread, ASYNC_INT(i)));
	for (int i = 0; i < 4; i++) {
		void *result;

		pthread_join(threads[i], &result);
		CHECK_INT(async_int(result), i);
	}
}

static async_local context = ASYNC_LOCAL;
static int told_done;

static void count_done(void *arg)
{
	(void)arg;
	told_done++;
}

static int leave_context(void *arg)
{
	(void)arg;
	CHECK_INT(async_local_set(&context, (char *)"kept"), 0);
	CHECK_INT(async_task_set_name(async_current_task(), "first"), 0);
	CHECK_INT(async_task_on_done(async_current_task(), count_done, NULL), 0);
	return 0;
}

static int find_context(void *arg)
{
	(void)arg;
	CHECK_STR(async_local_get(&context), "kept");
	CHECK_STR(async_task_name(async_current_task()), "main");
	settle();
	CHECK_INT(told_done, 1);
	return 0;
}

TEST(runs_of_one_loop_share_a_context, "A02 B05 B07")
{
	async_loop *loop = async_loop_new(NULL);

	CHECK_INT(async_loop_run(loop, leave_context, NULL), 0);
	CHECK_INT(async_loop_run(loop, find_context, NULL), 0);
	CHECK_INT(async_loop_run(loop, leave_context, NULL), 0);
	async_loop_free(loop);
}

static int tell_backend(void *arg)
{
	(void)arg;
	CHECK_STR(async_backend_name(), test_backend());
	CHECK(async_current_loop());
	return 0;
}

TEST(backend_is_chosen_and_told, "A03 X23")
{
	async_options options = { .backend = test_backend() };

	CHECK_INT(async_run(tell_backend, NULL), 0);
	CHECK_INT(async_run_with(&options, tell_backend, NULL), 0);
	options.backend = "kqueue";
	CHECK_INT(async_run_with(&options, tell_backend, NULL), -ENOTSUP);
	CHECK_TEXT_HAS(async_error(), "there is no backend \"kqueue\": uring, epoll, sim");
}

static int is_epoll(void *arg)
{
	(void)arg;
	return strcmp(async_backend_name(), "epoll");
}

TEST_WITH(forbidden_uring_becomes_epoll, "X23 A03", .backends = ONCE)
{
	async_options options = { .backend = "uring" };

	unsetenv("LIBAWAIT_BACKEND");
	if (!fault_inject_from("io_uring_setup", 1, EPERM))
		SKIP("no fault injection here");
	CHECK_INT(async_run(is_epoll, NULL), 0);
	CHECK_INT(async_run_with(&options, is_epoll, NULL), -ENOTSUP);
	CHECK_TEXT_HAS(async_error(), "backend uring is forbidden");
}

TEST_WITH(limits_of_options_are_told, "A01", .backends = ONCE)
{
	async_options options = { .stack_bytes = 100 };

	CHECK_INT(async_run_with(&options, answer, NULL), -EINVAL);
	CHECK_TEXT_HAS(async_error(),
		       "option stack_bytes is 100: it must be from 16384 to 67108864");
}

static const char *const calls_of_open[] = { "eventfd",	       "epoll_create1", "epoll_ctl",
					     "io_uring_setup", "mmap",		"calloc" };

TEST_WITH(no_descriptors_or_memory_for_a_loop, "A01 X19", .backends = REAL_BACKENDS)
{
	for (size_t i = 0; i < sizeof calls_of_open / sizeof calls_of_open[0]; i++) {
		int error = i < 4 ? EMFILE : ENOMEM;

		if (!fault_inject_from(calls_of_open[i], 1, error))
			continue;
		if (async_run(answer, ASYNC_INT(1)) != 1)
			CHECK_TEXT_HAS(async_error(), i < 4 ? "EMFILE" : "ENOMEM");
		fault_clear();
		CHECK_INT(async_run(answer, ASYNC_INT(1)), 1);
	}
}

static int stop_from_task(void *arg)
{
	(void)arg;
	async_stop();
	return 0;
}

static int main_that_is_stopped(void *arg)
{
	async_task *task = async_create_task(stop_from_task, NULL);
	int result = await_sleep(3600);

	(void)arg;
	CHECK_INT(await_task(task), 0);
	return result;
}

TEST(stop_cancels_the_main_task, "A05")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, main_that_is_stopped, NULL), -ECANCELED);
}

static void stop_from_callback(void *arg)
{
	(void)arg;
	async_stop();
}

static int main_with_a_callback(void *arg)
{
	async_handle handle = { 0 };

	(void)arg;
	CHECK_INT(async_call_later(&handle, 0.001, stop_from_callback, NULL), 0);
	return await_sleep(3600);
}

TEST(stop_works_in_callbacks, "A05 A07")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, main_with_a_callback, NULL), -ECANCELED);
}

static async_lock lock = ASYNC_LOCK;

static int wait_for_lock(void *arg)
{
	(void)arg;
	return await_lock(&lock);
}

static int deadlock(void *arg)
{
	async_task_options named = { .name = "second" };
	async_task *task = async_create_task_with(&named, wait_for_lock, NULL);
	int result = await_task(task);

	(void)arg;
	return async_cancelled() ? async_cancelled() : result;
}

TEST(deadlock_is_reported_with_who_waits_for_what, "A14 B25 X19")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_try_lock(&lock), 0);
	CHECK_INT(async_run_with(&options, deadlock, NULL), -EDEADLK);
	async_unlock(&lock);
	CHECK(reports >= 1);
}

static char first_report[1024];

static void keep_first(const async_report *report, void *arg)
{
	(void)arg;
	if (!*first_report)
		snprintf(first_report, sizeof first_report, "%s|%s", report->kind, report->text);
}

TEST(deadlock_report_names_tasks_and_waits, "A14 B23")
{
	async_options options = { .report = keep_first };

	CHECK_INT(async_try_lock(&lock), 0);
	async_run_with(&options, deadlock, NULL);
	CHECK_TEXT_HAS(first_report, "deadlock|every task waits");
	CHECK_TEXT_HAS(first_report, "main (deadlock tests/core/run.c:");
	CHECK_TEXT_HAS(first_report, "waits: await_task on second");
	CHECK_TEXT_HAS(first_report, "waits: await_lock");
}

TEST_WITH(version_is_told, "", .backends = ONCE)
{
	int major, minor, patch;

	CHECK_INT(sscanf(async_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

static int leave_descriptor_open(void *arg)
{
	int *fd = arg;

	*fd = async_socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(async_close(async_socket(AF_INET, SOCK_STREAM, 0)), 0);
	return 0;
}

TEST_WITH(debug_mode_tells_descriptors_left_open, "A14", .backends = REAL_BACKENDS)
{
	async_options options = { .report = keep_report, .debug = 1 };
	char expected[64];
	int fd;

	CHECK_INT(async_run_with(&options, leave_descriptor_open, &fd), 0);
	CHECK_INT(reports, 1);
	snprintf(expected, sizeof expected, "descriptor %d was left open", fd);
	CHECK_TEXT_HAS(reported, expected);
	CHECK_TEXT_HAS(reported, "made by task leave_descriptor_open tests/core/run.c:");
	close(fd);
	reports = 0;
	options.debug = 0;
	CHECK_INT(async_run_with(&options, leave_descriptor_open, &fd), 0);
	CHECK_INT(reports, 0);
	close(fd);
}

static async_task *of_main;

static void *cancel_from_elsewhere(void *arg)
{
	(void)arg;
	async_task_cancel(of_main);
	return NULL;
}

TEST_TASK_WITH(wrong_thread_aborts_and_names_the_call, "A14 B25", .backends = REAL_BACKENDS,
	       .may_leak = 1, .expect_signal = SIGABRT,
	       .expect_stderr = "async_task_cancel: this belongs to another thread's loop")
{
	pthread_t thread;

	of_main = async_create_task(answer, NULL);
	CHECK(!pthread_create(&thread, NULL, cancel_from_elsewhere, NULL));
	pthread_join(thread, NULL);
}
