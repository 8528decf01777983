/* SPDX-License-Identifier: MIT */
/* Operations as the system calls they stand for: the one place where readiness becomes completion. */
#ifndef BACKEND_READINESS_H
#define BACKEND_READINESS_H

#include "core/backend.h"

/*
 * Try an operation without blocking: its result, or -EAGAIN. A partial OP_SENDALL is remembered in
 * `done`. `socket`: the descriptor is known to be a socket, so that recv and send stand for read
 * and write; -ENOTSOCK when it is not.
 */
int64_t operation_attempt(struct operation *operation, bool socket);

#endif
