/* SPDX-License-Identifier: MIT */
/* Two queues, and tasks that put and get: for queue.c and queue_work.c. */
#ifndef TESTS_SYNC_QUEUE_USERS_H
#define TESTS_SYNC_QUEUE_USERS_H

#include "harness.h"
#include "sync/trace.h"

static async_queue queue = ASYNC_QUEUE(0);
static async_queue bounded = ASYNC_QUEUE(2);

static inline int get_from(async_queue *from)
{
	void *item = NULL;
	int error = await_queue_get(from, &item);

	return error ? error : async_int(item);
}

static inline int put_into(async_queue *into, int item)
{
	return await_queue_put(into, ASYNC_INT(item));
}

/* Notes "A1" for getter A and item 1. */
static inline int get_one(void *name)
{
	int item = get_from(&bounded);

	if (item < 0)
		note_result(name, item);
	else
		note("%c%d", async_int(name), item);
	return item;
}

static inline int get_quietly(void *name)
{
	get_one(name);
	return 0;
}

static inline int put_one(void *name)
{
	int result = put_into(&bounded, async_int(name));

	note_result(name, result);
	return result;
}

static inline void fill_bounded(void)
{
	CHECK_INT(put_into(&bounded, 1), 0);
	CHECK_INT(put_into(&bounded, 2), 0);
}

#endif
