/* SPDX-License-Identifier: MIT */
/*
 * Lines and separators of a stream, in whatever pieces they arrive, against a plain reading of the
 * whole text. The first bytes choose the limit, the sizes of the pieces and the separators.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *text;
	size_t size, piece;
	async_stream *stream;
};

static int feed(void *arg)
{
	struct input *input = arg;

	for (size_t at = 0; at < input->size; at += input->piece) {
		size_t n = input->size - at < input->piece ? input->size - at : input->piece;

		if (async_stream_feed(input->stream, input->text + at, n))
			abort();
		await_sleep(0);
	}
	return async_stream_feed_eof(input->stream);
}

static void check(int holds)
{
	if (!holds)
		abort();
}

/* Each line within the limit comes once, whole and in order; each longer one is one error. */
static void read_lines(const struct input *input, size_t limit)
{
	const char *rest = input->text, *end = input->text + input->size, *line;

	while (rest < end) {
		const char *newline = memchr(rest, '\n', (size_t)(end - rest));
		size_t size = (size_t)((newline ? newline + 1 : end) - rest);
		ssize_t n = await_stream_readline(input->stream, &line);

		if (size - (newline != NULL) > limit) {
			check(n == -EMSGSIZE);
		} else {
			check(n == (ssize_t)size);
			check(!memcmp(line, rest, size));
		}
		rest += size;
	}
	check(await_stream_readline(input->stream, &line) == 0);
	check(async_stream_at_eof(input->stream));
}

/* The separator that ends first; of two that end together the longer one. */
static size_t first_end(const char *text, size_t size, const struct iovec *separators, int count,
			size_t *length)
{
	for (size_t end = 1; end <= size; end++) {
		*length = 0;
		for (int i = 0; i < count; i++) {
			size_t n = separators[i].iov_len;

			if (n <= end && n > *length &&
			    !memcmp(text + end - n, separators[i].iov_base, n))
				*length = n;
		}
		if (*length)
			return end;
	}
	return 0;
}

static void read_parts(const struct input *input, size_t limit, const struct iovec *separators,
		       int count)
{
	const char *rest = input->text, *data;
	size_t left = input->size, length;

	for (;;) {
		size_t end = first_end(rest, left, separators, count, &length);
		ssize_t n = await_stream_readuntil_any(input->stream, separators, count, &data);

		if (end && end - length <= limit) {
			check(n == (ssize_t)end && !memcmp(data, rest, end));
			rest += end;
			left -= end;
			continue;
		}
		/* Over the limit the data stay; or the end comes first. */
		if (n == -EMSGSIZE) {
			check(end || left > limit);
			check(async_stream_readable(input->stream) > 0);
		} else {
			check(!end);
			check(left ? n == -ENODATA : n == 0);
			check(!left || (async_stream_partial(input->stream) == left &&
					!memcmp(data, rest, left)));
		}
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	struct iovec separators[2];
	async_stream_options options;
	async_task *feeder;
	size_t limit;

	if (size < 6)
		return 0;
	limit = 1 + data[0] % 64;
	options = (async_stream_options){ .limit = limit };
	separators[0] = (struct iovec){ (void *)(data + 3), 1 + data[2] % 3 };
	separators[1] = (struct iovec){ (void *)(data + 4), 1 + data[2] / 3 % 2 };
	input = (struct input){ (const char *)data + 6, size - 6, 1 + data[1] % 40, NULL };
	input.stream = async_stream_memory(&options);
	feeder = async_create_task(feed, &input);
	if (data[0] & 64)
		read_lines(&input, limit);
	else
		read_parts(&input, limit, separators, 1 + (data[0] >> 7));
	check(await_task(feeder) == 0);
	await_stream_close(input.stream);
	return 0;
}
