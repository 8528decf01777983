/* SPDX-License-Identifier: MIT */
/*
 * Pipelined requests are answered in one system call: answers are put one behind the other while
 * more requests are there, and go with the last one. No handler notices: should the task wait for
 * anything meanwhile, the loop's next turn sends what there is.
 */
#include <stdlib.h>
#include <string.h>
#include "server/h1.h"

enum { GATHER_BYTES = 16 * 1024 };

void h1_gather_flush(struct http1 *h1)
{
	size_t size = h1->gathered_size;

	if (likely(!size))
		return;
	async_handle_cancel(&h1->soon);
	h1->gathered_size = 0;
	/* Too much for a slow peer: what follows waits until it has taken some. */
	if (async_stream_buffer(h1->stream, h1->gathered, size) < 0)
		h1->cut = true;
}

static void flush_soon(void *arg)
{
	h1_gather_flush(arg);
}

bool h1_gather(struct http1 *h1, const char *data, size_t size)
{
	if (size > GATHER_BYTES - h1->gathered_size)
		return false;
	if (unlikely(!h1->gathered)) {
		h1->gathered = malloc(GATHER_BYTES);
		if (!h1->gathered)
			return false;
	}
	if (!h1->gathered_size && async_call_soon(&h1->soon, flush_soon, h1))
		return false;
	memcpy(h1->gathered + h1->gathered_size, data, size);
	h1->gathered_size += size;
	return true;
}

void h1_gather_end(struct http1 *h1)
{
	if (likely(!h1->gathered))
		return;
	h1_gather_flush(h1);
	free(h1->gathered);
	h1->gathered = NULL;
}
