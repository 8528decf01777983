/* SPDX-License-Identifier: MIT */
/*
 * Waiting on several channels at once. Among the cases that could go on, the one goes whose end was
 * chosen longest ago: the ends themselves remember when, so that turns are kept however the caller
 * orders the cases, and a rerun of a simulation makes the same choices. When none can, the task
 * becomes a party in every channel (see channel.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include "sync/channel.h"

enum { CASES_ON_STACK = 16 };

/* Only compared with what it was before, so that it may differ from thread to thread and run to
 * run. */
static __thread uint64_t choices;

static struct channel *channel_of(const struct async_select_case *one)
{
	return one->sender ? channel_of_sender(one->sender) : channel_of_receiver(one->receiver);
}

static uint64_t *last_choice(const struct async_select_case *one)
{
	return one->sender ? &channel_of(one)->sent : &channel_of(one)->received;
}

static bool ready(const struct async_select_case *one)
{
	const struct channel *channel = channel_of(one);

	if (channel->closed)
		return true;
	if (one->sender)
		return channel->count < channel->capacity || !list_empty(&channel->receivers);
	return channel->count || !list_empty(&channel->senders);
}

static int refuse_case(size_t i, const char *caller)
{
	return async_fail(-EINVAL, "%s: case %zu names both a sender and a receiver", caller, i);
}

static ssize_t select_now(struct async_select_case cases[], size_t n, const char *caller)
{
	struct async_select_case *chosen = NULL;
	bool any = false;
	int result;

	for (size_t i = 0; i < n; i++) {
		struct async_select_case *one = &cases[i];

		if (unlikely(one->sender && one->receiver))
			return refuse_case(i, caller);
		if (!one->sender && !one->receiver)
			continue;
		any = true;
		if (ready(one) && (!chosen || *last_choice(one) < *last_choice(chosen)))
			chosen = one;
	}
	if (unlikely(!any))
		return async_fail(-EINVAL, "%s: none of %zu cases names an end of a channel",
				  caller, n);
	if (!chosen)
		return -EAGAIN;
	*last_choice(chosen) = ++choices;
	result = chosen->sender ? send_now(channel_of(chosen), chosen->item) :
				  receive_now(channel_of(chosen), chosen->item);
	chosen->result = channel_result(result, caller);
	return chosen - cases;
}

static void describe_select(const struct wait *wait, char *text, size_t size)
{
	snprintf(text, size, "%zu cases", container_of(wait, struct meeting, wait)->count);
}

static const struct wait_kind select_kind = {
	.name = "await_select",
	.cancel = meeting_cancel,
	.describe = describe_select,
};

static ssize_t wait_for_any(struct async_select_case cases[], size_t n, struct party *parties,
			    struct async_task *self)
{
	struct meeting meeting = { .parties = parties, .count = n };
	int result;

	for (size_t i = 0; i < n; i++) {
		struct async_select_case *one = &cases[i];
		struct channel *channel = channel_of(one);

		parties[i] = (struct party){ .item = one->item };
		if (!channel)
			continue;
		parties[i].queue = one->sender ? &channel->senders : &channel->receivers;
		result = channel_bind(channel, self, "await_select");
		if (unlikely(result))
			return result;
	}
	result = meeting_wait(&meeting, self, &select_kind, cases);
	if (!meeting.met)
		return result;
	cases[meeting.met - parties].result = channel_result(result, "await_select");
	return meeting.met - parties;
}

ssize_t await_select(struct async_select_case cases[], size_t n)
{
	struct async_task *self = task_self("await_select");
	struct party on_stack[CASES_ON_STACK], *parties = on_stack;
	ssize_t result = self->cancel_error;

	if (!result)
		result = select_now(cases, n, "await_select");
	if (result != -EAGAIN)
		return result;
	if (n > CASES_ON_STACK) {
		parties = calloc(n, sizeof *parties);
		if (!parties)
			return async_fail(-ENOMEM, "await_select: no memory for %zu cases", n);
	}
	result = wait_for_any(cases, n, parties, self);
	if (parties != on_stack)
		free(parties);
	return result;
}

ssize_t async_try_select(struct async_select_case cases[], size_t n)
{
	return select_now(cases, n, "async_try_select");
}
