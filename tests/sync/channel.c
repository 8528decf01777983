/* SPDX-License-Identifier: MIT */
/* Channels: order, capacity, rendezvous, and values that no cancel loses. */
#define _GNU_SOURCE
#include <errno.h>
#include "fault.h"
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/channel_ends.h"
#include "sync/trace.h"

TEST_TASK(values_come_in_order, "X05")
{
	open_channel(3);
	for (int round = 0; round < 5; round++) {
		CHECK_INT(give(1), 0);
		CHECK_INT(give(2), 0);
		CHECK_INT((int)async_channel_length(receiver), 2);
		CHECK_INT(receive(), 1);
		CHECK_INT(receive(), 2);
	}
	close_channel();
}

struct parcel {
	char text[37];
};

static int send_parcels(void *arg)
{
	struct parcel parcel = { "" };

	for (int i = 0; i < 100; i++) {
		snprintf(parcel.text, sizeof parcel.text, "parcel number %d", i);
		CHECK_INT(await_channel_send(arg, &parcel), 0);
	}
	async_sender_close(arg);
	return 0;
}

static void check_parcels(size_t capacity)
{
	struct parcel parcel;
	char expected[37];
	async_sender *parcels_out;
	async_receiver *parcels_in;
	int i = 0;
	AWAIT_GROUP(group);

	CHECK_INT(async_channel(sizeof parcel, capacity, &parcels_out, &parcels_in), 0);
	async_spawn(&group, send_parcels, parcels_out);
	for (; await_channel_receive(parcels_in, &parcel) == 0; i++) {
		snprintf(expected, sizeof expected, "parcel number %d", i);
		CHECK_STR(parcel.text, expected);
	}
	CHECK_INT(i, 100);
	async_receiver_close(parcels_in);
}

TEST_TASK(values_of_any_size, "X05")
{
	check_parcels(0);
	check_parcels(1);
	check_parcels(7);
	check_parcels(1000);
}

TEST_TASK(full_channel_makes_senders_wait, "X05")
{
	AWAIT_GROUP(group);

	open_channel(1);
	CHECK_INT(give(1), 0);
	start_each(&group, send_one, "ABC");
	settle();
	CHECK_STR(trace, "");
	CHECK_INT(receive(), 1);
	CHECK_INT((int)async_channel_length(receiver), 1);
	settle();
	CHECK_STR(trace, "A");
	CHECK_INT(receive(), 'A');
	CHECK_INT(receive(), 'B');
	CHECK_INT(receive(), 'C');
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C");
	close_channel();
}

TEST_TASK(receivers_wake_in_order, "X05")
{
	AWAIT_GROUP(group);

	open_channel(10);
	start_each(&group, receive_quietly, "ABC");
	settle();
	for (int i = 1; i <= 4; i++)
		CHECK_INT(give(i), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1 B2 C3");
	CHECK_INT(receive(), 4);
	close_channel();
}

TEST_TASK(rendezvous, "X05")
{
	int value = 5;
	AWAIT_GROUP(group);

	open_channel(0);
	CHECK_INT(async_channel_try_send(sender, &value), -EAGAIN);
	CHECK_INT(async_channel_try_receive(receiver, &value), -EAGAIN);
	start_each(&group, send_one, "AB");
	settle();
	/* A send returns when a receiver has the value, not before. */
	CHECK_STR(trace, "");
	CHECK_INT((int)async_channel_length(receiver), 0);
	CHECK_INT(receive(), 'A');
	settle();
	CHECK_STR(trace, "A");
	CHECK_INT(async_channel_try_receive(receiver, &value), 0);
	CHECK_INT(value, 'B');
	start_each(&group, receive_quietly, "CD");
	settle();
	CHECK_INT(give(1), 0);
	value = 2;
	CHECK_INT(async_channel_try_send(sender, &value), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A B C1 D2");
	close_channel();
}

TEST(channel_is_refused, "X05")
{
	CHECK_INT(async_channel(0, 1, &sender, &receiver), -EINVAL);
	CHECK(!sender && !receiver);
	CHECK_INT(async_channel(16, SIZE_MAX / 8, &sender, &receiver), -ENOMEM);
	CHECK_INT(async_channel(8, SIZE_MAX / 8, &sender, &receiver), -ENOMEM);
	CHECK(!sender && !receiver);
	if (!fault_inject("malloc", 1, ENOMEM))
		SKIP("no fault injection in this build");
	CHECK_INT(async_channel(8, 1, &sender, &receiver), -ENOMEM);
	CHECK_TEXT_HAS(async_error(), "async_channel: no memory for 1 values of 8 bytes");
}

TEST_TASK(cancelled_receive_took_nothing, "X05 D08")
{
	async_task *a, *b;

	open_channel(1);
	a = async_create_task(receive_one, ASYNC_INT('A'));
	b = async_create_task(receive_one, ASYNC_INT('B'));
	settle();
	async_task_cancel(a);
	CHECK_INT(give(1), 0);
	async_task_cancel(b);
	/* B had its value before the cancel. */
	CHECK_INT(await_task(b), 1);
	CHECK_INT(await_task(a), -ECANCELED);
	close_channel();
}

TEST_TASK(cancelled_send_sent_nothing, "X05 D08")
{
	async_task *a, *b;

	open_channel(0);
	a = async_create_task(send_one, ASYNC_INT('A'));
	b = async_create_task(send_one, ASYNC_INT('B'));
	settle();
	async_task_cancel(a);
	CHECK_INT(receive(), 'B');
	async_task_cancel(b);
	CHECK_INT(await_task(b), 0);
	CHECK_INT(await_task(a), -ECANCELED);
	close_channel();
}

TEST_TASK(channel_calls_time_out, "X05")
{
	open_channel(1);
	async_timeout (0.01)
		CHECK_INT(receive(), -ETIMEDOUT);
	async_timeout (0)
		CHECK_INT(give(1), -ETIMEDOUT);
	CHECK_INT(give(1), 0);
	async_timeout (0.01)
		CHECK_INT(give(2), -ETIMEDOUT);
	async_timeout (0)
		CHECK_INT(receive(), -ETIMEDOUT);
	CHECK_INT(receive(), 1);
	close_channel();
}

static int use_elsewhere(void *arg)
{
	int value = 0;

	(void)arg;
	CHECK_INT(receive(), -EXDEV);
	CHECK_INT(give(1), -EXDEV);
	CHECK_INT(async_channel_try_send(sender, &value), -EXDEV);
	CHECK_TEXT_HAS(async_error(), "async_channel_try_send: tasks of another thread's");
	return 0;
}

TEST_TASK(channel_refuses_a_second_loop, "X05")
{
	AWAIT_GROUP(group);

	open_channel(0);
	start_each(&group, receive_quietly, "A");
	settle();
	CHECK_INT(on_other_loop(use_elsewhere, NULL), 0);
	CHECK_INT(on_other_thread(use_elsewhere, NULL), 0);
	CHECK_INT(give(1), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1");
	close_channel();
}

static int run_once(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	start_each(&group, receive_quietly, "A");
	settle();
	return give(1);
}

TEST(channel_serves_one_loop_after_another, "X05")
{
	open_channel(0);
	CHECK_INT(async_run(run_once, NULL), 0);
	CHECK_INT(on_other_loop(run_once, NULL), 0);
	CHECK_INT(on_other_thread(run_once, NULL), 0);
	CHECK_STR(trace, "A1 A1 A1");
	close_channel();
}

static int send_three(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 3; i++)
		CHECK_INT(give(i), 0);
	async_sender_close(sender);
	return 0;
}

TEST_WITH(channel_on_a_plain_thread, "X05", .in_thread = 1)
{
	async_task *task;

	open_channel(0);
	task = async_create_task(send_three, NULL);
	for (int i = 1; i <= 3; i++)
		CHECK_INT(receive(), i);
	CHECK_INT(receive(), -EPIPE);
	CHECK_INT(await_task(task), 0);
	async_receiver_close(receiver);
}
