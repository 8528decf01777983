/* SPDX-License-Identifier: MIT */
/*
 * One task for each listening socket takes its connections. At the server's limit it does not call
 * accept at all: what more comes waits in the kernel's backlog, and its peers feel it. Out of
 * descriptors or memory it says so once and looks again in a second.
 */
#include <errno.h>
#include "core/report.h"
#include "stream/server.h"

enum { ACCEPTS_IN_A_ROW = 64 };
static const double STARVED_PAUSE_SECONDS = 1;

static bool is_full(const struct async_server *server)
{
	return server->paused ||
	       (server->options.max_connections && server->open >= server->options.max_connections);
}

static int wait_for_room(struct async_server *server)
{
	static const struct wait_kind kind = { "room for a connection", wait_cancel, NULL };
	int64_t error = 0;

	while (!error && !server->stopped && is_full(server))
		error = wait_or_cancel(&server->room, &kind, server);
	return (int)error;
}

/* With several sockets and one limit, nobody accepts before there is something and room for it. */
static int wait_for_connection(const struct listener *listener)
{
	const struct async_server *server = listener->server;
	int events;

	if (server->count == 1 || !server->options.max_connections)
		return 0;
	events = await_poll(listener->fd, POLLIN);
	return events < 0 ? events : is_full(server) ? -EAGAIN : 0;
}

static bool is_starved(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

static int pause_starved(struct async_server *server, const char *address, int error)
{
	if (!server->starved)
		loop_report(server->loop, "failure", error, NULL,
			    "server on %s: accepting stops for %g s at a time: %s; %zu connections"
			    " are open (server option `max_connections` stops earlier)",
			    address, STARVED_PAUSE_SECONDS, async_error(), server->open);
	server->starved = true;
	return await_sleep(STARVED_PAUSE_SECONDS);
}

static int take_one(struct listener *listener)
{
	struct async_server *server = listener->server;
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;
	int fd, error = wait_for_room(server);

	if (!error && !server->stopped)
		error = wait_for_connection(listener);
	if (error)
		return error == -EAGAIN ? 0 : error;
	if (server->stopped)
		return -EBADF;
	fd = await_accept_from(listener->fd, (struct sockaddr *)&peer, &length);
	if (fd < 0)
		return is_starved(fd) ? pause_starved(server, listener->address, fd) : fd;
	error = connection_begin(server, fd, &peer, length);
	if (error) {
		async_close(fd);
		return is_starved(error) ? pause_starved(server, listener->address, error) : error;
	}
	server->starved = false;
	return 0;
}

int acceptor_main(void *arg)
{
	struct listener *listener = arg;
	struct async_server *server = listener->server;
	int error = 0, in_a_row = 0;

	while (!error && !server->stopped) {
		error = take_one(listener);
		if (!error && ++in_a_row % ACCEPTS_IN_A_ROW == 0)
			error = await_sleep(0);
	}
	if (server->stopped)
		return 0;
	/* A socket that listens and accepts no more would leave its clients waiting. */
	server->error = error;
	if (!async_cancelled())
		async_report_error(error, "server on %s: accepting has ended", listener->address);
	async_server_stop(server);
	return 0;
}
