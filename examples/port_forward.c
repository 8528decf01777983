/* SPDX-License-Identifier: MIT */
/* A port forwarder: port_forward ADDRESS TARGET. Each connection is two pumps in a group. */
#include <await.h>
#include <stdio.h>

struct pump {
	async_stream *to, *from;
};

static int run_pump(void *arg)
{
	struct pump *pump = arg;
	ssize_t n = await_stream_copy(pump->to, pump->from);

	return n < 0 ? (int)n : await_stream_end(pump->to);
}

static int forward(async_stream *client, void *target)
{
	async_stream *server = await_connect_stream(target);
	struct pump there = { server, client }, back = { client, server };
	int error;

	if (!server) {
		fprintf(stderr, "%s: %s\n", async_stream_peer(client), async_error());
		return 0;
	}
	{
		AWAIT_GROUP(pumps);

		async_spawn(&pumps, run_pump, &there);
		async_spawn(&pumps, run_pump, &back);
		error = await_group(&pumps);
	}
	await_stream_close(server);
	return error;
}

static int serve(void *arg)
{
	char **argv = arg;

	return await_serve(argv[1], forward, argv[2]);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: port_forward ADDRESS TARGET\n");
		return 2;
	}
	return async_run(serve, argv) < 0;
}
