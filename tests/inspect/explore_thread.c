/* SPDX-License-Identifier: MIT */
/* Threads under the cancellation explorer. A job itself stands still for no cancel here: what is explored is what comes
 * before and after it, and results on their way between tasks. */
#define _GNU_SOURCE
#include "inspect/explore.h"

static long count(void *arg)
{
	return ++*(int *)arg;
}

static int scenario_jobs(void *arg)
{
	static async_pool pool = ASYNC_POOL("explored", 1);
	int n = 0;
	long result;

	(void)arg;
	for (int i = 1; i <= 3; i++) {
		await_sleep(0.1);
		result = await_thread_in(&pool, count, &n);
		if (result < 0)
			return (int)result;
		CHECK_INT(result, i);
	}
	return 0;
}

TEST_WITH(explore_thread, "A18 B08 X13", .backends = BACKEND_SIM, .deadline = 60)
{
	explore(scenario_jobs, NULL);
}

static int nap(void *arg)
{
	(void)arg;
	return await_sleep(1);
}

static int scenario_remote(void *arg)
{
	async_remote *remote = async_loop_run_task(async_current_loop(), nap, NULL);
	async_remote *given = async_remote_new();
	int result;

	(void)arg;
	await_sleep(0.1);
	result = await_remote(remote);
	async_remote_finish(given, 1);
	CHECK_INT(excused(await_remote(given)), 0);
	return result;
}

TEST_WITH(explore_remote, "A22 A23 B08 X13", .backends = BACKEND_SIM, .deadline = 60)
{
	explore(scenario_remote, NULL);
}
