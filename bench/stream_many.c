/* SPDX-License-Identifier: MIT */
/*
 * Very many open connections on one loop: stream_many COUNT [ROUNDS]. A server and COUNT clients in
 * one process; all connect, then each sends a line and reads it back, ROUNDS times. Prints how long
 * connecting took, the time of one echo, and memory. LIBAWAIT_BACKEND=sim for more of them than
 * there are descriptors; on the real backends each takes two.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static async_event go = ASYNC_EVENT;
static async_semaphore arriving = ASYNC_SEMAPHORE(1000);
static size_t connected, rounds, failures;
static char address[64];

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long total = 0, resident = 0;

	if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * 4;
}

static int echo(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, (size_t)n);
	return (int)n;
}

static int client(void *arg)
{
	char text[32];
	int length = snprintf(text, sizeof text, "client %d\n", async_int(arg));
	async_stream *stream = NULL;
	const char *line;

	await_holding (&arriving)
		stream = await_connect_stream(address);
	connected++;
	await_event(&go);
	for (size_t i = 0; i < rounds; i++) {
		if (await_stream_write(stream, text, (size_t)length) != length ||
		    await_stream_readline(stream, &line) != length ||
		    memcmp(line, text, (size_t)length))
			failures++;
	}
	return await_stream_close(stream);
}

static int run(void *arg)
{
	int count = async_int(arg);
	async_server *server = await_server_start(NULL, "127.0.0.1:0", echo, NULL);
	double begun = seconds_now(), open;
	AWAIT_GROUP(clients);

	if (!server)
		return async_error_code();
	snprintf(address, sizeof address, "%s", async_server_address(server, 0));
	for (int i = 0; i < count; i++)
		async_spawn(&clients, client, ASYNC_INT(i));
	while (connected < (size_t)count || async_server_connections(server) < (size_t)count)
		await_sleep(0.01);
	open = seconds_now();
	printf("%d connections on %s: open after %.2f s, %ld KB resident, %.0f bytes for each\n",
	       count, async_backend_name(), open - begun, resident_kb(),
	       (double)resident_kb() * 1024 / count);
	async_event_set(&go);
	await_group(&clients);
	printf("%zu echoes in %.2f s, %.2f us each, %zu failures\n", rounds * (size_t)count,
	       seconds_now() - open, (seconds_now() - open) * 1e6 / (double)(rounds * (size_t)count),
	       failures);
	return await_server_close(server, NULL);
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	if (argc < 2 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: stream_many COUNT [ROUNDS]\n");
		return 2;
	}
	rounds = argc > 2 ? (size_t)atoi(argv[2]) : 10;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return async_run(run, ASYNC_INT(atoi(argv[1]))) < 0 || failures;
}
