/* SPDX-License-Identifier: MIT */
/* Writing: order, back-pressure, cancels, broken peers. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "streams.h"

enum { MANY = 1 << 20 };

/* Read all, in turns, and check that the bytes count up modulo 251. */
static int read_counting(void *arg)
{
	async_stream *stream = arg;
	const char *data;
	unsigned at = 0;
	ssize_t n;

	while ((n = await_stream_chunk(stream, &data)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if ((unsigned char)data[i] != at % 251)
				harness_fail(__FILE__, __LINE__, "byte %u is %d", at, data[i]);
	CHECK_INT(n, 0);
	return (int)at;
}

static char *counting(size_t size)
{
	char *data = malloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i % 251);
	return data;
}

TEST_TASK(a_write_returns_when_all_was_taken, "S12 G10 Z20 P10")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		char *data = counting(MANY);
		struct iovec parts[] = { { data, 10 }, { data + 10, 0 }, { data + 10, MANY / 2 } };
		async_stream *ends[2];
		async_task *reader;

		stream_ends(kind, ends, NULL);
		reader = async_create_task(read_counting, ends[1]);
		CHECK_INT(await_stream_writev(ends[0], parts, 3), 10 + MANY / 2);
		CHECK_INT(await_stream_write(ends[0], data + 10 + MANY / 2, MANY - 10 - MANY / 2),
			  MANY - 10 - MANY / 2);
		CHECK_INT(await_stream_write(ends[0], data, 0), 0);
		CHECK_INT(async_stream_buffered(ends[0]), 0);
		CHECK_INT(await_stream_close(ends[0]), 0);
		CHECK_INT(await_task(reader), MANY);
		await_stream_close(ends[1]);
		free(data);
	}
}

TEST_TASK(buffered_output_goes_by_itself, "S12 G10")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		char data[4] = "";

		stream_ends(kind, ends, NULL);
		CHECK_INT(async_stream_buffer(ends[0], "a", 1), 1);
		CHECK_INT(async_stream_buffer(ends[0], "b", 1), 1);
		CHECK_INT(async_stream_buffered(ends[0]), 2);
		CHECK_INT(await_stream_readexactly(ends[1], data, 2), 2);
		CHECK_STR(data, "ab");
		CHECK_INT(async_stream_buffered(ends[0]), 0);
		/* Along with a write, in order. */
		CHECK_INT(async_stream_buffer(ends[0], "c", 1), 1);
		CHECK_INT(await_stream_write(ends[0], "d", 1), 1);
		CHECK_INT(async_stream_try_write(ends[0], "e", 1), 1);
		CHECK_INT(await_stream_flush(ends[0]), 0);
		CHECK_INT(await_stream_readexactly(ends[1], data, 3), 3);
		CHECK_STR(data, "cde");
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
	}
}

/* Fill until a write would have to wait. */
static size_t fill(async_stream *stream, char *data, size_t piece)
{
	size_t sent = 0;

	for (int refusals = 0; refusals < 5;) {
		ssize_t n = async_stream_try_write(stream, data + sent, piece);

		if (n == -EAGAIN) {
			refusals++;
			await_sleep(0.002);
			continue;
		}
		refusals = 0;
		CHECK_INT(n, (long)piece);
		sent += piece;
	}
	CHECK_INT(async_stream_try_write(stream, data + sent, piece), -EAGAIN);
	return sent;
}

static int drain(void *arg)
{
	return await_stream_drain(arg);
}

TEST_TASK(a_slow_reader_stops_the_writer_at_the_mark, "S12 S13 S14 G09 Z20")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream_options options = { .write_high = 10000, .write_low = 2000 };
		char *data = counting(16 * MANY);
		async_task *drainers[2], *reader;
		async_stream *ends[2];
		size_t sent;

		stream_ends(kind, ends, &options);
		CHECK_INT(await_stream_drain(ends[0]), 0);
		sent = fill(ends[0], data, 1000);
		CHECK_TEXT_HAS(async_error(), "more than 10000 (stream option `write_high`)");
		CHECK(async_stream_buffered(ends[0]) > 10000);
		CHECK(async_stream_buffered(ends[0]) <= 11000);
		CHECK_INT(async_stream_buffer(ends[0], data, 1), -EAGAIN);
		for (int i = 0; i < 2; i++)
			drainers[i] = async_create_task(drain, ends[0]);
		await_sleep(0.01);
		CHECK(!async_task_done(drainers[0]));
		reader = async_create_task(read_counting, ends[1]);
		CHECK_INT(await_task(drainers[0]), 0);
		CHECK_INT(await_task(drainers[1]), 0);
		CHECK(async_stream_buffered(ends[0]) <= 2000);
		CHECK_INT(await_stream_flush(ends[0]), 0);
		CHECK_INT(async_stream_buffered(ends[0]), 0);
		CHECK_INT(await_stream_close(ends[0]), 0);
		CHECK_INT(await_task(reader), (int)sent);
		await_stream_close(ends[1]);
		free(data);
	}
}

TEST_TASK(marks_can_be_changed, "G09")
{
	async_stream_options low_only = { .write_low = 100 },
			     upside_down = { .write_high = 1, .write_low = 2 };
	async_stream *ends[2];

	CHECK_INT(async_stream_pair(ends, &low_only), 0);
	CHECK_INT(ends[0]->output.high, 400);
	CHECK_INT(async_stream_set_marks(ends[0], 10, 11), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "the low mark 11 lies above the high mark 10");
	CHECK_INT(async_stream_set_marks(ends[0], 0, 0), 0);
	CHECK_INT(async_stream_buffer(ends[0], "x", 1), 1);
	CHECK_INT(async_stream_buffer(ends[0], "x", 1), -EAGAIN);
	CHECK_INT(async_stream_set_marks(ends[0], 8, 0), 0);
	CHECK_INT(ends[0]->output.low, 2);
	CHECK_INT(async_stream_buffer(ends[0], "x", 1), 1);
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
	CHECK_INT(async_stream_pair(ends, &upside_down), -ENOMEM);
	CHECK_TEXT_HAS(async_error(), "write_low (2) is above write_high (1)");
}

struct message {
	async_stream *stream;
	char letter;
};

enum { MESSAGE = 200000 };

static int write_message(void *arg)
{
	struct message *message = arg;
	char *data = malloc(MESSAGE);
	ssize_t n;

	memset(data, message->letter, MESSAGE);
	n = await_stream_write(message->stream, data, MESSAGE);
	free(data);
	return (int)n;
}

TEST_TASK(messages_of_several_writers_stay_whole_and_in_order, "S12 S14")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		struct message messages[3];
		async_task *writers[3];
		char *data = malloc(MESSAGE);

		stream_ends(kind, ends, NULL);
		for (int i = 0; i < 3; i++) {
			messages[i] = (struct message){ ends[0], (char)('a' + i) };
			writers[i] = async_create_task(write_message, &messages[i]);
		}
		for (int i = 0; i < 3; i++) {
			CHECK_INT(await_stream_readexactly(ends[1], data, MESSAGE), MESSAGE);
			for (int j = 0; j < MESSAGE; j++)
				if (data[j] != 'a' + i)
					harness_fail(__FILE__, __LINE__, "%c in message %c",
						     data[j], 'a' + i);
		}
		for (int i = 0; i < 3; i++)
			CHECK_INT(await_task(writers[i]), MESSAGE);
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
		free(data);
	}
}

TEST_TASK(a_cancelled_write_is_never_cut, "S12 F02 F07")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		/* More than the kernel takes: a pipe holds little, a connection megabytes. */
		int size = kind == STREAM_PIPE ? MANY : 16 * MANY;
		char *data = counting((size_t)size);
		async_stream *ends[2];
		async_task *reader;
		ssize_t n = 0;

		stream_ends(kind, ends, NULL);
		async_timeout (0)
			CHECK_INT(await_stream_write(ends[0], data, 10), -ETIMEDOUT);
		async_timeout (0.02)
			n = await_stream_write(ends[0], data, (size_t)size);
		CHECK_INT(n, size);
		/* A second one finds the first still going, and takes nothing. */
		if (async_stream_buffered(ends[0]))
			async_timeout (0.02)
				CHECK_INT(await_stream_write(ends[0], data, 10), -ETIMEDOUT);
		reader = async_create_task(read_counting, ends[1]);
		CHECK_INT(await_stream_close(ends[0]), 0);
		CHECK_INT(await_task(reader), size);
		await_stream_close(ends[1]);
		free(data);
	}
}

TEST_TASK(a_peer_that_is_gone_fails_the_write, "S13 G10 G07")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		char *data = counting(MANY);
		async_stream *ends[2];
		ssize_t n = 0;

		stream_ends(kind, ends, NULL);
		async_stream_abort(ends[1]);
		for (int i = 0; i < 20 && n >= 0; i++) {
			n = await_stream_write(ends[0], data, MANY);
			await_sleep(0.001);
		}
		CHECK(n == -EPIPE || n == -ECONNRESET);
		CHECK(await_stream_write(ends[0], data, 1) == n);
		CHECK(async_stream_buffer(ends[0], data, 1) == n);
		CHECK(await_stream_drain(ends[0]) == n);
		CHECK_TEXT_HAS(async_error(), "cannot be written any more");
		await_stream_close(ends[0]);
		free(data);
	}
}

TEST_TASK(a_peer_that_leaves_in_the_middle_of_a_write, "S13 G10")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		struct message message = { NULL, 'x' };
		async_stream_options options = { .write_high = 1000 };
		async_stream *ends[2];
		async_task *writers[40];
		int failed = 0;

		stream_ends(kind, ends, &options);
		message.stream = ends[0];
		for (int i = 0; i < 40; i++)
			writers[i] = async_create_task(write_message, &message);
		await_sleep(0.02);
		async_stream_abort(ends[1]);
		for (int i = 0; i < 40; i++)
			failed += await_task(writers[i]) < 0;
		CHECK(failed > 0);
		CHECK(await_stream_flush(ends[0]) < 0);
		await_stream_close(ends[0]);
	}
}

TEST_TASK(ending_the_output_leaves_the_input, "G11 S12")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		char data[4] = "";

		stream_ends(kind, ends, NULL);
		CHECK_INT(async_stream_buffer(ends[0], "ab", 2), 2);
		CHECK_INT(await_stream_end(ends[0]), 0);
		CHECK_INT(await_stream_end(ends[0]), 0);
		CHECK_INT(await_stream_write(ends[0], "c", 1), -EPIPE);
		CHECK_TEXT_HAS(async_error(), "writing after await_stream_end");
		CHECK_INT(await_stream_read(ends[1], data, 4), 2);
		CHECK_INT(await_stream_read(ends[1], data, 4), 0);
		if (kind != STREAM_PIPE) {
			CHECK_INT(await_stream_write(ends[1], "back", 4), 4);
			CHECK_INT(await_stream_read(ends[0], data, 4), 4);
		}
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
	}
}

TEST_TASK(closing_gives_the_output_its_time, "G07 S15")
{
	async_stream_options options = { .close_seconds = 0.05, .write_high = 100 * MANY };
	char *data = counting(16 * MANY);
	async_stream *ends[2];
	async_task *reader;

	stream_ends(STREAM_TCP, ends, &options);
	CHECK_INT(async_stream_try_write(ends[0], data, 16 * MANY), 16 * MANY);
	CHECK_INT(await_stream_close(ends[0]), -ETIMEDOUT);
	CHECK_TEXT_HAS(async_error(),
		       "bytes were not taken within 0.05 s (stream option `close_seconds`)");
	async_stream_abort(ends[1]);

	stream_ends(STREAM_TCP, ends, &(async_stream_options){ .write_high = 100 * MANY });
	CHECK_INT(async_stream_try_write(ends[0], data, 16 * MANY), 16 * MANY);
	reader = async_create_task(read_counting, ends[1]);
	CHECK_INT(await_stream_close(ends[0]), 0);
	CHECK_INT(await_task(reader), 16 * MANY);
	await_stream_close(ends[1]);

	/* In a cancelled scope nobody is waited for. */
	stream_ends(STREAM_TCP, ends, &(async_stream_options){ .write_high = 100 * MANY });
	CHECK_INT(async_stream_try_write(ends[0], data, 16 * MANY), 16 * MANY);
	async_timeout (0)
		CHECK_INT(await_stream_close(ends[0]), -ETIMEDOUT);
	async_stream_abort(ends[1]);
	free(data);
}

static int read_for_ever(void *arg)
{
	char data[10];

	return (int)await_stream_read(arg, data, 10);
}

/* The background has emptied the buffer by failing; that is no success. */
TEST_TASK(closing_tells_what_was_lost_in_the_background, "G07 G10 S13")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		ssize_t n = 1;

		stream_ends(kind, ends, NULL);
		async_stream_abort(ends[1]);
		for (int i = 0; i < 100 && n > 0; i++) {
			n = async_stream_buffer(ends[0], "lost", 4);
			await_sleep(0.001);
		}
		CHECK(n == -EPIPE || n == -ECONNRESET);
		CHECK_INT(async_stream_buffered(ends[0]), 0);
		CHECK_INT(await_stream_flush(ends[0]), n);
		CHECK_INT(await_stream_end(ends[0]), n);
		CHECK_INT(await_stream_close(ends[0]), n);
		CHECK_TEXT_HAS(async_error(), "what was written before was lost");
	}
}

/* What a call was refused with, it has told itself. */
TEST_TASK(closing_does_not_tell_what_a_write_has_told, "G07 S13")
{
	async_stream *ends[2];

	stream_ends(STREAM_PIPE, ends, NULL);
	async_stream_abort(ends[1]);
	CHECK_INT(await_stream_write(ends[0], "x", 1), -EPIPE);
	CHECK_INT(await_stream_close(ends[0]), 0);
}

TEST_TASK(closing_wakes_those_inside, "G07 S15")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		struct message message = { NULL, 'x' };
		async_stream *ends[2];
		async_task *reader, *writers[30];

		for (int abort = 0; abort < 2; abort++) {
			stream_ends(kind, ends, &(async_stream_options){ .close_seconds = 0.01 });
			message.stream = ends[0];
			reader = kind == STREAM_PIPE ? NULL :
						       async_create_task(read_for_ever, ends[0]);
			for (int i = 0; i < 30; i++)
				writers[i] = async_create_task(write_message, &message);
			await_sleep(0.02);
			if (abort)
				async_stream_abort(ends[0]);
			else
				await_stream_close(ends[0]);
			if (reader)
				CHECK_INT(await_task(reader), -EBADF);
			for (int i = 0; i < 30; i++) {
				int n = await_task(writers[i]);

				CHECK(n == MESSAGE || n == -EBADF);
			}
			async_stream_abort(ends[1]);
		}
	}
}

TEST_TASK_WITH(a_stream_left_open_is_told_and_closed, "G14 S15",
	       .expect_stderr = "was never closed")
{
	async_stream *ends[2];

	stream_ends(STREAM_TCP, ends, NULL);
	CHECK_INT(await_stream_close(ends[0]), 0);
}

TEST_TASK(a_stream_tells_its_facts, "G07 S16 Z17")
{
	async_stream *ends[2];
	char peer[100];

	stream_ends(STREAM_TCP, ends, NULL);
	CHECK_STR(async_stream_fact(ends[0], "transport"), "socket");
	CHECK(!async_stream_fact(ends[0], "cipher"));
	CHECK(async_stream_descriptor(ends[0]) >= 0);
	snprintf(peer, sizeof peer, "%s", async_stream_peer(ends[0]));
	CHECK(!strncmp(peer, "127.0.0.1:", 10));
	CHECK_STR(async_stream_name(ends[1]), peer);
	CHECK_STR(async_stream_fact(ends[1], "sockname"), peer);
	CHECK_STR(async_stream_fact(ends[0], "peername"), peer);
	await_stream_close(ends[1]);
	/* Known once, known for good. */
	CHECK_STR(async_stream_peer(ends[0]), peer);
	await_stream_close(ends[0]);
	CHECK_INT(async_stream_pair(ends, NULL), 0);
	CHECK_STR(async_stream_peer(ends[0]), "");
	CHECK_STR(async_stream_fact(ends[0], "transport"), "memory");
	CHECK_INT(async_stream_descriptor(ends[0]), -1);
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}

TEST_TASK(without_memory_nothing_is_taken, "S12")
{
	async_stream *ends[2];
	char data[8];

	stream_ends(STREAM_UNIX, ends, NULL);
	fault_inject_from("malloc", 1, ENOMEM);
	fault_inject_from("calloc", 1, ENOMEM);
	CHECK_INT(async_stream_buffer(ends[0], "a", 1), -ENOMEM);
	fault_clear();
	CHECK_INT(async_stream_buffered(ends[0]), 0);
	CHECK_INT(async_stream_buffer(ends[0], "bc", 2), 2);
	CHECK_INT(await_stream_readexactly(ends[1], data, 2), 2);
	CHECK(!memcmp(data, "bc", 2));
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}
