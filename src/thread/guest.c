/* SPDX-License-Identifier: MIT */
/*
 * A loop as the guest of another. The main task stands on the thread's stack, as ever: here it is
 * what the host's callback runs on. Letting the loop run is a wait of the main task which the hub
 * ends as soon as it would have to wait for the kernel (poll_phase in core/loop.c).
 *
 * It stands on epoll. A ring's completions may be work that the kernel has put off until the ring
 * is entered (DEFER_TASKRUN), of which its descriptor does not tell; and the eventfd that would is
 * not signalled when what completes is itself the poll of an eventfd (seen on Linux 6.18).
 */
#include <errno.h>
#include <math.h>
#include <await/thread.h>
#include "core/report.h"

/* A backend whose descriptor tells everything takes the place of one that has none. */
static int change_backend(struct async_loop *loop)
{
	const struct backend *before = loop->backend, *after;
	void *state_before = loop->backend_state, *state_after;
	int64_t (*recv)(struct async_loop *, struct operation *) = loop->recv;
	int64_t (*sendall)(struct async_loop *, struct operation *) = loop->sendall;
	int error;

	if (loop->operations)
		return async_fail(-EBUSY,
				  "async_loop_descriptor: %zu operations are under way on %s",
				  loop->operations, before->name);
	error = backend_open(loop, "epoll", loop->options.without);
	if (error) {
		loop->backend = before;
		loop->backend_state = state_before;
		loop->recv = recv;
		loop->sendall = sendall;
		return error;
	}
	after = loop->backend;
	state_after = loop->backend_state;
	loop->backend_state = state_before;
	before->close(loop);
	loop->backend = after;
	loop->backend_state = state_after;
	after->wake(loop); /* somebody may have woken the other one */
	return 0;
}

int async_loop_descriptor(async_loop *loop)
{
	int error;

	if (loop->backend->virtual_clock)
		return async_fail(-ENOTSUP, "async_loop_descriptor: a simulation has none");
	if (loop->active || loop == loop_current)
		return async_fail(-EBUSY, "async_loop_descriptor: the loop runs by itself");
	error = loop->backend->descriptor ? 0 : change_backend(loop);
	return error ? error : loop->backend->descriptor(loop);
}

static double seconds_left(struct async_loop *loop)
{
	uint64_t due_ns = timers_next(&loop->timers), now_ns = loop_clock(loop);

	if (due_ns == NS_NEVER)
		return INFINITY;
	return due_ns > now_ns ? seconds_of(due_ns - now_ns) : 0;
}

int async_loop_run_ready(async_loop *loop, double *seconds)
{
	static const struct wait_kind host_kind = { .name = "the loop's host" };
	struct async_loop *outer = loop_current;
	struct wait wait = { .task = &loop->root, .kind = &host_kind };
	int fd;

	if (outer && (!outer->is_private || outer->running != &outer->root))
		return async_fail(-EBUSY,
				  "async_loop_run_ready: a loop runs in this thread already");
	fd = async_loop_descriptor(loop);
	if (fd < 0)
		return fd;
	loop_current = loop;
	loop->running = &loop->root;
	loop->active = loop->guest = true;
	task_suspend(&wait);
	loop->active = loop->guest = false;
	*seconds = seconds_left(loop);
	loop_current = outer;
	return 0;
}
