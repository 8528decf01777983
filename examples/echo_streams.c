/* SPDX-License-Identifier: MIT */
/* The echo server over streams, line by line. Ctrl-C or SIGTERM ends it: nobody's line is cut. */
#include <await.h>
#include <stdio.h>

static int handle_echo(async_stream *stream, void *arg)
{
	const char *line;
	ssize_t n;

	(void)arg;
	printf("Connection from: %s\n", async_stream_peer(stream));
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, n);
	printf("Connection closed\n");
	return n;
}

static int echo_server(void *address)
{
	return await_serve(address, handle_echo, NULL);
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	return async_run(echo_server, argc > 1 ? argv[1] : ":25000") < 0;
}
