/* SPDX-License-Identifier: MIT */
/*
 * The client inside. session.c keeps options; request.c goes from a URL to an answer: redirects and
 * second tries, around middlewares (outgoing.c), around one exchange (exchange.c). That takes a
 * connection from the pool (pool.c, connect.c), sends (send.c, upload.c), and hands out the answer
 * (response.c: its body; facts.c: what it says; upgrade.c: its connection). watch.c limits and
 * reports each step. retry.c and hedge.c ask more than once, from outside.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <await/client.h>
#include <await/cookies.h>
#include <await/loop.h>
#include <await/scope.h>
#include <await/sync.h>
#include "base/base.h"
#include "base/list.h"
#include "client/netrc.h"
#include "client/watch.h"
#include "http/arena.h"
#include "http/body.h"
#include "http/body_coding.h"
#include "http/write.h"

enum {
	HOST_BUCKETS = 256,
	CLIENT_FIELDS = 128,
	RETRIES_SAVED = 10, /* second tries that a session may save up */
};

/* Connections to one place, in one way. Forgotten when there are none, and nobody waits. */
struct client_host {
	struct client_host *next; /* in its bucket */
	struct async_session *session;
	struct async_waiters_ idle; /* links, the most recently used first */
	size_t busy, waiting;
	size_t key_size;
	char key[]; /* "https://example.org", and what else tells it from others */
};

/* A connection. */
struct client_link {
	struct async_link_ link; /* while it is idle: in its host's list, */
	struct async_link_ aged; /* and in the session's */
	struct client_host *host;
	async_stream *stream;
	async_handle expiry;
	bool reused;
};

struct async_session {
	async_session_options options; /* defaults filled in; texts are in `arena` */
	struct http_limits limits;     /* of heads */
	async_url *base, base_url;     /* NULL: none */
	struct arena arena;
	async_cookie_jar *jar; /* NULL: none */
	bool own_jar;
	struct netrc netrc;
	bool netrc_read;
	struct client_proxy *proxies; /* that were used */
	struct client_host *hosts[HOST_BUCKETS];
	struct async_waiters_ idle; /* links, the longest unused first */
	size_t idle_count;
	struct async_waiters_ queue;   /* who waits for a connection, in order */
	double retries;		       /* that may be made: earned by requests */
	size_t busy;		       /* connections being made or used */
	size_t open;		       /* requests and answers that have not ended, */
	struct async_waiters_ answers; /* of these the answers */
	async_event changed;	       /* one of them has, while the session closes */
	bool closing;
	bool orphaned; /* its close was cancelled: the last answer frees it */
};
/* Requests and answers that use the session. */
void client_session_enter(struct async_session *session);
void client_session_leave(struct async_session *session);

/* An answer on the way to this one. */
struct client_step {
	struct client_step *next;
	int status;
	char url[];
};
void client_steps_free(struct client_step *steps);

struct async_response {
	struct async_session *session;
	struct async_link_ open;  /* among the session's answers */
	struct client_link *link; /* NULL: given back */
	struct client_watch watch;
	struct http_head head;
	struct http_head trailers;
	struct http_body body;
	struct body_coding *coding; /* of the body; NULL: none that is undone here */
	struct arena arena;
	char *block;	      /* the head's bytes */
	char *trailers_block; /* the trailers', or NULL */
	async_url url;
	const char *method;
	struct client_step *steps; /* its own */
	int redirects;
	const char *piece; /* of the body, unread */
	size_t piece_size;
	char *whole;
	size_t whole_size;
	const char *text, *type, *charset;
	async_stream *stream; /* for reading by line */
	struct json_t *json;
	size_t interim; /* bytes of heads of 1xx before its own */
	bool heard;	/* something came of the answer */
	bool unsent;	/* the request's body was not sent to its end */
	bool ended;	/* the body, as it is framed */
	bool complete;	/* `whole` is */
	int error;	/* nothing more can be read */
	struct http_field fields[CLIENT_FIELDS], trailing[CLIENT_FIELDS];
	char first[2048];
};

struct async_outgoing;

/* outgoing.c */
/* The first of that name, letters of either case, or NULL. */
const async_http_field *client_find_field(const async_http_field *fields, size_t count,
					  const char *name);

/* pool.c */
/* Wait for the right to a connection to where the request goes, and take one that is idle or NULL
 * in *link: then it is to be made. 0, or an error: then there is no right. */
int await_client_permit(struct async_outgoing *request, struct client_host **host,
			struct client_link **link);
/* Give connection and right back; it may be used again for so long, 0: not at all. */
void client_link_release(struct client_link *link, double idle_seconds);
void client_permit_release(struct client_host *host);
/* The stream of a connection, which is none of the pool's any more; the right is given back. */
async_stream *client_link_part(struct client_link *link);
/* Close what is idle; who waits for a connection gets -ESHUTDOWN. */
void client_pool_close(struct async_session *session);

/* connect.c */
/* Of the URL's host, by the session's resolver or await_resolve. */
int await_client_addresses(struct async_outgoing *request, const async_url *url,
			   async_addresses *addresses);
/* A new connection, with the right to it. NULL: the right is given back. */
struct client_link *await_client_connect(struct async_outgoing *request, struct client_host *host);

/* exchange.c */
/* Send the request and read the head of the answer. NULL: request->heard tells whether anything
 * came. */
struct async_response *await_client_exchange(struct async_outgoing *request);
/* The next head of a stream, in place: its size, and *data until the stream is touched again. 0:
 * the stream ended after *had bytes of it. Errors of the stream, and of the parser. */
ssize_t await_client_peek_head(async_stream *stream, struct http_head *head, enum http_method asked,
			       const char **data, size_t *had);
/* The head of the answer, in response->head: 0 or an error. `go` is set by 100 Continue; may be
 * NULL. */
int await_client_head(struct async_response *response, async_event *go);

/* What this library can decode, as Accept-Encoding has it. */
const char *client_codings(void);

/* response.c */
/* With no link yet. NULL: -ENOMEM. */
struct async_response *client_response_new(struct async_outgoing *request);
/* Its head has come. */
int client_response_begin_body(struct async_response *response);
/* 0, or why nothing can be read. */
int client_response_reading(const struct async_response *response);
/* What it holds of its loop goes, since the loop does. */
void client_response_sever(struct async_response *response);
/* Nothing more can be read, and the connection is closed. Returns the error. */
int client_response_broken(struct async_response *response, int error);

/* whole.c */
/* A short body is read, so that its connection can be used for what follows. */
void await_client_drain(struct async_response *answer);
/* What stands before a text in UTF-8 to say so. */
size_t client_bom_size(const char *text, size_t size);

/* facts.c */
bool client_response_is_json(async_response *response);

#endif
