/* SPDX-License-Identifier: MIT */
/*
 * Through an HTTP proxy: CONNECT (RFC 9110, 9.3.6). The stream is a connection to the proxy, TLS or
 * not, and afterwards one to the target: the head of the answer is taken and not a byte more.
 */
#ifndef CLIENT_TUNNEL_H
#define CLIENT_TUNNEL_H

#include <await/client.h>
#include "http/head.h"

enum { TUNNEL_FIELDS = 128, TUNNEL_HEADS = 10 };

struct tunnel_request {
	const char *authority;	   /* of the target, with its port: "example.org:443" */
	const char *authorization; /* Proxy-Authorization; NULL: none */
	/* For the proxy alone. Host in place of the authority; none about a body. */
	const async_http_field *fields;
	size_t field_count;
	const struct http_limits *limits; /* at most TUNNEL_FIELDS fields; NULL: the defaults */
};

/* What the proxy answered: for 407, its challenges (HTTP_NAME_PROXY_AUTHENTICATE) in `block`. */
struct tunnel_answer {
	struct http_limits limits;
	struct http_head head; /* head.status 0: there was no answer */
	char *block;
	struct http_field fields[TUNNEL_FIELDS];
};

/*
 * 0 for 2xx: the stream is the target's. Else it is of no further use, and:
 *	-EACCES		407: the proxy wants a login, or another one
 *	-EREMOTEIO	any other status, which the text has
 *	-EPROTO		101, or more than TUNNEL_HEADS answers of 1xx before the final one
 *	-EBADMSG, -EMSGSIZE	no HTTP, or a head over its limits
 *	-ENODATA, -ECONNRESET	it hung up in the middle, or before it answered
 *	-EINVAL		an authority or a field that cannot be sent
 *	-ENOMEM
 * and the failures of the stream. *answer is filled in any case, and to be ended.
 */
int await_tunnel_open(async_stream *stream, const struct tunnel_request *request,
		      struct tunnel_answer *answer);
void tunnel_answer_end(struct tunnel_answer *answer);

#endif
