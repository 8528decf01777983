/* SPDX-License-Identifier: MIT */
/* Operations as system calls: see readiness.h. Sockets are never blocked on whatever their flags
 * say (MSG_DONTWAIT), and never raise SIGPIPE. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "backend/readiness.h"

static int64_t result_of(ssize_t n)
{
	if (likely(n >= 0))
		return n;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static int64_t attempt_sendall(struct operation *operation)
{
	do {
		ssize_t n = send(operation->fd, (char *)operation->data + operation->done,
				 operation->size - operation->done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (unlikely(n < 0))
			return result_of(n);
		operation->done += (size_t)n;
	} while (operation->done < operation->size);
	return (int64_t)operation->size;
}

/* The connection may have been aborted between the wake-up and the call: not the caller's problem. */
static int64_t attempt_accept(const struct operation *operation)
{
	int fd;

	do
		fd = accept4(operation->fd, operation->address, operation->length,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (fd < 0 && (errno == ECONNABORTED || errno == EPROTO));
	return result_of(fd);
}

/* First call: begin. Later ones, after the descriptor became writable: what came of it. */
static int64_t attempt_connect(struct operation *operation)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (!operation->begun) {
		if (!connect(operation->fd, operation->address, *operation->length))
			return 0;
		if (errno != EINPROGRESS && errno != EINTR && errno != EALREADY)
			return errno == EAGAIN ? -EAGAIN : -errno;
		operation->begun = true;
		return -EAGAIN;
	}
	if (getsockopt(operation->fd, SOL_SOCKET, SO_ERROR, &error, &length))
		return -errno;
	if (!error) {
		struct pollfd ready = { .fd = operation->fd, .events = POLLOUT };

		return poll(&ready, 1, 0) == 1 ? 0 : -EAGAIN;
	}
	return -error;
}

static int64_t attempt_poll(const struct operation *operation)
{
	struct pollfd ready = { .fd = operation->fd, .events = (short)operation->events };
	int n = poll(&ready, 1, 0);

	if (n < 0)
		return -errno;
	if (ready.revents & POLLNVAL)
		return -EBADF;
	return n ? ready.revents : -EAGAIN;
}

static int64_t attempt_plain(const struct operation *operation)
{
	switch (operation->code) {
	case OP_READ:
		return result_of(read(operation->fd, operation->data, operation->size));
	case OP_WRITE:
		return result_of(write(operation->fd, operation->data, operation->size));
	case OP_READV:
		return result_of(readv(operation->fd, operation->vector, operation->count));
	default:
		return result_of(writev(operation->fd, operation->vector, operation->count));
	}
}

static int64_t attempt_message(const struct operation *operation)
{
	struct msghdr message = { .msg_iov = (struct iovec *)operation->vector,
				  .msg_iovlen = (size_t)operation->count };

	switch (operation->code) {
	case OP_RECVMSG:
		return result_of(recvmsg(operation->fd, operation->message,
					 operation->message_flags | MSG_DONTWAIT));
	case OP_SENDMSG:
		return result_of(sendmsg(operation->fd, operation->message,
					 operation->message_flags | MSG_DONTWAIT | MSG_NOSIGNAL));
	case OP_READV:
		return result_of(recvmsg(operation->fd, &message, MSG_DONTWAIT));
	default:
		return result_of(sendmsg(operation->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
	}
}

static int64_t attempt_once(struct operation *operation, bool socket)
{
	switch (operation->code) {
	case OP_RECV:
		return result_of(
			recv(operation->fd, operation->data, operation->size, MSG_DONTWAIT));
	case OP_SENDALL:
		return attempt_sendall(operation);
	case OP_SEND:
		return result_of(send(operation->fd, operation->data, operation->size,
				      MSG_DONTWAIT | MSG_NOSIGNAL));
	case OP_ACCEPT:
		return attempt_accept(operation);
	case OP_CONNECT:
		return attempt_connect(operation);
	case OP_POLL:
		return attempt_poll(operation);
	case OP_READABLE:
		return 0;
	case OP_RECVMSG:
	case OP_SENDMSG:
		return attempt_message(operation);
	case OP_READ:
		if (socket)
			return result_of(recv(operation->fd, operation->data, operation->size,
					      MSG_DONTWAIT));
		return attempt_plain(operation);
	case OP_WRITE:
		if (socket)
			return result_of(send(operation->fd, operation->data, operation->size,
					      MSG_DONTWAIT | MSG_NOSIGNAL));
		return attempt_plain(operation);
	default:
		return socket ? attempt_message(operation) : attempt_plain(operation);
	}
}

int64_t operation_attempt(struct operation *operation, bool socket)
{
	int64_t result;

	do
		result = attempt_once(operation, socket);
	while (unlikely(result == -EINTR));
	return result;
}
