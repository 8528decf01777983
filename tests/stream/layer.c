/* SPDX-License-Identifier: MIT */
/* Layers, with a protocol made for this: a byte with a length, so many bytes turned over; length 0
 * is goodbye. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/layer.h>
#include "fault.h"
#include "stream/layer.h"
#include "harness.h"
#include "streams.h"

enum { FRAME = 200, UNIT = 64 };

struct frames {
	async_layer *layer;
	unsigned char frame[FRAME];
	size_t length, filled, given; /* of the frame; 0: none has begun */
	bool ended;
	double part_seconds;
};

static int freed, frames_put;

static void turn(unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] ^= 0x5a;
}

/* False: there is not enough yet. */
static bool fill_frame(struct frames *frames)
{
	unsigned char length;

	if (!frames->length) {
		if (!async_layer_take(frames->layer, &length, 1))
			return false;
		frames->ended = !length;
		frames->length = length;
		frames->filled = frames->given = 0;
		if (!length)
			return false;
	}
	frames->filled += async_layer_take(frames->layer, frames->frame + frames->filled,
					   frames->length - frames->filled);
	if (frames->filled < frames->length)
		return false;
	turn(frames->frame, frames->length);
	return true;
}

static ssize_t frames_read(void *codec, void *data, size_t size)
{
	struct frames *frames = codec;
	size_t n;

	if (frames->ended)
		return 0;
	if (!(frames->length && frames->filled == frames->length) && !fill_frame(frames))
		return frames->ended ? 0 : -EAGAIN;
	n = frames->length - frames->given < size ? frames->length - frames->given : size;
	memcpy(data, frames->frame + frames->given, n);
	frames->given += n;
	if (frames->given == frames->length)
		frames->length = frames->filled = 0;
	return (ssize_t)n;
}

static int frames_write(void *codec, const void *data, size_t size)
{
	struct frames *frames = codec;

	for (size_t at = 0; at < size; at += FRAME) {
		size_t n = size - at < FRAME ? size - at : FRAME;
		unsigned char frame[1 + FRAME] = { (unsigned char)n };
		int error;

		memcpy(frame + 1, (const char *)data + at, n);
		turn(frame + 1, n);
		error = async_layer_put(frames->layer, frame, n + 1);
		if (error)
			return error;
		frames_put++;
	}
	return 0;
}

static int frames_cut(void *codec)
{
	const struct frames *frames = codec;

	return frames->ended ? 0 : async_fail(-ECONNABORTED, "no goodbye");
}

static void frames_part(void *codec)
{
	struct frames *frames = codec;

	async_layer_put(frames->layer, "", 1);
}

static double frames_part_seconds(const void *codec)
{
	return ((const struct frames *)codec)->part_seconds;
}

static bool frames_is_idle(const void *codec)
{
	const struct frames *frames = codec;

	return !frames->ended && !(frames->length && frames->filled == frames->length);
}

static const char *frames_fact(void *codec, const char *name)
{
	(void)codec;
	return strcmp(name, "color") ? NULL : "blue";
}

static void frames_free(void *codec)
{
	freed++;
	free(codec);
}

static const async_layer_kind kind = {
	.name = "frames",
	.read = frames_read,
	.write = frames_write,
	.cut = frames_cut,
	.part = frames_part,
	.part_seconds = frames_part_seconds,
	.part_option = "an option of its own",
	.is_idle = frames_is_idle,
	.fact = frames_fact,
	.free = frames_free,
	.unit = UNIT,
};

static int put_on(async_stream *stream, double part_seconds)
{
	struct frames *frames = calloc(1, sizeof *frames);
	int error;

	frames->part_seconds = part_seconds;
	error = await_layer_open(stream, &kind, frames, &frames->layer);
	if (error)
		free(frames);
	return error ? error : async_layer_ready(stream, 0);
}

/* `both` ends with this many layers, on every kind of stream that goes both ways. */
static void ends_with(enum stream_kind way, int layers, async_stream *ends[2],
		      const async_stream_options *options)
{
	CHECK(stream_ends(way, ends, options));
	for (int i = 0; i < 2 * layers; i++)
		CHECK_INT(put_on(ends[i % 2], 1), 0);
}

static int close_one(void *stream)
{
	return await_stream_close(stream);
}

static void close_ends(async_stream *ends[2])
{
	AWAIT_GROUP(group);

	async_spawn(&group, close_one, ends[0]);
	async_spawn(&group, close_one, ends[1]);
}

static void converse(async_stream *ends[2])
{
	const char *line;
	char data[3] = "";

	for (int i = 0; i < 2; i++) {
		CHECK_INT(await_stream_write(ends[i], "one\ntwo\n", 8), 8);
		CHECK_INT(await_stream_readline(ends[1 - i], &line), 4);
		CHECK_INT(memcmp(line, "one\n", 4), 0);
		CHECK_INT(await_stream_readexactly(ends[1 - i], data, 3), 3);
		CHECK_INT(memcmp(data, "two", 3), 0);
		CHECK_INT(await_stream_readline(ends[1 - i], &line), 1);
	}
}

static const enum stream_kind two_ways[] = { STREAM_TCP, STREAM_UNIX, STREAM_MEMORY };

TEST_TASK(bytes_go_through, "S18")
{
	for (int layers = 1; layers <= 3; layers++)
		for (int i = 0; i < 3; i++) {
			async_stream *ends[2];

			freed = 0;
			ends_with(two_ways[i], layers, ends, NULL);
			converse(ends);
			CHECK_STR(async_stream_fact(ends[0], "transport"), "frames");
			CHECK_STR(async_stream_fact(ends[0], "color"), "blue");
			CHECK(!async_stream_fact(ends[0], "taste"));
			CHECK(async_layer_codec(ends[0], &kind) != NULL);
			close_ends(ends);
			CHECK_INT(freed, 2 * layers);
		}
}

TEST_TASK(what_was_buffered_goes_to_the_layer, "S18")
{
	/* "two" and "three" turned over, behind a line without layer */
	unsigned char mixed[] = "plain\n\x03---\x05-----";
	async_stream *ends[2];
	const char *line;
	char data[10];

	memcpy(mixed + 7, "two", 3);
	turn(mixed + 7, 3);
	memcpy(mixed + 11, "three", 5);
	turn(mixed + 11, 5);
	CHECK(stream_ends(STREAM_TCP, ends, NULL));
	CHECK_INT(await_stream_write(ends[0], mixed, sizeof mixed - 1), sizeof mixed - 1);
	CHECK_INT(await_stream_readline(ends[1], &line), 6);
	CHECK(async_stream_readable(ends[1]) > 0);
	CHECK_INT(put_on(ends[1], -1), 0);
	CHECK_INT(async_stream_readable(ends[1]), 0);
	CHECK_INT(await_stream_readexactly(ends[1], data, 8), 8);
	CHECK_INT(memcmp(data, "twothree", 8), 0);
	/* And output goes first. */
	CHECK_INT(async_stream_buffer(ends[0], "\x01", 1), 1);
	CHECK_INT(put_on(ends[0], -1), 0);
	CHECK_INT(async_stream_buffered(ends[0]), 0);
	close_ends(ends);
}

static int send_much(void *arg)
{
	static char data[3 * 1000 * 1000];
	struct iovec parts[4] = { { data, 10 }, { data, 0 }, { data, 100 }, { data, 1000 } };
	async_stream *stream = arg;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7 % 251);
	CHECK_INT(await_stream_write(stream, data, sizeof data), sizeof data);
	CHECK_INT(await_stream_writev(stream, parts, 4), 1110);
	for (size_t at = 0; at < 1000 * 1000;) {
		ssize_t n = async_stream_buffer(stream, data + at, 1000);

		at += n > 0 ? (size_t)n : 0;
		if (n == -EAGAIN)
			CHECK_INT(await_stream_drain(stream), 0);
	}
	CHECK_INT(await_stream_flush(stream), 0);
	CHECK_INT(async_stream_buffered(stream), 0);
	return await_stream_end(stream);
}

static int receive_much(void *arg)
{
	async_stream *stream = arg;
	size_t total = 0;
	const char *data;
	ssize_t n;

	while ((n = await_stream_chunk(stream, &data)) > 0)
		for (ssize_t i = 0; i < n; i++, total++)
			if (total < 3000000 && data[i] != (char)(total * 7 % 251))
				harness_fail(__FILE__, __LINE__, "byte %zu is wrong", total);
	CHECK_INT(n, 0);
	CHECK_INT(total, 4001110);
	return 0;
}

TEST_TASK_WITH(much_goes_through, "S12 S13 S20", .deadline = 30)
{
	static const async_stream_options narrow = { .write_high = 5000 };

	for (int i = 0; i < 3; i++) {
		async_stream *ends[2];

		ends_with(two_ways[i], i == 1 ? 2 : 1, ends, &narrow);
		{
			AWAIT_GROUP(group);

			async_spawn(&group, send_much, ends[0]);
			async_spawn(&group, receive_much, ends[1]);
		}
		close_ends(ends);
	}
}

static int wait_for_line(void *stream)
{
	const char *line;

	return (int)await_stream_readline(stream, &line);
}

TEST_TASK(who_reads_keeps_the_stream, "S18")
{
	async_stream *ends[2];
	async_task *reader;

	CHECK_INT(async_stream_pair(ends, NULL), 0);
	reader = async_create_task(wait_for_line, ends[0]);
	await_sleep(0);
	CHECK_INT(put_on(ends[0], 1), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "another task uses the stream");
	async_task_cancel(reader);
	CHECK_INT(await_task(reader), -ECANCELED);
	CHECK_INT(put_on(ends[0], 1), 0);
	/* And a layer that has not begun yet keeps others out. */
	CHECK_INT(put_on(NULL, 1), -EINVAL);
	close_ends(ends);
}

TEST_TASK(no_goodbye_is_an_error, "S20")
{
	async_stream *ends[2];
	const char *line;

	ends_with(STREAM_UNIX, 1, ends, NULL);
	CHECK_INT(await_stream_write(ends[0], "last", 4), 4);
	async_close(async_stream_descriptor(ends[0]));
	CHECK_INT(await_stream_readline(ends[1], &line), -ECONNABORTED);
	CHECK_TEXT_HAS(async_error(), "no goodbye");
	CHECK_INT(async_stream_readable(ends[1]), 4);
	async_stream_abort(ends[0]);
	await_stream_close(ends[1]);
}

TEST_TASK(goodbye_is_the_end, "S20 G11")
{
	async_stream *ends[2];
	const char *line;

	ends_with(STREAM_TCP, 2, ends, NULL);
	CHECK_INT(await_stream_end(ends[0]), 0);
	CHECK_INT(await_stream_end(ends[0]), 0);
	CHECK_INT(await_stream_readline(ends[1], &line), 0);
	CHECK(async_stream_at_eof(ends[1]));
	/* The other direction goes on. */
	CHECK_INT(await_stream_write(ends[1], "on\n", 3), 3);
	CHECK_INT(await_stream_readline(ends[0], &line), 3);
	CHECK_INT(await_stream_write(ends[0], "x", 1), -EPIPE);
	close_ends(ends);
}

TEST_TASK(a_close_waits_for_the_peer_and_not_for_ever, "S19 S20")
{
	async_stream *ends[2];
	double begun;

	CHECK(stream_ends(STREAM_TCP, ends, NULL));
	CHECK_INT(put_on(ends[0], 0.05), 0);
	CHECK_INT(put_on(ends[1], -1), 0);
	begun = async_now();
	CHECK_INT(await_stream_close(ends[0]), -ETIMEDOUT);
	CHECK(async_now() - begun >= 0.049);
	CHECK_TEXT_HAS(async_error(), "did not end it within 0.05 s (an option of its own)");
	CHECK_INT(await_stream_close(ends[1]), 0);
}

TEST_TASK(a_cancelled_read_takes_nothing, "S05 X02")
{
	async_stream *ends[2];
	const char *line;

	ends_with(STREAM_UNIX, 1, ends, NULL);
	async_timeout (0.01)
		CHECK_INT(await_stream_readline(ends[1], &line), -ETIMEDOUT);
	CHECK_INT(await_stream_write(ends[0], "ab", 2), 2);
	async_timeout (0.01)
		CHECK_INT(await_stream_readline(ends[1], &line), -ETIMEDOUT);
	CHECK_INT(await_stream_write(ends[0], "c\n", 2), 2);
	CHECK_INT(await_stream_readline(ends[1], &line), 4);
	CHECK_INT(memcmp(line, "abc\n", 4), 0);
	close_ends(ends);
}

TEST_TASK(a_cancelled_write_is_never_cut, "S12 X02")
{
	static char data[2000 * 1000];
	async_stream *ends[2];
	size_t wanted = 0, total = 0;
	const char *chunk;
	ssize_t n = 0;

	ends_with(STREAM_UNIX, 1, ends, NULL);
	async_timeout (0.02)
		n = await_stream_write(ends[0], data, sizeof data);
	CHECK_INT(n, sizeof data);
	wanted += (size_t)n;
	/* Nothing of it goes while the first is in the way. */
	async_timeout (0.02)
		CHECK_INT(await_stream_write(ends[0], data, 10), -ETIMEDOUT);
	while (total < wanted && (n = await_stream_chunk(ends[1], &chunk)) > 0)
		total += (size_t)n;
	CHECK_INT(total, wanted);
	CHECK_INT(await_stream_write(ends[0], "x", 1), 1);
	CHECK_INT(await_stream_chunk(ends[1], &chunk), 1);
	close_ends(ends);
}

TEST_TASK(small_parts_are_joined, "S12")
{
	char data[1000] = "";
	struct iovec parts[20];
	async_stream *ends[2];

	for (int i = 0; i < 20; i++)
		parts[i] = (struct iovec){ data, 5 };
	ends_with(STREAM_UNIX, 1, ends, NULL);
	frames_put = 0;
	CHECK_INT(await_stream_writev(ends[0], parts, 20), 100);
	CHECK_INT(frames_put, 2);
	parts[1].iov_len = 190;
	frames_put = 0;
	CHECK_INT(await_stream_writev(ends[0], parts, 3), 200);
	CHECK_INT(await_stream_readexactly(ends[1], data, 300), 300);
	close_ends(ends);
}

/* A server on io_uring has a buffer out for each connection: of messages, a small one. */
TEST_TASK(little_takes_little_memory, "S12 S18")
{
	char large[3 * LENT_SMALL_BYTES];
	const char *data;

	memset(large, 'x', sizeof large);
	for (size_t i = 0; i < sizeof two_ways / sizeof two_ways[0]; i++) {
		struct chunks *chunks;
		async_stream *ends[2];

		ends_with(two_ways[i], 1, ends, NULL);
		CHECK_INT(async_stream_buffer(ends[0], "message\n", 8), 8);
		chunks = &ends[0]->output.chunks;
		CHECK(chunks->first && chunks->first->room < LENT_SMALL_BYTES);
		CHECK_INT(await_stream_readline(ends[1], &data), 8);
		CHECK_INT(buffer_bytes(ends[1]->input.data), LENT_SMALL_BYTES);
		CHECK_INT(await_stream_write(ends[0], large, sizeof large), sizeof large);
		CHECK_INT(await_stream_peek(ends[1], sizeof large, &data), sizeof large);
		CHECK_INT(memcmp(data, large, sizeof large), 0);
		CHECK_INT(async_stream_consume(ends[1], sizeof large), 0);
		close_ends(ends);
	}
}

TEST_TASK(an_idle_one_holds_nothing, "S18 Z01")
{
	async_stream *ends[2];

	ends_with(STREAM_UNIX, 1, ends, NULL);
	converse(ends);
	for (int i = 0; i < 2; i++) {
		async_timeout (0.01)
			CHECK_INT(wait_for_line(ends[i]), -ETIMEDOUT);
		CHECK_INT(stream_memory_held(ends[i]), 0);
		CHECK(stream_is_idle(ends[i]));
	}
	close_ends(ends);
}

TEST_TASK(closed_under_a_reader, "S15")
{
	async_stream *ends[2];
	async_task *reader;

	freed = 0;
	ends_with(STREAM_TCP, 2, ends, NULL);
	reader = async_create_task(wait_for_line, ends[0]);
	await_sleep(0.01);
	async_stream_abort(ends[0]);
	CHECK_INT(await_task(reader), -EBADF);
	CHECK_INT(freed, 2);
	await_stream_close(ends[1]);
}

static int write_for_ever(void *stream)
{
	static char data[1000 * 1000];
	ssize_t n;

	while ((n = await_stream_write(stream, data, sizeof data)) > 0)
		continue;
	return (int)n;
}

TEST_TASK(closed_under_a_writer, "S15")
{
	async_stream *ends[2];
	async_task *writer;

	freed = 0;
	ends_with(STREAM_TCP, 1, ends, NULL);
	writer = async_create_task(write_for_ever, ends[0]);
	await_sleep(0.05);
	async_stream_abort(ends[0]);
	CHECK_INT(await_task(writer), -EBADF);
	CHECK_INT(freed, 1);
	await_stream_close(ends[1]);
}

TEST_TASK(closed_while_the_background_waits, "S15")
{
	static char data[60 * 1000];
	async_stream *ends[2];

	ends_with(STREAM_MEMORY, 1, ends, NULL);
	for (int i = 0; i < 100; i++) {
		async_stream_try_write(ends[0], data, sizeof data);
		await_sleep(0);
	}
	CHECK(async_stream_buffered(ends[0]) > 0);
	async_stream_abort(ends[0]);
	async_stream_abort(ends[1]);
}

TEST_TASK(the_peer_resets, "S15 S20")
{
	async_stream *ends[2];
	const char *line;

	ends_with(STREAM_TCP, 1, ends, NULL);
	async_stream_abort(ends[0]);
	CHECK_INT(await_stream_readline(ends[1], &line), -ECONNRESET);
	CHECK_INT(await_stream_readline(ends[1], &line), -ECONNRESET);
	await_stream_close(ends[1]);
}

/* What was translated and not sent counts; the goodbye that nobody hears does not. */
TEST_TASK(closing_tells_what_was_lost_below, "G07 S15 S20")
{
	for (size_t i = 0; i < sizeof two_ways / sizeof two_ways[0]; i++) {
		async_stream *ends[2];

		ends_with(two_ways[i], 1, ends, NULL);
		async_stream_abort(ends[1]);
		await_sleep(0.002);
		CHECK_INT(await_stream_close(ends[0]), 0);

		ends_with(two_ways[i], 1, ends, NULL);
		async_stream_abort(ends[1]);
		for (int n = 0; n < 100 && !ends[0]->layer->inner.output.error; n++) {
			CHECK_INT(async_stream_buffer(ends[0], "lost", 4), 4);
			await_sleep(0.001);
		}
		CHECK(!ends[0]->output.error);
		CHECK(await_stream_flush(ends[0]) < 0);
		CHECK(await_stream_close(ends[0]) < 0);
	}
}

TEST_TASK(no_memory, "S18")
{
	struct frames frames = { .part_seconds = 1 };
	async_stream *ends[2];

	CHECK(stream_ends(STREAM_UNIX, ends, NULL));
	if (!fault_inject("calloc", 1, ENOMEM))
		SKIP("no faults here");
	CHECK_INT(await_layer_open(ends[0], &kind, &frames, &frames.layer), -ENOMEM);
	CHECK_TEXT_HAS(async_error(), "no memory for a layer");
	fault_clear();
	CHECK_INT(put_on(ends[0], -1), 0);
	CHECK_INT(put_on(ends[1], -1), 0);
	converse(ends);
	close_ends(ends);
}

/* ---- As connections of a server ---- */

static int calls;

static int answer_and_park(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	calls++;
	if (!async_layer_codec(stream, &kind))
		CHECK_INT(put_on(stream, -1), 0);
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

TEST_TASK(parked_with_its_layer, "W33 X18")
{
	async_server *running = await_server_start(NULL, "127.0.0.1:0", answer_and_park, NULL);
	async_stream *streams[3];
	size_t idle = async_all_tasks(NULL, 0);
	const char *line;

	freed = 0;
	for (int i = 0; i < 3; i++) {
		streams[i] = await_connect_stream(async_server_address(running, 0));
		CHECK_INT(put_on(streams[i], -1), 0);
		ask(streams[i], "a\n");
	}
	await_sleep(0.02);
	CHECK_INT(async_all_tasks(NULL, 0), idle);
	CHECK_INT(calls, 3);
	ask(streams[0], "b\n");
	/* A second line in the same frame is there although the descriptor is silent. */
	ask(streams[0], "c\nd\n");
	CHECK_INT(await_stream_readline(streams[0], &line), 2);
	await_sleep(0.02);
	CHECK_INT(async_all_tasks(NULL, 0), idle);
	await_stream_close(streams[0]);
	await_sleep(0.02);
	CHECK_INT(async_server_connections(running), 2);
	CHECK_INT(await_server_close(running, NULL), 0);
	/* Closed while they were parked, they said goodbye. */
	for (int i = 1; i < 3; i++) {
		CHECK_INT(await_stream_readline(streams[i], &line), 0);
		await_stream_close(streams[i]);
	}
	CHECK_INT(freed, 6);
}

static int echo_in_frames(async_stream *stream, void *arg)
{
	for (int i = 0; i < 2; i++)
		CHECK_INT(put_on(stream, 1), 0);
	return echo_lines(stream, arg);
}

TEST_TASK(a_closing_server_drains_them, "G04 W04")
{
	async_server *running = await_server_start(NULL, "127.0.0.1:0", echo_in_frames, NULL);
	async_stream *stream = await_connect_stream(async_server_address(running, 0));
	const char *line;

	CHECK_INT(put_on(stream, -1), 0);
	CHECK_INT(put_on(stream, -1), 0);
	ask(stream, "a\n");
	await_sleep(0.01);
	CHECK_INT(await_server_close(running, NULL), 0);
	CHECK_INT(await_stream_readline(stream, &line), 0);
	await_stream_close(stream);
}

/* Its handler has returned, and waits for a goodbye that does not come. */
static int leave_at_once(async_stream *stream, void *arg)
{
	(void)arg;
	return put_on(stream, 30);
}

TEST_TASK(a_closing_server_waits_for_no_goodbye, "G04 W04 S20")
{
	async_server *running = await_server_start(NULL, "127.0.0.1:0", leave_at_once, NULL);
	async_stream *stream = await_connect_stream(async_server_address(running, 0));
	double begun;

	await_sleep(0.05);
	CHECK_INT(async_server_connections(running), 1);
	begun = async_now();
	CHECK_INT(await_server_close(running, NULL), 0);
	CHECK(async_now() - begun < 5 * test_patience());
	await_stream_close(stream);
}

static int read_whole(void *arg)
{
	async_stream *stream = arg;
	char data[100];

	return (int)await_stream_readexactly(stream, data, 100);
}

TEST_TASK(others_wait_until_it_is_ready, "S18")
{
	struct frames *frames = calloc(1, sizeof *frames);
	async_stream *ends[2];
	async_task *reader;
	char data[10];

	CHECK(stream_ends(STREAM_UNIX, ends, NULL));
	CHECK_INT(await_layer_open(ends[0], &kind, frames, &frames->layer), 0);
	/* Others may not read, and write when the first messages are through. */
	reader = async_create_task(read_whole, ends[0]);
	CHECK_INT(await_task(reader), -EBUSY);
	CHECK_INT(async_layer_put(frames->layer, "first", 5), 0);
	CHECK_INT(await_layer_push(ends[0]), 0);
	CHECK_INT(await_stream_readexactly(ends[1], data, 5), 5);
	CHECK_INT(await_stream_write(ends[1], "abc", 3), 3);
	CHECK_INT(await_layer_fill(ends[0]), 3);
	CHECK_INT(async_layer_take(frames->layer, data, 3), 3);
	CHECK_INT(async_layer_ready(ends[0], -EPROTO), -EPROTO);
	CHECK_INT(await_stream_write(ends[0], "x", 1), -EPROTO);
	CHECK_INT(await_stream_read(ends[0], data, 1), -EPROTO);
	CHECK_INT(await_stream_close(ends[0]), 0);
	await_stream_close(ends[1]);
}
