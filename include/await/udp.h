/* SPDX-License-Identifier: MIT */
/*
 * Datagrams: endpoints of UDP and of unix datagram sockets, and packets by the batch with what the
 * kernel knows of each. A descriptor of await_udp_open is a plain socket: await_recvfrom,
 * await_sendto, await_send and async_close work on it. Sending waits for room in the socket; an
 * empty datagram is a datagram. What a network tells of an earlier datagram (ICMP: -ECONNREFUSED,
 * -EHOSTUNREACH, ...) is one call's failure and not the end: the next call goes on.
 */
#ifndef AWAIT_UDP_H
#define AWAIT_UDP_H

#include <await/address.h>

ASYNC_BEGIN_DECLS

/* Zero-filled is the default. */
typedef struct async_udp_options {
	/* Where to receive, as ":5000", "localhost:5000", "unix:/run/x": NULL: the kernel chooses.
	 * A socket left at a unix path by an earlier process is removed. */
	const char *local;
	/* Whom to talk with; NULL: anyone, each packet says who. With it, packets of others do not
	 * arrive, and ICMP errors do. With option broadcast the socket is not connected: answers
	 * come from other addresses than the one that was asked. */
	const char *remote;
	int family;	/* AF_INET or AF_INET6: only those addresses; 0: both */
	int reuse_port; /* 1: several sockets share the port (SO_REUSEPORT), packets are spread */
	int broadcast;	/* 1: may send to broadcast addresses */
	int info;	/* 1: await_recvmmsg tells destination, ttl, tos and drops */
	int gro;	/* 1: equal packets of one sender may come joined (UDP_GRO), see segment */
} async_udp_options;

/*
 * A datagram socket, the caller's (async_close). Pairs of local and remote addresses are tried
 * until one works. -EINVAL without either, or when one is a path and the other is not; errors of
 * await_resolve; -EADDRINUSE, -EACCES, -EMFILE, ...
 */
ASYNC_API int await_udp_open(const async_udp_options *options);

/* Multicast (RFC 1112, RFC 3493 5.2). group: a numeric address, "239.1.2.3:0" or "[ff02::5]:0";
 * interface: its name, or NULL: the system's choice. -EINVAL for what is no group, -ENODEV for an
 * interface that is none, -EADDRINUSE when joined already, -EADDRNOTAVAIL when not. */
ASYNC_API int async_multicast_join(int fd, const char *group, const char *interface);
ASYNC_API int async_multicast_leave(int fd, const char *group, const char *interface);
/* Where sent multicast goes: how many hops (1 by default), whether this machine gets it too, and
 * the interface (NULL: leave it as it is). */
ASYNC_API int async_multicast_send(int fd, int hops, bool loop, const char *interface);

/*
 * One datagram of a batch. Receiving fills in everything from `size` on; data and room are the
 * caller's. Sending reads data, size, address, length (0: the connected peer), segment, and where
 * they are not 0 ttl, tos and the family of `own`, which is then sent from.
 */
typedef struct async_packet {
	void *data;
	size_t room; /* bytes at data, for receiving */
	size_t size;
	struct sockaddr_storage address; /* the other side */
	socklen_t length;
	struct sockaddr_storage own; /* the address it came to, without port; AF_UNSPEC: unknown */
	unsigned interface;	     /* and the interface's number, or 0 */
	int ttl, tos;		     /* hop limit and traffic class; 0: unknown */
	/* Several datagrams of this size in one (the last may be shorter): as received with option
	 * gro, or to be sent. 0: just one. Where the kernel cannot (UDP_SEGMENT), each is sent. */
	uint16_t segment;
	uint32_t drops; /* datagrams this socket lost for want of room since it was opened */
	bool truncated; /* it was longer than room */
} async_packet;

/* Wait for a datagram and take what else is there: how many came, 1 to count. One system call for
 * each 16. A cancelled call took none. */
ASYNC_API ssize_t await_recvmmsg(int fd, async_packet *packets, size_t count);

/*
 * Send datagrams in their order, waiting for room as often as it takes: how many were sent. Less
 * than count when one failed or the task was cancelled after some were sent: the next call then
 * tells why. -EISCONN: an address other than the peer's on a connected socket; -EMSGSIZE: too long.
 */
ASYNC_API ssize_t await_sendmmsg(int fd, const async_packet *packets, size_t count);

ASYNC_END_DECLS

#endif
