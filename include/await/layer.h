/* SPDX-License-Identifier: MIT */
/*
 * Layers: a protocol between a stream and what it stands on, such as TLS or a compression. For
 * libraries that bring one; programs use the stream as before. Layers stack.
 *
 * A layer has two halves. The stream's half moves bytes, waits, buffers and keeps what a cancelled
 * call must not lose. The protocol's half, the codec, does no I/O: from inside its functions it
 * takes what has come from below (async_layer_take) and puts what is to be sent
 * (async_layer_put). It never suspends, so nobody else's code runs in the middle of one of its
 * calls; one task may read while another writes.
 */
#ifndef AWAIT_LAYER_H
#define AWAIT_LAYER_H

#include <await/stream.h>

ASYNC_BEGIN_DECLS

typedef struct async_layer async_layer;

/* What a protocol does. A constant; its address says whose layer it is. */
typedef struct async_layer_kind {
	const char *name; /* the stream's "transport" */
	/* Translate what has come into data[0..size): how many bytes; 0 at the end that the peer
	 * announced; -EAGAIN when there is not enough yet; else why the stream has failed. */
	ssize_t (*read)(void *codec, void *data, size_t size);
	/* Translate and put all of it. 0 or why it failed. */
	int (*write)(void *codec, const void *data, size_t size);
	/* What comes from below has ended. 0, or an error if the peer should have said goodbye. */
	int (*cut)(void *codec);
	/* Put the last words. Called once. */
	void (*part)(void *codec);
	/* For how many seconds a close waits for the peer's last words; less than 0: not at all.
	 * Over that, the error's text names `part_option`. */
	double (*part_seconds)(const void *codec);
	const char *part_option;
	/* False while it holds something that read() could translate without more input. */
	bool (*is_idle)(const void *codec);
	/* async_stream_fact(): NULL for what it does not know. */
	const char *(*fact)(void *codec, const char *name);
	void (*free)(void *codec);
	/* The size that write() likes best: smaller parts are joined to it. */
	size_t unit;
} async_layer_kind;

/*
 * Put a layer on the stream. What is written is flushed first; input that nobody has read yet goes
 * to the layer. From then on the codec is the stream's, which frees it, and the stream is the
 * calling task's, which may exchange first messages, until it calls async_layer_ready(). On
 * failure both are as they were: -EBUSY while another task uses the stream, -ENOMEM, or what a
 * flush returns.
 */
ASYNC_API int await_layer_open(async_stream *stream, const async_layer_kind *kind, void *codec,
			       async_layer **layer);
/*
 * For first messages. Send what was put: 0, or an error; cancelled, what is left goes in the
 * background. Wait for more input: how many bytes, 0 at the end, or an error. -EBADF: somebody
 * closed the stream; async_layer_ready is all that may be called.
 */
ASYNC_API int await_layer_push(async_stream *stream);
ASYNC_API ssize_t await_layer_fill(async_stream *stream);
/* The layer works (error 0), or has failed: then the stream is only good for closing. Returns the
 * error; -EBADF when somebody closed the stream, which may be gone. */
ASYNC_API int async_layer_ready(async_stream *stream, int error);

/* The codec of the stream's topmost layer if it is of this kind, else NULL. */
ASYNC_API void *async_layer_codec(const async_stream *stream, const async_layer_kind *kind);

/* For the codec. Take at most `size` bytes of input: how many, 0 when there are none now; touches
 * only memory, so a thread may do it for the task that waits for it. Look at the input without
 * taking it: how many bytes are at *data. Put bytes to be sent: 0 or -ENOMEM. */
ASYNC_API size_t async_layer_take(async_layer *layer, void *data, size_t size);
ASYNC_API size_t async_layer_peek(const async_layer *layer, const void **data);
ASYNC_API int async_layer_put(async_layer *layer, const void *data, size_t size);

ASYNC_END_DECLS

#endif
