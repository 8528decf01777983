/* SPDX-License-Identifier: MIT */
/* A cancel at every point of handshakes, conversations and closes with TLS: nothing is left, and no
 * record is cut. */
#include <string.h>
#include "explore.h"
#include "tls/ends.h"

enum { SIZE = 3000, MESSAGES = 2 };

static const async_stream_options narrow = { .limit = SIZE + 1, .write_high = 400 };

static int cut, taken, arrived;

static int write_messages(async_stream *stream)
{
	char line[SIZE + 1];
	ssize_t n = 0;

	line[SIZE] = '\n';
	for (int i = 0; i < MESSAGES && n >= 0; i++) {
		memset(line, 'a' + i, SIZE);
		n = await_stream_write(stream, line, sizeof line);
		taken += n > 0;
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

/* A record that was cut, or sent twice, would be damage, which no cancel excuses. */
static int read_messages(void *stream)
{
	const char *line;
	ssize_t n;

	while ((n = await_stream_readline(stream, &line)) > 0) {
		cut += !is_whole(line, n) && !async_stream_at_eof(stream);
		arrived += is_whole(line, n);
	}
	cut += n == -EPROTO;
	return excused((int)n);
}

/* Nor does a message arrive whose writer was told that nothing was taken. */
static int nothing_cut(void *arg)
{
	(void)arg;
	return cut || arrived > taken ? -EBADMSG : 0;
}

static int one_side(void *arg)
{
	struct start *start = arg;
	int error = await_stream_start_tls(start->stream, start->tls, start->host);

	cut += error == -EPROTO;
	if (!error) {
		AWAIT_GROUP(group);

		error = async_spawn(&group, read_messages, start->stream);
		if (!error)
			error = write_messages(start->stream);
		if (!error)
			error = await_stream_end(start->stream);
	}
	return excused(error);
}

static int both_sides(async_stream *ends[2])
{
	struct start starts[2] = {
		{ .stream = ends[0], .tls = client_with(&authority), .host = "localhost" },
		{ .stream = ends[1], .tls = server_with(&server) }
	};
	int error;

	{
		AWAIT_GROUP(group);

		error = async_spawn(&group, one_side, &starts[0]);
		if (!error)
			error = async_spawn(&group, one_side, &starts[1]);
		await_sleep(5);
		async_group_cancel(&group);
	}
	async_shield (5)
		close_both(starts);
	for (int i = 0; i < 2; i++)
		async_tls_free(starts[i].tls);
	return excused(error);
}

static int over_sockets(void *arg)
{
	async_stream *ends[2] = { NULL, NULL };
	int fds[2], error;

	(void)arg;
	cut = taken = arrived = 0;
	error = async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	if (error)
		return excused(error);
	ends[0] = async_stream_open(fds[0], &narrow);
	ends[1] = async_stream_open(fds[1], &narrow);
	return both_sides(ends);
}

TEST_WITH(tls_over_sockets, "S17 S19 S20 X02", .backends = ONCE, .deadline = 120)
{
	explore(over_sockets, nothing_cut);
}

static int in_memory(void *arg)
{
	async_stream *ends[2];
	int error = async_stream_pair(ends, &narrow);

	(void)arg;
	cut = taken = arrived = 0;
	return error ? excused(error) : both_sides(ends);
}

TEST_WITH(tls_in_memory, "S17 S19 S20 X02", .backends = ONCE, .deadline = 120)
{
	explore(in_memory, nothing_cut);
}

/* ---- A server that parks, and closes ---- */

static int one_line(async_stream *stream, void *tls)
{
	const char *line;
	ssize_t n;

	if (!async_stream_ssl(stream) && await_stream_start_tls(stream, tls, NULL))
		return 0;
	n = await_stream_readline(stream, &line);
	if (n <= 0)
		return 0;
	n = await_stream_write(stream, line, (size_t)n);
	return n < 0 ? 0 : ASYNC_PARK;
}

static int ask(void *arg)
{
	struct start *start = arg;
	async_stream *stream =
		await_connect_tls_with("127.0.0.1:4433", start->tls, "localhost", NULL, NULL);
	const char *line;
	ssize_t n = 0;

	for (int i = 0; stream && i < 2 && n >= 0; i++) {
		n = await_stream_write(stream, "hello\n", 6);
		if (n > 0)
			n = await_stream_readline(stream, &line);
		if (n > 0)
			n = await_sleep(0.5);
	}
	cut += n == -EPROTO;
	async_shield (5)
		await_stream_close(stream);
	return 0;
}

static int serve_and_ask(void *arg)
{
	struct start start = { .tls = client_with(&authority) };
	async_tls *tls = server_with(&server);
	async_server *running;

	(void)arg;
	cut = taken = arrived = 0;
	running = await_server_start(NULL, "127.0.0.1:4433", one_line, tls);
	if (running) {
		{
			AWAIT_GROUP(group, ASYNC_ISOLATED);

			async_spawn(&group, ask, &start);
			async_spawn(&group, ask, &start);
			await_sleep(1.2);
		}
		async_shield (60)
			await_server_close(running, NULL);
	}
	async_tls_free(start.tls);
	async_tls_free(tls);
	return 0;
}

TEST_WITH(tls_of_a_server, "S17 W33 X02", .backends = ONCE, .deadline = 120)
{
	explore(serve_and_ask, nothing_cut);
}
