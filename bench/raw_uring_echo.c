/* SPDX-License-Identifier: MIT */
/*
 * The hand-written limit for the io_uring backend: an echo server on the kernel interface itself.
 * bench/run divides the library's figures by this one's.
 *
 *  - completions are worked off when this thread asks for them (uring_ring.h), and one
 *    io_uring_enter submits a batch and waits for the next;
 *  - one multishot accept for the whole run;
 *  - plain style: receive, send, receive, each with its own entry. The receive goes straight to the
 *    poll (POLL_FIRST): an echo client cannot have sent anything before it got its echo. The send
 *    says MSG_WAITALL, so the kernel finishes short writes. One operation is in flight per
 *    connection, so its buffer needs no owner;
 *  - multishot style: one receive per connection for its whole life, buffers lent by a ring. Data
 *    may then arrive while an earlier echo is still going out, so filled buffers queue up per
 *    connection and one send at a time keeps the order.
 *
 * raw_uring_echo PORT [multishot] listens on 127.0.0.1, prints nothing and runs until it is killed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "uring_ring.h"

enum {
	BACKLOG = 4096,
	BUFFER_SIZE = 64 * 1024,
	/* Not a power of two: the first bytes of all buffers would share one set of the cache. */
	BUFFER_STRIDE = BUFFER_SIZE + 3 * 64,
	LENT_BUFFERS = 1024, /* multishot style only; a power of two */
	BUFFER_GROUP = 0,
	NONE = -1,
};

enum operation { ACCEPT, RECEIVE, SEND, CANCEL };

struct connection {
	unsigned length, offset; /* of what is going out */
	int first, last; /* multishot: filled buffers; the first one is going out */
	bool receiving, broken; /* multishot: a receive is armed; nothing more can be sent */
};

static struct ring ring;
static struct connection *connections; /* by descriptor */
static char *buffers; /* by descriptor; by buffer number in multishot style */

static struct io_uring_buf_ring *lent;
static int next_filled[LENT_BUFFERS];
static unsigned filled_length[LENT_BUFFERS];
static int *starved; /* connections whose receive found no buffer */
static unsigned starved_count;
static unsigned held; /* buffers that are filled and not lent again */

static struct io_uring_sqe *start(enum operation operation, int fd, unsigned opcode)
{
	return ring_entry(&ring, opcode, fd, (uint64_t)fd << 2 | operation);
}

static void start_accept(int listener)
{
	struct io_uring_sqe *sqe = start(ACCEPT, listener, IORING_OP_ACCEPT);

	sqe->ioprio = IORING_ACCEPT_MULTISHOT;
	sqe->accept_flags = SOCK_CLOEXEC;
}

static void start_send(int fd, char *data, unsigned length)
{
	struct io_uring_sqe *sqe = start(SEND, fd, IORING_OP_SEND);

	sqe->addr = (uintptr_t)data;
	sqe->len = length;
	sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

/* Plain style */

static char *buffer_of(int number)
{
	return buffers + (size_t)number * BUFFER_STRIDE;
}

static void start_receive(int fd)
{
	struct io_uring_sqe *sqe = start(RECEIVE, fd, IORING_OP_RECV);

	sqe->addr = (uintptr_t)buffer_of(fd);
	sqe->len = BUFFER_SIZE;
	sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
}

static void plain_received(int fd, const struct io_uring_cqe *cqe)
{
	if (cqe->res <= 0) {
		close(fd);
		return;
	}
	connections[fd].length = cqe->res;
	connections[fd].offset = 0;
	start_send(fd, buffer_of(fd), cqe->res);
}

static void plain_sent(int fd, const struct io_uring_cqe *cqe)
{
	struct connection *c = &connections[fd];

	if (cqe->res <= 0) {
		close(fd);
		return;
	}
	c->offset += cqe->res;
	if (__builtin_expect(c->offset < c->length, 0))
		start_send(fd, buffer_of(fd) + c->offset, c->length - c->offset);
	else
		start_receive(fd);
}

/* Multishot style */

static void lend(int number)
{
	struct io_uring_buf *buf = &lent->bufs[lent->tail & (LENT_BUFFERS - 1)];

	buf->addr = (uintptr_t)buffer_of(number);
	buf->len = BUFFER_SIZE;
	buf->bid = number;
	__atomic_store_n(&lent->tail, lent->tail + 1, __ATOMIC_RELEASE);
}

static void lend_all(void)
{
	struct io_uring_buf_reg group = { .ring_entries = LENT_BUFFERS, .bgid = BUFFER_GROUP };
	int number;

	lent = map(LENT_BUFFERS * sizeof(struct io_uring_buf), -1, 0);
	group.ring_addr = (uintptr_t)lent;
	if (syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_PBUF_RING, &group, 1))
		die("IORING_REGISTER_PBUF_RING");
	for (number = 0; number < LENT_BUFFERS; number++)
		lend(number);
}

static void start_receives(int fd)
{
	struct io_uring_sqe *sqe = start(RECEIVE, fd, IORING_OP_RECV);

	sqe->ioprio = IORING_RECV_MULTISHOT | IORING_RECVSEND_POLL_FIRST;
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUFFER_GROUP;
	connections[fd].receiving = true;
}

static void send_first(int fd)
{
	struct connection *c = &connections[fd];

	c->offset = 0;
	c->length = filled_length[c->first];
	start_send(fd, buffer_of(c->first), c->length);
}

/* A buffer is free: one connection that found none may receive again. */
static void feed_starved(void)
{
	while (__builtin_expect(starved_count > 0, 0)) {
		int fd = starved[--starved_count];

		if (!connections[fd].broken) {
			start_receives(fd);
			return;
		}
		close(fd);
	}
}

static void give_back(int number)
{
	held--;
	lend(number);
	feed_starved();
}

static void drop_first(struct connection *c)
{
	int number = c->first;

	c->first = next_filled[number];
	give_back(number);
}

static void close_if_done(int fd)
{
	if (!connections[fd].receiving && connections[fd].first == NONE)
		close(fd);
}

static void multishot_received(int fd, const struct io_uring_cqe *cqe)
{
	struct connection *c = &connections[fd];
	int number = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

	if (cqe->res > 0) {
		next_filled[number] = NONE;
		filled_length[number] = cqe->res;
		held++;
		if (c->broken) {
			give_back(number);
		} else if (c->first == NONE) {
			c->first = c->last = number;
			send_first(fd);
		} else {
			next_filled[c->last] = number;
			c->last = number;
		}
	}
	if (__builtin_expect(cqe->flags & IORING_CQE_F_MORE, 1))
		return;
	c->receiving = false;
	if (c->broken) {
		close_if_done(fd);
		feed_starved(); /* with the buffer that this one does not take */
	} else if (cqe->res == -ENOBUFS && held) {
		c->receiving = true; /* as good as: the next buffer given back is promised */
		starved[starved_count++] = fd;
	} else if (cqe->res > 0 || cqe->res == -ENOBUFS) {
		start_receives(fd);
	} else {
		close_if_done(fd);
		feed_starved();
	}
}

/* Closing would do for the connection, but not for its receive: a multishot receive that gets data
 * and the end at the same time may never tell of the end (seen on 6.18). */
static void cancel_receives(int fd)
{
	struct io_uring_sqe *sqe = start(CANCEL, fd, IORING_OP_ASYNC_CANCEL);

	sqe->addr = (uint64_t)fd << 2 | RECEIVE;
}

static void multishot_sent(int fd, const struct io_uring_cqe *cqe)
{
	struct connection *c = &connections[fd];

	if (__builtin_expect(cqe->res <= 0, 0)) {
		c->broken = true;
		if (c->receiving)
			cancel_receives(fd);
		while (c->first != NONE)
			drop_first(c);
		close_if_done(fd);
		return;
	}
	c->offset += cqe->res;
	if (__builtin_expect(c->offset < c->length, 0)) {
		start_send(fd, buffer_of(c->first) + c->offset, c->length - c->offset);
		return;
	}
	drop_first(c);
	if (c->first != NONE)
		send_first(fd);
	else if (__builtin_expect(!c->receiving, 0))
		close_if_done(fd);
}

static void accepted(int listener, const struct io_uring_cqe *cqe, bool multishot)
{
	int on = 1;

	if (!(cqe->flags & IORING_CQE_F_MORE))
		start_accept(listener);
	if (cqe->res < 0)
		return;
	setsockopt(cqe->res, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	connections[cqe->res] = (struct connection){ .first = NONE };
	if (multishot)
		start_receives(cqe->res);
	else
		start_receive(cqe->res);
}

static void complete(const struct io_uring_cqe *cqe, bool multishot)
{
	int fd = cqe->user_data >> 2;

	switch (cqe->user_data & 3) {
	case ACCEPT:
		accepted(fd, cqe, multishot);
		break;
	case RECEIVE:
		if (multishot)
			multishot_received(fd, cqe);
		else
			plain_received(fd, cqe);
		break;
	case SEND:
		if (multishot)
			multishot_sent(fd, cqe);
		else
			plain_sent(fd, cqe);
		break;
	case CANCEL:
		break;
	}
}

static void run(bool multishot)
{
	unsigned head, tail;

	for (;;) {
		ring_enter(&ring, 1);
		head = *ring.cq_head;
		tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
		for (; head != tail; head++)
			complete(&ring.cqes[head & ring.cq_mask], multishot);
		__atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
	}
}

static int listen_on(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address))
		die("bind");
	if (listen(fd, BACKLOG))
		die("listen");
	return fd;
}

/* Raises the descriptor limit to the hard one and makes the tables that it bounds. */
static void make_tables(bool multishot)
{
	struct rlimit limit;
	size_t count;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit");
	connections = map(limit.rlim_cur * sizeof *connections, -1, 0);
	starved = map(limit.rlim_cur * sizeof *starved, -1, 0);
	count = multishot ? LENT_BUFFERS : limit.rlim_cur;
	buffers = map(count * BUFFER_STRIDE, -1, 0);
}

int main(int argc, char **argv)
{
	bool multishot = argc == 3 && !strcmp(argv[2], "multishot");

	if (argc != (multishot ? 3 : 2) || atoi(argv[1]) <= 0 || atoi(argv[1]) > UINT16_MAX) {
		fprintf(stderr, "usage: raw_uring_echo PORT [multishot]\n");
		return 2;
	}
	make_tables(multishot);
	ring_open(&ring);
	if (multishot)
		lend_all();
	start_accept(listen_on(atoi(argv[1])));
	run(multishot);
}
