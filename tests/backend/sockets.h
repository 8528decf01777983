/* SPDX-License-Identifier: MIT */
/* What the tests of sockets share. */
#ifndef TESTS_BACKEND_SOCKETS_H
#define TESTS_BACKEND_SOCKETS_H

#include <await.h>
#include <await/sim.h>
#include "harness.h"

/* A listener on any port of 127.0.0.1, and that port. */
static inline int listener_at(struct sockaddr_in *address)
{
	int fd = await_tcp_listen("127.0.0.1:0");
	socklen_t length = sizeof *address;

	CHECK(fd >= 0);
	CHECK_INT(async_getsockname(fd, (struct sockaddr *)address, &length), 0);
	CHECK_INT(length, sizeof *address);
	return fd;
}

static inline void connected_pair(int *client, int *server)
{
	struct sockaddr_in address;
	int listener = listener_at(&address);

	*client = async_socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(await_connect(*client, (struct sockaddr *)&address, sizeof address), 0);
	*server = await_accept(listener);
	CHECK(*server >= 0);
	CHECK_INT(async_close(listener), 0);
}

static inline void close_both(int a, int b)
{
	CHECK_INT(async_close(a), 0);
	CHECK_INT(async_close(b), 0);
}

static inline int receive_one(void *fd)
{
	char data[4];

	return (int)await_recv(async_int(fd), data, sizeof data);
}

#endif
