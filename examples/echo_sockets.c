/* SPDX-License-Identifier: MIT */
/* An echo server straight on the sockets: echo_sockets [ADDRESS]. Talk to it with: nc localhost 25000 */
#include <await.h>
#include <stdio.h>

static int echo_client(void *arg)
{
	int client = async_int(arg);
	char data[1000];
	ssize_t n;

	while ((n = await_recv(client, data, sizeof data)) > 0)
		await_sendall(client, data, n);
	printf("Connection closed\n");
	return async_close(client);
}

static int echo_server(void *address)
{
	AWAIT_GROUP(clients, ASYNC_ISOLATED);
	int client, sock = await_tcp_listen(address);

	while ((client = await_accept(sock)) >= 0) {
		printf("Connection from: %s\n", async_peername(client));
		if (async_spawn(&clients, echo_client, ASYNC_INT(client)) < 0)
			async_close(client);
	}
	async_close(sock);
	return client;
}

int main(int argc, char **argv)
{
	return async_run(echo_server, argc > 1 ? argv[1] : ":25000");
}
