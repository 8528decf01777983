/* SPDX-License-Identifier: MIT */
/* The state of the io_uring backend, and the buffers it lends to the kernel. */
#ifndef BACKEND_URING_H
#define BACKEND_URING_H

#include "backend/posix.h"
#include "backend/ring.h"
#include "backend/uring_entry.h"

/*
 * Buffers for whoever receives without one of its own. The kernel takes one from a ring when data
 * has arrived, so a connection that waits has none; a completion tells which. Whoever has read it
 * puts it back. Small ones for messages and large ones for streams of data: who fills a small one
 * gets large ones from then on (FD_LARGE). The kernel takes them in turn, so a ring begins with
 * few, which stay in the cache, and gets more when all are out.
 */
enum { LEND_SMALL, LEND_LARGE, LEND_KINDS };
enum { SMALL_BYTES = 2048, SMALL_COUNT = 2048, LARGE_COUNT = 64, LENDING_FIRST = 8 };

struct lending {
	struct io_uring_buf_ring *ring; /* of `room` entries */
	char *memory;			/* `room` buffers; NULL: not possible here */
	size_t bytes;			/* of one */
	uint32_t room, count;		/* count: how many were given to the kernel so far */
	uint16_t tail;
};

struct uring_state {
	struct posix_state posix;
	struct ring ring;
	struct lending lending[LEND_KINDS];
	bool wake_armed;
	struct operation *stuck; /* could not be queued: the rings were full */
};

/* uring_quick.c: short cuts of the backend's table. */
int64_t uring_recv(struct async_loop *loop, struct operation *operation);
int64_t uring_sendall(struct async_loop *loop, struct operation *operation);
int64_t uring_lend(struct async_loop *loop, struct operation *operation);
bool uring_take_back(struct async_loop *loop, char *buffer);

/* Where the kernel is older than 5.19, or memory short, there is no lending: lend_plainly. */
void lendings_open(struct uring_state *state, const char *without);
void lendings_close(struct uring_state *state);
/* All buffers are out: give the kernel more of them. False: there are no more. */
bool lending_grow(struct lending *lending);

static inline char *lending_buffer(const struct lending *lending, unsigned completion_flags)
{
	return lending->memory + (size_t)(completion_flags >> 16) * lending->bytes;
}

static inline bool lending_owns(const struct lending *lending, const char *buffer)
{
	return lending->memory &&
	       (size_t)(buffer - lending->memory) < lending->room * lending->bytes;
}

void lending_take_back(struct lending *lending, char *buffer);

#endif
