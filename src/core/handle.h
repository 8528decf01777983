/* SPDX-License-Identifier: MIT */
/* The loop's side of callbacks. */
#ifndef CORE_HANDLE_H
#define CORE_HANDLE_H

#include "core/loop.h"

void handles_run(struct async_loop *loop);
void handles_take_foreign(struct async_loop *loop);
/* Lists of callbacks: add one at the end (0 or -ENOMEM), free all. */
int calls_add(struct async_call_ **calls, async_callback *callback, void *arg);
void calls_free(struct async_call_ *call);
/* Callbacks of ended tasks and finished futures. */
void callbacks_run(struct async_loop *loop);
/* The loop ends: they are not called any more. */
void callbacks_drop(struct async_loop *loop);

#endif
