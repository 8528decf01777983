/* SPDX-License-Identifier: MIT */
/* The fault injector hits the call it was told to, and only that. */
#define _GNU_SOURCE
#include "fault.h"
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int pair[2];

static void open_pair(void)
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
}

TEST_WITH(nth_call_fails, "", .backends = ONCE)
{
	open_pair();
	CHECK_INT(fault_inject("send", 2, ECONNRESET), 1);
	CHECK_INT(send(pair[0], "abc", 3, 0), 3);
	CHECK_INT(send(pair[0], "abc", 3, 0), -1);
	CHECK_INT(errno, ECONNRESET);
	CHECK_INT(send(pair[0], "abc", 3, 0), 3);
	CHECK_INT(fault_count("send"), 3);
	CHECK_INT(fault_count("recv"), 0);
	close_pair();
}

TEST_WITH(every_call_fails_until_cleared, "", .backends = ONCE)
{
	CHECK_INT(fault_inject_from("socketpair", 1, EMFILE), 1);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), -1);
		CHECK_INT(errno, EMFILE);
	}
	fault_clear();
	CHECK_INT(fault_count("socketpair"), 0);
	open_pair();
	close_pair();
}

TEST_WITH(short_counts, "", .backends = ONCE)
{
	char data[100] = { 0 };
	struct iovec vector[2] = { { data, 50 }, { data + 50, 50 } };
	struct msghdr message = { .msg_iov = vector, .msg_iovlen = 2 };

	open_pair();
	CHECK_INT(fault_short("write", 1, 4), 1);
	CHECK_INT(write(pair[0], "abcdef", 6), 4);
	CHECK_INT(fault_short("recv", 1, 1), 1);
	CHECK_INT(recv(pair[1], data, sizeof(data), 0), 1);
	CHECK_INT(recv(pair[1], data, sizeof(data), 0), 3);
	CHECK_INT(fault_short("writev", 1, 60), 1);
	CHECK_INT(writev(pair[0], vector, 2), 60);
	CHECK_INT(fault_short("recvmsg", 1, 51), 1);
	CHECK_INT(recvmsg(pair[1], &message, 0), 51);
	CHECK_INT(message.msg_iovlen, 2);
	CHECK(message.msg_iov == vector);
	CHECK_INT(recvmsg(pair[1], &message, 0), 9);
	close_pair();
}

TEST_WITH(no_memory, "", .backends = ONCE)
{
	void *volatile block;

	CHECK_INT(fault_inject("malloc", 1, ENOMEM), 1);
	block = malloc(10);
	CHECK(block == NULL);
	block = malloc(10);
	CHECK(block != NULL);
	free(block);
}

TEST_WITH(io_uring_refused, "", .backends = ONCE)
{
	CHECK_INT(fault_inject("io_uring_setup", 1, EPERM), 1);
	CHECK_INT(syscall(SYS_io_uring_setup, 1, NULL), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(syscall(SYS_getpid), getpid());
}

TEST_WITH(unknown_call, "", .backends = ONCE)
{
	CHECK_INT(fault_inject("gets", 1, EIO), 0);
}
