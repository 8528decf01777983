/* SPDX-License-Identifier: MIT */
/* System calls that fail or move less than they were asked to, under streams and servers. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "streams.h"

enum { LINES = 40, LINE_BYTES = 500 };

/* Lines there and back; what comes must be what went. The number of lines that came. */
static int converse(async_stream *stream)
{
	char text[LINE_BYTES];
	int lines = 0;

	for (int i = 0; i < LINES; i++) {
		const char *line;
		ssize_t n;

		memset(text, 'a' + i % 26, sizeof text);
		text[sizeof text - 1] = '\n';
		if (await_stream_write(stream, text, sizeof text) != sizeof text)
			break;
		n = await_stream_readline(stream, &line);
		if (n <= 0)
			break;
		CHECK_INT(n, sizeof text);
		CHECK(!memcmp(line, text, sizeof text));
		lines++;
	}
	return lines;
}

/* Looks at what a write says: the other direction may still be well. */
static int echo_until_failure(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readline(stream, &line)) > 0)
		if (await_stream_write(stream, line, (size_t)n) < 0)
			break;
	return 0;
}

static int serve_one(const char *address)
{
	async_server *server = await_server_start(NULL, address, echo_until_failure, NULL);
	async_stream *stream = server ? await_connect_stream(async_server_address(server, 0)) :
					NULL;
	int lines = -1;

	if (stream) {
		async_timeout (5)
			lines = converse(stream);
		fault_clear();
		await_stream_close(stream);
	}
	fault_clear();
	if (server)
		await_server_close(server, NULL);
	return lines;
}

/* Interruptions and would-blocks change nothing. */
TEST_TASK_WITH(interrupted_calls_are_repeated, "S12 F02 G05", .backends = BACKEND_EPOLL,
	       .deadline = 60)
{
	static const char *const calls[] = { "recv", "send", "sendmsg", "accept4", "epoll_pwait2" };
	static const int errors[] = { EINTR, EAGAIN };

	for (size_t call = 0; call < sizeof calls / sizeof *calls; call++)
		for (size_t error = 0; error < 2; error++)
			for (int nth = 1; nth <= 4; nth++) {
				printf("%s %d: %s\n", calls[call], nth, strerror(errors[error]));
				CHECK(fault_inject(calls[call], nth, errors[error]));
				CHECK_INT(serve_one("127.0.0.1:0"), LINES);
			}
}

TEST_TASK_WITH(short_transfers_lose_nothing, "S05 S12 F02", .backends = BACKEND_EPOLL,
	       .deadline = 60)
{
	static const char *const calls[] = { "recv", "send", "sendmsg" };

	for (size_t call = 0; call < sizeof calls / sizeof *calls; call++)
		for (int nth = 1; nth <= 6; nth++)
			for (size_t bytes = 1; bytes < LINE_BYTES; bytes *= 5) {
				CHECK(fault_short(calls[call], nth, bytes));
				CHECK_INT(serve_one("127.0.0.1:0"), LINES);
			}
}

/* A broken connection ends the conversation, and nothing is left. */
TEST_TASK_WITH(failing_calls_end_the_connection, "S13 G10", .backends = BACKEND_EPOLL,
	       .deadline = 60)
{
	static const char *const calls[] = { "recv", "send" };
	static const int errors[] = { ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENOBUFS };

	for (size_t call = 0; call < sizeof calls / sizeof *calls; call++)
		for (size_t error = 0; error < sizeof errors / sizeof *errors; error++)
			for (int nth = 1; nth <= 6; nth++) {
				CHECK(fault_inject(calls[call], nth, errors[error]));
				CHECK(serve_one("127.0.0.1:0") < LINES);
			}
}

/* A server that cannot start says why and leaves nothing. */
TEST_TASK_WITH(a_server_that_cannot_start, "G03 N03", .backends = BACKEND_EPOLL)
{
	static const struct {
		const char *call;
		int error;
	} cases[] = { { "socket", EMFILE },  { "socket", EACCES },     { "bind", EADDRINUSE },
		      { "bind", EACCES },    { "listen", EOPNOTSUPP }, { "calloc", ENOMEM },
		      { "realloc", ENOMEM }, { "strdup", ENOMEM },     { "mmap", ENOMEM } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int nth = 1; nth <= 3; nth++) {
			async_server *server;

			CHECK(fault_inject(cases[i].call, nth, cases[i].error));
			FORGET_ERROR();
			server = await_server_start(NULL, "127.0.0.1:0,[::1]:0", echo_lines, NULL);
			fault_clear();
			if (server)
				CHECK_INT(await_server_close(server, NULL), 0);
			else
				CHECK(async_error_code() < 0 && *async_error());
		}
}

/* Connections that go before they are taken are passed over. */
TEST_TASK_WITH(aborted_connections_are_passed_over, "G05 F03", .backends = BACKEND_EPOLL)
{
	static const int errors[] = { ECONNABORTED, EPROTO };

	for (size_t i = 0; i < 2; i++) {
		CHECK(fault_inject("accept4", 1, errors[i]));
		CHECK_INT(serve_one("127.0.0.1:0"), LINES);
	}
}

static int serve_on_loops(void *arg)
{
	async_server_options options = { .loops = 4, .ignore_sigterm = true };

	(void)arg;
	return await_serve_with(&options, "127.0.0.1:0", echo_lines, NULL);
}

TEST_TASK_WITH(loops_that_cannot_start, "X10", .backends = REAL_BACKENDS)
{
	for (int nth = 1; nth <= 3; nth++) {
		fault_inject("pthread_create", nth, EAGAIN);
		CHECK_INT(serve_on_loops(NULL), -EAGAIN);
		fault_clear();
	}
	/* A loop of another thread that finds no memory or descriptors. */
	for (int nth = 2; nth <= 4; nth++) {
		fault_inject("eventfd", nth - 1, EMFILE);
		CHECK_INT(serve_on_loops(NULL), -EMFILE);
		fault_clear();
	}
}
