/* SPDX-License-Identifier: MIT */
/* Datagram endpoints: which socket, bound and connected where, with what options. */
#include <errno.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <await/net.h>
#include <await/udp.h>
#include "core/loop.h"
#include "net/address.h"

static void set(int fd, int level, int name, int value)
{
	async_setsockopt(fd, level, name, &value, sizeof value);
}

/* What a kernel does not know is not told: the fields of the packets stay 0. A socket for IPv6 also
 * gets IPv4's packets, whose options are asked for apart. */
static void ask_for_info(int fd, int family)
{
	set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	set(fd, IPPROTO_IP, IP_RECVTTL, 1);
	set(fd, IPPROTO_IP, IP_RECVTOS, 1);
	if (family != AF_INET6)
		return;
	set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
}

/* A path that an earlier process left; anything else than a socket there is somebody's. */
static void remove_stale(const struct async_loop *loop, const struct sockaddr *address)
{
	const char *path = ((const struct sockaddr_un *)address)->sun_path;
	struct stat status;

	if (address->sa_family == AF_UNIX && *path && !loop->backend->virtual_clock &&
	    !stat(path, &status) && S_ISSOCK(status.st_mode))
		unlink(path);
}

static int prepare(int fd, const async_udp_options *options, int family, bool all)
{
	int error = 0, on = 1;

	if (options->reuse_port)
		error = async_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	if (!error && options->broadcast)
		error = async_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
	if (!error && family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !all);
	if (options->info && family != AF_UNIX)
		ask_for_info(fd, family);
	if (options->gro && family != AF_UNIX)
		set(fd, IPPROTO_UDP, UDP_GRO, 1);
	return error ? async_fail(error, "cannot set an option of a datagram socket") : 0;
}

static int await_pair(const async_udp_options *options, const async_address *local,
		      const async_address *remote)
{
	int family = (local ? local : remote)->address.ss_family, error;
	int fd = async_socket(family, SOCK_DGRAM, 0);

	if (fd < 0)
		return fd;
	error = prepare(fd, options, family, local && options->local[0] == ':');
	if (!error && local) {
		remove_stale(loop_current, (struct sockaddr *)&local->address);
		error = async_bind(fd, (struct sockaddr *)&local->address, local->length);
	}
	if (!error && remote && !options->broadcast) {
		error = await_connect(fd, (struct sockaddr *)&remote->address, remote->length);
		if (error && !async_cancelled())
			async_fail(error, "cannot talk to %.100s", options->remote);
	}
	if (!error)
		return fd;
	async_close(fd);
	return error;
}

/* Each local address with each remote one of its family, until one pair works. */
static int await_pairs(const async_udp_options *options, const async_addresses *locals,
		       const async_addresses *remotes)
{
	int fd = -EINVAL;
	bool tried = false;

	for (size_t i = 0; i < locals->count || (!i && !options->local); i++) {
		const async_address *local = options->local ? &locals->list[i] : NULL;

		for (size_t j = 0; j < remotes->count || (!j && !options->remote); j++) {
			const async_address *remote = options->remote ? &remotes->list[j] : NULL;

			if (local && remote &&
			    local->address.ss_family != remote->address.ss_family)
				continue;
			tried = true;
			fd = await_pair(options, local, remote);
			if (fd >= 0 || async_cancelled())
				return fd;
		}
	}
	return tried ? fd :
		       async_fail(
			       -EINVAL,
			       "await_udp_open: no address of %.80s is of the family of one of %.80s",
			       options->local, options->remote);
}

int await_udp_open(const async_udp_options *options)
{
	struct async_task *self = task_self("await_udp_open");
	async_resolve_options resolve = { .family = options->family };
	async_addresses locals = { NULL, 0 }, remotes = { NULL, 0 };
	int fd = self->cancel_error;

	if (fd)
		return fd;
	if (!options->local && !options->remote)
		return async_fail(-EINVAL,
				  "await_udp_open: give a local address, a remote one or both");
	if (options->remote)
		fd = await_resolve(options->remote, &resolve, &remotes);
	resolve.passive = 1;
	if (!fd && options->local)
		fd = await_resolve(options->local, &resolve, &locals);
	if (!fd)
		fd = await_pairs(options, &locals, &remotes);
	async_addresses_free(&locals);
	async_addresses_free(&remotes);
	return fd;
}

/* ---- Multicast ---- */

static int interface_index(const char *interface, unsigned *index)
{
	*index = interface ? if_nametoindex(interface) : 0;
	return interface && !*index ?
		       async_fail(-ENODEV, "there is no interface %.50s", interface) :
		       0;
}

static int membership(int fd, const char *group, const char *interface, int ipv4, int ipv6)
{
	struct ip_mreqn request4 = { 0 };
	struct ipv6_mreq request6;
	struct sockaddr_storage address;
	socklen_t length;
	unsigned index;
	int error = fd < 0 ? fd : async_address_parse(group, &address, &length);

	if (!error)
		error = interface_index(interface, &index);
	if (error)
		return error;
	if (address.ss_family == AF_INET) {
		request4.imr_multiaddr = ((struct sockaddr_in *)&address)->sin_addr;
		request4.imr_ifindex = (int)index;
		error = async_setsockopt(fd, IPPROTO_IP, ipv4, &request4, sizeof request4);
	} else if (address.ss_family == AF_INET6) {
		request6.ipv6mr_multiaddr = ((struct sockaddr_in6 *)&address)->sin6_addr;
		request6.ipv6mr_interface = index;
		error = async_setsockopt(fd, IPPROTO_IPV6, ipv6, &request6, sizeof request6);
	} else {
		error = -EINVAL;
	}
	return error ? async_fail(error, "multicast group %.80s", group) : 0;
}

int async_multicast_join(int fd, const char *group, const char *interface)
{
	return membership(fd, group, interface, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP);
}

int async_multicast_leave(int fd, const char *group, const char *interface)
{
	return membership(fd, group, interface, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP);
}

int async_multicast_send(int fd, int hops, bool loop, const char *interface)
{
	int domain = 0, on = loop, error;
	socklen_t length = sizeof domain;
	struct ip_mreqn request = { 0 };
	unsigned index;

	error = fd < 0 ? fd : interface_index(interface, &index);
	if (error)
		return error;
	error = async_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
	request.imr_ifindex = (int)index;
	if (!error && domain == AF_INET6) {
		error = async_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
		if (!error)
			error = async_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on,
						 sizeof on);
		if (!error && index)
			error = async_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index,
						 sizeof index);
	} else if (!error) {
		error = async_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
		if (!error)
			error = async_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on);
		if (!error && index)
			error = async_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request,
						 sizeof request);
	}
	return error ? async_fail(error, "async_multicast_send on descriptor %d, %d hops", fd,
				  hops) :
		       0;
}
