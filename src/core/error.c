/* SPDX-License-Identifier: MIT */
/* The text of a task's last failure. It is allocated when a task first fails; a cancel or timeout
 * has none until somebody asks, since they are part of ordinary business. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/loop.h"
#include "core/report.h"

/* For threads without a loop, for the hub, and for when memory is short. */
static __thread char spare_text[ERROR_TEXT_BYTES];
static __thread int spare_code;

const char *error_name(int error)
{
	const char *name = strerrorname_np(error < 0 ? -error : error);

	return name ? name : "unknown error";
}

static char *text_of_task(struct async_task *task)
{
	if (!task)
		return spare_text;
	task->failed_error = 0;
	if (!task->error_text)
		task->error_text = malloc(ERROR_TEXT_BYTES);
	return task->error_text ? task->error_text : spare_text;
}

void task_take_error(struct async_task *task, const char *text)
{
	snprintf(text_of_task(task), ERROR_TEXT_BYTES, "%s", text);
}

void thread_forget_error(void)
{
	spare_text[0] = '\0';
}

/* What stands behind every text: ": Connection refused (ECONNREFUSED)". */
static void describe(int error, char *text, size_t size)
{
	const char *what = strerrordesc_np(-error);

	snprintf(text, size, ": %s (%s)", what ? what : "failure", error_name(error));
}

static int fail_va(struct async_task *task, int error, const char *format, va_list arguments)
{
	char *text = text_of_task(task);
	int saved = errno, length;

	*(task ? &task->error_code : &spare_code) = error;

	length = vsnprintf(text, ERROR_TEXT_BYTES, format, arguments);
	if (length >= 0 && length < ERROR_TEXT_BYTES - 1)
		describe(error, text + length, (size_t)(ERROR_TEXT_BYTES - length));
	errno = saved;
	return error;
}

static int fail_task(struct async_task *task, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_va(task, error, format, arguments);
	va_end(arguments);
	return error;
}

int async_fail(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_va(loop_current ? loop_current->running : NULL, error, format, arguments);
	va_end(arguments);
	return error;
}

/* The group that this scope belongs to, if one of its tasks failed. */
static const struct async_group *failed_group(const struct async_task *task,
					      const struct async_scope *scope)
{
	list_for_each (&task->loop->groups, link, following) {
		const struct async_group *group = container_of(link, struct async_group, in_loop_);

		if (&group->scope_ == scope && group->failures_)
			return group;
	}
	return NULL;
}

/* Which scope is behind task->cancel_error: the outermost one that fired inside the innermost
 * shield. */
static const char *cancel_text(const struct async_task *task)
{
	const struct async_scope *fired = NULL;
	const struct async_group *group;

	for (const struct async_scope *scope = task->scope; scope; scope = scope->outer_) {
		if (scope->fired_)
			fired = scope;
		if (scope->shield_)
			break;
	}
	group = failed_group(task, fired);
	if (group)
		snprintf(spare_text, sizeof spare_text, "task %s (%s) of group %s failed: %s",
			 group->failures_->task, group->failures_->site, group->site_,
			 group->failures_->text);
	else
		snprintf(spare_text, sizeof spare_text, "%s by %s (%s)",
			 fired->fired_ == -ETIMEDOUT ? "timed out" : "cancelled",
			 fired->site_ ? fired->site_ : "async_task_cancel",
			 error_name(fired->fired_));
	return spare_text;
}

/* An operation's failure is only remembered; here it becomes a text. */
static void tell_operation(struct async_task *task)
{
	struct operation operation = { .code = task->failed_code };

	fail_task(task, task->failed_error, "%s on descriptor %d", operation_name(&operation),
		  task->failed_fd);
}

const char *task_failure_text(struct async_task *task)
{
	if (task->failed_error)
		tell_operation(task);
	return task->error_text ? task->error_text : error_name(task->result);
}

int async_error_code(void)
{
	const struct async_task *task = loop_current ? loop_current->running : NULL;

	if (!task)
		return spare_code;
	if (task->cancel_error)
		return task->cancel_error;
	return task->failed_error ? task->failed_error : task->error_code;
}

const char *async_error(void)
{
	struct async_task *task = loop_current ? loop_current->running : NULL;

	if (!task)
		return spare_text;
	if (task->cancel_error)
		return cancel_text(task);
	if (task->failed_error)
		tell_operation(task);
	return task->error_text ? task->error_text : "";
}

void async_error_words_(char *text, size_t size)
{
	char described[128];
	const char *whole = async_error();
	size_t length = strlen(whole), tail;

	describe(async_error_code(), described, sizeof described);
	tail = strlen(described);
	if (length >= tail && !strcmp(whole + length - tail, described))
		length -= tail;
	snprintf(text, size, "%.*s", (int)length, whole);
}
