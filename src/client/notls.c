/* SPDX-License-Identifier: MIT */
/* Built without OpenSSL: https is refused with a reason, and clients of http link all the same. */
#include <errno.h>
#include <await/tls.h>

int await_stream_start_tls(async_stream *stream, async_tls *tls, const char *host)
{
	(void)stream;
	(void)tls;
	return async_fail(-EOPNOTSUPP, "TLS to %s: libawait was built without OpenSSL",
			  host ? host : "a client");
}
