/* SPDX-License-Identifier: MIT */
/* io_uring with each of its features taken away in turn, and with failing calls: the same program
 * must work. */
#include <await.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "backend/uring.h"
#include "core/loop.h"
#include "fault.h"
#include "harness.h"

static int echo(void *arg)
{
	int client = await_accept(async_int(arg));
	char data[256];
	ssize_t n;

	while ((n = await_recv(client, data, sizeof data)) > 0)
		if (await_sendall(client, data, (size_t)n) != n)
			return -EIO;
	async_close(client);
	return (int)n;
}

static int everything(void *arg)
{
	int sock = await_tcp_listen("127.0.0.1:0"), client, pipes[2];
	async_task *task = async_create_task(echo, ASYNC_INT(sock));
	char data[256] = "data";
	ssize_t n = 0;

	(void)arg;
	client = await_tcp_connect(async_sockname(sock));
	CHECK(client >= 0);
	for (int i = 1; i <= 50; i++) {
		CHECK_INT(await_sendall(client, data, (size_t)i), i);
		for (int got = 0; got < i; got += (int)n) {
			n = await_recv(client, data, sizeof data);
			CHECK(n > 0);
		}
	}
	async_timeout (0.005)
		n = await_recv(client, data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	CHECK(!pipe(pipes));
	async_timeout (0.005)
		n = await_read(pipes[0], data, sizeof data);
	CHECK_INT(n, -ETIMEDOUT);
	CHECK_INT(await_write(pipes[1], "x", 1), 1);
	CHECK_INT(await_read(pipes[0], data, sizeof data), 1);
	close(pipes[0]);
	close(pipes[1]);
	CHECK_INT(async_close(client), 0);
	CHECK_INT(await_task(task), 0);
	CHECK_INT(async_close(sock), 0);
	return 0;
}

static const char *const without[] = {
	"no-sqarray",
	"no-defer",
	"no-defer no-sqarray",
	"no-ring-fd",
	"no-poll-first",
	"no-lending",
	"no-guard-install",
	"no-defer no-sqarray no-ring-fd no-poll-first",
	"guards",
};

TEST_WITH(every_combination_of_features, "X23 A03", .backends = BACKEND_URING)
{
	async_options options = { .backend = "uring" };

	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
		options.without = without[i];
		CHECK_INT(async_run_with(&options, everything, NULL), 0);
	}
}

TEST_WITH(a_limit_of_locked_memory, "X23 X19", .backends = BACKEND_URING)
{
	async_options options = { .backend = "uring" };

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 64 << 10, 64 << 10 }));
	if (!fault_inject("io_uring_setup", 1, ENOMEM))
		SKIP("no fault injection here");
	CHECK_INT(async_run_with(&options, everything, NULL), -ENOMEM);
	fault_clear();
	CHECK_TEXT_HAS(async_error(), "may take 64 KiB in all (RLIMIT_MEMLOCK, `ulimit -l`)");
}

TEST_WITH(epoll_without_the_newest_call, "A03", .backends = BACKEND_EPOLL)
{
	async_options options = { .backend = "epoll", .without = "no-pwait2" };

	CHECK_INT(async_run_with(&options, everything, NULL), 0);
}

static int read_one(void *arg)
{
	char byte;

	return (int)await_recv(async_int(arg), &byte, 1) == 1 ? 0 : -EIO;
}

TEST_TASK_WITH(more_operations_than_the_ring_has_entries, "X23", .backends = BACKEND_URING)
{
	enum { MANY = 1500 };
	static int pairs[MANY][2];
	AWAIT_GROUP(group);

	for (int i = 0; i < MANY; i++) {
		CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
		CHECK_INT(async_spawn(&group, read_one, ASYNC_INT(pairs[i][0])), 0);
	}
	await_sleep(0);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(await_send(pairs[i][1], "x", 1), 1);
	CHECK_INT(await_group(&group), 0);
	for (int i = 0; i < MANY; i++) {
		async_close(pairs[i][0]);
		async_close(pairs[i][1]);
	}
}

/* Streams that hold what they have received: more of them than there are lent buffers of a size. */
static int borrow_many(void *arg)
{
	enum { MANY = 3000, LARGE = 80, LARGE_BYTES = 40000 };
	static async_stream *ends[MANY][2];
	static char data[LARGE_BYTES];
	const char *chunk;

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		int fds[2];

		CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		ends[i][0] = async_stream_open(fds[0], NULL);
		ends[i][1] = async_stream_open(fds[1], NULL);
		CHECK_INT(await_stream_write(ends[i][0], "hello", 5), 5);
		CHECK_INT(await_stream_peek(ends[i][1], 1, &chunk), 5);
		CHECK(!memcmp(chunk, "hello", 5));
	}
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(async_stream_consume(ends[i][1], 5), 0);
		if (i >= LARGE)
			continue;
		/* The first fills a small buffer; what follows takes large ones, one by one. */
		memset(data, i, sizeof data);
		for (int part = 0; part < 2; part++) {
			size_t came = 0;

			CHECK_INT(await_stream_write(ends[i][0], data, sizeof data), LARGE_BYTES);
			while (came < sizeof data) {
				ssize_t n = await_stream_chunk(ends[i][1], &chunk);

				CHECK(n > 0 && chunk[0] == (char)i && chunk[n - 1] == (char)i);
				came += (size_t)n;
			}
		}
		CHECK_INT(await_stream_write(ends[i][0], data, sizeof data), LARGE_BYTES);
		CHECK(await_stream_peek(ends[i][1], 10000, &chunk) >= 10000);
	}
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(await_stream_close(ends[i][0]), 0);
		async_stream_abort(ends[i][1]);
	}
	return 0;
}

static int hold_bytes(void *arg)
{
	async_stream *stream = arg;
	const char *chunk;

	CHECK_INT(await_stream_peek(stream, 1, &chunk), 5);
	await_sleep(0.01);
	return async_stream_consume(stream, 5);
}

/* All find the ring empty in the same turn. One doubling for each of them would fill memory that
 * nobody needs, and the kernel takes buffers in turn: all of it would go through the cache. */
TEST_TASK_WITH(no_more_is_lent_than_is_out, "X23 S08", .backends = BACKEND_URING)
{
	enum { MANY = 50 };
	const struct uring_state *state = loop_of_thread()->backend_state;
	const struct lending *lending = &state->lending[LEND_SMALL];
	async_stream *streams[MANY];
	int others[MANY];
	AWAIT_GROUP(group);

	if (!lending->memory)
		SKIP("this kernel lends no buffers");
	for (int i = 0; i < MANY; i++) {
		int fds[2];

		CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		streams[i] = async_stream_open(fds[0], NULL);
		others[i] = fds[1];
		CHECK_INT(async_spawn(&group, hold_bytes, streams[i]), 0);
	}
	await_sleep(0);
	for (int i = 0; i < MANY; i++) /* without a turn of the loop in between */
		CHECK_INT(write(others[i], "hello", 5), 5);
	CHECK_INT(await_group(&group), 0);
	CHECK(lending->count >= MANY && lending->count < 2 * MANY + LENDING_FIRST);
	for (int i = 0; i < MANY; i++) {
		async_stream_abort(streams[i]);
		async_close(others[i]);
	}
}

TEST_TASK_WITH(more_borrowers_than_buffers, "X23 S08", .backends = BACKEND_URING, .deadline = 30)
{
	CHECK_INT(borrow_many(NULL), 0);
}

TEST_WITH(more_borrowers_without_lending, "X23 S08", .backends = BACKEND_URING, .deadline = 30)
{
	async_options options = { .backend = "uring", .without = "no-lending" };

	CHECK_INT(async_run_with(&options, borrow_many, NULL), 0);
}

TEST_WITH(interrupted_enter, "X23 X19", .backends = BACKEND_URING)
{
	for (int nth = 1; nth < 40; nth++) {
		if (!fault_inject("io_uring_enter", nth, EINTR))
			SKIP("no fault injection here");
		CHECK_INT(async_run(everything, NULL), 0);
		fault_clear();
	}
}
