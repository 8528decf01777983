/* SPDX-License-Identifier: MIT */
/*
 * The io_uring backend. An operation becomes an entry of the submission ring; all entries of a turn
 * are submitted, and completions awaited, with one system call. A receive on a drained socket asks
 * the kernel to poll first (POLL_FIRST), so that no attempt is wasted; the last completion told
 * whether there was more.
 *
 * Accept is the exception: it is tried directly and waits by polling. A multishot accept would take
 * connections out of the backlog that nobody has asked for, which is just what a server at its
 * limit must not do.
 *
 * Reading and writing at a file's own position is another: the task makes the system call itself,
 * which takes as long as the disk (uring_file.h says why).
 *
 * A descriptor that answers -EAGAIN all the same (O_NONBLOCK ones do, for some operations and
 * kernels) is polled and the operation submitted again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backend/uring_file.h"
#include "backend/posix.h"
#include "backend/readiness.h"
#include "backend/uring.h"

/* What a completion belongs to: an operation's address, or one of these. */
enum { DATA_NOBODY, DATA_WAKE, DATA_NUMBERS };

/* Taken at a time: the tasks woken still fit the caches when they run. */
enum { COMPLETIONS_MAX = 64 };

static void wake_arm(struct uring_state *state)
{
	struct io_uring_sqe *entry = ring_entry(&state->ring);

	state->wake_armed = entry != NULL;
	if (!entry)
		return;
	entry->opcode = IORING_OP_POLL_ADD;
	entry->fd = state->posix.wake_fd;
	entry->poll32_events = POLLIN;
	entry->user_data = DATA_WAKE;
}

static int uring_open(struct async_loop *loop, const char *without)
{
	struct uring_state *state = calloc(1, sizeof *state);
	int error;

	if (!state)
		return async_fail(-ENOMEM, "no memory for the io_uring backend");
	error = ring_open(&state->ring, without);
	if (error)
		goto free_state;
	error = posix_open(&state->posix);
	if (error)
		goto close_ring;
	lendings_open(state, without);
	loop->backend_state = state;
	return 0;

close_ring:
	ring_close(&state->ring);
free_state:
	free(state);
	return ring_refused(error);
}

static void uring_close(struct async_loop *loop)
{
	struct uring_state *state = loop->backend_state;

	ring_close(&state->ring);
	lendings_close(state);
	posix_close(loop, &state->posix);
	free(state);
	loop->backend_state = NULL;
}

static int queue(struct uring_state *state, struct operation *operation, bool poll_first)
{
	struct io_uring_sqe *entry = ring_entry(&state->ring);

	if (unlikely(!entry))
		return -EBUSY;
	entry_fill(entry, operation, poll_first);
	return 0;
}

/* Submit an operation, for the first time or again. When the rings are full (hundreds of thousands
 * under way) it is remembered until completions made room. */
static void submit(struct uring_state *state, struct operation *operation, bool poll_first)
{
	if (likely(!queue(state, operation, poll_first)))
		return;
	operation->next = state->stuck;
	state->stuck = operation;
}

static void queue_stuck(struct uring_state *state)
{
	while (unlikely(state->stuck != NULL)) {
		struct operation *operation = state->stuck;

		if (queue(state, operation, false))
			return;
		state->stuck = operation->next;
	}
}

static int64_t try_accept(struct uring_state *state, struct operation *operation)
{
	int64_t result = descriptor_unblock(operation->fd);

	if (!result)
		result = operation_attempt(operation, true);
	if (result >= 0)
		descriptor_born(&state->posix.descriptors, (int)result, FD_DRAINED);
	return result;
}

static bool reads_or_writes(const struct operation *operation)
{
	return operation->code >= OP_READ && operation->code <= OP_WRITEV;
}

static int64_t uring_start(struct async_loop *loop, struct operation *operation)
{
	struct uring_state *state = loop->backend_state;
	struct descriptor *descriptor = descriptor_at(&state->posix.descriptors, operation->fd);

	if (unlikely(!descriptor))
		return -ENOMEM;
	if (unlikely(descriptor->waiting[operation->direction]))
		return descriptor_busy(descriptor, operation);
	if (unlikely(operation->code == OP_ACCEPT)) {
		int64_t result = try_accept(state, operation);

		if (result != -EAGAIN)
			return result;
		descriptor = descriptor_at(&state->posix.descriptors, operation->fd);
	}
	if (unlikely(reads_or_writes(operation)) &&
	    file_moves_position(operation->fd, operation->direction == DIRECTION_WRITE))
		return operation_attempt(operation, false);
	submit(state, operation, descriptor->flags & FD_DRAINED && state->ring.poll_first);
	descriptor->waiting[operation->direction] = operation;
	loop->operations++;
	return OPERATION_STARTED;
}

static void queue_cancel(struct uring_state *state, const struct operation *operation)
{
	struct io_uring_sqe *entry = ring_entry(&state->ring);

	if (!entry && !ring_enter(&state->ring, 0, 0))
		entry = ring_entry(&state->ring);
	if (!entry)
		return;
	entry->opcode = IORING_OP_ASYNC_CANCEL;
	entry->addr = (uintptr_t)operation;
	entry->user_data = DATA_NOBODY;
}

static void uring_cancel(struct async_loop *loop, struct operation *operation, int error)
{
	operation->cancel_error = error;
	queue_cancel(loop->backend_state, operation);
}

static void finish(struct async_loop *loop, struct uring_state *state, struct operation *operation,
		   int64_t result)
{
	struct descriptor *descriptor = &state->posix.descriptors.entries[operation->fd];

	if (likely(descriptor->waiting[operation->direction] == operation))
		descriptor->waiting[operation->direction] = NULL;
	operation_complete(loop, operation, result);
}

static void poll_ended(struct async_loop *loop, struct uring_state *state,
		       struct operation *operation, int result)
{
	operation->polling = false;
	if (result < 0 || operation->cancelling)
		finish(loop, state, operation, operation->cancelling ? -ECANCELED : result);
	else
		submit(state, operation, false);
}

static void accept_ended(struct async_loop *loop, struct uring_state *state,
			 struct operation *operation, int64_t result)
{
	if (result >= 0)
		result = operation->cancelling ? -ECANCELED : try_accept(state, operation);
	if (result == -EAGAIN)
		submit(state, operation, false);
	else
		finish(loop, state, operation, result);
}

static void sendall_ended(struct async_loop *loop, struct uring_state *state,
			  struct operation *operation, int result)
{
	if (likely(result > 0)) {
		operation->done += (size_t)result;
		if (unlikely(operation->done < operation->size) && !operation->cancelling) {
			submit(state, operation, false);
			return;
		}
		result = operation->done < operation->size ? -ECANCELED : 0;
	}
	finish(loop, state, operation, result < 0 ? result : (int64_t)operation->size);
}

/* A receive or a whole send that went well, and that nobody has cancelled. */
static inline bool complete_quickly(struct async_loop *loop, struct uring_state *state,
				    struct operation *operation,
				    const struct io_uring_cqe *completion)
{
	struct descriptor *descriptor = &state->posix.descriptors.entries[operation->fd];

	if (unlikely(completion->res <= 0 || operation->cancelling || operation->polling))
		return false;
	if (operation->code == OP_RECV)
		descriptor->flags =
			(descriptor->flags & ~(uint32_t)FD_DRAINED) |
			(completion->flags & IORING_CQE_F_SOCK_NONEMPTY ? 0 : FD_DRAINED);
	else if (operation->code != OP_SENDALL || operation->done ||
		 (size_t)completion->res != operation->size)
		return false;
	descriptor->waiting[operation->direction] = NULL;
	operation_succeed(loop, operation, completion->res);
	return true;
}

static void complete(struct async_loop *loop, struct uring_state *state,
		     const struct io_uring_cqe *completion)
{
	struct operation *operation = (struct operation *)(uintptr_t)completion->user_data;
	int result = completion->res;

	if (completion->flags & IORING_CQE_F_BUFFER)
		operation->data = lending_buffer(&state->lending[operation->lend - LENDING_GROUP],
						 completion->flags);
	if (likely(complete_quickly(loop, state, operation, completion)))
		return;
	if (unlikely(operation->polling)) {
		poll_ended(loop, state, operation, result);
		return;
	}
	if (unlikely(operation->cancelling && (result == -EAGAIN || result == -EINTR))) {
		finish(loop, state, operation, -ECANCELED);
		return;
	}
	if (unlikely(result == -EINTR)) {
		submit(state, operation, false);
		return;
	}
	if (unlikely(result == -EAGAIN && operation->code != OP_ACCEPT &&
		     operation_may_wait(operation))) {
		operation->polling = true;
		submit(state, operation, false);
		return;
	}
	if (operation->code == OP_SENDALL) {
		sendall_ended(loop, state, operation, result);
	} else if (operation->code == OP_ACCEPT) {
		accept_ended(loop, state, operation, result);
	} else {
		finish(loop, state, operation, result);
	}
}

static void take_completions(struct async_loop *loop, struct uring_state *state)
{
	struct ring *ring = &state->ring;
	unsigned head = *ring->cq_head, tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);

	if (tail - head > COMPLETIONS_MAX)
		tail = head + COMPLETIONS_MAX;
	for (; head != tail; head++) {
		struct io_uring_cqe completion = ring->completions[head & ring->cq_mask];

		if (head + 2 < tail)
			__builtin_prefetch(
				(void *)(uintptr_t)ring->completions[(head + 2) & ring->cq_mask]
					.user_data);

		if (unlikely(completion.user_data < DATA_NUMBERS)) {
			if (completion.user_data == DATA_WAKE) {
				state->wake_armed = false;
				posix_wake_done(&state->posix);
			}
			continue;
		}
		if (unlikely(completion.user_data & URING_FILE)) {
			uring_file_complete(completion.user_data, completion.res);
			continue;
		}
		complete(loop, state, &completion);
	}
	__atomic_store_n(ring->cq_head, head, __ATOMIC_RELEASE);
}

static void uring_poll(struct async_loop *loop, uint64_t deadline_ns)
{
	struct uring_state *state = loop->backend_state;
	uint64_t now_ns;

	queue_stuck(state);
	/* What the last call left in the ring comes first, without another call. */
	if (ring_completed(&state->ring) && state->ring.unsubmitted < state->ring.sq_size / 2) {
		take_completions(loop, state);
		return;
	}
	if (!deadline_ns) {
		if (!ring_has_work(&state->ring))
			return;
		ring_enter(&state->ring, 0, 0);
		take_completions(loop, state);
		return;
	}
	if (unlikely(!state->wake_armed))
		wake_arm(state);
	now_ns = deadline_ns == NS_NEVER ? 0 : loop_clock(loop);
	if (deadline_ns <= now_ns)
		ring_enter(&state->ring, 0, 0);
	else
		ring_enter(&state->ring, 1,
			   deadline_ns == NS_NEVER ? NS_NEVER : deadline_ns - now_ns);
	take_completions(loop, state);
}

/*
 * Entries name descriptors by number, so what is queued for this number must reach the kernel
 * before the number is free; from then on the kernel holds the file itself, and a cancel ends the
 * operation.
 */
static void end_waiters(struct uring_state *state, struct descriptor *descriptor)
{
	ring_enter(&state->ring, 0, 0);
	for (int direction = 0; direction < DIRECTIONS; direction++) {
		struct operation *operation = descriptor->waiting[direction];

		if (!operation)
			continue;
		descriptor->waiting[direction] = NULL;
		operation->cancelling = true;
		operation->cancel_error = -EBADF;
		queue_cancel(state, operation);
	}
	/* Now, so that the kernel lets go of the file: a closed listener must not listen on. */
	ring_enter(&state->ring, 0, 0);
}

static int uring_shut(struct async_loop *loop, int fd)
{
	struct uring_state *state = loop->backend_state;

	if (fd < state->posix.descriptors.count) {
		struct descriptor *descriptor = &state->posix.descriptors.entries[fd];

		if (unlikely(descriptor->waiting[DIRECTION_READ] ||
			     descriptor->waiting[DIRECTION_WRITE]))
			end_waiters(state, descriptor);
	}
	descriptor_gone(&state->posix.descriptors, fd);
	return close(fd) ? -errno : 0;
}

struct ring *uring_ring(struct async_loop *loop)
{
	return &((struct uring_state *)loop->backend_state)->ring;
}

const struct backend backend_uring = {
	.name = "uring",
	.open = uring_open,
	.close = uring_close,
	.start = uring_start,
	.recv = uring_recv,
	.sendall = uring_sendall,
	.lend = uring_lend,
	.take_back = uring_take_back,
	.cancel = uring_cancel,
	.poll = uring_poll,
	.shut = uring_shut,
	.file = uring_file,
	.file_cancel = uring_file_cancel,
	POSIX_SOCKETS,
};
