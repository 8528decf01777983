/* SPDX-License-Identifier: MIT */
/* Every system call made to fail in turn, at every place: a program that checks its results ends,
 * leaves nothing behind, and the next run works. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

struct meeting {
	int sock;
	char address[80];
};

static int serve(void *arg)
{
	struct meeting *meeting = arg;
	int client = await_accept(meeting->sock);
	char data[64];
	ssize_t n;

	while ((n = await_recv(client, data, sizeof data)) > 0)
		if ((n = await_sendall(client, data, (size_t)n)) < 0)
			break;
	async_close(client);
	return (int)n;
}

static int talk(void *arg)
{
	struct meeting *meeting = arg;
	int client = await_tcp_connect(meeting->address);
	char data[64] = "hello";
	ssize_t n = client;

	for (int i = 0; i < 3 && n >= 0; i++) {
		n = await_sendall(client, data, 5);
		if (n >= 0)
			n = await_recv(client, data, sizeof data);
	}
	async_close(client);
	return n < 0 ? (int)n : 0;
}

/* A server and a client in one group, under a limit: whatever fails, this ends. */
static int meet(void *arg)
{
	struct meeting meeting = { .sock = await_tcp_listen("127.0.0.1:0") };
	int result = meeting.sock;

	(void)arg;
	async_timeout (2.0) {
		AWAIT_GROUP(group);

		snprintf(meeting.address, sizeof meeting.address, "%s",
			 async_sockname(meeting.sock));
		if (result >= 0)
			result = async_spawn(&group, serve, &meeting);
		if (result >= 0)
			result = async_spawn(&group, talk, &meeting);
		if (result < 0)
			async_group_cancel(&group);
		else
			result = await_group(&group);
	}
	async_close(meeting.sock);
	return result < 0 ? result : 0;
}

static void ignore(const async_report *report, void *arg)
{
	(void)report;
	(void)arg;
}

static unsigned runs, failures;

static void fail_each(const char *call, const int *errors, size_t count)
{
	async_options options = { .report = ignore };
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		for (int nth = 1, used = 1; used; nth++) {
			fault_clear();
			if (!fault_inject(call, nth, errors[i]))
				return;
			failures += async_run_with(&options, meet, NULL) < 0;
			used = fault_count(call) >= nth;
			fault_clear();
			runs++;
		}
	}
	/* Rings that were closed just now still count as locked memory of the user. */
	for (int i = 0; i < 500 && (error = async_run_with(&options, meet, NULL)) == -ENOMEM; i++)
		usleep(10000);
	CHECK_INT(error, 0);
}

TEST_WITH(every_call_fails_in_turn, "X19", .backends = REAL_BACKENDS, .deadline = 120)
{
	static const char *const io[] = { "recv", "send",  "accept4", "connect",
					  "read", "write", "close",   "getsockopt" };
	static const char *const setup[] = {
		"socket",	  "eventfd",	    "epoll_create1",
		"epoll_ctl",	  "epoll_wait",	    "epoll_pwait2",
		"io_uring_setup", "io_uring_enter", "io_uring_register"
	};
	static const char *const memory[] = { "mmap",	"madvise", "mprotect",
					      "malloc", "calloc",  "realloc" };
	static const int io_errors[] = { EINTR, EAGAIN, ECONNRESET, ENOBUFS, EPIPE };
	static const int setup_errors[] = { EMFILE, ENFILE, ENOMEM, EINTR };
	static const int memory_errors[] = { ENOMEM };

	if (!fault_inject("recv", 1, EINTR))
		SKIP("no fault injection here");
	for (size_t i = 0; i < sizeof io / sizeof io[0]; i++)
		fail_each(io[i], io_errors, sizeof io_errors / sizeof io_errors[0]);
	for (size_t i = 0; i < sizeof setup / sizeof setup[0]; i++)
		fail_each(setup[i], setup_errors, sizeof setup_errors / sizeof setup_errors[0]);
	for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
		fail_each(memory[i], memory_errors, 1);
	fprintf(stderr, "%u runs, %u of them ended with an error\n", runs, failures);
	CHECK(runs > 100);
}
