/* SPDX-License-Identifier: MIT */
/* Moving data: every call, cancels that lose nothing, refusals, failing system calls. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "settle.h"

enum { BIG = 1 << 20 };

static int pair[2];

static void make_pair(void)
{
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void close_pair(void)
{
	CHECK_INT(async_close(pair[0]), 0);
	CHECK_INT(async_close(pair[1]), 0);
}

static int send_later(void *arg)
{
	await_sleep(0.001);
	return (int)await_send(pair[1], arg, strlen(arg));
}

TEST_TASK(recv_waits_for_data_and_tells_the_end, "F01 Z08 A12")
{
	async_task *task;
	char data[100];

	make_pair();
	task = async_create_task(send_later, (char *)"hello");
	CHECK_INT(await_recv(pair[0], data, sizeof data), 5);
	CHECK(!memcmp(data, "hello", 5));
	CHECK_INT(await_task(task), 5);
	CHECK_INT(await_send(pair[1], "again", 5), 5);
	CHECK_INT(await_recv(pair[0], data, 2), 2);
	CHECK_INT(await_recv(pair[0], data, sizeof data), 3);
	CHECK_INT(async_shutdown(pair[1], SHUT_WR), 0);
	CHECK_INT(await_recv(pair[0], data, sizeof data), 0);
	CHECK_INT(await_recv(pair[0], data, sizeof data), 0);
	close_pair();
}

static int send_big(void *arg)
{
	return await_sendall(pair[1], arg, BIG) == BIG ? 0 : -EIO;
}

TEST_TASK(sendall_sends_all_whatever_the_buffer, "F02 Z09")
{
	char *out = malloc(BIG), *in = malloc(BIG);
	size_t got = 0;
	async_task *task;

	for (size_t i = 0; i < BIG; i++)
		out[i] = (char)(i * 7 + i / 1000);
	make_pair();
	task = async_create_task(send_big, out);
	while (got < BIG) {
		ssize_t n = await_recv(pair[0], in + got, BIG - got);

		CHECK(n > 0);
		got += (size_t)n;
	}
	CHECK_INT(await_task(task), 0);
	CHECK(!memcmp(in, out, BIG));
	close_pair();
	free(in);
	free(out);
}

TEST_TASK(vectored_calls, "F01 F02")
{
	char a[3], b[10];
	struct iovec out[2] = { { (char *)"abc", 3 }, { (char *)"defgh", 5 } },
		     in[2] = { { a, 3 }, { b, 10 } };

	make_pair();
	CHECK_INT(await_writev(pair[0], out, 2), 8);
	CHECK_INT(await_readv(pair[1], in, 2), 8);
	CHECK(!memcmp(a, "abc", 3) && !memcmp(b, "defgh", 5));
	CHECK_INT(await_write(pair[1], "xy", 2), 2);
	CHECK_INT(await_read(pair[0], b, sizeof b), 2);
	close_pair();
}

TEST_TASK(messages_with_flags, "F01 F05")
{
	char data[10] = "";
	struct iovec part = { data, sizeof data };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	make_pair();
	part.iov_len = 4;
	memcpy(data, "peek", 4);
	CHECK_INT(await_sendmsg(pair[0], &message, 0), 4);
	part.iov_len = sizeof data;
	CHECK_INT(await_recvmsg(pair[1], &message, MSG_PEEK), 4);
	CHECK_INT(await_recvmsg(pair[1], &message, 0), 4);
	close_pair();
}

TEST_TASK(datagrams_come_with_their_address, "F05 U03")
{
	struct sockaddr_storage address, from;
	socklen_t length = sizeof address, from_length = sizeof from;
	int a = await_udp_bind("127.0.0.1:0"), b = await_udp_bind("127.0.0.1:0");
	char data[100], own[80];

	CHECK(a >= 0 && b >= 0);
	CHECK_INT(async_getsockname(b, (struct sockaddr *)&address, &length), 0);
	strcpy(own, async_sockname(a));
	CHECK_INT(await_sendto(a, "one", 3, 0, (struct sockaddr *)&address, length), 3);
	CHECK_INT(await_sendto(a, "", 0, 0, (struct sockaddr *)&address, length), 0);
	CHECK_INT(await_sendto(a, "three", 5, 0, (struct sockaddr *)&address, length), 5);
	CHECK_INT(await_recvfrom(b, data, sizeof data, 0, (struct sockaddr *)&from, &from_length),
		  3);
	CHECK_STR(async_address_format((struct sockaddr *)&from, from_length, data, sizeof data),
		  own);
	CHECK_INT(await_recvfrom(b, data, sizeof data, 0, NULL, NULL), 0);
	CHECK_INT(await_recvfrom(b, data, 2, 0, NULL, NULL), 2);
	CHECK_INT(async_close(a), 0);
	CHECK_INT(async_close(b), 0);
}

TEST_TASK(short_datagram_does_not_hide_the_next, "F05")
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	int a = await_udp_bind("127.0.0.1:0"), b = await_udp_bind("127.0.0.1:0");
	char data[100];

	CHECK_INT(async_getsockname(b, (struct sockaddr *)&address, &length), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(await_sendto(a, "x", 1, 0, (struct sockaddr *)&address, length), 1);
	for (int i = 0; i < 3; i++)
		CHECK_INT(await_recv(b, data, sizeof data), 1);
	async_close(a);
	async_close(b);
}

TEST_TASK(poll_tells_what_holds, "F08")
{
	int events = 0;

	make_pair();
	CHECK_INT(await_poll(pair[0], POLLOUT), POLLOUT);
	async_timeout (0.01)
		events = await_poll(pair[0], POLLIN);
	CHECK_INT(events, -ETIMEDOUT);
	CHECK_INT(await_send(pair[1], "x", 1), 1);
	CHECK_INT(await_poll(pair[0], POLLIN), POLLIN);
	close_pair();
}

TEST_TASK(try_poll_tells_what_holds_now, "F08")
{
	char data[4];

	make_pair();
	CHECK_INT(async_try_poll(pair[0], POLLIN), 0);
	CHECK_INT(async_try_poll(pair[0], POLLIN | POLLOUT), POLLOUT);
	CHECK_INT(await_send(pair[1], "x", 1), 1);
	CHECK_INT(await_poll(pair[0], POLLIN), POLLIN);
	CHECK_INT(async_try_poll(pair[0], POLLIN | POLLOUT), POLLIN | POLLOUT);
	CHECK_INT(await_recv(pair[0], data, sizeof data), 1);
	CHECK_INT(async_try_poll(pair[0], POLLIN), 0);
	async_close(pair[1]);
	CHECK(await_poll(pair[0], POLLIN) & POLLIN);
	CHECK(async_try_poll(pair[0], POLLIN) & POLLIN); /* the end */
	async_close(pair[0]);
	CHECK_INT(async_try_poll(pair[0], POLLIN), -EBADF);
	CHECK_INT(async_try_poll(1000, POLLIN), -EBADF);
	CHECK_INT(async_try_poll(-EMFILE, POLLIN), -EMFILE);
}

TEST_TASK(cancelled_recv_consumes_nothing, "F07 E06 D08")
{
	char data[10];
	ssize_t n = 0;

	make_pair();
	async_timeout (0.005)
		n = await_recv(pair[0], data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	CHECK_INT(await_send(pair[1], "kept", 4), 4);
	async_timeout (0)
		n = await_recv(pair[0], data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	CHECK_INT(await_recv(pair[0], data, sizeof data), 4);
	CHECK(!memcmp(data, "kept", 4));
	close_pair();
}

static int reader(void *arg)
{
	char data[10];

	return (int)await_recv(async_int(arg), data, sizeof data);
}

TEST_TASK(second_reader_is_refused, "F07 B25")
{
	async_task_options named = { .name = "first" };
	async_task *task;
	char data[10];

	make_pair();
	task = async_create_task_with(&named, reader, ASYNC_INT(pair[0]));
	await_sleep(0);
	CHECK_INT(await_recv(pair[0], data, sizeof data), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "first is already waiting to read it");
	CHECK_INT(await_send(pair[0], "out", 3), 3);
	CHECK_INT(await_send(pair[1], "in", 2), 2);
	CHECK_INT(await_task(task), 2);
	close_pair();
}

TEST_TASK(closing_wakes_the_waiter, "F07 P08")
{
	async_task *task;

	make_pair();
	task = async_create_task(reader, ASYNC_INT(pair[0]));
	settle();
	CHECK_INT(async_close(pair[0]), 0);
	CHECK_INT(await_task(task), -EBADF);
	CHECK_TEXT_HAS(async_error(), "await_recv on descriptor");
	CHECK_INT(async_close(pair[1]), 0);
}

TEST_TASK(closing_right_after_the_wait_began, "F07")
{
	async_task_options eager = { .eager = true };
	async_task *task;
	int other[2];

	make_pair();
	task = async_create_task_with(&eager, reader, ASYNC_INT(pair[0]));
	CHECK_INT(async_close(pair[0]), 0);
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
	CHECK_INT(await_send(other[1], "x", 1), 1);
	CHECK_INT(await_task(task), -EBADF);
	CHECK_INT(reader(ASYNC_INT(other[0])), 1);
	async_close(other[0]);
	async_close(other[1]);
	async_close(pair[1]);
}

TEST_TASK(failed_handles_go_through, "F01 F02 F03 Z51")
{
	char data[4];

	CHECK_INT(await_recv(-EMFILE, data, 4), -EMFILE);
	CHECK_INT(await_sendall(-ENOENT, data, 4), -ENOENT);
	CHECK_INT(await_accept(-EACCES), -EACCES);
	CHECK_INT(async_close(-EINVAL), -EINVAL);
	CHECK_INT(await_recv(1000, data, 4), -EBADF);
	CHECK_TEXT_HAS(async_error(), "await_recv on descriptor 1000: Bad file descriptor (EBADF)");
	CHECK_INT(await_sendall(1000, data, 4), -EBADF);
	CHECK_INT(await_poll(1000, POLLIN), -EBADF);
}

TEST_TASK(peer_that_is_gone, "F02 Z11")
{
	int result = 0;

	make_pair();
	CHECK_INT(async_close(pair[0]), 0);
	for (int i = 0; i < 10 && result >= 0; i++)
		result = (int)await_sendall(pair[1], "x", 1);
	CHECK_INT(result, -EPIPE);
	CHECK_TEXT_HAS(async_error(), "await_sendall on descriptor");
	CHECK_INT(async_close(pair[1]), 0);
}

/* From here on: real descriptors. */

TEST_TASK_WITH(blocking_descriptors_do_not_block_the_loop, "Z14 F01", .backends = REAL_BACKENDS)
{
	char data[10];
	ssize_t n = 0;
	int fds[2];

	CHECK(!pipe(fds));
	async_timeout (0.01)
		n = await_read(fds[0], data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	CHECK_INT(await_write(fds[1], "piped", 5), 5);
	CHECK_INT(await_read(fds[0], data, sizeof data), 5);
	close(fds[0]);
	close(fds[1]);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	async_timeout (0.01)
		n = await_recv(fds[0], data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	async_timeout (0.01)
		n = await_read(fds[1], data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	async_close(fds[0]);
	async_close(fds[1]);
}

static int send_on(void *arg)
{
	await_sleep(0.005);
	return (int)send(async_int(arg), "new", 3, 0);
}

TEST_TASK_WITH(number_closed_and_reused_behind_our_back, "F07", .backends = REAL_BACKENDS)
{
	int fds[2], again[2];
	async_task *task;
	char data[10];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	CHECK_INT(send(fds[1], "old", 3, 0), 3);
	CHECK_INT(await_recv(fds[0], data, sizeof data), 3);
	task = async_create_task(send_on, ASYNC_INT(fds[1]));
	CHECK_INT(await_recv(fds[0], data, sizeof data), 3);
	await_task(task);
	close(fds[0]);
	close(fds[1]);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, again));
	CHECK(again[0] == fds[0] || again[1] == fds[0]);
	task = async_create_task(send_on, ASYNC_INT(again[1]));
	CHECK_INT(await_recv(again[0], data, sizeof data), 3);
	await_task(task);
	task = async_create_task(send_on, ASYNC_INT(again[0]));
	CHECK_INT(await_recv(again[1], data, sizeof data), 3);
	await_task(task);
	close(again[0]);
	close(again[1]);
	/* And once more as something that is no socket. */
	CHECK(!pipe(again));
	CHECK_INT(await_write(again[1], "pipe", 4), 4);
	CHECK_INT(await_read(again[0], data, sizeof data), 4);
	async_close(again[0]);
	async_close(again[1]);
}

TEST_TASK_WITH(descriptor_closed_under_a_waiter, "F07", .backends = BACKEND_EPOLL)
{
	async_task *task;
	int fds[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	task = async_create_task(reader, ASYNC_INT(fds[0]));
	settle();
	close(fds[0]);
	CHECK_INT(await_task(task), -EBADF);
	async_close(fds[1]);
}

TEST_TASK_WITH(writing_to_a_pipe_follows_sigpipe, "F02", .backends = REAL_BACKENDS)
{
	int fds[2];

	CHECK(!pipe(fds));
	signal(SIGPIPE, SIG_IGN);
	close(fds[0]);
	CHECK_INT(await_write(fds[1], "x", 1), -EPIPE);
	async_close(fds[1]);
}

TEST_TASK_WITH(regular_files_are_always_ready, "F01", .backends = REAL_BACKENDS)
{
	char path[] = "/tmp/await-io-XXXXXX", data[10];
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_INT(await_write(fd, "file", 4), 4);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(await_read(fd, data, sizeof data), 4);
	CHECK_INT(await_read(fd, data, sizeof data), 0);
	unlink(path);
	async_close(fd);
}

/* What a full disk cut short must not be written over. */
TEST_TASK_WITH(a_file_s_position_moves_by_what_was_written, "F01", .backends = REAL_BACKENDS)
{
	const struct rlimit full = { 10, RLIM_INFINITY }, room = { RLIM_INFINITY, RLIM_INFINITY };
	char text[] = "56789abc";
	struct iovec parts[] = { { text, 2 }, { text + 2, 6 } };
	char path[] = "/tmp/await-io-XXXXXX", data[20] = "";
	int fd = mkstemp(path);

	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &full), 0);
	CHECK_INT(await_write(fd, "01234", 5), 5);
	CHECK_INT(await_writev(fd, parts, 2), 5);
	CHECK_INT(await_write(fd, "lost", 4), -EFBIG);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &room), 0);
	CHECK_INT(await_write(fd, "abc", 3), 3);
	CHECK_INT(await_pread(fd, data, sizeof data, 0), 13);
	CHECK_STR(data, "0123456789abc");
	unlink(path);
	async_close(fd);
}

static const int transient[] = { EINTR, EAGAIN };

TEST_TASK_WITH(interrupted_calls_are_made_again, "F01 F02", .backends = BACKEND_EPOLL)
{
	char data[10];

	make_pair();
	for (size_t i = 0; i < 2; i++) {
		if (!fault_inject("send", 1, transient[i]))
			SKIP("no fault injection here");
		CHECK_INT(await_sendall(pair[1], "data", 4), 4);
		fault_clear();
		fault_inject("recv", 1, transient[i]);
		CHECK_INT(await_recv(pair[0], data, sizeof data), 4);
		fault_clear();
	}
	fault_short("send", 1, 1);
	CHECK_INT(await_sendall(pair[1], "data", 4), 4);
	fault_clear();
	CHECK_INT(await_recv(pair[0], data, sizeof data), 4);
	close_pair();
}

TEST_TASK_WITH(failing_calls_are_the_callers_errors, "F01 F02 X19", .backends = BACKEND_EPOLL)
{
	char data[10];

	make_pair();
	if (!fault_inject("recv", 1, ECONNRESET))
		SKIP("no fault injection here");
	CHECK_INT(await_recv(pair[0], data, sizeof data), -ECONNRESET);
	CHECK_TEXT_HAS(async_error(), "Connection reset by peer (ECONNRESET)");
	fault_inject("recv", 1, ENOMEM); /* the kernel's, not one of a call of ours */
	CHECK_INT(await_recv(pair[0], data, sizeof data), -ENOMEM);
	CHECK_INT(async_error_code(), -ENOMEM);
	CHECK_TEXT_HAS(async_error(), "await_recv on descriptor");
	fault_clear();
	fault_inject("send", 1, ENOBUFS);
	CHECK_INT(await_sendall(pair[0], data, 5), -ENOBUFS);
	fault_clear();
	fault_inject("epoll_ctl", 1, ENOSPC);
	CHECK_INT(await_recv(pair[0], data, sizeof data), -ENOSPC);
	fault_clear();
	fault_inject("epoll_ctl", 1, ENOMEM);
	CHECK_INT(await_recv(pair[0], data, sizeof data), -ENOMEM);
	fault_clear();
	CHECK_INT(await_send(pair[1], "ok", 2), 2);
	CHECK_INT(await_recv(pair[0], data, sizeof data), 2);
	close_pair();
}

static int echo_some(void *arg)
{
	char data[64];
	ssize_t n;

	while ((n = await_recv(async_int(arg), data, sizeof data)) > 0)
		await_sendall(async_int(arg), data, (size_t)n);
	return (int)n;
}

TEST_TASK_WITH(echo_costs_one_recv_and_one_send, "F01 F02 T08", .backends = BACKEND_EPOLL)
{
	enum { REQUESTS = 1000 };
	async_task *task;
	char data[64] = "ping";

	make_pair();
	task = async_create_task(echo_some, ASYNC_INT(pair[0]));
	CHECK_INT(await_sendall(pair[1], data, 64), 64);
	CHECK_INT(await_recv(pair[1], data, 100), 64);
	fault_clear();
	for (int i = 0; i < REQUESTS; i++) {
		CHECK_INT(await_sendall(pair[1], data, 63), 63);
		CHECK_INT(await_recv(pair[1], data, 64), 63);
	}
	/* Two ends in one process: two of each for a round trip, and never an epoll_ctl. */
	if (fault_count("send")) {
		CHECK_INT(fault_count("send"), 2 * REQUESTS);
		CHECK_INT(fault_count("recv"), 2 * REQUESTS);
		CHECK_INT(fault_count("epoll_ctl"), 0);
	}
	async_shutdown(pair[1], SHUT_WR);
	CHECK_INT(await_task(task), 0);
	close_pair();
}

TEST_WITH(sockets_without_a_loop, "A04 F01 Z22", .in_thread = 1)
{
	char data[10];

	make_pair();
	CHECK_INT(await_sendall(pair[0], "plain", 5), 5);
	CHECK_INT(await_recv(pair[1], data, sizeof data), 5);
	CHECK_INT(await_write(pair[0], "w", 1), 1);
	CHECK_INT(await_poll(pair[1], POLLIN), POLLIN);
	CHECK_INT(await_read(pair[1], data, sizeof data), 1);
	close_pair();
}
