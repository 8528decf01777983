/* SPDX-License-Identifier: MIT */
/* Addresses, as the calls of this layer share them. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <await/address.h>

enum {
	HOST_BYTES = 256,    /* of a name with its zero: RFC 1035 allows 253, and a final dot */
	SERVICE_BYTES = 64,  /* of a port or a service's name */
	ADDRESS_BYTES = 160, /* of any address as text */
};

/* HOST:PORT taken apart; nothing is looked up. */
struct address_parts {
	const char *path; /* after unix:, or NULL */
	char host[HOST_BYTES], service[SERVICE_BYTES];
	bool bracketed; /* [host] */
};

/* 0; -EINVAL with a text. */
int address_split(const char *text, struct address_parts *parts);

/* Whether the port is a number, and which: 0; -EINVAL with a text when it is or must be one and is
 * none. */
bool address_port_is_number(const struct address_parts *parts);
int address_port(const char *text, const struct address_parts *parts, in_port_t *port);

/* Whether the host part can only be a number: in brackets, or its last label has only digits. */
bool address_host_is_number(const struct address_parts *parts);

/* A numeric host: 0; -EINVAL with a text. */
int address_number(const char *text, const struct address_parts *parts, in_port_t port,
		   struct sockaddr_storage *address, socklen_t *length);
int address_unix(const char *text, const char *path, struct sockaddr_storage *address,
		 socklen_t *length);

/* "unix:PATH" of a path, or of a text that says so already. 0; -EINVAL. */
int unix_text(const char *path, char *text, size_t size);

/*
 * What to listen on: the addresses that a text means, each once. An empty host is [::] and 0.0.0.0
 * (whoever binds both sets IPV6_V6ONLY on the first). Suspends for a name. Errors as await_resolve.
 */
int listen_addresses(const char *text, async_addresses *addresses);

#endif
