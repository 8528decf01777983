/* SPDX-License-Identifier: MIT */
/* Channels: made, cloned, closed, sent to and received from. What happens inside is in channel.h,
 * inline, since a message that waits for nobody costs little more than its copy. */
#include <stdio.h>
#include <stdlib.h>
#include "sync/channel.h"

void meeting_end(struct party *met, int result)
{
	struct meeting *meeting = met->meeting;

	for (size_t i = 0; i < meeting->count; i++) {
		struct party *party = &meeting->parties[i];

		if (party->queue)
			list_remove(party->queue, &party->link);
	}
	meeting->met = met;
	wait_trigger(&meeting->wait, result);
}

void meeting_cancel(struct wait *wait, int error)
{
	struct meeting *meeting = container_of(wait, struct meeting, wait);

	meeting_end(meeting->parties, error);
	meeting->met = NULL;
}

static void describe_channel(const struct wait *wait, char *text, size_t size)
{
	const struct channel *channel = wait->object;

	snprintf(text, size, "%p (%zu values of %zu)", wait->object, channel->count,
		 channel->capacity);
}

static const struct wait_kind send_kind = {
	.name = "await_channel_send",
	.cancel = meeting_cancel,
	.describe = describe_channel,
};
static const struct wait_kind receive_kind = {
	.name = "await_channel_receive",
	.cancel = meeting_cancel,
	.describe = describe_channel,
};

int async_channel(size_t item_bytes, size_t capacity, async_sender **sender,
		  async_receiver **receiver)
{
	struct channel *channel = NULL;
	size_t bytes;

	*sender = NULL;
	*receiver = NULL;
	if (!item_bytes)
		return async_fail(-EINVAL, "async_channel: values of 0 bytes");
	if (!__builtin_mul_overflow(item_bytes, capacity, &bytes) &&
	    !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
		channel = malloc(bytes);
	if (!channel)
		return async_fail(-ENOMEM, "async_channel: no memory for %zu values of %zu bytes",
				  capacity, item_bytes);
	*channel = (struct channel){
		.write = channel->ring,
		.read = channel->ring,
		.end = channel->ring + item_bytes * capacity,
		.capacity = capacity,
		.item_bytes = item_bytes,
		.sender_ends = 1,
		.receiver_ends = 1,
	};
	*sender = (async_sender *)channel;
	*receiver = (async_receiver *)channel;
	return 0;
}

__attribute__((always_inline)) static inline int wait_alone(struct channel *channel,
							    struct async_waiters_ *queue,
							    const struct wait_kind *kind,
							    struct async_task *self, void *item)
{
	struct party party;
	struct meeting meeting;
	int error = channel_bind(channel, self, kind->name);

	if (unlikely(error))
		return error;
	party.queue = queue;
	party.item = item;
	meeting.parties = &party;
	meeting.count = 1;
	return meeting_wait(&meeting, self, kind, channel);
}

int channel_result(int result, const char *caller)
{
	switch (result) {
	case -EPIPE:
		return async_fail(result, "%s: nobody is at the channel's other end", caller);
	case -EBADF:
		return async_fail(result, "%s: this end of the channel is closed", caller);
	case -EXDEV:
		return refuse_waker(caller);
	default:
		return result;
	}
}

int await_channel_send(async_sender *sender, const void *item)
{
	struct async_task *self = task_self("await_channel_send");
	struct channel *channel = channel_of_sender(sender);
	int result = self->cancel_error;

	if (unlikely(result))
		return result;
	result = send_now(channel, item);
	if (likely(!result))
		return 0;
	if (result == -EAGAIN)
		result = wait_alone(channel, &channel->senders, &send_kind, self, (void *)item);
	return likely(!result) ? 0 : channel_result(result, "await_channel_send");
}

int await_channel_receive(async_receiver *receiver, void *item)
{
	struct async_task *self = task_self("await_channel_receive");
	struct channel *channel = channel_of_receiver(receiver);
	int result = self->cancel_error;

	if (unlikely(result))
		return result;
	result = receive_now(channel, item);
	if (likely(!result))
		return 0;
	if (result == -EAGAIN)
		result = wait_alone(channel, &channel->receivers, &receive_kind, self, item);
	return likely(!result) ? 0 : channel_result(result, "await_channel_receive");
}

int async_channel_try_send(async_sender *sender, const void *item)
{
	return channel_result(send_now(channel_of_sender(sender), item), "async_channel_try_send");
}

int async_channel_try_receive(async_receiver *receiver, void *item)
{
	return channel_result(receive_now(channel_of_receiver(receiver), item),
			      "async_channel_try_receive");
}

async_sender *async_sender_clone(async_sender *sender)
{
	channel_of_sender(sender)->sender_ends++;
	return sender;
}

async_receiver *async_receiver_clone(async_receiver *receiver)
{
	channel_of_receiver(receiver)->receiver_ends++;
	return receiver;
}

static void end_all(struct async_waiters_ *queue, int result)
{
	struct party *party;

	while ((party = first_party(queue)))
		meeting_end(party, result);
}

/* The last end of a side is gone. Receivers that wait have drained the ring already; those that
 * wait on the closed side itself had their end closed under them. */
static void close_side(struct channel *channel, int side, const char *caller)
{
	bool waited_for = !list_empty(&channel->senders) || !list_empty(&channel->receivers);

	if (waited_for && unlikely(!loop_is_mine(channel->loop)))
		die_of_waker(caller);
	channel->closed |= side;
	end_all(&channel->receivers, side == NO_SENDER ? -EPIPE : -EBADF);
	end_all(&channel->senders, side == NO_SENDER ? -EBADF : -EPIPE);
	if (side == NO_RECEIVER)
		channel->count = 0;
	if (channel->closed == (NO_SENDER | NO_RECEIVER))
		free(channel);
}

void async_sender_close(async_sender *sender)
{
	struct channel *channel = channel_of_sender(sender);

	if (channel && !--channel->sender_ends)
		close_side(channel, NO_SENDER, "async_sender_close");
}

void async_receiver_close(async_receiver *receiver)
{
	struct channel *channel = channel_of_receiver(receiver);

	if (channel && !--channel->receiver_ends)
		close_side(channel, NO_RECEIVER, "async_receiver_close");
}

size_t async_channel_length(const async_receiver *receiver)
{
	return channel_of_receiver(receiver)->count;
}
