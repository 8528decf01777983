/* SPDX-License-Identifier: MIT */
/* C++ exceptions belong to the task: each may await inside a handler and rethrow its own. */
#include <await.h>
#include <stdexcept>
#include <string>
#include "harness.h"

static int handle_own(void *arg)
{
	const std::string mine = "exception " + std::to_string(async_int(arg));

	try {
		throw std::runtime_error(mine);
	} catch (const std::exception &) {
		await_sleep(0.001 * async_int(arg));
		try {
			throw;
		} catch (const std::exception &again) {
			await_sleep(0);
			return again.what() == mine ? 0 : -1;
		}
	}
}

TEST_TASK(each_task_rethrows_its_own, "B01")
{
	async_task *tasks[8];
	int results[8];

	for (int i = 0; i < 8; i++)
		tasks[i] = async_create_task(handle_own, ASYNC_INT(8 - i));
	CHECK_INT(await_gather(tasks, 8, results, 0), 0);
	for (int result : results)
		CHECK_INT(result, 0);
	CHECK(!std::uncaught_exceptions());
}

struct closes {
	int *count;
	~closes()
	{
		async_shield (1.0)
			await_sleep(0.001);
		++*count;
	}
};

static int unwind(void *arg)
{
	try {
		closes first{ static_cast<int *>(arg) }, second{ static_cast<int *>(arg) };

		throw 1;
	} catch (int) {
		return 0;
	}
}

/* A destructor may await while an exception is on its way, and others throw meanwhile. */
TEST_TASK(destructors_may_await, "B01 B26")
{
	int count = 0;
	AWAIT_GROUP(group);

	for (int i = 0; i < 10; i++)
		CHECK_INT(async_spawn(&group, unwind, &count), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_INT(count, 20);
}
