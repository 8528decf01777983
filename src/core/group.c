/* SPDX-License-Identifier: MIT */
/* Groups: owners of tasks. A group is a scope of its owner plus a list of children; cancelling it
 * fires the scope and every child's own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/group.h"
#include "core/report.h"

enum { GROUP_CLOSED, GROUP_OPEN, GROUP_CANCELLED };

static void children_cancel(struct async_group *group)
{
	list_for_each (&group->children_, link, following)
		task_cancel_with(container_of(link, struct async_task, sibling), -ECANCELED);
}

/* The owner was cancelled: children that a child still adds meanwhile are born cancelled. */
static void children_cancel_all(struct async_group *group)
{
	group->flags_ |= ASYNC_GROUP_FORWARDED;
	children_cancel(group);
}

void async_group_cancel(async_group *group)
{
	if (group->state_ != GROUP_OPEN)
		return;
	loop_check_mine(group->loop_, "async_group_cancel");
	group->state_ = GROUP_CANCELLED;
	if (group->scope_.task_)
		async_scope_cancel(&group->scope_);
	children_cancel(group);
}

/* Keep a failure for await_group; out of memory, only its error is kept. */
static void failure_keep(struct async_group *group, struct async_task *task)
{
	char name[64];
	const char *text = task_failure_text(task);
	struct async_group_failure *failure;
	char *room;

	if (!group->error_)
		group->error_ = task->result;
	task_name_in(task, name, sizeof name);
	failure = malloc(sizeof *failure + strlen(name) + strlen(text) + 2);
	if (!failure)
		return;
	room = (char *)(failure + 1);
	*failure = (struct async_group_failure){
		.error = task->result,
		.site = task->site,
		.task = strcpy(room, name),
		.text = strcpy(room + strlen(name) + 1, text),
	};
	if (group->failures_last_)
		group->failures_last_->next_ = failure;
	else
		group->failures_ = failure;
	group->failures_last_ = failure;
}

void task_report_failure(struct async_task *task)
{
	char name[64];

	if (task->result >= 0 || task_cancel_took(task))
		return;
	loop_report(task->loop, "failure", task->result, task, "task %s (%s) failed: %s",
		    task_name_in(task, name, sizeof name), task->site, task_failure_text(task));
}

static void child_failed(struct async_group *group, struct async_task *task)
{
	if (task->failure_told)
		return;
	if (group->flags_ & ASYNC_ISOLATED) {
		task_report_failure(task);
		return;
	}
	failure_keep(group, task);
	async_group_cancel(group);
}

bool group_child_ended(struct async_task *task)
{
	struct async_group *group = task->group;
	bool stray = group == &task->loop->strays;

	if (unlikely(task->starter)) {
		task->failure_told = true;
		task->starter->child = NULL;
		wait_trigger(&task->starter->wait, task->result < 0 ? task->result : -EPIPE);
	}
	task->loop->tasks--;
	if (stray && !task->detached) {
		group->running_--;
		if (unlikely(!list_empty(&group->waiters_)))
			wait_wake_all(&group->waiters_, 0);
		return true;
	}
	if (unlikely(task->result < 0 && !task_cancel_took(task))) {
		if (stray)
			task_report_failure(task);
		else
			child_failed(group, task);
	}
	list_remove(&group->children_, &task->sibling);
	if (!--group->running_)
		wait_wake_all(&group->waiters_, 0);
	return false;
}

void async_group_begin_(async_group *group, int flags, const char *site)
{
	struct async_task *self = task_self("AWAIT_GROUP");
	struct async_loop *loop = self->loop;

	*group = (async_group){
		.owner_ = self, .loop_ = loop, .flags_ = flags, .site_ = site, .state_ = GROUP_OPEN
	};
	async_timeout_begin_(&group->scope_, __builtin_inf(), site);
	list_append(&loop->groups, &group->in_loop_);
}

int async_spawn_at_(async_group *group, async_fn *fn, void *arg, const async_task_options *options,
		    const char *site)
{
	struct async_loop *loop = loop_current;
	struct async_task *task;

	if (unlikely(group->state_ != GROUP_OPEN)) {
		if (group->state_ == GROUP_CANCELLED)
			return async_fail(-ECANCELED,
					  "cannot spawn %s: its group (%s) is being cancelled",
					  site, group->site_);
		return async_fail(-EINVAL, "cannot spawn %s: its group is not open", site);
	}
	if (unlikely(group->loop_ != loop))
		return async_fail(-EXDEV, "cannot spawn %s: its group (%s) belongs to another loop",
				  site, group->site_);
	task = task_create(loop, group, fn, arg, options, site);
	if (unlikely(!task))
		return -ENOMEM;
	if (unlikely(group->flags_ & ASYNC_GROUP_FORWARDED))
		task_cancel_with(task, -ECANCELED);
	task_begin(task);
	return 0;
}

/* A cancel of the owner goes on to the children; the wait lasts until they have ended. */
static void forward_cancel(struct wait *wait, int error)
{
	(void)error;
	children_cancel_all((struct async_group *)wait->object);
}

static void describe_group(const struct wait *wait, char *text, size_t size)
{
	const struct async_group *group = wait->object;

	snprintf(text, size, "%zu children of group %s", group->running_, group->site_);
}

static void wait_for_children(struct async_group *group, struct async_task *self)
{
	static const struct wait_kind kind = { "await_group", forward_cancel, describe_group };

	if (self->cancel_error && group->running_)
		children_cancel_all(group);
	while (group->running_)
		wait_in(&group->waiters_, &kind, group);
}

static int group_result(struct async_group *group, struct async_task *self)
{
	if (group->error_)
		return group->error_;
	return group->state_ == GROUP_CANCELLED ? 0 : self->cancel_error;
}

int await_group(async_group *group)
{
	struct async_task *self = task_self("await_group");

	if (group->state_ == GROUP_CLOSED)
		return async_fail(-EINVAL, "await_group: the group is not open");
	wait_for_children(group, self);
	if (group->error_ && group->failures_)
		async_fail(group->error_, "task %s (%s): %s", group->failures_->task,
			   group->failures_->site, group->failures_->text);
	group->flags_ |= ASYNC_GROUP_TOLD;
	return group_result(group, self);
}

/* Leave the group: nobody looked at its failures, so they are reported. */
static void failures_tell(struct async_group *group)
{
	for (struct async_group_failure *failure = group->failures_; failure;
	     failure = failure->next_)
		loop_report(group->loop_, "failure", failure->error, NULL,
			    "task %s (%s) of group %s failed: %s", failure->task, failure->site,
			    group->site_, failure->text);
}

static void failures_free(struct async_group *group)
{
	while (group->failures_) {
		struct async_group_failure *failure = group->failures_;

		group->failures_ = failure->next_;
		free(failure);
	}
}

int await_group_end(async_group *group)
{
	struct async_task *self = group->owner_;
	int result;

	if (group->state_ == GROUP_CLOSED)
		return 0;
	wait_for_children(group, self);
	if (group->error_ && !(group->flags_ & ASYNC_GROUP_TOLD))
		failures_tell(group);
	failures_free(group);
	list_remove(&group->loop_->groups, &group->in_loop_);
	result = group->error_;
	async_scope_end(&group->scope_);
	if (!result && group->state_ != GROUP_CANCELLED)
		result = self->cancel_error;
	group->state_ = GROUP_CLOSED;
	return result;
}

void await_group_leave_(async_group *group)
{
	await_group_end(group);
}

size_t async_group_size(const async_group *group)
{
	return group->running_;
}

const struct async_group_failure *async_group_failure(const async_group *group, size_t i)
{
	const struct async_group_failure *failure = group->failures_;

	while (failure && i--)
		failure = failure->next_;
	return failure;
}

static void cancel_child(struct wait *wait, int error)
{
	struct start_wait *start = container_of(wait, struct start_wait, wait);

	if (start->child)
		task_cancel_with(start->child, error);
}

int await_start_at_(async_group *group, async_fn *fn, void *arg, void **value, const char *site)
{
	static const struct wait_kind kind = { "await_start", cancel_child, NULL };
	struct async_task *self = task_self("await_start");
	struct start_wait start = { .wait = { .task = self, .kind = &kind } };
	int64_t result;

	if (self->cancel_error)
		return self->cancel_error;
	if (group->state_ != GROUP_OPEN)
		return async_fail(-EINVAL, "cannot start %s: its group is not open", site);
	start.child = task_create(self->loop, group, fn, arg, NULL, site);
	if (!start.child)
		return -ENOMEM;
	start.child->starter = &start;
	task_begin(start.child);
	result = task_suspend(&start.wait);
	if (!result && value)
		*value = start.value;
	if (result)
		async_fail((int)result, "%s ended before it called async_started", site);
	return (int)result;
}

void async_started(void *value)
{
	struct async_task *self = task_self("async_started");
	struct start_wait *start = self->starter;

	if (!start)
		return;
	self->starter = NULL;
	start->value = value;
	wait_trigger(&start->wait, 0);
}
