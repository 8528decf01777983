/* SPDX-License-Identifier: MIT */
/* A connection of a server: its stream lies on the stack of the task that runs the handler. */
#include <errno.h>
#include <string.h>
#include "core/report.h"
#include "stream/server.h"

/* What the acceptor hands to the task, which starts at once and copies it. */
struct arrival {
	struct async_server *server;
	int fd;
	const struct sockaddr_storage *peer;
	socklen_t length;
};

static void open_connection(struct connection *connection, const struct arrival *arrival)
{
	struct async_server *server = arrival->server;

	stream_init_socket(&connection->stream, arrival->fd, &server->options.stream);
	connection->stream.pinned = true;
	connection->server = server;
	connection->task = server->loop->running;
	connection->cancelled = connection->ending = false;
	memcpy(&connection->peer, arrival->peer, arrival->length);
	connection->stream.peer_length = arrival->length;
	server->open++;
}

/* Closing while a request is on its way here would reset the connection, and the peer could lose
 * the answer before it: say that this was all, and wait until the peer has seen it. */
static void linger(struct async_stream *stream)
{
	const char *data;

	async_timeout (LINGER_SECONDS) {
		if (await_stream_end(stream))
			return;
		stream_drain_off(stream);
		while (await_stream_chunk(stream, &data) > 0)
			continue;
	}
	stream->eof = true; /* closing waits for nothing more */
}

static void close_connection(struct connection *connection)
{
	struct async_stream *stream = &connection->stream;
	struct async_server *server = connection->server;

	connection->ending = true;
	if (stream->draining && stream->output.used && !stream->closed && stream->eof &&
	    !async_cancelled())
		linger(stream);
	stream_close_with(stream, stream->close_seconds);
	list_remove(&server->connections, &connection->link);
	server->open--;
	wait_wake_all(&server->room, 0);
	wait_wake_all(&server->changes, 0);
}

/* A peer that went away, or a server that closes, is none of the owner's business. */
static bool is_worth_telling(const struct connection *connection, int result)
{
	return result < 0 && result != -EPIPE && result != -ECONNRESET && result != -ECONNABORTED &&
	       !(connection->cancelled && result == -ECANCELED) &&
	       !(connection->stream.closed && result == -EBADF);
}

/* A handler that cannot be parked yet is called again once there is something for it. */
static int wait_for_input(struct async_stream *stream)
{
	const char *data;
	ssize_t n = await_stream_flush(stream);

	if (!n)
		n = await_stream_peek(stream, 1, &data);
	return n > 0 ? 1 : (int)n;
}

int connection_serve(struct connection *connection)
{
	struct async_server *server = connection->server;
	int result;

	connection->stream.peer_address = (struct sockaddr *)&connection->peer;
	list_append(&server->connections, &connection->link);
	do {
		result = server->handler(&connection->stream, server->arg);
		if (result != ASYNC_PARK)
			break;
		if (connection_park(connection))
			return 0;
		result = wait_for_input(&connection->stream);
	} while (result > 0);
	if (server->options.forget)
		server->options.forget(connection->stream.user);
	result = is_worth_telling(connection, result) ? result : 0;
	close_connection(connection);
	return result;
}

static int connection_main(void *arg)
{
	struct connection connection;

	open_connection(&connection, arg);
	return connection_serve(&connection);
}

int connection_begin(struct async_server *server, int fd, const struct sockaddr_storage *peer,
		     socklen_t length)
{
	static const async_task_options at_once = { .eager = true };
	struct arrival arrival = { server, fd, peer, length };

	return async_spawn_at_(server->group, connection_main, &arrival, &at_once, server->site);
}

int async_server_adopt(async_server *server, int fd)
{
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof peer;
	int error;

	if (!server || fd < 0)
		return fd < 0 ? fd : -EINVAL;
	if (server->stopped)
		return async_fail(-ESHUTDOWN, "async_server_adopt: the server was stopped");
	error = async_getpeername(fd, (struct sockaddr *)&peer, &length);
	if (error)
		return async_fail(error, "async_server_adopt: descriptor %d", fd);
	return connection_begin(server, fd, &peer, length);
}
