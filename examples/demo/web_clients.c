/* SPDX-License-Identifier: MIT */
/*
 * The other side of the demo's web service: clients that ask for fib(6) again and again, while one
 * other asks once for a number that takes long. What counts is how long the others wait meanwhile.
 *
 *	web_clients ADDRESS CLIENTS NUMBER
 *
 * Standard output gets one line "name value" per figure, of which run.sh makes a table.
 */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATENCIES = 1 << 20 };

static struct {
	const char *address;
	int clients, number;
	bool over; /* the long one has been answered */
	double long_seconds;
	int answered, lost;
	float *latencies; /* in seconds */
} demo;

/* One question on a connection that stays: true when the answer is `result`. */
static bool ask(async_stream *stream, int number, const char *result)
{
	char request[100];
	const char *line;
	int n = snprintf(request, sizeof request, "GET /fib/%d HTTP/1.1\r\nHost: %s\r\n\r\n",
			 number, demo.address);
	long length = 0;
	char body[100] = "";

	if (await_stream_write(stream, request, (size_t)n) < 0)
		return false;
	while ((n = (int)await_stream_readline(stream, &line)) > 2) {
		if (!strncmp(line, "Content-Length: ", 16))
			length = atol(line + 16);
	}
	return n == 2 && length > 0 && length < (long)sizeof body &&
	       await_stream_readexactly(stream, body, (size_t)length) == length &&
	       strstr(body, result);
}

static int many_small(void *arg)
{
	async_stream *stream = await_connect_stream(demo.address);

	(void)arg;
	while (stream && !demo.over) {
		double begun = async_now();

		if (!ask(stream, 6, "{\"result\": 8}")) {
			demo.lost++;
			break;
		}
		if (demo.answered < LATENCIES)
			demo.latencies[demo.answered++] = (float)(async_now() - begun);
		await_sleep(0.01); /* people, not a load generator */
	}
	return stream ? await_stream_close(stream) : -1;
}

static int one_long(void *arg)
{
	async_stream *stream = await_connect_stream(demo.address);
	double begun = async_now();

	(void)arg;
	if (!stream || !ask(stream, demo.number, "{\"result\": "))
		demo.lost++;
	demo.long_seconds = async_now() - begun;
	demo.over = true;
	return stream ? await_stream_close(stream) : -1;
}

static int run_clients(void *arg)
{
	AWAIT_GROUP(clients);

	(void)arg;
	for (int i = 0; i < demo.clients; i++)
		async_spawn(&clients, many_small, NULL);
	await_sleep(0.3);
	async_spawn(&clients, one_long, NULL);
	return await_group(&clients);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int error;

	if (argc != 4) {
		fprintf(stderr, "usage: web_clients ADDRESS CLIENTS NUMBER\n");
		return 2;
	}
	demo.address = argv[1];
	demo.clients = atoi(argv[2]);
	demo.number = atoi(argv[3]);
	demo.latencies = malloc(LATENCIES * sizeof *demo.latencies);
	if (!demo.latencies)
		return 1;
	error = async_run(run_clients, NULL);
	qsort(demo.latencies, (size_t)demo.answered, sizeof *demo.latencies, by_value);
	printf("clients %d\nlost %d\nlong_seconds %.3f\nanswered %d\n", demo.clients, demo.lost,
	       demo.long_seconds, demo.answered);
	if (demo.answered)
		printf("p50_ms %.2f\np99_ms %.2f\nmax_ms %.2f\n",
		       1e3 * (double)demo.latencies[demo.answered / 2],
		       1e3 * (double)demo.latencies[demo.answered * 99 / 100],
		       1e3 * (double)demo.latencies[demo.answered - 1]);
	free(demo.latencies);
	return error < 0 || demo.lost;
}
