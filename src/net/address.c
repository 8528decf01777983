/* SPDX-License-Identifier: MIT */
/* Addresses as text. Nobody is asked here: names and services are looked up in resolve.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/address.h"

int address_unix(const char *text, const char *path, struct sockaddr_storage *address,
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

/* The part before the last colon, without brackets. */
static int split_host(const char *text, size_t size, struct address_parts *parts)
{
	if (size >= sizeof parts->host)
		return async_fail(-EINVAL,
				  "address \"%.80s...\": a host name has at most 253 bytes", text);
	memcpy(parts->host, text, size);
	parts->host[size] = '\0';
	parts->bracketed = *text == '[';
	if (!parts->bracketed)
		return strchr(parts->host, ':') ?
			       async_fail(-EINVAL,
					  "address \"%s\": an IPv6 address goes in brackets",
					  text) :
			       0;
	if (parts->host[size - 1] != ']')
		return async_fail(-EINVAL, "address \"%s\": a closing bracket is missing", text);
	parts->host[size - 1] = '\0';
	memmove(parts->host, parts->host + 1, size - 1);
	return 0;
}

int address_split(const char *text, struct address_parts *parts)
{
	const char *colon;

	if (!text)
		return async_fail(-EINVAL, "the address is NULL");
	parts->path = strncmp(text, "unix:", 5) ? NULL : text + 5;
	if (parts->path)
		return 0;
	colon = strrchr(text, ':');
	if (!colon)
		return async_fail(
			-EINVAL,
			"address \"%.100s\": write HOST:PORT, :PORT, [IPv6]:PORT or unix:PATH",
			text);
	if (!colon[1] || strlen(colon + 1) >= sizeof parts->service)
		return async_fail(
			-EINVAL,
			"address \"%.100s\": a port number from 0 to 65535 must follow the colon",
			text);
	strcpy(parts->service, colon + 1);
	return split_host(text, (size_t)(colon - text), parts);
}

bool address_port_is_number(const struct address_parts *parts)
{
	return *parts->service >= '0' && *parts->service <= '9';
}

int address_port(const char *text, const struct address_parts *parts, in_port_t *port)
{
	char *end;
	unsigned long number;

	if (!address_port_is_number(parts))
		return async_fail(
			-EINVAL,
			"address \"%.100s\": a port number from 0 to 65535 must follow the colon",
			text);
	number = strtoul(parts->service, &end, 10);
	if (*end || number > 65535)
		return async_fail(-EINVAL,
				  "address \"%.100s\": \"%s\" is no port number from 0 to 65535",
				  text, parts->service);
	*port = htons((in_port_t)number);
	return 0;
}

bool address_host_is_number(const struct address_parts *parts)
{
	const char *dot = strrchr(parts->host, '.'), *label = dot ? dot + 1 : parts->host;

	return parts->bracketed || (*label && strspn(label, "0123456789") == strlen(label));
}

/* An interface by name or number, as RFC 4007 writes it after a percent sign. */
static bool parse_scope(const char *scope, uint32_t *id)
{
	char *end;

	*id = if_nametoindex(scope);
	if (*id)
		return true;
	*id = (uint32_t)strtoul(scope, &end, 10);
	return *scope >= '0' && *scope <= '9' && !*end;
}

static bool parse_ipv6(const char *host, struct sockaddr_in6 *in6)
{
	char number[INET6_ADDRSTRLEN];
	size_t size = strcspn(host, "%");

	if (size >= sizeof number)
		return false;
	memcpy(number, host, size);
	number[size] = '\0';
	if (host[size] && !parse_scope(host + size + 1, &in6->sin6_scope_id))
		return false;
	return inet_pton(AF_INET6, number, &in6->sin6_addr) == 1;
}

int address_number(const char *text, const struct address_parts *parts, in_port_t port,
		   struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *in = (struct sockaddr_in *)address;

	if (parts->bracketed || !*parts->host) {
		memset(in6, 0, sizeof *in6);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = port;
		*length = sizeof *in6;
		if (*parts->host || parts->bracketed ? !parse_ipv6(parts->host, in6) : 0)
			return async_fail(-EINVAL,
					  "address \"%.100s\": \"%.100s\" is no IPv6 address", text,
					  parts->host);
		return 0;
	}
	memset(in, 0, sizeof *in);
	in->sin_family = AF_INET;
	in->sin_port = port;
	*length = sizeof *in;
	if (inet_pton(AF_INET, parts->host, &in->sin_addr) != 1)
		return async_fail(
			-EINVAL,
			"address \"%.80s\": \"%.80s\" is no numeric address (names need await_resolve)",
			text, parts->host);
	return 0;
}

int async_address_parse(const char *text, struct sockaddr_storage *address, socklen_t *length)
{
	struct address_parts parts;
	in_port_t port;
	int error = address_split(text, &parts);

	if (error)
		return error;
	if (parts.path)
		return address_unix(text, parts.path, address, length);
	error = address_port(text, &parts, &port);
	return error ? error : address_number(text, &parts, port, address, length);
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

/* The interface of a link-local address by its number, which needs no system call. */
static void format_scope(const struct sockaddr_in6 *in6, char *host, size_t size)
{
	size_t used = strlen(host);

	if (in6->sin6_scope_id)
		snprintf(host + used, size - used, "%%%u", in6->sin6_scope_id);
}

const char *async_address_format(const struct sockaddr *address, socklen_t length, char *text,
				 size_t size)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	char host[INET6_ADDRSTRLEN + 12] = "?";

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
			format_scope(in6, host, sizeof host);
			snprintf(text, size, "[%s]:%u", host, ntohs(in6->sin6_port));
		}
		return text;
	default:
		snprintf(text, size, "?");
		return text;
	}
}
