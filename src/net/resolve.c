/* SPDX-License-Identifier: MIT */
/*
 * From text to addresses. Numbers and paths are done here; a name goes to the resolver, which is
 * another library, so that the core depends on none: a constructor there sets the pointer below.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/loop.h"
#include "net/address.h"

static async_resolver_fn_ *await_resolver; /* NULL: the program links the core alone */

void async_resolver_use_(async_resolver_fn_ *resolver)
{
	await_resolver = resolver;
}

void async_addresses_free(async_addresses *addresses)
{
	if (!addresses)
		return;
	free(addresses->list);
	*addresses = (async_addresses){ NULL, 0 };
}

int async_addresses_add(async_addresses *addresses, const struct sockaddr *address,
			socklen_t length)
{
	async_address *grown;

	if (length < sizeof(sa_family_t) || length > sizeof(struct sockaddr_storage))
		return async_fail(-EINVAL, "no address has %u bytes", (unsigned)length);
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->list[i].length == length &&
		    !memcmp(&addresses->list[i].address, address, length))
			return 0;
	/* A handful at most: growing one by one costs nothing that matters. */
	grown = realloc(addresses->list, (addresses->count + 1) * sizeof *grown);
	if (!grown)
		return async_fail(-ENOMEM, "no memory for %zu addresses", addresses->count + 1);
	addresses->list = grown;
	grown += addresses->count++;
	memset(grown, 0, sizeof *grown);
	memcpy(&grown->address, address, length);
	grown->length = length;
	return 0;
}

static int add_ipv4(async_addresses *addresses, in_addr_t host, in_port_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port };

	in.sin_addr.s_addr = host;
	return async_addresses_add(addresses, (struct sockaddr *)&in, sizeof in);
}

static int add_ipv6(async_addresses *addresses, const struct in6_addr *host, in_port_t port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = port };

	in6.sin6_addr = *host;
	return async_addresses_add(addresses, (struct sockaddr *)&in6, sizeof in6);
}

/* No host: every interface of this machine, or its loopback. */
static int resolve_empty(const async_resolve_options *options, in_port_t port,
			 async_addresses *addresses)
{
	bool passive = options->passive;
	int error = 0;

	if (options->family != AF_INET)
		error = add_ipv6(addresses, passive ? &in6addr_any : &in6addr_loopback, port);
	if (!error && options->family != AF_INET6)
		error = add_ipv4(addresses, htonl(passive ? INADDR_ANY : INADDR_LOOPBACK), port);
	return error;
}

static int wrong_family(const char *text, const async_resolve_options *options)
{
	return async_fail(-EINVAL, "address \"%.100s\" is no %s address (option family)", text,
			  options->family == AF_INET ? "IPv4" : "IPv6");
}

static int resolve_number(const char *text, const struct address_parts *parts, in_port_t port,
			  const async_resolve_options *options, async_addresses *addresses)
{
	struct sockaddr_storage address;
	socklen_t length;
	int error;

	if (!*parts->host && !parts->bracketed)
		return resolve_empty(options, port, addresses);
	error = address_number(text, parts, port, &address, &length);
	if (error)
		return error;
	if (options->family && options->family != address.ss_family)
		return wrong_family(text, options);
	return async_addresses_add(addresses, (struct sockaddr *)&address, length);
}

static int resolve_unix(const char *text, const char *path, const async_resolve_options *options,
			async_addresses *addresses)
{
	struct sockaddr_storage address;
	socklen_t length;
	int error = address_unix(text, path, &address, &length);

	if (error)
		return error;
	if (options->family)
		return wrong_family(text, options);
	return async_addresses_add(addresses, (struct sockaddr *)&address, length);
}

/* A name, or a service's name. The text of a failure is the resolver's. */
static int resolve_name(const char *text, const struct address_parts *parts,
			const async_resolve_options *options, async_addresses *addresses)
{
	if (options->numeric)
		return async_fail(-EINVAL,
				  "address \"%.100s\" is a name, and option numeric forbids those",
				  text);
	if (!await_resolver)
		return async_fail(
			-ENOTSUP,
			"address \"%.80s\": names need the names library: link await, not await-core",
			text);
	return await_resolver(text, parts->host, parts->service, options, addresses);
}

static int resolve_text(const char *text, const async_resolve_options *options,
			async_addresses *addresses)
{
	struct address_parts parts;
	in_port_t port;
	int error = address_split(text, &parts);

	if (error)
		return error;
	if (parts.path)
		return resolve_unix(text, parts.path, options, addresses);
	if (address_port_is_number(&parts)) {
		error = address_port(text, &parts, &port);
		if (error)
			return error;
		if (!*parts.host || address_host_is_number(&parts))
			return resolve_number(text, &parts, port, options, addresses);
	}
	return resolve_name(text, &parts, options, addresses);
}

int await_resolve(const char *text, const async_resolve_options *options,
		  async_addresses *addresses)
{
	static const async_resolve_options defaults;
	struct async_task *self = task_self("await_resolve");
	int error = self->cancel_error;

	*addresses = (async_addresses){ NULL, 0 };
	if (!options)
		options = &defaults;
	if (!error && options->family && options->family != AF_INET && options->family != AF_INET6)
		error = async_fail(
			-EINVAL,
			"await_resolve: option family is %d: it must be 0, AF_INET or AF_INET6",
			options->family);
	if (!error)
		error = resolve_text(text, options, addresses);
	if (error)
		async_addresses_free(addresses);
	return error;
}

int listen_addresses(const char *text, async_addresses *addresses)
{
	static const async_resolve_options passive = { .passive = 1 };

	return await_resolve(text, &passive, addresses);
}
