/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the simulated network, and who is bound to which. Every IP address exists and is
 * this machine; what nobody is bound to answers that the port is closed. Unix names, paths as well
 * as abstract ones, live in a table of the simulation and go with the socket: no file appears.
 */
#include <errno.h>
#include <string.h>
#include "backend/sim.h"

enum {
	EPHEMERAL_FIRST = 32768, /* as net.ipv4.ip_local_port_range is by default */
	EPHEMERAL_COUNT = 28232,
};

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
static const uint8_t nothing[16];

bool sim_address_is_mapped(const struct sim_address *address)
{
	return !memcmp(address->host, mapped_prefix, sizeof mapped_prefix);
}

static bool is_any4(const struct sim_address *address)
{
	return sim_address_is_mapped(address) && !memcmp(address->host + 12, nothing, 4);
}

static bool is_any6(const struct sim_address *address)
{
	return !memcmp(address->host, nothing, 16);
}

static int take_unix(const struct sockaddr_un *un, socklen_t length, struct sim_address *address)
{
	size_t bytes = length - offsetof(struct sockaddr_un, sun_path);

	if (length > sizeof *un)
		return -EINVAL;
	if (bytes && un->sun_path[0])
		bytes = strnlen(un->sun_path, bytes);
	address->length = (uint8_t)bytes;
	memcpy(address->name, un->sun_path, bytes);
	return 0;
}

int sim_address_take(const struct sockaddr *from, socklen_t length, int domain,
		     struct sim_address *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	memset(address, 0, sizeof *address);
	if (!from || length < sizeof(sa_family_t))
		return -EINVAL;
	if (from->sa_family != domain)
		return domain == AF_UNIX ? -EINVAL : -EAFNOSUPPORT;
	address->family = (uint16_t)domain;
	if (domain == AF_UNIX)
		return take_unix((const struct sockaddr_un *)from, length, address);
	if (length < (domain == AF_INET ? sizeof *in : sizeof *in6))
		return -EINVAL;
	address->port = ntohs(domain == AF_INET ? in->sin_port : in6->sin6_port);
	if (domain == AF_INET) {
		memcpy(address->host, mapped_prefix, sizeof mapped_prefix);
		memcpy(address->host + 12, &in->sin_addr, 4);
	} else {
		memcpy(address->host, &in6->sin6_addr, 16);
	}
	return 0;
}

void sim_address_give(const struct sim_address *address, struct sockaddr *to, socklen_t *length)
{
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} full = { 0 };
	socklen_t bytes = sizeof full.in;

	if (address->family == AF_UNIX) {
		full.un.sun_family = AF_UNIX;
		memcpy(full.un.sun_path, address->name, address->length);
		bytes = (socklen_t)offsetof(struct sockaddr_un, sun_path) + address->length;
		if (address->length && address->name[0] &&
		    address->length < sizeof full.un.sun_path)
			bytes++;
	} else if (address->family == AF_INET6) {
		full.in6.sin6_family = AF_INET6;
		full.in6.sin6_port = htons(address->port);
		memcpy(&full.in6.sin6_addr, address->host, 16);
		bytes = sizeof full.in6;
	} else {
		full.in.sin_family = AF_INET;
		full.in.sin_port = htons(address->port);
		memcpy(&full.in.sin_addr, address->host + 12, 4);
	}
	memcpy(to, &full, bytes < *length ? bytes : *length);
	*length = bytes;
}

bool sim_address_equal(const struct sim_address *a, const struct sim_address *b)
{
	if ((a->family == AF_UNIX) != (b->family == AF_UNIX))
		return false;
	if (a->family == AF_UNIX)
		return a->length == b->length && !memcmp(a->name, b->name, a->length);
	return a->port == b->port && !memcmp(a->host, b->host, sizeof a->host);
}

void sim_address_settle(struct sim_address *address)
{
	if (is_any4(address))
		memcpy(address->host + 12, (const uint8_t[]){ 127, 0, 0, 1 }, 4);
	else if (is_any6(address))
		address->host[15] = 1;
}

static struct async_waiters_ *bucket(struct sim *sim, const struct sim_address *address)
{
	uint32_t hash = 2166136261;

	if (address->family != AF_UNIX)
		return &sim->names[address->port % SIM_BUCKETS];
	for (size_t i = 0; i < address->length; i++)
		hash = (hash ^ (uint8_t)address->name[i]) * 16777619;
	return &sim->names[hash % SIM_BUCKETS];
}

/* How well a socket bound to an address serves one: 0 not at all, 3 that very address. */
static int fit(const struct sim_socket *socket, const struct sim_address *to)
{
	const struct sim_address *own = &socket->local;

	if (own->port != to->port)
		return 0;
	if (!memcmp(own->host, to->host, sizeof own->host))
		return 3;
	if (is_any4(own))
		return sim_address_is_mapped(to) ? 2 : 0;
	if (is_any6(own))
		return sim_address_is_mapped(to) && socket->v6only ? 0 : 1;
	return 0;
}

static bool may_share(const struct sim_socket *a, const struct sim_socket *b)
{
	if (a->reuse_port && b->reuse_port)
		return true;
	return a->reuse_address && b->reuse_address && b->state != SIM_LISTENING;
}

static bool is_taken(struct sim *sim, const struct sim_socket *socket)
{
	struct async_waiters_ *names = bucket(sim, &socket->local);

	list_for_each (names, link, following) {
		const struct sim_socket *other = container_of(link, struct sim_socket, in_names);

		if (socket->domain == AF_UNIX) {
			if (sim_address_equal(&other->local, &socket->local))
				return true;
		} else if (other->type == socket->type && other->domain != AF_UNIX &&
			   (fit(other, &socket->local) || fit(socket, &other->local)) &&
			   !may_share(socket, other)) {
			return true;
		}
	}
	return false;
}

static int enter(struct sim *sim, struct sim_socket *socket)
{
	socket->bound = true;
	list_append(bucket(sim, &socket->local), &socket->in_names);
	return 0;
}

/* Bound to no name, a unix socket gets an abstract one, as the kernel does it: five digits. */
static void any_name(struct sim *sim, struct sim_address *address)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t number = sim->next_name++;

	address->length = 6;
	address->name[0] = '\0';
	for (int i = 5; i > 0; i--, number /= 16)
		address->name[i] = digits[number % 16];
}

int sim_name_any_port(struct sim *sim, struct sim_socket *socket)
{
	bool reuse_address = socket->reuse_address, reuse_port = socket->reuse_port, taken = true;

	if (!socket->local.family) {
		socket->local.family = (uint16_t)socket->domain;
		if (socket->domain == AF_INET)
			memcpy(socket->local.host, mapped_prefix, sizeof mapped_prefix);
	}
	socket->reuse_address = socket->reuse_port = false;
	for (int tries = 0; taken && tries < EPHEMERAL_COUNT; tries++) {
		socket->local.port =
			(uint16_t)(EPHEMERAL_FIRST + sim->next_port++ % EPHEMERAL_COUNT);
		taken = is_taken(sim, socket);
	}
	socket->reuse_address = reuse_address;
	socket->reuse_port = reuse_port;
	if (!taken)
		return enter(sim, socket);
	socket->local.port = 0;
	return -EADDRINUSE;
}

int sim_name_bind(struct sim *sim, struct sim_socket *socket, const struct sim_address *address)
{
	struct sim_address before = socket->local;

	if (socket->bound)
		return -EINVAL;
	if (socket->v6only && sim_address_is_mapped(address))
		return -EINVAL;
	socket->local = *address;
	if (socket->domain == AF_UNIX && !address->length)
		do
			any_name(sim, &socket->local);
		while (is_taken(sim, socket));
	if (socket->domain != AF_UNIX && !address->port)
		return sim_name_any_port(sim, socket);
	if (!is_taken(sim, socket))
		return enter(sim, socket);
	socket->local = before;
	return -EADDRINUSE;
}

void sim_name_drop(struct sim *sim, struct sim_socket *socket)
{
	if (socket->bound)
		list_remove(bucket(sim, &socket->local), &socket->in_names);
	socket->bound = false;
}

/*
 * A client's own address does not enter the table: nobody can connect to it. When the ports of
 * 127.0.0.1 are used up the next address has as many, so that a hundred thousand connections all
 * differ.
 */
void sim_name_source(struct sim *sim, struct sim_socket *socket, const struct sim_address *peer)
{
	struct sim_address *local = &socket->local;
	bool vague = !local->family || is_any4(local) || is_any6(local);

	if (vague)
		memcpy(local->host, peer->host, sizeof local->host);
	local->family = (uint16_t)socket->domain;
	if (local->port)
		return;
	local->port = (uint16_t)(EPHEMERAL_FIRST + sim->next_port % EPHEMERAL_COUNT);
	if (vague && sim_address_is_mapped(peer) && peer->host[12] == 127) {
		uint64_t round = sim->next_port / EPHEMERAL_COUNT;

		local->host[14] = (uint8_t)(round / 254);
		local->host[15] = (uint8_t)(round % 254 + 1);
	}
	sim->next_port++;
}

/* A connected receiver takes only what comes from its peer, and is then preferred. */
static int fit_from(const struct sim_socket *socket, const struct sim_address *to,
		    const struct sim_address *from)
{
	int value = fit(socket, to);

	if (!value || socket->type == SOCK_STREAM)
		return socket->state == SIM_LISTENING ? value : 0;
	if (socket->state != SIM_CONNECTED)
		return value;
	return from && sim_address_equal(&socket->peer, from) ? value + 4 : 0;
}

struct sim_socket *sim_name_find(struct sim *sim, int type, const struct sim_address *to,
				 const struct sim_address *from)
{
	struct async_waiters_ *names = bucket(sim, to);
	struct sim_socket *best = NULL;
	int best_fit = 0;
	uint64_t equals = 0;

	list_for_each (names, link, following) {
		struct sim_socket *socket = container_of(link, struct sim_socket, in_names);
		int value;

		if ((socket->domain == AF_UNIX) != (to->family == AF_UNIX))
			continue;
		if (to->family == AF_UNIX) {
			if (sim_address_equal(&socket->local, to))
				return socket;
			continue;
		}
		value = socket->type == type ? fit_from(socket, to, from) : 0;
		if (!value || value < best_fit)
			continue;
		/* Several share the port (SO_REUSEPORT): one of them is drawn, each with the same
		 * chance. */
		equals = value == best_fit ? equals + 1 : 1;
		if (equals == 1 || !sim_below(sim, equals))
			best = socket;
		best_fit = value;
	}
	return best;
}
