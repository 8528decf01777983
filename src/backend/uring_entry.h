/* SPDX-License-Identifier: MIT */
/* Operations as entries of io_uring's submission ring. */
#ifndef BACKEND_URING_ENTRY_H
#define BACKEND_URING_ENTRY_H

#include "backend/ring.h"
#include "core/backend.h"

enum { LENDING_GROUP = 1 }; /* the first ring of lent buffers: see uring.h */

/* Fill in a zeroed entry. poll_first: a receive will find nothing yet, so the kernel shall poll
 * before it tries. While operation->polling is set the entry polls the descriptor in the
 * operation's stead. */
void entry_fill(struct io_uring_sqe *entry, struct operation *operation, bool poll_first);

static inline void entry_recv(struct io_uring_sqe *entry, struct operation *operation,
			      bool poll_first)
{
	entry->opcode = IORING_OP_RECV;
	entry->ioprio = poll_first ? IORING_RECVSEND_POLL_FIRST : 0;
	entry->fd = operation->fd;
	entry->addr = (uintptr_t)operation->data;
	entry->len = operation->size > INT32_MAX ? INT32_MAX : (unsigned)operation->size;
	entry->user_data = (uintptr_t)operation;
	if (operation->lend) {
		entry->flags = IOSQE_BUFFER_SELECT;
		entry->buf_group = operation->lend;
	}
}

/* What is left of a send: the kernel itself goes on after short writes (MSG_WAITALL), except past
 * its own limits. */
static inline void entry_sendall(struct io_uring_sqe *entry, struct operation *operation)
{
	size_t left = operation->size - operation->done;

	entry->opcode = IORING_OP_SEND;
	entry->fd = operation->fd;
	entry->addr = (uintptr_t)operation->data + operation->done;
	entry->len = left > INT32_MAX ? INT32_MAX : (unsigned)left;
	entry->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
	entry->user_data = (uintptr_t)operation;
}

#endif
