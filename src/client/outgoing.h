/* SPDX-License-Identifier: MIT */
/* A request on its way, from await_http_request to the answer's head. */
#ifndef CLIENT_OUTGOING_H
#define CLIENT_OUTGOING_H

#include "client/client.h"
#include "client/proxy.h"
#include "client/upload.h"

struct async_outgoing {
	struct async_session *session;
	const async_call *call;
	struct client_watch watch;
	const char *method;
	async_url url;
	const async_url *origin; /* the first URL; secrets go there only */
	bool same_origin;	 /* so far */
	bool body_dropped;	 /* by a redirect that made it a GET */
	char *credentials;	 /* for Authorization, from the URL; or NULL */
	struct client_upload upload;
	struct client_proxy *proxy; /* of the last exchange; NULL: none */
	/* Of this hop: the session's, the call's and those that middlewares set. */
	async_http_field *fields;
	size_t field_count, field_room;
	const async_client_middleware *middlewares;
	size_t middleware_count, next;
	struct client_step *steps, **last_step;
	int redirects, redirects_max;
	/* Of the last exchange: */
	bool reused; /* it went over a connection that was kept */
	bool heard;  /* something came back */
	bool fresh;  /* only a new connection will do */
	struct arena arena;
	char first[1024];
};

/* 0, or why the request cannot be. Ended in any case. */
int client_outgoing_begin(struct async_outgoing *request, struct async_session *session,
			  const char *method, const char *url, const async_call *call);
void client_outgoing_end(struct async_outgoing *request);
/* The fields of a hop. */
int await_outgoing_prepare(struct async_outgoing *request);
/* To another origin: what was meant for this one stays behind. */
void client_leave_origin(struct async_outgoing *request);
/* Fields named in the request, not automatic ones. */
const char *client_field(const struct async_outgoing *request, const char *name);
int client_field_add(struct async_outgoing *request, const char *name, const char *value);

/* auth.c: those of the URL, which then has none. */
int client_take_credentials(struct async_outgoing *request);
/* "Basic ...", from malloc; NULL: -ENOMEM, -EINVAL. */
char *client_basic_of_url(const async_url *url);
char *client_basic_of_entry(const struct netrc_entry *entry);
/* The login of .netrc for the URL's host, with the option `environment`; NULL: none, or *error. */
const struct netrc_entry *await_client_netrc(struct async_session *session, const async_url *url,
					     int *error);
/* Add them, or those of .netrc, to the fields. */
int await_client_credentials(struct async_outgoing *request);

/* request.c: whether to send it twice does no harm, and is possible; */
bool client_is_repeatable(const struct async_outgoing *request);
/* and whether a kept connection was closed just then, so that it may be done at once. */
bool client_met_closing(const struct async_outgoing *request, int error);
/* Take one of the second tries that the session has saved up. False: there is none; the text of the
 * error, unless that is 0, says so. */
bool client_take_retry(struct async_session *session, int error);

/* send.c: the head, and the body if it is small. */
int await_client_send_head(struct async_outgoing *request, struct client_link *link);

#endif
