/* SPDX-License-Identifier: MIT */
/* Queues: work tracking and shutting down. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/queue_users.h"
#include "sync/trace.h"

static int put_quietly(void *name)
{
	put_one(name);
	return 0;
}

static int join(void *name)
{
	note_result(name, await_queue_join(&queue));
	return 0;
}

TEST_TASK(join_waits_for_every_item, "E03")
{
	AWAIT_GROUP(group);

	/* Nothing was put: there is nothing to wait for. */
	CHECK_INT(await_queue_join(&queue), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(put_into(&queue, i), 0);
	start_each(&group, join, "AB");
	settle();
	for (int i = 0; i < 3; i++) {
		CHECK_STR(trace, "");
		CHECK_INT(get_from(&queue), i);
		settle();
		CHECK_INT(async_queue_task_done(&queue), 0);
	}
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B");
	CHECK_INT(async_queue_task_done(&queue), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "every item put was marked done already");
	async_queue_free(&queue);
}

/* Items that went straight to a getter, and those that a waiting putter left, count as put. */
TEST_TASK(handed_over_items_are_tracked, "E03")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "A");
	settle();
	CHECK_INT(put_into(&bounded, 1), 0);
	settle();
	fill_bounded();
	start_each(&group, put_one, "B");
	settle();
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_queue_task_done(&bounded), 0);
	CHECK_INT(async_queue_task_done(&bounded), -EINVAL);
	CHECK_INT(get_from(&bounded), 1);
	CHECK_INT(async_queue_task_done(&bounded), 0);
	CHECK_INT(async_queue_task_done(&bounded), -EINVAL);
	CHECK_INT(await_group(&group), 0);
	async_queue_free(&bounded);
}

TEST_TASK(join_times_out, "E03")
{
	CHECK_INT(put_into(&queue, 1), 0);
	async_timeout (0.01)
		CHECK_INT(await_queue_join(&queue), -ETIMEDOUT);
	CHECK_INT(async_queue_task_done(&queue), 0);
	async_timeout (0)
		CHECK_INT(await_queue_join(&queue), -ETIMEDOUT);
	CHECK_INT(await_queue_join(&queue), 0);
	async_queue_free(&queue);
}

TEST_TASK(shutdown_lets_gets_drain, "E04")
{
	void *item;
	AWAIT_GROUP(group);

	fill_bounded();
	start_each(&group, put_quietly, "AB");
	settle();
	async_queue_shutdown(&bounded, false, NULL);
	CHECK_INT(put_into(&bounded, 3), -ESHUTDOWN);
	CHECK_TEXT_HAS(async_error(), "await_queue_put: the queue is shut down");
	CHECK_INT(async_queue_try_put(&bounded, NULL), -ESHUTDOWN);
	settle();
	CHECK_STR(trace, "A:ESHUTDOWN B:ESHUTDOWN");
	CHECK_INT(get_from(&bounded), 1);
	CHECK_INT(async_queue_try_get(&bounded, &item), 0);
	CHECK_INT(get_from(&bounded), -ESHUTDOWN);
	CHECK_TEXT_HAS(async_error(), "await_queue_get: the queue is shut down");
	CHECK_INT(async_queue_try_get(&bounded, &item), -ESHUTDOWN);
	/* What was drained still wants to be marked done. */
	async_timeout (0.01)
		CHECK_INT(await_queue_join(&bounded), -ETIMEDOUT);
	CHECK_INT(async_queue_task_done(&bounded), 0);
	CHECK_INT(async_queue_task_done(&bounded), 0);
	CHECK_INT(await_queue_join(&bounded), 0);
	async_queue_free(&bounded);
}

TEST_TASK(shutdown_wakes_getters, "E04")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "AB");
	settle();
	async_queue_shutdown(&bounded, false, NULL);
	async_queue_shutdown(&bounded, false, NULL);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:ESHUTDOWN B:ESHUTDOWN");
}

static void drop(void *item)
{
	note("drop%d", async_int(item));
}

TEST_TASK(immediate_shutdown_drops_what_is_left, "E04")
{
	AWAIT_GROUP(group);

	for (int i = 1; i <= 3; i++)
		CHECK_INT(put_into(&queue, i), 0);
	CHECK_INT(get_from(&queue), 1);
	start_each(&group, join, "J");
	settle();
	async_queue_shutdown(&queue, true, drop);
	CHECK_STR(trace, "drop2 drop3");
	CHECK(async_queue_empty(&queue));
	CHECK_INT(get_from(&queue), -ESHUTDOWN);
	settle();
	/* One item is still being worked on. */
	CHECK_STR(trace, "drop2 drop3");
	CHECK_INT(async_queue_task_done(&queue), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "drop2 drop3 J");
	async_queue_free(&queue);
}

TEST_TASK(immediate_shutdown_lets_join_return, "E04")
{
	AWAIT_GROUP(group);

	CHECK_INT(put_into(&queue, 1), 0);
	start_each(&group, join, "J");
	settle();
	async_queue_shutdown(&queue, false, NULL);
	settle();
	CHECK_STR(trace, "");
	async_queue_shutdown(&queue, true, NULL);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "J");
	async_queue_free(&queue);
}

static int shut_elsewhere(void *arg)
{
	(void)arg;
	async_queue_shutdown(&bounded, true, NULL);
	return 0;
}

TEST_TASK_WITH(queue_shutdown_on_the_wrong_thread_aborts, "E04", .expect_signal = SIGABRT,
	       .expect_stderr = "async_queue_shutdown: tasks of another thread's loop wait on it")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "A");
	settle();
	on_other_thread(shut_elsewhere, NULL);
}
