/* SPDX-License-Identifier: MIT */
/* Ctrl-C: the first cancels the main task, the second ends the process. */
#ifndef CORE_INTERRUPT_H
#define CORE_INTERRUPT_H

#include "core/loop.h"

void interrupt_watch(struct async_loop *loop);
/* True when the run was interrupted. */
bool interrupt_unwatch(struct async_loop *loop);

#endif
