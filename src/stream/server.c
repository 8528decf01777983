/* SPDX-License-Identifier: MIT */
/* The server object: started, asked, stopped, closed step by step. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "core/report.h"
#include "stream/loops.h"
#include "stream/server.h"

enum { CLOSED_IN_A_ROW = 200 };

static const struct wait_kind wait_kind_changes = { "the end of connections", wait_cancel, NULL };

static int take_options(struct async_server *server, const async_server_options *options)
{
	struct async_stream probe;
	int loops, error;

	if (options)
		server->options = *options;
	options = &server->options;
	error = stream_init_socket(&probe, -1, &options->stream);
	if (error)
		return error;
	if (!(options->grace_seconds >= 0 && options->cancel_seconds >= 0))
		return async_fail(-EINVAL,
				  "server options grace_seconds (%g) and cancel_seconds (%g) must"
				  " not be negative",
				  options->grace_seconds, options->cancel_seconds);
	if (options->backlog < 0)
		return async_fail(-EINVAL, "server option backlog (%d) must not be negative",
				  options->backlog);
	if (!options->grace_seconds)
		server->options.grace_seconds = GRACE_SECONDS;
	if (!options->cancel_seconds)
		server->options.cancel_seconds = CANCEL_SECONDS;
	server->paused = options->paused;
	/* Every loop has its share of the limit, and a socket of its own at the same port. */
	loops = loops_wanted(options);
	if (loops > 1) {
		server->options.reuse_port = true;
		server->options.max_connections =
			(options->max_connections + (size_t)loops - 1) / (size_t)loops;
	}
	return 0;
}

/* Its group owns the acceptors and all connections. */
static int server_main(void *arg)
{
	struct async_server *server = arg;
	AWAIT_GROUP(group, ASYNC_ISOLATED);
	int64_t error = 0;

	server->group = &group;
	for (size_t i = 0; i < server->count; i++) {
		error = async_spawn(&group, acceptor_main, &server->listeners[i]);
		if (error)
			break;
	}
	if (error) {
		async_server_stop(server);
		return (int)error;
	}
	while (!error && !(server->stopped && !server->open))
		error = wait_or_cancel(&server->changes, &wait_kind_changes, server);
	async_server_stop(server);
	if (!error)
		await_group(&group);
	else
		connections_close_parked(server, SIZE_MAX);
	return 0;
}

static void server_free(struct async_server *server)
{
	listeners_free(server);
	free(server);
}

/* The task starts at once: its group is there, or it has failed and ended. */
static int start_main(struct async_server *server)
{
	static const async_task_options at_once = { .name = "server", .eager = true };
	int error;

	server->task = async_create_task_at_(server_main, server, &at_once, server->site);
	if (!server->task)
		return -ENOMEM;
	if (!async_task_done(server->task))
		return 0;
	error = await_task(server->task);
	return error ? error : -ECANCELED; /* by somebody who cancels whatever he finds */
}

int server_start(const async_server_options *options, const char *address,
		 async_stream_handler *handler, void *arg, const char *site,
		 struct async_server **started)
{
	struct async_server *server = calloc(1, sizeof *server);
	int error;

	*started = NULL;
	if (!server)
		return async_fail(-ENOMEM, "no memory for a server");
	server->handler = handler;
	server->arg = arg;
	server->site = site;
	server->loop = loop_current;
	error = take_options(server, options);
	if (!error)
		error = listeners_open(server, address);
	if (!error && server->options.listening)
		server->options.listening(server, arg);
	if (!error)
		error = start_main(server);
	if (error)
		server_free(server);
	else
		*started = server;
	return error;
}

async_server *await_server_start_at_(const async_server_options *options, const char *address,
				     async_stream_handler *handler, void *arg, const char *site)
{
	struct async_task *self = task_self("await_server_start");
	async_server_options one_loop = { 0 };
	struct async_server *server;

	if (self->cancel_error)
		return NULL;
	if (options)
		one_loop = *options;
	one_loop.loops = 1;
	return server_start(&one_loop, address, handler, arg, site, &server) ? NULL : server;
}

int server_wait_stopped(struct async_server *server)
{
	static const struct wait_kind kind = { "the server's end", wait_cancel, NULL };
	int64_t error = 0;

	while (!error && !server->stopped)
		error = wait_or_cancel(&server->changes, &kind, server);
	return error ? (int)error : server->error;
}

void async_server_stop(async_server *server)
{
	if (!server || server->stopped)
		return;
	server->stopped = true;
	for (size_t i = 0; i < server->count; i++)
		listener_close(&server->listeners[i]);
	wait_wake_all(&server->room, 0);
	wait_wake_all(&server->changes, 0);
}

int await_server_wait(async_server *server)
{
	struct async_task *self = task_self("await_server_wait");
	int64_t error = self->cancel_error;

	if (!server)
		return -EINVAL;
	while (!error && !(server->stopped && !server->open))
		error = wait_or_cancel(&server->changes, &wait_kind_changes, server);
	return error ? (int)error : server->error;
}

/* Wait until no connection is left; false when time ran out, or the caller may not wait. */
static bool wait_for_end(struct async_server *server, double seconds)
{
	int64_t error = 0;

	async_timeout (seconds)
		while (!error && server->open)
			error = wait_or_cancel(&server->changes, &wait_kind_changes, server);
	return !server->open;
}

/* Connections whose handlers have not returned. */
static size_t at_work(const struct async_server *server)
{
	size_t count = 0;

	list_for_each (&server->connections, link, following)
		count += !container_of(link, struct connection, link)->ending;
	return count;
}

static void tell_step(const struct async_server *server, const char *step, double seconds,
		      const char *option)
{
	char name[64];

	list_for_each (&server->connections, link, following) {
		const struct connection *connection = container_of(link, struct connection, link);

		if (connection->ending)
			continue;
		loop_report(server->loop, "left", 0, connection->task,
			    "server closing: task %s is %s, after %g s (server option `%s`)",
			    task_name_in(connection->task, name, sizeof name), step, seconds,
			    option);
	}
}

/* The steps, each only if the one before was not enough. */
static void close_steps(struct async_server *server, async_server_closed *how)
{
	const async_server_options *options = &server->options;
	size_t open = server->open;

	/* Thousands of calls of close(2) in a row would keep everybody else waiting. */
	while (server->parked.first) {
		connections_close_parked(server, CLOSED_IN_A_ROW);
		await_sleep(0);
	}
	list_for_each (&server->connections, link, following)
		stream_drain(&container_of(link, struct connection, link)->stream);
	if (!wait_for_end(server, options->grace_seconds)) {
		how->cancelled = at_work(server);
		how->ended = open - how->cancelled;
		if (!async_cancelled())
			tell_step(server, "cancelled", options->grace_seconds, "grace_seconds");
		async_server_cancel_clients(server);
		async_shield (options->cancel_seconds)
			wait_for_end(server, INFINITY);
		if (server->open) {
			how->aborted = at_work(server);
			how->cancelled -= how->aborted;
			tell_step(server, "cut off", options->cancel_seconds, "cancel_seconds");
			async_server_abort_clients(server);
		}
	} else {
		how->ended = open;
	}
}

int await_server_close(async_server *server, async_server_closed *how)
{
	async_server_closed mine = { 0 };
	double begun = async_now();
	int result;

	task_self("await_server_close");
	if (!server)
		return -EINVAL;
	async_server_stop(server);
	if (server->options.closing) {
		async_shield (INFINITY)
			server->options.closing(server, server->arg);
	}
	close_steps(server, &mine);
	async_shield (INFINITY)
		await_task(server->task);
	server_free(server);
	mine.seconds = async_now() - begun;
	result = mine.cancelled || mine.aborted ?
			 async_fail(-ETIMEDOUT,
				    "closing a server: %zu connections were cancelled and %zu cut"
				    " off",
				    mine.cancelled, mine.aborted) :
			 0;
	if (how)
		*how = mine;
	return result;
}

void async_server_pause(async_server *server)
{
	if (server)
		server->paused = true;
}

void async_server_resume(async_server *server)
{
	if (!server)
		return;
	server->paused = false;
	wait_wake_all(&server->room, 0);
}

void async_server_cancel_clients(async_server *server)
{
	if (!server)
		return;
	connections_close_parked(server, SIZE_MAX);
	list_for_each (&server->connections, link, following) {
		struct connection *connection = container_of(link, struct connection, link);

		connection->cancelled = true;
		async_task_cancel(connection->task);
	}
}

void async_server_abort_clients(async_server *server)
{
	if (!server)
		return;
	connections_close_parked(server, SIZE_MAX);
	list_for_each (&server->connections, link, following)
		async_stream_abort(&container_of(link, struct connection, link)->stream);
}

bool async_server_is_serving(const async_server *server)
{
	return server && !server->stopped;
}

size_t async_server_connections(const async_server *server)
{
	return server ? server->open : 0;
}

const char *async_server_address(const async_server *server, size_t i)
{
	return server && i < server->count ? server->listeners[i].address : NULL;
}

int async_server_descriptor(const async_server *server, size_t i)
{
	return server && i < server->count ? server->listeners[i].fd : -1;
}
