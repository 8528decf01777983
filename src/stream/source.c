/* SPDX-License-Identifier: MIT */
/* Sources: bytes in memory and streams as such, and streams that read from one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/source.h>
#include "stream/source.h"

enum { BYTES_PIECE = 65536 };

/* ---- Into sources ---- */

static ssize_t next_bytes(void *arg, const char **data)
{
	async_bytes_source *bytes = arg;
	size_t left = bytes->size - bytes->at, n = left < BYTES_PIECE ? left : BYTES_PIECE;

	*data = (const char *)bytes->data + bytes->at;
	bytes->at += n;
	return (ssize_t)n;
}

static int rewind_bytes(void *arg)
{
	((async_bytes_source *)arg)->at = 0;
	return 0;
}

async_source async_source_bytes(async_bytes_source *bytes, const void *data, size_t size)
{
	*bytes = (async_bytes_source){ .data = data, .size = size };
	return (async_source){ .await_next = next_bytes,
			       .await_rewind = rewind_bytes,
			       .arg = bytes,
			       .sized = true,
			       .size = size };
}

static ssize_t next_chunk(void *arg, const char **data)
{
	return await_stream_chunk(arg, data);
}

async_source async_source_of_stream(async_stream *stream)
{
	return (async_source){ .await_next = next_chunk, .arg = stream };
}

/* ---- Out of a source ---- */

/* What a stream of `transport_source` reads. */
struct source_end {
	async_source source;
	const char *data; /* of the last piece, not taken yet */
	size_t left;
};

static ssize_t source_read(struct async_stream *stream, void *data, size_t size)
{
	struct source_end *end = stream->source;

	if (stream->loop->running->cancel_error)
		return stream->loop->running->cancel_error;
	if (!end->left) {
		ssize_t n = end->source.await_next(end->source.arg, &end->data);

		if (n <= 0)
			return n;
		if (stream->closed)
			return -EBADF;
		end->left = (size_t)n;
	}
	if (size > end->left)
		size = end->left;
	memcpy(data, end->data, size);
	end->data += size;
	end->left -= size;
	return (ssize_t)size;
}

static ssize_t source_receive(struct async_stream *stream, char **data, size_t *begin, bool wait)
{
	ssize_t n;

	if (!wait && !stream->source->left)
		return -EAGAIN;
	*begin = 0;
	*data = buffer_take(stream->loop);
	n = *data ? source_read(stream, *data, LENT_BYTES) : -ENOMEM;
	if (n <= 0 && *data)
		buffer_give(stream->loop, *data);
	return n;
}

static int source_write(struct async_stream *stream, const struct iovec *parts, int count,
			size_t *done)
{
	(void)stream, (void)parts, (void)count, (void)done;
	return async_fail(-EOPNOTSUPP, "a stream of a source can only be read");
}

static int64_t source_send(struct async_stream *stream)
{
	return source_write(stream, NULL, 0, NULL);
}

static int source_end_writing(struct async_stream *stream)
{
	return source_write(stream, NULL, 0, NULL);
}

static void source_close(struct async_stream *stream, bool abort)
{
	(void)stream, (void)abort; /* what it reads from is somebody else's */
}

void source_free(struct async_stream *stream)
{
	free(stream->source);
	stream->source = NULL;
}

static const struct transport transport_source = {
	.name = "source",
	.receive = source_receive,
	.read = source_read,
	.write = source_write,
	.send = source_send,
	.end = source_end_writing,
	.close = source_close,
};

async_stream *async_stream_of_source(const async_source *source,
				     const async_stream_options *options)
{
	struct source_end *end = calloc(1, sizeof *end);
	struct async_stream *stream = end ? stream_new(&transport_source, options) : NULL;

	if (!stream) {
		if (!end)
			async_fail(-ENOMEM, "no memory for a stream");
		free(end);
		return NULL;
	}
	end->source = *source;
	stream->source = end;
	return stream;
}
