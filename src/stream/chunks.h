/* SPDX-License-Identifier: MIT */
/* Bytes that wait, in a list of lent buffers: they are appended at the end and taken at the front,
 * and never move, so that the kernel may work on them. The first one is as small as may be: mostly
 * it stays the only one. */
#ifndef STREAM_CHUNKS_H
#define STREAM_CHUNKS_H

#include "core/loop.h"

/* A piece, at the beginning of a lent buffer. */
struct chunk {
	struct chunk *next;
	size_t begin, end, room;
	char data[];
};

struct chunks {
	struct chunk *first, *last;
	size_t bytes;
};

/* All of it or nothing: 0 or -ENOMEM. */
int chunks_append(struct async_loop *loop, struct chunks *chunks, const char *data, size_t size);
/* Take bytes off the front, or the last ones off the end again. */
void chunks_drop(struct async_loop *loop, struct chunks *chunks, size_t size);
void chunks_undo(struct async_loop *loop, struct chunks *chunks, size_t size);
/* The first piece, now the caller's: to be given back with buffer_give. NULL when empty. */
struct chunk *chunks_pop(struct chunks *chunks);
void chunks_free(struct async_loop *loop, struct chunks *chunks);
/* At most `most` pieces as parts of a vectored write; how many. */
int chunks_parts(const struct chunks *chunks, struct iovec *parts, int most);

#endif
