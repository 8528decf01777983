/* SPDX-License-Identifier: MIT */
/* Queues by priority, and last in first out. */
#define _GNU_SOURCE
#include <errno.h>
#include "harness.h"
#include "sync/trace.h"

static int get_from(async_queue *from)
{
	void *item = NULL;
	int error = await_queue_get(from, &item);

	return error ? error : async_int(item);
}

static int put_into(async_queue *into, int item)
{
	return await_queue_put(into, ASYNC_INT(item));
}

static int compare(const void *a, const void *b)
{
	return async_int(a) - async_int(b);
}

static async_queue lowest = ASYNC_PRIORITY_QUEUE(3, compare);
static async_queue lifo = ASYNC_LIFO_QUEUE(2);

TEST_TASK(priority_queue_gives_the_lowest, "E05")
{
	async_queue heap = ASYNC_PRIORITY_QUEUE(0, compare);
	unsigned random = 1;
	int last = -1, item;

	for (int i = 0; i < 1000; i++) {
		random = random * 1103515245 + 12345;
		CHECK_INT(put_into(&heap, (int)(random >> 16) % 300), 0);
	}
	for (int i = 0; i < 1000; i++) {
		item = get_from(&heap);
		CHECK(item >= last);
		last = item;
	}
	CHECK(async_queue_empty(&heap));
	async_queue_free(&heap);
}

static int put_low(void *item)
{
	int result = await_queue_put(&lowest, item);

	note("put%d", async_int(item));
	return result;
}

TEST_TASK(priority_queue_blocks_alike, "E05")
{
	AWAIT_GROUP(group);

	for (int i = 9; i > 6; i--)
		CHECK_INT(put_into(&lowest, i), 0);
	async_spawn(&group, put_low, ASYNC_INT(1));
	async_spawn(&group, put_low, ASYNC_INT(8));
	settle();
	CHECK_STR(trace, "");
	CHECK_INT(get_from(&lowest), 7);
	CHECK_INT(get_from(&lowest), 1);
	CHECK_INT(get_from(&lowest), 8);
	CHECK_INT(get_from(&lowest), 8);
	CHECK_INT(get_from(&lowest), 9);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "put1 put8");
	async_queue_free(&lowest);
}

static int put_last(void *item)
{
	return await_queue_put(&lifo, item);
}

TEST_TASK(lifo_queue_gives_the_last, "E05")
{
	AWAIT_GROUP(group);

	CHECK_INT(put_into(&lifo, 1), 0);
	CHECK_INT(put_into(&lifo, 2), 0);
	async_spawn(&group, put_last, ASYNC_INT(3));
	async_spawn(&group, put_last, ASYNC_INT(4));
	settle();
	CHECK_INT(get_from(&lifo), 2);
	CHECK_INT(get_from(&lifo), 3);
	CHECK_INT(get_from(&lifo), 4);
	CHECK_INT(get_from(&lifo), 1);
	async_timeout (0.01)
		CHECK_INT(get_from(&lifo), -ETIMEDOUT);
	async_queue_free(&lifo);
}
