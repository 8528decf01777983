/* SPDX-License-Identifier: MIT */
/*
 * Connections without a task. A handler that returns ASYNC_PARK has nothing to do until its peer
 * sends something: the stream moves from its task's stack into a record of its own, the task ends,
 * and an operation without a task waits for the peer. When it completes, a new task gets the stream
 * back. Ten thousand parked connections cost what fifteen hundred waiting tasks do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/timer.h"
#include "stream/server.h"

struct parked {
	struct operation operation;
	struct async_timer_ timer;
	struct async_server *server; /* NULL: closed, and only the operation is still to end */
	struct async_loop *loop;
	struct async_link_ link;
	struct async_stream stream;
	struct sockaddr_storage peer;
};

/* Out of the server's list: from here on it is a task's again, or closed. */
static void leave(struct parked *parked)
{
	list_remove(&parked->server->parked, &parked->link);
	if (parked->timer.index)
		timer_cancel(&parked->loop->timers, &parked->timer);
}

static void count_off(struct async_server *server)
{
	server->open--;
	wait_wake_all(&server->room, 0);
	wait_wake_all(&server->changes, 0);
}

/* On the stack: closing the descriptor may end the operation, and with it the record, at once. */
static void end_stream(const struct parked *parked)
{
	struct async_stream stream = parked->stream;

	stream_close_now(&stream, false);
	stream_free(&stream);
}

/* Closing the descriptor ends the operation, now or later; its end frees the record. */
static void close_parked(struct parked *parked)
{
	struct async_server *server = parked->server;

	leave(parked);
	if (server->options.forget)
		server->options.forget(parked->stream.user);
	parked->server = NULL;
	parked->loop->orphans++;
	count_off(server);
	end_stream(parked);
}

void connections_close_parked(struct async_server *server, size_t most)
{
	while (server->parked.first && most--)
		close_parked(container_of(server->parked.first, struct parked, link));
}

static void too_long(struct async_loop *loop, struct async_timer_ *timer)
{
	(void)loop;
	close_parked(container_of(timer, struct parked, timer));
}

/* In a new task: take the stream back. */
static int resumed_main(void *arg)
{
	struct parked *parked = arg;
	struct connection connection = { .server = parked->server,
					 .task = parked->loop->running,
					 .stream = parked->stream };

	memcpy(&connection.peer, &parked->peer, parked->stream.peer_length);
	free(parked);
	return connection_serve(&connection);
}

static void end_unserved(struct parked *parked)
{
	struct async_server *server = parked->server;

	if (server->options.forget)
		server->options.forget(parked->stream.user);
	end_stream(parked);
	free(parked);
	count_off(server);
}

/* The peer has sent something, or closed; or the connection was closed here. */
static void woken(struct operation *operation, int64_t result)
{
	struct parked *parked = container_of(operation, struct parked, operation);

	(void)result; /* an error shows when the task reads */
	if (!parked->server) {
		parked->loop->orphans--;
		free(parked);
		return;
	}
	leave(parked);
	if (async_spawn_at_(parked->server->group, resumed_main, parked, NULL,
			    parked->server->site))
		end_unserved(parked);
}

static int set_timer(struct parked *parked)
{
	double seconds = parked->server->options.park_seconds;

	parked->timer = (struct async_timer_){ .fire = too_long };
	if (seconds <= 0)
		return 0;
	return timer_set(&parked->loop->timers, &parked->timer,
			 deadline_after(loop_clock(parked->loop), seconds));
}

bool connection_park(struct connection *connection)
{
	struct async_server *server = connection->server;
	struct parked *parked;
	int64_t result;

	if (connection->stream.draining || !stream_is_idle(&connection->stream))
		return false;
	stream_slim(&connection->stream);
	parked = malloc(sizeof *parked);
	if (!parked)
		return false;
	parked->server = server;
	parked->loop = server->loop;
	parked->stream = connection->stream;
	memcpy(&parked->peer, &connection->peer, connection->stream.peer_length);
	parked->operation = (struct operation){ .completed = woken,
						.code = OP_POLL,
						.direction = DIRECTION_READ,
						.fd = connection->stream.fd };
	parked->operation.events = POLLIN;
	if (set_timer(parked)) {
		free(parked);
		return false;
	}
	list_remove(&server->connections, &connection->link);
	list_append(&server->parked, &parked->link);
	result = server->loop->backend->start(server->loop, &parked->operation);
	if (result != OPERATION_STARTED)
		woken(&parked->operation, result);
	return true;
}
