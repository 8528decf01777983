/* SPDX-License-Identifier: MIT */
/* What the two halves of the epoll backend share: epoll.c, which runs operations, and
 * epoll_sweep.c, which makes sure of waits that take long. */
#ifndef BACKEND_EPOLL_H
#define BACKEND_EPOLL_H

#include <sys/epoll.h>
#include "backend/posix.h"

enum {
	EVENTS_MAX = 64, /* taken from the kernel at a time: the tasks woken still fit the caches
			    when they run */
	SWEEP_NS = 50 * 1000 * 1000,
};

/* The event that is the loop's own eventfd: descriptor 0 in a generation that does not come. */
#define WAKE_DATA ((uint64_t)UINT32_MAX << 32)

struct epoll_state {
	struct posix_state posix;
	int fd;
	bool no_pwait2;	    /* the kernel is older than 5.11: milliseconds only */
	bool new_waits;	    /* some wait has not been confirmed: a sweep is due */
	uint64_t sweep_ns;  /* when */
	uint64_t full_step; /* the step of the loop in which receives filled their buffers, */
	int64_t full_bytes; /* and how much that was */
	struct epoll_event events[EVENTS_MAX];
};

/* Make the kernel know a descriptor before anyone waits for it. -EPERM: a file that is always
 * ready. */
int epoll_register(struct epoll_state *state, int fd, struct descriptor *descriptor);

/* What the library did not make itself: is it a socket, a stream? Once per registration. 0, -EBADF.
 */
int epoll_get_to_know(int fd, struct descriptor *descriptor);

/* epoll_lend.c: the backend's `lend`. */
int64_t epoll_lend(struct async_loop *loop, struct operation *operation);

/* Confirm the waits that are old; to be called every SWEEP_NS while there are new ones. */
void epoll_sweep(struct async_loop *loop, struct epoll_state *state);

static inline void epoll_wait_begins(struct async_loop *loop, struct epoll_state *state,
				     struct descriptor *descriptor, struct operation *operation,
				     int direction)
{
	descriptor->waiting[direction] = operation;
	descriptor->flags &= ~(((uint32_t)(FD_SEEN | FD_CONFIRMED) << direction) |
			       (direction == DIRECTION_READ ? FD_DRAINED : 0));
	state->new_waits = true;
	loop->operations++;
}

/* A receive that needs no waiting lets nobody else run, and a fast peer can keep it so: after this
 * much in one step of a task the others go first. */
enum { FULL_BYTES = 512 * 1024 };
static inline void epoll_received_full(struct async_loop *loop, struct epoll_state *state,
				       int64_t size)
{
	if (state->full_step != loop->steps) {
		state->full_step = loop->steps;
		state->full_bytes = 0;
	}
	state->full_bytes += size;
	if (state->full_bytes >= FULL_BYTES)
		task_yield(loop->running);
}

static inline void epoll_wait_ends(struct async_loop *loop, struct descriptor *descriptor,
				   struct operation *operation, int64_t result)
{
	descriptor->waiting[operation->direction] = NULL;
	operation_complete(loop, operation, result);
}

#endif
