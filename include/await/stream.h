/* SPDX-License-Identifier: MIT */
/*
 * Streams: buffered bytes in both directions over a socket, a pipe or memory; the same calls for
 * all of them. A stream reads from its source only when a task asks it to, so a slow reader stops
 * its peer and never grows. While it waits with nothing to read it holds no buffer.
 *
 * One task reads at a time (a second is refused with -EBUSY); any number may write: what one call
 * writes stays together. A stream belongs to the loop that made it. A call given NULL returns
 * -EINVAL and leaves the text of the failed open in place.
 */
#ifndef AWAIT_STREAM_H
#define AWAIT_STREAM_H

#include <sys/uio.h>
#include <await/base.h>

ASYNC_BEGIN_DECLS

typedef struct async_stream async_stream;

/* Zero-filled is the default; every field may also be left out. */
typedef struct async_stream_options {
	size_t limit;	      /* bytes of a line, or before a separator; 0: 65536 */
	size_t write_high;    /* bytes of output buffered before writers wait; 0: 65536 */
	size_t write_low;     /* ... until no more than this is left; 0: write_high / 4 */
	double close_seconds; /* what await_stream_close gives buffered output; 0: 30 */
} async_stream_options;

/* Connect: "HOST:PORT", "[IPv6]:PORT", "unix:PATH"; a name's addresses are raced, as
 * await_connect_to does. NULL: async_error() and async_error_code(). Options may be NULL. */
struct async_connect_options; /* <await/connect.h> */
ASYNC_API async_stream *await_connect_stream(const char *address);
ASYNC_API async_stream *await_connect_stream_with(const char *address,
						  const struct async_connect_options *connect,
						  const async_stream_options *options);
/*
 * A stream over a descriptor that is open already: a connected stream socket, a pipe or FIFO, a
 * character device, or a regular file (standard input may be one; its calls take as long as the
 * disk). The stream owns it from now on, and makes it non-blocking. With the first that is no
 * socket the process ignores SIGPIPE, unless it handles it: writing to a pipe that nobody reads is
 * an error. NULL: -EINVAL for what cannot be a stream, -EBADF, -ENOMEM; then it stays the caller's.
 * options may be NULL here and below.
 */
ASYNC_API async_stream *async_stream_open(int fd, const async_stream_options *options);
/* Two streams joined in memory: what is written to one is read from the other. 0 or -ENOMEM. */
ASYNC_API int async_stream_pair(async_stream *ends[2], const async_stream_options *options);

/* Write out what is buffered (for at most close_seconds), close, free. Tasks still waiting on the
 * stream wake with -EBADF. 0, or what the output was lost to; the stream is gone in any case. */
ASYNC_API int await_stream_close(async_stream *stream);
/* Close and free at once: output that is buffered is lost, a socket's peer sees a reset. */
ASYNC_API void async_stream_abort(async_stream *stream);
/* The same, but as close(2) does it: a peer that has nothing on its way to us sees an end. For
 * connections that nobody talks on. NULL is allowed for both. */
ASYNC_API void async_stream_drop(async_stream *stream);

/* ---- Reading. 0 is the end of the stream. A cancelled call has taken nothing. ---- */

/* At least 1 byte, at most `size`, into the caller's memory. */
ASYNC_API ssize_t await_stream_read(async_stream *stream, void *data, size_t size);
/* Exactly `size` bytes, or 0 when the stream ended before the first. Ended in between: -ENODATA;
 * async_stream_partial() bytes of `data` are valid. Not bounded by the limit. */
ASYNC_API ssize_t await_stream_readexactly(async_stream *stream, void *data, size_t size);
/* All there is until the end, in memory from malloc with a zero byte behind it. More than `most`
 * bytes: -EMSGSIZE; what was read so far stays to be read. */
ASYNC_API ssize_t await_stream_readall(async_stream *stream, char **data, size_t most);

/*
 * The calls below return a slice of the stream's own buffer without copying; it is valid until the
 * stream's next read and is not zero-terminated.
 *
 *	while ((n = await_stream_readline(stream, &line)) > 0)
 *		use(line, n);
 */

/* What has arrived: at least 1 byte. */
ASYNC_API ssize_t await_stream_chunk(async_stream *stream, const char **data);
/* A line with its newline; the last one of a stream may lack it. Longer than the limit: -EMSGSIZE,
 * and that line is passed over, so that reading can go on. */
ASYNC_API ssize_t await_stream_readline(async_stream *stream, const char **line);
/* Up to and including a separator (a C string), or the one of several that ends first. Over the
 * limit, the separator not counted: -EMSGSIZE, the data stay. Ended first: -ENODATA, and *data has
 * the async_stream_partial() bytes that came. */
ASYNC_API ssize_t await_stream_readuntil(async_stream *stream, const char *separator,
					 const char **data);
ASYNC_API ssize_t await_stream_readuntil_any(async_stream *stream, const struct iovec *separators,
					     int count, const char **data);
/* For parsers: wait until at least `least` bytes are there and look at all of them; fewer only
 * before the end. Takes nothing: async_stream_consume does. More than the limit: -EMSGSIZE. */
ASYNC_API ssize_t await_stream_peek(async_stream *stream, size_t least, const char **data);
/* Take `size` bytes that were seen by await_stream_peek. -EINVAL for more than that. */
ASYNC_API int async_stream_consume(async_stream *stream, size_t size);

/* How many bytes the last call that failed with -ENODATA left with its caller. */
ASYNC_API size_t async_stream_partial(const async_stream *stream);
/* True once the end was seen and everything before it has been read. */
ASYNC_API bool async_stream_at_eof(const async_stream *stream);
/* Bytes that can be read without waiting, as far as the stream knows. */
ASYNC_API size_t async_stream_readable(const async_stream *stream);

/* ---- Writing ---- */

/*
 * Write all of it, after what is buffered: returns `size` once the kernel has taken every byte, and
 * waits as long as it will not. Cancelled before the first byte went: nothing was taken. Later: the
 * rest is kept in the buffer and sent in the background, so that a message is never cut, and the
 * call succeeds; the cancel shows at the next await_. -EPIPE, -ECONNRESET: the peer is gone.
 */
ASYNC_API ssize_t await_stream_write(async_stream *stream, const void *data, size_t size);
ASYNC_API ssize_t await_stream_writev(async_stream *stream, const struct iovec *parts, int count);
/*
 * Put it into the buffer and return `size`; never waits. It is sent in the background from the
 * loop's next turn on, or along with the next await_stream_write. -EAGAIN while more than the
 * high mark is buffered: nothing was taken, await_stream_drain first. async_stream_try_write begins
 * to send at once.
 */
ASYNC_API ssize_t async_stream_buffer(async_stream *stream, const void *data, size_t size);
ASYNC_API ssize_t async_stream_try_write(async_stream *stream, const void *data, size_t size);
/* Wait while more than the high mark is buffered, until no more than the low mark is. Any number of
 * tasks. This does not mean that anything was sent: await_stream_flush. */
ASYNC_API int await_stream_drain(async_stream *stream);
/* Wait until the kernel has taken all that was written before. */
ASYNC_API int await_stream_flush(async_stream *stream);
ASYNC_API size_t async_stream_buffered(const async_stream *stream);
/* Change the marks, as in the options; 0 for low: a quarter of high. -EINVAL: low above high. */
ASYNC_API int async_stream_set_marks(async_stream *stream, size_t high, size_t low);

/* Flush, then tell the peer that no more will come (shutdown(2), or closing the pipe); reading goes
 * on. -EOPNOTSUPP where only one direction cannot be ended. Idempotent. */
ASYNC_API int await_stream_end(async_stream *stream);

/* Send `count` bytes of a file (0: to its end) from *offset (NULL: the file's own position), as
 * await_sendfile; other writers wait meanwhile. */
ASYNC_API ssize_t await_stream_sendfile(async_stream *stream, int file, off_t *offset,
					size_t count);
/* Write everything that `from` still has, until it ends; returns how many bytes. The data are not
 * copied on the way: they go out of the buffer they came into. */
ASYNC_API ssize_t await_stream_copy(async_stream *to, async_stream *from);

/* ---- Facts ---- */

/* The peer's address and the own one: "127.0.0.1:50312", "unix:/run/x.sock"; "" where there is
 * none. Valid as long as the stream. */
ASYNC_API const char *async_stream_peer(async_stream *stream);
ASYNC_API const char *async_stream_name(async_stream *stream);
/* The descriptor, to set options on; the stream goes on to read, write and close it. -1: memory. */
ASYNC_API int async_stream_descriptor(const async_stream *stream);
/* A fact by name: "transport" ("socket", "pipe", "memory", "tls"), "peername", "sockname"; TLS adds
 * its own (<await/tls.h>). NULL for what is not known. */
ASYNC_API const char *async_stream_fact(async_stream *stream, const char *name);
/* True once the server that the stream belongs to closes: a handler that finds this ends its work. */
ASYNC_API bool async_stream_is_ending(const async_stream *stream);
/* A pointer of the user's, NULL at first. */
ASYNC_API void *async_stream_user(const async_stream *stream);
ASYNC_API void async_stream_set_user(async_stream *stream, void *user);
ASYNC_API void async_stream_set_limit(async_stream *stream, size_t limit);

/* ---- Feeding a stream by hand: a reader without a source, for tests and protocols ---- */

ASYNC_API async_stream *async_stream_memory(const async_stream_options *options);
/* Of a stream from async_stream_memory: append data (unbounded), end it, or make it fail once what
 * was fed has been read. -EINVAL on others, -EPIPE after the end. */
ASYNC_API int async_stream_feed(async_stream *stream, const void *data, size_t size);
ASYNC_API int async_stream_feed_eof(async_stream *stream);
ASYNC_API int async_stream_feed_error(async_stream *stream, int error);

ASYNC_END_DECLS

#endif
