/* SPDX-License-Identifier: MIT */
/*
 * The echo server as it is written without libawait: every call blocks, so every client gets a
 * thread. Compare examples/echo_sockets.c, which reads the same and needs one thread for all.
 *
 * echo_threads [HOST:PORT], with a numeric IPv4 host; ":25000" (all interfaces) by default.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int send_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = send(fd, data, size, MSG_NOSIGNAL);
		if (n < 0)
			return -1;
	}
	return 0;
}

static void *echo_client(void *arg)
{
	int client = (intptr_t)arg;
	char data[1000];
	ssize_t n;

	while ((n = recv(client, data, sizeof data, 0)) > 0 && !send_all(client, data, n))
		;
	printf("Connection closed\n");
	close(client);
	return NULL;
}

/* No thread to be had: this client is turned away, the others stay. */
static void start_thread(int client)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, echo_client, (void *)(intptr_t)client);

	if (error) {
		fprintf(stderr, "echo_threads: no thread for this client: %s\n", strerror(error));
		close(client);
		return;
	}
	pthread_detach(thread);
}

/* "HOST:PORT" or ":PORT"; -1 with errno when it is neither. */
static int parse(const char *text, struct sockaddr_in *address)
{
	char host[INET_ADDRSTRLEN] = "0.0.0.0";
	int port = -1;

	if (sscanf(text, "%15[0-9.]:%d", host, &port) != 2)
		sscanf(text, ":%d", &port);
	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	if (port >= 0 && port <= UINT16_MAX && inet_pton(AF_INET, host, &address->sin_addr) == 1)
		return 0;
	errno = EINVAL;
	return -1;
}

static int listen_on(const char *text)
{
	struct sockaddr_in address;
	int sock, on = 1;

	if (parse(text, &address))
		return -1;
	sock = socket(AF_INET, SOCK_STREAM, 0);
	if (sock < 0)
		return -1;
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (!bind(sock, (struct sockaddr *)&address, sizeof address) && !listen(sock, 4096))
		return sock;
	close(sock);
	return -1;
}

int main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : ":25000";
	struct sockaddr_in peer;
	socklen_t length;
	char host[INET_ADDRSTRLEN];
	int client, sock = listen_on(address);

	if (sock < 0) {
		fprintf(stderr, "echo_threads: cannot listen on %s: %s\n", address,
			strerror(errno));
		return 1;
	}
	for (;;) {
		length = sizeof peer;
		client = accept(sock, (struct sockaddr *)&peer, &length);
		if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (client < 0)
			break;
		inet_ntop(AF_INET, &peer.sin_addr, host, sizeof host);
		printf("Connection from: %s:%d\n", host, ntohs(peer.sin_port));
		start_thread(client);
	}
	perror("echo_threads: accept");
	close(sock);
	return 1;
}
