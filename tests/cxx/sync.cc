// SPDX-License-Identifier: MIT
// The public headers serve C++ as they are: the block macros, static initialisers, groups, select.
// What await_holding holds is given back when an exception leaves the block, too.
#include <await.h>
#include <cerrno>
#include <stdexcept>
#include <string>
#include "harness.h"

static async_lock lock = ASYNC_LOCK;
static async_event event = ASYNC_EVENT;
static async_condition condition = ASYNC_CONDITION(&lock);
static async_semaphore semaphore = ASYNC_SEMAPHORE(1);
static async_semaphore bounded = ASYNC_BOUNDED_SEMAPHORE(1);
static async_barrier barrier = ASYNC_BARRIER(2);
static async_limiter limiter = ASYNC_LIMITER(1);
static async_queue queue = ASYNC_QUEUE(2);
static async_queue lifo = ASYNC_LIFO_QUEUE(2);
static async_queue lowest = ASYNC_PRIORITY_QUEUE(2, [](const void *a, const void *b) {
	return async_int(a) - async_int(b);
});

static int add_one(void *sum)
{
	await_holding (&lock)
		++*static_cast<int *>(sum);
	return await_barrier(&barrier) < 0;
}

TEST_TASK(cxx_group_and_lock, "D01 D07")
{
	int sum = 0;
	{
		AWAIT_GROUP(group);

		for (int i = 0; i < 4; i++)
			CHECK_INT(async_spawn(&group, add_one, &sum), 0);
	}
	CHECK_INT(sum, 4);
}

TEST_TASK(cxx_holding_everything, "D01 D03 D05 X04")
{
	int runs = 0;

	await_holding (&condition)
		await_holding (&semaphore)
			await_holding (&bounded)
				await_holding (&limiter)
					runs++;
	CHECK_INT(runs, 1);
	CHECK(!async_locked(&lock));
	CHECK(!async_semaphore_locked(&semaphore));
	CHECK_INT(async_limiter_borrowed(&limiter), 0);
}

TEST_TASK(cxx_exception_leaves_a_holding_block, "D01")
{
	std::string what;

	try {
		await_holding (&lock) {
			await_sleep(0);
			throw std::runtime_error("thrown inside");
		}
	} catch (const std::exception &error) {
		CHECK(!async_locked(&lock));
		what = error.what();
	}
	CHECK_STR(what.c_str(), "thrown inside");
}

TEST_TASK(cxx_timeout, "D02")
{
	async_timeout (0.01)
		CHECK_INT(await_event(&event), -ETIMEDOUT);
	CHECK(async_timed_out());
	async_event_set(&event);
	CHECK_INT(await_event(&event), 0);
}

TEST_TASK(cxx_queues, "E01 E05")
{
	void *item = nullptr;

	for (async_queue *each : { &queue, &lifo, &lowest }) {
		CHECK_INT(await_queue_put(each, ASYNC_INT(2)), 0);
		CHECK_INT(await_queue_put(each, ASYNC_INT(1)), 0);
		CHECK_INT(await_queue_get(each, &item), 0);
		CHECK_INT(async_int(item), each == &queue ? 2 : 1);
		CHECK_INT(await_queue_get(each, &item), 0);
		CHECK_INT(async_queue_free(each), 0);
	}
}

static int send_seven(void *sender)
{
	int seven = 7;

	return await_channel_send(static_cast<async_sender *>(sender), &seven);
}

TEST_TASK(cxx_select, "X05")
{
	async_sender *senders[2];
	async_receiver *receivers[2];
	async_select_case cases[2] = {};
	int value = 0;

	for (int i = 0; i < 2; i++) {
		CHECK_INT(async_channel(sizeof value, 0, &senders[i], &receivers[i]), 0);
		cases[i].receiver = receivers[i];
		cases[i].item = &value;
	}
	{
		AWAIT_GROUP(group);

		async_spawn(&group, send_seven, senders[1]);
		CHECK_INT(await_select(cases, 2), 1);
	}
	CHECK_INT(value, 7);
	for (int i = 0; i < 2; i++) {
		async_sender_close(senders[i]);
		async_receiver_close(receivers[i]);
	}
}
