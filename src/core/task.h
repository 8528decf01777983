/* SPDX-License-Identifier: MIT */
/* A task: its record lies at the top of its stack, so that an idle one costs a page in all. */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include <await/group.h>
#include <await/scope.h>
#include <await/task.h>
#include "arch/fiber.h"
#include "arch/switch.h"
#include "core/backend.h"
#include "core/stack.h"
#include "core/wait.h"

/* A value of an async_local. Shared by all tasks that inherited it, hence counted. */
struct local_value {
	struct local_value *older;
	const async_local *local;
	void *value;
	unsigned references;
};

struct async_call_ {
	struct async_call_ *next;
	async_callback *callback;
	void *arg;
};

struct async_task {
	/* What every switch touches comes first. */
	struct context context;
	struct async_loop *loop;
	struct async_task *next_ready;

	/* A new task begins with all of this zero. */
	struct {
		struct wait *wait;   /* what it waits for; NULL while it runs or is ready */
		int64_t wait_result; /* of the wait that ended last; kept where a switch finds it
					for free */
		int cancel_error; /* what its next suspension returns, or 0; derived from the open
				     scopes */
		int saved_errno;
		void *saved_exceptions[2]; /* the C++ runtime's caught and uncaught exceptions */
		int result;
		unsigned joiners; /* tasks that wait for its end; the last one frees it */
		bool done, begun, detached, eager;
		bool failure_told;   /* its failure went to whoever started it (await_start) */
		bool timed_out;	     /* the scope left last had run out of time */
		uint8_t failed_code; /* a failed operation, put into words when somebody asks: what,
				      */
		int failed_error, failed_fd; /* its error (0 for none), and where */
		int error_code;		     /* of error_text */
		uint32_t number; /* in a simulation: counts tasks in the order of their first steps */
		struct async_waiters_ end_waiters;
		char *name;	  /* NULL: made from the site when somebody asks */
		char *error_text; /* of its last failure; NULL before the first */
		struct local_value *locals;
		struct async_call_ *callbacks;
		struct start_wait *starter;    /* who waits in await_start for it */
		struct async_scope root_scope; /* async_task_cancel cancels this one */
	};

	struct async_scope *scope; /* innermost open scope */
	async_fn *fn;
	void *arg;
	struct async_group *group;  /* its owner; for tasks without a group the loop's own */
	struct async_link_ sibling; /* in group->children_ */
	uint64_t id, parent_id;
	const char *site; /* "function file:line" of where it was made */
	uint64_t ended;	  /* counts ends, for the order of completion */
	struct stack stack;
	struct operation io; /* its input/output under way */
	struct fiber fiber;
} __attribute__((aligned(16))); /* its stack begins right below it */

/* What every record, the main task's included, points to of itself. */
static inline void task_init_links(struct async_task *task)
{
	task->root_scope.task_ = task;
	task->root_scope.deadline_ns_ = NS_NEVER;
	task->scope = &task->root_scope;
	task->io.wait.task = task;
	task->io.wait.kind = &operation_kind;
}

/* Fire the cancel of everything in the task, with this error. */
void task_cancel_with(struct async_task *task, int error);
/* Derive task->cancel_error anew, and end the task's wait if it is not 0. */
void task_update_cancel(struct async_task *task);

/* Make a task as a child of `group`. NULL: no memory. */
struct async_task *task_create(struct async_loop *loop, struct async_group *group, async_fn *fn,
			       void *arg, const async_task_options *options, const char *site);
/* Begin: put it in the ready queue, or run it at once if it is eager. */
void task_begin(struct async_task *task);
/* Let the tasks that are ready go first. */
void task_yield(struct async_task *self);
/* Hand its callbacks to the loop's queue. */
void task_tell_callbacks(struct async_task *task);
/* Free a task that is done. */
void task_free(struct async_task *task);

bool task_cancel_took(const struct async_task *task); /* ended by its cancel, not by a failure */

void locals_release(struct local_value *values);

/* Values that this thread sees below its tasks' own: a job on a thread of a pool those of the task
 * that waits for it. Borrowed; reading is all that may be done with them. */
extern __thread struct local_value *locals_borrowed __attribute__((tls_model("initial-exec")));

#endif
