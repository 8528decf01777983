/* SPDX-License-Identifier: MIT */
/* What the tests of this directory share: a line of notes on what happened in which order, compared
 * as one text. */
#ifndef TESTS_SYNC_TRACE_H
#define TESTS_SYNC_TRACE_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <await.h>

static char trace[1024];

/* Adds a word. */
static inline void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	size_t length = strlen(trace);
	va_list arguments;

	if (length)
		length += (size_t)snprintf(trace + length, sizeof trace - length, " ");
	va_start(arguments, format);
	vsnprintf(trace + length, sizeof trace - length, format, arguments);
	va_end(arguments);
}

/* "A", or "A:ETIMEDOUT" when it failed. */
static inline void note_result(void *name, int result)
{
	if (result < 0)
		note("%c:%s", async_int(name), strerrorname_np(-result));
	else
		note("%c", async_int(name));
}

/* Everyone who can run does, until all of them wait. */
static inline void settle(void)
{
	for (int i = 0; i < 5; i++)
		await_sleep(0);
}

/* A task that tells whether others had their turn. */
static inline int set_flag(void *flag)
{
	*(bool *)flag = true;
	return 0;
}

/* Start a task for each letter of `names`, the letter its argument. */
static inline void start_each(async_group *group, async_fn *fn, const char *names)
{
	for (; *names; names++)
		async_spawn(group, fn, ASYNC_INT(*names));
}

#endif
