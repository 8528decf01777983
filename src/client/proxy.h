/* SPDX-License-Identifier: MIT */
/* Which proxy a request goes through, and how. */
#ifndef CLIENT_PROXY_H
#define CLIENT_PROXY_H

#include <await/stream.h>
#include <await/url.h>

struct async_session;
struct async_outgoing;

enum proxy_kind {
	PROXY_HTTP,    /* asked for http URLs as a server would be; a tunnel for others */
	PROXY_HTTPS,   /* the same over TLS */
	PROXY_SOCKS5,  /* names are resolved here, */
	PROXY_SOCKS5H, /* or there */
	PROXY_SOCKS4,  /* the same; no passwords, no IPv6 */
	PROXY_SOCKS4A,
};

/* Kept by the session as long as itself: its address is a part of what tells connections apart. */
struct client_proxy {
	struct client_proxy *next;
	enum proxy_kind kind;
	async_url url;	       /* of scheme http or https, without credentials */
	char *authorization;   /* "Basic ...", or NULL */
	char *user, *password; /* for SOCKS, or NULL */
	char text[];	       /* as it was given */
};

/* From "http://me:secret@proxy.test:3128", https:, socks5:, socks5h:, socks4:, socks4a:; without a
 * scheme it is http. `from` is who said so, for errors. NULL: -EINVAL, -EPROTONOSUPPORT, -ENOMEM. */
struct client_proxy *client_proxy_find(struct async_session *session, const char *text,
				       const char *from);
void client_proxies_free(struct async_session *session);

/* Decide: request->proxy is set, NULL for none. 0 or an error. */
int await_client_proxy(struct async_outgoing *request);
/* Whether the request is put to the proxy itself, as a whole URL. */
bool client_proxy_is_asked(const struct async_outgoing *request);
/* From a connection to the proxy to one to the target. 0 or an error. */
int await_client_through(struct async_outgoing *request, async_stream *stream);

#endif
