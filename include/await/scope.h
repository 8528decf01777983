/* SPDX-License-Identifier: MIT */
/*
 * Cancel scopes and timeouts. A scope covers a stretch of one task's run, calls included. Once its
 * deadline passes or it is cancelled it stays so: every await_ inside returns -ETIMEDOUT or
 * -ECANCELED until the scope is left. When several nested scopes have fired, the outermost one
 * names the error. Scopes nest strictly.
 */
#ifndef AWAIT_SCOPE_H
#define AWAIT_SCOPE_H

#include <await/base.h>

ASYNC_BEGIN_DECLS

typedef struct async_scope { /* all private; lives on the stack of its task */
	struct async_scope *outer_;
	async_task *task_;
	struct async_timer_ timer_;
	uint64_t deadline_ns_;
	int fired_;
	bool shield_;
	const char *site_;
} async_scope;

/*
 * async_timeout (5.0) { ... }: what awaits inside has 5 seconds in all. INFINITY: no limit; zero or
 * less: fires at the next await_. Leave the block by its end, break, return or goto. Whether the
 * block just left ran out of time: async_timed_out().
 *
 * async_timeout_at (when) { ... }: the same with a deadline on async_now()'s clock.
 *
 * async_shield (2.0) { ... }: outer cancels and deadlines do not reach inside, for at most 2
 * seconds: clean-up code that must await. They are in force again after the block.
 */
#define async_timeout(seconds) ASYNC_SCOPE_(async_timeout_begin_, seconds, "async_timeout")
#define async_timeout_at(when) ASYNC_SCOPE_(async_timeout_at_begin_, when, "async_timeout_at")
#define async_shield(seconds)  ASYNC_SCOPE_(async_shield_begin_, seconds, "async_shield")

#define ASYNC_SCOPE_(begin, seconds, what) \
	ASYNC_SCOPE2_(begin, seconds, what, ASYNC_PASTE_(async_scope_, __LINE__))
#define ASYNC_SCOPE2_(begin, seconds, what, name)                                   \
	for (async_scope name ASYNC_CLEANUP_(async_scope_leave_),                   \
	     *ASYNC_PASTE_(name, _once) = begin(&name, seconds, ASYNC_SITE_(what)); \
	     ASYNC_PASTE_(name, _once); ASYNC_PASTE_(name, _once) = NULL)

/* True when the last timeout or shield block that this task left had run out of time. */
ASYNC_API bool async_timed_out(void);

/*
 * The same without block macros, for other compilers and for scopes with a name: begin and end in
 * strict nesting, in one task. async_scope_end returns 0, -ETIMEDOUT if the deadline had passed,
 * -ECANCELED if the scope was cancelled.
 */
#define async_scope_begin(scope, seconds) \
	async_timeout_begin_(scope, seconds, ASYNC_SITE_("async_scope_begin"))
#define async_scope_begin_shield(scope, seconds) \
	async_shield_begin_(scope, seconds, ASYNC_SITE_("async_scope_begin_shield"))
ASYNC_API int async_scope_end(async_scope *scope);

/* The innermost scope that the running task has open, or NULL: to move the deadline of a block. */
ASYNC_API async_scope *async_current_scope(void);
/* Cancel the scope, from any task of its loop. Idempotent. */
ASYNC_API void async_scope_cancel(async_scope *scope);
/* Move the deadline to `seconds` from now; INFINITY takes it away. -EALREADY once it has fired.
 * Moving a deadline later costs one store. */
ASYNC_API int async_scope_reschedule(async_scope *scope, double seconds);
/* Its deadline on async_now()'s clock; INFINITY without one. */
ASYNC_API double async_scope_deadline(const async_scope *scope);
/* 0, -ETIMEDOUT or -ECANCELED: whether, and how, it has fired. */
ASYNC_API int async_scope_fired(const async_scope *scope);
/* The error that the next await_ of the running task would return for a cancel or timeout, or 0. */
ASYNC_API int async_cancelled(void);

ASYNC_API async_scope *async_timeout_begin_(async_scope *scope, double seconds, const char *site);
ASYNC_API async_scope *async_timeout_at_begin_(async_scope *scope, double when, const char *site);
ASYNC_API async_scope *async_shield_begin_(async_scope *scope, double seconds, const char *site);
ASYNC_API void async_scope_leave_(async_scope *scope);

ASYNC_END_DECLS

#endif
