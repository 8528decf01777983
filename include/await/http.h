/* SPDX-License-Identifier: MIT */
/* Serving an HTTP application (RFC 9110, 9112). */
#ifndef AWAIT_HTTP_H
#define AWAIT_HTTP_H

#include <stdio.h>
#include <await/app.h>
#include <await/server.h>

ASYNC_BEGIN_DECLS

/* How connections are served. Zero-filled is the default; every field may also be left out. */
typedef struct async_http_options {
	/* Of the sockets: addresses, limits, grace, loops. `park_seconds`, `forget` and `stopping`
	 * are set here. */
	async_server_options server;
	double idle_seconds;   /* a connection without a request is closed; 0: 75 */
	double head_seconds;   /* from the first byte of a request to the last of its head; 0: 30 */
	double body_seconds;   /* for each next piece of a body; 0: 30 */
	double write_seconds;  /* for the peer to take some of an answer; 0: 60 */
	double linger_seconds; /* a body that nobody wanted is read and dropped; 0: 10 */
	size_t line_bytes;     /* the request line; 0: 8190. Over: 414 */
	size_t field_bytes;    /* one field line; 0: 8190, at most 65535. Over: 431 */
	size_t fields;	       /* field lines; 0: 128, at most 65535. Over: 431 */
	size_t head_bytes;     /* the whole head; 0: 65536. Over: 431 */
	const char *name;      /* of the field Server; NULL: "libawait"; "": none */
	/* HTTPS: write ASYNC_HTTPS(tls), with a context from async_tls_server (<await/tls.h>),
	 * which stays the caller's. Keep its shutdown_seconds short: closing connections wait for
	 * that. */
	struct async_tls *tls;
	int (*start_tls)(async_stream *stream, struct async_tls *tls, const char *host);
	bool debug; /* pages of errors tell async_error() to the client */
	bool quiet; /* await_http_serve does not print its addresses */
	/* A line for each answer goes there. The format, NULL for
	 * %a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i", is made of %a the peer's address, %t
	 * when it began, %P the process, %r the request line, %s the status, %b bytes of body, %T
	 * %Tf %D how long it took in seconds, with a fraction, in microseconds, %{Name}i and
	 * %{Name}o a field of request and answer, %% a percent sign. */
	FILE *access_log;
	const char *access_format;
	/* Called when a request has been answered, on its loop: may await. */
	void (*log)(async_request *request, void *arg);
	void *log_arg;
} async_http_options;

#define ASYNC_HTTPS(context) .tls = (context), .start_tls = await_stream_start_tls

/*
 * Serve until Ctrl-C or SIGTERM (0), or until the calling task is cancelled (-ECANCELED). Prints
 * where it listens. At the end: no new connections, idle ones closed, `closing` hooks, handlers
 * given grace_seconds and then cancelled, `stop` hooks. `address` as in await_serve; NULL: ":8080",
 * or ":8443" for HTTPS. Takes the application, also on failure. Errors: what was wrong with the
 * application; of its hooks; as await_serve.
 */
ASYNC_API int await_http_serve(async_app *app, const char *address);
ASYNC_API int await_http_serve_with(const async_http_options *options, async_app *app,
				    const char *address);

/* The same in the background, on this loop only (`loops` is ignored); signals are left alone.
 * Whoever starts one closes it. NULL: async_error(). */
typedef struct async_http_server async_http_server;
ASYNC_API async_http_server *await_http_start(const async_http_options *options, async_app *app,
					      const char *address);
/* As at the end of await_http_serve; frees it. 0, -ETIMEDOUT when handlers had to be cancelled, or
 * what a hook returned. */
ASYNC_API int await_http_close(async_http_server *server);
/* Its i-th address, "127.0.0.1:43210"; NULL past the last. */
ASYNC_API const char *async_http_address(const async_http_server *server, size_t i);

/*
 * For servers put together by hand: an HTTP application on connections that come from elsewhere.
 * await_http_open runs the `start` hooks, await_http_close ends it; await_http_connection is the
 * handler of an ordinary stream server, with the async_http_server as its argument.
 *
 *	async_http_server *http = await_http_open(NULL, app);
 *	await_serve(":80", await_http_connection, http);
 *	await_http_close(http);
 */
ASYNC_API async_http_server *await_http_open(const async_http_options *options, async_app *app);
ASYNC_API int await_http_connection(async_stream *stream, void *http_server);

ASYNC_END_DECLS

#endif
