/* SPDX-License-Identifier: MIT */
/*
 * Buffers that the loop lends: to a stream while it has bytes that nobody has read yet, or output
 * that the kernel has not taken. Last in, first out, so that a server in a steady state works in
 * one or two of them, which stay in the cache, however many connections it has.
 *
 * Where a send waits for the kernel, as in io_uring, a buffer is out for each connection that has
 * something under way. Those of messages are small: a thousand of them are two megabytes, and a
 * request makes no system call for memory. (With large ones alone a request over TLS made three,
 * and took twice the processor's time.)
 */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include "base/base.h"

struct async_loop;

enum {
	/* What one system call moves, if there is so much: 1 MiB messages took 1.6 times the CPU
	 * with 64 KiB. Only pages that data came to cost memory. */
	LENT_BYTES = 256 * 1024,
	LENT_SMALL_BYTES = 2048,
	/* Unused ones that a loop keeps. */
	LENT_KEPT = 64,
	LENT_SMALL_KEPT = 1024,
};

/* In front of each; the bytes begin with a cache line of their own. */
struct lent_buffer {
	struct lent_buffer *next;
	size_t bytes;
	_Alignas(64) char data[];
};

struct buffer_list {
	struct lent_buffer *unused;
	unsigned count; /* of them */
	unsigned made;	/* there are in all */
};

struct buffer_pool {
	struct buffer_list large, small;
};

/* LENT_BYTES bytes, or NULL for no memory. */
char *buffer_take(struct async_loop *loop);
/* A small one if that is enough for `size` bytes, else a large one. */
char *buffer_take_for(struct async_loop *loop, size_t size);
/* How many bytes there are in what these two gave. */
static inline size_t buffer_bytes(const char *buffer)
{
	return ((const struct lent_buffer *)(buffer - offsetof(struct lent_buffer, data)))->bytes;
}
void buffer_give(struct async_loop *loop, char *buffer);
/*
 * As many large ones as are kept were out at once: with more, each would cost system calls. Who
 * holds `size` bytes in one asks for a small one instead, and gets that, or the same when there are
 * large ones left, or no memory.
 */
static inline bool buffers_are_many(const struct buffer_pool *pool)
{
	return unlikely(pool->large.made >= LENT_KEPT);
}
char *buffer_shrink(struct async_loop *loop, char *buffer, size_t size);
void buffer_pool_term(struct buffer_pool *pool);

#endif
