/* SPDX-License-Identifier: MIT */
/* POSIX sockets for the real backends: see posix.h. */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>
#include "backend/posix.h"

int posix_open(struct posix_state *state)
{
	state->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return state->wake_fd < 0 ? async_fail(-errno, "cannot make the loop's eventfd") : 0;
}

void posix_close(struct async_loop *loop, struct posix_state *state)
{
	descriptors_tell_open(loop, &state->descriptors);
	close(state->wake_fd);
	descriptors_term(&state->descriptors);
}

void posix_wake(struct async_loop *loop)
{
	struct posix_state *state = loop->backend_state;

	if (!__atomic_exchange_n(&state->woken, true, __ATOMIC_SEQ_CST))
		while (write(state->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0 &&
		       errno == EINTR)
			continue;
}

void posix_wake_done(struct posix_state *state)
{
	uint64_t count;

	while (read(state->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
		continue;
	__atomic_store_n(&state->woken, false, __ATOMIC_SEQ_CST);
}

static struct descriptor_table *descriptors(struct async_loop *loop)
{
	return &((struct posix_state *)loop->backend_state)->descriptors;
}

static uint32_t flags_of(int type)
{
	return FD_SOCKET |
	       ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM ? FD_STREAM : 0);
}

int posix_socket(struct async_loop *loop, int domain, int type, int protocol)
{
	int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	descriptor_born(descriptors(loop), fd, flags_of(type));
	return fd;
}

int posix_socketpair(struct async_loop *loop, int domain, int type, int protocol, int fds[2])
{
	if (socketpair(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol, fds))
		return -errno;
	descriptor_born(descriptors(loop), fds[0], flags_of(type));
	descriptor_born(descriptors(loop), fds[1], flags_of(type));
	return 0;
}

int posix_bind(struct async_loop *loop, int fd, const struct sockaddr *address, socklen_t length)
{
	(void)loop;
	return bind(fd, address, length) ? -errno : 0;
}

int posix_listen(struct async_loop *loop, int fd, int backlog)
{
	(void)loop;
	return listen(fd, backlog) ? -errno : 0;
}

int posix_shutdown(struct async_loop *loop, int fd, int how)
{
	(void)loop;
	return shutdown(fd, how) ? -errno : 0;
}

int posix_getname(struct async_loop *loop, int fd, bool peer, struct sockaddr *address,
		  socklen_t *length)
{
	(void)loop;
	return (peer ? getpeername(fd, address, length) : getsockname(fd, address, length)) ?
		       -errno :
		       0;
}

int posix_setsockopt(struct async_loop *loop, int fd, int level, int name, const void *value,
		     socklen_t length)
{
	(void)loop;
	return setsockopt(fd, level, name, value, length) ? -errno : 0;
}

int posix_getsockopt(struct async_loop *loop, int fd, int level, int name, void *value,
		     socklen_t *length)
{
	(void)loop;
	return getsockopt(fd, level, name, value, length) ? -errno : 0;
}

int posix_try_poll(struct async_loop *loop, int fd, int events)
{
	struct pollfd look = { .fd = fd, .events = (short)events };

	(void)loop;
	while (poll(&look, 1, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return look.revents & POLLNVAL ? -EBADF : look.revents;
}

uint64_t posix_random(struct async_loop *loop)
{
	uint64_t number = 0;

	(void)loop;
	if (getrandom(&number, sizeof number, 0) != sizeof number)
		number = loop_clock(loop) * 0x9e3779b97f4a7c15;
	return number;
}
