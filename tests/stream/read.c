/* SPDX-License-Identifier: MIT */
/* Reading by amount, over every transport: bytes arrive in the pieces that the case chooses. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "streams.h"

/* A reader that gets these bytes, one piece a turn. */
struct feeder {
	async_stream *to;
	const char *const *pieces;
};

static int feed(void *arg)
{
	struct feeder *feeder = arg;

	for (const char *const *piece = feeder->pieces; *piece; piece++) {
		CHECK_INT(await_stream_write(feeder->to, *piece, strlen(*piece)),
			  (long)strlen(*piece));
		await_sleep(0.001);
	}
	return await_stream_close(feeder->to);
}

/* On every kind of stream: body(stream) reads what the pieces say. */
#define EVERY_KIND(body, ...)                                                     \
	do {                                                                      \
		static const char *const pieces_[] = { __VA_ARGS__, NULL };       \
		for (enum stream_kind kind_ = 0; kind_ < STREAM_KINDS; kind_++) { \
			async_stream *ends_[2];                                   \
			struct feeder feeder_ = { NULL, pieces_ };                \
			async_task *task_;                                        \
			if (!stream_ends(kind_, ends_, NULL))                     \
				continue;                                         \
			feeder_.to = ends_[0];                                    \
			task_ = async_create_task(feed, &feeder_);                \
			body(ends_[1]);                                           \
			CHECK_INT(await_task(task_), 0);                          \
			CHECK_INT(await_stream_close(ends_[1]), 0);               \
		}                                                                 \
	} while (0)

static void read_some(async_stream *stream)
{
	char data[100];

	CHECK_INT(await_stream_read(stream, data, 0), 0);
	CHECK_INT(await_stream_read(stream, data, 3), 3);
	CHECK(!memcmp(data, "abc", 3));
	CHECK(!async_stream_at_eof(stream));
	CHECK_INT(await_stream_read(stream, data, sizeof data), 2);
	CHECK(!memcmp(data, "de", 2));
	CHECK_INT(await_stream_read(stream, data, sizeof data), 3);
	CHECK_INT(await_stream_read(stream, data, sizeof data), 0);
	CHECK(async_stream_at_eof(stream));
	CHECK_INT(await_stream_read(stream, data, sizeof data), 0);
}

TEST_TASK(read_gives_what_is_there, "S04 S11 P09")
{
	EVERY_KIND(read_some, "abcde", "fgh");
}

static void read_exactly(async_stream *stream)
{
	char data[8] = "";

	CHECK_INT(await_stream_readexactly(stream, data, 7), 7);
	CHECK_STR(data, "abcdefg");
	CHECK_INT(await_stream_readexactly(stream, data, 5), -ENODATA);
	CHECK_TEXT_HAS(async_error(), "the stream ended after 3 of 5 bytes");
	CHECK_INT(async_stream_partial(stream), 3);
	CHECK(!memcmp(data, "hij", 3));
	CHECK_INT(await_stream_readexactly(stream, data, 5), 0);
}

TEST_TASK(readexactly_tells_an_early_end_with_what_came, "S05 N03")
{
	EVERY_KIND(read_exactly, "ab", "cdef", "ghi", "j");
}

static void read_all(async_stream *stream)
{
	char *data;

	CHECK_INT(await_stream_readall(stream, &data, 5), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "more than 5 bytes");
	CHECK(!data);
	CHECK_INT(await_stream_readall(stream, &data, 8), 8);
	CHECK_STR(data, "abcdefgh");
	free(data);
	CHECK_INT(await_stream_readall(stream, &data, 8), 0);
	CHECK_STR(data, "");
	free(data);
}

TEST_TASK(readall_keeps_what_was_too_much, "S04")
{
	EVERY_KIND(read_all, "abc", "def", "gh");
}

static void peek_and_consume(async_stream *stream)
{
	const char *data;

	CHECK_INT(await_stream_peek(stream, 4, &data), 5);
	CHECK(!memcmp(data, "abcde", 5));
	CHECK_INT(async_stream_readable(stream), 5);
	CHECK_INT(async_stream_consume(stream, 6), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "6 bytes, of which only 5 are there");
	CHECK_INT(async_stream_consume(stream, 2), 0);
	CHECK_INT(await_stream_peek(stream, 0, &data), 3);
	CHECK_INT(await_stream_peek(stream, 70000, &data), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "70000 bytes are more than 65536 (stream option `limit`)");
	CHECK_INT(await_stream_peek(stream, 50, &data), 6);
	CHECK(!memcmp(data, "cdefgh", 6));
	CHECK_INT(async_stream_consume(stream, 6), 0);
	CHECK_INT(await_stream_peek(stream, 1, &data), 0);
	CHECK(async_stream_at_eof(stream));
}

TEST_TASK(peek_looks_without_taking, "G13 S11")
{
	EVERY_KIND(peek_and_consume, "abcde", "fgh");
}

static void read_chunks(async_stream *stream)
{
	char all[9] = "";
	const char *data;
	ssize_t n;

	while ((n = await_stream_chunk(stream, &data)) > 0)
		strncat(all, data, (size_t)n);
	CHECK_INT(n, 0);
	CHECK_STR(all, "abcdefgh");
}

TEST_TASK(chunks_are_what_arrives, "S04 G13")
{
	EVERY_KIND(read_chunks, "abc", "def", "gh");
}

enum { LARGE = 300000 };

static int write_large(void *arg)
{
	char *data = malloc(LARGE);

	for (int i = 0; i < LARGE; i++)
		data[i] = (char)(i % 251);
	CHECK_INT(await_stream_write(arg, data, LARGE), LARGE);
	free(data);
	return await_stream_close(arg);
}

TEST_TASK(large_reads_go_straight_into_the_readers_memory, "G13 S05 S08 G08")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		char *data = malloc(LARGE);
		async_task *writer;
		char first;

		if (!stream_ends(kind, ends, NULL)) {
			free(data);
			continue;
		}
		writer = async_create_task(write_large, ends[0]);
		CHECK_INT(await_stream_readexactly(ends[1], &first, 1), 1);
		CHECK_INT(first, 0);
		CHECK_INT(await_stream_readexactly(ends[1], data, LARGE - 1), LARGE - 1);
		for (int i = 0; i < LARGE - 1; i++)
			if (data[i] != (char)((i + 1) % 251))
				harness_fail(__FILE__, __LINE__, "byte %d is wrong", i);
		CHECK_INT(await_stream_read(ends[1], data, LARGE), 0);
		CHECK_INT(await_task(writer), 0);
		CHECK_INT(await_stream_close(ends[1]), 0);
		free(data);
	}
}

static int read_one(void *arg)
{
	char byte;

	return (int)await_stream_read(arg, &byte, 1);
}

TEST_TASK(a_second_reader_is_refused, "S10")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		async_task *reader;

		if (!stream_ends(kind, ends, NULL))
			continue;
		reader = async_create_task(read_one, ends[1]);
		await_sleep(0);
		CHECK_INT(read_one(ends[1]), -EBUSY);
		CHECK_TEXT_HAS(async_error(), "read_one-");
		CHECK_TEXT_HAS(async_error(), "is already reading this stream; one at a time");
		CHECK_INT(await_stream_write(ends[0], "x", 1), 1);
		CHECK_INT(await_task(reader), 1);
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
	}
}

TEST_TASK(a_cancelled_read_loses_nothing, "S05 F07")
{
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
		async_stream *ends[2];
		char data[8] = "";

		if (!stream_ends(kind, ends, NULL))
			continue;
		CHECK_INT(await_stream_write(ends[0], "abc", 3), 3);
		async_timeout (0.02)
			CHECK_INT(await_stream_readexactly(ends[1], data, 6), -ETIMEDOUT);
		CHECK(async_timed_out());
		async_timeout (0) {
			CHECK_INT(await_stream_read(ends[1], data, 6), -ETIMEDOUT);
			CHECK_INT(await_stream_chunk(ends[1], &(const char *){ NULL }), -ETIMEDOUT);
		}
		CHECK_INT(await_stream_write(ends[0], "def", 3), 3);
		CHECK_INT(await_stream_readexactly(ends[1], data, 6), 6);
		CHECK_STR(data, "abcdef");
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
	}
}

TEST_TASK(an_idle_stream_holds_no_buffer, "S08 G08")
{
	async_stream *ends[2];
	async_task *reader;

	CHECK(stream_ends(STREAM_TCP, ends, NULL));
	CHECK_INT(await_stream_write(ends[0], "abc", 3), 3);
	for (int i = 0; i < 3; i++)
		CHECK_INT(read_one(ends[1]), 1);
	reader = async_create_task(read_one, ends[1]);
	await_sleep(0.01);
	CHECK_INT(stream_memory_held(ends[1]), 0);
	async_task_cancel(reader);
	CHECK_INT(await_task(reader), -ECANCELED);
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}

TEST_TASK(a_stream_that_is_none_says_why, "S01 P09 N03")
{
	char data[4];
	const char *slice;
	async_stream *none = async_stream_open(-EMFILE, NULL);
	int folder = open("/", O_RDONLY | O_DIRECTORY);

	CHECK(!none);
	CHECK_INT(await_stream_read(none, data, 4), -EINVAL);
	CHECK_INT(await_stream_readline(none, &slice), -EINVAL);
	CHECK_INT(await_stream_write(none, data, 4), -EINVAL);
	CHECK_INT(await_stream_close(none), -EINVAL);
	async_stream_abort(none);
	CHECK(!async_stream_open(folder, NULL));
	CHECK_TEXT_HAS(async_error(),
		       "neither a socket nor a pipe, a character device or a regular file");
	close(folder);
	CHECK(!async_stream_open(9999, NULL));
	CHECK_TEXT_HAS(async_error(), "EBADF");
}

TEST_TASK_WITH(memory_runs_out_and_nothing_is_lost, "S04", .backends = BACKEND_EPOLL | BACKEND_SIM)
{
	async_stream *ends[2];
	char data[4] = "";

	CHECK(stream_ends(STREAM_TCP, ends, NULL));
	CHECK_INT(await_stream_write(ends[0], "abc", 3), 3);
	await_sleep(0.01);
	fault_inject_from("aligned_alloc", 1, ENOMEM);
	CHECK_INT(await_stream_read(ends[1], data, 3), -ENOMEM);
	fault_clear();
	CHECK_INT(await_stream_read(ends[1], data, 3), 3);
	CHECK_STR(data, "abc");
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}

static int flood(void *arg)
{
	char *data = calloc(1, LARGE);

	while (await_stream_write(arg, data, LARGE) > 0)
		continue;
	free(data);
	return 0;
}

static int swallow(void *arg)
{
	const char *data;

	while (await_stream_chunk(arg, &data) > 0)
		continue;
	return 0;
}

/* Both sides always find something to do without waiting; others must get their turns. */
TEST_TASK_WITH(a_fast_peer_does_not_starve_the_others, "G08 P08", .backends = REAL_BACKENDS)
{
	async_task *tasks[8];
	async_stream *ends[8];
	double begun = async_now(), worst = 0;

	for (int i = 0; i < 8; i += 2) {
		CHECK(stream_ends(STREAM_TCP, ends + i, NULL));
		tasks[i] = async_create_task(flood, ends[i]);
		tasks[i + 1] = async_create_task(swallow, ends[i + 1]);
	}
	while (async_now() - begun < 0.5) {
		double asleep = async_now();

		await_sleep(0.001);
		if (async_now() - asleep > worst)
			worst = async_now() - asleep;
	}
	printf("a sleep of 1 ms took at most %.1f ms\n", worst * 1e3);
	CHECK(worst < 0.25);
	for (int i = 0; i < 8; i++)
		async_task_cancel(tasks[i]);
	for (int i = 0; i < 8; i++)
		await_task(tasks[i]);
	for (int i = 0; i < 8; i++)
		async_stream_abort(ends[i]);
}

/* Written at the file's own position, which moves by what a full disk still took. */
TEST_TASK(a_full_disk_fails_a_stream_and_loses_nothing_before, "P09 S13")
{
	const struct rlimit full = { 100000, RLIM_INFINITY },
			    room = { RLIM_INFINITY, RLIM_INFINITY };
	char name[] = "/tmp/await-stream-XXXXXX", *data = malloc(100000), *found = NULL;
	int fd = mkstemp(name);
	async_stream *file = async_stream_open(fd, NULL);

	signal(SIGXFSZ, SIG_IGN);
	memset(data, 'a', 100000);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &full), 0);
	CHECK_INT(await_stream_write(file, data, 65536), 65536);
	CHECK_INT(await_stream_write(file, data, 65536), -EFBIG);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &room), 0);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 100000);
	CHECK_INT(await_stream_close(file), 0);
	CHECK_INT(await_read_file(name, &found, 0), 100000);
	CHECK(!memcmp(found, data, 100000));
	free(found);
	free(data);
	unlink(name);
}

TEST_TASK(a_regular_file_may_be_a_stream, "P09")
{
	char name[] = "/tmp/await-stream-XXXXXX";
	int fd = mkstemp(name);
	async_stream *file = async_stream_open(fd, NULL);
	const char *line;

	CHECK_INT(await_stream_write(file, "one\ntwo", 7), 7);
	lseek(fd, 0, SEEK_SET);
	CHECK_INT(await_stream_readline(file, &line), 4);
	CHECK_INT(await_stream_readline(file, &line), 3);
	CHECK_INT(await_stream_readline(file, &line), 0);
	CHECK_INT(await_stream_close(file), 0);
	unlink(name);
}
