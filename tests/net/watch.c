/* SPDX-License-Identifier: MIT */
/* Watches on descriptors. */
#include <await.h>
#include <errno.h>
#include "harness.h"
#include "settle.h"

static int pair[2], calls, last_events;
static async_watcher watcher;

/* Takes the watch back at the call whose number is given. */
static void readable(int fd, int events, void *arg)
{
	CHECK(fd == pair[0]);
	last_events = events;
	if (++calls == async_int(arg))
		async_unwatch(&watcher);
}

static void begin(void)
{
	calls = 0;
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void end(void)
{
	async_close(pair[0]);
	async_close(pair[1]);
}

TEST_TASK(watch_is_level_triggered, "F08")
{
	begin();
	CHECK_INT(async_watch(&watcher, pair[0], POLLIN, readable, ASYNC_INT(-1)), 0);
	await_sleep(0.002);
	CHECK_INT(calls, 0);
	CHECK_INT(await_send(pair[1], "x", 1), 1);
	await_sleep(0.005);
	CHECK(calls > 1);
	CHECK(last_events & POLLIN);
	CHECK(async_unwatch(&watcher));
	calls = 0;
	await_sleep(0.002);
	CHECK_INT(calls, 0);
	CHECK(!async_unwatch(&watcher));
	end();
}

TEST_TASK(watch_taken_back_in_its_callback, "F08")
{
	begin();
	CHECK_INT(async_watch(&watcher, pair[0], POLLOUT, readable, ASYNC_INT(3)), 0);
	await_sleep(0.01);
	CHECK_INT(calls, 3);
	end();
}

TEST_TASK(one_reader_of_any_kind, "F07 F08")
{
	char byte;

	begin();
	CHECK_INT(async_watch(&watcher, pair[0], POLLIN, readable, ASYNC_INT(1)), 0);
	await_sleep(0);
	CHECK_INT(await_recv(pair[0], &byte, 1), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "a watcher is already waiting to read it");
	CHECK(async_unwatch(&watcher));
	settle();
	CHECK_INT(await_send(pair[1], "x", 1), 1);
	CHECK_INT(await_recv(pair[0], &byte, 1), 1);
	end();
}

TEST_TASK(watch_of_a_bad_descriptor, "F08")
{
	CHECK_INT(async_watch(&watcher, -EMFILE, POLLIN, readable, NULL), -EMFILE);
	CHECK_INT(async_watch(&watcher, 0, POLLIN | POLLOUT, readable, NULL), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "use two watchers");
}

TEST_TASK(watch_ends_when_the_descriptor_is_closed, "F08 F07")
{
	begin();
	CHECK_INT(async_watch(&watcher, pair[0], POLLIN, readable, ASYNC_INT(1)), 0);
	settle();
	async_close(pair[0]);
	settle();
	CHECK(!async_unwatch(&watcher));
	async_close(pair[1]);
}
