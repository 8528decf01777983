/* SPDX-License-Identifier: MIT */
/* The ends of channels: counted, closed in any order, with tasks waiting on them or not. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include "harness.h"
#include "sync/other_thread.h"
#include "sync/channel_ends.h"
#include "sync/trace.h"

static int send_quietly(void *name)
{
	send_one(name);
	return 0;
}

TEST_TASK(last_sender_gone_ends_the_iteration, "X05")
{
	async_sender *second;
	int value;
	AWAIT_GROUP(group);

	open_channel(10);
	second = async_sender_clone(sender);
	CHECK_INT(give(1), 0);
	async_sender_close(sender);
	value = 2;
	CHECK_INT(await_channel_send(second, &value), 0);
	CHECK_INT(receive(), 1);
	async_sender_close(second);
	/* What is left is drained first. */
	CHECK_INT(receive(), 2);
	CHECK_INT(receive(), -EPIPE);
	CHECK_TEXT_HAS(async_error(), "await_channel_receive: nobody is at");
	CHECK_INT(async_channel_try_receive(receiver, &value), -EPIPE);
	async_receiver_close(receiver);
}

TEST_TASK(last_sender_gone_wakes_receivers, "X05")
{
	AWAIT_GROUP(group);

	open_channel(10);
	start_each(&group, receive_quietly, "AB");
	settle();
	async_sender_close(sender);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:EPIPE B:EPIPE");
	async_receiver_close(receiver);
}

TEST_TASK(last_receiver_gone_fails_senders_at_once, "X05")
{
	async_receiver *second;
	int value = 0;
	AWAIT_GROUP(group);

	open_channel(1);
	second = async_receiver_clone(receiver);
	CHECK_INT(give(1), 0);
	start_each(&group, send_quietly, "AB");
	settle();
	async_receiver_close(receiver);
	settle();
	CHECK_STR(trace, "");
	async_receiver_close(second);
	CHECK_INT(give(2), -EPIPE);
	CHECK_TEXT_HAS(async_error(), "await_channel_send: nobody is at the channel's other end");
	CHECK_INT(async_channel_try_send(sender, &value), -EPIPE);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:EPIPE B:EPIPE");
	async_sender_close(sender);
}

/* An end that is closed while somebody waits on it. */
TEST_TASK(closing_an_end_wakes_its_own_waiters, "X05")
{
	AWAIT_GROUP(group);

	open_channel(0);
	start_each(&group, send_quietly, "A");
	settle();
	async_sender_close(sender);
	settle();
	CHECK_STR(trace, "A:EBADF");
	async_receiver_close(receiver);
	open_channel(0);
	start_each(&group, receive_quietly, "B");
	settle();
	async_receiver_close(receiver);
	async_sender_close(sender);
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A:EBADF B:EBADF");
}

TEST_TASK(both_ends_closed_while_tasks_wake, "X05")
{
	AWAIT_GROUP(group);

	open_channel(0);
	start_each(&group, receive_quietly, "A");
	settle();
	CHECK_INT(give(1), 0);
	/* A has its value; the channel is gone before its turn. */
	close_channel();
	CHECK_INT(await_group(&group), 0);
	CHECK_STR(trace, "A1");
	async_sender_close(NULL);
	async_receiver_close(NULL);
}

static int close_elsewhere(void *arg)
{
	(void)arg;
	async_sender_close(sender);
	return 0;
}

TEST_TASK_WITH(channel_close_on_the_wrong_thread_aborts, "X05", .expect_signal = SIGABRT,
	       .expect_stderr = "async_sender_close: tasks of another thread's loop wait on it")
{
	AWAIT_GROUP(group);

	open_channel(0);
	start_each(&group, receive_quietly, "A");
	settle();
	on_other_thread(close_elsewhere, NULL);
}
