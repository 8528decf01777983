/* SPDX-License-Identifier: MIT */
/*
 * Receiving into a buffer that the loop lends. The task itself makes the call, in its own turn, and
 * has read and given back the buffer before the next one receives: all connections work in the same
 * few pages, which stay in the cache. (A receive with a buffer of its own is better off in the
 * poll, where it saves a switch for what turns out to be no data.)
 */
#include <errno.h>
#include "backend/epoll.h"

/* One try. -EAGAIN: nothing there, no buffer held. */
static int64_t receive_now(struct async_loop *loop, struct descriptor *descriptor,
			   struct operation *operation)
{
	char *buffer = buffer_take(loop);
	ssize_t n;

	if (unlikely(!buffer))
		return async_fail(-ENOMEM, "no memory for a buffer of %d bytes", LENT_BYTES);
	do
		n = recv(operation->fd, buffer, LENT_BYTES, MSG_DONTWAIT);
	while (unlikely(n < 0 && errno == EINTR));
	if (unlikely(n <= 0)) {
		int error = n ? -errno : 0;

		buffer_give(loop, buffer);
		return error;
	}
	operation->data = buffer;
	operation->size = LENT_BYTES;
	if (buffers_are_many(&loop->buffers))
		operation->data = buffer_shrink(loop, buffer, (size_t)n);
	if (n == LENT_BYTES)
		epoll_received_full(loop, loop->backend_state, n);
	else if ((descriptor->flags & (FD_STREAM | FD_HANGUP)) == FD_STREAM)
		descriptor->flags |= FD_DRAINED;
	return n;
}

/* Before the first wait on a descriptor: what is it, and does the kernel know it? */
static int64_t prepare(struct epoll_state *state, struct operation *operation)
{
	struct descriptor *descriptor = descriptor_at(&state->posix.descriptors, operation->fd);
	int error;

	if (!descriptor)
		return -ENOMEM;
	if (descriptor->waiting[DIRECTION_READ])
		return descriptor_busy(descriptor, operation);
	if (descriptor->flags & FD_REGISTERED)
		return 0;
	error = epoll_get_to_know(operation->fd, descriptor);
	return error ? error : epoll_register(state, operation->fd, descriptor);
}

int64_t epoll_lend(struct async_loop *loop, struct operation *operation)
{
	struct async_task *self = operation->wait.task;
	struct epoll_state *state = loop->backend_state;
	int64_t result = 0;

	if (operation->code != OP_RECV)
		return lend_plainly(loop, operation);
	if (unlikely(operation->fd >= state->posix.descriptors.count))
		result = prepare(state, operation);
	while (likely(!result)) {
		struct descriptor *descriptor = &state->posix.descriptors.entries[operation->fd];

		if (unlikely(descriptor->waiting[DIRECTION_READ]))
			return descriptor_busy(descriptor, operation);
		if (!(descriptor->flags & FD_DRAINED)) {
			result = receive_now(loop, descriptor, operation);
			if (likely(result >= 0))
				return result;
			if (unlikely(result != -EAGAIN))
				break;
			result = 0;
		}
		if (unlikely(!(descriptor->flags & FD_REGISTERED))) {
			result = prepare(state, operation);
			if (result)
				break;
		}
		operation->code = OP_READABLE;
		epoll_wait_begins(loop, state, descriptor, operation, DIRECTION_READ);
		result = task_suspend(&operation->wait);
		operation->code = OP_RECV;
		if (unlikely(result < 0))
			return result;
	}
	return operation_failed(self, operation, result);
}
