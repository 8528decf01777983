/* SPDX-License-Identifier: MIT */
/* Making connections: listen, accept, connect, names, and everything that can be wrong. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

static int serve_one(void *arg)
{
	int client = await_accept(async_int(arg));
	char data[1000];
	ssize_t n;

	while ((n = await_recv(client, data, sizeof data)) > 0)
		await_sendall(client, data, (size_t)n);
	return async_close(client);
}

static void talk_to(const char *listen_address)
{
	int sock = await_tcp_listen(listen_address), client;
	char address[80], data[10];
	async_task *task;

	CHECK(sock >= 0);
	snprintf(address, sizeof address, "%s%s",
		 strchr(listen_address, '[') ? "[::1]" : "127.0.0.1",
		 strrchr(async_sockname(sock), ':'));
	task = async_create_task(serve_one, ASYNC_INT(sock));
	client = await_tcp_connect(address);
	CHECK(client >= 0);
	CHECK_STR(async_peername(client), address);
	CHECK_INT(await_sendall(client, "hello", 5), 5);
	CHECK_INT(await_recv(client, data, sizeof data), 5);
	CHECK_INT(async_close(client), 0);
	CHECK_INT(await_task(task), 0);
	CHECK_INT(async_close(sock), 0);
}

TEST_TASK(tcp_on_every_kind_of_address, "F03 F04 Z06 Z07 Z11")
{
	talk_to("127.0.0.1:0");
	talk_to(":0");
	talk_to("0.0.0.0:0");
}

TEST_TASK(tcp_over_ipv6, "F03 F04")
{
	int sock = await_tcp_listen("[::1]:0");

	if (sock < 0)
		SKIP("no IPv6 here");
	async_close(sock);
	talk_to("[::1]:0");
	talk_to("[::]:0");
}

TEST_TASK(accept_tells_the_peer, "F03 Z07")
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	int sock = await_tcp_listen("127.0.0.1:0"),
	    client = await_tcp_connect(async_sockname(sock));
	int server = await_accept_from(sock, (struct sockaddr *)&address, &length);
	char text[80];

	CHECK(server >= 0);
	async_address_format((struct sockaddr *)&address, length, text, sizeof text);
	CHECK_STR(async_peername(server), text);
	CHECK_STR(async_sockname(client), text);
	async_close(server);
	async_close(client);
	async_close(sock);
}

TEST_TASK(unix_paths_and_abstract_names, "F03 F04 G06")
{
	const char *const names[] = { "/tmp/await-test.sock", "@await-test" };

	for (size_t i = 0; i < 2; i++) {
		int sock, client, server;

		unlink(names[i]);
		sock = await_unix_listen(names[i]);
		CHECK(sock >= 0);
		client = await_unix_connect(names[i]);
		CHECK(client >= 0);
		server = await_accept(sock);
		CHECK(server >= 0);
		CHECK_TEXT_HAS(async_sockname(server), names[i]);
		async_close(server);
		async_close(client);
		async_close(sock);
		unlink(names[i]);
	}
	CHECK_INT(await_unix_connect("/nonexistent/await.sock"), -ENOENT);
	CHECK_TEXT_HAS(async_error(), "cannot connect to unix:/nonexistent/await.sock");
}

TEST_TASK(refused_connection, "F04")
{
	int sock = await_tcp_listen("127.0.0.1:0");
	char address[80];

	strcpy(address, async_sockname(sock));
	async_close(sock);
	CHECK_INT(await_tcp_connect(address), -ECONNREFUSED);
	CHECK_TEXT_HAS(async_error(), "cannot connect to 127.0.0.1:");
	CHECK_TEXT_HAS(async_error(), "Connection refused (ECONNREFUSED)");
}

TEST_TASK(port_in_use, "F03 G03")
{
	int sock = await_tcp_listen("127.0.0.1:0");
	char address[80];

	strcpy(address, async_sockname(sock));
	CHECK_INT(await_tcp_listen(address), -EADDRINUSE);
	CHECK_TEXT_HAS(async_error(), "cannot listen on 127.0.0.1:");
	CHECK_TEXT_HAS(async_error(), "Address already in use (EADDRINUSE)");
	async_close(sock);
}

TEST_TASK(bad_address, "F03 F04 Z51")
{
	CHECK_INT(await_tcp_listen("25000"), -EINVAL);
	CHECK_TEXT_HAS(async_error(),
		       "address \"25000\": write HOST:PORT, :PORT, [IPv6]:PORT or unix:PATH");
	CHECK_INT(await_tcp_listen(NULL), -EINVAL);
	/* This program links the core alone. */
	CHECK_INT(await_tcp_connect("localhost:80"), -ENOTSUP);
	CHECK_TEXT_HAS(async_error(), "address \"localhost:80\": names need the names library");
	CHECK_INT(await_udp_bind("localhost:0"), -ENOTSUP);
}

TEST_TASK_WITH(no_descriptors_left, "F03 X19", .backends = REAL_BACKENDS)
{
	int sock = await_tcp_listen("127.0.0.1:0"),
	    client = await_tcp_connect(async_sockname(sock)), server;
	struct rlimit limit, none;

	CHECK(client >= 0);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 3;
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	CHECK_INT(await_accept(sock), -EMFILE);
	CHECK_TEXT_HAS(async_error(), "Too many open files (EMFILE)");
	CHECK_INT(await_tcp_listen("127.0.0.1:0"), -EMFILE);
	CHECK_TEXT_HAS(async_error(), "cannot make a socket: Too many open files (EMFILE)");
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	server = await_accept(sock);
	CHECK(server >= 0);
	async_close(server);
	async_close(client);
	async_close(sock);
}

TEST_TASK(cancelled_accept_and_connect_leak_nothing, "F03 F04 F07")
{
	int sock = await_tcp_listen("127.0.0.1:0"), client, server = 0;

	async_timeout (0.005)
		server = await_accept(sock);
	CHECK_INT(server, -ETIMEDOUT);
	async_timeout (0)
		server = await_tcp_connect(async_sockname(sock));
	CHECK_INT(server, -ETIMEDOUT);
	client = await_tcp_connect(async_sockname(sock));
	CHECK(client >= 0);
	server = await_accept(sock);
	CHECK(server >= 0);
	async_close(server);
	async_close(client);
	async_close(sock);
}

static int accept_all(void *arg)
{
	int *n = arg, client;

	while ((client = await_accept(n[0])) >= 0) {
		n[1]++;
		async_close(client);
	}
	return client;
}

TEST_TASK(many_connections, "F03 F04 Z13")
{
	enum { MANY = 200 };
	int n[2] = { await_tcp_listen("127.0.0.1:0"), 0 };
	async_task *task = async_create_task(accept_all, n);
	char address[80];

	strcpy(address, async_sockname(n[0]));
	for (int i = 0; i < MANY; i++) {
		int client = await_tcp_connect(address);
		char byte;

		CHECK(client >= 0);
		CHECK(await_recv(client, &byte, 1) <= 0);
		async_close(client);
	}
	CHECK_INT(n[1], MANY);
	CHECK_INT(async_close(n[0]), 0);
	CHECK_INT(await_task(task), -EBADF);
}

TEST_TASK_WITH(accepted_sockets_are_nonblocking_and_close_on_exec, "F03", .backends = REAL_BACKENDS)
{
	int sock = await_tcp_listen("127.0.0.1:0"),
	    client = await_tcp_connect(async_sockname(sock));
	int server = await_accept(sock);

	CHECK(fcntl(server, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(server, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(sock, F_GETFD) & FD_CLOEXEC);
	async_close(server);
	async_close(client);
	async_close(sock);
}

TEST_TASK_WITH(socket_accepted_elsewhere, "F09", .backends = REAL_BACKENDS)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0), client, server;
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char data[10];

	CHECK(!bind(sock, (struct sockaddr *)&in, sizeof in) && !listen(sock, 5));
	client = await_tcp_connect(async_sockname(sock));
	server = accept(sock, NULL, NULL);
	CHECK(client >= 0 && server >= 0);
	CHECK_INT(await_sendall(client, "adopted", 7), 7);
	CHECK_INT(await_recv(server, data, sizeof data), 7);
	async_close(server);
	async_close(client);
	async_close(sock);
}

TEST_TASK_WITH(aborted_connection_is_passed_over, "F03 G05", .backends = BACKEND_EPOLL)
{
	int sock = await_tcp_listen("127.0.0.1:0"),
	    client = await_tcp_connect(async_sockname(sock)), server;

	if (!fault_inject("accept4", 1, ECONNABORTED))
		SKIP("no fault injection here");
	server = await_accept(sock);
	CHECK(server >= 0);
	fault_clear();
	async_close(server);
	async_close(client);
	async_close(sock);
}

TEST_WITH(connect_without_a_loop, "A04 F04", .in_thread = 1)
{
	talk_to("127.0.0.1:0");
}
