/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection that speaks HTTP/1: read a head, have it answered, and again. Requests
 * are handled in place, one after the other, in the connection's own task; what came in one piece
 * is answered in one piece. A connection that has waited a moment for its next request is parked:
 * its task ends, and another begins when something arrives.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include <await/task.h>
#include <await/tls.h>
#include "base/base.h"
#include "server/access.h"
#include "server/h1.h"

/* How long a connection keeps its task without a request. Clients that send one after the other are
 * not worth parking in between. */
static const double AWAKE_SECONDS = 1;

static int await_rest_of_head(struct http1 *h1, const char **data, size_t had)
{
	struct http_wait wait;
	async_scope scope;
	ssize_t size = 0, n;

	async_scope_begin(&scope, INFINITY);
	http_wait_begin(h1->loop, &wait, &scope, h1->server->options.head_seconds);
	do {
		n = await_stream_peek(h1->stream, had + 1, data);
		if (n <= (ssize_t)had)
			break;
		had = (size_t)n;
		size = http_request_parse(&h1->head, *data, had);
	} while (!size);
	async_scope_end(&scope);
	if (http_wait_end(h1->loop, &wait))
		return async_fail(-ETIME,
				  "the head of a request took longer than %g s (HTTP option "
				  "`head_seconds`)",
				  h1->server->options.head_seconds);
	if (size)
		return (int)size;
	/* The end in the middle of a head: nobody is left to be told. */
	return n < 0 ? (int)n : -ECONNRESET;
}

/* The first bytes of a request: how many are there, 0 at the end, ASYNC_PARK. */
static ssize_t await_first_bytes(struct http1 *h1, const char **data)
{
	struct http_wait wait;
	ssize_t n;

	if (async_stream_readable(h1->stream))
		return await_stream_peek(h1->stream, 1, data);
	http_wait_begin(h1->loop, &wait, &h1->awake, AWAKE_SECONDS);
	n = await_stream_peek(h1->stream, 1, data);
	return http_wait_end(h1->loop, &wait) ? ASYNC_PARK : n;
}

/* The head is kept: what follows it must be read before handlers are done with it. */
static int take_head(struct http1 *h1, const char *data, size_t size)
{
	struct async_request *request = &h1->request;
	const struct http_framing *framing = &h1->head.framing;

	request_begin(request, h1->first, sizeof h1->first);
	request->block = arena_bytes(&request->arena, size + 1);
	if (!request->block)
		return async_fail(-ENOMEM, "no memory for the head of a request");
	memcpy(request->block, data, size);
	async_stream_consume(h1->stream, size);
	h1->closing = !framing->keep_alive || h1->head.method == HTTP_METHOD_CONNECT;
	h1->continued = framing->expect == HTTP_EXPECT_NOTHING;
	h1->trailers = NULL;
	if (framing->body == HTTP_CHUNKED) {
		struct http_field *list;

		h1->trailers = arena_alloc(&request->arena, sizeof *h1->trailers);
		list = arena_alloc(&request->arena, h1->server->limits.fields * sizeof *list);
		if (!h1->trailers || !list)
			return async_fail(-ENOMEM, "no memory for trailers");
		http_head_begin(h1->trailers, &h1->server->limits, list);
	}
	http_body_begin(&h1->body, framing, h1->trailers);
	request->body_ended = h1->body.done;
	return 1;
}

/* 1: there is a request; 0: the connection has ended; ASYNC_PARK; or why there is none. */
static int await_head(struct http1 *h1)
{
	const char *data;
	ssize_t n = await_first_bytes(h1, &data);
	int size;

	if (n <= 0 || n == ASYNC_PARK)
		return (int)n;
	http_head_begin(&h1->head, &h1->server->limits, h1->fields);
	size = (int)http_request_parse(&h1->head, data, (size_t)n);
	if (unlikely(!size))
		size = await_rest_of_head(h1, &data, (size_t)n);
	if (unlikely(size < 0) && async_tls_is_hello(data, (size_t)n))
		async_fail(-EPROTO, "this port speaks HTTP, and a client spoke TLS to it: is it "
				    "https:// instead of http://?");
	return likely(size > 0) ? take_head(h1, data, (size_t)size) : size;
}

static void log_answer(struct http1 *h1)
{
	const async_http_options *options = &h1->server->options;

	if (h1->server->access)
		http_access_write(h1->server->access, &h1->request);
	if (options->log)
		options->log(&h1->request, options->log_arg);
}

/* Something that is not HTTP, or too much, or too slow: say so, and no more. */
static void refuse(struct http1 *h1, int error)
{
	unsigned int status = http_rule_status(h1->head.error.rule);

	if (error == -ETIME)
		status = 408;
	else if (!status)
		return;
	request_begin(&h1->request, h1->first, sizeof h1->first);
	h1->request.block = h1->first;
	h1->closing = h1->continued = true;
	h1->body.done = false; /* what follows is nobody's */
	h1->head.minor = 1;
	h1->head.method = HTTP_METHOD_OTHER;
	h1->head.fields.count = 0;
	h1->head.fields.seen = 0;
	h1->request.method = h1->request.target = "-"; /* for the log */
	async_refuse(&h1->request, (int)status, "%s", async_error());
	await_answer_status(&h1->request, status);
	log_answer(h1);
	request_end(&h1->request);
}

/* A body that nobody wanted, as long as it does not last: then the connection can be used again. */
static void await_drop_body(struct http1 *h1)
{
	struct http_wait wait;
	async_scope scope;
	const char *data;

	if (h1->request.body_ended)
		return;
	if (!h1->continued || h1->cut) {
		h1->closing = true; /* the peer does not know whether to send it */
		return;
	}
	async_scope_begin(&scope, INFINITY);
	http_wait_begin(h1->loop, &wait, &scope, h1->server->options.linger_seconds);
	while (http1_carrier.read(&h1->request, &data) > 0)
		continue;
	async_scope_end(&scope);
	if (http_wait_end(h1->loop, &wait) || !h1->request.body_ended)
		h1->closing = true;
}

static void answer(struct http1 *h1)
{
	struct async_request *request = &h1->request;
	void *locals = async_locals_begin();
	int result;

	if (unlikely(h1->server->access || h1->server->options.log))
		request->began = async_now();
	result = await_app_handle(request);
	await_answer_end(request, result);
	if (unlikely(request->began))
		log_answer(h1);
	await_drop_body(h1);
	request_end(request);
	async_locals_end(locals);
}

/* Closing with bytes unread resets the connection, and the answer may be lost before its reader has
 * it: say that it was all, and read until the peer has seen that. */
static void await_linger(struct http1 *h1)
{
	struct http_wait wait;
	async_scope scope;
	const char *data;
	ssize_t n;

	if (h1->cut || (h1->body.done && !async_stream_readable(h1->stream)))
		return;
	async_scope_begin(&scope, INFINITY);
	http_wait_begin(h1->loop, &wait, &scope, h1->server->options.linger_seconds);
	if (!await_stream_end(h1->stream)) {
		while ((n = await_stream_chunk(h1->stream, &data)) > 0)
			continue;
	}
	async_scope_end(&scope);
	http_wait_end(h1->loop, &wait);
}

static int serve(struct http1 *h1)
{
	int result;

	async_scope_begin(&h1->awake, INFINITY);
	do {
		result = await_head(h1);
		if (unlikely(result != 1))
			break;
		answer(h1);
	} while (!h1->closing && !h1->cut);
	async_scope_end(&h1->awake);
	h1_gather_end(h1);
	if (result == ASYNC_PARK)
		return result;
	if (result < 0)
		refuse(h1, result);
	if (h1->cut)
		async_stream_abort(h1->stream);
	else
		await_linger(h1);
	return 0;
}

/* A new connection that is to be HTTPS. What peers do wrong with it is none of the owner's
 * business, unless he wants to know. */
static bool await_tls(struct async_http_server *server, async_stream *stream)
{
	const async_http_options *options = &server->options;
	int error;

	if (!options->start_tls || async_stream_user(stream))
		return true;
	async_stream_set_user(stream, server);
	error = options->start_tls(stream, options->tls, NULL);
	if (error < 0 && options->debug)
		async_report_error(error, "a client's TLS: %s", async_error());
	return error >= 0;
}

int http1_serve(struct async_http_server *server, async_stream *stream)
{
	struct http1 h1; /* not cleared: most of it is room */
	int result;

	if (unlikely(!await_tls(server, stream)))
		return 0;
	h1.request.carrier = &http1_carrier;
	h1.request.server = server;
	h1.request.stream = stream;
	h1.request.head = &h1.head;
	h1.server = server;
	h1.stream = stream;
	h1.closing = h1.cut = false;
	h1.head.error.rule = HTTP_OK; /* it may end before there is a head */
	h1.body.done = true;
	h1.gathered = NULL;
	h1.gathered_size = 0;
	memset(&h1.soon, 0, sizeof h1.soon);
	h1.loop = http_loop_of(server);
	h1.fields = server->limits.fields > FEW_FIELDS ?
			    malloc(server->limits.fields * sizeof *h1.fields) :
			    h1.few;
	result = h1.loop && h1.fields ? serve(&h1) :
					async_fail(-ENOMEM, "no memory for a connection");
	if (h1.fields != h1.few)
		free(h1.fields);
	return result;
}
