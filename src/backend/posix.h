/* SPDX-License-Identifier: MIT */
/* The sockets of the real backends: POSIX's, with the outcome as a negative errno. */
#ifndef BACKEND_POSIX_H
#define BACKEND_POSIX_H

#include "backend/descriptor.h"

/* The state of every real backend begins with this. */
struct posix_state {
	struct descriptor_table descriptors;
	int wake_fd; /* eventfd: other threads and signal handlers end a poll through it */
	bool woken;  /* something was written and not yet read: one write is enough */
};

int posix_open(struct posix_state *state);
void posix_close(struct async_loop *loop, struct posix_state *state);
void posix_wake(struct async_loop *loop);
void posix_wake_done(struct posix_state *state);

int posix_socket(struct async_loop *loop, int domain, int type, int protocol);
int posix_socketpair(struct async_loop *loop, int domain, int type, int protocol, int fds[2]);
int posix_bind(struct async_loop *loop, int fd, const struct sockaddr *address, socklen_t length);
int posix_listen(struct async_loop *loop, int fd, int backlog);
int posix_shutdown(struct async_loop *loop, int fd, int how);
int posix_getname(struct async_loop *loop, int fd, bool peer, struct sockaddr *address,
		  socklen_t *length);
int posix_setsockopt(struct async_loop *loop, int fd, int level, int name, const void *value,
		     socklen_t length);
int posix_getsockopt(struct async_loop *loop, int fd, int level, int name, void *value,
		     socklen_t *length);
int posix_try_poll(struct async_loop *loop, int fd, int events);
uint64_t posix_random(struct async_loop *loop);

#define POSIX_SOCKETS                                                                             \
	.wake = posix_wake, .socket = posix_socket, .socketpair = posix_socketpair,               \
	.bind = posix_bind, .listen = posix_listen, .shutdown = posix_shutdown,                   \
	.getname = posix_getname, .setsockopt = posix_setsockopt, .getsockopt = posix_getsockopt, \
	.try_poll = posix_try_poll, .random = posix_random

#endif
