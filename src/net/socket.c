/* SPDX-License-Identifier: MIT */
/* Making, naming and closing sockets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <await/net.h>
#include "core/loop.h"
#include "net/address.h"

enum { BACKLOG = 4096 };

int async_socket(int domain, int type, int protocol)
{
	struct async_loop *loop = loop_of_thread();
	int fd;

	if (!loop)
		return -ENOMEM;
	fd = loop->backend->socket(loop, domain, type, protocol);
	return fd < 0 ? async_fail(fd, "cannot make a socket") : fd;
}

int async_socketpair(int domain, int type, int protocol, int fds[2])
{
	struct async_loop *loop = loop_of_thread();
	int error = loop ? loop->backend->socketpair(loop, domain, type, protocol, fds) : -ENOMEM;

	return error ? async_fail(error, "cannot make a pair of sockets") : 0;
}

int async_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	struct async_loop *loop = loop_of_thread();
	char text[ADDRESS_BYTES];
	int error;

	if (fd < 0)
		return fd;
	error = loop ? loop->backend->bind(loop, fd, address, length) : -ENOMEM;
	return error ? async_fail(error, "cannot bind to %s",
				  async_address_format(address, length, text, sizeof text)) :
		       0;
}

int async_listen(int fd, int backlog)
{
	struct async_loop *loop = loop_of_thread();
	int error;

	if (fd < 0)
		return fd;
	error = loop ? loop->backend->listen(loop, fd, backlog) : -ENOMEM;
	return error ? async_fail(error, "cannot listen on descriptor %d", fd) : 0;
}

int async_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	struct async_loop *loop = loop_of_thread();

	if (fd < 0)
		return fd;
	return loop ? loop->backend->setsockopt(loop, fd, level, name, value, length) : -ENOMEM;
}

int async_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	struct async_loop *loop = loop_of_thread();

	if (fd < 0)
		return fd;
	return loop ? loop->backend->getsockopt(loop, fd, level, name, value, length) : -ENOMEM;
}

static int getname(int fd, bool peer, struct sockaddr *address, socklen_t *length)
{
	struct async_loop *loop = loop_of_thread();

	if (fd < 0)
		return fd;
	return loop ? loop->backend->getname(loop, fd, peer, address, length) : -ENOMEM;
}

int async_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	return getname(fd, false, address, length);
}

int async_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
	return getname(fd, true, address, length);
}

/* One buffer a thread is enough: no task can be switched to between the call and the end of the
 * expression that uses it, unless that expression awaits. */
static const char *name_text(int fd, bool peer)
{
	static __thread char text[ADDRESS_BYTES];
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	int error = getname(fd, peer, (struct sockaddr *)&address, &length);

	if (error) {
		async_fail(error, "the %s address of descriptor %d", peer ? "peer's" : "own", fd);
		return "?";
	}
	return async_address_format((struct sockaddr *)&address, length, text, sizeof text);
}

const char *async_sockname(int fd)
{
	return name_text(fd, false);
}

const char *async_peername(int fd)
{
	return name_text(fd, true);
}

int async_shutdown(int fd, int how)
{
	struct async_loop *loop = loop_of_thread();

	if (fd < 0)
		return fd;
	return loop ? loop->backend->shutdown(loop, fd, how) : -ENOMEM;
}

int async_close(int fd)
{
	struct async_loop *loop = loop_of_thread();
	int error;

	if (fd < 0)
		return fd;
	error = loop ? loop->backend->shut(loop, fd) : -ENOMEM;
	return unlikely(error) ? async_fail(error, "cannot close descriptor %d", fd) : 0;
}

/* Keep the first failure's own text and free the socket. */
static int give_up(int fd, int error)
{
	struct async_loop *loop = loop_current;

	if (fd >= 0)
		loop->backend->shut(loop, fd);
	return error;
}

static int bind_and_listen(const char *text, int type, const async_address *at, bool both)
{
	int fd = async_socket(at->address.ss_family, type, 0), on = 1, off = 0, error;

	if (fd < 0)
		return fd;
	if (at->address.ss_family != AF_UNIX && type == SOCK_STREAM)
		async_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (at->address.ss_family == AF_INET6)
		async_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? &off : &on, sizeof off);
	error = loop_current->backend->bind(loop_current, fd, (struct sockaddr *)&at->address,
					    at->length);
	if (!error && type == SOCK_STREAM)
		error = loop_current->backend->listen(loop_current, fd, BACKLOG);
	if (error)
		return give_up(fd, async_fail(error, "cannot listen on %s", text));
	return fd;
}

/* The first address that works. ":80" means every address there is, in one socket; where there is
 * no IPv6 the next one, IPv4's, takes its place. */
static int listen_text(const char *text, int type, const char *caller)
{
	struct async_task *self = task_self(caller);
	async_addresses addresses;
	int fd = -EINVAL, error;

	if (self->cancel_error)
		return self->cancel_error;
	error = listen_addresses(text, &addresses);
	if (error)
		return error;
	for (size_t i = 0; i < addresses.count; i++) {
		fd = bind_and_listen(text, type, &addresses.list[i], text[0] == ':');
		if (fd >= 0 || (text[0] == ':' && fd != -EAFNOSUPPORT))
			break;
	}
	async_addresses_free(&addresses);
	return fd;
}

int unix_text(const char *path, char *text, size_t size)
{
	if (!path)
		return async_fail(-EINVAL, "the path is NULL");
	snprintf(text, size, "%s%s", strncmp(path, "unix:", 5) ? "unix:" : "", path);
	return 0;
}

int await_tcp_listen(const char *address)
{
	return listen_text(address, SOCK_STREAM, "await_tcp_listen");
}

int await_udp_bind(const char *address)
{
	return listen_text(address, SOCK_DGRAM, "await_udp_bind");
}

int await_unix_listen(const char *path)
{
	char text[ADDRESS_BYTES];
	int error = unix_text(path, text, sizeof text);

	return error ? error : listen_text(text, SOCK_STREAM, "await_unix_listen");
}
