/* SPDX-License-Identifier: MIT */
/* What the kernel knows of our descriptors: telling it once, and asking it again when a wait takes
 * long. Why that is needed stands at the top of epoll.c. */
#include <errno.h>
#include "backend/epoll.h"

static struct epoll_event event_of(int fd, const struct descriptor *descriptor)
{
	return (struct epoll_event){
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u64 = (uint64_t)descriptor->generation << 32 | (uint32_t)fd,
	};
}

int epoll_get_to_know(int fd, struct descriptor *descriptor)
{
	socklen_t length = sizeof(int);
	int type;

	if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length))
		descriptor->flags |= FD_SOCKET | (type == SOCK_STREAM ? FD_STREAM : 0);
	else if (errno == EBADF)
		return -EBADF;
	return 0;
}

/* The kernel must know the descriptor before anyone waits for it. -EPERM: a file that is always
 * ready. */
int epoll_register(struct epoll_state *state, int fd, struct descriptor *descriptor)
{
	struct epoll_event event = event_of(fd, descriptor);

	if (epoll_ctl(state->fd, EPOLL_CTL_ADD, fd, &event) &&
	    (errno != EEXIST || epoll_ctl(state->fd, EPOLL_CTL_MOD, fd, &event)))
		return -errno;
	descriptor->flags |= FD_REGISTERED;
	return 0;
}

/* Ask the kernel about one wait: see the top of epoll.c. */
static void confirm(struct async_loop *loop, struct epoll_state *state,
		    struct descriptor *descriptor, struct operation *operation)
{
	struct epoll_event event = event_of(operation->fd, descriptor);

	descriptor->flags &= ~(uint32_t)FD_DRAINED;
	descriptor->flags |= (uint32_t)FD_CONFIRMED << operation->direction;
	if (!epoll_ctl(state->fd, EPOLL_CTL_MOD, operation->fd, &event))
		return;
	if (errno != ENOENT || epoll_register(state, operation->fd, descriptor))
		epoll_wait_ends(loop, descriptor, operation, -errno);
}

/* Look at all waits: one that was there at the last sweep is old. */
void epoll_sweep(struct async_loop *loop, struct epoll_state *state)
{
	state->new_waits = false;
	for (int fd = 0; fd < state->posix.descriptors.count; fd++) {
		for (int direction = 0; direction < DIRECTIONS; direction++) {
			struct descriptor *descriptor = &state->posix.descriptors.entries[fd];

			if (!descriptor->waiting[direction] ||
			    descriptor->flags & (uint32_t)FD_CONFIRMED << direction)
				continue;
			if (descriptor->flags & (uint32_t)FD_SEEN << direction) {
				confirm(loop, state, descriptor, descriptor->waiting[direction]);
			} else {
				descriptor->flags |= (uint32_t)FD_SEEN << direction;
				state->new_waits = true;
			}
		}
	}
}
