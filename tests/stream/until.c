/* SPDX-License-Identifier: MIT */
/* Lines and separators, in whatever pieces they arrive. */
#include <await.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "streams.h"

static void feed_text(async_stream *stream, const char *text)
{
	CHECK_INT(async_stream_feed(stream, text, strlen(text)), 0);
}

static void check_line(async_stream *stream, const char *wanted)
{
	const char *line = NULL;
	ssize_t n = await_stream_readline(stream, &line);

	CHECK_INT(n, (long)strlen(wanted));
	CHECK(n <= 0 || !memcmp(line, wanted, (size_t)n));
}

static void check_until(async_stream *stream, const char *separator, const char *wanted)
{
	const char *data = NULL;
	ssize_t n = await_stream_readuntil(stream, separator, &data);

	CHECK_INT(n, (long)strlen(wanted));
	CHECK(n <= 0 || !memcmp(data, wanted, (size_t)n));
}

/* Every split of the same text into two pieces gives the same lines. */
static int feed_rest(void *arg)
{
	async_stream *stream = ((void **)arg)[0];

	feed_text(stream, ((void **)arg)[1]);
	return async_stream_feed_eof(stream);
}

TEST_TASK(lines_come_whole_however_they_arrive, "S06 S09 S11 Z18 Z19")
{
	static const char text[] = "one\n\ntwo, longer\nlast without";

	for (size_t split = 0; split < sizeof text; split++) {
		async_stream *stream = async_stream_memory(NULL);
		void *rest[] = { stream, (void *)(text + split) };
		async_task *feeder;

		CHECK_INT(async_stream_feed(stream, text, split), 0);
		feeder = async_create_task(feed_rest, rest);
		check_line(stream, "one\n");
		check_line(stream, "\n");
		check_line(stream, "two, longer\n");
		check_line(stream, "last without");
		check_line(stream, "");
		CHECK(async_stream_at_eof(stream));
		CHECK_INT(await_task(feeder), 0);
		CHECK_INT(await_stream_close(stream), 0);
	}
}

TEST_TASK(a_line_over_the_limit_is_passed_over, "S06 S08")
{
	async_stream_options options = { .limit = 8 };
	async_stream *stream = async_stream_memory(&options);
	const char *line;

	feed_text(stream, "12345678\n123456789\nshort\n1234567890");
	check_line(stream, "12345678\n");
	CHECK_INT(await_stream_readline(stream, &line), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "line longer than 8 bytes (stream option `limit`)");
	check_line(stream, "short\n");
	/* Its end has not come yet: the next call passes over the rest, too. */
	CHECK_INT(await_stream_readline(stream, &line), -EMSGSIZE);
	feed_text(stream, "1234");
	async_timeout (0.01)
		CHECK_INT(await_stream_readline(stream, &line), -ETIMEDOUT);
	feed_text(stream, "5\nafter\n123456789");
	check_line(stream, "after\n");
	async_stream_set_limit(stream, 9);
	feed_text(stream, "\n1234567890");
	async_stream_feed_eof(stream);
	check_line(stream, "123456789\n");
	CHECK_INT(await_stream_readline(stream, &line), -EMSGSIZE);
	check_line(stream, "");
	await_stream_close(stream);
}

TEST_TASK(separators_may_be_split_anywhere, "S07")
{
	static const char text[] = "head\r\n\r\nbody\r\r\n\r\nx";

	for (size_t split = 0; split < sizeof text; split++) {
		async_stream *stream = async_stream_memory(NULL);
		void *rest[] = { stream, (void *)(text + split) };
		async_task *feeder;
		const char *data;

		CHECK_INT(async_stream_feed(stream, text, split), 0);
		feeder = async_create_task(feed_rest, rest);
		check_until(stream, "\r\n\r\n", "head\r\n\r\n");
		check_until(stream, "\r\n\r\n", "body\r\r\n\r\n");
		CHECK_INT(await_stream_readuntil(stream, "\r\n\r\n", &data), -ENODATA);
		CHECK_TEXT_HAS(async_error(), "ended after 1 bytes, before a separator");
		CHECK_INT(async_stream_partial(stream), 1);
		CHECK_INT(*data, 'x');
		check_until(stream, "\n", "");
		CHECK_INT(await_task(feeder), 0);
		await_stream_close(stream);
	}
}

TEST_TASK(of_several_separators_the_one_that_ends_first_wins, "S07")
{
	struct iovec some[] = { { (char *)"ABCDE", 5 }, { (char *)"D", 1 }, { (char *)"\n", 1 } };
	struct iovec same_end[] = { { (char *)"C", 1 }, { (char *)"BC", 2 } };
	async_stream *stream = async_stream_memory(NULL);
	async_stream_options options = { .limit = 1 };
	const char *data;

	feed_text(stream, "ABCDEF\nrest");
	CHECK_INT(await_stream_readuntil_any(stream, some, 3, &data), 4);
	CHECK_INT(await_stream_readuntil_any(stream, some, 3, &data), 3);
	CHECK(!memcmp(data, "EF\n", 3));
	CHECK_INT(await_stream_readuntil_any(stream, some, 0, &data), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "no separator given");
	CHECK_INT(await_stream_readuntil(stream, "", &data), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "separator 0 is empty");
	await_stream_close(stream);
	/* Of two that end together the longer counts: one byte before it is within the limit. */
	stream = async_stream_memory(&options);
	feed_text(stream, "ABC");
	CHECK_INT(await_stream_readuntil_any(stream, same_end, 2, &data), 3);
	await_stream_close(stream);
}

TEST_TASK(over_the_limit_the_data_stay, "S07 N03")
{
	async_stream_options options = { .limit = 4 };
	async_stream *stream = async_stream_memory(&options);
	const char *data;

	/* The separator does not count: four bytes and two of it are within the limit. */
	feed_text(stream, "1234\r");
	async_timeout (0.01)
		CHECK_INT(await_stream_readuntil(stream, "\r\n", &data), -ETIMEDOUT);
	feed_text(stream, "\n12345\r\n");
	check_until(stream, "\r\n", "1234\r\n");
	CHECK_INT(await_stream_readuntil(stream, "\r\n", &data), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(),
		       "no separator within 4 bytes (stream option `limit`); the data stay");
	async_stream_set_limit(stream, 5);
	check_until(stream, "\r\n", "12345\r\n");
	feed_text(stream, "123456789");
	CHECK_INT(await_stream_readuntil(stream, "\r\n", &data), -EMSGSIZE);
	CHECK_INT(async_stream_readable(stream), 9);
	await_stream_close(stream);
}

TEST_TASK(a_long_line_grows_the_streams_own_memory, "S06 S08")
{
	enum { LENGTH = 60000 };
	async_stream *stream = async_stream_memory(NULL);
	const char *line;

	for (int i = 0; i < LENGTH; i += 1000) {
		char part[1000];

		memset(part, 'a' + i / 1000 % 26, sizeof part);
		CHECK_INT(async_stream_feed(stream, part, sizeof part), 0);
		async_timeout (0)
			await_sleep(0);
		if (i % 7000 == 0)
			async_timeout (0.001)
				CHECK_INT(await_stream_readline(stream, &line), -ETIMEDOUT);
	}
	feed_text(stream, "\nnext\n");
	CHECK_INT(await_stream_readline(stream, &line), LENGTH + 1);
	for (int i = 0; i < LENGTH; i++)
		if (line[i] != 'a' + i / 1000 % 26)
			harness_fail(__FILE__, __LINE__, "byte %d is wrong", i);
	check_line(stream, "next\n");
	CHECK_INT(stream_memory_held(stream) <= LENT_BYTES * 2, 1);
	await_stream_close(stream);
}

TEST_TASK(feeding_ends_and_fails, "S11")
{
	async_stream *stream = async_stream_memory(NULL), *ends[2];

	feed_text(stream, "x\n");
	CHECK_INT(async_stream_feed_error(stream, 5), -EINVAL);
	CHECK_INT(async_stream_feed_error(stream, -EIO), 0);
	CHECK_INT(async_stream_feed(stream, "y", 1), -EPIPE);
	check_line(stream, "x\n");
	CHECK_INT(await_stream_readline(stream, &(const char *){ NULL }), -EIO);
	CHECK_INT(await_stream_readline(stream, &(const char *){ NULL }), -EIO);
	CHECK_TEXT_HAS(async_error(), "EIO");
	CHECK_INT(await_stream_write(stream, "z", 1), -EPIPE);
	CHECK_TEXT_HAS(async_error(), "fed by hand cannot be written");
	await_stream_close(stream);
	CHECK_INT(async_stream_pair(ends, NULL), 0);
	CHECK_INT(async_stream_feed(ends[0], "x", 1), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "not one of async_stream_memory");
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}

TEST_TASK(no_memory_for_a_line_in_pieces, "S06")
{
	async_stream *ends[2];
	const char *line;

	CHECK(stream_ends(STREAM_UNIX, ends, NULL));
	CHECK_INT(await_stream_write(ends[0], "be", 2), 2);
	CHECK_INT(await_stream_peek(ends[1], 1, &line), 2);
	fault_inject_from("malloc", 1, ENOMEM);
	CHECK_INT(await_stream_readline(ends[1], &line), -ENOMEM);
	fault_clear();
	CHECK_INT(await_stream_write(ends[0], "gun\n", 4), 4);
	check_line(ends[1], "begun\n");
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}
