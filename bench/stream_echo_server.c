/* SPDX-License-Identifier: MIT */
/*
 * The stream echo server that bench/run measures: what has arrived goes back, in the stream's own
 * buffer.
 *
 * stream_echo_server PORT [--loops N] [--lines | --park] listens on 127.0.0.1; LIBAWAIT_BACKEND chooses the
 * backend. --lines echoes line by line, as examples/echo_streams.c does. --park gives up the task
 * after each message: connections that are idle cost least.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int echo_chunks(async_stream *stream, void *arg)
{
	const char *data;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_chunk(stream, &data)) > 0)
		await_stream_write(stream, data, (size_t)n);
	return (int)n;
}

static int echo_lines(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, (size_t)n);
	return (int)n;
}

static int echo_and_park(async_stream *stream, void *arg)
{
	const char *data;
	ssize_t n = await_stream_chunk(stream, &data);

	(void)arg;
	if (n > 0)
		n = await_stream_write(stream, data, (size_t)n);
	return n > 0 ? ASYNC_PARK : (int)n;
}

struct settings {
	char address[32];
	async_server_options options;
	bool lines, park;
};

static int serve(void *arg)
{
	struct settings *settings = arg;

	if (settings->lines)
		return await_serve_with(&settings->options, settings->address, echo_lines, NULL);
	if (settings->park)
		return await_serve_with(&settings->options, settings->address, echo_and_park, NULL);
	return await_serve_with(&settings->options, settings->address, echo_chunks, NULL);
}

static int usage(void)
{
	fprintf(stderr, "usage: stream_echo_server PORT [--loops N] [--lines | --park]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct settings settings = { .lines = false };
	struct rlimit limit;

	if (argc < 2 || atoi(argv[1]) <= 0 || atoi(argv[1]) > UINT16_MAX)
		return usage();
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--lines"))
			settings.lines = true;
		else if (!strcmp(argv[i], "--park"))
			settings.park = true;
		else if (!strcmp(argv[i], "--loops") && i + 1 < argc)
			settings.options.loops = atoi(argv[++i]);
		else
			return usage();
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(settings.address, sizeof settings.address, "127.0.0.1:%s", argv[1]);
	return async_run(serve, &settings) < 0;
}
