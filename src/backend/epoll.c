/* SPDX-License-Identifier: MIT */
/*
 * The epoll backend. A call is tried first; only if it would block does the descriptor wait. Every
 * descriptor is registered once, edge-triggered, for both directions, and never touched again: a
 * request costs a recv, a send and its share of one epoll_wait. A short read proves that a stream
 * is drained, so that the next receive waits without trying.
 *
 * The kernel forgets a descriptor when somebody closes it with plain close(2), and the library
 * cannot see that. So a wait that lasts longer than two sweeps (SWEEP_NS apart) is confirmed once
 * (EPOLL_CTL_MOD): the kernel then says that it knows no such descriptor, or tells of an event that
 * was missed. Busy connections never wait that long. The sweep that finds such waits costs nothing
 * per operation: it looks at the table, and only as long as there are new waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "backend/epoll.h"
#include "backend/readiness.h"

static void epoll_close(struct async_loop *loop)
{
	struct epoll_state *state = loop->backend_state;

	close(state->fd);
	posix_close(loop, &state->posix);
	free(state);
	loop->backend_state = NULL;
}

static int epoll_open(struct async_loop *loop, const char *without)
{
	struct epoll_state *state = calloc(1, sizeof *state);
	struct epoll_event wake = { .events = EPOLLIN, .data.u64 = WAKE_DATA };
	int error;

	if (!state)
		return async_fail(-ENOMEM, "no memory for the epoll backend");
	state->no_pwait2 = without && strstr(without, "no-pwait2");
	error = posix_open(&state->posix);
	if (error)
		goto free_state;
	error = descriptors_grow(&state->posix.descriptors, state->posix.wake_fd);
	if (error)
		goto close_posix;
	state->fd = epoll_create1(EPOLL_CLOEXEC);
	if (state->fd < 0 || epoll_ctl(state->fd, EPOLL_CTL_ADD, state->posix.wake_fd, &wake)) {
		error = async_fail(-errno, "cannot make the loop's epoll descriptor");
		goto close_posix;
	}
	loop->backend_state = state;
	return 0;

close_posix:
	if (state->fd > 0)
		close(state->fd);
	posix_close(loop, &state->posix);
free_state:
	free(state);
	return error;
}

/* What a result teaches about descriptors: a receive that got less than it asked for has emptied a
 * stream's buffer, unless the peer's end is in there too; an accept made one. */
static inline void learn(struct epoll_state *state, struct descriptor *descriptor,
			 const struct operation *operation, int64_t result)
{
	if (operation->code == OP_RECV && result > 0 && (size_t)result < operation->size &&
	    (descriptor->flags & (FD_STREAM | FD_HANGUP)) == FD_STREAM)
		descriptor->flags |= FD_DRAINED;
	else if (operation->code == OP_ACCEPT && result >= 0)
		descriptor_born(&state->posix.descriptors, (int)result, FD_SOCKET | FD_STREAM);
}

/* Whether this operation would block the thread on a blocking descriptor. */
static bool needs_unblocking(const struct operation *operation, const struct descriptor *descriptor)
{
	switch (operation->code) {
	case OP_ACCEPT:
	case OP_CONNECT:
		return true;
	case OP_READ:
	case OP_WRITE:
	case OP_READV:
	case OP_WRITEV:
		return !(descriptor->flags & FD_SOCKET);
	default:
		return false;
	}
}

/* First try; when the number was reused for something that is no socket, forget what was known and
 * try again. */
static int64_t first_attempt(struct operation *operation, struct descriptor *descriptor)
{
	int64_t result;

	if (needs_unblocking(operation, descriptor)) {
		int error = descriptor_unblock(operation->fd);

		if (error)
			return error;
	}
	result = operation_attempt(operation, descriptor->flags & FD_SOCKET);
	if (unlikely(result == -ENOTSOCK && descriptor->flags & FD_SOCKET)) {
		descriptor->generation++;
		descriptor->flags = 0;
		return first_attempt(operation, descriptor);
	}
	return result;
}

static int64_t epoll_start(struct async_loop *loop, struct operation *operation)
{
	struct epoll_state *state = loop->backend_state;
	struct descriptor *descriptor = descriptor_at(&state->posix.descriptors, operation->fd);
	int64_t result;

	if (unlikely(!descriptor))
		return -ENOMEM;
	if (unlikely(descriptor->waiting[operation->direction]))
		return descriptor_busy(descriptor, operation);
	if (operation->code != OP_RECV || !(descriptor->flags & FD_DRAINED)) {
		result = first_attempt(operation, descriptor);
		if (likely(result != -EAGAIN || !operation_may_wait(operation))) {
			learn(state, descriptor, operation, result);
			if (operation->code == OP_RECV && result == (int64_t)operation->size &&
			    operation->wait.task)
				epoll_received_full(loop, state, result);
			return result;
		}
	}
	if (unlikely(!(descriptor->flags & FD_REGISTERED))) {
		int error = descriptor->flags & FD_SOCKET ?
				    0 :
				    epoll_get_to_know(operation->fd, descriptor);

		if (!error)
			error = epoll_register(state, operation->fd, descriptor);
		if (error)
			return error;
	}
	epoll_wait_begins(loop, state, descriptor, operation, operation->direction);
	return OPERATION_STARTED;
}

/* The common case of a server: wait for the next request on a connection that is known, drained,
 * and not waited for (FD_DRAINED is taken off while somebody waits). */
static int64_t epoll_recv(struct async_loop *loop, struct operation *operation)
{
	struct epoll_state *state = loop->backend_state;
	struct descriptor *descriptor = &state->posix.descriptors.entries[operation->fd];

	if (unlikely(operation->fd >= state->posix.descriptors.count ||
		     (descriptor->flags & (FD_DRAINED | FD_REGISTERED)) !=
			     (FD_DRAINED | FD_REGISTERED)))
		return recv_plainly(loop, operation);
	epoll_wait_begins(loop, state, descriptor, operation, DIRECTION_READ);
	return task_suspend(&operation->wait);
}

/* The first attempt did not take it all. */
__attribute__((noinline)) static int64_t sendall_rest(struct operation *operation, ssize_t n)
{
	struct async_task *task = operation->wait.task;

	operation->code = OP_SENDALL;
	if (n > 0)
		operation->done = (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		return operation_failed(task, operation, -errno);
	return sendall_plainly(task->loop, operation);
}

/* And: an answer that the socket's buffer takes at once. */
static int64_t epoll_sendall(struct async_loop *loop, struct operation *operation)
{
	const struct posix_state *state = loop->backend_state;
	ssize_t n;

	if (unlikely(operation->fd >= state->descriptors.count ||
		     state->descriptors.entries[operation->fd].waiting[DIRECTION_WRITE]))
		return sendall_plainly(loop, operation);
	n = send(operation->fd, operation->data, operation->size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (likely(n == (ssize_t)operation->size))
		return n;
	return sendall_rest(operation, n);
}

static void epoll_cancel(struct async_loop *loop, struct operation *operation, int error)
{
	struct epoll_state *state = loop->backend_state;

	epoll_wait_ends(loop, &state->posix.descriptors.entries[operation->fd], operation, error);
}

static void retry(struct async_loop *loop, struct epoll_state *state, int fd, int direction)
{
	struct descriptor *descriptor = &state->posix.descriptors.entries[fd];
	struct operation *operation = descriptor->waiting[direction];
	int64_t result;

	if (!operation)
		return;
	result = operation_attempt(operation, descriptor->flags & FD_SOCKET);
	if (result == -EAGAIN)
		return;
	learn(state, descriptor, operation, result);
	epoll_wait_ends(loop, &state->posix.descriptors.entries[fd], operation, result);
}

/* Somebody waits for data in order to borrow a buffer and receive it himself. */
static inline bool receive_lent(struct async_loop *loop, struct descriptor *descriptor,
				struct operation *operation)
{
	if (unlikely(operation->code != OP_READABLE))
		return false;
	descriptor->waiting[DIRECTION_READ] = NULL;
	operation_succeed(loop, operation, 0);
	return true;
}

/* The short cut for what nearly every event is: data for a task that waits in await_recv. */
static inline bool receive(struct async_loop *loop, struct descriptor *descriptor)
{
	struct operation *operation = descriptor->waiting[DIRECTION_READ];
	ssize_t n;

	if (unlikely(!operation || operation->code != OP_RECV))
		return operation && receive_lent(loop, descriptor, operation);
	n = recv(operation->fd, operation->data, operation->size, MSG_DONTWAIT);
	if (unlikely(n <= 0))
		return false;
	descriptor->waiting[DIRECTION_READ] = NULL;
	if (likely(n < (ssize_t)operation->size))
		descriptor->flags |= FD_DRAINED;
	operation_succeed(loop, operation, n);
	return true;
}

static void handle_rare_event(struct async_loop *loop, struct epoll_state *state, int fd,
			      uint32_t events)
{
	struct descriptor *descriptor = &state->posix.descriptors.entries[fd];

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		descriptor->flags |= FD_HANGUP;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		descriptor->flags &= ~(uint32_t)FD_DRAINED;
		retry(loop, state, fd, DIRECTION_READ);
	}
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		retry(loop, state, fd, DIRECTION_WRITE);
}

static inline void prefetch_waiter(const struct epoll_state *state, const struct epoll_event *event)
{
	__builtin_prefetch(
		state->posix.descriptors.entries[(uint32_t)event->data.u64].waiting[DIRECTION_READ]);
}

static inline void handle_event(struct async_loop *loop, struct epoll_state *state,
				const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	struct descriptor *descriptor = &state->posix.descriptors.entries[fd];

	if (unlikely(descriptor->generation != event->data.u64 >> 32)) {
		if (event->data.u64 == WAKE_DATA)
			posix_wake_done(&state->posix);
		return;
	}
	if (likely((event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == EPOLLIN &&
		   (descriptor->flags & (FD_STREAM | FD_HANGUP)) == FD_STREAM)) {
		if (likely(receive(loop, descriptor) && !descriptor->waiting[DIRECTION_WRITE]))
			return;
	}
	handle_rare_event(loop, state, fd, event->events);
}

static int wait_for_events(struct epoll_state *state, uint64_t now_ns, uint64_t deadline_ns)
{
	uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	struct timespec left = { (time_t)(left_ns / NS_PER_SECOND),
				 (long)(left_ns % NS_PER_SECOND) };
	uint64_t left_ms = (left_ns + 999999) / 1000000;
	int n;

	if (!left_ns)
		return epoll_wait(state->fd, state->events, EVENTS_MAX, 0);
	if (!state->no_pwait2) {
		n = epoll_pwait2(state->fd, state->events, EVENTS_MAX,
				 deadline_ns == NS_NEVER ? NULL : &left, NULL);
		if (n >= 0 || errno != ENOSYS)
			return n;
		state->no_pwait2 = true;
	}
	if (deadline_ns == NS_NEVER)
		return epoll_wait(state->fd, state->events, EVENTS_MAX, -1);
	return epoll_wait(state->fd, state->events, EVENTS_MAX,
			  left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
}

static void epoll_poll(struct async_loop *loop, uint64_t deadline_ns)
{
	struct epoll_state *state = loop->backend_state;
	uint64_t now_ns = 0;
	bool crowded;
	int n;

	if (deadline_ns && state->new_waits) {
		now_ns = loop_clock(loop);
		if (now_ns >= state->sweep_ns) {
			epoll_sweep(loop, state);
			state->sweep_ns = now_ns + SWEEP_NS;
		}
		if (state->new_waits && state->sweep_ns < deadline_ns)
			deadline_ns = state->sweep_ns;
	} else if (deadline_ns != NS_NEVER && deadline_ns) {
		now_ns = loop_clock(loop);
	}
	n = wait_for_events(state, now_ns, loop->ready_first ? 0 : deadline_ns);
	crowded = n > CROWD;
	for (int i = 0; i < n; i++) {
		if (crowded && i + 1 < n)
			prefetch_waiter(state, &state->events[i + 1]);
		handle_event(loop, state, &state->events[i]);
	}
}

static int epoll_shut(struct async_loop *loop, int fd)
{
	struct epoll_state *state = loop->backend_state;

	if (fd < state->posix.descriptors.count) {
		struct descriptor *descriptor = &state->posix.descriptors.entries[fd];

		for (int direction = 0; direction < DIRECTIONS; direction++)
			if (unlikely(descriptor->waiting[direction] != NULL))
				epoll_wait_ends(loop, descriptor, descriptor->waiting[direction],
						-EBADF);
	}
	descriptor_gone(&state->posix.descriptors, fd);
	return close(fd) ? -errno : 0;
}

static int epoll_descriptor(struct async_loop *loop)
{
	return ((struct epoll_state *)loop->backend_state)->fd;
}

const struct backend backend_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.start = epoll_start,
	.recv = epoll_recv,
	.sendall = epoll_sendall,
	.lend = epoll_lend,
	.cancel = epoll_cancel,
	.poll = epoll_poll,
	.shut = epoll_shut,
	.descriptor = epoll_descriptor,
	POSIX_SOCKETS,
};
