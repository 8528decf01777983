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
	int64_t n;

	if (unlikely(!state->lending.memory || operation->code != OP_RECV))
		return lend_plainly(loop, operation);
	operation->data = NULL;
	operation->size = 0;
	operation->lend = true;
	n = uring_recv(loop, operation);
	operation->lend = false;
	if (likely(n > 0))
		return n;
	if (operation->data)
		lending_take_back(&state->lending, operation->data);
	return n == -ENOBUFS ? lend_plainly(loop, operation) : n;
}

bool uring_take_back(struct async_loop *loop, char *buffer)
{
	struct uring_state *state = loop->backend_state;

	if (!lending_owns(&state->lending, buffer))
		return false;
	lending_take_back(&state->lending, buffer);
	return true;
}
