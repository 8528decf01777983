/* SPDX-License-Identifier: MIT */
/*
 * What a loop knows of each descriptor: who waits for it in which direction, and what needs no
 * system call to find out again. A descriptor may be closed and its number reused behind the
 * library's back, so nothing here is trusted further than a wrong guess can do harm: see the use of
 * each flag.
 */
#ifndef BACKEND_DESCRIPTOR_H
#define BACKEND_DESCRIPTOR_H

#include "core/loop.h"

enum {
	FD_REGISTERED = 1, /* the kernel's epoll knows it; confirmed when a wait takes long */
	FD_SOCKET = 2,	   /* recv and send work on it; ENOTSOCK corrects a wrong guess */
	FD_STREAM = 4,	   /* and a short read means that the socket is drained */
	FD_DRAINED = 8,	   /* there was nothing more to read: wait without trying */
	FD_HANGUP = 16,	   /* the peer closed: never drained */
	FD_SEEN =
		32, /* bits of the reader (the writer's: one higher): its wait has lasted a while, */
	FD_LARGE = 512,	    /* its receives fill small buffers (uring.h) */
	FD_CONFIRMED = 128, /* and the kernel was asked whether it still knows the descriptor */
};

struct descriptor {
	struct operation *waiting[DIRECTIONS];
	uint32_t generation; /* counts closes: an event for an earlier one is stale */
	uint32_t flags;
};

struct descriptor_table {
	struct descriptor *entries;
	int count;
	/* In debug mode: where the task was made that made each descriptor; NULL for none of ours. */
	const char **origins;
	int origin_count;
};

/* Debug mode: report what the library made and nobody closed. */
void descriptors_tell_open(struct async_loop *loop, const struct descriptor_table *table);

void descriptors_term(struct descriptor_table *table);
/* Make room for fd: 0 or -ENOMEM. */
int descriptors_grow(struct descriptor_table *table, int fd);

/* The entry of fd, or NULL for no memory. */
static inline struct descriptor *descriptor_at(struct descriptor_table *table, int fd)
{
	if (unlikely(fd >= table->count) && descriptors_grow(table, fd))
		return NULL;
	return &table->entries[fd];
}

/* A descriptor that the library has just made: what was known of an earlier one of that number is
 * forgotten. */
void descriptor_born(struct descriptor_table *table, int fd, uint32_t flags);

/* A descriptor that the library is about to close. */
void descriptor_gone(struct descriptor_table *table, int fd);

/* Refuse a second waiter: 0 or -EBUSY. */
int descriptor_busy(const struct descriptor *descriptor, const struct operation *operation);

/* Make it non-blocking if it is not: 0 or a negative errno. */
int descriptor_unblock(int fd);

#endif
