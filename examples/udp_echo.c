/* SPDX-License-Identifier: MIT */
/*
 * An echo server of datagrams: says who sent what and sends it back, up to 32 at a time.
 *
 *	udp_echo [ADDRESS]	default: 127.0.0.1:25000
 */
#include <await.h>
#include <stdio.h>

enum { BATCH = 32, BYTES = 1500 };

static char data[BATCH][BYTES];

static int udp_echo(void *arg)
{
	async_udp_options options = { .local = arg };
	int sock = await_udp_open(&options);
	async_packet packets[BATCH];
	char text[128];

	while (sock >= 0) {
		ssize_t count;

		for (int i = 0; i < BATCH; i++)
			packets[i] = (async_packet){ .data = data[i], .room = BYTES };
		count = await_recvmmsg(sock, packets, BATCH);
		if (async_cancelled())
			break;
		for (ssize_t i = 0; i < count; i++)
			printf("%s sent %zu bytes: %.*s\n",
			       async_address_format((struct sockaddr *)&packets[i].address,
						    packets[i].length, text, sizeof text),
			       packets[i].size, (int)packets[i].size, data[i]);
		fflush(stdout);
		if (count > 0)
			await_sendmmsg(sock, packets, (size_t)count);
		else
			fprintf(stderr, "%s\n", async_error()); /* one datagram's trouble */
	}
	async_close(sock);
	return sock < 0 ? sock : 0;
}

int main(int argc, char **argv)
{
	return async_run(udp_echo, argc > 1 ? argv[1] : "127.0.0.1:25000") != 0;
}
