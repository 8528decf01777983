/* SPDX-License-Identifier: MIT */
/* Datagram endpoints and batches. */
#define _GNU_SOURCE
#include <await.h>
#include <await/sim.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

enum { MANY = 40, ROOM = 2000 };

static char rooms[MANY][ROOM];

static void offer(async_packet *packets, size_t count)
{
	memset(packets, 0, count * sizeof *packets);
	for (size_t i = 0; i < count; i++) {
		packets[i].data = rooms[i];
		packets[i].room = ROOM;
	}
}

static int open_at(const char *local, const char *remote)
{
	int fd =
		await_udp_open(&(async_udp_options){ .local = local, .remote = remote, .info = 1 });

	if (fd < 0)
		harness_fail(__FILE__, __LINE__, "await_udp_open: %s", async_error());
	return fd;
}

/* Two sockets that talk with each other: [0] waits for anyone, [1] is connected to it. */
static void open_both(int fds[2], const char *local)
{
	char address[80];

	fds[0] = open_at(local, NULL);
	strcpy(address, async_sockname(fds[0]));
	fds[1] = open_at(NULL, address);
	CHECK_STR(async_peername(fds[1]), address);
}

static void close_both(const int fds[2])
{
	CHECK_INT(async_close(fds[0]), 0);
	CHECK_INT(async_close(fds[1]), 0);
}

TEST_TASK(endpoints, "U01 U02 U03 F05 X14")
{
	char data[100], own[80], path[] = "/tmp/await-udp-test.sock";
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	int fds[2], other;

	open_both(fds, "127.0.0.1:0");
	CHECK_INT(await_send(fds[1], "hello", 5), 5);
	CHECK_INT(await_sendto(fds[1], "", 0, 0, NULL, 0), 0);
	CHECK_INT(await_recvfrom(fds[0], data, sizeof data, 0, (struct sockaddr *)&from, &length),
		  5);
	strcpy(own, async_sockname(fds[1]));
	async_address_format((struct sockaddr *)&from, length, data, sizeof data);
	CHECK_STR(data, own);
	CHECK_INT(await_recvfrom(fds[0], data, sizeof data, 0, NULL, NULL), 0);
	close_both(fds);
	/* Both ends named; and a path that was left behind is no obstacle. */
	other = open_at("127.0.0.1:0", "127.0.0.1:9");
	CHECK_STR(async_peername(other), "127.0.0.1:9");
	async_close(other);
	for (int i = 0; i < 2; i++) {
		other = open_at("unix:/tmp/await-udp-test.sock", NULL);
		async_close(other);
	}
	unlink(path);
}

TEST_TASK(endpoints_that_are_refused, "U01 Z51")
{
	async_udp_options none = { 0 }, mixed = { .local = "127.0.0.1:0", .remote = "[::1]:9" };
	async_udp_options bad = { .local = "nowhere" };
	int fd = open_at("127.0.0.1:0", NULL);
	char address[80];

	CHECK_INT(await_udp_open(&none), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "give a local address, a remote one or both");
	CHECK_INT(await_udp_open(&mixed), -EINVAL);
	CHECK_TEXT_HAS(async_error(),
		       "no address of 127.0.0.1:0 is of the family of one of [::1]:9");
	CHECK_INT(await_udp_open(&bad), -EINVAL);
	strcpy(address, async_sockname(fd));
	bad.local = address;
	CHECK_INT(await_udp_open(&bad), -EADDRINUSE);
	async_close(fd);
	async_timeout (0)
		CHECK_INT(await_udp_open(&bad), -ETIMEDOUT);
}

TEST_TASK(ports_shared_and_broadcast, "U01")
{
	async_udp_options shared = { .local = "127.0.0.1:0", .reuse_port = 1, .broadcast = 1 };
	int one = await_udp_open(&shared), two, value = 0;
	socklen_t length = sizeof value;
	char address[80];

	CHECK(one >= 0);
	CHECK_INT(async_getsockopt(one, SOL_SOCKET, SO_BROADCAST, &value, &length), 0);
	CHECK(value);
	strcpy(address, async_sockname(one));
	shared.local = address;
	/* With broadcast, a remote address does not connect it. */
	shared.remote = "127.0.0.1:9";
	two = await_udp_open(&shared);
	CHECK(two >= 0);
	CHECK_STR(async_peername(two), "?");
	async_close(one);
	async_close(two);
}

TEST_TASK(batches, "X14 U02 U03 F05")
{
	static async_packet out[MANY], in[MANY];
	int fds[2], got = 0;

	open_both(fds, "127.0.0.1:0");
	for (int i = 0; i < MANY; i++) {
		out[i] = (async_packet){ .data = rooms[i], .size = (size_t)i };
		memset(rooms[i], 'a' + i % 26, ROOM);
	}
	CHECK_INT(await_sendmmsg(fds[1], out, MANY), MANY);
	CHECK_INT(await_sendmmsg(fds[1], out, 0), 0);
	while (got < MANY) {
		ssize_t n;

		offer(in, MANY);
		n = await_recvmmsg(fds[0], in, MANY);
		CHECK(n > 0);
		for (ssize_t i = 0; i < n; i++, got++) {
			CHECK_INT(in[i].size, got);
			CHECK(!got || rooms[i][0] == 'a' + got % 26);
			CHECK(!in[i].truncated && in[i].length == sizeof(struct sockaddr_in));
		}
	}
	/* A short room cuts and says so; an answer goes where it came from. */
	CHECK_INT(await_send(fds[1], "long one", 8), 8);
	offer(in, 1);
	in[0].room = 4;
	CHECK_INT(await_recvmmsg(fds[0], in, 1), 1);
	CHECK(in[0].truncated && in[0].size == 4);
	CHECK_INT(await_sendmmsg(fds[0], in, 1), 1);
	offer(in + 1, 1);
	CHECK_INT(await_recvmmsg(fds[1], in + 1, 1), 1);
	CHECK_INT(in[1].size, 4);
	CHECK_INT(await_recvmmsg(fds[0], in, 0), -EINVAL);
	CHECK_INT(await_recvmmsg(-EMFILE, in, 1), -EMFILE);
	CHECK_INT(await_sendmmsg(-EMFILE, in, 1), -EMFILE);
	close_both(fds);
}

TEST_TASK_WITH(what_the_kernel_tells, "X14", .backends = REAL_BACKENDS)
{
	static const char *const locals[] = { "127.0.0.1:0", "[::1]:0" };
	async_packet packet = { .data = (void *)"x", .size = 1, .ttl = 33, .tos = 0x20 }, in;

	for (int i = 0; i < 2; i++) {
		char text[80];
		int fds[2];

		if (i) {
			int probe = await_udp_bind(locals[i]);

			if (probe < 0)
				return; /* no IPv6 here */
			async_close(probe);
		}
		open_both(fds, locals[i]);
		CHECK_INT(await_sendmmsg(fds[1], &packet, 1), 1);
		offer(&in, 1);
		CHECK_INT(await_recvmmsg(fds[0], &in, 1), 1);
		CHECK_INT(in.ttl, 33);
		CHECK_INT(in.tos, 0x20);
		CHECK(in.interface > 0);
		async_address_format((struct sockaddr *)&in.own, sizeof in.own, text, sizeof text);
		CHECK_STR(text, locals[i]);
		CHECK_INT(in.drops, 0);
		close_both(fds);
	}
}

TEST_TASK_WITH(drops_are_counted, "X14", .backends = REAL_BACKENDS)
{
	async_packet in;
	int fds[2], small = 4000;

	int counted = 0;
	socklen_t length = sizeof counted;

	open_both(fds, "127.0.0.1:0");
	if (async_getsockopt(fds[0], SOL_SOCKET, SO_RXQ_OVFL, &counted, &length) || !counted)
		SKIP("the kernel, or what emulates it, counts no drops here");
	CHECK_INT(async_setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(await_send(fds[1], rooms[0], 1000), 1000);
	offer(&in, 1);
	for (int i = 0; i < 2; i++)
		CHECK_INT(await_recvmmsg(fds[0], &in, 1), 1);
	CHECK_INT(await_send(fds[1], "x", 1), 1);
	do {
		offer(&in, 1);
		CHECK_INT(await_recvmmsg(fds[0], &in, 1), 1);
	} while (in.size != 1);
	CHECK(in.drops > 0 && in.drops < 100);
	close_both(fds);
}

static void send_segments(bool failing)
{
	async_packet out = { .data = rooms[0], .size = 1050, .segment = 100 }, in;
	int fds[2];

	open_both(fds, "127.0.0.1:0");
	CHECK(!failing || fault_inject("sendmmsg", 1, EINVAL));
	CHECK_INT(await_sendmmsg(fds[1], &out, 1), 1);
	for (int i = 0; i < 11; i++) {
		offer(&in, 1);
		CHECK_INT(await_recvmmsg(fds[0], &in, 1), 1);
		CHECK_INT(in.size, i < 10 ? 100 : 50);
	}
	close_both(fds);
}

TEST_TASK(segments, "X14")
{
	send_segments(false);
}

TEST_TASK_WITH(segments_without_the_kernel, "X14", .backends = REAL_BACKENDS)
{
	if (!fault_inject("sendmmsg", 1, EINVAL))
		SKIP("no fault injection here");
	fault_clear();
	send_segments(true);
}

TEST_TASK(other_address_is_refused, "U03 Z51")
{
	async_packet out = { .data = (void *)"x", .size = 1 };
	int fds[2];

	open_both(fds, "127.0.0.1:0");
	CHECK_INT(async_address_parse("127.0.0.1:9", &out.address, &out.length), 0);
	CHECK_INT(await_sendmmsg(fds[1], &out, 1), -EISCONN);
	CHECK_TEXT_HAS(async_error(), "it sends to no other address");
	CHECK_INT(await_sendmmsg(fds[0], &out, 1), 1);
	out.size = 70000;
	out.data = memset(rooms, 0, sizeof rooms);
	CHECK_INT(await_sendmmsg(fds[0], &out, 1), -EMSGSIZE);
	close_both(fds);
}

/* An ICMP error is one call's failure. Whether it comes depends on the machine; so it is injected. */
TEST_TASK_WITH(errors_are_not_the_end, "U04 X14", .backends = REAL_BACKENDS)
{
	async_packet out = { .data = (void *)"x", .size = 1 }, in;
	int fds[2];

	open_both(fds, "127.0.0.1:0");
	if (!fault_inject("sendmmsg", 1, ECONNREFUSED))
		SKIP("no fault injection here");
	CHECK_INT(await_sendmmsg(fds[1], &out, 1), -ECONNREFUSED);
	CHECK_TEXT_HAS(async_error(), "await_sendmmsg on descriptor");
	CHECK_INT(await_sendmmsg(fds[1], &out, 1), 1);
	CHECK(fault_inject("recvmmsg", 1, ECONNREFUSED));
	offer(&in, 1);
	CHECK_INT(await_recvmmsg(fds[0], &in, 1), -ECONNREFUSED);
	CHECK_INT(await_recvmmsg(fds[0], &in, 1), 1);
	/* No room now: it waits and goes on. */
	CHECK(fault_inject("sendmmsg", 1, EAGAIN));
	CHECK_INT(await_sendmmsg(fds[1], &out, 1), 1);
	CHECK_INT(await_recvmmsg(fds[0], &in, 1), 1);
	fault_clear();
	close_both(fds);
}

static int receives(void *arg)
{
	async_packet in;

	offer(&in, 1);
	return (int)await_recvmmsg(async_int(arg), &in, 1);
}

TEST_TASK(waiting_and_cancelled, "X14 U05 F07")
{
	int fds[2], result = 0;
	async_task *task;

	open_both(fds, "127.0.0.1:0");
	async_timeout (0.01)
		result = receives(ASYNC_INT(fds[0]));
	CHECK_INT(result, -ETIMEDOUT);
	task = async_create_task(receives, ASYNC_INT(fds[0]));
	await_sleep(0.01);
	CHECK_INT(await_send(fds[1], "x", 1), 1);
	CHECK_INT(await_task(task), 1);
	task = async_create_task(receives, ASYNC_INT(fds[0]));
	await_sleep(0.01);
	close_both(fds);
	CHECK_INT(await_task(task), -EBADF);
}

TEST_TASK_WITH(multicast, "X14", .backends = REAL_BACKENDS)
{
	int fd = open_at("0.0.0.0:0", NULL);
	struct sockaddr_storage group;
	char data[8], text[80];
	socklen_t length;

	CHECK_INT(async_multicast_join(fd, "10.0.0.1:0", "lo"), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "multicast group 10.0.0.1:0");
	CHECK_INT(async_multicast_join(fd, "239.1.2.3:0", "no-such-if"), -ENODEV);
	/* qemu-user passes the interface on in the wrong order of bytes or not at all. */
	if (async_multicast_join(fd, "239.1.2.3:0", "lo") == -ENODEV)
		SKIP("interfaces are not what they are called here");
	CHECK_INT(async_multicast_join(fd, "239.1.2.3:0", "lo"), -EADDRINUSE);
	CHECK_INT(async_multicast_send(fd, 1, true, "lo"), 0);
	snprintf(text, sizeof text, "239.1.2.3%s", strrchr(async_sockname(fd), ':'));
	CHECK_INT(async_address_parse(text, &group, &length), 0);
	if (await_sendto(fd, "all", 3, 0, (struct sockaddr *)&group, length) == 3)
		CHECK_INT(await_recv(fd, data, sizeof data), 3);
	CHECK_INT(async_multicast_leave(fd, "239.1.2.3:0", "lo"), 0);
	CHECK_INT(async_multicast_leave(fd, "239.1.2.3:0", "lo"), -EADDRNOTAVAIL);
	CHECK_INT(async_multicast_send(fd, 1000, true, NULL), -EINVAL);
	async_close(fd);
}

TEST_TASK_WITH(lost_and_doubled, "X14 U02 X13", .backends = BACKEND_SIM)
{
	async_sim_options lossy = { .drop = 0.3, .duplicate = 0.3, .latency_max = 0.01 };
	static async_packet out[MANY], in[MANY];
	int fds[2], got = 0;

	open_both(fds, "10.0.0.1:0");
	CHECK_INT(async_sim_set(&lossy), 0);
	for (int i = 0; i < MANY; i++)
		out[i] = (async_packet){ .data = rooms[i], .size = 10 };
	CHECK_INT(await_sendmmsg(fds[1], out, MANY), MANY);
	async_timeout (1) {
		ssize_t n = 0;

		while (n >= 0) {
			offer(in, MANY);
			n = await_recvmmsg(fds[0], in, MANY);
			got += n > 0 ? (int)n : 0;
		}
	}
	CHECK(got > MANY / 3 && got < 2 * MANY && got != MANY);
	close_both(fds);
}
