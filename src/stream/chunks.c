/* SPDX-License-Identifier: MIT */
/* Lists of pieces: see chunks.h. */
#include <errno.h>
#include <string.h>
#include "stream/chunks.h"

static struct chunk *chunk_new(struct async_loop *loop, struct chunks *chunks, size_t size)
{
	size_t bytes = chunks->last ? LENT_BYTES : sizeof(struct chunk) + size;
	struct chunk *chunk = (struct chunk *)buffer_take_for(loop, bytes);

	if (!chunk)
		return NULL;
	chunk->room = buffer_bytes((char *)chunk) - sizeof *chunk;
	chunk->next = NULL;
	chunk->begin = chunk->end = 0;
	if (chunks->last)
		chunks->last->next = chunk;
	else
		chunks->first = chunk;
	chunks->last = chunk;
	return chunk;
}

int chunks_append(struct async_loop *loop, struct chunks *chunks, const char *data, size_t size)
{
	size_t left = size;

	while (left) {
		struct chunk *chunk = chunks->last;
		size_t n;

		if (!chunk || chunk->end == chunk->room)
			chunk = chunk_new(loop, chunks, left);
		if (!chunk) {
			chunks->bytes += size - left;
			chunks_undo(loop, chunks, size - left);
			return async_fail(-ENOMEM, "no memory to buffer %zu bytes of output", size);
		}
		n = chunk->room - chunk->end < left ? chunk->room - chunk->end : left;
		memcpy(chunk->data + chunk->end, data, n);
		chunk->end += n;
		data += n;
		left -= n;
	}
	chunks->bytes += size;
	return 0;
}

/* The first piece stays in any case: it may be under way, though not the bytes that go. */
void chunks_undo(struct async_loop *loop, struct chunks *chunks, size_t size)
{
	chunks->bytes -= size;
	while (size) {
		struct chunk *chunk = chunks->last, *before = chunks->first;
		size_t n = chunk->end - chunk->begin < size ? chunk->end - chunk->begin : size;

		chunk->end -= n;
		size -= n;
		if (chunk->begin < chunk->end || chunk == chunks->first)
			continue;
		while (before->next != chunk)
			before = before->next;
		before->next = NULL;
		chunks->last = before;
		buffer_give(loop, (char *)chunk);
	}
}

struct chunk *chunks_pop(struct chunks *chunks)
{
	struct chunk *chunk = chunks->first;

	if (!chunk)
		return NULL;
	chunks->first = chunk->next;
	if (!chunks->first)
		chunks->last = NULL;
	chunks->bytes -= chunk->end - chunk->begin;
	return chunk;
}

void chunks_drop(struct async_loop *loop, struct chunks *chunks, size_t size)
{
	while (chunks->first) {
		struct chunk *chunk = chunks->first;
		size_t n = chunk->end - chunk->begin;

		if (size < n) {
			chunk->begin += size;
			chunks->bytes -= size;
			return;
		}
		size -= n;
		buffer_give(loop, (char *)chunks_pop(chunks));
	}
}

void chunks_free(struct async_loop *loop, struct chunks *chunks)
{
	while (chunks->first)
		buffer_give(loop, (char *)chunks_pop(chunks));
}

int chunks_parts(const struct chunks *chunks, struct iovec *parts, int most)
{
	int count = 0;

	for (struct chunk *chunk = chunks->first; chunk && count < most; chunk = chunk->next)
		if (chunk->begin < chunk->end)
			parts[count++] = (struct iovec){ chunk->data + chunk->begin,
							 chunk->end - chunk->begin };
	return count;
}
