/* SPDX-License-Identifier: MIT */
/* Reading the stack of a parked task. */
#ifndef CORE_UNWIND_H
#define CORE_UNWIND_H

#include <stdio.h>
#include "core/task.h"

/* Return addresses, innermost first; how many. The task must be suspended; the main task's own
 * stack is read by its frame pointers only. */
int stack_frames(const struct async_task *task, void *frames[], int count);

/* One line each, with names where the program exports them (-rdynamic). */
void stack_print(FILE *out, void *const frames[], int count, int indent);

#endif
