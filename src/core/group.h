/* SPDX-License-Identifier: MIT */
/* What the core needs of groups. */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "core/loop.h"

/* Take an ended task out of its group, which learns of a failure. True while somebody still owns
 * the handle. */
bool group_child_ended(struct async_task *task);

/* Run a list of callbacks through the loop's queue; owns the list. */
void loop_callbacks_soon(struct async_loop *loop, struct async_call_ *calls);

void task_run_ready(struct async_loop *loop);

/* A wait for a task to say async_started. */
struct start_wait {
	struct wait wait;
	struct async_task *child;
	void *value;
};

#endif
