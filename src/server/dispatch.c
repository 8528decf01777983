/* SPDX-License-Identifier: MIT */
/* From a request to its handler: the route, the middlewares around it, and the route's policy. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/group.h>
#include <await/sync.h>
#include "base/base.h"
#include "server/server.h"

/* ---- The peer that leaves while its request is handled ---- */

struct watch {
	struct async_request *request;
	async_scope scope;
	async_event unread;
	bool gone;
};

/* Once the body has been read there is nothing to come but the next request, or the end. */
static int watch_peer(void *arg)
{
	struct watch *watch = arg;
	async_stream *stream = watch->request->stream;
	const char *data;
	size_t had;
	ssize_t n;

	/* Looking for more moves what a handler may still be reading. */
	if (async_request_has_body(watch->request) && !watch->request->body_over &&
	    await_event(&watch->unread))
		return 0;
	had = async_stream_readable(stream);
	n = await_stream_peek(stream, had + 1, &data);
	/* A server that closes ends its streams for whoever waits for a next request. */
	if (n <= (ssize_t)had && !async_cancelled() && n != -EMSGSIZE &&
	    !async_stream_is_ending(stream)) {
		watch->gone = true;
		async_scope_cancel(&watch->scope);
	}
	return 0;
}

static int await_watched(struct async_request *request)
{
	const struct app_route *route = request->route;
	struct watch watch = { .request = request };
	int result;

	async_scope_begin(&watch.scope, INFINITY);
	{
		AWAIT_GROUP(watchers, ASYNC_ISOLATED);
		async_spawn(&watchers, watch_peer, &watch);
		request->unread = &watch.unread;
		result = route->handler(request, route->arg);
		request->unread = NULL;
		async_group_cancel(&watchers);
	}
	async_scope_end(&watch.scope);
	if (!watch.gone)
		return result;
	request->carrier->cut(request);
	return -ECONNRESET;
}

/* ---- The route's policy ---- */

static int await_expectation(struct async_request *request)
{
	const async_route_options *options = &request->route->options;

	if (request->head->framing.expect == HTTP_EXPECT_OTHER)
		return async_refuse(request, 417, "this expectation is not known here");
	if (request->head->framing.expect == HTTP_EXPECT_CONTINUE && options->expect)
		return options->expect(request, options->expect_arg);
	return 0;
}

static int await_in_time(struct async_request *request)
{
	const struct app_route *route = request->route;
	int result = 0;

	if (route->options.seconds > 0) {
		async_timeout (route->options.seconds)
			result = route->options.gone == ASYNC_GONE_CANCEL && request->stream ?
					 await_watched(request) :
					 route->handler(request, route->arg);
		return result;
	}
	if (route->options.gone == ASYNC_GONE_CANCEL && request->stream)
		return await_watched(request);
	return route->handler(request, route->arg);
}

static int await_gate(struct async_request *request)
{
	struct async_semaphore *gate =
		http_loop_gate(http_loop_of(request->server), request->route);
	int error = gate ? await_semaphore(gate) : -ENOMEM;

	if (error)
		return error;
	error = await_in_time(request);
	async_semaphore_release(gate);
	return error;
}

static int await_route(struct async_request *request)
{
	const struct app_route *route = request->route;

	if (unlikely(request->head->framing.expect)) {
		int refused = await_expectation(request);

		if (refused)
			return refused;
	}
	if (unlikely(route->options.compress))
		async_respond_compress(request);
	if (unlikely(route->options.concurrency && request->server))
		return await_gate(request);
	if (unlikely(route->options.seconds > 0 || route->options.gone == ASYNC_GONE_CANCEL))
		return await_in_time(request);
	return route->handler(request, route->arg);
}

/* ---- No route ---- */

static int allow(struct async_request *request, const async_app *app, const char *path, size_t size)
{
	char text[512];
	ssize_t n = http_router_allow(app->router, path, size, text, sizeof text);
	int error = n > 0 ? async_respond_header(request, "Allow", text) : (int)n;

	return error < 0 ? error : 405;
}

static int await_no_route(struct async_request *request)
{
	const async_app *app = request->app;
	int redirected = app->normalize ? http_normalize(request) : 0;

	if (redirected)
		return redirected;
	for (; app; app = app->parent) {
		if (app->fallback.handler)
			return app->fallback.handler(request, app->fallback.arg);
	}
	if (!request->other_method)
		return 404;
	return allow(request, request->outer, request->block + request->head->path.at,
		     request->head->path.size);
}

int await_next(async_request *request)
{
	const async_app *app = request->app;
	uint32_t at = request->next;
	int result;

	if (likely(at >= app->chain_size))
		return request->route ? await_route(request) : await_no_route(request);
	request->next = at + 1;
	result = app->chain[at]->handler(request, app->chain[at]->arg);
	request->next = at; /* it may call again */
	return result;
}

static int match_failed(struct async_request *request, int error)
{
	/* A pattern that took more than it may: not the peer's to know which. */
	return error == -EMSGSIZE ? async_refuse(request, 404, NULL) : error;
}

int await_app_handle(struct async_request *request)
{
	const struct http_head *head = request->head;
	const char *block = request->block;
	struct http_route_match match;
	int found, result;

	request->outer = request->app =
		app_for_host(request->outer, block + head->host.at, head->host.size);
	if (unlikely(head->form == HTTP_AUTHORITY_FORM))
		return async_refuse(request, 501, "CONNECT: this is no proxy");
	found = head->form == HTTP_ASTERISK ?
			HTTP_ROUTE_NONE :
			http_router_match(request->outer->router, block + head->method_text.at,
					  head->method_text.size, block + head->path.at,
					  head->path.size, &match);
	if (unlikely(found < 0))
		return match_failed(request, found);
	if (likely(found == HTTP_ROUTE_FOUND)) {
		request->route = http_route_data(match.route);
		request->app = request->route->app;
		request->match = &match;
	} else {
		request->other_method = found == HTTP_ROUTE_METHOD;
		request->app = app_for_path(request->outer, block + head->path.at, head->path.size);
	}
	result = await_next(request);
	request->match = NULL;
	if (found == HTTP_ROUTE_FOUND)
		http_route_match_end(&match);
	return result;
}
