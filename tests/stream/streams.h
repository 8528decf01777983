/* SPDX-License-Identifier: MIT */
/* Two joined ends of every kind of stream, for tests: what is written to the first is read from the
 * second. */
#ifndef TESTS_STREAM_STREAMS_H
#define TESTS_STREAM_STREAMS_H

#include <string.h>
#include <unistd.h>
#include <await.h>
#include "harness.h"
#include "stream/stream.h"

enum stream_kind { STREAM_TCP, STREAM_UNIX, STREAM_PIPE, STREAM_MEMORY, STREAM_KINDS };

static inline bool tcp_ends(int fds[2])
{
	int listener = await_tcp_listen("127.0.0.1:0");

	fds[0] = await_tcp_connect(async_sockname(listener));
	fds[1] = await_accept(listener);
	async_close(listener);
	return fds[0] >= 0 && fds[1] >= 0;
}

/* False where the backend has none of that kind. */
static inline bool stream_ends(enum stream_kind kind, async_stream *ends[2],
			       const async_stream_options *options)
{
	int fds[2];

	switch (kind) {
	case STREAM_TCP:
		CHECK(tcp_ends(fds));
		break;
	case STREAM_UNIX:
		CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		break;
	case STREAM_PIPE:
		CHECK_INT(pipe(fds), 0);
		ends[0] = async_stream_open(fds[1], options);
		ends[1] = async_stream_open(fds[0], options);
		return true;
	default:
		CHECK_INT(async_stream_pair(ends, options), 0);
		return true;
	}
	ends[0] = async_stream_open(fds[0], options);
	ends[1] = async_stream_open(fds[1], options);
	CHECK(ends[0] && ends[1]);
	return true;
}

/* The handler of most servers here. */
static inline int echo_lines(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, (size_t)n);
	return (int)n;
}

/* Bytes of memory that a stream holds for its input and output. */
static inline size_t stream_memory_held(const async_stream *stream)
{
	return (stream->input.data ? stream->input.room : 0) +
	       (stream->output.chunks.first ? LENT_BYTES : 0);
}

#endif
