/* SPDX-License-Identifier: MIT */
/* Looking at tasks: who there is, what they wait for, where they are; how deep stacks go. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "settle.h"

static int waiter(void *arg)
{
	(void)arg;
	return await_sleep(3600);
}

static int parent(void *arg)
{
	AWAIT_GROUP(children);

	(void)arg;
	async_spawn(&children, waiter, NULL);
	return await_group(&children);
}

static char *tree_text(int depth)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	async_print_tasks(out, depth);
	fclose(out);
	return text;
}

TEST_TASK(tree_shows_who_waits_for_what, "B21 B22 B23")
{
	async_task *tasks[8], *task = async_create_task(parent, NULL);
	char *text;

	settle();
	CHECK_INT((int)async_all_tasks(tasks, 8), 3);
	CHECK_INT((int)async_all_tasks(NULL, 0), 3);
	CHECK(async_current_task() == tasks[0]);
	text = tree_text(0);
	CHECK_TEXT_HAS(text, "main (");
	CHECK_TEXT_HAS(text, "running");
	CHECK_TEXT_HAS(text, "parent-");
	CHECK_TEXT_HAS(text, "await_group on 1 children of group children tests/core/inspect.c:");
	CHECK_TEXT_HAS(text, "  waiter-");
	CHECK_TEXT_HAS(text, "await_sleep on 3600.000 s");
	free(text);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
}

/* A return address inside the function, which is short. */
static bool has_function(void *const frames[], int n, const void *function)
{
	for (int i = 0; i < n; i++)
		if ((uintptr_t)frames[i] > (uintptr_t)function &&
		    (uintptr_t)frames[i] < (uintptr_t)function + 400)
			return true;
	return false;
}

TEST_TASK_WITH(stack_of_a_parked_task, "B22", .may_leak = 1)
{
	async_task *task = async_create_task(parent, NULL);
	void *frames[32];
	char *text;
	int found;

	settle();
	found = async_task_stack(task, frames, 32);
	if (!test_is_instrumented())
		CHECK(has_function(frames, found, (void *)parent));
	CHECK_INT(async_task_stack(async_current_task(), frames, 32), 0);
	text = tree_text(16);
	CHECK_TEXT_HAS(text, "    at ");
	free(text);
	async_task_cancel(task);
	await_task(task);
}

static int use_stack(void *arg)
{
	volatile char data[20000];

	memset((void *)data, 1, sizeof data);
	await_sleep(0);
	return data[async_int(arg)] - 1;
}

TEST_TASK(stack_use_per_place, "B22")
{
	char *text = NULL;
	size_t size, used = 0;
	FILE *out = open_memstream(&text, &size);

	if (test_is_instrumented())
		SKIP("stacks mean something else here");
	async_print_stack_use(out);
	for (int i = 0; i < 3; i++)
		CHECK_INT(await_task(async_create_task(use_stack, ASYNC_INT(i))), 0);
	async_print_stack_use(out);
	fclose(out);
	CHECK_TEXT_HAS(text, "use_stack tests/core/inspect.c:");
	CHECK_INT(sscanf(text, "%zu", &used), 1);
	CHECK(used > 20000 && used < 40000);
	free(text);
}

static int done_calls;

static void done(void *arg)
{
	(void)arg;
	done_calls++;
}

TEST_TASK(done_callbacks_of_tasks, "B07 C03")
{
	async_task *task = async_create_task(waiter, NULL);

	CHECK_INT(async_task_on_done(task, done, NULL), 0);
	CHECK_INT(async_task_on_done(task, done, NULL), 0);
	async_task_cancel(task);
	settle();
	CHECK_INT(done_calls, 2);
	CHECK(async_task_cancelled(task));
	CHECK_INT(async_task_on_done(task, done, NULL), 0);
	CHECK_INT(done_calls, 2);
	settle();
	CHECK_INT(done_calls, 3);
	CHECK_INT(await_task(task), -ECANCELED);
}
