/* SPDX-License-Identifier: MIT */
/*
 * Inside a channel: a ring of values and two queues of tasks. Both ends are counted references to
 * it.
 *
 * A task waits on a channel as a party of a meeting. A plain send or receive is a meeting with one
 * party, a select one with a party in each channel it names. Whoever comes from the other side ends
 * the meeting: it takes all its parties out of their queues, moves the value, and triggers the
 * task. So every party in a queue is alive, and at most one of a select's comes about.
 */
#ifndef SYNC_CHANNEL_H
#define SYNC_CHANNEL_H

#include <string.h>
#include "sync/waiting.h"

enum { NO_SENDER = 1, NO_RECEIVER = 2 };

struct channel {
	/* In the ring: where the next value goes, the oldest value, and behind the last place. */
	unsigned char *write, *read, *end;
	size_t count, capacity, item_bytes;
	int closed; /* NO_SENDER, NO_RECEIVER: which side's last end is closed */
	/* Parties that wait; in both at a time only selects' that could do either. */
	struct async_waiters_ senders, receivers;
	struct async_loop *loop; /* of those who wait */
	unsigned sender_ends, receiver_ends;
	uint64_t sent, received; /* when a select last chose it, to choose in turn */
	unsigned char ring[];
};

struct party {
	struct async_link_ link;
	struct async_waiters_ *queue; /* NULL: in none (a select's case without an end) */
	struct meeting *meeting;
	void *item; /* to be sent, or room for what is received */
};

struct meeting {
	struct wait wait;
	struct party *parties;
	size_t count;
	struct party *met; /* the one that came about */
};

void meeting_end(struct party *met, int result);
void meeting_cancel(struct wait *wait, int error);

/* Before waiting: 0 or -EXDEV. */
static inline int channel_bind(struct channel *channel, struct async_task *self, const char *caller)
{
	bool idle = list_empty(&channel->senders) && list_empty(&channel->receivers);

	return loop_bind(&channel->loop, idle, self, caller);
}

/* Says in words what the errors of a channel mean; other results go through as they are. */
int channel_result(int result, const char *caller);

static inline struct channel *channel_of_sender(const async_sender *sender)
{
	return (struct channel *)sender;
}

static inline struct channel *channel_of_receiver(const async_receiver *receiver)
{
	return (struct channel *)receiver;
}

static inline struct party *first_party(const struct async_waiters_ *queue)
{
	return list_empty(queue) ? NULL : container_of(queue->first, struct party, link);
}

/*
 * Wait until a party comes about. 0 or -EPIPE, -EBADF: what its send or receive ended with; or a
 * cancel error, and meeting->met is NULL. Inline, since the processor mispredicts every return
 * between here and the user's code: another task's calls were the last that it saw.
 */
static inline int meeting_wait(struct meeting *meeting, struct async_task *self,
			       const struct wait_kind *kind, const void *object)
{
	meeting->met = NULL;
	meeting->wait.task = self;
	meeting->wait.kind = kind;
	meeting->wait.object = object;
	for (size_t i = 0; i < meeting->count; i++) {
		struct party *party = &meeting->parties[i];

		party->meeting = meeting;
		if (party->queue)
			list_append(party->queue, &party->link);
	}
	return (int)task_suspend(&meeting->wait);
}

/* Most values are a pointer or a number: a constant size spares the call. */
static inline void copy_item(const struct channel *channel, void *to, const void *from)
{
	if (likely(channel->item_bytes == sizeof(uint64_t)))
		memcpy(to, from, sizeof(uint64_t));
	else
		memcpy(to, from, channel->item_bytes);
}

static inline unsigned char *ring_next(struct channel *channel, unsigned char *at)
{
	at += channel->item_bytes;
	return unlikely(at == channel->end) ? channel->ring : at;
}

static inline void ring_add(struct channel *channel, const void *item)
{
	copy_item(channel, channel->write, item);
	channel->write = ring_next(channel, channel->write);
	channel->count++;
}

static inline void ring_take(struct channel *channel, void *item)
{
	copy_item(channel, item, channel->read);
	channel->read = ring_next(channel, channel->read);
	channel->count--;
}

/* Send if that needs no waiting: 0, -EAGAIN, -EPIPE, -EBADF, -EXDEV. */
static inline int send_now(struct channel *channel, const void *item)
{
	struct party *receiver;

	if (unlikely(channel->closed))
		return channel->closed & NO_SENDER ? -EBADF : -EPIPE;
	receiver = first_party(&channel->receivers);
	if (receiver) {
		if (unlikely(!loop_is_mine(channel->loop)))
			return -EXDEV;
		copy_item(channel, receiver->item, item);
		meeting_end(receiver, 0);
		return 0;
	}
	if (unlikely(channel->count == channel->capacity))
		return -EAGAIN;
	ring_add(channel, item);
	return 0;
}

/* Receive if that needs no waiting: 0, -EAGAIN, -EPIPE, -EBADF, -EXDEV. The oldest waiting sender's
 * value takes the place that became free. */
static inline int receive_now(struct channel *channel, void *item)
{
	struct party *sender = first_party(&channel->senders);

	if (unlikely(sender && !loop_is_mine(channel->loop)))
		return -EXDEV;
	if (likely(channel->count)) {
		ring_take(channel, item);
		if (unlikely(sender)) {
			ring_add(channel, sender->item);
			meeting_end(sender, 0);
		}
		return 0;
	}
	if (sender) {
		copy_item(channel, item, sender->item);
		meeting_end(sender, 0);
		return 0;
	}
	if (unlikely(channel->closed))
		return channel->closed & NO_RECEIVER ? -EBADF : -EPIPE;
	return -EAGAIN;
}

#endif
