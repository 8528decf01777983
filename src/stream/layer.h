/* SPDX-License-Identifier: MIT */
/*
 * The stream's half of a layer. When one is put on a stream, all that the stream was moves into an
 * inner stream inside the layer's record, and the stream begins anew on top of it; its users keep
 * their pointer. Hence layers stack, and what was buffered is where it belongs.
 *
 * What the codec puts goes to the end of the inner stream's chunks and nowhere else: so its order
 * on the wire is the order in which it was made, whoever made it, and whoever was cancelled.
 */
#ifndef STREAM_LAYER_H
#define STREAM_LAYER_H

#include <await/layer.h>
#include "stream/stream.h"

struct async_layer {
	struct async_stream inner;
	const async_layer_kind *kind;
	void *codec;
	const char *data; /* what has come, in the inner stream's memory: */
	size_t left;	  /* so much the codec has not taken */
	bool ready;
	bool parted; /* the last words were put */
};

/* Wait for input from below: how much, 0 at its end, or an error. */
ssize_t layer_fill(struct async_stream *stream);
/* Send what was put. */
int layer_push(struct async_stream *stream);
/* await_stream_flush for what lies below. */
int layer_flush(struct async_stream *stream);
/* The inner stream has room again, or has failed: its layer's sender goes on. */
void layer_has_room(struct async_stream *inner, int error);
/* part.c: the transport's end and close. */
int layer_end(struct async_stream *stream);
void layer_close(struct async_stream *stream, bool abort);
/* On the way to closing: say goodbye and wait for the peer's. 0, a cancel, -ETIMEDOUT, or -EBADF:
 * closed meanwhile. */
int layer_part(struct async_stream *stream);
/* Nothing is under way, below included. */
bool layer_is_idle(const struct async_stream *stream);
const char *layer_fact(struct async_stream *stream, const char *name);
void layer_free(struct async_stream *stream);

extern const struct transport transport_layer;

#endif
