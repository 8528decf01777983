/* SPDX-License-Identifier: MIT */
/*
 * The client inside: a session with its pool (pool.c), connections to hosts (pool.c),
 * one exchange on a connection (exchange.c), redirects and retries (session.c), the answer
 * (response.c).
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <await/client.h>
#include <await/loop.h>
#include <await/scope.h>
#include <await/sync.h>
#include "base/list.h"
#include "http/arena.h"
#include "http/body.h"
#include "http/body_coding.h"
#include "http/write.h"

enum { HOST_BUCKETS = 256, CLIENT_FIELDS = 128 };

/* Connections to one scheme, host and port. Forgotten when there are none, and nobody waits. */
struct client_host {
	struct client_host *next; /* in its bucket */
	struct async_session *session;
	struct async_waiters_ idle; /* links, the most recently used first */
	size_t busy, waiting;
	bool secure;
	char *address; /* "example.org:443" */
	char *name;    /* "example.org": for TLS */
	char origin[]; /* "https://example.org" */
};

/* A connection. */
struct client_link {
	struct async_link_ link; /* while it is idle */
	struct client_host *host;
	async_stream *stream;
	async_handle expiry;
	bool reused;
};

struct async_session {
	async_session_options options; /* defaults filled in */
	struct client_host *hosts[HOST_BUCKETS];
	struct async_waiters_ queue; /* who waits for a connection, in order */
	size_t busy;		     /* connections being made or used */
	size_t open;		     /* answers that are not freed */
	async_event changed;	     /* an answer was freed, while the session closes */
	bool closing;
	bool orphaned; /* its close was cancelled: the last answer frees it */
};

struct async_response {
	struct async_session *session;
	struct client_link *link; /* NULL: given back */
	struct http_limits limits;
	struct http_head head;
	struct http_head trailers;
	struct http_body body;
	struct body_coding *coding; /* of the body; NULL: none that is undone here */
	struct arena arena;
	char *block; /* the head's bytes */
	async_url url;
	int redirects;
	double deadline;   /* on async_now()'s clock */
	const char *piece; /* of the body, unread */
	size_t piece_size;
	char *whole;
	size_t whole_size;
	double total_seconds;
	struct json_t *json;
	char *credentials; /* for Authorization, from the URL; or NULL */
	bool heard;	   /* something came of the answer */
	bool ended;	   /* the body, as it is framed */
	bool complete;	   /* `whole` is */
	int error;	   /* nothing more can be read */
	struct http_field fields[CLIENT_FIELDS], trailing[CLIENT_FIELDS];
	char first[2048];
};

/* A limit around something that waits: the least of the request's and the phase's. */
struct client_limit {
	async_scope scope;
	const char *what, *option;
	double seconds;
};
void client_limit_begin(struct client_limit *limit, const struct async_response *response,
			const char *what, double seconds, const char *option);
/* `result`, or -ETIMEDOUT with a text that says what was waited for. */
int64_t client_limit_end(struct client_limit *limit, int64_t result);

/* pool.c */
/* Wait for the right to a connection to the host of the URL, and take one that is idle or NULL in
 * *link: then it is to be made. 0, or an error: then there is no right. */
int await_client_permit(struct async_response *response, struct client_host **host,
			struct client_link **link);
/* A new connection, with the right to it. NULL: the right is given back. */
struct client_link *await_client_connect(struct async_response *response, struct client_host *host);
/* Give connection and right back; `keep`: it may be used again. */
void client_link_release(struct client_link *link, bool keep);
void client_permit_release(struct client_host *host);
void client_pool_drop_idle(struct async_session *session);

/* auth.c: those of the URL, which then has none. */
int client_take_credentials(struct async_response *response);

/* exchange.c */
/* What has become of a request after redirects. */
struct client_turn {
	bool same_origin; /* as the first URL, all the way: secrets may go along */
	bool with_body;
};
/* Send the request on response->link and read the head of the answer. */
int await_client_exchange(struct async_response *response, const char *method,
			  const async_call *call, const struct client_turn *turn);

/* What this library can decode, as Accept-Encoding has it. */
const char *client_codings(void);

/* response.c */
int client_response_begin_body(struct async_response *response);
void client_response_reset(struct async_response *response);

#endif
