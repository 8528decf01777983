/* SPDX-License-Identifier: MIT */
/* Requests to files in the ring. */
#ifndef BACKEND_URING_FILE_H
#define BACKEND_URING_FILE_H

#include "backend/ring.h"
#include "core/file.h"
#include "core/loop.h"

/* The bit of a completion's user data that says: a file's, not an operation's. */
enum { URING_FILE = 2 };

/* uring.c: the loop's ring. */
struct ring *uring_ring(struct async_loop *loop);

/*
 * Whether a call without an offset moves the file's own position, and so is not for the ring. The
 * ring takes the position without its lock, and does not move it when a transfer is cut short:
 * after a full disk or a limit the next write would go over the last one, and report success (seen
 * up to Linux 6.18). Pipes, sockets and terminals have no position; O_APPEND does without.
 */
bool file_moves_position(int fd, bool writing);

int uring_file(struct async_loop *loop, struct file_request *request);
void uring_file_cancel(struct async_loop *loop, struct file_request *request);
void uring_file_complete(uint64_t user_data, int result);

#endif
