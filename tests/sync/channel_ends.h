/* SPDX-License-Identifier: MIT */
/* A channel of int, and tasks that send and receive on it: for channel.c and channel_close.c. */
#ifndef TESTS_SYNC_CHANNEL_ENDS_H
#define TESTS_SYNC_CHANNEL_ENDS_H

#include "harness.h"
#include "sync/trace.h"

static async_sender *sender;
static async_receiver *receiver;

static inline void open_channel(size_t capacity)
{
	CHECK_INT(async_channel(sizeof(int), capacity, &sender, &receiver), 0);
}

static inline void close_channel(void)
{
	async_sender_close(sender);
	async_receiver_close(receiver);
}

static inline int give(int value)
{
	return await_channel_send(sender, &value);
}

static inline int receive(void)
{
	int value = -1, result = await_channel_receive(receiver, &value);

	return result ? result : value;
}

static inline int receive_one(void *name)
{
	int value = receive();

	if (value < 0)
		note_result(name, value);
	else
		note("%c%d", async_int(name), value);
	return value;
}

static inline int receive_quietly(void *name)
{
	receive_one(name);
	return 0;
}

/* Sends its name. */
static inline int send_one(void *name)
{
	int result = give(async_int(name));

	note_result(name, result);
	return result;
}

#endif
