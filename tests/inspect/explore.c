/* SPDX-License-Identifier: MIT */
/* The cancellation explorer finds what was planted. What it says of the library is in the files explore_*.c. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "inspect/explore.h"

static int permits;

/* A semaphore as one writes it on a Monday: whoever gives a permit back hands it to the one who waits; if that one is
 * cancelled on its way, the permit is gone. */
static async_future *waiting_for_permit;

static int leaky_acquire(void)
{
	async_future handed = ASYNC_FUTURE;
	int error;

	if (permits) {
		permits--;
		return 0;
	}
	waiting_for_permit = &handed;
	error = await_future(&handed, NULL);
	waiting_for_permit = NULL;
	/* The mistake: a hand-over that came before the cancel is forgotten. */
	return error ? error : async_cancelled();
}

static void leaky_release(void)
{
	if (waiting_for_permit && !async_future_done(waiting_for_permit))
		async_future_set(waiting_for_permit, NULL);
	else
		permits++;
}

static int leaky_user(void *arg)
{
	int error = leaky_acquire();

	(void)arg;
	if (error)
		return error;
	await_sleep(1);
	leaky_release();
	return 0;
}

static int leaky_scenario(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	permits = 1;
	async_spawn(&group, leaky_user, NULL);
	async_spawn(&group, leaky_user, NULL);
	return await_group(&group);
}

static int one_permit(void *arg)
{
	(void)arg;
	return permits != 1;
}

TEST_WITH(a_lost_permit_is_found, "X13 T07", .backends = BACKEND_SIM)
{
	async_exploration found;

	CHECK_INT(async_explore(NULL, leaky_scenario, NULL, one_permit, &found), -ENOTRECOVERABLE);
	CHECK(found.points > 4);
	CHECK(found.failures > 0 && found.failures < found.points);
	CHECK(found.first_failure > 0);
	CHECK_TEXT_HAS(found.text, "leaky_user");
	CHECK_TEXT_HAS(found.text, "about to go on");
	CHECK_TEXT_HAS(found.text, "the check returned 1");
}

static int nap(void *arg)
{
	(void)arg;
	return await_sleep(1);
}

/* Awaits its task only when all goes well. */
static int loses_task(void *arg)
{
	async_task *task = async_create_task(nap, NULL);
	int error = await_sleep(0.5);

	(void)arg;
	return error ? error : await_task(task);
}

TEST_WITH(a_lost_task_is_found, "X13 T02 X20", .backends = BACKEND_SIM)
{
	async_exploration found;

	CHECK_INT(async_explore(NULL, loses_task, NULL, NULL, &found), -ENOTRECOVERABLE);
	CHECK_TEXT_HAS(found.text, "outlives the run");
	CHECK_TEXT_HAS(found.text, "nap");
}

static int loses_descriptor(void *arg)
{
	int fd = async_socket(AF_INET, SOCK_STREAM, 0), error = await_sleep(1);

	(void)arg;
	return error ? error : async_close(fd);
}

TEST_WITH(a_lost_descriptor_is_found, "X13 T02", .backends = BACKEND_SIM)
{
	async_exploration found;

	CHECK_INT(async_explore(NULL, loses_descriptor, NULL, NULL, &found), -ENOTRECOVERABLE);
	CHECK_TEXT_HAS(found.text, "left: 1 descriptors");
	CHECK_TEXT_HAS(async_error(), "1 of 2 points fail; point 1, cancel of main");
}

/* Where the compiler cannot see that nobody reads it. */
static void *volatile memory;

static int loses_memory(void *arg)
{
	int error;

	(void)arg;
	memory = malloc(100);
	error = await_sleep(1);
	if (error)
		return error;
	free(memory);
	return 0;
}

TEST_WITH(lost_memory_is_found, "X13 T02", .backends = BACKEND_SIM, .may_leak = 1)
{
	async_exploration found;

	if (test_is_instrumented())
		SKIP("a sanitizer's heap cannot be counted");
	CHECK_INT(async_explore(NULL, loses_memory, NULL, NULL, &found), -ENOTRECOVERABLE);
	CHECK_TEXT_HAS(found.text, "bytes of memory are lost");
}

static async_event never_again;

static int sets_it(void *arg)
{
	int error = await_sleep(1);

	(void)arg;
	if (!error)
		async_event_set(&never_again);
	return error;
}

static int waits_for_it(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	never_again = (async_event)ASYNC_EVENT;
	async_spawn(&group, sets_it, NULL);
	await_event(&never_again);
	return await_group(&group);
}

TEST_WITH(a_deadlock_is_found, "X13", .backends = BACKEND_SIM)
{
	async_exploration found;

	CHECK_INT(async_explore(NULL, waits_for_it, NULL, NULL, &found), -ENOTRECOVERABLE);
	CHECK_TEXT_HAS(found.text, "deadlock: every task waits");
}

static int always_wrong(void *arg)
{
	(void)arg;
	return -EIO;
}

static int explores_inside(void *arg)
{
	return async_explore(NULL, nap, arg, NULL, NULL);
}

TEST_WITH(the_run_without_a_cancel_must_do, "X13", .backends = BACKEND_SIM)
{
	async_exploration found;

	CHECK_INT(async_explore(NULL, nap, NULL, always_wrong, &found), -ENOTRECOVERABLE);
	CHECK_INT(found.first_failure, 0);
	CHECK_TEXT_HAS(found.text, "even without a cancel: the check returned -5");
	CHECK_INT(async_explore(NULL, nap, NULL, NULL, &found), 0);
	CHECK_INT(found.points, 2);
	CHECK_STR(found.text, "");
	CHECK_INT(async_run(explores_inside, NULL), -EBUSY);
}
