/* SPDX-License-Identifier: MIT */
/*
 * Addresses: as text, as the kernel's structs, and from names to addresses. An address as text is
 * HOST:PORT. HOST is a number ("127.0.0.1", "[::1]", "[fe80::1%eth0]"), a name, or nothing; PORT is
 * a number or a service's name ("http"). "unix:/run/x.sock" is a path, "unix:@x" an abstract name.
 */
#ifndef AWAIT_ADDRESS_H
#define AWAIT_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <await/base.h>

ASYNC_BEGIN_DECLS

/*
 * A numeric address: "127.0.0.1:80", "[::1]:80", ":80" (all interfaces; IPv6 and IPv4 where there
 * is IPv6), "unix:/run/x.sock", "unix:@abstract". For names use await_resolve. Returns 0 and fills
 * *address and *length; -EINVAL with a text that says what is wrong.
 */
ASYNC_API int async_address_parse(const char *text, struct sockaddr_storage *address,
				  socklen_t *length);
/* The same the other way; at most `size` bytes with the terminating zero, INET6_ADDRSTRLEN + 32 or
 * 128 are enough. */
ASYNC_API const char *async_address_format(const struct sockaddr *address, socklen_t length,
					   char *text, size_t size);

typedef struct async_address {
	struct sockaddr_storage address;
	socklen_t length;
} async_address;

/* Some addresses, in the order in which to try them. Zero-filled is empty. */
typedef struct async_addresses {
	async_address *list;
	size_t count;
} async_addresses;

/* Free the list and make it empty; NULL is allowed. */
ASYNC_API void async_addresses_free(async_addresses *addresses);
/* Append a copy, unless the same address is there already. -ENOMEM, -EINVAL for a length that no
 * address has. */
ASYNC_API int async_addresses_add(async_addresses *addresses, const struct sockaddr *address,
				  socklen_t length);

typedef struct async_resolve_options {
	int family;  /* AF_INET or AF_INET6: only those; 0: both */
	int passive; /* 1: no host means every interface, for listening; 0: this machine */
	int numeric; /* 1: a name is refused (-EINVAL) instead of looked up */
} async_resolve_options;

/*
 * From text to addresses, as getaddrinfo(3), without blocking the loop: A and AAAA records are
 * asked for at once, the answers come in the order of RFC 6724. Numeric addresses and unix paths
 * ask nobody. options may be NULL. On success the list is the caller's (async_addresses_free); on
 * failure it is empty.
 *
 * Names need the library await-names, which `pkg-config await` and CMake's await::await bring;
 * await/names.h has its settings. Without it: -ENOTSUP. Other failures, each with a text:
 * -EINVAL no address, no host name or no such service; -ENXIO no such name (NXDOMAIN); -ENODATA the
 * name has no address of that family; -ETIMEDOUT no server answered in time; -ECONNREFUSED no
 * server is there; -EREMOTEIO servers answered that they cannot; -EBADMSG an answer makes no sense;
 * -ENOMEM; -EMFILE.
 */
ASYNC_API int await_resolve(const char *text, const async_resolve_options *options,
			    async_addresses *addresses);

/* Private: how the library await-names offers its services to the core, which has taken the text
 * apart and found a name in it. */
typedef int async_resolver_fn_(const char *text, const char *host, const char *service,
			       const async_resolve_options *options, async_addresses *addresses);
ASYNC_API void async_resolver_use_(async_resolver_fn_ *await_resolver);

ASYNC_END_DECLS

#endif
