/* SPDX-License-Identifier: MIT */
/* Sockets of the simulation behave as the kernel's do: what is checked here holds on every backend,
 * unless the case says otherwise. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backend/sockets.h"

TEST_TASK(stream_both_ways, "F01 F02 F03 F04 X13")
{
	char data[16] = "", more[2], left[] = "ab", right[] = "cde";
	struct iovec parts[2] = { { left, 2 }, { right, 3 } };
	struct iovec room[2] = { { more, 2 }, { data, sizeof data } };
	int a, b;

	connected_pair(&a, &b);
	CHECK_INT(await_sendall(a, "hello", 5), 5);
	CHECK_INT(await_recv(b, data, sizeof data), 5);
	CHECK_STR(data, "hello");
	CHECK_INT(await_writev(b, parts, 2), 5);
	CHECK_INT(await_readv(a, room, 2), 5);
	CHECK(!memcmp(more, "ab", 2) && !memcmp(data, "cde", 3));
	CHECK_INT(await_write(a, "xy", 2), 2);
	CHECK_INT(await_read(b, data, 1), 1);
	CHECK_INT(await_recvfrom(b, data, sizeof data, MSG_PEEK, NULL, NULL), 1);
	CHECK_INT(await_recv(b, data, sizeof data), 1);
	CHECK_INT(data[0], 'y');
	close_both(a, b);
}

TEST_TASK(half_close, "F01 X13")
{
	char data[16];
	int a, b;

	connected_pair(&a, &b);
	CHECK_INT(await_send(a, "last", 4), 4);
	CHECK_INT(async_shutdown(a, SHUT_WR), 0);
	CHECK_INT(await_send(a, "x", 1), -EPIPE);
	CHECK_INT(await_recv(b, data, sizeof data), 4);
	CHECK_INT(await_recv(b, data, sizeof data), 0);
	CHECK_INT(await_recv(b, data, sizeof data), 0);
	CHECK(await_poll(b, POLLIN) & POLLIN);
	CHECK_INT(await_send(b, "answer", 6), 6);
	CHECK_INT(await_recv(a, data, sizeof data), 6);
	CHECK_INT(async_close(b), 0);
	CHECK_INT(await_recv(a, data, sizeof data), 0);
	CHECK_INT(async_close(a), 0);
}

TEST_TASK(closed_by_the_peer, "F01 F02 X13")
{
	char data[16];
	int a, b;

	/* With everything read: the end; the first data sent after it is answered by a reset. */
	connected_pair(&a, &b);
	CHECK_INT(async_close(b), 0);
	CHECK_INT(await_recv(a, data, sizeof data), 0);
	CHECK_INT(await_send(a, "x", 1), 1);
	CHECK(await_poll(a, POLLOUT) & POLLHUP);
	CHECK_INT(await_send(a, "x", 1), -EPIPE);
	CHECK_INT(async_close(a), 0);
	/* With data unread: a reset at once. */
	connected_pair(&a, &b);
	CHECK_INT(await_send(a, "unread", 6), 6);
	CHECK_INT(await_poll(b, POLLIN), POLLIN);
	CHECK_INT(async_close(b), 0);
	CHECK_INT(await_recv(a, data, sizeof data), -ECONNRESET);
	CHECK_INT(await_recv(a, data, sizeof data), 0);
	CHECK_INT(await_send(a, "x", 1), -EPIPE);
	CHECK_INT(async_close(a), 0);
}

TEST_TASK(unix_stream, "F01 G06 X13")
{
	char data[16], path[64];
	int fds[2], listener, client, server;

	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(await_send(fds[0], "pair", 4), 4);
	CHECK_INT(await_recv(fds[1], data, sizeof data), 4);
	CHECK_INT(async_close(fds[1]), 0);
	CHECK_INT(await_send(fds[0], "x", 1), -EPIPE);
	CHECK_INT(await_recv(fds[0], data, sizeof data), 0);
	CHECK_INT(async_close(fds[0]), 0);

	snprintf(path, sizeof path, "@libawait-test-%d", (int)getpid());
	CHECK_INT(await_unix_connect(path), -ECONNREFUSED);
	listener = await_unix_listen(path);
	CHECK(listener >= 0);
	CHECK_INT(await_unix_listen(path), -EADDRINUSE);
	client = await_unix_connect(path);
	CHECK(client >= 0);
	server = await_accept(listener);
	CHECK_TEXT_HAS(async_peername(client), path);
	CHECK_TEXT_HAS(async_sockname(server), path);
	CHECK_STR(async_peername(server), "unix:");
	close_both(client, server);
	CHECK_INT(async_close(listener), 0);
	CHECK_INT(await_unix_connect("/nonexistent/libawait"), -ENOENT);
}

TEST_TASK(names_and_options, "F03 X13")
{
	int type = 0, error = 1, on = 1, value = 0, a, b, fd;
	socklen_t length = sizeof(int);
	struct sockaddr_storage address;

	connected_pair(&a, &b);
	CHECK(strcmp(async_sockname(a), "127.0.0.1:0") != 0);
	CHECK_TEXT_HAS(async_sockname(a), "127.0.0.1:");
	CHECK_INT(async_getsockopt(a, SOL_SOCKET, SO_TYPE, &type, &length), 0);
	CHECK_INT(type, SOCK_STREAM);
	CHECK_INT(async_getsockopt(a, SOL_SOCKET, SO_ERROR, &error, &length), 0);
	CHECK_INT(error, 0);
	CHECK_INT(async_setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
	CHECK_INT(async_getsockopt(a, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
	CHECK_INT(value, 1);
	CHECK_INT(async_setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &on, 1), -EINVAL);
	close_both(a, b);
	fd = async_socket(AF_INET6, SOCK_DGRAM, 0);
	length = sizeof address;
	CHECK_INT(async_getpeername(fd, (struct sockaddr *)&address, &length), -ENOTCONN);
	CHECK_INT(async_getsockname(fd, (struct sockaddr *)&address, &length), 0);
	CHECK_INT(length, sizeof(struct sockaddr_in6));
	CHECK_INT(async_close(fd), 0);
	CHECK_INT(async_close(fd), -EBADF);
	CHECK_INT(async_shutdown(fd, SHUT_RD), -EBADF);
	CHECK_INT(await_recv(fd, &value, 1), -EBADF);
}

static void connect_text(const char *format, int port, int expected)
{
	char text[64];
	int fd;

	snprintf(text, sizeof text, format, port);
	fd = await_tcp_connect(text);
	CHECK_INT(fd < 0 ? fd : 0, expected);
	if (fd >= 0)
		async_close(fd);
}

TEST_TASK(wildcards_and_both_families, "F04 G03 X13")
{
	int fd = await_tcp_listen(":0"), only4, port;
	struct sockaddr_in6 address;
	socklen_t length = sizeof address;

	CHECK_INT(async_getsockname(fd, (struct sockaddr *)&address, &length), 0);
	port = ntohs(address.sin6_port);
	connect_text("127.0.0.1:%d", port, 0);
	connect_text("127.0.0.2:%d", port, 0);
	connect_text("[::1]:%d", port, 0);
	connect_text("[::ffff:127.0.0.1]:%d", port, 0);
	CHECK_INT(async_close(fd), 0);
	connect_text("127.0.0.1:%d", port, -ECONNREFUSED);
	only4 = await_tcp_listen("0.0.0.0:0");
	length = sizeof address;
	CHECK_INT(async_getsockname(only4, (struct sockaddr *)&address, &length), 0);
	port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	connect_text("127.0.0.1:%d", port, 0);
	connect_text("[::1]:%d", port, -ECONNREFUSED);
	CHECK_INT(async_close(only4), 0);
}

TEST_TASK(misuse_of_sockets, "F07 X13")
{
	struct sockaddr_in address, other = { .sin_family = AF_INET };
	int listener = listener_at(&address), fd = async_socket(AF_INET, SOCK_STREAM, 0), client;
	char data[4];

	CHECK_INT(await_recv(fd, data, sizeof data), -ENOTCONN);
	CHECK_INT(await_send(fd, data, 1), -EPIPE);
	CHECK_INT(await_accept(fd), -EINVAL);
	CHECK_INT(async_shutdown(fd, SHUT_RD), -ENOTCONN);
	CHECK_INT(async_bind(fd, (struct sockaddr *)&address, sizeof address), -EADDRINUSE);
	CHECK_INT(async_bind(fd, (struct sockaddr *)&address, 4), -EINVAL);
	CHECK_INT(async_bind(fd, (struct sockaddr *)&other, sizeof other), 0);
	CHECK_INT(async_bind(fd, (struct sockaddr *)&other, sizeof other), -EINVAL);
	CHECK_INT(await_connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	/* The kernel tells the end of a connect that was waited for twice. */
	await_connect(fd, (struct sockaddr *)&address, sizeof address);
	CHECK_INT(await_connect(fd, (struct sockaddr *)&address, sizeof address), -EISCONN);
	CHECK_INT(async_listen(fd, 1), -EINVAL);
	client = await_accept(listener);
	close_both(fd, client);
	CHECK_INT(async_close(listener), 0);
	CHECK_INT(async_socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), -EPROTONOSUPPORT);
	CHECK_INT(await_accept(-ENOENT), -ENOENT);
}

/* ---- Waiting ---- */

TEST_TASK(second_waiter_is_refused_and_close_wakes, "F07 X13")
{
	async_task *first;
	char data[4];
	int a, b;

	connected_pair(&a, &b);
	first = async_create_task(receive_one, ASYNC_INT(a));
	await_sleep(0.01);
	CHECK_INT(await_recv(a, data, sizeof data), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "is already waiting to read it");
	CHECK_INT(await_send(a, "x", 1), 1);
	CHECK_INT(async_close(a), 0);
	CHECK_INT(await_task(first), -EBADF);
	CHECK_INT(async_close(b), 0);
}

TEST_TASK(cancelled_receive_consumed_nothing, "F07 X13")
{
	async_task *task;
	char data[4];
	int a, b;

	connected_pair(&a, &b);
	task = async_create_task(receive_one, ASYNC_INT(a));
	await_sleep(0.01);
	CHECK(async_task_cancel(task));
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(await_send(b, "x", 1), 1);
	CHECK_INT(await_recv(a, data, sizeof data), 1);
	async_timeout (0.01)
		CHECK_INT(await_recv(a, data, sizeof data), -ETIMEDOUT);
	close_both(a, b);
}

static int send_much(void *fd)
{
	static char data[8 * 1024 * 1024];

	return await_sendall(async_int(fd), data, sizeof data) == sizeof data ? 0 : -EIO;
}

TEST_TASK(a_sender_waits_for_its_reader, "F02 X13")
{
	static char data[100 * 1000];
	async_task *sender;
	size_t total = 0;
	ssize_t n;
	int a, b;

	connected_pair(&a, &b);
	sender = async_create_task(send_much, ASYNC_INT(a));
	await_sleep(0.01);
	CHECK(!async_task_done(sender));
	while (total < 8 * 1024 * 1024 && (n = await_recv(b, data, sizeof data)) > 0)
		total += (size_t)n;
	CHECK_INT(await_task(sender), 0);
	close_both(a, b);
}
