/* SPDX-License-Identifier: MIT */
/*
 * What the hand-written servers on epoll share: the loop, and what a full socket did not take. They
 * are what bench/run divides the library's figures by, so each has to be the best that a careful
 * author would write by hand, not a straw man:
 *
 *  - each descriptor is registered once, for both directions, edge-triggered: no epoll_ctl per
 *    request, and the kernel does not look at a descriptor again after it has reported it (level
 *    triggering costs one more poll of every descriptor in the next epoll_wait);
 *  - the system call is tried at once, and a receive shorter than the buffer proves that the socket
 *    is drained, so the call that would only say EAGAIN is never made;
 *  - one buffer for everybody, hot in the cache. What a full socket does not take is copied aside
 *    and the connection is not read again until it is gone, so memory stays bounded.
 *
 * The program defines serve(fd), which reads and answers what has come.
 */
#ifndef BENCH_RAW_EPOLL_H
#define BENCH_RAW_EPOLL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 4096,
	EVENTS_PER_WAIT = 512,
	BUFFER_SIZE = 64 * 1024,
};

/* What a full socket refused; data is NULL on the usual path. */
struct rest {
	char *data;
	size_t offset;
	size_t length;
};

static char buffer[BUFFER_SIZE];
static struct rest *rests; /* by descriptor */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void drop(int fd)
{
	free(rests[fd].data);
	rests[fd] = (struct rest){ 0 };
	close(fd);
}

/* Copies aside what the socket did not take. */
static int keep_rest(int fd, const char *data, size_t length)
{
	struct rest *rest = &rests[fd];

	rest->data = malloc(length);
	if (!rest->data)
		return -1;
	memcpy(rest->data, data, length);
	rest->offset = 0;
	rest->length = length;
	return 0;
}

/* 1: all gone, 0: the socket is still full, -1: the connection is dead. */
static int send_rest(int fd)
{
	struct rest *rest = &rests[fd];
	ssize_t n;

	while (rest->offset < rest->length) {
		n = send(fd, rest->data + rest->offset, rest->length - rest->offset, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		rest->offset += n;
	}
	free(rest->data);
	*rest = (struct rest){ 0 };
	return 1;
}

static void accept_all(int poll_fd, int listener)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		event.data.fd = fd;
		if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event))
			close(fd);
	}
	if (errno != EAGAIN && errno != ECONNABORTED && errno != EMFILE)
		die("accept4");
}

static int listen_on(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address))
		die("bind");
	if (listen(fd, BACKLOG))
		die("listen");
	return fd;
}

/* Raises the descriptor limit to the hard one and makes the table that it bounds. */
static void make_table(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit");
	rests = calloc(limit.rlim_cur, sizeof *rests);
	if (!rests)
		die("calloc");
}

static void serve(int fd);

/* Sends, or keeps what was not taken; false once the connection is to be left alone. */
static inline int send_or_keep(int fd, const char *data, size_t size)
{
	ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

	if (__builtin_expect(sent == (ssize_t)size, 1))
		return 1;
	if (sent < 0 && errno != EAGAIN) {
		drop(fd);
		return 0;
	}
	sent = sent < 0 ? 0 : sent;
	/* EPOLLOUT's edge brings us back here. */
	if (keep_rest(fd, data + sent, size - sent))
		drop(fd);
	return 0;
}

/* What was kept has gone, or there was none. */
static inline int may_serve(int fd)
{
	int state;

	if (__builtin_expect(rests[fd].data == NULL, 1))
		return 1;
	state = send_rest(fd);
	if (state < 0)
		drop(fd);
	return state > 0;
}

int main(int argc, char **argv)
{
	static struct epoll_event events[EVENTS_PER_WAIT];
	struct epoll_event event = { .events = EPOLLIN };
	int listener, poll_fd, count, i;

	if (argc != 2 || atoi(argv[1]) <= 0 || atoi(argv[1]) > UINT16_MAX) {
		fprintf(stderr, "usage: %s PORT\n", argv[0]);
		return 2;
	}
	make_table();
	listener = listen_on(atoi(argv[1]));
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = listener;
	if (poll_fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event))
		die("epoll");

	for (;;) {
		count = epoll_wait(poll_fd, events, EVENTS_PER_WAIT, -1);
		if (count < 0 && errno != EINTR)
			die("epoll_wait");
		for (i = 0; i < count; i++) {
			if (__builtin_expect(events[i].data.fd == listener, 0))
				accept_all(poll_fd, listener);
			else
				serve(events[i].data.fd);
		}
	}
}

#endif
