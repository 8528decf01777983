/* SPDX-License-Identifier: MIT */
/* Sources of bytes, of streams, and streams of sources. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>
#include "harness.h"
#include "fault.h"

struct letters {
	int at, most;
	int error; /* after `most` */
	double pause;
	char piece[2];
};

static ssize_t next_letter(void *arg, const char **data)
{
	struct letters *letters = arg;

	if (letters->pause) {
		int error = await_sleep(letters->pause);

		if (error)
			return error;
	}
	if (letters->at == letters->most)
		return letters->error;
	letters->piece[0] = letters->at % 10 == 9 ? '\n' : (char)('a' + letters->at % 26);
	letters->at++;
	*data = letters->piece;
	return 1;
}

TEST_TASK(a_stream_reads_a_source, "H17 H10")
{
	struct letters letters = { .most = 25, .pause = 0.0001 };
	async_source source = { .await_next = next_letter, .arg = &letters };
	async_stream *stream = async_stream_of_source(&source, NULL);
	const char *line;
	char four[4];

	CHECK_STR(async_stream_fact(stream, "transport"), "source");
	CHECK_INT(async_stream_descriptor(stream), -1);
	CHECK_INT(await_stream_readline(stream, &line), 10);
	CHECK(!memcmp(line, "abcdefghi\n", 10));
	CHECK_INT(await_stream_readexactly(stream, four, 4), 4);
	CHECK(!memcmp(four, "klmn", 4));
	CHECK_INT(await_stream_readuntil(stream, "q", &line), 3);
	CHECK_INT(await_stream_readline(stream, &line), 3);
	CHECK_INT(await_stream_readexactly(stream, four, 4), 4);
	CHECK_INT(await_stream_readexactly(stream, four, 4), -ENODATA);
	CHECK_INT(async_stream_partial(stream), 1);
	CHECK_INT(await_stream_read(stream, four, 4), 0);
	CHECK(async_stream_at_eof(stream));
	CHECK_INT(await_stream_write(stream, "x", 1), -EOPNOTSUPP);
	CHECK_TEXT_HAS(async_error(), "only be read");
	CHECK_INT(await_stream_close(stream), 0);
}

TEST_TASK(a_source_may_fail, "H20 H17")
{
	struct letters letters = { .most = 3, .error = -EBADMSG };
	async_source source = { .await_next = next_letter, .arg = &letters };
	async_stream *stream = async_stream_of_source(&source, NULL);
	const char *data;

	CHECK_INT(await_stream_readline(stream, &data), -EBADMSG);
	async_stream_abort(stream);
}

static int read_one(void *stream)
{
	char byte;

	return (int)await_stream_read(stream, &byte, 1);
}

TEST_TASK(a_cancelled_read_takes_nothing, "H17 X13")
{
	struct letters letters = { .most = 1, .pause = 0.05 };
	async_source source = { .await_next = next_letter, .arg = &letters };
	async_stream *stream = async_stream_of_source(&source, NULL);
	async_task *task = async_create_task(read_one, stream);
	char byte;

	await_sleep(0.001);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK_INT(await_stream_read(stream, &byte, 1), 1);
	CHECK_INT(byte, 'a');
	CHECK_INT(await_stream_close(stream), 0);
}

TEST_TASK(bytes_and_streams_are_sources, "H10")
{
	static char large[100000];
	async_bytes_source bytes;
	async_source source = async_source_bytes(&bytes, large, sizeof large);
	async_stream *stream, *ends[2];
	char *all = NULL;
	const char *data;

	CHECK(source.sized && source.size == sizeof large);
	CHECK_INT(source.await_next(source.arg, &data), 65536);
	CHECK_INT(source.await_next(source.arg, &data), sizeof large - 65536);
	CHECK_INT(source.await_next(source.arg, &data), 0);
	CHECK_INT(source.await_rewind(source.arg), 0);
	stream = async_stream_of_source(&source, NULL);
	CHECK_INT(await_stream_readall(stream, &all, 1 << 20), sizeof large);
	CHECK(all && !memcmp(all, large, sizeof large));
	free(all);
	await_stream_close(stream);

	CHECK_INT(async_stream_pair(ends, NULL), 0);
	source = async_source_of_stream(ends[0]);
	CHECK(!source.sized && !source.await_rewind);
	await_stream_write(ends[1], "abc", 3);
	await_stream_close(ends[1]);
	CHECK_INT(source.await_next(source.arg, &data), 3);
	CHECK_INT(source.await_next(source.arg, &data), 0);
	await_stream_close(ends[0]);
}

TEST_TASK(no_memory_for_a_stream, "X20")
{
	async_source source = { .await_next = next_letter };

	fault_inject("calloc", 1, ENOMEM);
	CHECK(!async_stream_of_source(&source, NULL));
	CHECK_INT(async_error_code(), -ENOMEM);
}
