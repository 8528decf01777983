/* SPDX-License-Identifier: MIT */
/*
 * Stacks for tasks. They are cut from large slabs of address space that cost nothing until touched;
 * a stack is reused last in, first out, so that spawning in a steady state makes no system call and
 * finds warm memory. Every stack has a guard at its lower end. Memory goes back to the system when
 * many stacks lie unused.
 */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include "base/base.h"
#include "base/list.h"

enum {
	STACK_BYTES_MIN = 16 * 1024,
	STACK_BYTES_MAX = 64 * 1024 * 1024,
	/* Enough for every call measured so far four times over (a TLS handshake takes 6.6 KB,
	 * getaddrinfo 11.6 KB); and the nearer stacks lie together, the less page tables they need:
	 * 128 bytes each instead of 512 at 256 KiB. */
	STACK_BYTES_DEFAULT = 64 * 1024,
	STACK_CLASSES = 13, /* powers of two from the smallest to the largest */
};

struct stack {
	char *low; /* first usable byte; the guard lies below */
	char *top; /* 16-byte aligned end */
	struct stack_slab *slab;
	uint32_t index; /* in its slab */
};

struct stack_pool {
	struct async_waiters_
		open[STACK_CLASSES]; /* slabs with a free stack, most recently used first */
	size_t unused;		     /* free stacks that still hold memory */
	size_t used;
	bool guard_install; /* the kernel has MADV_GUARD_INSTALL */
	bool guard_none;    /* LIBAWAIT_WITHOUT=guards, for tests */
	size_t guards_left; /* how many mprotect guards vm.max_map_count still allows */
};

void stack_pool_init(struct stack_pool *pool, const char *without);
void stack_pool_term(struct stack_pool *pool);

/* 0 or -ENOMEM. bytes is rounded up to a class. */
int stack_take(struct stack_pool *pool, size_t bytes, struct stack *stack);
/* May be called by the very task that runs on it, which then only switches away. */
void stack_give(struct stack_pool *pool, const struct stack *stack);
/* Give memory back after a peak; never on a task's own stack. */
void stack_pool_trim(struct stack_pool *pool);

/* Whether an address lies in the guard of the stack that has this low end. */
bool stack_guard_hit(const struct stack *stack, const void *address);
size_t stack_bytes(const struct stack *stack);

#endif
