/* SPDX-License-Identifier: MIT */
/* How streams with layers end: last words, the peer's, and what happens when there is no time. */
#include <errno.h>
#include "stream/layer.h"

static void put_last_words(struct async_layer *layer)
{
	if (!layer->ready || layer->parted)
		return;
	layer->parted = true;
	layer->kind->part(layer->codec);
}

/* The last words, and nothing behind them: below, this direction ends too, where it can. */
int layer_end(struct async_stream *stream)
{
	int error;

	stream_enter(stream);
	put_last_words(stream->layer);
	error = layer_push(stream);
	if (!error && !stream->closed) {
		error = await_stream_end(&stream->layer->inner);
		if (error == -EOPNOTSUPP || error == -ENOTCONN)
			error = 0;
	}
	return stream_leave(stream) ? -EBADF : error;
}

/* Until the peer's end, whatever it still sends; or until a server that closes has no more time for
 * it, as the stream is idle. */
static ssize_t wait_for_peer(struct async_stream *stream)
{
	bool idle = !stream->draining;
	size_t begin;
	ssize_t n;
	char *data;

	stream->reader = stream->loop->running;
	do {
		stream->idle = idle;
		n = transport_layer.receive(stream, &data, &begin, true);
		if (n > 0)
			buffer_give(stream->loop, data);
	} while (n > 0 && !stream->closed);
	stream->idle = false;
	stream->reader = NULL;
	return n;
}

static double part_seconds(const struct async_stream *stream, const struct async_layer *layer)
{
	double seconds = layer->kind->part_seconds(layer->codec);

	if (seconds < 0)
		return stream->close_seconds; /* to be sent; nobody waits for an answer */
	return stream->draining && seconds > LINGER_SECONDS ? LINGER_SECONDS : seconds;
}

int layer_part(struct async_stream *stream)
{
	struct async_layer *layer = stream->layer;
	bool waits = layer->kind->part_seconds(layer->codec) >= 0;
	double seconds = part_seconds(stream, layer);
	struct async_task *self = stream->loop->running;
	ssize_t error = 0;

	if (!layer->ready || stream->input_error || stream->output.error)
		return 0;
	stream_enter(stream);
	async_timeout (seconds) {
		error = layer_end(stream);
		if (!error && waits && !stream->eof && !stream->reader)
			error = wait_for_peer(stream);
	}
	if (stream_leave(stream))
		return -EBADF;
	if (error == -ETIMEDOUT && !self->cancel_error)
		return async_fail(
			-ETIMEDOUT, "closing a stream: its peer did not end it within %g s (%s)",
			seconds,
			waits ? layer->kind->part_option : "stream option `close_seconds`");
	return error && error == self->cancel_error ? (int)error : 0;
}

/* Last words that nobody could wait for go as far as they go at once. */
void layer_close(struct async_stream *stream, bool abort)
{
	struct async_layer *layer = stream->layer;

	if (!abort)
		put_last_words(layer);
	if (!abort)
		output_kick(&layer->inner);
	layer->inner.above = NULL;
	stream->fd = -1;
	stream_close_now(&layer->inner, abort);
}
