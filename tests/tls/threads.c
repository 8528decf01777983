/* SPDX-License-Identifier: MIT */
/* One context for several loops and threads. */
#include <errno.h>
#include <pthread.h>
#include <await/thread.h>
#include "tls/ends.h"

enum { CLIENTS = 4, TIMES = 6 };

struct shared {
	async_tls *server_tls, *client_tls;
	char address[64];
	int served; /* atomic */
};

static int answer(async_stream *stream, void *arg)
{
	struct shared *shared = arg;
	const char *line;
	ssize_t n;

	if (await_stream_start_tls(stream, shared->server_tls, NULL))
		return 0;
	n = await_stream_readline(stream, &line);
	if (n > 0)
		await_stream_write(stream, line, (size_t)n);
	__atomic_fetch_add(&shared->served, 1, __ATOMIC_RELAXED);
	return 0;
}

/* On a thread without a loop: every call blocks it. */
static void *ask_plainly(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < TIMES; i++) {
		async_stream *stream = await_connect_tls_with(shared->address, shared->client_tls,
							      "localhost", NULL, NULL);
		const char *line;

		if (!stream)
			harness_fail(__FILE__, __LINE__, "%s", async_error());
		CHECK_INT(await_stream_write(stream, "hello\n", 6), 6);
		CHECK_INT(await_stream_readline(stream, &line), 6);
		CHECK_INT(await_stream_close(stream), 0);
	}
	return NULL;
}

static void listening(async_server *running, void *arg)
{
	struct shared *shared = arg;

	snprintf(shared->address, sizeof shared->address, "%s", async_server_address(running, 0));
}

static int serve(void *arg)
{
	static const async_server_options options = { .loops = 2, .listening = listening };

	return await_serve_with(&options, "127.0.0.1:0", answer, arg);
}

static long ask_all(void *arg)
{
	pthread_t threads[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, ask_plainly, arg), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int reload_often(void *arg)
{
	struct shared *shared = arg;

	while (!await_sleep(0.003))
		CHECK_INT(async_tls_reload(shared->server_tls), 0);
	return 0;
}

/* While another thread does the same. */
static long reload_too(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < 20; i++)
		CHECK_INT(async_tls_reload(shared->server_tls), 0);
	return 0;
}

static int reload_on_threads(void *shared)
{
	while (!await_sleep(0.003) && !await_thread(reload_too, shared))
		;
	return 0;
}

static void converse_with(struct shared *shared)
{
	AWAIT_GROUP(group, ASYNC_ISOLATED);

	async_spawn(&group, serve, shared);
	while (!shared->address[0])
		await_sleep(0.005);
	async_spawn(&group, reload_often, shared);
	async_spawn(&group, reload_on_threads, shared);
	CHECK_INT(await_thread(ask_all, shared), 0);
	async_group_cancel(&group);
}

TEST_TASK_WITH(several_loops_share_a_context, "S17", .backends = REAL_BACKENDS, .deadline = 30,
	       .may_leak = 1)
{
	struct shared shared = { .server_tls = server_with(&server),
				 .client_tls = client_with(&authority) };

	converse_with(&shared);
	CHECK_INT(shared.served, CLIENTS * TIMES);
	async_tls_free(shared.server_tls);
	async_tls_free(shared.client_tls);
}
