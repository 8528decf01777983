/* SPDX-License-Identifier: MIT */
/* Queues: order, bounds, and items that no cancel loses. */
#define _GNU_SOURCE
#include <errno.h>
#include "fault.h"
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/queue_users.h"
#include "sync/trace.h"

TEST_TASK(unbounded_queue_is_never_full, "E01")
{
	CHECK_INT((int)async_queue_maxsize(&queue), 0);
	CHECK(async_queue_empty(&queue));
	for (int i = 0; i < 1000; i++)
		CHECK_INT(put_into(&queue, i), 0);
	CHECK(!async_queue_full(&queue));
	CHECK(!async_queue_empty(&queue));
	CHECK_INT((int)async_queue_size(&queue), 1000);
	for (int i = 0; i < 1000; i++)
		CHECK_INT(get_from(&queue), i);
	CHECK(async_queue_empty(&queue));
	CHECK_INT(async_queue_free(&queue), 0);
}

TEST(negative_bound_is_none, "E01")
{
	async_queue negative = ASYNC_QUEUE(-1);

	for (int i = 0; i < 100; i++)
		CHECK_INT(async_queue_try_put(&negative, NULL), 0);
	CHECK(!async_queue_full(&negative));
	CHECK_INT(async_queue_free(&negative), 0);
}

TEST_TASK(ring_grows_while_it_wraps, "E01")
{
	int put = 0, got = 0;

	while (put < 500) {
		for (int i = 0; i < 7; i++)
			CHECK_INT(put_into(&queue, put++), 0);
		for (int i = 0; i < 4; i++)
			CHECK_INT(get_from(&queue), got++);
	}
	while (got < put)
		CHECK_INT(get_from(&queue), got++);
	CHECK_INT(async_queue_free(&queue), 0);
}

TEST_TASK(bounded_queue_makes_putters_wait, "E01")
{
	AWAIT_GROUP(group);

	CHECK_INT((int)async_queue_maxsize(&bounded), 2);
	fill_bounded();
	CHECK(async_queue_full(&bounded));
	start_each(&group, put_one, "ABC");
	settle();
	CHECK_STR(trace, "");
	CHECK_INT(get_from(&bounded), 1);
	/* A's item took the place: the queue is full again. */
	CHECK(async_queue_full(&bounded));
	settle();
	CHECK_STR(trace, "A");
	CHECK_INT(get_from(&bounded), 2);
	CHECK_INT(get_from(&bounded), 'A');
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C");
	CHECK_INT(get_from(&bounded), 'B');
	CHECK_INT(get_from(&bounded), 'C');
	CHECK(async_queue_empty(&bounded));
	CHECK_INT(async_queue_free(&bounded), 0);
}

TEST_TASK(getters_wake_in_order, "E01")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "ABC");
	settle();
	for (int i = 1; i <= 4; i++)
		CHECK_INT(put_into(&bounded, i), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1 B2 C3");
	CHECK_INT(get_from(&bounded), 4);
	CHECK_INT(async_queue_free(&bounded), 0);
}

TEST_TASK(woken_getter_is_not_overtaken, "E01")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "A");
	settle();
	CHECK_INT(put_into(&bounded, 1), 0);
	/* A was woken but did not run yet; the item is its own. */
	CHECK(async_queue_empty(&bounded));
	async_timeout (0.01)
		CHECK_INT(get_from(&bounded), -ETIMEDOUT);
	CHECK_STR(trace, "A1");
}

TEST(immediate_forms, "E02")
{
	void *item;

	CHECK_INT(async_queue_try_get(&bounded, &item), -EAGAIN);
	CHECK_INT(async_queue_try_put(&bounded, ASYNC_INT(1)), 0);
	CHECK_INT(async_queue_try_put(&bounded, ASYNC_INT(2)), 0);
	CHECK_INT(async_queue_try_put(&bounded, ASYNC_INT(3)), -EAGAIN);
	CHECK_INT(async_queue_try_get(&bounded, &item), 0);
	CHECK_INT(async_int(item), 1);
	CHECK_INT(async_queue_try_get(&bounded, &item), 0);
	CHECK_INT(async_int(item), 2);
	CHECK_INT(async_queue_try_get(&bounded, &item), -EAGAIN);
	CHECK_INT(async_queue_free(&bounded), 0);
}

TEST_TASK(immediate_forms_wake_those_who_wait, "E02")
{
	void *item;
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "A");
	settle();
	CHECK_INT(async_queue_try_put(&bounded, ASYNC_INT(1)), 0);
	settle();
	fill_bounded();
	start_each(&group, put_one, "B");
	settle();
	CHECK_INT(async_queue_try_get(&bounded, &item), 0);
	CHECK_INT(async_queue_try_put(&bounded, NULL), -EAGAIN);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1 B");
	async_queue_free(&bounded);
}

TEST_TASK(getter_cancelled_after_the_put_has_the_item, "E06 D08")
{
	async_task *a = async_create_task(get_one, ASYNC_INT('A'));
	async_task *b = async_create_task(get_one, ASYNC_INT('B'));

	settle();
	CHECK_INT(put_into(&bounded, 1), 0);
	async_task_cancel(a);
	CHECK_INT(await_task(a), 1);
	async_task_cancel(b);
	CHECK_INT(put_into(&bounded, 2), 0);
	CHECK_INT(await_task(b), -ECANCELED);
	CHECK_STR(trace, "A1 B:ECANCELED");
	CHECK_INT(get_from(&bounded), 2);
	async_queue_free(&bounded);
}

TEST_TASK(putter_cancelled_after_the_get_has_put, "E06 D08")
{
	async_task *a, *b;

	fill_bounded();
	a = async_create_task(put_one, ASYNC_INT('A'));
	b = async_create_task(put_one, ASYNC_INT('B'));
	settle();
	CHECK_INT(get_from(&bounded), 1);
	async_task_cancel(a);
	CHECK_INT(await_task(a), 0);
	async_task_cancel(b);
	CHECK_INT(get_from(&bounded), 2);
	CHECK_INT(await_task(b), -ECANCELED);
	CHECK_INT(get_from(&bounded), 'A');
	CHECK(async_queue_empty(&bounded));
	async_queue_free(&bounded);
}

TEST_TASK(queue_calls_time_out, "E06")
{
	async_timeout (0.01)
		CHECK_INT(get_from(&bounded), -ETIMEDOUT);
	fill_bounded();
	async_timeout (0.01)
		CHECK_INT(put_into(&bounded, 3), -ETIMEDOUT);
	async_timeout (0)
		CHECK_INT(get_from(&bounded), -ETIMEDOUT);
	CHECK_INT(get_from(&bounded), 1);
	async_timeout (0)
		CHECK_INT(put_into(&bounded, 3), -ETIMEDOUT);
	CHECK_INT((int)async_queue_size(&bounded), 1);
	async_queue_free(&bounded);
}

TEST_TASK(queue_without_memory, "E01")
{
	if (!fault_inject("malloc", 1, ENOMEM))
		SKIP("no fault injection in this build");
	CHECK_INT(put_into(&queue, 1), -ENOMEM);
	fault_clear();
	CHECK(async_queue_empty(&queue));
	CHECK_INT(await_queue_join(&queue), 0);
	CHECK_INT(put_into(&queue, 2), 0);
	CHECK_INT(get_from(&queue), 2);
	async_queue_free(&queue);
}

TEST_TASK(freed_queue_is_empty_and_usable, "E01")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "A");
	settle();
	CHECK_INT(async_queue_free(&bounded), -EBUSY);
	CHECK_INT(put_into(&bounded, 1), 0);
	settle();
	fill_bounded();
	async_queue_shutdown(&bounded, false, NULL);
	CHECK_INT(async_queue_free(&bounded), 0);
	CHECK(async_queue_empty(&bounded));
	CHECK_INT((int)async_queue_maxsize(&bounded), 2);
	fill_bounded();
	CHECK(async_queue_full(&bounded));
	CHECK_INT(async_queue_free(&bounded), 0);
}

static int use_elsewhere(void *arg)
{
	void *item;

	(void)arg;
	CHECK_INT(get_from(&bounded), -EXDEV);
	CHECK_INT(put_into(&bounded, 1), -EXDEV);
	CHECK_INT(async_queue_try_get(&bounded, &item), -EXDEV);
	CHECK_INT(async_queue_try_put(&bounded, NULL), -EXDEV);
	CHECK_TEXT_HAS(async_error(), "async_queue_try_put: tasks of another thread's");
	CHECK_INT(async_queue_task_done(&bounded), -EXDEV);
	return 0;
}

TEST_TASK(queue_refuses_a_second_loop, "E01")
{
	AWAIT_GROUP(group);

	start_each(&group, get_quietly, "A");
	settle();
	CHECK_INT(on_other_loop(use_elsewhere, NULL), 0);
	CHECK_INT(on_other_thread(use_elsewhere, NULL), 0);
	CHECK_INT(put_into(&bounded, 1), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1");
	async_queue_free(&bounded);
}

static int run_once(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	start_each(&group, get_quietly, "A");
	settle();
	return put_into(&bounded, 1);
}

TEST(static_queue_serves_one_loop_after_another, "E01")
{
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(on_other_thread(run_once, NULL), 0);
	CHECK_STR(trace, "A1 A1 A1");
}

static int put_three(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 3; i++)
		CHECK_INT(put_into(&bounded, i), 0);
	async_queue_shutdown(&bounded, false, NULL);
	return 0;
}

TEST_WITH(queue_on_a_plain_thread, "E01", .in_thread = 1)
{
	async_task *task = async_create_task(put_three, NULL);

	for (int i = 1; i <= 3; i++)
		CHECK_INT(get_from(&bounded), i);
	CHECK_INT(get_from(&bounded), -ESHUTDOWN);
	CHECK_INT(await_task(task), 0);
	async_queue_free(&bounded);
}
