/* SPDX-License-Identifier: MIT */
/* Jobs on threads of a pool: results, cancels, values, growing and shrinking. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "settle.h"

static long fib(void *n)
{
	long k = async_int(n);

	return k < 2 ? k : fib(ASYNC_INT(k - 1)) + fib(ASYNC_INT(k - 2));
}

TEST_TASK(job_returns_its_result, "A18 Z37 Z38")
{
	CHECK_INT(await_thread(fib, ASYNC_INT(20)), 6765);
	CHECK_INT(await_thread(fib, ASYNC_INT(1)), 1);
}

TEST_WITH(job_without_a_loop, "A18 Z39", .in_thread = 1)
{
	CHECK_INT(await_thread(fib, ASYNC_INT(10)), 55);
}

static long wide(void *arg)
{
	(void)arg;
	return 1L << 40;
}

static long fail(void *arg)
{
	(void)arg;
	return async_fail(-ENOTUNIQ, "no %s", "luck");
}

TEST_TASK(failure_of_a_job_comes_with_its_text, "A18")
{
	async_job_options options = { 0 };
	long result = 0;

	CHECK(await_thread(wide, NULL) == 1L << 40);
	CHECK_INT(await_thread(fail, NULL), -ENOTUNIQ);
	CHECK_TEXT_HAS(async_error(), "no luck");
	CHECK_INT(await_thread_with(&options, fail, NULL, &result), 0);
	CHECK_INT(result, -ENOTUNIQ);
	CHECK_INT(await_thread_with(NULL, fib, ASYNC_INT(5), &result), 0);
	CHECK_INT(result, 5);
}

static long note_thread(void *arg)
{
	char name[32] = "";
	sigset_t mask;

	pthread_getname_np(pthread_self(), name, sizeof name);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	strcpy(arg, name);
	return sigismember(&mask, SIGINT);
}

TEST_TASK(threads_have_names_and_no_signals, "A18")
{
	static async_pool pool = ASYNC_POOL("measure", 1);
	char name[32];

	CHECK_INT(await_thread(note_thread, name), 1);
	CHECK_STR(name, "await-1");
	CHECK_INT(await_thread_in(&pool, note_thread, name), 1);
	CHECK_STR(name, "measure-1");
}

/* ---- Values ---- */

static async_local trace = ASYNC_LOCAL;

static long read_trace(void *arg)
{
	(void)arg;
	return !strcmp(async_local_get(&trace), "request 7");
}

static int child_sees(void *arg)
{
	(void)arg;
	return !strcmp(async_local_get(&trace), "mine");
}

static long change_trace(void *arg)
{
	async_task *child;

	(void)arg;
	CHECK_STR(async_local_get(&trace), "request 7");
	CHECK_INT(async_local_set(&trace, (char *)"mine"), 0);
	CHECK_STR(async_local_get(&trace), "mine");
	child = async_create_task(child_sees, NULL);
	return await_task(child);
}

TEST_TASK(job_sees_the_callers_values, "A19")
{
	CHECK_INT(async_local_set(&trace, (char *)"request 7"), 0);
	CHECK_INT(await_thread(read_trace, NULL), 1);
	CHECK_INT(await_thread(change_trace, NULL), 1);
	CHECK_STR(async_local_get(&trace), "request 7");
	CHECK_INT(await_thread(read_trace, NULL), 1);
}

static long no_values(void *arg)
{
	(void)arg;
	return async_local_get(&trace) == NULL;
}

TEST_TASK(values_do_not_stay_on_the_thread, "A19")
{
	static async_pool pool = ASYNC_POOL("one", 1);

	CHECK_INT(async_local_set(&trace, (char *)"request 7"), 0);
	CHECK_INT(await_thread_in(&pool, read_trace, NULL), 1);
	CHECK_INT(async_local_set(&trace, NULL), 0);
	CHECK_INT(await_thread_in(&pool, no_values, NULL), 1);
}

/* ---- Jobs that await ---- */

static int nap(void *arg)
{
	(void)arg;
	return await_sleep(0.001);
}

static int sleep_for_ever(void *arg)
{
	*(int *)arg = await_sleep(INFINITY);
	return 0;
}

static long await_inside(void *arg)
{
	AWAIT_GROUP(group);

	async_spawn(&group, nap, NULL);
	async_spawn(&group, nap, NULL);
	async_task_detach(async_create_task(sleep_for_ever, arg));
	return await_sleep(0.002) + await_group(&group);
}

TEST_TASK(job_may_await_and_its_tasks_end_with_it, "A18 X11")
{
	int left = 0;

	CHECK_INT(await_thread(await_inside, &left), 0);
	CHECK_INT(left, -ECANCELED);
	CHECK_INT(await_thread(await_inside, &left), 0);
}

static async_pool two = ASYNC_POOL("two", 2);

static long nested(void *depth)
{
	int n = async_int(depth);

	return n ? await_thread_in(&two, nested, ASYNC_INT(n - 1)) + 1 : 0;
}

static int run_nested(void *arg)
{
	(void)arg;
	return (int)await_thread_in(&two, nested, ASYNC_INT(5));
}

TEST_TASK(jobs_that_wait_for_jobs_do_not_lock_up, "A18")
{
	async_task *tasks[6];
	int results[6];

	for (int i = 0; i < 6; i++)
		tasks[i] = async_create_task(run_nested, NULL);
	CHECK_INT(await_gather(tasks, 6, results, 0), 0);
	for (int i = 0; i < 6; i++)
		CHECK_INT(results[i], 5);
}

/* ---- Cancel ---- */

static int flag, begun;

static long until_cancelled(void *arg)
{
	(void)arg;
	__atomic_store_n(&begun, 1, __ATOMIC_SEQ_CST);
	while (!async_thread_cancelled())
		usleep(1000);
	__atomic_store_n(&flag, async_thread_cancelled(), __ATOMIC_SEQ_CST);
	return 7;
}

TEST_TASK_WITH(cancel_tells_the_job_and_waits_for_it, "A18", .backends = REAL_BACKENDS)
{
	async_timeout (0.02) {
		/* It got something: the result wins, and the cancel shows at the next await_. */
		CHECK_INT(await_thread(until_cancelled, NULL), 7);
		CHECK_INT(flag, -ETIMEDOUT);
		CHECK_INT(await_thread(fib, ASYNC_INT(1)), -ETIMEDOUT);
	}
	CHECK(async_timed_out());
	CHECK_INT(async_thread_cancelled(), 0);
}

static long sleep_in_job(void *arg)
{
	(void)arg;
	await_sleep(0);
	return await_sleep(INFINITY);
}

TEST_TASK_WITH(cancel_reaches_what_the_job_awaits, "A18 B08", .backends = REAL_BACKENDS)
{
	async_timeout (0.02)
		CHECK_INT(await_thread(sleep_in_job, NULL), -ECANCELED);
}

static async_pool single = ASYNC_POOL("single", 1);

static int occupy(void *arg)
{
	(void)arg;
	return (int)await_thread_in(&single, until_cancelled, NULL);
}

static long count_run(void *arg)
{
	++*(int *)arg;
	return 0;
}

static void wait_begun(void)
{
	while (!__atomic_load_n(&begun, __ATOMIC_SEQ_CST))
		await_sleep(0.001);
}

TEST_TASK_WITH(cancel_removes_a_queued_job, "A18", .backends = REAL_BACKENDS)
{
	async_task *task = async_create_task(occupy, NULL);
	int runs = 0;

	wait_begun();
	async_timeout (0.02)
		CHECK_INT(await_thread_in(&single, count_run, &runs), -ETIMEDOUT);
	async_task_cancel(task);
	CHECK_INT(await_task(task), 7);
	CHECK_INT(await_thread_in(&single, count_run, &runs), 0);
	CHECK_INT(runs, 1);
}

/* ---- Abandoned jobs ---- */

static int taken_over;

static void take_over(void *arg, long result)
{
	CHECK_INT(result, 7);
	free(arg);
	__atomic_add_fetch(&taken_over, 1, __ATOMIC_SEQ_CST);
}

TEST_TASK_WITH(abandoned_job_is_taken_over, "A18 A19", .backends = REAL_BACKENDS)
{
	async_job_options options = { .abandoned = take_over };
	void *arg = malloc(10);
	long result = 0;

	CHECK_INT(async_local_set(&trace, (char *)"request 7"), 0);
	async_timeout (0.02)
		CHECK_INT(await_thread_with(&options, until_cancelled, arg, &result), -ETIMEDOUT);
	while (!__atomic_load_n(&taken_over, __ATOMIC_SEQ_CST))
		CHECK_INT(await_sleep(0.001), 0);
	/* One that ends before any cancel is an ordinary one. */
	CHECK_INT(await_thread_with(&options, fib, ASYNC_INT(9), &result), 0);
	CHECK_INT(result, 34);
	CHECK_INT(taken_over, 1);
}

static void take_over_awaiting(void *arg, long result)
{
	await_sleep(0.001);
	take_over(arg, result);
}

/* On one thread: what the first leaves behind must not be the second's. */
TEST_TASK_WITH(who_takes_over_may_await, "A18", .backends = REAL_BACKENDS)
{
	async_job_options options = { .pool = &single, .abandoned = take_over_awaiting };
	long result = 0;

	async_timeout (0.02)
		CHECK_INT(await_thread_with(&options, until_cancelled, malloc(10), &result),
			  -ETIMEDOUT);
	async_timeout (0.05)
		CHECK_INT(await_thread_in(&single, sleep_in_job, NULL), -ECANCELED);
	CHECK_INT(taken_over, 1);
}

static long slow(void *arg)
{
	(void)arg;
	while (!async_thread_cancelled())
		usleep(1000);
	usleep(100000);
	return 7;
}

static int abandon_and_go(void *arg)
{
	async_job_options options = { .abandoned = take_over };
	long result;

	(void)arg;
	async_timeout (0.01)
		await_thread_with(&options, slow, malloc(10), &result);
	return 0;
}

TEST_WITH(end_of_a_loop_waits_for_abandoned_jobs, "A21 A23", .backends = REAL_BACKENDS)
{
	CHECK_INT(async_run(abandon_and_go, NULL), 0);
	CHECK_INT(taken_over, 1);
}

static int stop_stuck;

static long stuck(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop_stuck, __ATOMIC_SEQ_CST))
		usleep(1000);
	return 7;
}

static int abandon_stuck(void *arg)
{
	static async_pool pool = { .name = "bad", .exit_seconds = 0.05 };
	async_job_options options = { .pool = &pool, .abandoned = take_over };
	long result;

	(void)arg;
	async_timeout (0.01)
		await_thread_with(&options, stuck, malloc(10), &result);
	return 0;
}

TEST_WITH(stuck_job_is_named_and_left_behind, "A21 A23", .backends = REAL_BACKENDS,
	  .expect_stderr = "job stuck tests/thread/thread.c",
	  .may_leak = 1 /* the C library's record of a thread that nobody joined */)
{
	CHECK_INT(async_run(abandon_stuck, NULL), 0);
	CHECK_INT(taken_over, 0);
	__atomic_store_n(&stop_stuck, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&taken_over, __ATOMIC_SEQ_CST))
		usleep(1000);
	usleep(20000); /* its thread frees what is left of the pool */
}

static long stuck_for_a_while(void *arg)
{
	(void)arg;
	usleep(200000);
	return 7;
}

TEST_TASK_WITH(stuck_job_is_reported_while_it_is_awaited, "A21", .backends = REAL_BACKENDS,
	       .expect_stderr = "runs on")
{
	static async_pool pool = { .name = "bad", .stuck_seconds = 0.02 };

	async_timeout (0.01)
		CHECK_INT(await_thread_in(&pool, stuck_for_a_while, NULL), 7);
}

/* ---- Growing, shrinking, limits ---- */

static pthread_barrier_t barrier;

static long meet(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	return 0;
}

static int meet_others(void *pool)
{
	return (int)await_thread_in(pool, meet, NULL);
}

TEST_TASK_WITH(pool_grows_to_its_limit, "A18", .backends = REAL_BACKENDS)
{
	static async_pool pool = ASYNC_POOL("four", 4);
	async_task *tasks[8];
	int before = fault_count("pthread_create");

	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 8; i++)
		tasks[i] = async_create_task(meet_others, &pool);
	CHECK_INT(await_gather(tasks, 8, NULL, 0), 0);
	CHECK_INT(fault_count("pthread_create") - before, 4);
	pthread_barrier_destroy(&barrier);
}

TEST_TASK_WITH(idle_threads_end_and_come_back, "A18", .backends = REAL_BACKENDS)
{
	static async_pool pool = { .name = "brief", .threads = 4, .idle_seconds = 0.01 };
	int before = fault_count("pthread_create");

	for (int i = 0; i < 3; i++) {
		CHECK_INT(await_thread_in(&pool, fib, ASYNC_INT(1)), 1);
		await_sleep(0.2);
	}
	CHECK_INT(fault_count("pthread_create") - before, 3);
}

static int wait_one(void *arg)
{
	return (int)await_thread_in(arg, fib, ASYNC_INT(1));
}

TEST_TASK_WITH(queue_limit_refuses, "A18", .backends = REAL_BACKENDS)
{
	static async_pool pool = { .name = "tight", .threads = 1, .queue_limit = 1 };
	async_task *first, *second;

	pthread_barrier_init(&barrier, NULL, 2);
	first = async_create_task(meet_others, &pool);
	settle();
	second = async_create_task(wait_one, &pool);
	settle();
	CHECK_INT(await_thread_in(&pool, fib, ASYNC_INT(1)), -ENOBUFS);
	CHECK_TEXT_HAS(async_error(), "queue_limit 1");
	pthread_barrier_wait(&barrier);
	CHECK_INT(await_task(first), 0);
	CHECK_INT(await_task(second), 1);
	pthread_barrier_destroy(&barrier);
}

TEST_TASK(no_thread_and_no_memory, "A18")
{
	async_job_options options = { .abandoned = take_over };
	long result;

	fault_inject("pthread_create", 1, EAGAIN);
	CHECK_INT(await_thread(fib, ASYNC_INT(1)), -EAGAIN);
	CHECK_TEXT_HAS(async_error(), "not one thread");
	for (int nth = 1; nth <= 2; nth++) {
		static async_pool pool = ASYNC_POOL("poor", 1);

		fault_inject(nth == 1 ? "malloc" : "calloc", 1, ENOMEM);
		CHECK_INT(await_thread_in(&pool, fib, ASYNC_INT(1)), -ENOMEM);
	}
	fault_inject("calloc", 1, ENOMEM);
	CHECK_INT(await_thread_with(&options, fib, NULL, &result), -ENOMEM);
	fault_clear();
	CHECK_INT(await_thread(fib, ASYNC_INT(1)), 1);
}

TEST_TASK_WITH(failed_thread_leaves_the_job_to_the_others, "A18", .backends = REAL_BACKENDS)
{
	async_task *tasks[2];
	int results[2];

	CHECK_INT(await_thread(fib, ASYNC_INT(1)), 1);
	fault_inject_from("pthread_create", 1, EAGAIN);
	for (int i = 0; i < 2; i++)
		tasks[i] = async_create_task(wait_one, async_default_pool());
	CHECK_INT(await_gather(tasks, 2, results, 0), 0);
	CHECK_INT(results[0] + results[1], 2);
}

/* ---- Closing ---- */

TEST_TASK(closed_pool_refuses, "A21")
{
	static async_pool pool = ASYNC_POOL("shut", 1), unused = ASYNC_POOL("unused", 1);

	CHECK_INT(await_thread_in(&pool, fib, ASYNC_INT(1)), 1);
	CHECK_INT(await_pool_close(&pool), 0);
	CHECK_INT(await_thread_in(&pool, fib, ASYNC_INT(1)), -ESHUTDOWN);
	CHECK_INT(await_pool_close(&pool), 0);
	CHECK_INT(await_pool_close(&unused), 0);
	CHECK_INT(await_thread_in(&unused, fib, ASYNC_INT(1)), -ESHUTDOWN);
	CHECK_TEXT_HAS(async_error(), "unused");
	CHECK_INT(await_pool_close(NULL), 0);
	CHECK_INT(await_thread(fib, ASYNC_INT(1)), -ESHUTDOWN);
}

TEST_TASK_WITH(close_finishes_what_was_accepted, "A21", .backends = REAL_BACKENDS)
{
	async_task *tasks[3];
	int results[3];

	pthread_barrier_init(&barrier, NULL, 2);
	tasks[0] = async_create_task(meet_others, &single);
	tasks[1] = async_create_task(wait_one, &single);
	tasks[2] = async_create_task(wait_one, &single);
	settle();
	async_timeout (0.02)
		CHECK_INT(await_pool_close(&single), -ETIMEDOUT);
	pthread_barrier_wait(&barrier);
	CHECK_INT(await_pool_close(&single), 0);
	CHECK_INT(await_gather(tasks, 3, results, 0), 0);
	CHECK_INT(results[1] + results[2], 2);
	pthread_barrier_destroy(&barrier);
}

TEST_TASK_WITH(close_names_the_stuck_job, "A21", .backends = REAL_BACKENDS,
	       .expect_stderr = "longest meet tests/thread/thread.c")
{
	async_task *task = async_create_task(meet_others, &single);

	pthread_barrier_init(&barrier, NULL, 2);
	settle();
	async_timeout (0.02)
		CHECK_INT(await_pool_close(&single), -ETIMEDOUT);
	pthread_barrier_wait(&barrier);
	CHECK_INT(await_task(task), 0);
	pthread_barrier_destroy(&barrier);
}

/* ---- Load ---- */

static int many_jobs(void *arg)
{
	for (int i = 0; i < 100; i++) {
		async_timeout (i % 3 ? INFINITY : 0.0002) {
			long n = await_thread(fib, ASYNC_INT(7));

			if (n >= 0)
				CHECK_INT(n, 13);
		}
	}
	return async_int(arg);
}

static void *loop_of_its_own(void *arg)
{
	CHECK_INT(async_run(many_jobs, arg), 0);
	return NULL;
}

TEST_TASK_WITH(several_loops_share_the_pool, "A18 A23", .deadline = 30)
{
	AWAIT_GROUP(group);
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&threads[i], NULL, loop_of_its_own, NULL));
	for (int i = 0; i < 10; i++)
		async_spawn(&group, many_jobs, NULL);
	CHECK_INT(await_group(&group), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}
