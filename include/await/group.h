/* SPDX-License-Identifier: MIT */
/*
 * Groups: a block that owns child tasks. Its closing brace waits for all of them, so nothing
 * outlives its owner and no error gets lost. Two kinds, chosen where the group is declared.
 */
#ifndef AWAIT_GROUP_H
#define AWAIT_GROUP_H

#include <await/base.h>
#include <await/scope.h>
#include <await/task.h>

ASYNC_BEGIN_DECLS

enum {
	/* The first child to fail cancels its siblings and the rest of the block; await_group
	 * tells. */
	ASYNC_ALL_OR_NOTHING = 0,
	/* For servers: a child's failure is reported with its name and the place it was made at;
	 * the others go on. */
	ASYNC_ISOLATED = 1,
	ASYNC_GROUP_TOLD = 0x100,      /* private: await_group has told of the failure */
	ASYNC_GROUP_FORWARDED = 0x200, /* private: the owner's cancel went on to the children */
};

struct async_group_failure {
	int error;	  /* negative errno */
	const char *task; /* the child's name */
	const char *site; /* "function file:line" of its spawn */
	const char *text; /* its async_error() */
	struct async_group_failure *next_;
};

typedef struct async_group { /* all private; lives on the stack of the task that declares it */
	async_scope scope_;
	async_task *owner_;
	async_loop *loop_;
	struct async_waiters_ children_;
	struct async_waiters_ waiters_;
	struct async_link_ in_loop_;
	size_t running_;
	int flags_;
	int error_;
	int state_;
	struct async_group_failure *failures_, *failures_last_;
	const char *site_;
} async_group;

/* AWAIT_GROUP(workers); or AWAIT_GROUP(clients, ASYNC_ISOLATED); declares and opens a group that
 * the end of the enclosing block waits for. */
#define AWAIT_GROUP(name, ...)                               \
	async_group name ASYNC_CLEANUP_(await_group_leave_); \
	async_group_begin_(&name, 0 __VA_OPT__(+) __VA_ARGS__, ASYNC_SITE_(#name))

/*
 * Start fn(arg) as a child. 0; -ENOMEM when there is no memory for a stack; -ECANCELED when the
 * group is being cancelled; -EINVAL when it is closed. On failure fn is not run: what arg owns is
 * still the caller's.
 */
#define async_spawn(group, fn, arg) \
	async_spawn_at_(group, fn, (void *)(arg), NULL, ASYNC_SITE_(#fn))
#define async_spawn_with(group, options, fn, arg) \
	async_spawn_at_(group, fn, (void *)(arg), options, ASYNC_SITE_(#fn))
ASYNC_API int async_spawn_at_(async_group *group, async_fn *fn, void *arg,
			      const async_task_options *options, const char *site);

/*
 * Start a child and wait until it says async_started(value), so that a port is bound before the
 * parent goes on; value (may be NULL) receives it. When the child ends first: its failure, or
 * -EPIPE if it had none. When the wait is cancelled the child is cancelled and awaited.
 */
#define await_start(group, fn, arg, value) \
	await_start_at_(group, fn, (void *)(arg), value, ASYNC_SITE_(#fn))
ASYNC_API int await_start_at_(async_group *group, async_fn *fn, void *arg, void **value,
			      const char *site);
/* Called by a child started with await_start: hands the value over. Otherwise nothing happens. */
ASYNC_API void async_started(void *value);

/*
 * Wait until every child has ended (children may add children meanwhile). 0, the first failure of a
 * child, or the error that cancelled the owner. A cancel of the owner goes on to the children; they
 * are awaited in any case. The group may be used again afterwards, unless it failed or was
 * cancelled.
 */
ASYNC_API int await_group(async_group *group);

/* Cancel the children and what is left of the block; leaving the group is then no error.
 * Idempotent. */
ASYNC_API void async_group_cancel(async_group *group);

/* How many children are running. */
ASYNC_API size_t async_group_size(const async_group *group);
/* The i-th failure since the group began, oldest first, or NULL; owned by the group. ASYNC_ISOLATED
 * groups report failures instead of keeping them. */
ASYNC_API const struct async_group_failure *async_group_failure(const async_group *group, size_t i);

/* The same without the declaring macro. await_group_end waits, closes and returns what await_group
 * does. */
#define async_group_begin(group, flags) \
	async_group_begin_(group, flags, ASYNC_SITE_("async_group_begin"))
ASYNC_API void async_group_begin_(async_group *group, int flags, const char *site);
ASYNC_API int await_group_end(async_group *group);
ASYNC_API void await_group_leave_(async_group *group);

ASYNC_END_DECLS

#endif
