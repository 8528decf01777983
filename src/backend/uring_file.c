/* SPDX-License-Identifier: MIT */
/*
 * Requests to files in the ring. They have no place in the table of descriptors, where one may wait
 * per direction, so their completions are told from operations' by a bit of the user data.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backend/uring_file.h"

/* By code: what does it, from which the kernel is asked; 0: nothing (NOP is no file's). */
static const uint8_t opcodes[FILE_CODES] = {
	[FILE_OPEN] = IORING_OP_OPENAT,	    [FILE_READ] = IORING_OP_READ,
	[FILE_WRITE] = IORING_OP_WRITE,	    [FILE_SYNC] = IORING_OP_FSYNC,
	[FILE_STATX] = IORING_OP_STATX,	    [FILE_RENAME] = IORING_OP_RENAMEAT,
	[FILE_UNLINK] = IORING_OP_UNLINKAT, [FILE_MKDIR] = IORING_OP_MKDIRAT,
};

static void ask_kernel(struct ring *ring)
{
	enum { OPS = 64 };
	struct io_uring_probe *probe =
		calloc(1, sizeof *probe + OPS * sizeof(struct io_uring_probe_op));
	long error = probe ? syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PROBE, probe,
				     OPS) :
			     -1;

	ring->asked = true;
	for (int code = 0; code < FILE_CODES; code++) {
		uint8_t opcode = opcodes[code];

		if (!error && opcode && opcode <= probe->last_op &&
		    probe->ops[opcode].flags & IO_URING_OP_SUPPORTED)
			ring->file_codes |= 1U << code;
	}
	free(probe);
}

static void fill(struct io_uring_sqe *entry, const struct file_request *request)
{
	entry->opcode = opcodes[request->code];
	entry->fd = request->fd;
	entry->addr = (uintptr_t)request->path;
	switch (request->code) {
	case FILE_OPEN:
		entry->len = request->mode;
		entry->open_flags = (unsigned)request->flags;
		break;
	case FILE_READ:
	case FILE_WRITE:
		entry->addr = (uintptr_t)request->data;
		entry->len = request->size > INT32_MAX ? INT32_MAX : (unsigned)request->size;
		entry->off = (uint64_t)request->offset;
		break;
	case FILE_SYNC:
		entry->addr = 0;
		entry->fsync_flags = request->flags ? IORING_FSYNC_DATASYNC : 0;
		break;
	case FILE_STATX:
		entry->len = request->mask;
		entry->off = (uintptr_t)request->statx;
		entry->statx_flags = (unsigned)request->flags;
		break;
	case FILE_RENAME:
		entry->len = (unsigned)AT_FDCWD;
		entry->off = (uintptr_t)request->target;
		break;
	case FILE_UNLINK:
		entry->unlink_flags = (unsigned)request->flags;
		break;
	default:
		entry->len = request->mode;
		break;
	}
}

/* Asked each time: the number may be another file's since, and a wrong guess would lose data. */
bool file_moves_position(int fd, bool writing)
{
	struct stat status;

	if (fstat(fd, &status) || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)))
		return false;
	return !writing || (fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) != (O_WRONLY | O_APPEND);
}

static bool is_plain_move(const struct file_request *request)
{
	return (request->code == FILE_READ || request->code == FILE_WRITE) && request->offset < 0;
}

int uring_file(struct async_loop *loop, struct file_request *request)
{
	struct ring *ring = uring_ring(loop);
	struct io_uring_sqe *entry;

	if (is_plain_move(request) && file_moves_position(request->fd, request->code == FILE_WRITE))
		return -EOPNOTSUPP;
	if (unlikely(!ring->asked))
		ask_kernel(ring);
	if (!(ring->file_codes >> request->code & 1))
		return -EOPNOTSUPP;
	entry = ring_entry(ring);
	if (unlikely(!entry))
		return -EOPNOTSUPP;
	fill(entry, request);
	entry->user_data = (uintptr_t)request | URING_FILE;
	return 0;
}

/* Best effort: what a thread of the kernel has begun it finishes. */
void uring_file_cancel(struct async_loop *loop, struct file_request *request)
{
	struct ring *ring = uring_ring(loop);
	struct io_uring_sqe *entry = ring_entry(ring);

	if (!entry)
		return;
	entry->opcode = IORING_OP_ASYNC_CANCEL;
	entry->addr = (uintptr_t)request | URING_FILE;
}

void uring_file_complete(uint64_t user_data, int result)
{
	struct file_request *request =
		(struct file_request *)(uintptr_t)(user_data & ~(uint64_t)URING_FILE);

	wait_trigger(&request->wait, result);
}
