/* SPDX-License-Identifier: MIT */
/*
 * The other side of the demo: as many clients of an echo server as one process may have, a task each, all of them
 * connected from the first echo to the last.
 *
 *	echo_clients ADDRESS CLIENTS ROUNDS SERVER_PID
 *
 * They connect; everybody echoes ROUNDS times, all at once, which gives echoes per second; then everybody echoes once
 * a second, each at a moment of its own, which gives latencies that are not those of a queue. The server's threads and
 * memory are read from /proc while all are there. Words and progress go to standard error; standard output gets one
 * line "name value" per figure (run.sh makes a table of them).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <await.h>
#include <await/sim.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	MESSAGE_BYTES = 64,
	SOURCES = 8,		/* 127.0.0.1 to 127.0.0.8: local ports for 20,000 even right after an earlier run */
	CONNECTING = 256,	/* at the same time: a server's backlog is finite */
	SPARE_DESCRIPTORS = 4,	/* for reading /proc on the way */
	PACED_ROUNDS = 3,	/* one second each */
	REFUSED_ENOUGH = 20,	/* after so many refusals nobody else tries */
	PHASE_SECONDS = 20,	/* a phase that takes longer is broken off */
};

static struct {
	struct sockaddr_storage address;
	socklen_t address_length;
	int clients, rounds, server;
	int connected, lost, arrived;	/* clients; arrived: at the end of the phase */
	bool over;			/* no new connects or echoes */
	char reason[256];		/* why the first of the lost ones was lost */
	double last_echo;
	float *latencies;		/* of the phase, in seconds */
	size_t echoes;
} demo;

static async_semaphore connecting = ASYNC_SEMAPHORE(CONNECTING);
static async_event burst = ASYNC_EVENT, pace = ASYNC_EVENT, farewell = ASYNC_EVENT;

static int connect_from(int source)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + source) };
	int fd = async_socket(AF_INET, SOCK_STREAM, 0), late_port = 1, error;

	if (fd < 0)
		return fd;
	/* The port is chosen by connect(), which knows both ends, instead of bind(), which would take a free one. */
	async_setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late_port, sizeof late_port);
	error = async_bind(fd, (struct sockaddr *)&local, sizeof local);
	if (!error)
		error = await_connect(fd, (struct sockaddr *)&demo.address, demo.address_length);
	if (!error)
		return fd;
	async_close(fd);
	return error;
}

/* One message there and back; it differs from client to client and from round to round. */
static int echo(int fd, int number, int round)
{
	char sent[MESSAGE_BYTES], data[MESSAGE_BYTES];
	double began = async_now();
	ssize_t n;

	memset(sent, 'a' + (number + round) % 26, sizeof sent);
	snprintf(sent, sizeof sent, "client %d round %d", number, round);
	n = await_sendall(fd, sent, sizeof sent);
	for (size_t got = 0; n > 0 && got < sizeof data; got += (size_t)n)
		n = await_recv(fd, data + got, sizeof data - got);
	if (n < 0)
		return (int)n;
	if (!n)
		return async_fail(-EPIPE, "closed by the server");
	if (memcmp(sent, data, sizeof data))
		return async_fail(-EBADMSG, "what came back is not what was sent");
	demo.last_echo = async_now();
	if (round)
		demo.latencies[demo.echoes++] = (float)(demo.last_echo - began);
	return 0;
}

static int greet(int number)
{
	int fd = -ECANCELED;

	await_holding (&connecting) {
		if (demo.over)
			return -ECANCELED;
		fd = connect_from(number % SOURCES);
		if (fd >= 0 && echo(fd, number, 0)) {
			async_close(fd);
			fd = -ECONNRESET;
		}
	}
	return fd;
}

static int talk(int fd, int number)
{
	double offset = (double)async_random(1000000) / 1e6, start;
	int error = 0, round = 0;

	await_event(&burst);
	while (!error && round < demo.rounds && !demo.over)
		error = echo(fd, number, ++round);
	demo.arrived++;
	await_event(&pace);
	start = async_now() + offset;
	for (int i = 0; !error && i < PACED_ROUNDS && !demo.over; i++) {
		await_sleep_until(start + i);
		error = echo(fd, number, ++round);
	}
	demo.arrived++;
	return error ? error : await_event(&farewell);
}

static void lose(void)
{
	if (!demo.lost++)
		snprintf(demo.reason, sizeof demo.reason, "%s", async_error());
	if (demo.lost == REFUSED_ENOUGH && !burst.set_)
		demo.over = true;
}

static int client(void *arg)
{
	int number = async_int(arg), fd = greet(number);

	if (fd < 0) {
		if (!demo.over)
			lose();
		demo.arrived++;
		return 0;
	}
	demo.connected++;
	demo.arrived++;
	if (talk(fd, number))
		lose();
	async_close(fd);
	return 0;
}

int main(void)
{
	return 0;
}
