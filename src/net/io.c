/* SPDX-License-Identifier: MIT */
/*
 * The calls that move data. Each fills in the calling task's operation and hands it to the backend;
 * the task is suspended only if there is no result at once.
 */
#include <errno.h>
#include <await/net.h>
#include "core/loop.h"

/* Why a call does not even begin: a cancel, or a failed descriptor. */
__attribute__((cold, noinline)) static int refuse(const struct async_task *self, int fd)
{
	return self->cancel_error ? self->cancel_error : fd;
}

/* Both are negative or not: one test finds either. */
static inline bool refused(const struct async_task *self, int fd)
{
	return unlikely((self->cancel_error | fd) < 0);
}

/* The calling task's operation, or NULL with *result set when the call does not even begin. */
static struct operation *begin(int fd, uint8_t code, uint8_t direction, int64_t *result)
{
	struct async_task *self = task_self("an await_ call of <await/net.h>");

	if (refused(self, fd)) {
		*result = refuse(self, fd);
		return NULL;
	}
	self->io.fd = fd;
	self->io.code = code;
	self->io.direction = direction;
	return &self->io;
}

static int64_t run(struct operation *operation)
{
	return operation_run(operation->wait.task, operation);
}

/*
 * The two calls that servers live on have no stack frame of their own: everything that would need
 * one is a call in tail position. That is what the first of these is for.
 */
__attribute__((cold, noinline)) static ssize_t recv_without_loop(int fd, void *data, size_t size)
{
	task_self_slow("await_recv");
	return await_recv(fd, data, size);
}

ssize_t await_recv(int fd, void *data, size_t size)
{
	struct async_task *self = task_running();
	struct operation *operation = &self->io;

	if (unlikely(!self))
		return recv_without_loop(fd, data, size);
	if (refused(self, fd))
		return refuse(self, fd);
	operation->fd = fd;
	operation->code = OP_RECV;
	operation->direction = DIRECTION_READ;
	operation->data = data;
	operation->size = size;
	return self->loop->recv(self->loop, operation);
}

__attribute__((cold, noinline)) static ssize_t sendall_without_loop(int fd, const void *data,
								    size_t size)
{
	task_self_slow("await_sendall");
	return await_sendall(fd, data, size);
}

/* The descriptor and the data go into the operation as they are: most answers fit into the socket's
 * buffer, and then nothing more is done with it. */
ssize_t await_sendall(int fd, const void *data, size_t size)
{
	struct async_task *self = task_running();

	if (unlikely(!self))
		return sendall_without_loop(fd, data, size);
	if (refused(self, fd))
		return refuse(self, fd);
	self->io.fd = fd;
	self->io.data = (void *)data;
	self->io.size = size;
	self->io.done = 0;
	return self->loop->sendall(self->loop, &self->io);
}

ssize_t await_send(int fd, const void *data, size_t size)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_SEND, DIRECTION_WRITE, &result);

	if (unlikely(!operation))
		return result;
	operation->data = (void *)data;
	operation->size = size;
	return run(operation);
}

ssize_t await_recvmsg(int fd, struct msghdr *message, int flags)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_RECVMSG, DIRECTION_READ, &result);

	if (unlikely(!operation))
		return result;
	operation->message = message;
	operation->message_flags = flags;
	return run(operation);
}

ssize_t await_sendmsg(int fd, const struct msghdr *message, int flags)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_SENDMSG, DIRECTION_WRITE, &result);

	if (unlikely(!operation))
		return result;
	operation->message = (struct msghdr *)message;
	operation->message_flags = flags;
	return run(operation);
}

ssize_t await_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address,
		       socklen_t *length)
{
	struct iovec part = { data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = address };
	ssize_t result;

	message.msg_namelen = address && length ? *length : 0;
	result = await_recvmsg(fd, &message, flags);
	if (result >= 0 && length)
		*length = message.msg_namelen;
	return result;
}

ssize_t await_sendto(int fd, const void *data, size_t size, int flags,
		     const struct sockaddr *address, socklen_t length)
{
	struct iovec part = { (void *)data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = (void *)address };

	message.msg_namelen = address ? length : 0;
	return await_sendmsg(fd, &message, flags);
}

ssize_t await_read(int fd, void *data, size_t size)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_READ, DIRECTION_READ, &result);

	if (unlikely(!operation))
		return result;
	operation->data = data;
	operation->size = size;
	return run(operation);
}

ssize_t await_write(int fd, const void *data, size_t size)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_WRITE, DIRECTION_WRITE, &result);

	if (unlikely(!operation))
		return result;
	operation->data = (void *)data;
	operation->size = size;
	return run(operation);
}

ssize_t await_readv(int fd, const struct iovec *vector, int count)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_READV, DIRECTION_READ, &result);

	if (unlikely(!operation))
		return result;
	operation->vector = vector;
	operation->count = count;
	return run(operation);
}

ssize_t await_writev(int fd, const struct iovec *vector, int count)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_WRITEV, DIRECTION_WRITE, &result);

	if (unlikely(!operation))
		return result;
	operation->vector = vector;
	operation->count = count;
	return run(operation);
}

int await_poll(int fd, int events)
{
	int64_t result;
	struct operation *operation =
		begin(fd, OP_POLL, events & POLLOUT ? DIRECTION_WRITE : DIRECTION_READ, &result);

	if (unlikely(!operation))
		return (int)result;
	operation->events = events;
	return (int)run(operation);
}

int async_try_poll(int fd, int events)
{
	struct async_loop *loop = loop_of_thread();

	if (fd < 0)
		return fd;
	return loop ? loop->backend->try_poll(loop, fd, events) : -ENOMEM;
}

int await_accept_from(int fd, struct sockaddr *address, socklen_t *length)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_ACCEPT, DIRECTION_READ, &result);

	if (unlikely(!operation))
		return (int)result;
	operation->address = address;
	operation->length = length;
	return (int)run(operation);
}

int await_accept(int fd)
{
	return await_accept_from(fd, NULL, NULL);
}

int await_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int64_t result;
	struct operation *operation = begin(fd, OP_CONNECT, DIRECTION_WRITE, &result);

	if (unlikely(!operation))
		return (int)result;
	operation->address = (struct sockaddr *)address;
	operation->length = &length;
	return (int)run(operation);
}
