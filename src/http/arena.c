/* SPDX-License-Identifier: MIT */
/* What an arena does when its first part is full, and at its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "http/arena.h"
#include "http/bytes.h"

enum { BLOCK_BYTES = 4096 };

void *arena_more(struct arena *arena, size_t size)
{
	/* What is large gets a block of its own, and the current one is used up further. */
	size_t room = size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES;
	struct arena_block *block;
	char *data;

	if (size > SIZE_MAX / 2)
		return NULL;
	block = malloc(sizeof *block + room + 16);
	if (!block)
		return NULL;
	block->older = arena->blocks;
	arena->blocks = block;
	data = (char *)(((uintptr_t)block->data + 15) & ~(uintptr_t)15);
	if (room == BLOCK_BYTES) {
		arena->at = data + size;
		arena->end = block->data + room + 16;
	}
	return data;
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_bytes(arena, size + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

bool arena_keep(struct arena *arena, const char **text)
{
	if (!*text)
		return true;
	*text = arena_text(arena, *text, strlen(*text));
	return *text;
}

char *arena_lower(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_text(arena, text, size);

	for (size_t i = 0; copy && i < size; i++)
		copy[i] = byte_lower(copy[i]);
	return copy;
}

int arena_on_end(struct arena *arena, void (*call)(void *arg), void *arg)
{
	struct arena_call *entry = arena_alloc(arena, sizeof *entry);

	if (!entry)
		return -ENOMEM;
	*entry = (struct arena_call){ .older = arena->calls, .call = call, .arg = arg };
	arena->calls = entry;
	return 0;
}

void arena_end(struct arena *arena)
{
	while (arena->calls) {
		struct arena_call *call = arena->calls;

		arena->calls = call->older;
		call->call(call->arg);
	}
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->older;
		free(block);
	}
}
