/* SPDX-License-Identifier: MIT */
/* A client and a server in a simulated network that delays and tears: simulate [SEED]. The same seed, the same run. */
#include <await.h>
#include <await/sim.h>
#include <stdio.h>
#include <stdlib.h>

static int server(void *listener)
{
	int client = await_accept(async_int(listener));
	char data[100];
	ssize_t n;

	while ((n = await_recv(client, data, sizeof data)) > 0)
		await_sendall(client, data, n);
	return async_close(client);
}

static int client(void *arg)
{
	AWAIT_GROUP(group);
	int listener = await_tcp_listen(":25000"), fd;
	char data[100];

	async_spawn(&group, server, ASYNC_INT(listener));
	fd = await_tcp_connect("127.0.0.1:25000");
	await_sendall(fd, arg, 30);
	for (ssize_t n, left = 30; left > 0 && (n = await_recv(fd, data, sizeof data)) > 0; left -= n)
		printf("%.3f s: \"%.*s\"\n", async_now(), (int)n, data);
	async_close(fd);
	return async_close(listener);
}

int main(int argc, char **argv)
{
	async_sim_options world = { .latency_min = 0.01, .latency_max = 1, .short_read = 0.7, .short_write = 0.7 };
	async_options options = { .backend = "sim", .sim = &world, .seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0 };

	return async_run_with(&options, client, "thirty bytes, in pieces, later") < 0;
}
