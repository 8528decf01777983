/* SPDX-License-Identifier: MIT */
/* A connection that speaks HTTP/1: h1.c is its life, h1_carrier.c reads bodies and writes answers. */
#ifndef SERVER_H1_H
#define SERVER_H1_H

#include "base/base.h"
#include "http/body.h"
#include "server/server.h"

enum {
	FIRST_BYTES = 2048, /* of a request's arena: most need no more */
	FEW_FIELDS = 128,   /* the default limit: room for them is on the task's stack */
};

struct http1 {
	struct async_request request;
	struct async_http_server *server;
	struct http_loop *loop;
	async_stream *stream;
	async_scope awake; /* cancelled when the next request does not come soon */
	struct http_body body;
	struct http_outgoing out;
	bool closing;	/* no further request */
	bool continued; /* the peer does not wait for 100, or has got it */
	bool cut;	/* nothing further can be sent */
	/* Answers to requests that came in one piece, to go in one piece. */
	char *gathered; /* from malloc, or NULL */
	size_t gathered_size;
	async_handle soon; /* sends them if this task should wait */
	struct http_head head;
	struct http_head *trailers; /* of a chunked body */
	struct http_field *fields, few[FEW_FIELDS];
	char first[FIRST_BYTES];
};

extern const struct http_carrier http1_carrier;

/* h1_gather.c: keep a small answer for later. False: it must be sent now, and what is kept before. */
bool h1_gather(struct http1 *h1, const char *data, size_t size);
/* Hand what is kept to the stream, which sends it along with what comes next, or soon. */
void h1_gather_flush(struct http1 *h1);
/* The connection ends, or is parked. */
void h1_gather_end(struct http1 *h1);

#endif
