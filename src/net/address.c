/* SPDX-License-Identifier: MIT */
/* Addresses as text. Numeric ones only: names need a resolver, and the core asks nobody. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/net.h>
#include "base/base.h"

static int parse_unix(const char *text, const char *path, struct sockaddr_storage *address,
		      socklen_t *length)
{
	struct sockaddr_un *un = (struct sockaddr_un *)address;
	size_t size = strlen(path);

	if (!size)
		return async_fail(-EINVAL, "address \"%s\": a path must follow unix:", text);
	if (size >= sizeof un->sun_path)
		return async_fail(
			-EINVAL,
			"address \"%.80s...\": a unix path holds at most %zu bytes, this one has %zu",
			text, sizeof un->sun_path - 1, size);
	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, size);
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
	if (*path == '@') {
		un->sun_path[0] = '\0';
		--*length; /* an abstract name counts every byte: no final zero */
	}
	return 0;
}

static int parse_port(const char *text, const char *digits, in_port_t *port)
{
	char *end;
	unsigned long number;

	if (*digits < '0' || *digits > '9')
		return async_fail(
			-EINVAL,
			"address \"%s\": a port number from 0 to 65535 must follow the colon",
			text);
	number = strtoul(digits, &end, 10);
	if (*end || number > 65535)
		return async_fail(-EINVAL,
				  "address \"%s\": \"%s\" is no port number from 0 to 65535", text,
				  digits);
	*port = htons((in_port_t)number);
	return 0;
}

static int parse_ipv6(const char *text, const char *host, in_port_t port,
		      struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	memset(in6, 0, sizeof *in6);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = port;
	*length = sizeof *in6;
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return async_fail(-EINVAL, "address \"%s\": \"%s\" is no IPv6 address", text, host);
	return 0;
}

static int parse_ipv4(const char *text, const char *host, in_port_t port,
		      struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;

	memset(in, 0, sizeof *in);
	in->sin_family = AF_INET;
	in->sin_port = port;
	*length = sizeof *in;
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return async_fail(
			-EINVAL,
			"address \"%s\": \"%s\" is no numeric address (names need await_resolve)",
			text, host);
	return 0;
}

int async_address_parse(const char *text, struct sockaddr_storage *address, socklen_t *length)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *colon;
	in_port_t port = 0;
	size_t size;
	int error;

	if (!text)
		return async_fail(-EINVAL, "the address is NULL");
	if (!strncmp(text, "unix:", 5))
		return parse_unix(text, text + 5, address, length);
	colon = strrchr(text, ':');
	if (!colon)
		return async_fail(
			-EINVAL, "address \"%s\": write HOST:PORT, :PORT, [IPv6]:PORT or unix:PATH",
			text);
	error = parse_port(text, colon + 1, &port);
	if (error)
		return error;
	size = (size_t)(colon - text);
	if (size >= sizeof host)
		return async_fail(
			-EINVAL, "address \"%.80s\": the host part is too long for a number", text);
	memcpy(host, text, size);
	host[size] = '\0';
	if (!size)
		return parse_ipv6(text, "::", port, address, length);
	if (*host == '[') {
		if (host[size - 1] != ']')
			return async_fail(-EINVAL, "address \"%s\": a closing bracket is missing",
					  text);
		host[size - 1] = '\0';
		return parse_ipv6(text, host + 1, port, address, length);
	}
	if (strchr(host, ':'))
		return async_fail(-EINVAL, "address \"%s\": an IPv6 address goes in brackets",
				  text);
	return parse_ipv4(text, host, port, address, length);
}

static const char *format_unix(const struct sockaddr_un *un, socklen_t length, char *text,
			       size_t size)
{
	size_t bytes = length > offsetof(struct sockaddr_un, sun_path) ?
			       length - offsetof(struct sockaddr_un, sun_path) :
			       0;

	if (!bytes)
		snprintf(text, size, "unix:");
	else if (!un->sun_path[0])
		snprintf(text, size, "unix:@%.*s", (int)(bytes - 1), un->sun_path + 1);
	else
		snprintf(text, size, "unix:%.*s", (int)strnlen(un->sun_path, bytes), un->sun_path);
	return text;
}

const char *async_address_format(const struct sockaddr *address, socklen_t length, char *text,
				 size_t size)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	char host[INET6_ADDRSTRLEN] = "?";

	switch (address->sa_family) {
	case AF_UNIX:
		return format_unix((const struct sockaddr_un *)address, length, text, size);
	case AF_INET:
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		snprintf(text, size, "%s:%u", host, ntohs(in->sin_port));
		return text;
	case AF_INET6:
		/* An IPv4 peer of a socket for both families is shown as what it is. */
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof host);
			snprintf(text, size, "%s:%u", host, ntohs(in6->sin6_port));
		} else {
			inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
			snprintf(text, size, "[%s]:%u", host, ntohs(in6->sin6_port));
		}
		return text;
	default:
		snprintf(text, size, "?");
		return text;
	}
}
