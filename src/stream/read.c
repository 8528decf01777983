/* SPDX-License-Identifier: MIT */
/* Reading by amount: some, exactly, all, or a look ahead. Lines and separators: until.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stream/stream.h"

enum { DIRECT_BYTES = 64 * 1024 }; /* from here on a copy costs more than a system call */

static size_t take(struct async_stream *stream, char *data, size_t size)
{
	struct input *input = &stream->input;
	size_t n = input_bytes(stream) < size ? input_bytes(stream) : size;

	if (!n)
		return 0;
	memcpy(data, input->data + input->begin, n);
	input->begin += n;
	input->scanned = 0;
	return n;
}

/* Straight into the reader's memory. */
static ssize_t read_into(struct async_stream *stream, void *data, size_t size)
{
	struct async_task *self = stream->loop->running;
	ssize_t n;

	stream_enter(stream);
	stream->reader = self;
	n = stream->transport->read(stream, data, size);
	stream->reader = NULL;
	if (unlikely(n <= 0))
		n = input_ended(stream, self, n);
	return unlikely(stream_leave(stream)) ? -EBADF : n;
}

/* A buffer in between costs a copy, and a small read one system call each: whoever asks for at
 * least as much as a buffer holds gets it without. */
static bool goes_direct(const struct async_stream *stream, size_t size)
{
	return size >= DIRECT_BYTES && stream->transport->read && !stream->eof &&
	       !stream->draining && !stream->input_error;
}

ssize_t await_stream_read(async_stream *stream, void *data, size_t size)
{
	ssize_t n = input_begin(stream, "await_stream_read");

	if (n || !size)
		return n;
	if (stream->input.begin == stream->input.end) {
		if (goes_direct(stream, size)) {
			input_release(stream);
			return read_into(stream, data, size);
		}
		n = input_fill(stream, 0);
		if (n <= 0)
			return n;
	}
	return (ssize_t)take(stream, data, size);
}

static int ended_early(struct async_stream *stream, size_t done, size_t size)
{
	stream->partial = done;
	return async_fail(-ENODATA, "the stream ended after %zu of %zu bytes", done, size);
}

/* A cancel in the middle must lose nothing: what has been copied out goes back to the front. */
static int give_back(struct async_stream *stream, const char *data, size_t size, int error)
{
	struct input *input = &stream->input;
	size_t rest = input_bytes(stream);
	char *whole;

	if (error == -EBADF || !size)
		return error; /* the stream may be gone */
	whole = malloc(size + rest);
	if (!whole) {
		stream->input_error = -ENOMEM;
		return async_fail(-ENOMEM, "no memory to keep %zu bytes that were read before",
				  size);
	}
	memcpy(whole, data, size);
	if (rest)
		memcpy(whole + size, input->data + input->begin, rest);
	input_release(stream);
	input->data = whole;
	input->end = input->room = size + rest;
	return error;
}

ssize_t await_stream_readexactly(async_stream *stream, void *data, size_t size)
{
	ssize_t n = input_begin(stream, "await_stream_readexactly");
	size_t done;

	if (n || !size)
		return n;
	done = take(stream, data, size);
	while (done < size) {
		if (goes_direct(stream, size - done)) {
			input_release(stream);
			n = read_into(stream, (char *)data + done, size - done);
			done += n > 0 ? (size_t)n : 0;
		} else {
			stream->begun = done > 0;
			n = input_fill(stream, 0);
			if (n != -EBADF)
				stream->begun = false;
			if (n > 0)
				done += take(stream, (char *)data + done, size - done);
		}
		if (!n)
			return done ? ended_early(stream, done, size) : 0;
		if (n < 0)
			return give_back(stream, data, done, (int)n);
	}
	return (ssize_t)size;
}

/* Everything stays in the stream's own memory until the end has come: so nothing can get lost. */
ssize_t await_stream_readall(async_stream *stream, char **data, size_t most)
{
	ssize_t n = input_begin(stream, "await_stream_readall");
	size_t bytes;

	*data = NULL;
	if (n)
		return n;
	do {
		bytes = input_bytes(stream);
		if (bytes > most)
			return async_fail(-EMSGSIZE,
					  "await_stream_readall: more than %zu bytes (argument"
					  " `most`)",
					  most);
		n = input_fill(stream, bytes ? bytes : 1);
	} while (n > 0);
	if (n < 0)
		return n;
	*data = malloc(bytes + 1);
	if (!*data)
		return async_fail(-ENOMEM, "await_stream_readall: no memory for %zu bytes",
				  bytes + 1);
	take(stream, *data, bytes);
	(*data)[bytes] = '\0';
	input_release(stream);
	return (ssize_t)bytes;
}

ssize_t await_stream_chunk(async_stream *stream, const char **data)
{
	struct input *input;
	ssize_t n = input_begin(stream, "await_stream_chunk");

	if (unlikely(n))
		return n;
	input = &stream->input;
	if (likely(input->begin == input->end)) {
		n = input_fill(stream, 0);
		if (n <= 0)
			return n;
	}
	*data = input->data + input->begin;
	n = (ssize_t)input_bytes(stream);
	input->begin = input->end;
	input->scanned = 0;
	return n;
}

ssize_t await_stream_peek(async_stream *stream, size_t least, const char **data)
{
	ssize_t n = input_begin(stream, "await_stream_peek");

	if (unlikely(n))
		return n;
	if (least > stream->limit)
		return async_fail(-EMSGSIZE,
				  "await_stream_peek: %zu bytes are more than %zu (stream option"
				  " `limit`)",
				  least, stream->limit);
	while (input_bytes(stream) < least) {
		n = input_fill(stream, least - input_bytes(stream));
		if (n < 0)
			return n;
		if (!n)
			break;
	}
	/* Nothing may ever have come. */
	*data = stream->input.data ? stream->input.data + stream->input.begin : "";
	return (ssize_t)input_bytes(stream);
}

int async_stream_consume(async_stream *stream, size_t size)
{
	if (!stream)
		return -EINVAL;
	if (size > input_bytes(stream))
		return async_fail(-EINVAL,
				  "async_stream_consume: %zu bytes, of which only %zu are there",
				  size, input_bytes(stream));
	stream->input.begin += size;
	stream->input.scanned = 0;
	return 0;
}

size_t async_stream_partial(const async_stream *stream)
{
	return stream ? stream->partial : 0;
}

bool async_stream_at_eof(const async_stream *stream)
{
	return !stream || (stream->eof && stream->input.begin == stream->input.end);
}

size_t async_stream_readable(const async_stream *stream)
{
	return stream ? input_bytes(stream) : 0;
}
