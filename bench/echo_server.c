/* SPDX-License-Identifier: MIT */
/*
 * The echo server that bench/run measures: examples/echo_sockets.c without its messages. It begins
 * with that one's buffer of 1,000 bytes, which shares a page with the rest of the task's stack, and
 * changes over to the 64 KiB of the hand-written loops when a message fills it, so that large
 * messages compare too.
 *
 * echo_server PORT listens on 127.0.0.1; LIBAWAIT_BACKEND chooses the backend.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <await.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SMALL_SIZE = 1000, LARGE_SIZE = 64 * 1024 };

static int echo_client(void *arg)
{
	int client = async_int(arg), on = 1;
	char small[SMALL_SIZE], *large = NULL, *data = small;
	size_t size = sizeof small;
	ssize_t n;

	async_setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	while ((n = await_recv(client, data, size)) > 0 && await_sendall(client, data, n) == n) {
		if ((size_t)n == size && !large && (large = malloc(LARGE_SIZE))) {
			data = large;
			size = LARGE_SIZE;
		}
	}
	free(large);
	return async_close(client);
}

static int echo_server(void *address)
{
	AWAIT_GROUP(clients, ASYNC_ISOLATED);
	int client, sock = await_tcp_listen(address);

	while ((client = await_accept(sock)) >= 0) {
		if (async_spawn(&clients, echo_client, ASYNC_INT(client)))
			async_close(client);
	}
	async_group_cancel(&clients);
	async_close(sock);
	return client;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	char address[32];

	if (argc != 2 || atoi(argv[1]) <= 0 || atoi(argv[1]) > UINT16_MAX) {
		fprintf(stderr, "usage: echo_server PORT\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(address, sizeof address, "127.0.0.1:%s", argv[1]);
	return async_run(echo_server, address) < 0;
}
