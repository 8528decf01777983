/* SPDX-License-Identifier: MIT */
/* Bytes through TLS: much of them, cut, damaged, cancelled, parked; and how it ends. */
#include <errno.h>
#include "fault.h"
#include "tls/ends.h"

enum { MUCH = 5 * 1000 * 1000 };

static char *much;

static void fill_much(void)
{
	much = malloc(MUCH);
	for (size_t i = 0; i < MUCH; i++)
		much[i] = (char)(i * 31 % 253);
}

static int send_much(void *stream)
{
	struct iovec parts[3] = { { much, 10 }, { much + 10, 40000 }, { much + 40010, 1 } };

	CHECK_INT(await_stream_writev(stream, parts, 3), 40011);
	for (size_t at = 40011; at < MUCH;) {
		size_t n = at < 1000000 ? 1000 : at < 2000000 ? 99999 : MUCH - at;

		CHECK_INT(await_stream_write(stream, much + at, n), n);
		at += n;
	}
	return await_stream_end(stream);
}

static int receive_much(void *stream)
{
	size_t total = 0;
	const char *data;
	ssize_t n;

	while ((n = await_stream_chunk(stream, &data)) > 0) {
		CHECK(total + (size_t)n <= MUCH && !memcmp(data, much + total, (size_t)n));
		total += (size_t)n;
	}
	CHECK_INT(n, 0);
	CHECK_INT(total, MUCH);
	return 0;
}

TEST_TASK_WITH(much_both_ways_at_once, "S17 S20", .deadline = 30)
{
	struct start starts[2];

	fill_much();
	tls_ends(starts);
	{
		AWAIT_GROUP(group);

		for (int i = 0; i < 2; i++) {
			async_spawn(&group, send_much, starts[i].stream);
			async_spawn(&group, receive_much, starts[1 - i].stream);
		}
	}
	close_both(starts);
	free(much);
}

static int buffer_much(void *stream)
{
	for (size_t at = 0; at < MUCH;) {
		ssize_t n = async_stream_buffer(stream, much + at, 5000);

		at += n > 0 ? (size_t)n : 0;
		if (n == -EAGAIN)
			CHECK_INT(await_stream_drain(stream), 0);
	}
	CHECK_INT(await_stream_flush(stream), 0);
	return await_stream_end(stream);
}

static int receive_in_pieces(void *stream)
{
	static char data[200 * 1000];
	size_t total = 0, size = 1;
	ssize_t n;

	while ((n = await_stream_read(stream, data, size)) > 0) {
		CHECK(!memcmp(data, much + total, (size_t)n));
		total += (size_t)n;
		size = size * 3 % sizeof data + 1;
	}
	CHECK_INT(n, 0);
	CHECK_INT(total, MUCH);
	return 0;
}

TEST_TASK_WITH(much_in_the_background, "S13 S20", .deadline = 30)
{
	struct start starts[2];

	fill_much();
	tls_ends(starts);
	{
		AWAIT_GROUP(group);

		async_spawn(&group, buffer_much, starts[0].stream);
		async_spawn(&group, receive_in_pieces, starts[1].stream);
	}
	close_both(starts);
	free(much);
}

/* Records are made first, and go together. */
TEST_TASK_WITH(many_records_in_one_call, "S17", .backends = BACKEND_EPOLL)
{
	static char data[60000];
	struct iovec parts[100];
	struct start starts[2];

	tls_ends(starts);
	fault_clear();
	CHECK_INT(await_stream_write(starts[0].stream, data, sizeof data), sizeof data);
	CHECK_INT(fault_count("send") + fault_count("sendmsg"), 1);
	for (int i = 0; i < 100; i++)
		parts[i] = (struct iovec){ data, 300 };
	CHECK_INT(await_stream_readexactly(starts[1].stream, data, sizeof data), sizeof data);
	fault_clear();
	CHECK_INT(await_stream_writev(starts[0].stream, parts, 100), 30000);
	CHECK_INT(fault_count("send") + fault_count("sendmsg"), 1);
	CHECK_INT(await_stream_readexactly(starts[1].stream, data, 30000), 30000);
	close_both(starts);
}

TEST_TASK(a_file, "N02 S17")
{
	struct start starts[2];
	char data[1000];
	FILE *file = tmpfile();
	off_t offset = 5;

	CHECK(file && fputs("12345hello file", file) >= 0 && !fflush(file));
	tls_ends(starts);
	CHECK_INT(await_stream_sendfile(starts[0].stream, fileno(file), &offset, 0), 10);
	CHECK_INT(await_stream_readexactly(starts[1].stream, data, 10), 10);
	CHECK_INT(memcmp(data, "hello file", 10), 0);
	close_both(starts);
	fclose(file);
}

/* ---- Ends ---- */

TEST_TASK(no_close_notify_is_an_error, "S20")
{
	for (int accept = 0; accept < 2; accept++) {
		async_tls_options options = { .ca = authority.pem, .accept_truncation = accept };
		struct start starts[2];
		const char *line;

		try_tls(async_tls_client(&options), server_with(&server), "localhost", starts);
		CHECK_INT(await_stream_write(starts[1].stream, "all\nhal", 7), 7);
		CHECK_INT(await_stream_readline(starts[0].stream, &line), 4);
		async_close(async_stream_descriptor(starts[1].stream));
		if (accept) {
			CHECK_INT(await_stream_readline(starts[0].stream, &line), 3);
			CHECK_INT(await_stream_readline(starts[0].stream, &line), 0);
		} else {
			CHECK_INT(await_stream_readline(starts[0].stream, &line), -ECONNABORTED);
			CHECK_TEXT_HAS(async_error(), "without TLS's close_notify");
			CHECK_TEXT_HAS(async_error(), "TLS option `accept_truncation`");
			CHECK_INT(async_stream_readable(starts[0].stream), 3);
		}
		async_stream_abort(starts[1].stream);
		CHECK_INT(await_stream_close(starts[0].stream), 0);
	}
}

TEST_TASK(the_end_behind_the_last_bytes, "S20")
{
	struct start starts[2];
	const char *data;

	tls_ends(starts);
	CHECK_INT(async_stream_buffer(starts[0].stream, "last", 4), 4);
	CHECK_INT(await_stream_end(starts[0].stream), 0);
	await_sleep(0.01);
	CHECK_INT(await_stream_chunk(starts[1].stream, &data), 4);
	CHECK(!stream_is_idle(starts[1].stream));
	CHECK_INT(await_stream_chunk(starts[1].stream, &data), 0);
	/* The other direction goes on. */
	CHECK_INT(await_stream_write(starts[1].stream, "more", 4), 4);
	CHECK_INT(await_stream_chunk(starts[0].stream, &data), 4);
	close_both(starts);
}

static void close_alone(double shutdown_seconds, int result, double at_least, const char *text)
{
	async_tls_options options = { .ca = authority.pem, .shutdown_seconds = shutdown_seconds };
	struct start starts[2];
	double begun;

	try_tls(async_tls_client(&options), server_with(&server), "localhost", starts);
	begun = async_now();
	CHECK_INT(await_stream_close(starts[0].stream), result);
	CHECK(async_now() - begun >= at_least);
	if (text)
		CHECK_TEXT_HAS(async_error(), text);
	async_stream_abort(starts[1].stream);
}

TEST_TASK(the_peer_does_not_answer_close_notify, "S19 S20")
{
	close_alone(0.05, -ETIMEDOUT, 0.049,
		    "its peer did not end it within 0.05 s (TLS option `shutdown_seconds`)");
	close_alone(-1, 0, 0, NULL);
}

TEST_TASK(a_cancelled_close_says_goodbye_all_the_same, "S20 X02")
{
	struct start starts[2];
	const char *data;

	tls_ends(starts);
	async_timeout (0)
		await_stream_close(starts[0].stream);
	CHECK_INT(await_stream_chunk(starts[1].stream, &data), 0);
	await_stream_close(starts[1].stream);
}

TEST_TASK(a_close_drops_what_still_comes, "S20")
{
	struct start starts[2];
	char data[10000] = "";

	tls_ends(starts);
	CHECK_INT(await_stream_write(starts[1].stream, data, sizeof data), sizeof data);
	close_both(starts);
}

/* ---- Damage ---- */

static int pass_on(void *streams)
{
	async_stream **way = streams;
	char data[10000];
	ssize_t n;

	while ((n = await_stream_read(way[0], data, sizeof data)) > 0)
		if (await_stream_write(way[1], data, (size_t)n) < 0)
			break;
	return 0;
}

TEST_TASK(a_damaged_record, "S17")
{
	async_stream *left[2], *right[2];
	struct start starts[2] = { { .tls = client_with(&authority), .host = "localhost" },
				   { .tls = server_with(&server) } };
	async_stream *ways[2][2];
	const char *data;

	socket_ends(left, NULL);
	socket_ends(right, NULL);
	starts[0].stream = left[0];
	starts[1].stream = right[0];
	ways[0][0] = ways[1][1] = left[1];
	ways[0][1] = ways[1][0] = right[1];
	{
		AWAIT_GROUP(group, ASYNC_ISOLATED);

		async_spawn(&group, pass_on, ways[0]);
		async_spawn(&group, pass_on, ways[1]);
		start_both(starts);
		CHECK_STR(starts[0].text, "");
		CHECK_INT(await_stream_write(starts[0].stream, "first\n", 6), 6);
		CHECK_INT(await_stream_readline(starts[1].stream, &data), 6);
		async_group_cancel(&group);
	}
	/* By hand now. */
	CHECK_INT(await_stream_write(starts[0].stream, "second", 6), 6);
	{
		char record[1000];
		ssize_t n = await_stream_read(left[1], record, sizeof record);

		CHECK(n > 10);
		record[n - 1] ^= 1;
		CHECK_INT(await_stream_write(right[1], record, (size_t)n), n);
	}
	CHECK_INT(await_stream_chunk(starts[1].stream, &data), -EPROTO);
	CHECK_TEXT_HAS(async_error(), "reading with TLS: a record was damaged on its way");
	CHECK_INT(await_stream_write(starts[1].stream, "x", 1), -EPROTO);
	/* The peer is told. */
	{
		char record[1000];
		ssize_t n;

		do {
			n = await_stream_read(right[1], record, sizeof record);
			CHECK(n > 0);
			CHECK_INT(await_stream_write(left[1], record, (size_t)n), n);
		} while (n > 100); /* session tickets come first */
	}
	CHECK_INT(await_stream_chunk(starts[0].stream, &data), -EPROTO);
	CHECK_TEXT_HAS(async_error(), "the peer has sent the alert \"bad record mac\" (20)");
	for (int i = 0; i < 2; i++) {
		async_stream_abort(starts[i].stream);
		async_tls_free(starts[i].tls);
	}
	async_stream_abort(left[1]);
	async_stream_abort(right[1]);
}

/* ---- Keys change while both sides are busy ---- */

TEST_TASK(new_keys_in_the_middle, "S17")
{
	struct start starts[2];

	fill_much();
	tls_ends(starts);
	{
		AWAIT_GROUP(group);

		for (int i = 0; i < 2; i++) {
			async_spawn(&group, send_much, starts[i].stream);
			async_spawn(&group, receive_much, starts[1 - i].stream);
		}
		for (int i = 0; i < 6; i++) {
			SSL_key_update(async_stream_ssl(starts[i % 2].stream),
				       SSL_KEY_UPDATE_REQUESTED);
			await_sleep(0.002);
		}
	}
	close_both(starts);
	free(much);
}

/* ---- Cancelled ---- */

TEST_TASK(a_cancelled_read_takes_nothing, "S05 S17 X02")
{
	struct start starts[2];
	char data[20];

	tls_ends(starts);
	CHECK_INT(await_stream_write(starts[0].stream, "0123456789", 10), 10);
	async_timeout (0.02)
		CHECK_INT(await_stream_readexactly(starts[1].stream, data, 20), -ETIMEDOUT);
	CHECK_INT(await_stream_write(starts[0].stream, "0123456789", 10), 10);
	CHECK_INT(await_stream_readexactly(starts[1].stream, data, 20), 20);
	CHECK_INT(memcmp(data, "01234567890123456789", 20), 0);
	close_both(starts);
}

TEST_TASK(a_cancelled_write_cuts_no_record, "S12 S17 X02")
{
	struct start starts[2];
	size_t total = 0;
	const char *data;
	ssize_t n = 0;

	fill_much();
	tls_ends(starts);
	async_timeout (0.02)
		n = await_stream_write(starts[0].stream, much, MUCH);
	CHECK_INT(n, MUCH);
	while (total < MUCH && (n = await_stream_chunk(starts[1].stream, &data)) > 0) {
		CHECK(!memcmp(data, much + total, (size_t)n));
		total += (size_t)n;
	}
	CHECK_INT(total, MUCH);
	close_both(starts);
	free(much);
}

/* ---- Idle, and parked ---- */

TEST_TASK(an_idle_one_holds_no_buffer, "S17 Z01")
{
	struct start starts[2];
	const char *line;

	tls_ends(starts);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(await_stream_write(starts[i].stream, "x\n", 2), 2);
		CHECK_INT(await_stream_readline(starts[1 - i].stream, &line), 2);
	}
	for (int i = 0; i < 2; i++) {
		async_timeout (0.01)
			CHECK_INT(await_stream_readline(starts[i].stream, &line), -ETIMEDOUT);
		CHECK(stream_is_idle(starts[i].stream));
		CHECK(!starts[i].stream->input.data && !starts[i].stream->output.chunks.first);
	}
	close_both(starts);
}

static int calls;

static int one_line(async_stream *stream, void *tls)
{
	const char *line;
	ssize_t n;

	calls++;
	if (!async_stream_ssl(stream) && await_stream_start_tls(stream, tls, NULL))
		return 0;
	n = await_stream_readline(stream, &line);
	if (n <= 0)
		return (int)n;
	await_stream_write(stream, line, (size_t)n);
	return ASYNC_PARK;
}

static void ask(async_stream *stream, const char *question)
{
	const char *line;

	CHECK_INT(await_stream_write(stream, question, strlen(question)), strlen(question));
	CHECK_INT(await_stream_readline(stream, &line), strcspn(question, "\n") + 1);
}

TEST_TASK(parked_with_tls, "W33 S17")
{
	async_tls *server_tls = server_with(&server), *client_tls = client_with(&authority);
	async_server *running = await_server_start(NULL, "127.0.0.1:0", one_line, server_tls);
	size_t idle = async_all_tasks(NULL, 0);
	async_stream *streams[3];
	const char *line;

	for (int i = 0; i < 3; i++) {
		streams[i] = await_connect_tls(async_server_address(running, 0), client_tls);
		CHECK(streams[i]);
		ask(streams[i], "a\n");
	}
	await_sleep(0.02);
	CHECK_INT(async_all_tasks(NULL, 0), idle);
	for (int i = 0; i < 3; i++)
		ask(streams[i], "b\n");
	/* Two lines in a record: the descriptor is silent, but there is something to do. */
	ask(streams[0], "c\nd\n");
	CHECK_INT(await_stream_readline(streams[0], &line), 2);
	await_sleep(0.02);
	CHECK_INT(async_all_tasks(NULL, 0), idle);
	CHECK_INT(await_stream_close(streams[0]), 0);
	await_sleep(0.02);
	CHECK_INT(async_server_connections(running), 2);
	CHECK_INT(await_server_close(running, NULL), 0);
	/* Closed while parked, it says close_notify. */
	for (int i = 1; i < 3; i++) {
		CHECK_INT(await_stream_readline(streams[i], &line), 0);
		CHECK_INT(await_stream_close(streams[i]), 0);
	}
	async_tls_free(server_tls);
	async_tls_free(client_tls);
}

TEST_TASK_WITH(left_open_it_is_told, "S15", .expect_stderr = "a stream (tls, descriptor")
{
	struct start starts[2];

	tls_ends(starts);
}
