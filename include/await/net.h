/* SPDX-License-Identifier: MIT */
/*
 * Sockets and descriptors, with the names and the order of arguments of POSIX. Descriptors are
 * plain numbers. A blocking descriptor is made non-blocking by the library. One task reads and one
 * writes at a time: a second is refused with -EBUSY. A call given a negative descriptor returns it.
 * SIGPIPE never happens on sockets (the first await_sendfile makes the process ignore it, unless it
 * is handled). A cancelled call consumed nothing, unless it says so.
 */
#ifndef AWAIT_NET_H
#define AWAIT_NET_H

#include <poll.h>
#include <sys/uio.h>
#include <await/address.h>
#include <await/connect.h>

ASYNC_BEGIN_DECLS

/* A listening TCP or unix stream socket: SO_REUSEADDR, close-on-exec, a backlog of 4096 (lowered by
 * net.core.somaxconn). ":80" is every interface, IPv6 and IPv4; a name is the first of its
 * addresses that can be bound. The descriptor is the caller's: async_close. -EINVAL, -EADDRINUSE,
 * -EACCES, -EMFILE; for a name those of await_resolve. */
ASYNC_API int await_tcp_listen(const char *address);
ASYNC_API int await_unix_listen(const char *path);
/* A UDP socket bound to an address or name; ":0" for any port. */
ASYNC_API int await_udp_bind(const char *address);

/* socket(2): non-blocking, close-on-exec; belongs to the running loop's network (virtual in
 * simulation). */
ASYNC_API int async_socket(int domain, int type, int protocol);
ASYNC_API int async_bind(int fd, const struct sockaddr *address, socklen_t length);
ASYNC_API int async_listen(int fd, int backlog);
ASYNC_API int async_socketpair(int domain, int type, int protocol, int fds[2]);
ASYNC_API int async_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
ASYNC_API int async_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
ASYNC_API int async_getsockname(int fd, struct sockaddr *address, socklen_t *length);
ASYNC_API int async_getpeername(int fd, struct sockaddr *address, socklen_t *length);
/* The same as text: "127.0.0.1:25000", or "?" (async_error tells why). Valid until the thread's
 * next call of either. */
ASYNC_API const char *async_sockname(int fd);
ASYNC_API const char *async_peername(int fd);
ASYNC_API int async_shutdown(int fd, int how);

/* close(2). Tasks that wait on the descriptor wake with -EBADF. A negative descriptor is returned
 * as it is. */
ASYNC_API int async_close(int fd);

/* accept(2): the new descriptor is non-blocking and close-on-exec. await_accept_from also tells the
 * peer's address. A connection that was aborted meanwhile is passed over. -EMFILE, -ENFILE: no
 * descriptor left, the connection stays in the backlog. */
ASYNC_API int await_accept(int fd);
ASYNC_API int await_accept_from(int fd, struct sockaddr *address, socklen_t *length);
/* connect(2): 0, or the error the attempt ended with. */
ASYNC_API int await_connect(int fd, const struct sockaddr *address, socklen_t length);

/* recv(2): at least 1 byte, at most `size`; 0: the peer closed its side. */
ASYNC_API ssize_t await_recv(int fd, void *data, size_t size);
/* send(2): at least 1 byte, possibly less than `size`. */
ASYNC_API ssize_t await_send(int fd, const void *data, size_t size);
/* Until every byte was handed to the kernel; returns `size`. After a failure or a cancel an unknown
 * part of the data was sent. */
ASYNC_API ssize_t await_sendall(int fd, const void *data, size_t size);
/* One datagram with its address; flags as recvfrom(2) and sendto(2). */
ASYNC_API ssize_t await_recvfrom(int fd, void *data, size_t size, int flags,
				 struct sockaddr *address, socklen_t *length);
ASYNC_API ssize_t await_sendto(int fd, const void *data, size_t size, int flags,
			       const struct sockaddr *address, socklen_t length);
ASYNC_API ssize_t await_recvmsg(int fd, struct msghdr *message, int flags);
ASYNC_API ssize_t await_sendmsg(int fd, const struct msghdr *message, int flags);

/* read(2), write(2) and their vectored forms, for pipes, terminals, eventfds, sockets. A regular
 * file is always ready: the call then takes as long as the disk. SIGPIPE follows the process's
 * setting. */
ASYNC_API ssize_t await_read(int fd, void *data, size_t size);
ASYNC_API ssize_t await_write(int fd, const void *data, size_t size);
ASYNC_API ssize_t await_readv(int fd, const struct iovec *vector, int count);
ASYNC_API ssize_t await_writev(int fd, const struct iovec *vector, int count);

/* Wait until one of `events` (POLLIN, POLLOUT) holds; returns those that do, with POLLERR and
 * POLLHUP. */
ASYNC_API int await_poll(int fd, int events);
/* The same without waiting, as poll(2): 0 when none holds. -EBADF. */
ASYNC_API int async_try_poll(int fd, int events);

/*
 * Send `count` bytes of a file (0: up to its end) from `offset` through a stream socket with
 * sendfile(2); bytes sent, possibly fewer at the end of the file. Where the kernel refuses the
 * file, the data is copied. *offset (may be NULL: the file's own position) ends after what was
 * sent, also on failure.
 */
ASYNC_API ssize_t await_sendfile(int fd, int file, off_t *offset, size_t count);

ASYNC_END_DECLS

#endif
