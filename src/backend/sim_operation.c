/* SPDX-License-Identifier: MIT */
/* Operations on simulated sockets: an attempt whenever something about the socket has changed,
 * until one succeeds. */
#include <errno.h>
#include <string.h>
#include "backend/sim.h"

static void trace_result(struct async_loop *loop, const struct operation *operation, int64_t result)
{
	sim_trace(loop, SIM_TRACE_CALL, (uint64_t)operation->code << 32 | (uint32_t)operation->fd);
	sim_trace(loop, SIM_TRACE_RESULT, (uint64_t)result);
}

void sim_copy_out(const struct sim_transfer *transfer, size_t at, const char *data, size_t size)
{
	for (size_t i = 0; i < transfer->count && size; i++) {
		size_t n = transfer->parts[i].iov_len;

		if (at >= n) {
			at -= n;
			continue;
		}
		n = n - at < size ? n - at : size;
		memcpy((char *)transfer->parts[i].iov_base + at, data, n);
		data += n;
		size -= n;
		at = 0;
	}
}

void sim_copy_in(const struct sim_transfer *transfer, size_t at, char *data, size_t size)
{
	for (size_t i = 0; i < transfer->count && size; i++) {
		size_t n = transfer->parts[i].iov_len;

		if (at >= n) {
			at -= n;
			continue;
		}
		n = n - at < size ? n - at : size;
		memcpy(data, (const char *)transfer->parts[i].iov_base + at, n);
		data += n;
		size -= n;
		at = 0;
	}
}

static void transfer_of(const struct operation *operation, struct sim_transfer *transfer)
{
	*transfer = (struct sim_transfer){ .parts = &transfer->one, .count = 1 };
	switch (operation->code) {
	case OP_RECVMSG:
	case OP_SENDMSG:
		transfer->message = operation->message;
		transfer->parts = operation->message->msg_iov;
		transfer->count = operation->message->msg_iovlen;
		transfer->flags = operation->message_flags;
		break;
	case OP_READV:
	case OP_WRITEV:
		transfer->parts = operation->vector;
		transfer->count = (size_t)operation->count;
		break;
	default:
		transfer->one = (struct iovec){ operation->data, operation->size };
		transfer->all = operation->code == OP_SENDALL;
		break;
	}
	for (size_t i = 0; i < transfer->count; i++)
		transfer->size += transfer->parts[i].iov_len;
}

static int64_t attempt_transfer(struct sim *sim, struct sim_socket *socket,
				struct operation *operation)
{
	bool stream = socket->type == SOCK_STREAM, read = operation->direction == DIRECTION_READ;
	struct sim_transfer transfer;
	size_t once = 0;

	transfer_of(operation, &transfer);
	if (transfer.message && !read && transfer.message->msg_controllen)
		return -EOPNOTSUPP;
	if (transfer.message && read) {
		transfer.message->msg_flags = 0;
		transfer.message->msg_controllen = 0;
		if (stream)
			transfer.message->msg_namelen = 0;
	}
	if (!stream)
		return read ? sim_datagram_read(sim, socket, &transfer) :
			      sim_datagram_write(sim, socket, &transfer);
	if (read)
		return sim_stream_read(sim, socket, &transfer);
	return sim_stream_write(sim, socket, &transfer, transfer.all ? &operation->done : &once);
}

static int64_t attempt_poll(const struct sim *sim, const struct sim_socket *socket, int wanted)
{
	int ready = 0;

	if (socket->state == SIM_LISTENING)
		ready = socket->backlog.first ? POLLIN : 0;
	else if (socket->type == SOCK_STREAM)
		ready = sim_stream_ready(sim, socket);
	else
		ready = POLLOUT | (socket->received || socket->read_shut ? POLLIN : 0) |
			(socket->error ? POLLERR | POLLIN : 0);
	ready &= wanted | POLLERR | POLLHUP;
	return ready ? ready : -EAGAIN;
}

int64_t sim_attempt(struct sim *sim, struct sim_socket *socket, struct operation *operation)
{
	switch (operation->code) {
	case OP_ACCEPT:
		return sim_accept(sim, socket, operation);
	case OP_CONNECT:
		return sim_connect(sim, socket, operation);
	case OP_POLL:
		return attempt_poll(sim, socket, operation->events);
	default:
		return attempt_transfer(sim, socket, operation);
	}
}

/* The operation is out of its slot meanwhile: what it does may lead back here. */
void sim_kick(struct sim *sim, struct sim_socket *socket)
{
	for (int direction = 0; direction < DIRECTIONS; direction++) {
		struct operation *operation = socket->descriptor.waiting[direction];
		int64_t result;

		if (!operation)
			continue;
		socket->descriptor.waiting[direction] = NULL;
		result = sim_attempt(sim, socket, operation);
		if (result == -EAGAIN) {
			socket->descriptor.waiting[direction] = operation;
			continue;
		}
		trace_result(sim->loop, operation, result);
		operation_complete(sim->loop, operation, result);
	}
}

/* The faults that strike a call as it begins. */
static bool is_struck(struct sim *sim, const struct sim_socket *socket,
		      const struct operation *operation)
{
	return socket->out && !socket->broken && socket->state == SIM_CONNECTED &&
	       operation->code != OP_POLL && operation->code != OP_CONNECT &&
	       sim_chance(sim, sim->world.reset);
}

int sim_try_poll(struct async_loop *loop, int fd, int events)
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *socket = sim_socket_at(sim, fd);
	int ready;

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_try_poll(loop, fd, events) : -EBADF;
	ready = attempt_poll(sim, socket, events);
	return ready == -EAGAIN ? 0 : ready;
}

int64_t sim_start(struct async_loop *loop, struct operation *operation)
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *socket = sim_socket_at(sim, operation->fd);
	int64_t result;

	if (!socket)
		return operation->fd < SIM_FIRST_FD ? sim_real_start(sim, operation) : -EBADF;
	if (socket->descriptor.waiting[operation->direction])
		return descriptor_busy(&socket->descriptor, operation);
	if (is_struck(sim, socket, operation))
		result = sim_stream_reset(sim, socket);
	else
		result = sim_attempt(sim, socket, operation);
	if (result == -EAGAIN && operation_may_wait(operation)) {
		socket->descriptor.waiting[operation->direction] = operation;
		loop->operations++;
		return OPERATION_STARTED;
	}
	trace_result(loop, operation, result);
	return result;
}

void sim_cancel(struct async_loop *loop, struct operation *operation, int error)
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *socket = sim_socket_at(sim, operation->fd);

	if (!socket) {
		sim_real_cancel(sim, operation, error);
		return;
	}
	socket->descriptor.waiting[operation->direction] = NULL;
	if (socket->type == SOCK_DGRAM && operation->direction == DIRECTION_WRITE)
		sim_queue_leave(socket);
	trace_result(loop, operation, error);
	operation_complete(loop, operation, error);
}
