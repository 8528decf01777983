/* SPDX-License-Identifier: MIT */
/*
 * Sources: bytes that are made while they are needed, piece by piece, such as the body of an
 * upload. A file, a stream, the body of a request or an answer can be one, or a function:
 *
 *	static ssize_t await_count(void *arg, const char **data)
 *	{
 *		struct counter *counter = arg;
 *
 *		if (counter->n == 1000)
 *			return 0;
 *		*data = counter->text;
 *		return sprintf(counter->text, "%d\n", counter->n++);
 *	}
 *
 *	async_source source = { .await_next = await_count, .arg = &counter };
 */
#ifndef AWAIT_SOURCE_H
#define AWAIT_SOURCE_H

#include <await/stream.h>

ASYNC_BEGIN_DECLS

/* The functions may wait; a cancel ends their waiting as anybody's. Whoever hands a source on keeps
 * what it points to for as long as it is used. */
typedef struct async_source {
	/* The next piece, valid until the next call: its size, 0 at the end, or why there is none. */
	ssize_t (*await_next)(void *arg, const char **data);
	/* Begin anew: 0, or why that cannot be. NULL: it can be read once only. */
	int (*await_rewind)(void *arg);
	void *arg;
	bool sized; /* there will be exactly `size` bytes; else that is not known beforehand */
	uint64_t size;
} async_source;

/* Bytes in memory, which stay the caller's: read in pieces of 64 KiB. */
typedef struct async_bytes_source {
	const void *data;
	size_t size, at;
} async_bytes_source;
ASYNC_API async_source async_source_bytes(async_bytes_source *bytes, const void *data, size_t size);

/* What a stream still has. Once only. */
ASYNC_API async_source async_source_of_stream(async_stream *stream);

/* A file, from `offset` on for `size` bytes, by await_pread; the descriptor stays the caller's.
 * A file that turns out shorter is -ENODATA. */
enum { ASYNC_FILE_SOURCE_BYTES = 65536 };
typedef struct async_file_source {
	int fd;
	off_t offset;
	uint64_t size, at;
	char *room; /* ASYNC_FILE_SOURCE_BYTES, from malloc at the first piece */
} async_file_source;
ASYNC_API async_source async_source_file(async_file_source *file, int fd, off_t offset,
					 uint64_t size);
ASYNC_API void async_file_source_end(async_file_source *file);

/*
 * A stream that reads a source: by line, exactly so many bytes, up to a separator. It cannot be
 * written (-EOPNOTSUPP). The source is copied, what it points to must outlive the stream, which is
 * the caller's: await_stream_close. Options may be NULL. NULL: -ENOMEM.
 */
ASYNC_API async_stream *async_stream_of_source(const async_source *source,
					       const async_stream_options *options);

ASYNC_END_DECLS

#endif
