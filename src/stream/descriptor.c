/* SPDX-License-Identifier: MIT */
/* Streams over descriptors: sockets, which know receive and send, and pipes and devices, which know
 * read and write. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "stream/stream.h"

enum { PARTS_AT_ONCE = 64 };

/* What has come, without waiting. */
static ssize_t receive_now(struct async_stream *stream, char *buffer)
{
	struct iovec part = { buffer, LENT_BYTES };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (stream->code_read == OP_RECV)
		return await_recvmsg(stream->fd, &message, MSG_DONTWAIT);
	return -EAGAIN; /* a pipe belongs to no server that drains */
}

static ssize_t receive(struct async_stream *stream, char **data, size_t *begin, bool wait)
{
	struct async_task *self = stream->loop->running;
	struct operation *operation = &self->io;
	ssize_t n;

	*begin = 0;
	if (unlikely(self->cancel_error))
		return self->cancel_error;
	if (unlikely(!wait)) {
		*data = buffer_take(stream->loop);
		n = *data ? receive_now(stream, *data) : -ENOMEM;
		if (n <= 0 && *data)
			buffer_give(stream->loop, *data);
		return n;
	}
	operation->fd = stream->fd;
	operation->code = stream->code_read;
	operation->direction = DIRECTION_READ;
	n = stream->loop->lend(stream->loop, operation);
	*data = operation->data;
	return n;
}

static ssize_t socket_read(struct async_stream *stream, void *data, size_t size)
{
	return await_recv(stream->fd, data, size);
}

static ssize_t pipe_read(struct async_stream *stream, void *data, size_t size)
{
	return await_read(stream->fd, data, size);
}

/* Several parts: some at a time, advancing through a copy of their vector. */
static int write_vector(struct async_stream *stream, const struct iovec *parts, int count,
			size_t *done)
{
	struct iovec left[PARTS_AT_ONCE];
	int filled = 0, first = 0;

	for (;;) {
		struct msghdr message = { .msg_iov = left };
		ssize_t n;

		if (!filled) {
			filled = count < PARTS_AT_ONCE ? count : PARTS_AT_ONCE;
			memcpy(left, parts, (size_t)filled * sizeof *parts);
			parts += filled;
			count -= filled;
			first = 0;
		}
		while (filled && !left[first].iov_len) {
			first++;
			filled--;
		}
		if (!filled && !count)
			return 0;
		if (!filled)
			continue;
		message.msg_iov = left + first;
		message.msg_iovlen = (size_t)filled;
		n = stream->code_write == OP_SEND ? await_sendmsg(stream->fd, &message, 0) :
						    await_writev(stream->fd, left + first, filled);
		if (n < 0)
			return (int)n;
		*done += (size_t)n;
		for (size_t gone = (size_t)n; gone;) {
			size_t take = gone < left[first].iov_len ? gone : left[first].iov_len;

			left[first].iov_base = (char *)left[first].iov_base + take;
			left[first].iov_len -= take;
			gone -= take;
			if (!left[first].iov_len) {
				first++;
				filled--;
			}
		}
	}
}

static int socket_write(struct async_stream *stream, const struct iovec *parts, int count,
			size_t *done)
{
	struct async_task *self = stream->loop->running;
	ssize_t n;

	if (unlikely(count != 1))
		return write_vector(stream, parts, count, done);
	if (unlikely(self->cancel_error))
		return self->cancel_error;
	n = await_sendall(stream->fd, parts->iov_base, parts->iov_len);
	*done = likely(n >= 0) ? (size_t)n : self->io.done;
	return n < 0 ? (int)n : 0;
}

static void sent(struct operation *operation, int64_t result)
{
	struct sender *sender = container_of(operation, struct sender, operation);

	if (sender->stream)
		stream_sent(sender->stream, result);
	else
		sender_ended(sender);
}

static int64_t send_first(struct async_stream *stream)
{
	const struct chunk *chunk = stream->output.chunks.first;
	struct operation *operation = &stream->output.sender->operation;

	*operation = (struct operation){ .completed = sent,
					 .code = stream->code_write,
					 .direction = DIRECTION_WRITE,
					 .fd = stream->fd };
	operation->data = (char *)chunk->data + chunk->begin;
	operation->size = chunk->end - chunk->begin;
	return stream->loop->backend->start(stream->loop, operation);
}

static int socket_end(struct async_stream *stream)
{
	int error = async_shutdown(stream->fd, SHUT_WR);

	return error ? async_fail(error, "ending the stream on descriptor %d", stream->fd) : 0;
}

static int pipe_end(struct async_stream *stream)
{
	int flags = fcntl(stream->fd, F_GETFL), fd = stream->fd;

	if (flags < 0 || (flags & O_ACCMODE) != O_WRONLY)
		return async_fail(-EOPNOTSUPP,
				  "descriptor %d is open for reading too: one direction alone"
				  " cannot be ended",
				  fd);
	stream->fd = -1;
	return async_close(fd);
}

static void descriptor_close(struct async_stream *stream, bool abort)
{
	static const struct linger at_once = { 1, 0 };
	int fd = stream->fd;

	if (fd < 0)
		return;
	stream->fd = -1;
	if (abort && stream->code_write == OP_SEND)
		async_setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	async_close(fd);
}

static int socket_address(struct async_stream *stream, bool peer, struct sockaddr *address,
			  socklen_t *length)
{
	return peer ? async_getpeername(stream->fd, address, length) :
		      async_getsockname(stream->fd, address, length);
}

const struct transport transport_socket = {
	.name = "socket",
	.receive = receive,
	.read = socket_read,
	.write = socket_write,
	.send = send_first,
	.end = socket_end,
	.close = descriptor_close,
	.address = socket_address,
};

const struct transport transport_pipe = {
	.name = "pipe",
	.receive = receive,
	.read = pipe_read,
	.write = write_vector,
	.send = send_first,
	.end = pipe_end,
	.close = descriptor_close,
};
