/* SPDX-License-Identifier: MIT */
/*
 * Scopes: cancellation as a level. task->cancel_error is the one word that every await_ looks at
 * first; it is derived from the open scopes whenever one of them fires, opens as a shield, or is
 * left.
 */
#include <errno.h>
#include <math.h>
#include "core/loop.h"
#include "core/report.h"

void task_update_cancel(struct async_task *task)
{
	int error = 0;

	for (struct async_scope *scope = task->scope; scope; scope = scope->outer_) {
		if (scope->fired_)
			error = scope->fired_;
		if (scope->shield_)
			break;
	}
	task->cancel_error = error;
	if (error && task->wait && task->wait->kind->cancel)
		task->wait->kind->cancel(task->wait, error);
}

static void scope_fire(struct async_scope *scope, int error)
{
	if (scope->fired_)
		return;
	scope->fired_ = error;
	timer_cancel(&scope->task_->loop->timers, &scope->timer_);
	task_update_cancel(scope->task_);
}

void task_cancel_with(struct async_task *task, int error)
{
	scope_fire(&task->root_scope, error);
}

/* The deadline may have been moved later since the timer was set: then it is set anew, which is
 * what makes moving it cost a store. */
static void scope_expired(struct async_loop *loop, struct async_timer_ *timer)
{
	struct async_scope *scope = container_of(timer, struct async_scope, timer_);

	if (scope->deadline_ns_ > loop->now_ns)
		timer_set(&loop->timers, timer, scope->deadline_ns_);
	else
		scope_fire(scope, -ETIMEDOUT);
}

static async_scope *scope_begin(async_scope *scope, uint64_t deadline_ns, bool due, bool shield,
				const char *site)
{
	struct async_task *self = task_self("async_timeout");

	*scope = (async_scope){
		.outer_ = self->scope,
		.task_ = self,
		.deadline_ns_ = deadline_ns,
		.shield_ = shield,
		.site_ = site,
	};
	scope->timer_.fire = scope_expired;
	self->scope = scope;
	if (shield)
		task_update_cancel(self);
	if (due)
		scope_fire(scope, -ETIMEDOUT);
	else if (deadline_ns != NS_NEVER &&
		 timer_set(&self->loop->timers, &scope->timer_, deadline_ns))
		scope_fire(scope, -ENOMEM);
	return scope;
}

static async_scope *begin_after(async_scope *scope, double seconds, bool shield, const char *site)
{
	struct async_loop *loop;

	if (seconds == INFINITY)
		return scope_begin(scope, NS_NEVER, false, shield, site);
	if (isnan(seconds))
		die("%s: a duration that is not a number", site);
	loop = task_self("async_timeout")->loop;
	return scope_begin(scope, deadline_after(loop_clock(loop), seconds), seconds <= 0, shield,
			   site);
}

async_scope *async_timeout_begin_(async_scope *scope, double seconds, const char *site)
{
	return begin_after(scope, seconds, false, site);
}

async_scope *async_shield_begin_(async_scope *scope, double seconds, const char *site)
{
	return begin_after(scope, seconds, true, site);
}

async_scope *async_timeout_at_begin_(async_scope *scope, double when, const char *site)
{
	struct async_loop *loop = task_self("async_timeout_at")->loop;
	uint64_t deadline_ns = deadline_at(when);

	if (isnan(when))
		die("%s: a time that is not a number", site);
	return scope_begin(scope, deadline_ns, deadline_ns <= loop_clock(loop), false, site);
}

int async_scope_end(async_scope *scope)
{
	struct async_task *task = scope->task_;
	int fired = scope->fired_;

	if (unlikely(task->scope != scope))
		die("%s: scopes must be left in the reverse order of entering, by the task that entered",
		    scope->site_);
	task->scope = scope->outer_;
	if (scope->timer_.index)
		timer_cancel(&task->loop->timers, &scope->timer_);
	task->timed_out = fired == -ETIMEDOUT;
	if (unlikely(fired == -ETIMEDOUT))
		async_fail(fired, "%s", scope->site_);
	if (unlikely(fired || scope->shield_))
		task_update_cancel(task);
	return fired;
}

void async_scope_leave_(async_scope *scope)
{
	async_scope_end(scope);
}

bool async_timed_out(void)
{
	return task_self("async_timed_out")->timed_out;
}

async_scope *async_current_scope(void)
{
	struct async_task *self = task_self("async_current_scope");

	return self->scope == &self->root_scope ? NULL : self->scope;
}

void async_scope_cancel(async_scope *scope)
{
	loop_check_mine(scope->task_->loop, "async_scope_cancel");
	scope_fire(scope, -ECANCELED);
}

int async_scope_reschedule(async_scope *scope, double seconds)
{
	struct async_loop *loop = scope->task_->loop;
	uint64_t deadline_ns;

	if (isnan(seconds))
		return async_fail(-EINVAL,
				  "async_scope_reschedule: a duration that is not a number");
	if (scope->fired_)
		return async_fail(-EALREADY, "async_scope_reschedule: the scope of %s has fired",
				  scope->site_);
	deadline_ns = seconds == INFINITY ? NS_NEVER : deadline_after(loop_clock(loop), seconds);
	scope->deadline_ns_ = deadline_ns;
	if (deadline_ns == NS_NEVER) {
		timer_cancel(&loop->timers, &scope->timer_);
		return 0;
	}
	if (timer_is_set(&scope->timer_) && scope->timer_.deadline_ns <= deadline_ns)
		return 0;
	return timer_set(&loop->timers, &scope->timer_, deadline_ns);
}

double async_scope_deadline(const async_scope *scope)
{
	return seconds_of(scope->deadline_ns_);
}

int async_scope_fired(const async_scope *scope)
{
	return scope->fired_;
}

int async_cancelled(void)
{
	return task_self("async_cancelled")->cancel_error;
}
