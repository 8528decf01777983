/* SPDX-License-Identifier: MIT */
/* What servers live on, without the detours of the general way: receiving, into a buffer of the
 * caller's or a lent one, and sending. Each queues an entry and suspends its task. */
#include <errno.h>
#include "backend/uring.h"

int64_t uring_recv(struct async_loop *loop, struct operation *operation)
{
	struct uring_state *state = loop->backend_state;
	struct descriptor *descriptor = &state->posix.descriptors.entries[operation->fd];
	struct io_uring_sqe *entry;

	if (unlikely(operation->fd >= state->posix.descriptors.count ||
		     descriptor->waiting[DIRECTION_READ]))
		return recv_plainly(loop, operation);
	entry = ring_entry(&state->ring);
	if (unlikely(!entry))
		return recv_plainly(loop, operation);
	entry_recv(entry, operation, descriptor->flags & FD_DRAINED && state->ring.poll_first);
	descriptor->waiting[DIRECTION_READ] = operation;
	loop->operations++;
	return task_suspend(&operation->wait);
}

int64_t uring_sendall(struct async_loop *loop, struct operation *operation)
{
	struct uring_state *state = loop->backend_state;
	struct descriptor *descriptor = &state->posix.descriptors.entries[operation->fd];
	struct io_uring_sqe *entry;

	if (unlikely(operation->fd >= state->posix.descriptors.count ||
		     descriptor->waiting[DIRECTION_WRITE]))
		return sendall_plainly(loop, operation);
	entry = ring_entry(&state->ring);
	if (unlikely(!entry))
		return sendall_plainly(loop, operation);
	operation->code = OP_SENDALL;
	operation->direction = DIRECTION_WRITE;
	entry_sendall(entry, operation);
	descriptor->waiting[DIRECTION_WRITE] = operation;
	loop->operations++;
	return task_suspend(&operation->wait);
}

/* As uring_recv, into a buffer that the kernel takes from those lent to it. */
int64_t uring_lend(struct async_loop *loop, struct operation *operation)
{
	struct uring_state *state = loop->backend_state;
	struct lending *lending;
	uint32_t given;
	int kind;
	int64_t n;

	if (unlikely(!state->lending[LEND_SMALL].memory || operation->code != OP_RECV ||
		     operation->fd >= state->posix.descriptors.count))
		return lend_plainly(loop, operation);
	do {
		uint32_t flags = state->posix.descriptors.entries[operation->fd].flags;

		kind = flags & FD_LARGE ? LEND_LARGE : LEND_SMALL;
		lending = &state->lending[kind];
		given = lending->count;
		operation->data = NULL;
		operation->size = 0;
		operation->lend = (uint8_t)(LENDING_GROUP + kind);
		n = uring_recv(loop, operation);
		operation->lend = 0;
		if (likely(n > 0)) {
			if (unlikely((n < SMALL_BYTES) != (kind == LEND_SMALL)))
				state->posix.descriptors.entries[operation->fd].flags ^= FD_LARGE;
			return n;
		}
		if (operation->data)
			lending_take_back(lending, operation->data);
		/* Of many that found none at once, the first gets more for all. */
	} while (n == -ENOBUFS && (lending->count > given || lending_grow(lending)));
	return n == -ENOBUFS ? lend_plainly(loop, operation) : n;
}

bool uring_take_back(struct async_loop *loop, char *buffer)
{
	struct uring_state *state = loop->backend_state;

	for (int kind = 0; kind < LEND_KINDS; kind++) {
		if (lending_owns(&state->lending[kind], buffer)) {
			lending_take_back(&state->lending[kind], buffer);
			return true;
		}
	}
	return false;
}
