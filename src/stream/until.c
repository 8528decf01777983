/* SPDX-License-Identifier: MIT */
/* Reading up to something: a newline, a separator, the first of several. What was looked at once is
 * not looked at again when more has arrived. */
#include <errno.h>
#include <string.h>
#include "stream/stream.h"

static ssize_t hand_over(struct input *input, size_t size, const char **data)
{
	*data = input->data + input->begin;
	input->begin += size;
	input->scanned = 0;
	return (ssize_t)size;
}

/* The line is longer than the limit. All of it that is there goes; the rest, up to its newline, is
 * passed over by the next call. */
static int drop_line(struct async_stream *stream)
{
	struct input *input = &stream->input;
	const char *newline = memchr(input->data + input->begin, '\n', input->end - input->begin);

	stream->skipping = !newline;
	input->begin = newline ? (size_t)(newline + 1 - input->data) : input->end;
	input->scanned = 0;
	return async_fail(-EMSGSIZE, "line longer than %zu bytes (stream option `limit`)",
			  stream->limit);
}

/* The rest of a line that was too long, as far as it is there. */
static void skip(struct async_stream *stream)
{
	struct input *input = &stream->input;
	const char *newline =
		input->data ? memchr(input->data + input->begin, '\n', input_bytes(stream)) : NULL;

	input->begin = newline ? (size_t)(newline + 1 - input->data) : input->end;
	input->scanned = 0;
	stream->skipping = !newline;
}

static ssize_t last_line(struct async_stream *stream, const char **line)
{
	if (stream->skipping || !input_bytes(stream)) {
		stream->skipping = false;
		return 0;
	}
	return hand_over(&stream->input, input_bytes(stream), line);
}

ssize_t await_stream_readline(async_stream *stream, const char **line)
{
	struct input *input;
	ssize_t n = input_begin(stream, "await_stream_readline");

	if (unlikely(n))
		return n;
	input = &stream->input;
	for (;;) {
		const char *from, *newline;
		size_t bytes;

		if (unlikely(stream->skipping))
			skip(stream);
		bytes = input_bytes(stream);
		if (likely(bytes > input->scanned)) {
			from = input->data + input->begin;
			newline = memchr(from + input->scanned, '\n', bytes - input->scanned);
			if (newline && (size_t)(newline - from) <= stream->limit)
				return hand_over(input, (size_t)(newline + 1 - from), line);
			input->scanned = bytes;
			if (newline || bytes > stream->limit)
				return drop_line(stream);
		}
		n = input_fill(stream, bytes);
		if (unlikely(n <= 0))
			return n ? n : last_line(stream, line);
	}
}

/* Where the separator that ends first ends, looking from `scanned` on; 0: none yet. */
static size_t find(const struct input *input, size_t bytes, const struct iovec *separators,
		   int count, size_t *length)
{
	const char *from = input->data + input->begin;
	size_t best = 0;

	for (int i = 0; i < count; i++) {
		size_t size = separators[i].iov_len;
		/* One that begins in what was seen may end in what is new. */
		size_t start = input->scanned >= size ? input->scanned - size + 1 : 0;
		size_t until = best ? best : bytes;
		const char *at = start < until ? memmem(from + start, until - start,
							separators[i].iov_base, size) :
						 NULL;
		size_t end = at ? (size_t)(at - from) + size : 0;

		/* Of two that end at the same byte, the longer one: more belongs to it. */
		if (end && (!best || end < best || (end == best && size > *length))) {
			best = end;
			*length = size;
		}
	}
	return best;
}

static int over_limit(const struct async_stream *stream)
{
	return async_fail(-EMSGSIZE,
			  "no separator within %zu bytes (stream option `limit`); the data stay",
			  stream->limit);
}

static int check_separators(const struct iovec *separators, int count, size_t *longest)
{
	if (!separators || count <= 0)
		return async_fail(-EINVAL, "await_stream_readuntil: no separator given");
	for (int i = 0; i < count; i++) {
		if (!separators[i].iov_base || !separators[i].iov_len)
			return async_fail(-EINVAL, "await_stream_readuntil: separator %d is empty",
					  i);
		if (separators[i].iov_len > *longest)
			*longest = separators[i].iov_len;
	}
	return 0;
}

static ssize_t ended_before(struct async_stream *stream, const char **data)
{
	size_t bytes = input_bytes(stream);

	stream->partial = bytes;
	if (!bytes)
		return 0;
	hand_over(&stream->input, bytes, data);
	return async_fail(-ENODATA, "the stream ended after %zu bytes, before a separator", bytes);
}

ssize_t await_stream_readuntil_any(async_stream *stream, const struct iovec *separators, int count,
				   const char **data)
{
	ssize_t n = input_begin(stream, "await_stream_readuntil");
	struct input *input;
	size_t longest = 0;

	if (!n)
		n = check_separators(separators, count, &longest);
	if (n)
		return n;
	input = &stream->input;
	input->scanned = 0; /* of a line: says nothing about separators */
	for (;;) {
		size_t bytes = input_bytes(stream), length = 0;
		size_t end = bytes ? find(input, bytes, separators, count, &length) : 0;

		if (end && end - length <= stream->limit)
			return hand_over(input, end, data);
		if (end || bytes >= stream->limit + longest) {
			input->scanned = 0;
			return over_limit(stream);
		}
		input->scanned = bytes;
		n = input_fill(stream, bytes);
		if (n == -EBADF)
			return n;
		if (n <= 0) {
			input->scanned = 0;
			return n ? n : ended_before(stream, data);
		}
	}
}

ssize_t await_stream_readuntil(async_stream *stream, const char *separator, const char **data)
{
	struct iovec one = { (void *)separator, separator ? strlen(separator) : 0 };

	return await_stream_readuntil_any(stream, &one, 1, data);
}
