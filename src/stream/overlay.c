/* SPDX-License-Identifier: MIT */
/* Layers are put on streams, asked, and freed with them. */
#include <errno.h>
#include <stdlib.h>
#include "stream/layer.h"

/* What stands on the transport moves: from here on nobody knows it by its old address. */
static void move_down(struct async_stream *stream, struct async_layer *layer)
{
	struct async_stream *inner = &layer->inner;
	const struct output *output = &inner->output;

	output_release(stream);
	*inner = *stream;
	inner->pinned = true;
	inner->skipping = false;
	inner->reader = NULL;
	inner->users = 0;
	inner->user = NULL;
	inner->peer = inner->name = NULL;
	inner->peer_address = NULL;
	inner->streams = NULL;
	if (inner->memory)
		memory_moved(inner);
	stream->memory = NULL;
	stream->input = (struct input){ .data = NULL };
	stream->output = (struct output){ .high = output->high, .low = output->low };
	stream->eof = stream->skipping = false;
	stream->code_read = OP_READ;
	stream->code_write = OP_WRITE;
	stream->layer = layer;
	stream->transport = &transport_layer;
}

static int busy(const async_layer_kind *kind)
{
	return async_fail(-EBUSY, "%s: another task uses the stream", kind->name);
}

static int refuse(const struct async_stream *stream, const async_layer_kind *kind)
{
	if (stream->closed)
		return -EBADF;
	if (stream->users || stream->reader || output_is_busy(stream) ||
	    stream->output.chunks.bytes)
		return busy(kind);
	if (stream->output.ended)
		return async_fail(-EPIPE, "%s: the stream was ended before", kind->name);
	return stream->output.error || stream->input_error ?
		       async_fail(stream->output.error ? stream->output.error : stream->input_error,
				  "%s: the stream has failed", kind->name) :
		       0;
}

int await_layer_open(async_stream *stream, const async_layer_kind *kind, void *codec,
		     async_layer **opened)
{
	struct async_task *self = task_self("await_layer_open");
	struct async_layer *layer;
	int error = stream_check(stream, self);

	if (!error && stream->reader)
		error = busy(kind);
	if (!error)
		error = await_stream_flush(stream);
	if (!error)
		error = refuse(stream, kind);
	if (error)
		return error;
	layer = calloc(1, sizeof *layer);
	if (!layer)
		return async_fail(-ENOMEM, "%s: no memory for a layer", kind->name);
	layer->kind = kind;
	layer->codec = codec;
	move_down(stream, layer);
	stream_enter(stream);
	stream->reader = stream->output.writer = self;
	*opened = layer;
	return 0;
}

int async_layer_ready(async_stream *stream, int error)
{
	if (stream->closed)
		return stream_leave(stream);
	stream->reader = stream->output.writer = NULL;
	stream->layer->ready = !error;
	if (error) {
		stream->input_error = error;
		output_fail(stream, error);
		output_kick(&stream->layer->inner);
	}
	output_next(stream);
	return stream_leave(stream) ? -EBADF : error;
}

int await_layer_push(async_stream *stream)
{
	int error = task_self("await_layer_push")->cancel_error;

	return error ? error : layer_push(stream);
}

ssize_t await_layer_fill(async_stream *stream)
{
	int error = task_self("await_layer_fill")->cancel_error;

	return error ? error : layer_fill(stream);
}

bool layer_is_idle(const struct async_stream *stream)
{
	const struct async_layer *layer = stream->layer;

	return !layer->left && layer->kind->is_idle(layer->codec) && stream_is_idle(&layer->inner);
}

const char *layer_fact(struct async_stream *stream, const char *name)
{
	struct async_layer *layer = stream->layer;
	const char *text = layer->kind->fact ? layer->kind->fact(layer->codec, name) : NULL;

	/* Of several layers of a kind, the topmost one answers. */
	return text || !layer->inner.layer ? text : layer_fact(&layer->inner, name);
}

void layer_free(struct async_stream *stream)
{
	struct async_layer *layer = stream->layer;

	stream->layer = NULL;
	stream_free(&layer->inner);
	layer->kind->free(layer->codec);
	free(layer);
}
