/* SPDX-License-Identifier: MIT */
/*
 * Datagrams. Those of UDP travel one by one: with a latency that varies they overtake each other;
 * they are lost, come twice, and are dropped by a receiver whose buffer is full. Unix datagrams
 * arrive at once and in order, and a sender waits for room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "backend/sim.h"

static struct sim_datagram *datagram_new(const struct sim_socket *from,
					 const struct sim_address *to,
					 const struct sim_transfer *transfer)
{
	struct sim_datagram *datagram = malloc(sizeof *datagram + transfer->size);

	if (!datagram)
		return NULL;
	*datagram = (struct sim_datagram){ .from = from->local, .to = *to, .size = transfer->size };
	sim_copy_in(transfer, 0, datagram->data, transfer->size);
	return datagram;
}

static void receive(struct sim *sim, struct sim_socket *socket, struct sim_datagram *datagram)
{
	datagram->next = NULL;
	*socket->received_last = datagram;
	socket->received_last = &datagram->next;
	socket->received_bytes += datagram->size;
	sim_kick(sim, socket);
}

/* Nobody is there: a sender that is connected to that address learns of it, as by an ICMP message. */
static void unreachable(struct sim *sim, const struct sim_datagram *datagram)
{
	struct sim_socket *sender = sim_name_find(sim, SOCK_DGRAM, &datagram->from, &datagram->to);

	if (!sender || sender->state != SIM_CONNECTED)
		return;
	sender->error = ECONNREFUSED;
	sim_kick(sim, sender);
}

static void datagram_arrives(struct sim *sim, struct sim_event *event)
{
	struct sim_datagram *datagram = container_of(event, struct sim_datagram, event);
	struct sim_socket *socket = NULL;

	sim_event_end(sim, event);
	if (!sim_is_cut(sim, datagram->from.port, datagram->to.port)) {
		socket = sim_name_find(sim, SOCK_DGRAM, &datagram->to, &datagram->from);
		if (!socket)
			unreachable(sim, datagram);
	}
	if (socket && socket->received_bytes + datagram->size <= sim_buffer_bytes(sim))
		receive(sim, socket, datagram);
	else
		free(datagram);
}

static int64_t travel(struct sim *sim, struct sim_socket *socket, const struct sim_address *to,
		      const struct sim_transfer *transfer)
{
	struct sim_datagram *datagram = datagram_new(socket, to, transfer);
	uint64_t latency_ns;

	if (!datagram || sim_event_room(sim)) {
		free(datagram);
		return -ENOMEM;
	}
	datagram->event.arrive = datagram_arrives;
	latency_ns = sim_latency(sim);
	if (latency_ns)
		sim_event_set(sim, &datagram->event, sim->loop->now_ns + latency_ns);
	else
		datagram_arrives(sim, &datagram->event);
	return (int64_t)transfer->size;
}

static int64_t write_inet(struct sim *sim, struct sim_socket *socket, struct sim_address *to,
			  const struct sim_transfer *transfer)
{
	struct sim_address bound = socket->local;
	int64_t result;

	if (transfer->size > SIM_DATAGRAM_MAX)
		return -EMSGSIZE;
	sim_address_settle(to);
	if (!socket->bound) {
		int error = sim_name_any_port(sim, socket);

		if (error)
			return error;
		bound = socket->local;
	}
	if (sim_is_cut(sim, socket->local.port, to->port) || sim_chance(sim, sim->world.drop))
		return (int64_t)transfer->size;
	/* The datagram carries the host that the sender has towards this receiver; the socket keeps
	 * its own. */
	sim_name_source(sim, socket, to);
	result = travel(sim, socket, to, transfer);
	if (result >= 0 && sim_chance(sim, sim->world.duplicate))
		travel(sim, socket, to, transfer);
	socket->local = bound;
	return result;
}

static int64_t write_unix(struct sim *sim, struct sim_socket *socket, const struct sim_address *to,
			  const struct sim_transfer *transfer)
{
	struct sim_socket *target = to ? sim_name_find(sim, SOCK_DGRAM, to, NULL) : socket->pair;
	struct sim_datagram *datagram;

	if (transfer->size > sim_buffer_bytes(sim))
		return -EMSGSIZE;
	if (!target)
		return to && to->length && to->name[0] ? -ENOENT : -ECONNREFUSED;
	if (target->type != SOCK_DGRAM)
		return -EPROTOTYPE;
	if (target->read_shut)
		return -EPIPE;
	if (target->received && target->received_bytes + transfer->size > sim_buffer_bytes(sim)) {
		sim_queue_leave(socket);
		sim_queue_join(socket, target, &target->blocked);
		return -EAGAIN;
	}
	datagram = datagram_new(socket, &target->local, transfer);
	if (!datagram)
		return -ENOMEM;
	receive(sim, target, datagram);
	return (int64_t)transfer->size;
}

int64_t sim_datagram_write(struct sim *sim, struct sim_socket *socket,
			   const struct sim_transfer *transfer)
{
	const struct msghdr *message = transfer->message;
	struct sim_address to = socket->peer;
	bool named = message && message->msg_name && message->msg_namelen;

	if (socket->write_shut)
		return -EPIPE;
	if (socket->error)
		return sim_take_error(socket);
	if (named) {
		int error = sim_address_take(message->msg_name, message->msg_namelen,
					     socket->domain, &to);

		if (error)
			return error;
	} else if (socket->state != SIM_CONNECTED) {
		return socket->domain == AF_UNIX ? -ENOTCONN : -EDESTADDRREQ;
	}
	if (socket->domain == AF_UNIX)
		return write_unix(sim, socket, named || to.length ? &to : NULL, transfer);
	if (!to.port)
		return -EINVAL;
	return write_inet(sim, socket, &to, transfer);
}

/* The receiver has room again, or is gone: everyone who waited for that tries once more. */
static void unblock(struct sim *sim, struct sim_socket *socket)
{
	struct async_waiters_ blocked = { NULL, NULL };
	struct sim_socket *sender;

	while ((sender = sim_queue_first(&socket->blocked))) {
		sim_queue_leave(sender);
		list_append(&blocked, &sender->link);
	}
	while (blocked.first) {
		sender = container_of(list_pop(&blocked), struct sim_socket, link);
		sim_kick(sim, sender);
	}
}

int64_t sim_datagram_read(struct sim *sim, struct sim_socket *socket,
			  const struct sim_transfer *transfer)
{
	struct sim_datagram *datagram = socket->received;
	struct msghdr *message = transfer->message;
	size_t size, given;

	if (socket->error)
		return sim_take_error(socket);
	if (!datagram)
		return socket->read_shut ? 0 : -EAGAIN;
	size = datagram->size;
	given = size < transfer->size ? size : transfer->size;
	sim_copy_out(transfer, 0, datagram->data, given);
	if (message && message->msg_name &&
	    (datagram->from.family != AF_UNIX || datagram->from.length))
		sim_address_give(&datagram->from, message->msg_name, &message->msg_namelen);
	else if (message)
		message->msg_namelen = 0;
	if (message && given < size)
		message->msg_flags |= MSG_TRUNC;
	if (!(transfer->flags & MSG_PEEK)) {
		socket->received = datagram->next;
		if (!socket->received)
			socket->received_last = &socket->received;
		socket->received_bytes -= size;
		free(datagram);
		unblock(sim, socket);
	}
	return (int64_t)(transfer->flags & MSG_TRUNC ? size : given);
}

void sim_datagram_close(struct sim *sim, struct sim_socket *socket)
{
	while (socket->received) {
		struct sim_datagram *datagram = socket->received;

		socket->received = datagram->next;
		free(datagram);
	}
	if (socket->pair)
		socket->pair->pair = NULL;
	socket->pair = NULL;
	unblock(sim, socket);
}
