/* SPDX-License-Identifier: MIT */
/* Calls from other threads into a loop, and results that come back. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "settle.h"

struct fixture {
	async_loop *loop;
	pthread_t thread;
	async_event event;
	int result;
};

static int add_one(void *n)
{
	int error = await_sleep(0.001);

	return error ? error : async_int(n) + 1;
}

static int until_cancel(void *arg)
{
	if (arg)
		__atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
	return await_sleep(INFINITY);
}

static int fail(void *arg)
{
	(void)arg;
	return async_fail(-ENOTUNIQ, "no luck");
}

static void set_event(void *event)
{
	async_event_set(event);
}

static void start(struct fixture *fixture, void *(*body)(void *))
{
	*fixture = (struct fixture){ .loop = async_current_loop() };
	CHECK(!pthread_create(&fixture->thread, NULL, body, fixture));
}

static void end(struct fixture *fixture)
{
	CHECK_INT(await_event(&fixture->event), 0);
	pthread_join(fixture->thread, NULL);
}

/* ---- Plain threads ---- */

static void *use_loop(void *arg)
{
	struct fixture *fixture = arg;
	async_remote *remote = async_loop_run_task(fixture->loop, add_one, ASYNC_INT(41));

	CHECK_INT(async_remote_result(remote, INFINITY), 42);
	CHECK_INT(async_remote_result(remote, 0), 42);
	CHECK(!async_remote_cancel(remote));
	async_remote_detach(remote);
	/* The same, waiting as a task of this thread's own loop. */
	remote = async_loop_run_task(fixture->loop, add_one, ASYNC_INT(1));
	CHECK_INT(await_remote(remote), 2);
	remote = async_loop_run_task(fixture->loop, fail, NULL);
	CHECK_INT(await_remote(remote), -ENOTUNIQ);
	CHECK_TEXT_HAS(async_error(), "no luck");
	CHECK_INT(async_loop_call(fixture->loop, set_event, &fixture->event), 0);
	return NULL;
}

TEST_TASK(thread_runs_tasks_on_a_loop, "A22 X11")
{
	struct fixture fixture;

	start(&fixture, use_loop);
	end(&fixture);
}

static void *cancel_remote(void *arg)
{
	struct fixture *fixture = arg;
	int begun = 0;
	async_remote *remote = async_loop_run_task(fixture->loop, until_cancel, &begun);

	CHECK_INT(async_remote_result(remote, 0), -ETIMEDOUT);
	CHECK_INT(async_remote_result(remote, 0.01), -ETIMEDOUT);
	while (!__atomic_load_n(&begun, __ATOMIC_SEQ_CST))
		usleep(1000);
	CHECK_INT(async_remote_result(remote, NAN), -EINVAL);
	CHECK(async_remote_cancel(remote));
	CHECK(async_remote_cancelled(remote));
	CHECK_INT(async_remote_result(remote, INFINITY), -ECANCELED);
	async_remote_detach(remote);
	/* Cancelled at once: it may or may not have begun. */
	remote = async_loop_run_task(fixture->loop, until_cancel, NULL);
	CHECK(async_remote_cancel(remote));
	async_remote_cancel(remote); /* it may have ended by now */
	CHECK_INT(async_remote_result(remote, INFINITY), -ECANCELED);
	async_remote_detach(remote);
	CHECK_INT(async_loop_call(fixture->loop, set_event, &fixture->event), 0);
	return NULL;
}

TEST_TASK_WITH(cancel_from_the_thread_reaches_the_task, "A22", .backends = REAL_BACKENDS)
{
	struct fixture fixture;

	start(&fixture, cancel_remote);
	end(&fixture);
}

static void *wait_with_timeout(void *arg)
{
	struct fixture *fixture = arg;
	async_remote *remote = async_loop_run_task(fixture->loop, until_cancel, NULL);

	async_timeout (0.02)
		CHECK_INT(await_remote(remote), -ECANCELED);
	CHECK(async_timed_out());
	CHECK_INT(async_loop_call(fixture->loop, set_event, &fixture->event), 0);
	return NULL;
}

TEST_TASK_WITH(cancel_of_the_waiter_goes_on, "A22", .backends = REAL_BACKENDS)
{
	struct fixture fixture;

	start(&fixture, wait_with_timeout);
	end(&fixture);
}

static int call_count;

static void count_call(void *arg)
{
	CHECK_INT(async_int(arg), call_count);
	call_count++;
}

static void *call_often(void *arg)
{
	struct fixture *fixture = arg;

	for (int i = 0; i < 2000; i++)
		CHECK_INT(async_loop_call(fixture->loop, count_call, ASYNC_INT(i)), 0);
	CHECK_INT(async_loop_call(fixture->loop, set_event, &fixture->event), 0);
	return NULL;
}

TEST_TASK_WITH(calls_arrive_in_order, "A22 A08", .deadline = 30)
{
	struct fixture fixture;

	start(&fixture, call_often);
	end(&fixture);
	CHECK_INT(call_count, 2000);
}

/* ---- Handles without a task ---- */

static void *finish_later(void *arg)
{
	usleep(5000);
	CHECK(async_remote_finish(arg, 5));
	return NULL;
}

TEST_TASK(any_thread_can_give_a_result, "A23")
{
	async_remote *remote = async_remote_new();
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, finish_later, remote));
	CHECK_INT(await_remote(remote), 5);
	pthread_join(thread, NULL);
}

TEST_TASK(cancelled_handle_is_done_at_once, "A23")
{
	async_remote *remote = async_remote_new();

	async_timeout (0.01)
		CHECK_INT(await_remote(remote), -ECANCELED);
	CHECK(async_remote_cancelled(remote));
	CHECK(!async_remote_finish(remote, 5));
	remote = async_remote_new();
	async_remote_detach(remote);
	CHECK(async_remote_finish(remote, 5));
	async_remote_detach(NULL);
	CHECK_INT(await_remote(NULL), -EINVAL);
}

static int wait_for_remote(void *remote)
{
	return await_remote(remote);
}

TEST_TASK(blocking_a_loop_is_refused, "A22")
{
	async_remote *remote = async_remote_new();
	async_task *task = async_create_task(wait_for_remote, remote);

	settle();
	CHECK_INT(async_remote_result(remote, 1), -EDEADLK);
	CHECK_TEXT_HAS(async_error(), "use await_remote");
	CHECK(async_remote_finish(remote, 3));
	CHECK_INT(await_task(task), 3);
}

/* ---- Loops that close ---- */

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void never(void *arg)
{
	(void)arg;
	harness_fail(__FILE__, __LINE__, "ran on a closed loop");
}

TEST(closed_loop_gives_letters_back, "A22 A23")
{
	async_loop *loop = async_loop_new(NULL);
	async_remote *remote;

	CHECK_INT(async_loop_run(loop, nothing, NULL), 0);
	remote = async_loop_run_task(loop, add_one, ASYNC_INT(1));
	CHECK_INT(async_loop_call(loop, never, NULL), 0);
	async_loop_free(loop);
	CHECK_INT(async_remote_result(remote, INFINITY), -ESHUTDOWN);
	CHECK(!async_remote_cancel(remote));
	async_remote_detach(remote);
}

TEST_TASK(memory_for_calls, "A22")
{
	async_loop *loop = async_current_loop();

	fault_inject("calloc", 1, ENOMEM);
	CHECK_INT(async_loop_call(loop, never, NULL), -ENOMEM);
	fault_inject("calloc", 2, ENOMEM);
	CHECK(!async_loop_run_task(loop, nothing, NULL));
	CHECK_TEXT_HAS(async_error(), "async_loop_run_task");
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(async_loop_call(loop, never, NULL), -ENOMEM);
	fault_inject("calloc", 1, ENOMEM);
	CHECK(!async_remote_new());
}

TEST_WITH(detached_failure_is_reported_by_its_loop, "A22", .expect_stderr = "no luck")
{
	async_loop *loop = async_loop_new(NULL);

	async_remote_detach(async_loop_run_task(loop, fail, NULL));
	CHECK_INT(async_loop_run(loop, add_one, ASYNC_INT(1)), 2);
	async_loop_free(loop);
}
