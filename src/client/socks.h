/* SPDX-License-Identifier: MIT */
/*
 * Through a SOCKS proxy: version 5 (RFC 1928, with user and password by RFC 1929), or 4 and 4A. The
 * stream is a connection to the proxy, and afterwards one to the target: not a byte of what the
 * target sends is taken. After a failure or a cancel it is of no further use.
 */
#ifndef CLIENT_SOCKS_H
#define CLIENT_SOCKS_H

#include <stdint.h>
#include <await/stream.h>

enum { SOCKS_TEXT_BYTES = 255 }; /* what a length of one byte can say */

struct socks_target {
	/* "192.0.2.1" or "2001:db8::1", without brackets, goes as an address; anything else as a
	 * name, which the proxy resolves. Who wants to resolve by himself gives the address. */
	const char *host;
	uint16_t port;
	const char *user, *password; /* NULL: none; version 4 knows the user only */
	bool version_4;
};

/*
 * 0, or:
 *	-EINVAL, -ENAMETOOLONG	an empty host or user; one of more than SOCKS_TEXT_BYTES
 *	-EPROTO		no SOCKS proxy of that version, or it breaks the protocol
 *	-EACCES		it wants a login, another way to log in, or refuses this one
 *	-EPERM		its rules do not allow that target
 *	-ENETUNREACH, -EHOSTUNREACH, -ECONNREFUSED	as it tells of the target
 *	-ETIME		the time to live has expired on the way to the target
 *	-EOPNOTSUPP, -EAFNOSUPPORT	it does not connect, or not to such an address
 *	-EREMOTEIO	it failed, and does not say of what
 *	-ENODATA	it hung up in the middle
 * and the failures of the stream.
 */
int await_socks_connect(async_stream *stream, const struct socks_target *target);

#endif
