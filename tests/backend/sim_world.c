/* SPDX-License-Identifier: MIT */
/* The faults of the simulated world: each does what it says, and a seed repeats them. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <await.h>
#include <await/sim.h>
#include "harness.h"

enum { PORT = 4000, TOTAL = 20000 };

static void connected_pair(int *client, int *server)
{
	int listener = await_tcp_listen("127.0.0.1:4000");

	CHECK(listener >= 0);
	*client = await_tcp_connect("127.0.0.1:4000");
	CHECK(*client >= 0);
	*server = await_accept(listener);
	CHECK(*server >= 0);
	CHECK_INT(async_close(listener), 0);
}

static int send_total(void *fd)
{
	char data[TOTAL];

	for (int i = 0; i < TOTAL; i++)
		data[i] = (char)(i * 7);
	CHECK_INT(await_sendall(async_int(fd), data, sizeof data), TOTAL);
	return async_close(async_int(fd));
}

/* Sends and receives TOTAL bytes, checks every one; returns in how many pieces they came. */
static int transfer(void)
{
	char data[4096];
	int a, b, pieces = 0, at = 0;
	ssize_t n;
	AWAIT_GROUP(group);

	connected_pair(&a, &b);
	async_spawn(&group, send_total, ASYNC_INT(a));
	for (; (n = await_recv(b, data, sizeof data)) > 0; pieces++)
		for (ssize_t i = 0; i < n; i++, at++)
			CHECK_INT(data[i], (char)(at * 7));
	CHECK_INT(n, 0);
	CHECK_INT(at, TOTAL);
	CHECK_INT(await_group(&group), 0);
	async_close(b);
	return pieces;
}

TEST_TASK_WITH(without_faults_nothing_is_torn, "X13 T07 F02", .backends = BACKEND_SIM)
{
	double start = async_now();

	CHECK_INT(transfer(), (TOTAL + 4095) / 4096);
	CHECK(async_now() == start);
}

TEST_TASK_WITH(short_reads_and_writes, "X13 T07 F01 F02", .backends = BACKEND_SIM)
{
	async_sim_options world = { .short_read = 0.9, .short_write = 0.9 };

	CHECK_INT(async_sim_set(&world), 0);
	CHECK(transfer() > 5);
}

TEST_TASK_WITH(small_buffers, "X13 T07 F02", .backends = BACKEND_SIM)
{
	async_sim_options world = { .buffer_bytes = 100 };

	CHECK_INT(async_sim_set(&world), 0);
	CHECK_INT(transfer(), TOTAL / 100);
}

TEST_TASK_WITH(latency_delays_and_keeps_the_order, "X13 T07 F01", .backends = BACKEND_SIM)
{
	async_sim_options world = { .latency_min = 1, .latency_max = 3, .short_write = 0.9 };
	double start = async_now();

	CHECK_INT(async_sim_set(&world), 0);
	CHECK(transfer() > 3);
	/* There and back to connect, then the data. */
	CHECK(async_now() - start >= 3);
	CHECK(async_now() - start <= 9);
}

TEST_TASK_WITH(connects_are_refused, "X13 T07 F04", .backends = BACKEND_SIM)
{
	async_sim_options world = { .refuse = 0.5 };
	int listener = await_tcp_listen("127.0.0.1:4000"), refused = 0;

	CHECK_INT(async_sim_set(&world), 0);
	for (int i = 0; i < 100; i++) {
		int fd = await_tcp_connect("127.0.0.1:4000");

		if (fd < 0) {
			CHECK_INT(fd, -ECONNREFUSED);
			refused++;
		} else {
			async_close(await_accept(listener));
			async_close(fd);
		}
	}
	CHECK(refused > 30 && refused < 70);
	async_close(listener);
}

TEST_TASK_WITH(connections_are_reset, "X13 T07 F01", .backends = BACKEND_SIM)
{
	async_sim_options world = { .reset = 0.3 }, calm = { 0 };
	int resets = 0;
	char data[4];

	for (int i = 0; i < 50; i++) {
		ssize_t n;
		int a, b;

		CHECK_INT(async_sim_set(&calm), 0);
		connected_pair(&a, &b);
		CHECK_INT(async_sim_set(&world), 0);
		n = await_send(a, "x", 1);
		if (n < 0) {
			CHECK_INT(n, -ECONNRESET);
			resets++;
			/* So does the other side. */
			CHECK_INT(await_recv(b, data, 4), -ECONNRESET);
			CHECK_INT(await_send(a, "x", 1), -EPIPE);
		}
		async_close(a);
		async_close(b);
	}
	CHECK(resets > 0 && resets < 40);
}

TEST_TASK_WITH(a_partition_holds_until_it_is_healed, "X13 T07 F01 F04", .backends = BACKEND_SIM)
{
	int a, b, listener;
	char data[8];

	connected_pair(&a, &b);
	listener = await_tcp_listen("127.0.0.1:4000");
	CHECK_INT(await_send(a, "before", 6), 6);
	CHECK_INT(async_sim_partition(PORT), 0);
	CHECK_INT(await_send(a, "after", 5), 5);
	CHECK_INT(await_recv(b, data, sizeof data), 6);
	async_timeout (100) {
		CHECK_INT(await_recv(b, data, sizeof data), -ETIMEDOUT);
		CHECK_INT(await_tcp_connect("127.0.0.1:4000"), -ETIMEDOUT);
	}
	async_timeout (100)
		CHECK_INT(await_tcp_connect("127.0.0.1:4000"), -ETIMEDOUT);
	CHECK_INT(async_close(a), 0);
	CHECK_INT(async_sim_heal(PORT), 0);
	CHECK_INT(await_recv(b, data, sizeof data), 5);
	CHECK_INT(await_recv(b, data, sizeof data), 0);
	a = await_tcp_connect("127.0.0.1:4000");
	CHECK(a >= 0);
	async_close(a);
	async_close(b);
	async_close(listener);
}

TEST_TASK_WITH(a_world_that_cannot_be, "X13", .backends = BACKEND_SIM)
{
	async_sim_options unlikely = { .reset = 1.5 },
			  backwards = { .latency_min = 2, .latency_max = 1 };

	CHECK_INT(async_sim_set(&unlikely), -EINVAL);
	CHECK_INT(async_sim_set(&backwards), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "latency from 2 to 1 s");
	CHECK_INT(async_sim_partition(0), -EINVAL);
	CHECK_INT(async_sim_partition(65536), -EINVAL);
}

static int transfer_task(void *trace)
{
	transfer();
	*(uint64_t *)trace = async_sim_trace();
	return 0;
}

TEST_WITH(a_seed_repeats_the_world, "X13 T07", .backends = BACKEND_SIM)
{
	async_sim_options world = {
		.latency_min = 0.001,
		.latency_max = 0.1,
		.short_read = 0.3,
		.short_write = 0.3,
		.shuffle = 1,
	};
	async_options options = { .sim = &world };
	uint64_t traces[5], again;

	for (size_t i = 0; i < 5; i++) {
		options.seed = 100 + i;
		CHECK_INT(async_run_with(&options, transfer_task, &traces[i]), 0);
		CHECK_INT(async_run_with(&options, transfer_task, &again), 0);
		CHECK(again == traces[i]);
		for (size_t j = 0; j < i; j++)
			CHECK(traces[i] != traces[j]);
	}
}
