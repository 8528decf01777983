/* SPDX-License-Identifier: MIT */
/*
 * Memory that lives as long as one request: taken by moving a pointer, given back all at once. The
 * first part lies in the owner's own memory, which is enough for most requests; the rest comes from
 * malloc in blocks.
 */
#ifndef HTTP_ARENA_H
#define HTTP_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block {
	struct arena_block *older;
	char data[];
};

struct arena {
	char *at, *end;
	struct arena_block *blocks;
	/* Calls at the end, newest first. */
	struct arena_call {
		struct arena_call *older;
		void (*call)(void *arg);
		void *arg;
	} * calls;
};

/* `first` is the owner's; NULL: it has none. */
static inline void arena_begin(struct arena *arena, void *first, size_t size)
{
	*arena = (struct arena){ .at = first, .end = first ? (char *)first + size : NULL };
}

/* Make the calls and free all. */
void arena_end(struct arena *arena);

/* arena.c: from a new block. */
void *arena_more(struct arena *arena, size_t size);

/* Bytes for any type; NULL: no memory. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
	uintptr_t at = ((uintptr_t)arena->at + 15) & ~(uintptr_t)15;

	if (at > (uintptr_t)arena->end || size > (uintptr_t)arena->end - at)
		return arena_more(arena, size);
	arena->at = (char *)at + size;
	return (void *)at;
}

/* Bytes of text: no room is lost for alignment. */
static inline char *arena_bytes(struct arena *arena, size_t size)
{
	char *at = arena->at;

	if (size > (size_t)(arena->end - at))
		return arena_more(arena, size);
	arena->at = at + size;
	return at;
}

/* A copy with a zero byte behind. */
char *arena_text(struct arena *arena, const char *text, size_t size);
/* Put a copy in the place of the text, or leave NULL. false: no memory. */
bool arena_keep(struct arena *arena, const char **text);
/* The same as arena_text in small letters (ASCII). */
char *arena_lower(struct arena *arena, const char *text, size_t size);
/* 0 or -ENOMEM. */
int arena_on_end(struct arena *arena, void (*call)(void *arg), void *arg);

#endif
