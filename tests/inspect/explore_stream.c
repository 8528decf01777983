/* SPDX-License-Identifier: MIT */
/* A cancel at every point of what streams and servers do: nothing is left, and no message is cut. */
#include <stdlib.h>
#include <string.h>
#include "explore.h"

enum { SIZE = 3000, MESSAGES = 3 };

/* The marks are small, so that everything that can wait does. */
static const async_stream_options narrow = { .limit = 100, .write_high = 400 };

static int opened(async_stream *stream)
{
	return stream ? 0 : async_error_code();
}

/* Messages are lines of one letter; what arrives of them must be whole. */
static int write_messages(void *arg)
{
	char line[SIZE + 1];
	ssize_t n = 0;

	line[SIZE] = '\n';
	for (int i = 0; i < MESSAGES && n >= 0; i++) {
		memset(line, 'a' + i, SIZE);
		n = await_stream_write(arg, line, sizeof line);
	}
	return excused((int)n);
}

static bool is_whole(const char *line, ssize_t n)
{
	if (n != SIZE + 1 || line[SIZE] != '\n')
		return false;
	for (int i = 1; i < SIZE; i++)
		if (line[i] != line[0])
			return false;
	return true;
}

static int cut;

/* Only a stream that failed, or was aborted by a cancelled owner, may end inside a message. */
static int read_messages(void *arg)
{
	async_stream *stream = arg;
	const char *line;
	ssize_t n;

	async_stream_set_limit(stream, SIZE);
	while ((n = await_stream_readline(stream, &line)) > 0)
		cut += !is_whole(line, n) && !async_stream_at_eof(stream);
	return excused((int)n);
}

static int nothing_cut(void *arg)
{
	(void)arg;
	return cut ? -EBADMSG : 0;
}

static int converse(async_stream *ends[2])
{
	int error = 0;

	{
		AWAIT_GROUP(group);

		error = async_spawn(&group, write_messages, ends[0]);
		if (!error)
			error = async_spawn(&group, read_messages, ends[1]);
		if (!error)
			error = async_spawn(&group, write_messages, ends[1]);
		if (!error)
			error = async_spawn(&group, read_messages, ends[0]);
		await_sleep(0.5);
		async_group_cancel(&group);
	}
	async_shield (5) {
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
	}
	return excused(error);
}

static int over_sockets(void *arg)
{
	async_stream *ends[2] = { NULL, NULL };
	int fds[2], error;

	(void)arg;
	cut = 0;
	error = async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	if (error)
		return excused(error);
	ends[0] = async_stream_open(fds[0], &narrow);
	ends[1] = async_stream_open(fds[1], &narrow);
	return converse(ends);
}

TEST_WITH(streams_over_sockets, "S05 S12 S13 X02", .backends = ONCE, .deadline = 60)
{
	explore(over_sockets, nothing_cut);
}

static int in_memory(void *arg)
{
	async_stream *ends[2];
	int error = async_stream_pair(ends, &narrow);

	(void)arg;
	cut = 0;
	return error ? excused(error) : converse(ends);
}

TEST_WITH(streams_in_memory, "S05 S12 S13 X02", .backends = ONCE, .deadline = 60)
{
	explore(in_memory, nothing_cut);
}

/* Buffered output, drained, flushed and ended, against a slow reader. */
static int buffer_and_drain(void *arg)
{
	async_stream *stream = arg;
	char data[300] = { 0 };
	ssize_t n = 0;

	for (int i = 0; i < 5 && n >= 0; i++) {
		n = async_stream_buffer(stream, data, sizeof data);
		if (n == -EAGAIN)
			n = await_stream_drain(stream);
	}
	if (n >= 0)
		n = await_stream_flush(stream);
	if (n >= 0)
		n = await_stream_end(stream);
	return excused((int)n);
}

static int read_slowly(void *arg)
{
	char data[100];
	ssize_t n;

	while ((n = await_stream_read(arg, data, sizeof data)) > 0)
		if (await_sleep(0.001))
			break;
	return excused((int)n);
}

static int buffered(void *arg)
{
	async_stream *ends[2];
	int error = async_stream_pair(ends, &narrow);

	(void)arg;
	if (error)
		return excused(error);
	{
		AWAIT_GROUP(group);

		async_spawn(&group, buffer_and_drain, ends[0]);
		async_spawn(&group, read_slowly, ends[1]);
		await_sleep(0.1);
		async_group_cancel(&group);
	}
	async_shield (5) {
		await_stream_close(ends[0]);
		async_stream_abort(ends[1]);
	}
	return 0;
}

TEST_WITH(buffers_drains_and_flushes, "S13 S14 G09 G11", .backends = ONCE, .deadline = 60)
{
	explore(buffered, NULL);
}

static int echo(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, (size_t)n);
	return excused((int)n);
}

static int ask(void *server)
{
	async_stream *stream = await_connect_stream(async_server_address(server, 0));
	const char *line;
	int error = opened(stream);

	if (error)
		return excused(error);
	await_stream_write(stream, "hello\n", 6);
	await_stream_readline(stream, &line);
	await_stream_close(stream);
	return 0;
}

static int serve(void *arg)
{
	async_server_options options = { .max_connections = 2,
					 .grace_seconds = 0.5,
					 .cancel_seconds = 0.5 };
	async_server *server = await_server_start(&options, "127.0.0.1:0", echo, NULL);

	(void)arg;
	if (!server)
		return 0;
	{
		AWAIT_GROUP(clients);

		for (int i = 0; i < 3; i++)
			async_spawn(&clients, ask, server);
	}
	async_shield (5)
		await_server_close(server, NULL);
	return 0;
}

TEST_WITH(a_server_and_its_clients, "S02 G04 G05", .backends = ONCE, .deadline = 60)
{
	explore(serve, NULL);
}

static int serve_for_ever(void *arg)
{
	(void)arg;
	return excused(await_serve_with(&(async_server_options){ .ignore_sigterm = true },
					"127.0.0.1:4000", echo, NULL));
}

static int serve_and_stop(void *arg)
{
	async_task *server = async_create_task(serve_for_ever, arg);
	async_stream *client;
	int error;

	if (!server)
		return 0;
	await_sleep(0.01);
	client = await_connect_stream("127.0.0.1:4000");
	await_stream_write(client, "x\n", 2);
	async_task_cancel(server);
	error = await_task(server);
	if (client)
		await_stream_close(client);
	return excused(error);
}

TEST_WITH(await_serve_ends_at_any_point, "G04 S02", .backends = ONCE, .deadline = 60)
{
	explore(serve_and_stop, NULL);
}

/* ---- Connections that are parked between two messages ---- */

static int kept;

static void forget(void *user)
{
	kept--;
	free(user);
}

static int echo_and_park(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	if (!async_stream_user(stream)) {
		async_stream_set_user(stream, malloc(10));
		kept++;
	}
	n = await_stream_readline(stream, &line);
	if (n > 0)
		n = await_stream_write(stream, line, (size_t)n);
	return n > 0 ? ASYNC_PARK : excused((int)n);
}

static int ask_twice(void *server)
{
	async_stream *stream = await_connect_stream(async_server_address(server, 0));
	const char *line;

	if (!stream)
		return 0;
	for (int i = 0; i < 2; i++) {
		await_stream_write(stream, "hello\n", 6);
		await_stream_readline(stream, &line);
		await_sleep(0.01);
	}
	async_shield (5)
		await_stream_close(stream);
	return 0;
}

static int serve_parked(void *arg)
{
	async_server_options options = {
		.grace_seconds = 0.5, .cancel_seconds = 0.5, .park_seconds = 0.05, .forget = forget
	};
	async_server *server = await_server_start(&options, "127.0.0.1:0", echo_and_park, NULL);

	(void)arg;
	kept = 0;
	if (!server)
		return 0;
	{
		AWAIT_GROUP(clients);

		for (int i = 0; i < 2; i++)
			async_spawn(&clients, ask_twice, server);
	}
	async_shield (5)
		await_server_close(server, NULL);
	return 0;
}

static int nothing_kept(void *arg)
{
	(void)arg;
	return kept ? -EBADMSG : 0;
}

TEST_WITH(parked_connections, "G04 W33", .backends = ONCE, .deadline = 60)
{
	explore(serve_parked, nothing_kept);
}
