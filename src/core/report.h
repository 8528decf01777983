/* SPDX-License-Identifier: MIT */
/* What the loop says to its owner, and what a task remembers of its last failure. */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include "core/loop.h"

/* Hand a report to the loop's report function, or print it. */
void loop_report(struct async_loop *loop, const char *kind, int error, struct async_task *task,
		 const char *format, ...) ASYNC_PRINTF_(5, 6);

/* Abort with a message on standard error: for misuse that must not go on. */
_Noreturn void die(const char *format, ...) ASYNC_PRINTF_(1, 2);

/* A task's name in a caller's buffer; never allocates. */
const char *task_name_in(const struct async_task *task, char *text, size_t size);
/* What it is doing: "ready", "running", or the name of what it waits for and on which object. */
const char *task_state_in(const struct async_task *task, char *text, size_t size);
const char *error_name(int error);
/* Report a task that ended with a failure which nobody took; a cancel that took is none. */
void task_report_failure(struct async_task *task);
/* The words for the failure a task ended with. */
const char *task_failure_text(struct async_task *task);

/* A failure's text that came with a job or a task from another thread becomes the task's own. */
void task_take_error(struct async_task *task, const char *text);
/* Before a thread begins a job: what failed in an earlier one is none of its business. */
void thread_forget_error(void);
enum { ERROR_TEXT_BYTES = 256 };

void report_deadlock(struct async_loop *loop);

/* Where a task is while nothing runs it; shared by the tree and the debugger's script. */
typedef void task_visitor(struct async_task *task, void *arg);
void tasks_visit(struct async_loop *loop, task_visitor *visit, void *arg);

#endif
