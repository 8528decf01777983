/* SPDX-License-Identifier: MIT */
/* Operations as submission entries: see uring_entry.h. */
#include <poll.h>
#include "backend/uring_entry.h"

static void fill_poll(struct io_uring_sqe *entry, int events)
{
	entry->opcode = IORING_OP_POLL_ADD;
	entry->poll32_events = (unsigned)events;
}

static void fill_data(struct io_uring_sqe *entry, uint8_t opcode, const struct operation *operation,
		      unsigned flags)
{
	entry->opcode = opcode;
	entry->addr = (uintptr_t)operation->data;
	entry->len = operation->size > INT32_MAX ? INT32_MAX : (unsigned)operation->size;
	entry->msg_flags = flags;
}

static void fill_vector(struct io_uring_sqe *entry, uint8_t opcode,
			const struct operation *operation)
{
	entry->opcode = opcode;
	entry->addr = (uintptr_t)operation->vector;
	entry->len = (unsigned)operation->count;
	entry->off = (uint64_t)-1; /* at the file's own position */
}

static void fill_message(struct io_uring_sqe *entry, uint8_t opcode,
			 const struct operation *operation, int flags)
{
	entry->opcode = opcode;
	entry->addr = (uintptr_t)operation->message;
	entry->len = 1;
	entry->msg_flags = (unsigned)(operation->message_flags | flags);
}

void entry_fill(struct io_uring_sqe *entry, struct operation *operation, bool poll_first)
{
	entry->fd = operation->fd;
	entry->user_data = (uintptr_t)operation;
	if (unlikely(operation->polling)) {
		fill_poll(entry, operation->direction == DIRECTION_READ ? POLLIN : POLLOUT);
		return;
	}
	switch (operation->code) {
	case OP_RECV:
		entry_recv(entry, operation, poll_first);
		break;
	case OP_SENDALL:
		entry_sendall(entry, operation);
		break;
	case OP_SEND:
		fill_data(entry, IORING_OP_SEND, operation, MSG_NOSIGNAL);
		break;
	case OP_RECVMSG:
		fill_message(entry, IORING_OP_RECVMSG, operation, 0);
		break;
	case OP_SENDMSG:
		fill_message(entry, IORING_OP_SENDMSG, operation, MSG_NOSIGNAL);
		break;
	case OP_CONNECT:
		entry->opcode = IORING_OP_CONNECT;
		entry->addr = (uintptr_t)operation->address;
		entry->off = *operation->length;
		break;
	case OP_READ:
		fill_data(entry, IORING_OP_READ, operation, 0);
		entry->off = (uint64_t)-1;
		break;
	case OP_WRITE:
		fill_data(entry, IORING_OP_WRITE, operation, 0);
		entry->off = (uint64_t)-1;
		break;
	case OP_READV:
		fill_vector(entry, IORING_OP_READV, operation);
		break;
	case OP_WRITEV:
		fill_vector(entry, IORING_OP_WRITEV, operation);
		break;
	default:
		fill_poll(entry, operation->code == OP_POLL ? operation->events : POLLIN);
		break;
	}
}
