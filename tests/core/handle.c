/* SPDX-License-Identifier: MIT */
/* Callbacks: soon, later, from other threads. */
#include <await.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <unistd.h>
#include "harness.h"
#include "settle.h"

static async_handle handles[8];
static int calls[8], call_count;

static void called(void *arg)
{
	if (call_count < 8)
		calls[call_count] = async_int(arg);
	call_count++;
}

TEST_TASK(soon_is_first_in_first_out_and_once, "A07")
{
	CHECK_INT(async_call_soon(&handles[0], called, ASYNC_INT(1)), 0);
	CHECK_INT(async_call_soon(&handles[1], called, ASYNC_INT(2)), 0);
	CHECK_INT(async_call_soon(&handles[1], called, ASYNC_INT(3)), -EBUSY);
	CHECK_INT(call_count, 0);
	settle();
	CHECK_INT(call_count, 2);
	CHECK_INT(calls[0], 1);
	CHECK_INT(calls[1], 2);
	CHECK_INT(async_call_soon(&handles[1], called, ASYNC_INT(3)), 0);
	settle();
	CHECK_INT(call_count, 3);
}

static void call_again(void *arg)
{
	if (++call_count < 1000000)
		async_call_soon(arg, call_again, arg);
}

TEST_TASK(callback_that_schedules_itself_starves_nobody, "A07")
{
	async_call_soon(&handles[0], call_again, &handles[0]);
	CHECK_INT(await_sleep(0.005), 0);
	settle();
	CHECK(call_count > 1);
	call_count = 1000000;
	settle();
}

TEST_TASK(later_in_order_of_deadlines, "A09")
{
	double now = async_now();

	CHECK_INT(async_call_later(&handles[0], 0.3, called, ASYNC_INT(1)), 0);
	CHECK_INT(async_call_later(&handles[1], 0.1, called, ASYNC_INT(2)), 0);
	CHECK_INT(async_call_at(&handles[2], now + 0.2, called, ASYNC_INT(3)), 0);
	CHECK_INT(async_call_later(&handles[3], -1, called, ASYNC_INT(4)), 0);
	CHECK(fabs(async_handle_when(&handles[2]) - (now + 0.2)) < 1e-6);
	CHECK(isinf(async_handle_when(&handles[7])));
	CHECK_INT(async_call_later(&handles[4], NAN, called, NULL), -EINVAL);
	CHECK_INT(call_count, 0);
	while (call_count < 4)
		await_sleep(0.01);
	CHECK_INT(calls[0], 4);
	CHECK_INT(calls[1], 2);
	CHECK_INT(calls[2], 3);
	CHECK_INT(calls[3], 1);
}

TEST_TASK(cancelled_handles_do_not_run, "A10")
{
	async_call_soon(&handles[0], called, NULL);
	async_call_later(&handles[1], 0.001, called, NULL);
	CHECK(async_handle_cancel(&handles[0]));
	CHECK(async_handle_cancel(&handles[1]));
	CHECK(!async_handle_cancel(&handles[0]));
	CHECK(!async_handle_cancel(&handles[1]));
	await_sleep(0.01);
	CHECK_INT(call_count, 0);
}

TEST_TASK(million_cancelled_timers_leave_nothing, "A10")
{
	for (int i = 0; i < 1000000; i++) {
		CHECK_INT(async_call_later(&handles[i % 8], 3600, called, NULL), 0);
		CHECK(async_handle_cancel(&handles[i % 8]));
	}
}

static void start_task(void *arg)
{
	async_task_detach(async_create_task(arg, NULL));
}

static int count_call(void *arg)
{
	(void)arg;
	await_sleep(0);
	call_count++;
	return 0;
}

TEST_TASK(callback_may_start_a_task, "A07 B02")
{
	async_call_soon(&handles[0], start_task, count_call);
	while (!call_count)
		await_sleep(0.001);
	await_sleep(0.01);
	CHECK_INT(call_count, 1);
}

struct caller {
	async_loop *loop;
	pthread_t thread;
	async_event event;
	async_handle handle; /* stays in place until it ran: not on the thread's stack */
};

static void set_event(void *arg)
{
	async_event_set(arg);
}

static void *call_from_thread(void *arg)
{
	struct caller *caller = arg;

	usleep(20000);
	CHECK_INT(async_call_threadsafe(caller->loop, &handles[0], set_event, &caller->event), 0);
	return NULL;
}

TEST_TASK_WITH(call_from_another_thread_wakes_the_loop, "A08", .backends = REAL_BACKENDS)
{
	struct caller caller = { .loop = async_current_loop() };

	CHECK(!pthread_create(&caller.thread, NULL, call_from_thread, &caller));
	CHECK_INT(await_event(&caller.event), 0);
	pthread_join(caller.thread, NULL);
}

static int thread_calls;

static void count_thread_call(void *arg)
{
	(void)arg;
	thread_calls++;
}

static void *call_often(void *arg)
{
	struct caller *caller = arg;

	for (int i = 0; i < 2000; i++) {
		while (async_call_threadsafe(caller->loop, &caller->handle, count_thread_call,
					     NULL) == -EBUSY)
			usleep(1);
	}
	while (async_call_threadsafe(caller->loop, &caller->handle, set_event, &caller->event) ==
	       -EBUSY)
		usleep(1);
	return NULL;
}

TEST_TASK_WITH(every_call_from_threads_arrives, "A08", .backends = REAL_BACKENDS, .deadline = 30)
{
	struct caller callers[2];

	for (int i = 0; i < 2; i++) {
		callers[i] = (struct caller){ .loop = async_current_loop() };
		CHECK(!pthread_create(&callers[i].thread, NULL, call_often, &callers[i]));
	}
	for (int i = 0; i < 2; i++)
		CHECK_INT(await_event(&callers[i].event), 0);
	CHECK_INT(thread_calls, 4000);
	for (int i = 0; i < 2; i++)
		pthread_join(callers[i].thread, NULL);
}

/* Whoever changes the state first has the call: it runs, or it is cancelled, never both. */
static void *cancel_from_thread(void *arg)
{
	*(bool *)arg = async_handle_cancel(&handles[1]);
	return NULL;
}

TEST_TASK_WITH(foreign_call_cancelled_from_a_thread, "A08 A10", .backends = REAL_BACKENDS)
{
	struct caller caller = { .loop = async_current_loop() };
	bool cancelled = false;

	CHECK_INT(async_call_threadsafe(caller.loop, &handles[0], called, NULL), 0);
	CHECK_INT(async_call_threadsafe(caller.loop, &handles[0], called, NULL), -EBUSY);
	CHECK(async_handle_cancel(&handles[0]));
	settle();
	CHECK_INT(call_count, 0);
	CHECK_INT(async_call_threadsafe(caller.loop, &handles[1], called, NULL), 0);
	CHECK(!pthread_create(&caller.thread, NULL, cancel_from_thread, &cancelled));
	await_sleep(0.02);
	pthread_join(caller.thread, NULL);
	CHECK_INT(call_count, !cancelled);
}
