/* SPDX-License-Identifier: MIT */
/* Making, naming and closing sockets. */
#include <errno.h>
#include <netinet/tcp.h>
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

static int listen_on(const char *text, int type, struct sockaddr_storage *address, socklen_t length)
{
	int fd = async_socket(address->ss_family, type, 0), on = 1, off = 0, error;

	/* ":80" means every address there is; without IPv6 that is IPv4's. */
	if (fd == -EAFNOSUPPORT && text[0] == ':' && address->ss_family == AF_INET6) {
		struct sockaddr_in in = { .sin_family = AF_INET };

		in.sin_port = ((struct sockaddr_in6 *)address)->sin6_port;
		memcpy(address, &in, sizeof in);
		return listen_on(text, type, address, sizeof in);
	}
	if (fd < 0)
		return fd;
	if (address->ss_family != AF_UNIX && type == SOCK_STREAM)
		async_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->ss_family == AF_INET6)
		async_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, text[0] == ':' ? &off : &on,
				 sizeof off);
	error = loop_current->backend->bind(loop_current, fd, (struct sockaddr *)address, length);
	if (!error && type == SOCK_STREAM)
		error = loop_current->backend->listen(loop_current, fd, BACKLOG);
	if (error)
		return give_up(fd, async_fail(error, "cannot listen on %s", text));
	return fd;
}

/* Called await_ because the names of a later resolver may be waited for; a numeric address never
 * suspends. */
static int listen_text(const char *text, int type, const char *caller)
{
	struct async_task *self = task_self(caller);
	struct sockaddr_storage address;
	socklen_t length;
	int error;

	if (self->cancel_error)
		return self->cancel_error;
	error = async_address_parse(text, &address, &length);
	return error ? error : listen_on(text, type, &address, length);
}

static int connect_text(const char *text, const char *caller)
{
	struct async_task *self = task_self(caller);
	struct sockaddr_storage address;
	int fd, error, on = 1;
	socklen_t length;

	if (self->cancel_error)
		return self->cancel_error;
	error = async_address_parse(text, &address, &length);
	if (error)
		return error;
	fd = async_socket(address.ss_family, SOCK_STREAM, 0);
	if (fd < 0)
		return fd;
	if (address.ss_family != AF_UNIX)
		async_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	error = await_connect(fd, (struct sockaddr *)&address, length);
	if (!error)
		return fd;
	if (!self->cancel_error)
		async_fail(error, "cannot connect to %s", text);
	return give_up(fd, error);
}

static int unix_text(const char *path, char *text, size_t size)
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

int await_tcp_connect(const char *address)
{
	return connect_text(address, "await_tcp_connect");
}

int await_unix_listen(const char *path)
{
	char text[ADDRESS_BYTES];
	int error = unix_text(path, text, sizeof text);

	return error ? error : listen_text(text, SOCK_STREAM, "await_unix_listen");
}

int await_unix_connect(const char *path)
{
	char text[ADDRESS_BYTES];
	int error = unix_text(path, text, sizeof text);

	return error ? error : connect_text(text, "await_unix_connect");
}
