/* SPDX-License-Identifier: MIT */
/* The loop's buffers: see buffer.h. */
#include <stdlib.h>
#include <string.h>
#include "core/loop.h"

__attribute__((noinline, cold)) static char *make(struct buffer_list *list, size_t bytes)
{
	struct lent_buffer *buffer =
		aligned_alloc(_Alignof(struct lent_buffer), sizeof *buffer + bytes);

	if (!buffer)
		return NULL;
	buffer->bytes = bytes;
	list->made++;
	return buffer->data;
}

static inline char *take(struct buffer_list *list, size_t bytes)
{
	struct lent_buffer *buffer = list->unused;

	if (unlikely(!buffer))
		return make(list, bytes);
	list->unused = buffer->next;
	list->count--;
	return buffer->data;
}

char *buffer_take(struct async_loop *loop)
{
	return take(&loop->buffers.large, LENT_BYTES);
}

char *buffer_take_for(struct async_loop *loop, size_t size)
{
	return size <= LENT_SMALL_BYTES ? take(&loop->buffers.small, LENT_SMALL_BYTES) :
					  buffer_take(loop);
}

__attribute__((noinline, cold)) static void discard(struct buffer_list *list,
						    struct lent_buffer *buffer)
{
	list->made--;
	free(buffer);
}

static inline void give(struct buffer_list *list, struct lent_buffer *buffer, unsigned kept)
{
	if (unlikely(list->count >= kept)) {
		discard(list, buffer);
		return;
	}
	buffer->next = list->unused;
	list->unused = buffer;
	list->count++;
}

void buffer_give(struct async_loop *loop, char *data)
{
	struct lent_buffer *buffer = container_of(data, struct lent_buffer, data);

	if (loop->backend->take_back && loop->backend->take_back(loop, data))
		return;
	if (likely(buffer->bytes == LENT_BYTES))
		give(&loop->buffers.large, buffer, LENT_KEPT);
	else
		give(&loop->buffers.small, buffer, LENT_SMALL_KEPT);
}

char *buffer_shrink(struct async_loop *loop, char *buffer, size_t size)
{
	char *small = NULL;

	if (!loop->buffers.large.unused && size <= LENT_SMALL_BYTES)
		small = buffer_take_for(loop, size);
	if (!small)
		return buffer;
	memcpy(small, buffer, size);
	buffer_give(loop, buffer);
	return small;
}

static void list_term(struct buffer_list *list)
{
	while (list->unused) {
		struct lent_buffer *next = list->unused->next;

		free(list->unused);
		list->unused = next;
	}
	list->count = list->made = 0;
}

void buffer_pool_term(struct buffer_pool *pool)
{
	list_term(&pool->large);
	list_term(&pool->small);
}
