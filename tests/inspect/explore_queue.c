/* SPDX-License-Identifier: MIT */
/* Queues, channels and select under the cancellation explorer: every item that went in is somewhere. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "inspect/explore.h"

enum { ITEMS = 4 };
static async_queue queue;

static int produces(void *arg)
{
	int error = 0;

	(void)arg;
	for (int i = 0; i < ITEMS && !error; i++) {
		void *item = malloc(10);

		error = await_queue_put(&queue, item);
		if (error)
			free(item);
	}
	async_queue_shutdown(&queue, false, free);
	return error;
}

static int consumes(void *arg)
{
	void *item;
	int error;

	(void)arg;
	while (!(error = await_queue_get(&queue, &item))) {
		free(item);
		async_queue_task_done(&queue);
		await_sleep(0.1);
	}
	return error == -ESHUTDOWN ? 0 : error;
}

static int scenario_queue(void *arg)
{
	int error;

	(void)arg;
	queue = (async_queue)ASYNC_QUEUE(2);
	{
		AWAIT_GROUP(group);

		async_spawn(&group, consumes, NULL);
		async_spawn(&group, consumes, NULL);
		async_spawn(&group, produces, NULL);
		error = await_group(&group);
	}
	/* What nobody was left to get; the heap tells whether any item is missing. */
	async_queue_shutdown(&queue, true, free);
	if (!error)
		error = await_queue_join(&queue);
	CHECK_INT(async_queue_free(&queue), 0);
	return error;
}

static int waits_for_join(void *arg)
{
	(void)arg;
	return await_queue_join(&queue);
}

static int scenario_queue_join(void *arg)
{
	AWAIT_GROUP(group, ASYNC_ISOLATED);
	int error;

	(void)arg;
	queue = (async_queue)ASYNC_QUEUE(0);
	for (int i = 0; i < ITEMS; i++)
		async_queue_try_put(&queue, NULL);
	async_queue_shutdown(&queue, false, NULL);
	async_spawn(&group, waits_for_join, NULL);
	error = consumes(NULL);
	/* Nobody else will. */
	if (error)
		async_queue_shutdown(&queue, true, NULL);
	await_group(&group);
	CHECK_INT(async_queue_free(&queue), 0);
	return error;
}

TEST_WITH(explore_queue, "E01 E03 E04 E06 X13", .backends = BACKEND_SIM)
{
	explore(scenario_queue, NULL);
	explore(scenario_queue_join, NULL);
}

static async_sender *sender;
static async_receiver *receiver;
static int sent, received;

static int sends(void *arg)
{
	async_sender *end = arg;
	int error = 0;

	for (int i = 0; i < ITEMS && !error; i++) {
		error = await_channel_send(end, &i);
		sent += !error;
	}
	async_sender_close(end);
	return error == -EPIPE ? 0 : error;
}

static int receives(void *arg)
{
	async_receiver *end = arg;
	int item, error;

	while (!(error = await_channel_receive(end, &item))) {
		received++;
		await_sleep(0.1);
	}
	async_receiver_close(end);
	return error == -EPIPE ? 0 : error;
}

static int channel_of(size_t capacity)
{
	int error, item;

	sent = received = 0;
	CHECK_INT(async_channel(sizeof(int), capacity, &sender, &receiver), 0);
	{
		AWAIT_GROUP(group);

		async_spawn(&group, sends, async_sender_clone(sender));
		async_spawn(&group, sends, sender);
		async_spawn(&group, receives, async_receiver_clone(receiver));
		error = await_group(&group);
	}
	while (!async_channel_try_receive(receiver, &item))
		received++;
	async_receiver_close(receiver);
	return error;
}

/* The second receiving end stays open, so that what was sent can be counted; then nothing may block for ever. */
static int scenario_channel(void *arg)
{
	(void)arg;
	return channel_of(2 * ITEMS);
}

static int all_received(void *arg)
{
	(void)arg;
	return sent != received;
}

static int scenario_rendezvous(void *arg)
{
	int error;

	(void)arg;
	sent = received = 0;
	CHECK_INT(async_channel(sizeof(int), 0, &sender, &receiver), 0);
	AWAIT_GROUP(group);
	async_spawn(&group, sends, async_sender_clone(sender));
	async_spawn(&group, sends, sender);
	async_spawn(&group, receives, receiver);
	error = await_group(&group);
	return error;
}

TEST_WITH(explore_channel, "X05 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_channel, all_received);
	explore(scenario_rendezvous, all_received);
}

static int selects(void *arg)
{
	int first, second, open = 2;
	struct async_select_case cases[2] = {
		{ .receiver = ((async_receiver **)arg)[0], .item = &first },
		{ .receiver = ((async_receiver **)arg)[1], .item = &second },
	};
	ssize_t index = 0;

	while (open && (index = await_select(cases, 2)) >= 0) {
		if (cases[index].result) {
			cases[index].receiver = NULL;
			open--;
		} else {
			received++;
		}
	}
	return index < 0 ? (int)index : 0;
}

static int scenario_select(void *arg)
{
	async_receiver *receivers[2];
	async_sender *senders[2];
	int error, item;

	(void)arg;
	sent = received = 0;
	for (int i = 0; i < 2; i++)
		CHECK_INT(async_channel(sizeof(int), ITEMS, &senders[i], &receivers[i]), 0);
	{
		AWAIT_GROUP(group);

		async_spawn(&group, sends, senders[0]);
		async_spawn(&group, sends, senders[1]);
		async_spawn(&group, selects, receivers);
		error = await_group(&group);
	}
	for (int i = 0; i < 2; i++) {
		while (!async_channel_try_receive(receivers[i], &item))
			received++;
		async_receiver_close(receivers[i]);
	}
	return error;
}

TEST_WITH(explore_select, "X05 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_select, all_received);
}
