/* SPDX-License-Identifier: MIT */
/*
 * Listening, connecting, accepting. A connect is a request that arrives at the listener, which
 * makes the connection and puts it into its backlog, and an answer that arrives at the client. A
 * request that finds the backlog full waits for room, as a kernel's client does by repeating it.
 */
#include <errno.h>
#include <string.h>
#include "backend/sim.h"

static bool is_cut(const struct sim *sim, const struct sim_socket *socket)
{
	return socket->domain != AF_UNIX && sim_is_cut(sim, socket->local.port, socket->peer.port);
}

/* Send the request or the answer on its way. */
static void travel(struct sim *sim, struct sim_socket *socket,
		   void (*arrive)(struct sim *sim, struct sim_event *event))
{
	uint64_t latency_ns = sim_latency(sim);

	socket->event.arrive = arrive;
	if (latency_ns)
		sim_event_set(sim, &socket->event, sim->loop->now_ns + latency_ns);
	else
		arrive(sim, &socket->event);
}

static void answer_arrives(struct sim *sim, struct sim_event *event)
{
	struct sim_socket *socket = container_of(event, struct sim_socket, event);

	if (is_cut(sim, socket)) {
		sim_event_hold(sim, event);
		return;
	}
	socket->state = socket->answer ? SIM_FRESH : SIM_CONNECTED;
	socket->error = socket->answer ? -socket->answer : socket->error;
	sim_kick(sim, socket);
}

void sim_connect_answer(struct sim *sim, struct sim_socket *socket, int error)
{
	socket->answer = error;
	travel(sim, socket, answer_arrives);
}

/* The listener's side of a new connection; 0 or -ENOMEM. */
static int establish(struct sim *sim, struct sim_socket *listener, struct sim_socket *client)
{
	struct sim_socket *server =
		sim_socket_new(sim, listener->domain, SOCK_STREAM, listener->protocol);

	if (!server)
		return -ENOMEM;
	server->local = listener->domain == AF_UNIX ? listener->local : client->peer;
	server->peer = client->local;
	server->local.family = server->peer.family = (uint16_t)listener->domain;
	server->v6only = listener->v6only;
	if (sim_stream_join(sim, server, client)) {
		sim_socket_free(sim, server);
		return -ENOMEM;
	}
	server->state = SIM_CONNECTED;
	server->told = true;
	sim_queue_join(server, listener, &listener->backlog);
	listener->backlog_count++;
	return 0;
}

static void request_arrives(struct sim *sim, struct sim_event *event)
{
	struct sim_socket *client = container_of(event, struct sim_socket, event), *listener;
	int error = client->answer;

	if (is_cut(sim, client)) {
		sim_event_hold(sim, event);
		return;
	}
	listener = sim_name_find(sim, SOCK_STREAM, &client->peer, NULL);
	if (!error && (!listener || listener->state != SIM_LISTENING))
		error = -ECONNREFUSED;
	if (!error && listener->backlog_count >= listener->backlog_limit) {
		sim_queue_join(client, listener, &listener->crowd);
		return;
	}
	if (!error)
		error = establish(sim, listener, client);
	sim_connect_answer(sim, client, error);
	if (!error)
		sim_kick(sim, listener);
}

static int connect_datagram(struct sim *sim, struct sim_socket *socket,
			    const struct operation *operation)
{
	struct sim_address peer;
	int error;

	if (operation->address->sa_family == AF_UNSPEC) {
		socket->state = SIM_FRESH;
		return 0;
	}
	error = sim_address_take(operation->address, *operation->length, socket->domain, &peer);
	if (error)
		return error;
	if (socket->domain == AF_UNIX) {
		const struct sim_socket *other = sim_name_find(sim, SOCK_DGRAM, &peer, NULL);

		if (!other || other->type != SOCK_DGRAM)
			return other			   ? -EPROTOTYPE :
			       peer.length && peer.name[0] ? -ENOENT :
							     -ECONNREFUSED;
	} else {
		sim_address_settle(&peer);
		if (!socket->bound)
			error = sim_name_any_port(sim, socket);
		if (error)
			return error;
		sim_name_source(sim, socket, &peer);
	}
	socket->peer = peer;
	socket->state = SIM_CONNECTED;
	return 0;
}

static int connect_begin(struct sim *sim, struct sim_socket *socket,
			 const struct operation *operation)
{
	struct sim_address peer;
	int error = sim_address_take(operation->address, *operation->length, socket->domain, &peer);
	const struct sim_socket *listener;

	if (error)
		return error;
	socket->local.family = (uint16_t)socket->domain;
	if (socket->domain == AF_UNIX) {
		listener = sim_name_find(sim, SOCK_STREAM, &peer, NULL);
		if (!listener && peer.length && peer.name[0])
			return -ENOENT;
		if (listener && listener->type != SOCK_STREAM)
			return -EPROTOTYPE;
	} else {
		sim_address_settle(&peer);
		if (socket->v6only && sim_address_is_mapped(&peer))
			return -ENETUNREACH;
		sim_name_source(sim, socket, &peer);
	}
	socket->peer = peer;
	socket->error = 0;
	socket->told = false;
	socket->state = SIM_CONNECTING;
	socket->answer = sim_chance(sim, sim->world.refuse) ? -ECONNREFUSED : 0;
	travel(sim, socket, request_arrives);
	return 0;
}

/* As connect(2), again and again: begins, goes on, or tells what came of it. */
int64_t sim_connect(struct sim *sim, struct sim_socket *socket, struct operation *operation)
{
	int error;

	if (socket->type == SOCK_DGRAM)
		return connect_datagram(sim, socket, operation);
	if (socket->state == SIM_FRESH && !operation->begun) {
		operation->begun = true;
		error = socket->broken ? -EISCONN : connect_begin(sim, socket, operation);
		if (error)
			return error;
	}
	operation->begun = true;
	switch (socket->state) {
	case SIM_CONNECTING:
		return -EAGAIN;
	case SIM_CONNECTED:
		if (socket->told)
			return -EISCONN;
		socket->told = true;
		return 0;
	case SIM_LISTENING:
		return -EISCONN;
	default:
		return socket->error ? sim_take_error(socket) : -ECONNABORTED;
	}
}

/* There is room in the backlog again. */
static void admit(struct sim *sim, struct sim_socket *listener)
{
	struct sim_socket *client = sim_queue_first(&listener->crowd);

	if (!client)
		return;
	sim_queue_leave(client);
	sim_connect_answer(sim, client, establish(sim, listener, client));
}

int64_t sim_accept(struct sim *sim, struct sim_socket *listener, struct operation *operation)
{
	struct sim_socket *server = sim_queue_first(&listener->backlog);
	int fd;

	if (listener->type != SOCK_STREAM)
		return -EOPNOTSUPP;
	if (listener->state != SIM_LISTENING)
		return -EINVAL;
	if (!server)
		return -EAGAIN;
	fd = sim_socket_number(sim, server);
	if (fd < 0)
		return fd;
	sim_queue_leave(server);
	if (operation->address && operation->length)
		sim_address_give(&server->peer, operation->address, operation->length);
	admit(sim, listener);
	return fd;
}

void sim_listen_end(struct sim *sim, struct sim_socket *listener)
{
	struct sim_socket *socket;

	listener->state = SIM_FRESH;
	while ((socket = sim_queue_first(&listener->backlog))) {
		socket->reset_on_close = true;
		sim_socket_free(sim, socket);
	}
	while ((socket = sim_queue_first(&listener->crowd))) {
		sim_queue_leave(socket);
		sim_connect_answer(sim, socket, -ECONNREFUSED);
	}
}
