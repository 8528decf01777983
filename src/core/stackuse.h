/* SPDX-License-Identifier: MIT */
/* How deep stacks go, per place that makes tasks: emptied when made, scanned when freed. */
#ifndef CORE_STACKUSE_H
#define CORE_STACKUSE_H

#include "core/loop.h"

void stack_use_empty(struct async_task *task);
void stack_use_record(struct async_loop *loop, const struct async_task *task);
void stack_use_term(struct async_loop *loop);

#endif
