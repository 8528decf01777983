/* SPDX-License-Identifier: MIT */
/* The simulation: its clock, the order of what happens, replay, deadlocks, and what it shares with
 * the real world. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <await.h>
#include <await/sim.h>
#include "harness.h"

static double real_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- The clock ---- */

TEST_TASK_WITH(a_day_takes_no_time, "X13 T07", .backends = BACKEND_SIM)
{
	double real = real_seconds(), start = async_now();

	CHECK_INT(await_sleep(86400), 0);
	CHECK(async_now() - start >= 86400 && async_now() - start < 86400.000001);
	CHECK_INT(await_sleep(0.001), 0);
	CHECK(real_seconds() - real < 1 * test_patience());
}

/* In spite of all rounding: programs compare like this. */
TEST_TASK_WITH(never_shorter_than_asked, "X13 A12", .backends = BACKEND_SIM)
{
	for (int i = 1; i < 1000; i++) {
		double seconds = i / 1000.0, start = async_now();

		CHECK_INT(await_sleep(seconds), 0);
		CHECK(async_now() - start >= seconds);
	}
}

static char order[64];

static int sleeper(void *seconds)
{
	int result = await_sleep(async_int(seconds));

	snprintf(order + strlen(order), sizeof order - strlen(order), "%d ", async_int(seconds));
	return result;
}

TEST_TASK_WITH(timers_come_in_their_order, "X13 T07", .backends = BACKEND_SIM)
{
	AWAIT_GROUP(group);
	static const int seconds[] = { 300, 1, 50, 7200, 2 };

	for (size_t i = 0; i < 5; i++)
		async_spawn(&group, sleeper, ASYNC_INT(seconds[i]));
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(order, "1 2 50 300 7200 ");
}

TEST_TASK_WITH(spinning_until_a_timer_ends, "X13", .backends = BACKEND_SIM)
{
	double start = async_now();
	int spins = 0;

	async_timeout (0.01)
		for (; !await_sleep(0); spins++)
			continue;
	CHECK(async_timed_out());
	CHECK(spins > 1000);
	/* Even for an hour. */
	async_timeout (3600)
		while (!await_sleep(0))
			continue;
	CHECK(async_timed_out());
	CHECK(async_now() - start >= 3600);
}

TEST_TASK_WITH(timeout_beats_a_slower_task, "X13 T07", .backends = BACKEND_SIM)
{
	async_task *task = async_create_task(sleeper, ASYNC_INT(100));

	CHECK_INT(await_wait_for(task, 99), -ETIMEDOUT);
	task = async_create_task(sleeper, ASYNC_INT(100));
	CHECK_INT(await_wait_for(task, 101), 0);
}

/* ---- Order and replay ---- */

static int note_letter(void *letter)
{
	size_t length = strlen(order);

	for (int i = 0; i < 2; i++) {
		length = strlen(order);
		order[length] = (char)async_int(letter);
		order[length + 1] = '\0';
		await_sleep(0);
	}
	return 0;
}

static int letters(void *arg)
{
	AWAIT_GROUP(group);

	order[0] = '\0';
	for (int letter = 'a'; letter <= 'h'; letter++)
		async_spawn(&group, note_letter, ASYNC_INT(letter));
	await_group(&group);
	*(uint64_t *)arg = async_sim_trace();
	return 0;
}

TEST_WITH(first_in_first_out_by_default, "X13 T07", .backends = BACKEND_SIM)
{
	uint64_t trace = 0;

	CHECK_INT(async_run(letters, &trace), 0);
	CHECK_STR(order, "abcdefghabcdefgh");
	CHECK(trace != 0);
}

TEST_WITH(shuffle_follows_the_seed, "X13 T07", .backends = BACKEND_SIM)
{
	async_sim_options world = { .shuffle = 1 };
	async_options options = { .seed = 7, .sim = &world };
	uint64_t first, again, other;
	char text[sizeof order];

	CHECK_INT(async_run_with(&options, letters, &first), 0);
	CHECK(strcmp(order, "abcdefghabcdefgh") != 0);
	strcpy(text, order);
	CHECK_INT(async_run_with(&options, letters, &again), 0);
	CHECK_STR(order, text);
	CHECK(again == first);
	options.seed = 8;
	CHECK_INT(async_run_with(&options, letters, &other), 0);
	CHECK(strcmp(order, text) != 0);
	CHECK(other != first);
}

static int seeded(void *number)
{
	*(uint64_t *)number = async_random(UINT64_C(1) << 40);
	return 0;
}

/* setenv keeps a copy. */
TEST_WITH(the_environment_replays_a_seed, "X13 T07", .backends = BACKEND_SIM, .may_leak = 1)
{
	async_options one = { .seed = 1 }, fortytwo = { .seed = 42 };
	uint64_t a, b;

	/* No seed at all is 1. */
	unsetenv("LIBAWAIT_SEED");
	CHECK_INT(async_run(seeded, &a), 0);
	CHECK_INT(async_run_with(&one, seeded, &b), 0);
	CHECK(a == b);
	setenv("LIBAWAIT_SEED", "42", 1);
	CHECK_INT(async_run(seeded, &a), 0);
	CHECK_INT(async_run_with(&fortytwo, seeded, &b), 0);
	CHECK(a == b);
	CHECK_INT(async_run_with(&one, seeded, &b), 0);
	CHECK(a != b);
}

/* ---- Deadlocks ---- */

static char told[1024];

static void keep_report(const async_report *report, void *arg)
{
	(void)arg;
	snprintf(told + strlen(told), sizeof told - strlen(told), "%s: %s\n", report->kind,
		 report->text);
}

static int lonely_server(void *arg)
{
	int listener = await_tcp_listen(":80"), client;

	(void)arg;
	client = await_accept(listener);
	async_close(listener);
	return client;
}

TEST_WITH(nobody_will_ever_connect, "X13 T02", .backends = BACKEND_SIM)
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, lonely_server, NULL), -EDEADLK);
	CHECK_TEXT_HAS(told, "deadlock: every task waits and nothing can wake them");
	CHECK_TEXT_HAS(told, "await_accept");
}

static int slow_then_stuck(void *arg)
{
	int fds[2], result;
	char data[4];

	(void)arg;
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	/* On its way: no deadlock yet. */
	CHECK_INT(await_send(fds[0], "x", 1), 1);
	CHECK_INT(await_recv(fds[1], data, sizeof data), 1);
	result = (int)await_recv(fds[1], data, sizeof data);
	async_close(fds[0]);
	async_close(fds[1]);
	return result;
}

TEST_WITH(data_under_way_is_no_deadlock, "X13", .backends = BACKEND_SIM)
{
	async_sim_options world = { .latency_min = 5, .latency_max = 5 };
	async_options options = { .sim = &world, .report = keep_report };

	CHECK_INT(async_run_with(&options, slow_then_stuck, NULL), -EDEADLK);
	CHECK_TEXT_HAS(told, "deadlock");
}

static int leave_open(void *arg)
{
	(void)arg;
	return async_socket(AF_INET, SOCK_STREAM, 0) < 0;
}

TEST_WITH(descriptors_left_open_are_told, "T02", .backends = BACKEND_SIM)
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, leave_open, NULL), 0);
	CHECK_TEXT_HAS(
		told,
		"left: 1 descriptors of the simulation were left open; the first is 1048576 (stream)");
}

/* ---- The real world ---- */

static int write_soon(void *fd)
{
	await_sleep(10);
	return await_write(async_int(fd), "late", 4) == 4 ? 0 : -EIO;
}

TEST_TASK_WITH(a_pipe_between_tasks, "X13 F07", .backends = BACKEND_SIM)
{
	AWAIT_GROUP(group);
	char data[8];
	int fds[2];

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	async_spawn(&group, write_soon, ASYNC_INT(fds[1]));
	CHECK_INT(await_read(fds[0], data, sizeof data), 4);
	async_timeout (1)
		CHECK_INT(await_read(fds[0], data, sizeof data), -ETIMEDOUT);
	CHECK_INT(await_write(fds[1], "x", 1), 1);
	CHECK_INT(await_poll(fds[0], POLLIN), POLLIN);
	CHECK_INT(async_close(fds[0]), 0);
	CHECK_INT(async_close(fds[1]), 0);
	CHECK_INT(async_close(fds[1]), -EBADF);
}

static void *write_from_thread(void *fd)
{
	usleep(20 * 1000);
	return (void *)(intptr_t)write(*(int *)fd, "x", 1);
}

TEST_TASK_WITH(waiting_for_the_real_world, "X13", .backends = BACKEND_SIM)
{
	pthread_t thread;
	char data[8];
	int fds[2];

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	CHECK_INT(pthread_create(&thread, NULL, write_from_thread, &fds[1]), 0);
	CHECK_INT(await_read(fds[0], data, sizeof data), 1);
	pthread_join(thread, NULL);
	async_close(fds[0]);
	async_close(fds[1]);
}

struct call {
	async_loop *loop;
	async_handle handle;
	async_future future;
};

static void finish_future(void *arg)
{
	async_future_set(arg, NULL);
}

static void *call_from_thread(void *arg)
{
	struct call *call = arg;

	usleep(20 * 1000);
	CHECK_INT(async_call_threadsafe(call->loop, &call->handle, finish_future, &call->future),
		  0);
	return NULL;
}

TEST_TASK_WITH(a_call_from_another_thread, "X13", .backends = BACKEND_SIM)
{
	static struct call call;
	pthread_t thread;

	call.loop = async_current_loop();
	for (int i = 0; i < 3; i++) {
		call.future = (async_future)ASYNC_FUTURE;
		CHECK_INT(pthread_create(&thread, NULL, call_from_thread, &call), 0);
		CHECK_INT(await_future(&call.future, NULL), 0);
		pthread_join(thread, NULL);
	}
}

TEST_WITH(a_plain_thread_in_simulation, "X13", .backends = BACKEND_SIM, .in_thread = 1)
{
	double start;

	CHECK_INT(await_sleep(0), 0);
	start = async_now();
	CHECK_INT(await_sleep(1000), 0);
	CHECK(async_now() - start >= 1000 && async_now() - start < 1000.000001);
	CHECK_STR(async_backend_name(), "sim");
}

TEST_TASK_WITH(only_in_simulation, "X13", .backends = REAL_BACKENDS)
{
	async_sim_options world = { 0 };
	uint64_t a = async_random(UINT64_MAX), b = async_random(UINT64_MAX);

	CHECK_INT(async_sim_set(&world), -ENOTSUP);
	CHECK_TEXT_HAS(async_error(), test_backend());
	CHECK_INT(async_sim_partition(80), -ENOTSUP);
	CHECK_INT(async_sim_heal(80), -ENOTSUP);
	CHECK(async_sim_trace() == 0);
	CHECK(a != b);
	CHECK(async_random(10) < 10);
}
