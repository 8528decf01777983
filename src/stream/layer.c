/* SPDX-License-Identifier: MIT */
/* Layers as transports: what a stream does while a codec translates. See layer.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stream/layer.h"

/* Translated at once, before any of it is sent: what fits one chunk with some room for what the
 * protocol adds, so that it goes with one system call. */
enum { BATCH_BYTES = 240 * 1024 };

size_t async_layer_peek(const async_layer *layer, const void **data)
{
	*data = layer->data;
	return layer->left;
}

size_t async_layer_take(async_layer *layer, void *data, size_t size)
{
	size_t n = layer->left < size ? layer->left : size;

	if (!n)
		return 0;
	memcpy(data, layer->data, n);
	layer->data += n;
	layer->left -= n;
	return n;
}

int async_layer_put(async_layer *layer, const void *data, size_t size)
{
	struct output *output = &layer->inner.output;

	if (layer->inner.closed || output->ended || output->error)
		return 0; /* nobody would get it; who sends learns that */
	output->used = true;
	return chunks_append(layer->inner.loop, &output->chunks, data, size);
}

void *async_layer_codec(const async_stream *stream, const async_layer_kind *kind)
{
	return stream && stream->layer && stream->layer->kind == kind ? stream->layer->codec : NULL;
}

/* Wait for input from below. Idle is the inner stream when its user is: then the end of a drained
 * one is no end of it. */
ssize_t layer_fill(struct async_stream *stream)
{
	struct async_layer *layer = stream->layer;
	struct async_stream *inner = &layer->inner;
	ssize_t n;

	inner->begun = !stream->idle;
	n = await_stream_chunk(inner, &layer->data);
	if (stream->closed)
		return -EBADF;
	inner->begun = false;
	if (n > 0)
		layer->left = (size_t)n;
	if (!n && inner->draining && stream->idle) {
		inner->eof = false;
		return -ESHUTDOWN;
	}
	return n;
}

/* The codec's read, and what follows from it: memory that was read goes back to the loop, and what
 * the codec had to say at once is sent in the background. */
static ssize_t translate(struct async_stream *stream, void *data, size_t size)
{
	struct async_layer *layer = stream->layer;
	ssize_t n = layer->kind->read(layer->codec, data, size);

	if (!layer->left)
		input_release(&layer->inner);
	output_kick(&layer->inner);
	return n;
}

static bool has_input(const struct async_layer *layer)
{
	return layer->left || !layer->kind->is_idle(layer->codec);
}

/* More from below, for a read that found nothing: -EAGAIN, or how the stream ends. */
static ssize_t next(struct async_stream *stream)
{
	ssize_t n = layer_fill(stream);

	if (n > 0)
		return -EAGAIN;
	return n ? n : stream->layer->kind->cut(stream->layer->codec);
}

static ssize_t layer_read(struct async_stream *stream, void *data, size_t size)
{
	ssize_t n = -EAGAIN;

	while (n == -EAGAIN) {
		if (has_input(stream->layer))
			n = translate(stream, data, size);
		if (n == -EAGAIN)
			n = next(stream);
	}
	return n;
}

/* A buffer is taken only once there is something to put into it, and a small one for little. What
 * the codec holds already may become any number of bytes. */
static char *take_buffer(struct async_loop *loop, const struct async_layer *layer)
{
	return layer->kind->is_idle(layer->codec) ? buffer_take_for(loop, layer->left) :
						    buffer_take(loop);
}

static ssize_t layer_receive(struct async_stream *stream, char **data, size_t *begin, bool wait)
{
	struct async_loop *loop = stream->loop;
	ssize_t n = -EAGAIN;

	(void)wait; /* the inner stream is drained too, and knows */
	*begin = 0;
	while (n == -EAGAIN) {
		if (has_input(stream->layer)) {
			*data = take_buffer(loop, stream->layer);
			n = *data ? translate(stream, *data, buffer_bytes(*data)) : -ENOMEM;
			if (n <= 0 && *data)
				buffer_give(loop, *data);
		}
		if (n == -EAGAIN)
			n = next(stream);
	}
	return n;
}

/* Send what was put, as the inner stream's writer. Cancelled, the rest goes in the background. */
int layer_push(struct async_stream *stream)
{
	struct async_stream *inner = &stream->layer->inner;
	struct async_task *self = stream->loop->running;
	int error = output_refused(inner);

	if (error || !inner->output.chunks.first)
		return error;
	stream_enter(inner);
	error = output_take_turn(inner, self);
	if (!error) {
		error = output_write_chunks(inner);
		if (!inner->closed) {
			inner->output.writer = NULL;
			if (error && error != self->cancel_error)
				output_fail(inner, error);
			output_next(inner);
		}
	}
	return stream_leave(inner) ? -EBADF : error;
}

/* What is to be translated next, of parts of any size. */
struct cursor {
	const struct iovec *parts;
	int count;
	size_t at;    /* in the first */
	size_t unit;  /* smaller parts are joined to it in: */
	char *buffer; /* a lent one, taken when it is needed */
};

static size_t cursor_copy(struct cursor *cursor)
{
	size_t filled = 0;

	while (cursor->count && filled < cursor->unit) {
		size_t left = cursor->parts->iov_len - cursor->at;
		size_t n = left < cursor->unit - filled ? left : cursor->unit - filled;

		if (n)
			memcpy(cursor->buffer + filled,
			       (const char *)cursor->parts->iov_base + cursor->at, n);
		filled += n;
		cursor->at += n;
		if (n < left)
			break;
		cursor->parts++;
		cursor->count--;
		cursor->at = 0;
	}
	return filled;
}

/* The next piece, of at most `most` bytes if it is longer than a unit: its size, 0 at the end, or
 * -ENOMEM. */
static ssize_t cursor_next(struct async_loop *loop, struct cursor *cursor, size_t most,
			   const char **data)
{
	size_t left, n;

	while (cursor->count && cursor->at == cursor->parts->iov_len) {
		cursor->parts++;
		cursor->count--;
		cursor->at = 0;
	}
	if (!cursor->count)
		return 0;
	left = cursor->parts->iov_len - cursor->at;
	if (left >= cursor->unit || cursor->count == 1) {
		n = left < most ? left : most;
		if (n > cursor->unit)
			n -= n < left ? n % cursor->unit : 0;
		*data = (const char *)cursor->parts->iov_base + cursor->at;
		cursor->at += n;
		return (ssize_t)n;
	}
	if (!cursor->buffer)
		cursor->buffer = buffer_take(loop);
	*data = cursor->buffer;
	return cursor->buffer ? (ssize_t)cursor_copy(cursor) : -ENOMEM;
}

/* What was translated counts as written: it is on its way, whatever happens to the writer. */
static int layer_write(struct async_stream *stream, const struct iovec *parts, int count,
		       size_t *done)
{
	struct async_layer *layer = stream->layer;
	struct cursor cursor = { .parts = parts, .count = count, .unit = layer->kind->unit };
	int error = stream->loop->running->cancel_error;

	while (!error) {
		size_t room = BATCH_BYTES;
		const char *data;
		ssize_t n = 1;

		while (!error && room && n > 0) {
			n = cursor_next(stream->loop, &cursor, room, &data);
			if (n > 0)
				error = layer->kind->write(layer->codec, data, (size_t)n);
			if (n < 0)
				error = (int)n;
			if (n <= 0 || error)
				break;
			*done += (size_t)n;
			room = room > (size_t)n ? room - (size_t)n : 0;
		}
		if (!error)
			error = layer_push(stream);
		else
			output_kick(&layer->inner); /* the codec's last words */
		if (!n || stream->closed)
			break;
	}
	if (cursor.buffer)
		buffer_give(stream->loop, cursor.buffer);
	return stream->closed ? -EBADF : error;
}

/* Without a task: as much as one batch, unless a lot waits below. */
static int64_t layer_send(struct async_stream *stream)
{
	struct async_layer *layer = stream->layer;
	struct async_stream *inner = &layer->inner;
	const struct chunk *chunk = stream->output.chunks.first;
	size_t size = chunk->end - chunk->begin;
	int error = inner->output.error;

	if (!error && inner->output.chunks.bytes > inner->output.high) {
		inner->above = stream;
		return OPERATION_STARTED;
	}
	if (size > BATCH_BYTES)
		size = BATCH_BYTES;
	if (!error)
		error = layer->kind->write(layer->codec, chunk->data + chunk->begin, size);
	if (error)
		return error;
	output_kick(inner);
	return (int64_t)size;
}

/* From inside the inner stream's sender: what this stream sends next must wait for a turn. */
void layer_has_room(struct async_stream *inner, int error)
{
	struct async_stream *stream = inner->above;

	inner->above = NULL;
	stream->output.writer = NULL;
	if (error)
		output_fail(stream, error);
	else if (stream->output.writers.first)
		output_next(stream);
	else
		output_kick_soon(stream); /* its sender is there: this cannot fail */
}

int layer_flush(struct async_stream *stream)
{
	int error;

	stream_enter(stream);
	error = await_stream_flush(&stream->layer->inner);
	return stream_leave(stream) ? -EBADF : error;
}

static int layer_address(struct async_stream *stream, bool peer, struct sockaddr *address,
			 socklen_t *length)
{
	struct async_stream *inner = &stream->layer->inner;

	return inner->transport->address ? inner->transport->address(inner, peer, address, length) :
					   -EOPNOTSUPP;
}

const struct transport transport_layer = {
	.name = "layer",
	.receive = layer_receive,
	.read = layer_read,
	.write = layer_write,
	.send = layer_send,
	.end = layer_end,
	.close = layer_close,
	.address = layer_address,
};
