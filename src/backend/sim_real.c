/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of the real world under simulation: files, pipes, terminals. The kernel serves them
 * at once where it can; the program really waits for one only when nothing can happen in the
 * simulation any more, so that a pipe between two tasks keeps the run repeatable, and one to
 * another process at least works.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "backend/readiness.h"
#include "backend/sim.h"

static bool is_socket(int fd)
{
	socklen_t length = sizeof(int);
	int type;

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
}

/* Room for all who wait and the eventfd. */
static int polls_grow(struct sim *sim)
{
	size_t room = sim->real_room ? sim->real_room * 2 : 16;
	struct pollfd *polls;

	if (sim->real_count + 2 <= sim->real_room)
		return 0;
	polls = realloc(sim->real_polls, room * sizeof *polls);
	if (!polls)
		return -ENOMEM;
	sim->real_polls = polls;
	sim->real_room = room;
	return 0;
}

int64_t sim_real_start(struct sim *sim, struct operation *operation)
{
	struct descriptor *descriptor = descriptor_at(&sim->posix.descriptors, operation->fd);
	int64_t result;

	if (!descriptor)
		return -ENOMEM;
	if (descriptor->waiting[operation->direction])
		return descriptor_busy(descriptor, operation);
	result = descriptor_unblock(operation->fd);
	if (!result)
		result = operation_attempt(operation, is_socket(operation->fd));
	if (result != -EAGAIN)
		return result;
	if (polls_grow(sim))
		return -ENOMEM;
	descriptor->waiting[operation->direction] = operation;
	operation->wait.queue = &sim->real;
	list_append(&sim->real, &operation->wait.link);
	sim->real_count++;
	sim->loop->operations++;
	return OPERATION_STARTED;
}

void sim_real_cancel(struct sim *sim, struct operation *operation, int error)
{
	sim->posix.descriptors.entries[operation->fd].waiting[operation->direction] = NULL;
	list_remove(&sim->real, &operation->wait.link);
	sim->real_count--;
	operation_complete(sim->loop, operation, error);
}

int sim_real_shut(struct sim *sim, int fd)
{
	if (fd >= 0 && fd < sim->posix.descriptors.count) {
		struct descriptor *descriptor = &sim->posix.descriptors.entries[fd];

		for (int direction = 0; direction < DIRECTIONS; direction++)
			if (descriptor->waiting[direction])
				sim_real_cancel(sim, descriptor->waiting[direction], -EBADF);
		descriptor->generation++;
	}
	return close(fd) ? -errno : 0;
}

static short events_of(const struct operation *operation)
{
	if (operation->code == OP_POLL)
		return (short)operation->events;
	return operation->direction == DIRECTION_READ ? POLLIN : POLLOUT;
}

/* In the order in which they began to wait. */
static bool try_again(struct sim *sim, size_t count)
{
	bool progress = false;
	size_t i = 0;

	list_for_each (&sim->real, link, following) {
		struct operation *operation = container_of(link, struct operation, wait.link);
		int64_t result;

		if (i == count)
			break; /* what completes may begin anew, behind those that were polled */
		if (!sim->real_polls[i++].revents)
			continue;
		result = operation_attempt(operation, is_socket(operation->fd));
		if (result == -EAGAIN)
			continue;
		sim_real_cancel(sim, operation, (int)result);
		progress = true;
	}
	return progress;
}

bool sim_real_poll(struct sim *sim, bool wait)
{
	size_t count = 0;

	if (polls_grow(sim))
		return false;
	list_for_each (&sim->real, link, following) {
		const struct operation *operation = container_of(link, struct operation, wait.link);

		sim->real_polls[count++] =
			(struct pollfd){ .fd = operation->fd, .events = events_of(operation) };
	}
	sim->real_polls[count] = (struct pollfd){ .fd = sim->posix.wake_fd, .events = POLLIN };
	if (poll(sim->real_polls, count + 1, wait ? -1 : 0) <= 0)
		return false;
	if (sim->real_polls[count].revents)
		posix_wake_done(&sim->posix);
	return try_again(sim, count);
}
