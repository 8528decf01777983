/* SPDX-License-Identifier: MIT */
/*
 * Tasks. A task is a C function on a stack of its own; it runs until it awaits. Every task is
 * owned: by a group (async_spawn, see group.h, the usual way), by whoever made it with
 * async_create_task until await_task, or, once detached, by the loop, which reports its failure.
 * Handles belong to the loop's thread.
 */
#ifndef AWAIT_TASK_H
#define AWAIT_TASK_H

#include <stdio.h>
#include <await/base.h>

ASYNC_BEGIN_DECLS

/* How a task is made. Zero-filled is the default. */
typedef struct async_task_options {
	const char *name;   /* copied; NULL: "function-N", N counting in the process */
	size_t stack_bytes; /* 0: the loop's */
	bool eager;	    /* run at once, in the creator's turn, until the first suspension */
} async_task_options;

/*
 * Make a task that runs fn(arg); it first runs at the loop's next turn. The caller owns the handle:
 * end it with await_task or async_task_detach. NULL: no memory for a stack. Works before the thread
 * has a loop.
 */
#define async_create_task(fn, arg) async_create_task_at_(fn, (void *)(arg), NULL, ASYNC_SITE_(#fn))
#define async_create_task_with(options, fn, arg) \
	async_create_task_at_(fn, (void *)(arg), options, ASYNC_SITE_(#fn))
ASYNC_API async_task *async_create_task_at_(async_fn *fn, void *arg,
					    const async_task_options *options, const char *site);

/*
 * Wait until the task has ended and return its result; frees the handle, as pthread_join does
 * (several tasks may wait for one at the same time: each gets the result). When the caller is
 * cancelled, the cancel goes on to the task, and the wait still lasts until it really ended: its
 * result wins. To leave it running instead, use async_shield. Errors: -EDEADLK for oneself, -EXDEV
 * for a task of another loop, -EINVAL for NULL (the text of a failed async_create_task stays in
 * async_error).
 */
ASYNC_API int await_task(async_task *task);

/* Give the task to the loop: its handle is gone, its failure will be reported. NULL is allowed. */
ASYNC_API void async_task_detach(async_task *task);

/*
 * Cancel: from now on every await_ in the task returns -ECANCELED (a level, not an edge), shielded
 * scopes apart. A task that has not begun still begins, so that it can free what its argument owns.
 * False when it had already ended.
 */
ASYNC_API bool async_task_cancel(async_task *task);

/* As await_task with a limit: past it the task is cancelled, awaited, and its value returned if it
 * answers one instead of dying, else -ETIMEDOUT. INFINITY: no limit; <= 0: the result if it is
 * there, else cancel. */
ASYNC_API int await_wait_for(async_task *task, double seconds);

ASYNC_API bool async_task_done(const async_task *task);
/* True when it ended with -ECANCELED after a cancel. */
ASYNC_API bool async_task_cancelled(const async_task *task);
/* The result of an ended task; -EINPROGRESS before. */
ASYNC_API int async_task_result(const async_task *task);
/* Call back on the loop once the task ended (at once if it has). -ENOMEM. */
ASYNC_API int async_task_on_done(async_task *task, async_callback *callback, void *arg);

/* Name: given, or "function-N". Valid until the thread's next call of either function. */
ASYNC_API const char *async_task_name(const async_task *task);
ASYNC_API int async_task_set_name(async_task *task, const char *name);

/* The running task; NULL inside a loop callback or without a loop. */
ASYNC_API async_task *async_current_task(void);
/* Up to `count` unfinished tasks of this loop into tasks[]; returns how many there are. */
ASYNC_API size_t async_all_tasks(async_task *tasks[], size_t count);

/* Suspend for some seconds. <= 0: let everyone who is ready run once. -EINVAL for NaN. */
ASYNC_API int await_sleep(double seconds);
/* Suspend until async_now() reaches `when`. */
ASYNC_API int await_sleep_until(double when);

/* ASYNC_KEEP_GOING: one task's failure does not cancel the others. */
#define ASYNC_KEEP_GOING 1

/*
 * Wait for all n tasks and free their handles. results[i] (results may be NULL) receives the i-th
 * result; a task given twice runs once. Returns 0, or the first failure in time, which cancels the
 * others (all are awaited in any case); with ASYNC_KEEP_GOING the others go on and failures are
 * just results. A cancel of the caller goes on to all. Errors as await_task.
 */
ASYNC_API int await_gather(async_task *const tasks[], size_t n, int results[], int flags);

enum async_when { ASYNC_ALL_COMPLETED, ASYNC_FIRST_COMPLETED, ASYNC_FIRST_FAILED };
/*
 * Wait until the first, all, or one failed (or all, if none fails; a cancelled task has not failed)
 * of n tasks have ended; returns how many have. Cancels and frees nothing. -EINVAL for an empty set.
 */
ASYNC_API ssize_t await_wait(async_task *const tasks[], size_t n, enum async_when when);

/*
 * The next task of the set to complete, in order of completion; takes it out of tasks[0..*n-1] and
 * lowers *n. The caller ends it with await_task, which then does not wait. NULL when the set is
 * empty, or when the wait was cancelled or timed out (then *n > 0).
 */
ASYNC_API async_task *await_next_completed(async_task *tasks[], size_t *n);

/*
 * A value that each task sees its own way, and that children inherit from their creator as it was
 * then. Declare it static: `static async_local trace_id = ASYNC_LOCAL;`. Setting never shows in the
 * creator.
 */
typedef struct async_local {
	void (*free_value)(void *value); /* called when no task holds the value any more, or NULL */
} async_local;
#define ASYNC_LOCAL  \
	{            \
		NULL \
	}
ASYNC_API void *async_local_get(const async_local *local);
ASYNC_API int async_local_set(const async_local *local, void *value); /* -ENOMEM */
/* For a task that does one piece of work after the other: what is set in between is forgotten at
 * the end, which is given what the beginning returned. */
ASYNC_API void *async_locals_begin(void);
ASYNC_API void async_locals_end(void *begun);

/* The tree of this loop's tasks: who waits for what, since when, made where. depth 0: no stacks;
 * otherwise that many frames of every suspended task's stack. */
ASYNC_API void async_print_tasks(FILE *out, int depth);
/* Frames (return addresses, innermost first) of a suspended task; returns how many. */
ASYNC_API int async_task_stack(async_task *task, void *frames[], int count);
/* The deepest use of stacks so far in bytes, per place that makes tasks. Costs a scan of every
 * ended task's stack from when it is first asked for. */
ASYNC_API void async_print_stack_use(FILE *out);

ASYNC_END_DECLS

#endif
