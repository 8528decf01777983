/* SPDX-License-Identifier: MIT */
/* Streams in memory: two joined ones, or one that is fed by hand. What is written to one end lies
 * with the other until it is read; a writer waits above the reader's marks. */
#include <errno.h>
#include <stdlib.h>
#include "stream/stream.h"

struct memory_end {
	struct async_stream *peer;		/* NULL: none, or closed */
	struct chunks chunks;			/* arrived, not yet read */
	bool fed;				/* by hand: there never was a peer */
	bool eof;				/* no more will come */
	bool sender_waits;			/* this end's sender, until the peer has room */
	int error;				/* what comes behind the chunks */
	struct async_waiters_ readers, writers; /* of this end; writers: until the peer has room */
};

static const struct wait_kind read_kind = { "data in memory", wait_cancel, NULL };
static const struct wait_kind write_kind = { "room in memory", wait_cancel, NULL };

static bool is_full(const struct async_stream *target)
{
	return target->memory->chunks.bytes > target->output.high;
}

/* The peer has read: who waits to write to it goes on. */
static void has_room(struct async_stream *writer)
{
	struct memory_end *end = writer->memory;

	wait_wake_all(&end->writers, 0);
	if (end->sender_waits) {
		end->sender_waits = false;
		stream_sent(writer, transport_memory.send(writer));
	}
}

static ssize_t receive(struct async_stream *stream, char **data, size_t *begin, bool wait)
{
	struct memory_end *end = stream->memory;
	struct async_task *self = stream->loop->running;
	struct chunk *chunk;

	if (self->cancel_error)
		return self->cancel_error;
	while (!end->chunks.first) {
		int64_t error;

		if (end->error)
			return async_fail(end->error, "the stream was made to fail");
		if (end->eof)
			return 0;
		if (!wait)
			return -EAGAIN;
		error = wait_or_cancel(&end->readers, &read_kind, stream);
		if (error)
			return error;
	}
	chunk = chunks_pop(&end->chunks);
	*data = (char *)chunk;
	*begin = offsetof(struct chunk, data) + chunk->begin;
	if (end->peer && end->chunks.bytes <= stream->output.low)
		has_room(end->peer);
	return (ssize_t)(chunk->end - chunk->begin);
}

static int deliver(struct async_stream *target, const char *data, size_t size)
{
	int error = chunks_append(target->loop, &target->memory->chunks, data, size);

	if (!error)
		wait_wake_all(&target->memory->readers, 0);
	return error;
}

static int gone(const struct memory_end *end)
{
	return async_fail(-EPIPE, end->fed ? "a stream that is fed by hand cannot be written" :
					     "the other end of the stream was closed");
}

static int memory_write(struct async_stream *stream, const struct iovec *parts, int count,
			size_t *done)
{
	struct memory_end *end = stream->memory;

	for (int i = 0; i < count; i++) {
		int64_t error = stream->loop->running->cancel_error;

		while (!error && end->peer && is_full(end->peer)) {
			error = wait_or_cancel(&end->writers, &write_kind, stream);
			if (stream->closed)
				return -EBADF;
		}
		if (error)
			return (int)error;
		if (!end->peer)
			return gone(end);
		error = deliver(end->peer, parts[i].iov_base, parts[i].iov_len);
		if (error)
			return (int)error;
		*done += parts[i].iov_len;
	}
	return 0;
}

static int64_t memory_send(struct async_stream *stream)
{
	struct memory_end *end = stream->memory;
	const struct chunk *chunk = stream->output.chunks.first;
	size_t size = chunk->end - chunk->begin;
	int error;

	if (!end->peer)
		return gone(end);
	if (is_full(end->peer)) {
		end->sender_waits = true;
		return OPERATION_STARTED;
	}
	error = deliver(end->peer, chunk->data + chunk->begin, size);
	return error ? error : (int64_t)size;
}

static void ended(struct async_stream *stream)
{
	stream->memory->eof = true;
	wait_wake_all(&stream->memory->readers, 0);
}

static int memory_end(struct async_stream *stream)
{
	if (stream->memory->peer)
		ended(stream->memory->peer);
	return 0;
}

static void memory_close(struct async_stream *stream, bool abort)
{
	struct memory_end *end = stream->memory;
	struct async_stream *peer = end->peer;

	wait_wake_all(&end->readers, -EBADF);
	wait_wake_all(&end->writers, -EBADF);
	if (!peer)
		return;
	end->peer = peer->memory->peer = NULL;
	if (abort && !peer->memory->eof)
		peer->memory->error = -ECONNRESET;
	ended(peer);
	has_room(peer);
}

void memory_moved(struct async_stream *stream)
{
	if (stream->memory->peer)
		stream->memory->peer->memory->peer = stream;
}

void memory_free(struct async_stream *stream)
{
	chunks_free(stream->loop, &stream->memory->chunks);
	free(stream->memory);
	stream->memory = NULL;
}

const struct transport transport_memory = {
	.name = "memory",
	.receive = receive,
	.write = memory_write,
	.send = memory_send,
	.end = memory_end,
	.close = memory_close,
};

static struct async_stream *memory_new(const async_stream_options *options)
{
	struct memory_end *end = calloc(1, sizeof *end);
	struct async_stream *stream = end ? stream_new(&transport_memory, options) : NULL;

	if (!stream) {
		if (!end)
			async_fail(-ENOMEM, "no memory for a stream in memory");
		free(end);
		return NULL;
	}
	stream->memory = end;
	return stream;
}

int async_stream_pair(async_stream *ends[2], const async_stream_options *options)
{
	ends[0] = memory_new(options);
	ends[1] = ends[0] ? memory_new(options) : NULL;
	if (!ends[1]) {
		async_stream_abort(ends[0]);
		ends[0] = NULL;
		return -ENOMEM;
	}
	ends[0]->memory->peer = ends[1];
	ends[1]->memory->peer = ends[0];
	return 0;
}

async_stream *async_stream_memory(const async_stream_options *options)
{
	struct async_stream *stream = memory_new(options);

	if (stream)
		stream->memory->fed = true;
	return stream;
}

static int check_fed(const struct async_stream *stream, const char *caller)
{
	if (!stream || stream->closed)
		return -EINVAL;
	if (!stream->memory || !stream->memory->fed)
		return async_fail(-EINVAL, "%s: the stream is not one of async_stream_memory",
				  caller);
	if (stream->memory->eof || stream->memory->error)
		return async_fail(-EPIPE, "%s: the stream was ended before", caller);
	return 0;
}

int async_stream_feed(async_stream *stream, const void *data, size_t size)
{
	int error = check_fed(stream, "async_stream_feed");

	return error ? error : deliver(stream, data, size);
}

int async_stream_feed_eof(async_stream *stream)
{
	int error = check_fed(stream, "async_stream_feed_eof");

	if (!error)
		ended(stream);
	return error;
}

int async_stream_feed_error(async_stream *stream, int failure)
{
	int error = check_fed(stream, "async_stream_feed_error");

	if (error)
		return error;
	if (failure >= 0)
		return async_fail(-EINVAL,
				  "async_stream_feed_error: %d is no failure: a negative errno is",
				  failure);
	stream->memory->error = failure;
	wait_wake_all(&stream->memory->readers, 0);
	return 0;
}
