/* SPDX-License-Identifier: MIT */
/* Connections that wait without a task. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "streams.h"

static int calls, forgotten;

static void forget(void *user)
{
	forgotten++;
	free(user);
}

/* One line for each call; counts its calls in the connection's own memory. */
static int one_line(async_stream *stream, void *arg)
{
	int *count = async_stream_user(stream);
	char answer[100];
	const char *line;
	ssize_t n;

	(void)arg;
	calls++;
	if (!count) {
		count = calloc(1, sizeof *count);
		async_stream_set_user(stream, count);
	}
	n = await_stream_readline(stream, &line);
	if (n <= 0)
		return (int)n;
	n = snprintf(answer, sizeof answer, "%d: %.*s", ++*count, (int)n, line);
	await_stream_write(stream, answer, (size_t)n);
	return ASYNC_PARK;
}

static const async_server_options options = { .forget = forget };

static void check_answer(async_stream *stream, const char *question, const char *answer)
{
	const char *line = NULL;
	ssize_t size = (ssize_t)strlen(answer);

	CHECK_INT(await_stream_write(stream, question, strlen(question)), (long)strlen(question));
	CHECK_INT(await_stream_readline(stream, &line), size);
	CHECK(line && !memcmp(line, answer, (size_t)size));
}

static size_t tasks(void)
{
	return async_all_tasks(NULL, 0);
}

TEST_TASK(a_parked_connection_has_no_task, "W33 X18")
{
	async_server *server = await_server_start(&options, "127.0.0.1:0", one_line, NULL);
	async_stream *clients[10];
	size_t idle = tasks();

	for (int i = 0; i < 10; i++) {
		clients[i] = await_connect_stream(async_server_address(server, 0));
		check_answer(clients[i], "a\n", "1: a\n");
	}
	await_sleep(0.02);
	CHECK_INT(tasks(), idle);
	CHECK_INT(async_server_connections(server), 10);
	for (int i = 0; i < 10; i++)
		check_answer(clients[i], "b\n", "2: b\n");
	/* Two questions at once: the second one is no reason to wait for a third. */
	check_answer(clients[0], "c\nd\n", "3: c\n");
	check_answer(clients[0], "e\n", "4: d\n");
	for (int i = 0; i < 5; i++)
		await_stream_close(clients[i]);
	await_sleep(0.02);
	CHECK_INT(async_server_connections(server), 5);
	CHECK_INT(forgotten, 5);
	CHECK_INT(await_server_close(server, NULL), 0);
	CHECK_INT(forgotten, 10);
	for (int i = 5; i < 10; i++) {
		const char *line;

		CHECK_INT(await_stream_readline(clients[i], &line), 0);
		await_stream_close(clients[i]);
	}
}

TEST_TASK(parked_for_too_long_it_is_closed, "W33")
{
	async_server_options short_ones = { .forget = forget, .park_seconds = 0.1 };
	async_server *server = await_server_start(&short_ones, "127.0.0.1:0", one_line, NULL);
	async_stream *client = await_connect_stream(async_server_address(server, 0));
	const char *line;

	check_answer(client, "a\n", "1: a\n");
	await_sleep(0.03);
	check_answer(client, "b\n", "2: b\n");
	CHECK_INT(await_stream_readline(client, &line), 0);
	CHECK_INT(async_server_connections(server), 0);
	CHECK_INT(forgotten, 1);
	await_stream_close(client);
	await_server_close(server, NULL);
}

TEST_TASK(a_limit_counts_parked_ones_too, "G05 W33")
{
	async_server_options one = { .forget = forget, .max_connections = 1 };
	async_server *server = await_server_start(&one, "127.0.0.1:0", one_line, NULL);
	async_stream *first = await_connect_stream(async_server_address(server, 0)), *second;
	const char *line;

	check_answer(first, "a\n", "1: a\n");
	second = await_connect_stream(async_server_address(server, 0));
	await_stream_write(second, "b\n", 2);
	async_timeout (0.03)
		CHECK_INT(await_stream_readline(second, &line), -ETIMEDOUT);
	await_stream_close(first);
	CHECK_INT(await_stream_readline(second, &line), 5);
	await_stream_close(second);
	await_server_close(server, NULL);
}

TEST_TASK_WITH(without_memory_the_task_waits_itself, "W33", .backends = BACKEND_EPOLL)
{
	async_server *server = await_server_start(&options, "127.0.0.1:0", one_line, NULL);
	async_stream *client = await_connect_stream(async_server_address(server, 0));

	for (int nth = 1; nth < 8; nth++) {
		char answer[20];

		fault_inject("malloc", nth, ENOMEM);
		snprintf(answer, sizeof answer, "%d: x\n", nth);
		check_answer(client, "x\n", answer);
		await_sleep(0.005);
		fault_clear();
	}
	await_stream_close(client);
	CHECK_INT(await_server_close(server, NULL), 0);
}

TEST_TASK(clients_cut_off_while_parked, "G04")
{
	async_server *server = await_server_start(&options, "127.0.0.1:0", one_line, NULL);
	async_stream *client = await_connect_stream(async_server_address(server, 0));
	char byte;

	check_answer(client, "a\n", "1: a\n");
	await_sleep(0.02);
	async_server_abort_clients(server);
	CHECK(await_stream_read(client, &byte, 1) <= 0);
	CHECK_INT(async_server_connections(server), 0);
	await_stream_close(client);
	await_server_close(server, NULL);
}
