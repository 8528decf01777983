/* SPDX-License-Identifier: MIT */
/* await_serve: from start to end in one call, on one loop or several. */
#include <await.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "harness.h"
#include "streams.h"

static char address[64];

static void listening(async_server *server, void *arg)
{
	(void)arg;
	snprintf(address, sizeof address, "%s", async_server_address(server, 0));
}

static pthread_t threads[64];
static int thread_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note_thread(void)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i <= thread_count; i++) {
		if (i == thread_count)
			threads[thread_count++] = pthread_self();
		if (pthread_equal(threads[i], pthread_self()))
			break;
	}
	pthread_mutex_unlock(&lock);
}

static int threads_seen(void)
{
	int count;

	pthread_mutex_lock(&lock);
	count = thread_count;
	pthread_mutex_unlock(&lock);
	return count;
}

static int echo(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	note_thread();
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, (size_t)n);
	return (int)n;
}

static int serve(void *options)
{
	return await_serve_with(options, "127.0.0.1:0", echo, NULL);
}

static void ask(int times)
{
	for (int i = 0; i < times; i++) {
		async_stream *client = await_connect_stream(address);
		const char *line = NULL;

		CHECK_INT(await_stream_write(client, "hello\n", 6), 6);
		CHECK_INT(await_stream_readline(client, &line), 6);
		CHECK_INT(await_stream_close(client), 0);
	}
}

TEST_TASK(a_cancel_closes_gracefully, "G04 Z21 S02")
{
	async_server_options options = { .listening = listening };
	async_task *server = async_create_task(serve, &options);
	async_stream *idle;
	const char *line;

	await_sleep(0.01);
	ask(3);
	idle = await_connect_stream(address);
	await_sleep(0.01);
	async_task_cancel(server);
	CHECK_INT(await_stream_readline(idle, &line), 0);
	await_stream_close(idle);
	CHECK_INT(await_task(server), -ECANCELED);
	CHECK(!await_connect_stream(address));
}

TEST_TASK_WITH(sigterm_closes_gracefully, "A16 G04", .backends = REAL_BACKENDS)
{
	async_server_options options = { .listening = listening };
	async_task *server = async_create_task(serve, &options);

	await_sleep(0.01);
	ask(1);
	CHECK_INT(kill(getpid(), SIGTERM), 0);
	CHECK_INT(await_task(server), 0);
	CHECK(!await_connect_stream(address));
}

TEST_WITH(sigterm_may_be_left_alone, "A16", .backends = ONCE, .expect_signal = SIGTERM)
{
	async_server_options options = { .listening = listening, .ignore_sigterm = true };
	async_task *server = async_create_task(serve, &options);

	await_sleep(0.01);
	kill(getpid(), SIGTERM);
	await_task(server);
}

TEST_TASK_WITH(several_loops_share_the_work, "X10 A24", .backends = REAL_BACKENDS)
{
	async_server_options options = { .listening = listening, .loops = 3 };
	async_task *server = async_create_task(serve, &options);

	await_sleep(0.05);
	for (int i = 0; i < 20 && threads_seen() < 3; i++)
		ask(20);
	CHECK_INT(threads_seen(), 3);
	async_task_cancel(server);
	CHECK_INT(await_task(server), -ECANCELED);
	CHECK(!await_connect_stream(address));
}

static int serve_unix(void *options)
{
	char name[64];

	snprintf(name, sizeof name, "unix:@await-loops-%d", getpid());
	return await_serve_with(options, name, echo, NULL);
}

TEST_TASK_WITH(several_loops_share_a_unix_socket, "X10 G06", .backends = REAL_BACKENDS)
{
	async_server_options options = { .listening = listening, .loops = 2 };
	async_task *server = async_create_task(serve_unix, &options);

	await_sleep(0.05);
	ask(20);
	CHECK_INT(kill(getpid(), SIGTERM), 0);
	CHECK_INT(await_task(server), 0);
}

TEST_TASK(in_simulation_there_is_one_loop, "X10")
{
	async_server_options options = { .listening = listening,
					 .loops = -1,
					 .max_connections = 8 };
	async_task *server = async_create_task(serve, &options);

	await_sleep(0.05);
	ask(8);
	async_task_cancel(server);
	CHECK_INT(await_task(server), -ECANCELED);
}
