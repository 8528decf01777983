/* SPDX-License-Identifier: MIT */
/* A server of HTTP: what its connections share, and what is kept for each of its loops. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <await/http.h>
#include <await/loop.h>
#include <await/scope.h>
#include "server/app.h"
#include "server/request.h"

struct async_http_server {
	uint64_t number;	    /* of all there have been: addresses come again */
	async_http_options options; /* defaults filled in */
	struct http_limits limits;
	async_app *app;
	async_server *server; /* NULL: connections come from elsewhere */
	const char *name;     /* "Server: libawait\r\n", or "" */
	size_t name_size;
	struct http_access *access; /* NULL: no log */
	bool ending;		    /* atomic: answers say that the connection closes */
	bool started;		    /* hooks have run */
	async_task *background;
	void (*listening)(async_server *server, void *arg); /* the user's */
};

/*
 * Where something is to happen in time: a wait for a peer, and when it will have lasted too long.
 * Counted in ticks of the loop's clock here, which ticks while anything waits: for thousands of
 * connections that costs less than a timer for each. The scope is the waiter's own, without a
 * limit; it is cancelled.
 */
struct http_wait {
	struct async_link_ link;
	async_scope *scope;
	uint32_t due;
	bool late;
};

/* What a loop keeps for a server. */
struct http_loop {
	uint64_t number; /* the server's */
	struct async_waiters_ waits;
	async_handle clock;
	bool ticking;
	double tick_seconds;
	uint32_t ticks;
	double date_until;		/* async_now() from which the date has to be made again */
	char date[HTTP_DATE_BYTES + 8]; /* "Date: ...\r\n" */
	struct http_gate *gates;	/* of routes with a limit of handlers */
};

enum { DATE_LINE_BYTES = 37 };

/* loop.c */
/* This loop's, made when it is first asked for. NULL: no memory. */
struct http_loop *http_loop_of(struct async_http_server *server);
/* The server ends: this loop's goes now, not with the loop. */
void http_loop_end(struct async_http_server *server);
/* From here to http_wait_end what happens in the scope has so many seconds. */
void http_wait_begin(struct http_loop *loop, struct http_wait *wait, async_scope *scope,
		     double seconds);
/* True when it had lasted too long. */
bool http_wait_end(struct http_loop *loop, struct http_wait *wait);
/* DATE_LINE_BYTES of text. */
const char *http_loop_date(struct http_loop *loop);

/* Lets through as many handlers of the route as it says. NULL: no memory. */
struct async_semaphore *http_loop_gate(struct http_loop *loop, const struct app_route *route);

/* serve.c */
bool http_server_is_ending(const struct async_http_server *server);

/* normalize.c: a redirect to another form of the path that has a route, or 0. */
int http_normalize(struct async_request *request);

/* h1.c */
int http1_serve(struct async_http_server *server, async_stream *stream);

#endif
