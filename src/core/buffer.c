/* SPDX-License-Identifier: MIT */
/* The loop's buffers: see buffer.h. */
#include <stdlib.h>
#include "core/loop.h"

struct lent_buffer {
	struct lent_buffer *next;
};

char *buffer_take(struct async_loop *loop)
{
	struct lent_buffer *buffer = loop->buffers.unused;

	if (unlikely(!buffer))
		return aligned_alloc(4096, LENT_BYTES);
	loop->buffers.unused = buffer->next;
	loop->buffers.count--;
	return (char *)buffer;
}

void buffer_give(struct async_loop *loop, char *data)
{
	struct lent_buffer *buffer = (struct lent_buffer *)data;

	if (loop->backend->take_back && loop->backend->take_back(loop, data))
		return;
	if (unlikely(loop->buffers.count >= LENT_KEPT)) {
		free(buffer);
		return;
	}
	buffer->next = loop->buffers.unused;
	loop->buffers.unused = buffer;
	loop->buffers.count++;
}

void buffer_pool_term(struct buffer_pool *pool)
{
	while (pool->unused) {
		struct lent_buffer *next = pool->unused->next;

		free(pool->unused);
		pool->unused = next;
	}
	pool->count = 0;
}
