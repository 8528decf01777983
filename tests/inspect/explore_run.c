/* SPDX-License-Identifier: MIT */
/* Tasks, groups, scopes and futures under the cancellation explorer. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "inspect/explore.h"

static int nap(void *arg)
{
	(void)arg;
	return await_sleep(1);
}

/* ---- Tasks ---- */

static int scenario_sleep(void *arg)
{
	(void)arg;
	await_sleep(0);
	await_sleep(1);
	return await_sleep_until(async_now() + 1);
}

TEST_WITH(explore_sleep, "A12 B08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_sleep, NULL);
}

static int scenario_task(void *arg)
{
	async_task *a = async_create_task(nap, NULL), *b = async_create_task(scenario_sleep, NULL);
	int first = await_task(a), second = await_wait_for(b, 1.5);

	(void)arg;
	return first ? first : second;
}

TEST_WITH(explore_task_and_wait_for, "B02 B03 B13 X13", .backends = BACKEND_SIM)
{
	explore(scenario_task, NULL);
}

static int scenario_gather(void *arg)
{
	async_task *tasks[3];
	int results[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		tasks[i] = async_create_task(i ? nap : scenario_sleep, NULL);
	return await_gather(tasks, 3, results, 0);
}

TEST_WITH(explore_gather, "B11 X13", .backends = BACKEND_SIM)
{
	explore(scenario_gather, NULL);
}

static int scenario_wait(void *arg)
{
	async_task *tasks[3], *left[3], *task;
	size_t n = 3;
	int result = 0;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		left[i] = tasks[i] = async_create_task(i ? nap : scenario_sleep, NULL);
	await_wait(tasks, n, ASYNC_FIRST_COMPLETED);
	while ((task = await_next_completed(left, &n)))
		result = await_task(task);
	/* A cancel ends the waiting, not the tasks. */
	while (n)
		result = await_task(left[--n]);
	return result;
}

TEST_WITH(explore_wait_and_next_completed, "B12 B16 X13", .backends = BACKEND_SIM)
{
	explore(scenario_wait, NULL);
}

/* ---- Groups and scopes ---- */

static int starts_up(void *value)
{
	int error = await_sleep(1);

	if (error)
		return error;
	async_started(value);
	return await_sleep(1);
}

static int fails_later(void *arg)
{
	(void)arg;
	await_sleep(1.5);
	return -EIO;
}

static int scenario_group(void *arg)
{
	AWAIT_GROUP(group);
	void *value = NULL;
	int error;

	async_spawn(&group, nap, NULL);
	async_spawn(&group, scenario_sleep, NULL);
	error = await_start(&group, starts_up, &value, &value);
	(void)arg;
	if (error)
		return error;
	CHECK(value == &value);
	return await_group(&group);
}

TEST_WITH(explore_group_and_start, "B17 X03 X13", .backends = BACKEND_SIM)
{
	explore(scenario_group, NULL);
}

static int scenario_failing_group(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	async_spawn(&group, fails_later, NULL);
	async_spawn(&group, scenario_sleep, NULL);
	async_spawn(&group, scenario_group, NULL);
	return await_group(&group);
}

TEST_WITH(explore_group_that_fails, "B18 B19 X13", .backends = BACKEND_SIM)
{
	explore(scenario_failing_group, NULL);
}

static int cleaned_up, began;

static int with_clean_up(void *arg)
{
	int error = 0;

	(void)arg;
	began++;
	async_timeout (1.5)
		error = scenario_sleep(NULL);
	async_shield (5)
		if (!await_sleep(1))
			cleaned_up++;
	return error;
}

static int scenario_shield(void *arg)
{
	AWAIT_GROUP(group, ASYNC_ISOLATED);

	(void)arg;
	cleaned_up = began = 0;
	async_spawn(&group, with_clean_up, NULL);
	async_spawn(&group, with_clean_up, NULL);
	return await_group(&group);
}

static int all_cleaned_up(void *arg)
{
	(void)arg;
	return cleaned_up != began;
}

TEST_WITH(explore_shield_and_timeout, "B10 B14 X02 X13", .backends = BACKEND_SIM)
{
	explore(scenario_shield, all_cleaned_up);
}

/* ---- Futures, callbacks, locals ---- */

static async_future future;

static int finishes(void *arg)
{
	int error = await_sleep(1);

	(void)arg;
	if (error)
		async_future_fail(&future, error);
	else
		async_future_set(&future, NULL);
	return error;
}

static int waits_for_future(void *arg)
{
	(void)arg;
	return await_future(&future, NULL);
}

static int scenario_future(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	future = (async_future)ASYNC_FUTURE;
	async_spawn(&group, waits_for_future, NULL);
	async_spawn(&group, finishes, NULL);
	async_spawn(&group, waits_for_future, NULL);
	await_future(&future, NULL);
	return await_group(&group);
}

static int future_is_done(void *arg)
{
	(void)arg;
	return !async_future_done(&future);
}

TEST_WITH(explore_future, "C01 C02 C04 X13", .backends = BACKEND_SIM)
{
	explore(scenario_future, future_is_done);
}

static async_local local = { free };
static int called;

static void count_call(void *arg)
{
	(void)arg;
	called++;
}

static int inherits(void *arg)
{
	(void)arg;
	CHECK(async_local_get(&local) != NULL);
	return nap(NULL);
}

static int scenario_callbacks(void *arg)
{
	async_handle soon = { 0 }, later = { 0 };
	async_task *task;
	int error;

	(void)arg;
	called = 0;
	CHECK_INT(async_local_set(&local, malloc(10)), 0);
	task = async_create_task(inherits, NULL);
	CHECK_INT(async_task_on_done(task, count_call, NULL), 0);
	async_call_soon(&soon, count_call, NULL);
	async_call_later(&later, 0.5, count_call, NULL);
	error = await_task(task);
	async_handle_cancel(&soon);
	async_handle_cancel(&later);
	return error;
}

TEST_WITH(explore_callbacks_and_locals, "A07 A09 A10 B05 X13", .backends = BACKEND_SIM)
{
	explore(scenario_callbacks, NULL);
}
