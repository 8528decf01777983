/* SPDX-License-Identifier: MIT */
/* Datagrams of the simulation: as the kernel's where no fault strikes, and what the faults do. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <await.h>
#include <await/sim.h>
#include "harness.h"

static struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof address;

	CHECK_INT(async_getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return address;
}

TEST_TASK(datagrams_keep_their_bounds, "F05 X13")
{
	int a = await_udp_bind("127.0.0.1:0"), b = await_udp_bind("127.0.0.1:0");
	struct sockaddr_in to = name_of(b), from, own = name_of(a);
	struct iovec part;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	socklen_t length = sizeof from;
	char data[16];

	CHECK_INT(await_sendto(a, "one", 3, 0, (struct sockaddr *)&to, sizeof to), 3);
	CHECK_INT(await_sendto(a, "", 0, 0, (struct sockaddr *)&to, sizeof to), 0);
	CHECK_INT(await_sendto(a, "long one", 8, 0, (struct sockaddr *)&to, sizeof to), 8);
	CHECK_INT(await_recvfrom(b, data, sizeof data, MSG_PEEK, NULL, NULL), 3);
	CHECK_INT(await_recvfrom(b, data, sizeof data, 0, (struct sockaddr *)&from, &length), 3);
	CHECK_INT(length, sizeof from);
	CHECK(from.sin_port == own.sin_port && from.sin_addr.s_addr == own.sin_addr.s_addr);
	CHECK_INT(await_recvfrom(b, data, sizeof data, 0, NULL, NULL), 0);
	part = (struct iovec){ data, 4 };
	CHECK_INT(await_recvmsg(b, &message, 0), 4);
	CHECK(message.msg_flags & MSG_TRUNC);
	CHECK_INT(await_send(a, "x", 1), -EDESTADDRREQ);
	CHECK_INT(async_close(a), 0);
	CHECK_INT(async_close(b), 0);
}

TEST_TASK(connected_datagrams, "F05 U04 X13")
{
	int a = async_socket(AF_INET, SOCK_DGRAM, 0), b = await_udp_bind("127.0.0.1:0"), c;
	struct sockaddr_in to = name_of(b), own;
	char data[16];

	CHECK_INT(await_connect(a, (struct sockaddr *)&to, sizeof to), 0);
	own = name_of(a);
	c = await_udp_bind("127.0.0.1:0");
	/* Only its peer reaches it. */
	CHECK_INT(await_sendto(c, "stranger", 8, 0, (struct sockaddr *)&own, sizeof own), 8);
	CHECK_INT(await_sendto(b, "peer", 4, 0, (struct sockaddr *)&own, sizeof own), 4);
	CHECK_INT(await_recv(a, data, sizeof data), 4);
	/* And it learns that nobody is there any more. */
	CHECK_INT(async_close(b), 0);
	CHECK_INT(await_send(a, "x", 1), 1);
	CHECK_INT(await_recv(a, data, sizeof data), -ECONNREFUSED);
	CHECK_INT(async_close(a), 0);
	CHECK_INT(async_close(c), 0);
}

static int send_many(void *fd)
{
	for (int i = 0; i < 2000; i++)
		CHECK_INT(await_send(async_int(fd), "0123456789", 10), 10);
	return async_close(async_int(fd));
}

TEST_TASK(unix_datagrams, "F05 X13")
{
	AWAIT_GROUP(group);
	char data[16];
	int fds[2];

	CHECK_INT(async_socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	/* More than the receiver holds: the sender waits. */
	async_spawn(&group, send_many, ASYNC_INT(fds[0]));
	for (int i = 0; i < 2000; i++)
		CHECK_INT(await_recv(fds[1], data, sizeof data), 10);
	CHECK_INT(await_group(&group), 0);
	CHECK_INT(await_send(fds[1], "x", 1), -ECONNREFUSED);
	CHECK_INT(async_close(fds[1]), 0);
}

/* Numbers arrive by themselves or not at all: `counts` says how often each came. */
static void send_numbers(int counts[], int n, int order[])
{
	int a = async_socket(AF_INET, SOCK_DGRAM, 0), b = await_udp_bind("127.0.0.1:7000"), number,
	    at = 0;
	struct sockaddr_in to = name_of(b);

	CHECK_INT(await_connect(a, (struct sockaddr *)&to, sizeof to), 0);
	for (int i = 0; i < n; i++)
		CHECK_INT(await_send(a, &i, sizeof i), sizeof i);
	async_timeout (10)
		while (await_recv(b, &number, sizeof number) == sizeof number) {
			counts[number]++;
			order[at++] = number;
		}
	CHECK(async_timed_out());
	async_close(a);
	async_close(b);
}

TEST_TASK_WITH(datagrams_are_lost_doubled_and_overtaken, "F05 X13 T07", .backends = BACKEND_SIM)
{
	async_sim_options world = {
		.latency_min = 0.001, .latency_max = 0.1, .drop = 0.2, .duplicate = 0.2
	};
	static int counts[1000], order[2000];
	int lost = 0, doubled = 0, overtaken = 0;

	CHECK_INT(async_sim_set(&world), 0);
	send_numbers(counts, 1000, order);
	for (int i = 0; i < 1000; i++) {
		lost += !counts[i];
		doubled += counts[i] == 2;
		overtaken += i && order[i] < order[i - 1];
	}
	CHECK(lost > 150 && lost < 250);
	CHECK(doubled > 100 && doubled < 220);
	CHECK(overtaken > 300);
}

TEST_TASK_WITH(a_full_receiver_drops, "F05 X13", .backends = BACKEND_SIM)
{
	async_sim_options world = { .buffer_bytes = 10 * sizeof(int) };
	static int counts[100], order[100];
	int came = 0;

	CHECK_INT(async_sim_set(&world), 0);
	send_numbers(counts, 100, order);
	for (int i = 0; i < 100; i++)
		came += counts[i];
	CHECK_INT(came, 10);
}

TEST_TASK_WITH(a_partition_loses_datagrams, "F05 X13", .backends = BACKEND_SIM)
{
	static int counts[10], order[10];

	CHECK_INT(async_sim_partition(7000), 0);
	send_numbers(counts, 10, order);
	CHECK_INT(counts[0] + counts[9], 0);
	CHECK_INT(async_sim_heal(7000), 0);
	send_numbers(counts, 10, order);
	CHECK_INT(counts[0] + counts[9], 2);
}
