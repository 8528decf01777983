/* SPDX-License-Identifier: MIT */
/* Sockets of the simulation at their limits: backlog, buffers, numbers, ports. Cases of all
 * backends show that the kernel's behave alike. */
#define _GNU_SOURCE
#include <errno.h>
#include "backend/sockets.h"

enum { SIM_BUFFER = 64 * 1024 };

TEST_TASK_WITH(a_full_backlog_waits, "F03 F04 X13", .backends = BACKEND_SIM)
{
	struct sockaddr_in address;
	int listener = listener_at(&address), clients[3],
	    late = async_socket(AF_INET, SOCK_STREAM, 0), fd;

	CHECK_INT(async_listen(listener, 2), 0);
	for (int i = 0; i < 3; i++) {
		clients[i] = async_socket(AF_INET, SOCK_STREAM, 0);
		CHECK_INT(await_connect(clients[i], (struct sockaddr *)&address, sizeof address),
			  0);
	}
	async_timeout (5)
		CHECK_INT(await_connect(late, (struct sockaddr *)&address, sizeof address),
			  -ETIMEDOUT);
	CHECK((fd = await_accept(listener)) >= 0);
	async_close(fd);
	CHECK_INT(await_connect(late, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_INT(async_close(listener), 0);
	CHECK_INT(receive_one(ASYNC_INT(clients[2])), -ECONNRESET);
	for (int i = 0; i < 3; i++)
		async_close(clients[i]);
	async_close(late);
}

TEST_TASK_WITH(asking_without_waiting, "F01 F05 X13", .backends = BACKEND_SIM)
{
	static char data[SIM_BUFFER + 1];
	struct iovec part = { data, sizeof data };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int a, b;

	connected_pair(&a, &b);
	CHECK_INT(await_recvfrom(a, data, sizeof data, MSG_DONTWAIT, NULL, NULL), -EAGAIN);
	CHECK_INT(await_poll(a, POLLIN | POLLOUT), POLLOUT);
	CHECK_INT(await_sendmsg(a, &message, MSG_DONTWAIT), SIM_BUFFER);
	CHECK_INT(await_sendmsg(a, &message, MSG_DONTWAIT), -EAGAIN);
	async_timeout (1)
		CHECK_INT(await_poll(a, POLLOUT), -ETIMEDOUT);
	CHECK_INT(await_poll(b, POLLIN | POLLOUT), POLLIN | POLLOUT);
	close_both(a, b);
}

TEST_TASK_WITH(a_connect_that_went_on_alone, "F04 F07 X13", .backends = BACKEND_SIM)
{
	async_sim_options world = { .latency_min = 1, .latency_max = 1 };
	struct sockaddr_in address;
	int listener = listener_at(&address), fd = async_socket(AF_INET, SOCK_STREAM, 0), error;
	socklen_t length = sizeof error;

	CHECK_INT(async_sim_set(&world), 0);
	async_timeout (0.5)
		CHECK_INT(await_connect(fd, (struct sockaddr *)&address, sizeof address),
			  -ETIMEDOUT);
	async_timeout (1)
		CHECK_INT(await_poll(fd, POLLOUT), -ETIMEDOUT);
	CHECK(await_poll(fd, POLLOUT) & POLLOUT);
	CHECK_INT(await_connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_INT(async_close(fd), 0);
	CHECK_INT(async_close(await_accept(listener)), 0);
	/* Nobody listens any more when the request gets there. */
	fd = async_socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(async_close(listener), 0);
	async_timeout (0.5)
		CHECK_INT(await_connect(fd, (struct sockaddr *)&address, sizeof address),
			  -ETIMEDOUT);
	await_sleep(2);
	CHECK_INT(async_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
	CHECK_INT(error, ECONNREFUSED);
	CHECK_INT(async_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
	CHECK_INT(error, 0);
	CHECK_INT(async_close(fd), 0);
}

TEST_TASK(sharing_a_port, "F03 X10 X13")
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof address;
	int on = 1, fds[2], client;

	for (int i = 0; i < 2; i++) {
		fds[i] = async_socket(AF_INET, SOCK_STREAM, 0);
		CHECK_INT(async_setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
		CHECK_INT(async_bind(fds[i], (struct sockaddr *)&address, sizeof address), 0);
		CHECK_INT(async_getsockname(fds[i], (struct sockaddr *)&address, &length), 0);
		CHECK_INT(async_listen(fds[i], 10), 0);
	}
	client = async_socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(async_bind(client, (struct sockaddr *)&address, sizeof address), -EADDRINUSE);
	CHECK_INT(await_connect(client, (struct sockaddr *)&address, sizeof address), 0);
	close_both(fds[0], fds[1]);
	CHECK_INT(async_close(client), 0);
}

TEST_TASK(linger_of_nothing_resets, "F01 X13")
{
	struct linger nothing = { 1, 0 };
	char data[4];
	int a, b;

	connected_pair(&a, &b);
	CHECK_INT(async_setsockopt(a, SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing), 0);
	CHECK_INT(async_close(a), 0);
	CHECK_INT(await_recv(b, data, sizeof data), -ECONNRESET);
	CHECK_INT(async_close(b), 0);
}

TEST_TASK_WITH(numbers_are_reused_lowest_first, "F03 X13", .backends = BACKEND_SIM)
{
	async_sim_options world = { .descriptors = 3 };
	int a = async_socket(AF_INET, SOCK_STREAM, 0), b = async_socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address;
	int c, d;

	CHECK_INT(a, 1 << 20);
	CHECK_INT(b, a + 1);
	CHECK_INT(async_close(a), 0);
	c = listener_at(&address);
	CHECK_INT(c, a);
	CHECK_INT(async_sim_set(&world), 0);
	CHECK_INT(await_connect(b, (struct sockaddr *)&address, sizeof address), 0);
	d = async_socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(d, b + 1);
	CHECK_INT(async_socket(AF_INET, SOCK_STREAM, 0), -EMFILE);
	CHECK_INT(await_accept(c), -EMFILE);
	CHECK_INT(async_close(d), 0);
	/* The connection was not lost. */
	d = await_accept(c);
	CHECK(d >= 0);
	close_both(b, d);
	CHECK_INT(async_close(c), 0);
}

static int echo_once(void *arg)
{
	char data[4];
	ssize_t n = await_recv(async_int(arg), data, sizeof data);

	if (n > 0)
		n = await_sendall(async_int(arg), data, (size_t)n);
	async_close(async_int(arg));
	return n < 0 ? (int)n : 0;
}

static int ask_once(void *arg)
{
	int fd = async_socket(AF_INET, SOCK_STREAM, 0), error;
	char data[4];

	error = await_connect(fd, arg, sizeof(struct sockaddr_in));
	if (!error)
		error = (int)await_sendall(fd, "ask", 3);
	if (error == 3)
		error = await_recv(fd, data, sizeof data) == 3 ? 0 : -EIO;
	async_close(fd);
	return error;
}

TEST_TASK_WITH(forty_thousand_connections, "F03 F04 X13", .backends = BACKEND_SIM, .deadline = 60)
{
	/* More than one address has ports for clients. */
	int count = test_is_instrumented() ? 2000 : 40000, listener;
	struct sockaddr_in address;
	AWAIT_GROUP(group);

	listener = listener_at(&address);
	for (int i = 0; i < count; i++)
		CHECK_INT(async_spawn(&group, ask_once, &address), 0);
	for (int i = 0; i < count; i++)
		CHECK_INT(async_spawn(&group, echo_once, ASYNC_INT(await_accept(listener))), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_INT(async_close(listener), 0);
}
