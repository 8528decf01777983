/* SPDX-License-Identifier: MIT */
/* Select: exactly one case comes about, in turn, whatever is closed or cancelled meanwhile. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include "fault.h"
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/trace.h"

enum { CHANNELS = 20 };

static async_sender *out[CHANNELS];
static async_receiver *in[CHANNELS];
static int sent[CHANNELS], got[CHANNELS];

static void open_channels(int count, size_t capacity)
{
	for (int i = 0; i < count; i++)
		CHECK_INT(async_channel(sizeof(int), capacity, &out[i], &in[i]), 0);
}

static void close_channels(int count)
{
	for (int i = 0; i < count; i++) {
		async_sender_close(out[i]);
		async_receiver_close(in[i]);
	}
}

static struct async_select_case receive_case(int i)
{
	return (struct async_select_case){ .receiver = in[i], .item = &got[i] };
}

static struct async_select_case send_case(int i, int value)
{
	sent[i] = value;
	return (struct async_select_case){ .sender = out[i], .item = &sent[i] };
}

static int give(int i, int value)
{
	return await_channel_send(out[i], &value);
}

static int receive(int i)
{
	int value = -1, result = await_channel_receive(in[i], &value);

	return result ? result : value;
}

/* Waits for one of the first two channels and notes "A1=5": case 1 gave 5. */
static int select_one(void *name)
{
	struct async_select_case cases[] = { receive_case(0), receive_case(1) };
	int values[2] = { 0 };
	ssize_t index;

	cases[0].item = &values[0];
	cases[1].item = &values[1];
	index = await_select(cases, 2);
	if (index < 0)
		note_result(name, (int)index);
	else if (cases[index].result)
		note("%c%d:%s", async_int(name), (int)index, strerrorname_np(-cases[index].result));
	else
		note("%c%d=%d", async_int(name), (int)index, values[index]);
	return (int)index;
}

static int select_quietly(void *name)
{
	select_one(name);
	return 0;
}

TEST_TASK(ready_case_is_done_at_once, "X05")
{
	struct async_select_case cases[2];

	open_channels(2, 1);
	cases[0] = receive_case(0);
	cases[1] = receive_case(1);
	CHECK_INT(async_try_select(cases, 2), -EAGAIN);
	CHECK_INT(give(1, 7), 0);
	CHECK_INT(await_select(cases, 2), 1);
	CHECK_INT(cases[1].result, 0);
	CHECK_INT(got[1], 7);
	cases[0] = send_case(0, 8);
	CHECK_INT(async_try_select(cases, 2), 0);
	CHECK_INT(receive(0), 8);
	close_channels(2);
}

TEST_TASK(select_waits_for_the_first, "X05")
{
	AWAIT_GROUP(group);

	open_channels(2, 0);
	start_each(&group, select_quietly, "ABC");
	settle();
	CHECK_STR(trace, "");
	CHECK_INT(give(1, 5), 0);
	CHECK_INT(give(0, 6), 0);
	CHECK_INT(give(1, 7), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1=5 B0=6 C1=7");
	/* Nobody is left in the queue of the other channel. */
	async_timeout (0.01)
		CHECK_INT(give(0, 1), -ETIMEDOUT);
	async_timeout (0.01)
		CHECK_INT(give(1, 1), -ETIMEDOUT);
	close_channels(2);
}

static int select_to_send(void *name)
{
	struct async_select_case cases[] = { send_case(0, 10), send_case(1, 11) };

	note("%c%d", async_int(name), (int)await_select(cases, 2));
	return 0;
}

TEST_TASK(select_sends, "X05")
{
	AWAIT_GROUP(group);

	open_channels(2, 0);
	start_each(&group, select_to_send, "A");
	settle();
	CHECK_INT(receive(1), 11);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1");
	async_timeout (0.01)
		CHECK_INT(receive(0), -ETIMEDOUT);
	close_channels(2);
}

/* Two selects meet each other: one sends what the other receives. */
TEST_TASK(select_meets_select, "X05")
{
	AWAIT_GROUP(group);

	open_channels(2, 0);
	start_each(&group, select_to_send, "A");
	settle();
	start_each(&group, select_quietly, "B");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "B0=10 A0");
	close_channels(2);
}

static int select_both_ways(void *name)
{
	struct async_select_case cases[] = { receive_case(0), send_case(0, 42) };

	note("%c%d", async_int(name), (int)await_select(cases, 2));
	return 0;
}

TEST_TASK(select_does_not_meet_itself, "X05")
{
	AWAIT_GROUP(group);

	open_channels(1, 0);
	start_each(&group, select_both_ways, "A");
	settle();
	CHECK_STR(trace, "");
	start_each(&group, select_both_ways, "B");
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "B0 A1");
	CHECK_INT(got[0], 42);
	close_channels(1);
}

TEST_TASK(ready_cases_take_turns, "X05")
{
	struct async_select_case cases[4];
	int chosen[4] = { 0 }, last = -1;

	open_channels(3, 100);
	for (int i = 0; i < 3; i++) {
		cases[i] = receive_case(i);
		for (int n = 0; n < 50; n++)
			CHECK_INT(give(i, n), 0);
	}
	cases[3] = (struct async_select_case){ 0 };
	for (int n = 0; n < 30; n++) {
		int index = (int)await_select(cases, 4);

		CHECK(index != last);
		chosen[index]++;
		last = index;
	}
	for (int i = 0; i < 3; i++)
		CHECK_INT(chosen[i], 10);
	/* Only two of them, the ready ones not side by side. */
	cases[1].receiver = NULL;
	for (int n = 0; n < 20; n++)
		chosen[await_select(cases, 4)]++;
	CHECK_INT(chosen[0], 20);
	CHECK_INT(chosen[1], 10);
	CHECK_INT(chosen[2], 20);
	close_channels(3);
}

TEST_TASK(closed_other_end_makes_a_case_ready, "X05")
{
	struct async_select_case cases[2];
	AWAIT_GROUP(group);

	open_channels(2, 1);
	start_each(&group, select_quietly, "AB");
	settle();
	async_sender_close(out[1]);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1:EPIPE B1:EPIPE");
	cases[0] = receive_case(0);
	cases[1] = receive_case(1);
	CHECK_INT(await_select(cases, 2), 1);
	CHECK_INT(cases[1].result, -EPIPE);
	CHECK_INT(give(0, 1), 0);
	/* In turn: the closed one does not starve the other. */
	CHECK_INT(await_select(cases, 2), 0);
	async_receiver_close(in[0]);
	cases[0] = send_case(0, 1);
	cases[1].receiver = NULL;
	CHECK_INT(await_select(cases, 2), 0);
	CHECK_INT(cases[0].result, -EPIPE);
	async_sender_close(out[0]);
	async_receiver_close(in[1]);
}

TEST_TASK(own_end_closed_while_selecting, "X05")
{
	AWAIT_GROUP(group);

	open_channels(2, 0);
	start_each(&group, select_quietly, "A");
	settle();
	async_receiver_close(in[0]);
	async_sender_close(out[0]);
	/* Channel 0 is gone; A was in channel 1's queue, too. */
	async_timeout (0.01)
		CHECK_INT(give(1, 1), -ETIMEDOUT);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A0:EBADF");
	async_sender_close(out[1]);
	async_receiver_close(in[1]);
}

TEST_TASK(select_is_refused, "X05")
{
	struct async_select_case cases[2] = { { 0 } };

	CHECK_INT(await_select(cases, 0), -EINVAL);
	CHECK_INT(await_select(cases, 2), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "await_select: none of 2 cases names an end of a channel");
	open_channels(1, 1);
	cases[1] = receive_case(0);
	cases[1].sender = out[0];
	CHECK_INT(async_try_select(cases, 2), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "async_try_select: case 1 names both a sender");
	close_channels(1);
}

TEST_TASK(cancelled_select_took_nothing, "X05 D08")
{
	async_task *a, *b;

	open_channels(2, 1);
	a = async_create_task(select_one, ASYNC_INT('A'));
	b = async_create_task(select_one, ASYNC_INT('B'));
	settle();
	async_task_cancel(a);
	CHECK_INT(give(1, 5), 0);
	async_task_cancel(b);
	/* B was served before its cancel. */
	CHECK_INT(await_task(b), 1);
	CHECK_INT(await_task(a), -ECANCELED);
	CHECK_STR(trace, "A:ECANCELED B1=5");
	CHECK_INT(give(0, 1), 0);
	CHECK_INT(give(1, 1), 0);
	CHECK_INT((int)async_channel_length(in[0]), 1);
	CHECK_INT((int)async_channel_length(in[1]), 1);
	close_channels(2);
}

TEST_TASK(select_times_out, "X05")
{
	struct async_select_case cases[1];

	open_channels(1, 1);
	cases[0] = receive_case(0);
	async_timeout (0.01)
		CHECK_INT(await_select(cases, 1), -ETIMEDOUT);
	CHECK_INT(give(0, 1), 0);
	async_timeout (0)
		CHECK_INT(await_select(cases, 1), -ETIMEDOUT);
	CHECK_INT(receive(0), 1);
	close_channels(1);
}

static int select_many(void *arg)
{
	struct async_select_case cases[CHANNELS];

	(void)arg;
	for (int i = 0; i < CHANNELS; i++)
		cases[i] = receive_case(i);
	return (int)await_select(cases, CHANNELS);
}

TEST_TASK(select_of_many_cases, "X05")
{
	async_task *task;

	open_channels(CHANNELS, 0);
	task = async_create_task(select_many, NULL);
	settle();
	CHECK_INT(give(CHANNELS - 1, 3), 0);
	CHECK_INT(await_task(task), CHANNELS - 1);
	CHECK_INT(got[CHANNELS - 1], 3);
	task = async_create_task(select_many, NULL);
	settle();
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	if (fault_inject("calloc", 1, ENOMEM)) {
		CHECK_INT(select_many(NULL), -ENOMEM);
		CHECK_TEXT_HAS(async_error(), "await_select: no memory for 20 cases");
		fault_clear();
	}
	close_channels(CHANNELS);
}

static int select_elsewhere(void *arg)
{
	(void)arg;
	CHECK_INT(select_one(ASYNC_INT('Z')), -EXDEV);
	return 0;
}

TEST_TASK(select_refuses_a_second_loop, "X05")
{
	AWAIT_GROUP(group);

	open_channels(2, 0);
	start_each(&group, select_quietly, "A");
	settle();
	CHECK_INT(on_other_thread(select_elsewhere, NULL), 0);
	CHECK_INT(give(0, 1), 0);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "Z:EXDEV A0=1");
	close_channels(2);
}

static int send_in_turn(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		CHECK_INT(give(i % 2, i), 0);
	return 0;
}

TEST_WITH(select_on_a_plain_thread, "X05", .in_thread = 1)
{
	async_task *task;

	open_channels(2, 0);
	task = async_create_task(send_in_turn, NULL);
	for (int i = 0; i < 4; i++)
		CHECK_INT(select_one(ASYNC_INT('A')), i % 2);
	CHECK_STR(trace, "A0=0 A1=1 A0=2 A1=3");
	CHECK_INT(await_task(task), 0);
	close_channels(2);
}
