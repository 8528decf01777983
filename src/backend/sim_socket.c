/* SPDX-License-Identifier: MIT */
/* Sockets of the simulation: their descriptors, which are given lowest first as a kernel does,
 * their names and ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "backend/sim.h"

enum { TABLE_FIRST = 64, BACKLOG_MAX = 4096, DESCRIPTORS_DEFAULT = 1 << 20 };

struct sim_socket *sim_socket_at(struct sim *sim, int fd)
{
	int index = fd - SIM_FIRST_FD;

	return index >= 0 && index < sim->socket_room ? sim->sockets[index] : NULL;
}

struct sim_socket *sim_socket_new(struct sim *sim, int domain, int type, int protocol)
{
	struct sim_socket *socket = calloc(1, sizeof *socket);

	if (!socket || sim_event_room(sim)) {
		free(socket);
		return NULL;
	}
	socket->fd = -1;
	socket->domain = domain;
	socket->type = type;
	socket->protocol = protocol;
	socket->received_last = &socket->received;
	return socket;
}

static int table_grow(struct sim *sim)
{
	int room = sim->socket_room ? sim->socket_room * 2 : TABLE_FIRST;
	struct sim_socket **sockets =
		realloc(sim->sockets, (size_t)room * sizeof(struct sim_socket *));

	if (!sockets)
		return -ENOMEM;
	memset(sockets + sim->socket_room, 0,
	       (size_t)(room - sim->socket_room) * sizeof(struct sim_socket *));
	sim->sockets = sockets;
	sim->socket_room = room;
	return 0;
}

int sim_socket_number(struct sim *sim, struct sim_socket *socket)
{
	int limit = sim->world.descriptors > 0 ? sim->world.descriptors : DESCRIPTORS_DEFAULT;

	if (sim->socket_count >= limit)
		return -EMFILE;
	while (sim->lowest < sim->socket_room && sim->sockets[sim->lowest])
		sim->lowest++;
	if (sim->lowest == sim->socket_room && table_grow(sim))
		return -ENOMEM;
	sim->sockets[sim->lowest] = socket;
	sim->socket_count++;
	socket->fd = SIM_FIRST_FD + sim->lowest++;
	return socket->fd;
}

static void number_drop(struct sim *sim, struct sim_socket *socket)
{
	int index = socket->fd - SIM_FIRST_FD;

	if (socket->fd < 0)
		return;
	sim->sockets[index] = NULL;
	sim->socket_count--;
	if (index < sim->lowest)
		sim->lowest = index;
}

void sim_queue_join(struct sim_socket *socket, struct sim_socket *host,
		    struct async_waiters_ *queue)
{
	socket->host = host;
	socket->queue = queue;
	list_append(queue, &socket->link);
}

void sim_queue_leave(struct sim_socket *socket)
{
	if (!socket->queue)
		return;
	if (socket->queue == &socket->host->backlog)
		socket->host->backlog_count--;
	list_remove(socket->queue, &socket->link);
	socket->queue = NULL;
	socket->host = NULL;
}

struct sim_socket *sim_queue_first(const struct async_waiters_ *queue)
{
	return queue->first ? container_of(queue->first, struct sim_socket, link) : NULL;
}

/* Everything that this end of the network holds, and the socket itself. */
void sim_socket_free(struct sim *sim, struct sim_socket *socket)
{
	number_drop(sim, socket);
	sim_name_drop(sim, socket);
	sim_queue_leave(socket);
	if (socket->state == SIM_LISTENING)
		sim_listen_end(sim, socket);
	if (socket->out)
		sim_stream_close(sim, socket);
	if (socket->type == SOCK_DGRAM)
		sim_datagram_close(sim, socket);
	sim_event_end(sim, &socket->event);
	sim_options_free(socket);
	free(socket);
}

static int check_kind(int domain, int type, int protocol)
{
	int usual = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;

	if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX)
		return -EAFNOSUPPORT;
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol && (domain == AF_UNIX || protocol != usual))
		return -EPROTONOSUPPORT;
	return 0;
}

static int make(struct sim *sim, int domain, int type, int protocol, struct sim_socket **made)
{
	struct sim_socket *socket;
	int error;

	type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	error = check_kind(domain, type, protocol);
	if (error)
		return error;
	socket = sim_socket_new(sim, domain, type, protocol);
	if (!socket)
		return -ENOMEM;
	error = sim_socket_number(sim, socket);
	if (error < 0)
		sim_socket_free(sim, socket);
	*made = socket;
	return error;
}

int sim_socket(struct async_loop *loop, int domain, int type, int protocol)
{
	struct sim_socket *socket;

	return make(sim_of(loop), domain, type, protocol, &socket);
}

static int pair_up(struct sim *sim, struct sim_socket *a, struct sim_socket *b)
{
	int error = 0;

	a->local.family = a->peer.family = b->local.family = b->peer.family = AF_UNIX;
	if (a->type == SOCK_STREAM) {
		error = sim_stream_join(sim, a, b);
	} else {
		a->pair = b;
		b->pair = a;
	}
	a->state = b->state = SIM_CONNECTED;
	a->told = b->told = true;
	return error;
}

int sim_socketpair(struct async_loop *loop, int domain, int type, int protocol, int fds[2])
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *a, *b;
	int error;

	if (domain != AF_UNIX)
		return domain == AF_INET || domain == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
	fds[0] = make(sim, domain, type, protocol, &a);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = make(sim, domain, type, protocol, &b);
	if (fds[1] < 0) {
		sim_socket_free(sim, a);
		return fds[1];
	}
	error = pair_up(sim, a, b);
	if (!error)
		return 0;
	sim_socket_free(sim, b);
	sim_socket_free(sim, a);
	return error;
}

int sim_bind(struct async_loop *loop, int fd, const struct sockaddr *address, socklen_t length)
{
	struct sim_socket *socket = sim_socket_at(sim_of(loop), fd);
	struct sim_address taken;
	int error;

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_bind(loop, fd, address, length) : -EBADF;
	error = sim_address_take(address, length, socket->domain, &taken);
	return error ? error : sim_name_bind(sim_of(loop), socket, &taken);
}

/* The queue holds one more than asked for, as the kernel's does. */
static size_t backlog_limit(int backlog)
{
	return 1 + (size_t)(backlog < 0 || backlog > BACKLOG_MAX ? BACKLOG_MAX : backlog);
}

static int listen_check(struct sim *sim, struct sim_socket *socket)
{
	struct sim_socket *other;

	if (socket->type != SOCK_STREAM)
		return -EOPNOTSUPP;
	if (socket->state != SIM_FRESH && socket->state != SIM_LISTENING)
		return -EINVAL;
	if (!socket->bound)
		return socket->domain == AF_UNIX ? -EINVAL : sim_name_any_port(sim, socket);
	if (socket->domain == AF_UNIX || socket->state == SIM_LISTENING)
		return 0;
	/* Two sockets may share an address by SO_REUSEADDR, but only one of them listens. */
	other = sim_name_find(sim, SOCK_STREAM, &socket->local, NULL);
	if (other && sim_address_equal(&other->local, &socket->local) &&
	    !(other->reuse_port && socket->reuse_port))
		return -EADDRINUSE;
	return 0;
}

int sim_listen(struct async_loop *loop, int fd, int backlog)
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *socket = sim_socket_at(sim, fd);
	int error;

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_listen(loop, fd, backlog) : -EBADF;
	error = listen_check(sim, socket);
	if (error)
		return error;
	socket->state = SIM_LISTENING;
	socket->backlog_limit = backlog_limit(backlog);
	return 0;
}

int sim_shutdown(struct async_loop *loop, int fd, int how)
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *socket = sim_socket_at(sim, fd);

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_shutdown(loop, fd, how) : -EBADF;
	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (socket->state == SIM_LISTENING && how != SHUT_WR) {
		sim_listen_end(sim, socket);
		sim_kick(sim, socket);
		return 0;
	}
	if (socket->state != SIM_CONNECTED)
		return -ENOTCONN;
	if (how != SHUT_WR)
		socket->read_shut = true;
	if (how != SHUT_RD && !socket->write_shut) {
		socket->write_shut = true;
		if (socket->out)
			sim_stream_shut_write(sim, socket);
	}
	sim_kick(sim, socket);
	if (socket->in && socket->in->writer)
		sim_kick(sim, socket->in->writer);
	return 0;
}

int sim_getname(struct async_loop *loop, int fd, bool peer, struct sockaddr *address,
		socklen_t *length)
{
	struct sim_socket *socket = sim_socket_at(sim_of(loop), fd);
	struct sim_address none = { 0 };

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_getname(loop, fd, peer, address, length) : -EBADF;
	if (peer &&
	    (socket->state != SIM_CONNECTED || (socket->broken && socket->domain != AF_UNIX)))
		return -ENOTCONN;
	none.family = (uint16_t)socket->domain;
	if (peer)
		sim_address_give(&socket->peer, address, length);
	else
		sim_address_give(socket->local.family ? &socket->local : &none, address, length);
	return 0;
}

int sim_shut(struct async_loop *loop, int fd)
{
	struct sim *sim = sim_of(loop);
	struct sim_socket *socket = sim_socket_at(sim, fd);

	if (!socket)
		return fd < SIM_FIRST_FD ? sim_real_shut(sim, fd) : -EBADF;
	for (int direction = 0; direction < DIRECTIONS; direction++) {
		struct operation *operation = socket->descriptor.waiting[direction];

		socket->descriptor.waiting[direction] = NULL;
		if (operation)
			operation_complete(loop, operation, -EBADF);
	}
	sim_socket_free(sim, socket);
	return 0;
}
