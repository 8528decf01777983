/* SPDX-License-Identifier: MIT */
/* New connections: name, socket, TLS, each within its limit and told as what it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include "client/outgoing.h"

/* What is connected to: the server, or a proxy. */
struct place {
	const char *address; /* "example.org:443", "unix:/run/x.sock" */
	const async_url *url;
	bool named; /* it has a name to be looked up */
};

static int no_memory(void)
{
	return async_fail(-ENOMEM, "no memory for a connection");
}

static int place_of(struct async_outgoing *request, struct place *place)
{
	const char *path = request->session->options.unix_path;
	char *address, *text;

	place->url = request->proxy ? &request->proxy->url : &request->url;
	if (path) {
		text = arena_bytes(&request->arena, sizeof "unix:" + strlen(path));
		if (text)
			sprintf(text, "unix:%s", path);
	} else {
		address = async_url_address(place->url);
		text = address ? arena_text(&request->arena, address, strlen(address)) : NULL;
		free(address);
	}
	place->address = text;
	place->named = !path && place->url->host_kind == ASYNC_HOST_DOMAIN;
	return text ? 0 : no_memory();
}

/* ---- Names ---- */

static int await_ask(struct async_outgoing *request, const async_url *url, const char *host,
		     async_addresses *addresses)
{
	const async_session_options *options = &request->session->options;
	async_resolve_options how = { .family = options->connect ? options->connect->family : 0 };
	int error;

	if (!options->await_resolve) {
		char *address = async_url_address(url);

		error = address ? await_resolve(address, &how, addresses) : no_memory();
		free(address);
		return error;
	}
	error = options->await_resolve(host, url->port, addresses, options->resolve_arg);
	if (!error && !addresses->count)
		error = async_fail(-ENODATA, "the session's resolver has no address of %s", host);
	return error;
}

int await_client_addresses(struct async_outgoing *request, const async_url *url,
			   async_addresses *addresses)
{
	async_url_part bare = async_url_host_bare(url);
	char *host = arena_text(&request->arena, bare.data, bare.size);
	struct client_limit limit;
	int error;

	if (!host)
		return no_memory();
	client_watch_phase(&request->watch, ASYNC_CALL_RESOLVE);
	client_trace(&request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_DNS_RESOLVE_START, .host = host });
	client_limit_begin(&limit, &request->watch, "resolving a name", WATCH_RESOLVE);
	error = await_ask(request, url, host, addresses);
	error = (int)client_limit_end(&limit, error);
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_DNS_RESOLVE_END,
							   .host = host,
							   .error = error });
	return error;
}

/* ---- Connections ---- */

static async_stream *await_socket(struct async_outgoing *request, const struct place *place)
{
	const async_session_options *options = &request->session->options;
	async_connect_options how = { 0 };
	async_stream_options stream_options = { .limit = request->session->limits.head_bytes +
							 65536u };
	async_addresses addresses = { 0 };
	async_stream *stream;

	if (options->connect)
		how = *options->connect;
	if (place->named && !how.addresses) {
		if (await_client_addresses(request, place->url, &addresses)) {
			async_addresses_free(&addresses);
			return NULL;
		}
		how.addresses = &addresses;
	}
	client_watch_phase(&request->watch, ASYNC_CALL_CONNECT);
	stream = await_connect_stream_with(place->address, &how, &stream_options);
	async_addresses_free(&addresses);
	return stream;
}

static int await_secure(struct async_outgoing *request, async_stream *stream)
{
	const async_session_options *options = &request->session->options;
	async_url_part bare = async_url_host_bare(&request->url);
	const char *name = request->call->server_name;
	struct client_limit limit;
	int error;

	if (!name)
		name = arena_text(&request->arena, bare.data, bare.size);
	if (!name)
		return no_memory();
	client_watch_phase(&request->watch, ASYNC_CALL_TLS);
	client_limit_begin(&limit, &request->watch, "a TLS handshake", WATCH_TLS);
	error = options->start_tls(stream, request->call->tls ? request->call->tls : options->tls,
				   name);
	return (int)client_limit_end(&limit, error);
}

static async_stream *await_open(struct async_outgoing *request)
{
	bool secure = async_url_is_secure(&request->url);
	async_stream *stream;
	struct place place = { 0 };

	if (secure && !request->session->options.start_tls) {
		async_fail(-EPROTONOSUPPORT,
			   "%.200s: this session has no TLS (session option ASYNC_CLIENT_TLS)",
			   request->url.href);
		return NULL;
	}
	stream = place_of(request, &place) ? NULL : await_socket(request, &place);
	if (!stream && request->proxy)
		client_blame_proxy(&request->proxy->url, async_error_code());
	if (!stream)
		return NULL;
	if (request->proxy && await_client_through(request, stream))
		client_blame(&request->proxy->url, async_error_code());
	else if (!secure || !await_secure(request, stream))
		return stream;
	async_stream_abort(stream);
	return NULL;
}

struct client_link *await_client_connect(struct async_outgoing *request, struct client_host *host)
{
	struct client_link *link = calloc(1, sizeof *link);
	struct client_limit limit;
	int error;

	if (!link) {
		async_fail(-ENOMEM, "no memory for a connection");
		client_permit_release(host);
		return NULL;
	}
	client_trace(&request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_CONNECTION_CREATE_START,
					  .url = request->url.href });
	client_limit_begin(&limit, &request->watch, "connecting", WATCH_CONNECT);
	link->host = host;
	link->stream = await_open(request);
	error = (int)client_limit_end(&limit, link->stream ? 0 : async_error_code());
	client_trace(&request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_CONNECTION_CREATE_END,
					  .url = request->url.href,
					  .error = error });
	if (!error)
		return link;
	if (link->stream)
		async_stream_abort(link->stream);
	free(link);
	client_permit_release(host);
	return NULL;
}
