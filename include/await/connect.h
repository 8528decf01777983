/* SPDX-License-Identifier: MIT */
/* Connecting to a name that has several addresses. */
#ifndef AWAIT_CONNECT_H
#define AWAIT_CONNECT_H

#include <await/address.h>

ASYNC_BEGIN_DECLS

/* Zero-filled is the default. */
typedef struct async_connect_options {
	int family; /* AF_INET or AF_INET6: only those; 0: both */
	/* Where to connect from, as "10.0.0.1:0": each attempt binds to the one of its family. */
	const char *local;
	/* Addresses found before, borrowed for the call: nothing is looked up, and the text is for
	 * messages only (it may be NULL). */
	const async_addresses *addresses;
	/* Seconds after which the next address is tried although the last attempt has not ended; 0:
	 * 0.25, as RFC 8305 advises; INFINITY: one after the other, in their order. */
	double delay;
	/* Called with each socket before it connects, to set options on it: SO_MARK,
	 * SO_BINDTODEVICE, SO_KEEPALIVE. 0, or a negative errno, with which the attempt fails. */
	int (*prepare)(int fd, const struct sockaddr *address, void *arg);
	void *prepare_arg;
} async_connect_options;

/*
 * A connected TCP or unix stream socket (TCP_NODELAY), the caller's. Several addresses are raced
 * (happy eyeballs, RFC 8305): the families take turns, a failed attempt starts the next at once,
 * the first to connect wins, the others are cancelled and their sockets closed before this returns.
 * options may be NULL. When all fail: the first address's error, and a text that names each with
 * its error. Errors of await_resolve; -ECONNREFUSED, -ENETUNREACH, -ETIMEDOUT, ...
 */
ASYNC_API int await_connect_to(const char *address, const async_connect_options *options);

/* The same for the addresses in their order, one after the other. */
ASYNC_API int await_tcp_connect(const char *address);
ASYNC_API int await_unix_connect(const char *path);

ASYNC_END_DECLS

#endif
