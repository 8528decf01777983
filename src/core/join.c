/* SPDX-License-Identifier: MIT */
/* Waiting for tasks to end: one, several, any; and what can be asked of a handle. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "core/group.h"
#include "core/report.h"

bool task_cancel_took(const struct async_task *task)
{
	return task->result == -ECANCELED && task->root_scope.fired_;
}

static void join_cancel(struct wait *wait, int error)
{
	(void)error;
	task_cancel_with((struct async_task *)wait->object, -ECANCELED);
}

static void describe_task(const struct wait *wait, char *text, size_t size)
{
	task_name_in(wait->object, text, size);
}

static const struct wait_kind join_kind = { "await_task", join_cancel, describe_task };

/* The handle's end: out of the loop's list of tasks without a group, and away. */
static void handle_free(struct async_task *task)
{
	list_remove(&task->group->children_, &task->sibling);
	task_free(task);
}

static int join_check(struct async_task *task, struct async_task *self, const char *caller)
{
	char name[64];

	if (!task)
		return -EINVAL;
	if (task == self)
		return async_fail(-EDEADLK, "%s: task %s awaits itself", caller,
				  task_name_in(task, name, sizeof name));
	if (task->loop != self->loop)
		return async_fail(-EXDEV, "%s: task %s belongs to another loop", caller,
				  task_name_in(task, name, sizeof name));
	return 0;
}

/* A failure of the task becomes the caller's own: async_error() then tells about it. */
static void take_failure(struct async_task *task, struct async_task *self)
{
	if (task->result >= 0)
		return;
	if (task->failed_error) {
		self->failed_error = task->failed_error;
		self->failed_fd = task->failed_fd;
		self->failed_code = task->failed_code;
	} else if (task->error_text) {
		free(self->error_text);
		self->error_text = task->error_text;
		task->error_text = NULL;
		self->failed_error = 0;
	}
}

int await_task(async_task *task)
{
	struct async_task *self = task_self("await_task");
	int result = join_check(task, self, "await_task");

	if (unlikely(result))
		return result;
	if (!task->done) {
		task->joiners++;
		if (self->cancel_error)
			task_cancel_with(task, -ECANCELED);
		wait_in(&task->end_waiters, &join_kind, task);
		if (--task->joiners)
			return task->result;
	} else if (task->joiners) {
		return task->result; /* the waiters that are on their way free it */
	}
	result = task->result;
	take_failure(task, self);
	handle_free(task);
	return result;
}

int await_wait_for(async_task *task, double seconds)
{
	struct async_scope scope;
	int result, fired;

	if (isnan(seconds))
		return async_fail(-EINVAL, "await_wait_for: a duration that is not a number");
	async_scope_begin(&scope, seconds);
	result = await_task(task);
	fired = async_scope_end(&scope);
	return result == -ECANCELED && fired ? fired : result;
}

void async_task_detach(async_task *task)
{
	if (!task)
		return;
	loop_check_mine(task->loop, "async_task_detach");
	task->detached = true;
	if (!task->done)
		return;
	task_report_failure(task);
	handle_free(task);
}

bool async_task_cancel(async_task *task)
{
	loop_check_mine(task->loop, "async_task_cancel");
	if (task->done)
		return false;
	task_cancel_with(task, -ECANCELED);
	return true;
}

bool async_task_done(const async_task *task)
{
	return task->done;
}

bool async_task_cancelled(const async_task *task)
{
	return task->done && task_cancel_took(task);
}

int async_task_result(const async_task *task)
{
	return task->done ? task->result : -EINPROGRESS;
}

/* Where the tasks of a set stand; a task given twice counts twice. */
static void survey(async_task *const tasks[], size_t n, size_t *done,
		   struct async_task **first_failure)
{
	*done = 0;
	*first_failure = NULL;
	for (size_t i = 0; i < n; i++) {
		struct async_task *task = tasks[i];

		if (!task->done)
			continue;
		++*done;
		if (task->result < 0 && !task_cancel_took(task) &&
		    (!*first_failure || task->ended < (*first_failure)->ended))
			*first_failure = task;
	}
}

static int check_all(async_task *const tasks[], size_t n, struct async_task *self,
		     const char *caller)
{
	int error = 0;

	for (size_t i = 0; i < n && !error; i++) {
		if (!tasks[i])
			return async_fail(-EINVAL, "%s: task %zu of %zu is NULL", caller, i, n);
		error = join_check(tasks[i], self, caller);
	}
	return error;
}

static void cancel_all(async_task *const tasks[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		async_task_cancel(tasks[i]);
}

/* Waiting for any end of a set: the ends of tasks without a group all wake the loop's own group. */
struct any_wait {
	async_task *const *tasks;
	size_t n;
};

static void gather_cancel(struct wait *wait, int error)
{
	const struct any_wait *any = wait->object;

	(void)error;
	cancel_all(any->tasks, any->n);
}

static void describe_set(const struct wait *wait, char *text, size_t size)
{
	const struct any_wait *any = wait->object;
	struct async_task *failure;
	size_t done;

	survey(any->tasks, any->n, &done, &failure);
	snprintf(text, size, "%zu of %zu tasks", any->n - done, any->n);
}

static const struct wait_kind gather_kind = { "await_gather", gather_cancel, describe_set };
static const struct wait_kind any_kind = { "await_wait", wait_cancel, describe_set };

int await_gather(async_task *const tasks[], size_t n, int results[], int flags)
{
	struct async_task *self = task_self("await_gather"), *failure;
	struct any_wait any = { tasks, n };
	int error = check_all(tasks, n, self, "await_gather"), first = 0;
	size_t done;

	if (error)
		return error;
	if (self->cancel_error)
		cancel_all(tasks, n);
	for (survey(tasks, n, &done, &failure); done < n; survey(tasks, n, &done, &failure)) {
		if (failure && !(flags & ASYNC_KEEP_GOING))
			cancel_all(tasks, n);
		wait_in(&self->loop->strays.waiters_, &gather_kind, &any);
	}
	first = failure ? failure->result : 0;
	for (size_t i = 0; results && i < n; i++)
		results[i] = tasks[i]->result;
	if (failure)
		take_failure(failure, self);
	for (size_t i = 0; i < n; i++) {
		bool again = false;

		for (size_t before = 0; before < i && !again; before++)
			again = tasks[before] == tasks[i];
		if (!again && !tasks[i]->joiners)
			handle_free(tasks[i]);
	}
	if (flags & ASYNC_KEEP_GOING)
		return self->cancel_error;
	return first ? first : self->cancel_error;
}

ssize_t await_wait(async_task *const tasks[], size_t n, enum async_when when)
{
	struct async_task *self = task_self("await_wait"), *failure;
	struct any_wait any = { tasks, n };
	int64_t error = self->cancel_error;
	size_t done;

	if (!error && !n)
		error = async_fail(-EINVAL, "await_wait: an empty set of tasks");
	if (!error)
		error = check_all(tasks, n, self, "await_wait");
	while (!error) {
		survey(tasks, n, &done, &failure);
		if (done == n || (when == ASYNC_FIRST_COMPLETED && done) ||
		    (when == ASYNC_FIRST_FAILED && failure))
			return (ssize_t)done;
		error = wait_in(&self->loop->strays.waiters_, &any_kind, &any);
	}
	return (ssize_t)error;
}

async_task *await_next_completed(async_task *tasks[], size_t *n)
{
	struct async_task *self = task_self("await_next_completed");
	struct any_wait any = { tasks, *n };
	int64_t error = self->cancel_error;

	if (!error)
		error = check_all(tasks, *n, self, "await_next_completed");
	while (!error && *n) {
		size_t earliest = *n;

		for (size_t i = 0; i < *n; i++)
			if (tasks[i]->done &&
			    (earliest == *n || tasks[i]->ended < tasks[earliest]->ended))
				earliest = i;
		if (earliest < *n) {
			struct async_task *task = tasks[earliest];

			tasks[earliest] = tasks[--*n];
			return task;
		}
		error = wait_in(&self->loop->strays.waiters_, &any_kind, &any);
	}
	return NULL;
}
