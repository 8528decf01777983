/* SPDX-License-Identifier: MIT */
/* Files and streams into streams. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness.h"
#include "streams.h"

enum { SIZE = 300000 };

static int file_of(char *name)
{
	int file = mkstemp(name);
	char *data = malloc(SIZE);

	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i % 251);
	CHECK_INT(write(file, data, SIZE), SIZE);
	free(data);
	unlink(name);
	lseek(file, 0, SEEK_SET);
	return file;
}

struct reader {
	async_stream *stream;
	unsigned at;
};

static int read_counting(void *arg)
{
	struct reader *reader = arg;
	const char *data;
	unsigned at = reader->at, begun = at;
	ssize_t n;

	while ((n = await_stream_chunk(reader->stream, &data)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if ((unsigned char)data[i] != at % 251)
				harness_fail(__FILE__, __LINE__, "byte %u is wrong", at);
	CHECK_INT(n, 0);
	return (int)(at - begun);
}

TEST_TASK(a_file_goes_behind_what_is_buffered, "N02 F06")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		char name[] = "/tmp/await-copy-XXXXXX";
		int file = file_of(name);
		struct reader reader = { NULL, 0 };
		async_stream *ends[2];
		off_t offset = 200;
		async_task *task;
		char *first = malloc(100);

		stream_ends(kind, ends, NULL);
		reader.stream = ends[1];
		CHECK_INT(read(file, first, 100), 100);
		CHECK_INT(async_stream_buffer(ends[0], first, 100), 100);
		task = async_create_task(read_counting, &reader);
		CHECK_INT(await_stream_sendfile(ends[0], file, NULL, 100), 100);
		CHECK_INT(lseek(file, 0, SEEK_CUR), 200);
		CHECK_INT(await_stream_sendfile(ends[0], file, &offset, 0), SIZE - 200);
		CHECK_INT(offset, SIZE);
		CHECK_INT(await_stream_sendfile(ends[0], file, &offset, 0), 0);
		CHECK_INT(await_stream_sendfile(ends[0], -ENOENT, &offset, 0), -ENOENT);
		await_stream_close(ends[0]);
		CHECK_INT(await_task(task), SIZE);
		await_stream_close(ends[1]);
		CHECK_INT(await_stream_sendfile(NULL, file, &offset, 0), -EINVAL);
		free(first);
		close(file);
	}
}

TEST_TASK(a_peer_that_left_fails_the_file, "N02")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		char name[] = "/tmp/await-copy-XXXXXX";
		int file = file_of(name);
		async_stream *ends[2];
		ssize_t n = 0;

		stream_ends(kind, ends, NULL);
		async_stream_abort(ends[1]);
		for (int i = 0; i < 20 && n >= 0; i++) {
			off_t offset = 0;

			n = await_stream_sendfile(ends[0], file, &offset, 0);
		}
		CHECK(n == -EPIPE || n == -ECONNRESET);
		CHECK(await_stream_write(ends[0], "x", 1) < 0);
		await_stream_close(ends[0]);
		close(file);
	}
}

static int forward(void *arg)
{
	async_stream **pair = arg;
	ssize_t n = await_stream_copy(pair[1], pair[0]);

	return (int)n;
}

TEST_TASK(a_copy_runs_to_the_end, "G13 Z03")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		char name[] = "/tmp/await-copy-XXXXXX";
		int file = file_of(name);
		async_stream *in[2], *out[2], *pair[2];
		struct reader reader = { NULL, 0 };
		async_task *pump, *task;

		stream_ends(kind, in, NULL);
		stream_ends((kind + 1) % STREAM_KINDS, out, NULL);
		pair[0] = in[1];
		pair[1] = out[0];
		reader.stream = out[1];
		pump = async_create_task(forward, pair);
		task = async_create_task(read_counting, &reader);
		CHECK_INT(await_stream_sendfile(in[0], file, NULL, 0), SIZE);
		await_stream_close(in[0]);
		CHECK_INT(await_task(pump), SIZE);
		await_stream_close(out[0]);
		CHECK_INT(await_task(task), SIZE);
		await_stream_close(in[1]);
		await_stream_close(out[1]);
		close(file);
	}
}

TEST_TASK(what_a_broken_copy_could_not_write_can_still_be_read, "G13")
{
	async_stream *in[2], *out[2];
	char data[8] = "";

	CHECK_INT(async_stream_pair(in, NULL), 0);
	CHECK_INT(async_stream_pair(out, NULL), 0);
	CHECK_INT(await_stream_write(in[0], "kept", 4), 4);
	await_stream_close(out[1]);
	CHECK_INT(await_stream_copy(out[0], in[1]), -EPIPE);
	CHECK_INT(await_stream_read(in[1], data, 8), 4);
	CHECK_STR(data, "kept");
	await_stream_close(out[0]);
	await_stream_close(in[0]);
	await_stream_close(in[1]);
}
