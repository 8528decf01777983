/* SPDX-License-Identifier: MIT */
/*
 * Buffers that the loop lends: to a stream while it has bytes that nobody has read yet, or output
 * that the kernel has not taken. Last in, first out, so that a server in a steady state works in
 * one or two of them, which stay in the cache, however many connections it has.
 */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include "base/base.h"

struct async_loop;

enum {
	/* What one system call moves, if there is so much: 1 MiB messages took 1.6 times the CPU
	 * with 64 KiB. Only pages that data came to cost memory. */
	LENT_BYTES = 256 * 1024,
	LENT_KEPT = 16, /* unused ones that a loop keeps */
};

struct buffer_pool {
	struct lent_buffer *unused;
	unsigned count;
};

/* LENT_BYTES bytes, or NULL for no memory. */
char *buffer_take(struct async_loop *loop);
void buffer_give(struct async_loop *loop, char *buffer);
void buffer_pool_term(struct buffer_pool *pool);

#endif
