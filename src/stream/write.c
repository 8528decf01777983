/* SPDX-License-Identifier: MIT */
/* Writing, and waiting until what was written is gone or small enough. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "stream/layer.h"
#include "stream/stream.h"

enum { PARTS_MAX = IOV_MAX, CHUNKS_AT_ONCE = 16 };

static const struct wait_kind writer_kind = { "a turn to write", wait_cancel, NULL };
static const struct wait_kind drain_kind = { "await_stream_drain", wait_cancel, NULL };
static const struct wait_kind flush_kind = { "await_stream_flush", wait_cancel, NULL };

static int refused(const struct async_stream *stream)
{
	const struct output *output = &stream->output;

	if (stream->closed)
		return -EBADF;
	if (output->ended)
		return async_fail(-EPIPE, "writing after await_stream_end");
	return async_fail(output->error, "the stream cannot be written any more");
}

static inline bool is_refused(const struct async_stream *stream)
{
	return unlikely(stream->closed || stream->output.ended || stream->output.error);
}

static size_t size_of(const struct iovec *parts, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	return size;
}

int output_take_turn(struct async_stream *stream, struct async_task *self)
{
	struct output *output = &stream->output;
	int64_t error;

	if (likely(!output_is_busy(stream))) {
		output->writer = self;
		return 0;
	}
	error = wait_or_cancel(&output->writers, &writer_kind, stream);
	if (error || is_refused(stream)) {
		if (output->writer == self)
			output->writer = NULL;
		return error ? (int)error : refused(stream);
	}
	return 0;
}

int output_write_chunks(struct async_stream *stream)
{
	struct output *output = &stream->output;
	int error = 0;

	while (output->chunks.first && !error) {
		struct iovec parts[CHUNKS_AT_ONCE];
		int count = chunks_parts(&output->chunks, parts, CHUNKS_AT_ONCE);
		size_t done = 0;

		error = stream->transport->write(stream, parts, count, &done);
		if (stream->closed)
			return -EBADF;
		output_took(stream, done);
	}
	return error;
}

/* Keep what a cancelled writer could not send, so that its message is not cut. */
static int keep_rest(struct async_stream *stream, const struct iovec *parts, int count, size_t done)
{
	for (int i = 0; i < count; i++) {
		size_t skip = done < parts[i].iov_len ? done : parts[i].iov_len;
		int error = chunks_append(stream->loop, &stream->output.chunks,
					  (const char *)parts[i].iov_base + skip,
					  parts[i].iov_len - skip);

		if (error)
			return error;
		done -= skip;
	}
	return 0;
}

/* What is buffered and what is new in one call, when that is possible; else one after the other. */
static int write_joined(struct async_stream *stream, const struct iovec *parts, int count,
			size_t *done)
{
	struct output *output = &stream->output;
	struct iovec all[CHUNKS_AT_ONCE];
	size_t before = output->chunks.bytes, sent = 0;
	int chunks, error;

	if (!output->chunks.first)
		return stream->transport->write(stream, parts, count, done);
	chunks = chunks_parts(&output->chunks, all, CHUNKS_AT_ONCE);
	if (size_of(all, chunks) != before || chunks + count > CHUNKS_AT_ONCE) {
		error = output_write_chunks(stream);
		return error ? error : stream->transport->write(stream, parts, count, done);
	}
	memcpy(all + chunks, parts, (size_t)count * sizeof *parts);
	error = stream->transport->write(stream, all, chunks + count, &sent);
	if (stream->closed)
		return -EBADF;
	output_took(stream, sent < before ? sent : before);
	*done = sent < before ? 0 : sent - before;
	return error;
}

int output_refused(const struct async_stream *stream)
{
	return is_refused(stream) ? refused(stream) : 0;
}

/* The end of a write that did not simply go through. */
static ssize_t write_failed(struct async_stream *stream, struct async_task *self,
			    const struct iovec *parts, int count, size_t size, size_t done,
			    int error)
{
	if (error == self->cancel_error) {
		if (done && !keep_rest(stream, parts, count, done)) {
			output_next(stream);
			return (ssize_t)size;
		}
		if (!done) {
			output_next(stream);
			return error;
		}
	}
	output_fail(stream, error);
	return error;
}

/* After the transport's part: hand over, see to what is left, leave. */
static ssize_t write_ends(struct async_stream *stream, struct async_task *self,
			  const struct iovec *parts, int count, size_t size, size_t done, int error)
{
	ssize_t n = (ssize_t)size;

	if (!stream->closed) {
		stream->output.writer = NULL;
		if (error)
			n = write_failed(stream, self, parts, count, size, done, error);
		else
			output_next(stream);
	}
	return stream_leave(stream) ? -EBADF : n;
}

static ssize_t write_parts(struct async_stream *stream, struct async_task *self,
			   const struct iovec *parts, int count, size_t size)
{
	size_t done = 0;
	int error;

	stream_enter(stream);
	stream->output.used = true;
	error = output_take_turn(stream, self);
	if (error)
		return stream_leave(stream) ? -EBADF : error;
	error = write_joined(stream, parts, count, &done);
	return write_ends(stream, self, parts, count, size, done, error);
}

/* Nothing is buffered, nobody writes, nothing is wrong. */
static inline bool is_simple(const struct async_stream *stream)
{
	const struct output *output = &stream->output;

	return likely(!((uintptr_t)output->writer | (uintptr_t)output->writers.first |
			(uintptr_t)output->chunks.first | (uintptr_t)output->flushers.first |
			(unsigned)output->error | output->ended | stream->closed));
}

/* What nearly every write is: straight to the transport, and done. */
static ssize_t write_simply(struct async_stream *stream, struct async_task *self, const void *data,
			    size_t size)
{
	struct iovec part = { (void *)data, size };
	size_t done = 0;
	int error;

	stream_enter(stream);
	stream->output.used = true;
	stream->output.writer = self;
	error = stream->transport->write(stream, &part, 1, &done);
	stream->output.writer = NULL;
	if (likely(!error && is_simple(stream))) {
		stream->users--;
		return (ssize_t)size;
	}
	return write_ends(stream, self, &part, 1, size, done, error);
}

ssize_t await_stream_write(async_stream *stream, const void *data, size_t size)
{
	struct async_task *self = task_self("await_stream_write");
	struct iovec part = { (void *)data, size };
	int error = stream_check(stream, self);

	if (unlikely(error))
		return error;
	if (likely(size && is_simple(stream)))
		return write_simply(stream, self, data, size);
	if (is_refused(stream))
		return refused(stream);
	return size ? write_parts(stream, self, &part, 1, size) : 0;
}

ssize_t await_stream_writev(async_stream *stream, const struct iovec *parts, int count)
{
	struct async_task *self = task_self("await_stream_writev");
	int error = stream_check(stream, self);
	size_t size;

	if (error)
		return error;
	if (count < 0 || count > PARTS_MAX)
		return async_fail(-EINVAL,
				  "await_stream_writev: %d parts; from 0 to %d are possible"
				  " (IOV_MAX)",
				  count, PARTS_MAX);
	if (is_refused(stream))
		return refused(stream);
	size = size_of(parts, count);
	return size ? write_parts(stream, self, parts, count, size) : 0;
}

static ssize_t append(struct async_stream *stream, const void *data, size_t size)
{
	int error;

	if (!stream)
		return -EINVAL;
	if (is_refused(stream))
		return refused(stream);
	if (stream->output.chunks.bytes > stream->output.high)
		return async_fail(-EAGAIN,
				  "%zu bytes are buffered, more than %zu (stream option"
				  " `write_high`); await_stream_drain",
				  stream->output.chunks.bytes, stream->output.high);
	stream->output.used = true;
	error = chunks_append(stream->loop, &stream->output.chunks, data, size);
	return error ? error : (ssize_t)size;
}

ssize_t async_stream_buffer(async_stream *stream, const void *data, size_t size)
{
	ssize_t n = append(stream, data, size);
	int error;

	if (n <= 0 || stream->output.writer)
		return n; /* whoever writes now sees to the rest */
	error = output_kick_soon(stream);
	if (!error)
		return n;
	chunks_undo(stream->loop, &stream->output.chunks, size);
	return error;
}

ssize_t async_stream_try_write(async_stream *stream, const void *data, size_t size)
{
	ssize_t n = async_stream_buffer(stream, data, size);

	if (n > 0)
		output_kick(stream);
	return n;
}

static int wait_for_output(struct async_stream *stream, struct async_waiters_ *queue,
			   const struct wait_kind *kind)
{
	int64_t error;

	stream_enter(stream);
	error = wait_or_cancel(queue, kind, stream);
	return stream_leave(stream) ? -EBADF : (int)error;
}

/* See to it that what is buffered goes. 0, or why nobody need wait for it. */
static int push(struct async_stream *stream, const char *caller)
{
	struct async_task *self = task_self(caller);
	int error = stream_check(stream, self);

	if (error)
		return error;
	if (!stream->closed && !stream->output.error)
		output_kick(stream);
	if (stream->closed || stream->output.error)
		return refused(stream);
	/* No memory for a sender: nobody would end the wait. */
	return stream->output.chunks.bytes && !output_is_busy(stream) ? -ENOMEM : 0;
}

int await_stream_drain(async_stream *stream)
{
	int error = push(stream, "await_stream_drain");

	if (error || stream->output.chunks.bytes <= stream->output.high)
		return error;
	return wait_for_output(stream, &stream->output.drainers, &drain_kind);
}

int await_stream_flush(async_stream *stream)
{
	int error = push(stream, "await_stream_flush");

	if (!error && (stream->output.chunks.bytes || stream->output.writer))
		error = wait_for_output(stream, &stream->output.flushers, &flush_kind);
	return error || !stream->layer ? error : layer_flush(stream);
}

int await_stream_end(async_stream *stream)
{
	int error = await_stream_flush(stream);

	if (error)
		return stream && stream->output.ended ? 0 : error;
	if (stream->output.ended)
		return 0;
	error = stream->transport->end(stream);
	if (!error)
		stream->output.ended = true;
	return error;
}

size_t async_stream_buffered(const async_stream *stream)
{
	if (!stream)
		return 0;
	return stream->output.chunks.bytes +
	       (stream->layer ? async_stream_buffered(&stream->layer->inner) : 0);
}

int async_stream_set_marks(async_stream *stream, size_t high, size_t low)
{
	struct output *output;

	if (!stream)
		return -EINVAL;
	output = &stream->output;
	low = low ? low : high / 4;
	if (low > high)
		return async_fail(-EINVAL,
				  "async_stream_set_marks: the low mark %zu lies above the high"
				  " mark %zu",
				  low, high);
	output->high = high;
	output->low = low;
	if (output->drainers.first && output->chunks.bytes <= low)
		wait_wake_all(&output->drainers, 0);
	return 0;
}
