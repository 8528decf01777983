/* SPDX-License-Identifier: MIT */
/* Task-local values. */
#include <await.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

static async_local trace = ASYNC_LOCAL, other = ASYNC_LOCAL;
static int freed;

static void count_free(void *value)
{
	freed++;
	free(value);
}

static async_local owned = { count_free };

static int read_and_change(void *arg)
{
	CHECK_STR(async_local_get(&trace), arg);
	CHECK_INT(async_local_set(&trace, (char *)"changed"), 0);
	await_sleep(0);
	CHECK_STR(async_local_get(&trace), "changed");
	return 0;
}

TEST_TASK(children_inherit_and_do_not_leak_back, "B05")
{
	async_task *task;

	CHECK(!async_local_get(&trace));
	CHECK_INT(async_local_set(&trace, (char *)"one"), 0);
	task = async_create_task(read_and_change, "one");
	CHECK_INT(async_local_set(&trace, (char *)"two"), 0);
	CHECK_INT(async_local_set(&other, (char *)"x"), 0);
	CHECK_INT(await_task(task), 0);
	CHECK_STR(async_local_get(&trace), "two");
	CHECK_STR(async_local_get(&other), "x");
}

static int hold(void *arg)
{
	(void)arg;
	await_sleep(0.001);
	CHECK_STR(async_local_get(&owned), "mine");
	return 0;
}

static int make_and_end(void *arg)
{
	async_task **child = arg;

	async_local_set(&owned, strdup("mine"));
	*child = async_create_task(hold, NULL);
	return 0;
}

TEST_TASK(value_lives_as_long_as_any_holder, "B05")
{
	async_task *child = NULL;

	CHECK_INT(await_task(async_create_task(make_and_end, &child)), 0);
	CHECK_INT(freed, 0);
	CHECK_INT(await_task(child), 0);
	CHECK_INT(freed, 1);
}

TEST_TASK(setting_again_frees_the_old_value, "B05")
{
	async_local_set(&owned, strdup("a"));
	async_local_set(&owned, strdup("b"));
	CHECK_INT(freed, 1);
	CHECK_STR(async_local_get(&owned), "b");
}

TEST_WITH(no_loop_no_value, "B05", .backends = ONCE)
{
	CHECK(!async_local_get(&trace));
}
