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
 * puts it back. Address space until it is touched; the ring works last in, first out only as far as
 * buffers come back one at a time, hence a small number of them.
 */
enum { LENDING_COUNT = 64 };

struct lending {
	struct io_uring_buf_ring *ring; /* LENDING_COUNT entries */
	char *memory;			/* NULL: not possible here */
	uint16_t tail;
};

struct uring_state {
	struct posix_state posix;
	struct ring ring;
	struct lending lending;
	bool wake_armed;
	struct operation *stuck; /* could not be queued: the rings were full */
};

/* uring_quick.c: short cuts of the backend's table. */
int64_t uring_recv(struct async_loop *loop, struct operation *operation);
int64_t uring_sendall(struct async_loop *loop, struct operation *operation);
int64_t uring_lend(struct async_loop *loop, struct operation *operation);
bool uring_take_back(struct async_loop *loop, char *buffer);

/* Where the kernel is older than 5.19, or memory short, there is no lending: lend_plainly. */
void lending_open(struct lending *lending, const struct ring *ring, const char *without);
void lending_close(struct lending *lending);

static inline char *lending_buffer(const struct lending *lending, unsigned completion_flags)
{
	return lending->memory + (size_t)(completion_flags >> 16) * LENT_BYTES;
}

static inline bool lending_owns(const struct lending *lending, const char *buffer)
{
	return lending->memory &&
	       (size_t)(buffer - lending->memory) < (size_t)LENDING_COUNT * LENT_BYTES;
}

void lending_take_back(struct lending *lending, char *buffer);

#endif
