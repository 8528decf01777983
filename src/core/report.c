/* SPDX-License-Identifier: MIT */
/* Reports: failures nobody took, deadlocks, misuse. And names and states of tasks, in words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/loop.h"
#include "core/report.h"

enum { REPORT_TEXT_BYTES = 1024 };

static void report_text(struct async_loop *loop, const char *kind, int error,
			struct async_task *task, const char *text)
{
	async_report report = { .kind = kind, .error = error, .text = text, .task = task };

	if (loop && loop->options.report)
		loop->options.report(&report, loop->options.report_arg);
	else
		fprintf(stderr, "libawait: %s: %s\n", kind, text);
}

void loop_report(struct async_loop *loop, const char *kind, int error, struct async_task *task,
		 const char *format, ...)
{
	char text[REPORT_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	report_text(loop, kind, error, task, text);
}

/* A text of async_error() names its error already. */
static bool names_error(const char *text, size_t size, int error)
{
	char name[40];
	int n = snprintf(name, sizeof name, "(%s)", error_name(error));

	return n > 0 && size >= (size_t)n && !strcmp(text + size - n, name);
}

void async_report_error(int error, const char *format, ...)
{
	char text[REPORT_TEXT_BYTES];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < sizeof text &&
	    !names_error(text, (size_t)length, error))
		snprintf(text + length, sizeof text - (size_t)length, ": %s (%s)", strerror(-error),
			 error_name(error));
	report_text(loop_current, "failure", error, loop_current ? loop_current->running : NULL,
		    text);
}

void die(const char *format, ...)
{
	va_list arguments;

	fputs("libawait: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

/* "echo_client-12", from "echo_client examples/echo_sockets.c:31". */
const char *task_name_in(const struct async_task *task, char *text, size_t size)
{
	const char *end;

	if (task->name) {
		snprintf(text, size, "%s", task->name);
		return text;
	}
	if (!task->id) {
		snprintf(text, size, "main");
		return text;
	}
	end = strchr(task->site, ' ');
	snprintf(text, size, "%.*s-%llu", end ? (int)(end - task->site) : 0, task->site,
		 (unsigned long long)task->id);
	return text;
}

const char *task_state_in(const struct async_task *task, char *text, size_t size)
{
	const struct wait *wait = task->wait;
	char object[128] = "";

	if (task->done) {
		snprintf(text, size, "ended with %d", task->result);
	} else if (!wait) {
		snprintf(text, size, "%s",
			 task->loop->running == task ? "running" :
			 task->begun		     ? "ready" :
						       "new");
	} else {
		if (wait->kind->describe)
			wait->kind->describe(wait, object, sizeof object);
		snprintf(text, size, "%s%s%s, for %.3f s", wait->kind->name, *object ? " on " : "",
			 object, seconds_of(loop_clock(task->loop) - wait->since_ns));
	}
	return text;
}

void tasks_visit(struct async_loop *loop, task_visitor *visit, void *arg)
{
	if (loop->active)
		visit(&loop->root, arg);
	list_for_each (&loop->groups, link, following) {
		struct async_group *group = container_of(link, struct async_group, in_loop_);

		list_for_each (&group->children_, child, next)
			visit(container_of(child, struct async_task, sibling), arg);
	}
}

struct line_list {
	FILE *out;
	unsigned lines;
};

static void print_waiter(struct async_task *task, void *arg)
{
	enum { LINES_MAX = 100 };
	struct line_list *list = arg;
	char name[64], state[256];

	if (task->done || list->lines++ >= LINES_MAX)
		return;
	fprintf(list->out, "\n  %s (%s) waits: %s", task_name_in(task, name, sizeof name),
		task->site, task_state_in(task, state, sizeof state));
}

/* Every task waits and nothing can wake them: say who waits for what, then let the main task go
 * with -EDEADLK. A wait for ever would tell nobody anything. */
void report_deadlock(struct async_loop *loop)
{
	char *text = NULL;
	size_t size;
	struct line_list list = { open_memstream(&text, &size), 0 };

	loop->deadlock_told = true;
	if (list.out) {
		fprintf(list.out,
			"every task waits and nothing can wake them; the main task ends with EDEADLK");
		tasks_visit(loop, print_waiter, &list);
		fclose(list.out);
	}
	report_text(loop, "deadlock", -EDEADLK, NULL,
		    text ? text : "every task waits and nothing can wake them");
	free(text);
	task_cancel_with(&loop->root, -EDEADLK);
}
