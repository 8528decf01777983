/* SPDX-License-Identifier: MIT */
/* Two streams made one, as a proxy does: what comes from either goes to the other. */
#ifndef TESTS_CLIENT_JOINING_H
#define TESTS_CLIENT_JOINING_H

#include <await.h>

struct pipe {
	async_stream *from, *to;
};

static inline int pour(void *arg)
{
	struct pipe *pipe = arg;

	await_stream_copy(pipe->to, pipe->from);
	await_stream_end(pipe->to);
	return 0;
}

/* Until both have ended; the second is closed then. */
static inline void join(async_stream *a, async_stream *b)
{
	struct pipe there = { a, b }, back = { b, a };

	{
		AWAIT_GROUP(both, ASYNC_ISOLATED);
		async_spawn(&both, pour, &there);
		async_spawn(&both, pour, &back);
	}
	async_stream_abort(b);
}

#endif
