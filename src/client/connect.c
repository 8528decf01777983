/* SPDX-License-Identifier: MIT */
/* New connections: name, socket, TLS, each within its limit and told as what it is. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include "client/outgoing.h"

/* What is connected to. */
struct place {
	const char *address; /* "example.org:443", "unix:/run/x.sock" */
	const char *name;    /* for TLS: "example.org" */
	bool named;	     /* the address has a name to be looked up */
};

static int place_of(struct async_outgoing *request, struct place *place)
{
	const char *path = request->session->options.unix_path;
	async_url_part bare = async_url_host_bare(&request->url);
	char *address = async_url_address(&request->url);

	if (address && path) {
		char *text = arena_bytes(&request->arena, sizeof "unix:" + strlen(path));

		if (text) {
			memcpy(text, "unix:", 5);
			strcpy(text + 5, path);
		}
		place->address = text;
	} else if (address) {
		place->address = arena_text(&request->arena, address, strlen(address));
	}
	free(address);
	place->named = !path && request->url.host_kind == ASYNC_HOST_DOMAIN;
	place->name = request->call->server_name;
	if (!place->name)
		place->name = arena_text(&request->arena, bare.data, bare.size);
	return address && place->address && place->name ?
		       0 :
		       async_fail(-ENOMEM, "no memory for a connection");
}

/* ---- Names ---- */

static int await_addresses(struct async_outgoing *request, const struct place *place,
			   async_addresses *addresses)
{
	const async_session_options *options = &request->session->options;
	async_resolve_options how = { .family = options->connect ? options->connect->family : 0 };
	int error;

	client_watch_phase(&request->watch, ASYNC_CALL_RESOLVE);
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_DNS_RESOLVE_START,
							   .host = place->address });
	if (options->await_resolve) {
		async_url_part bare = async_url_host_bare(&request->url);
		char *host = arena_text(&request->arena, bare.data, bare.size);

		error = host ? options->await_resolve(host, request->url.port, addresses,
						      options->resolve_arg) :
			       -ENOMEM;
		if (!error && !addresses->count)
			error = async_fail(-ENODATA, "the session's resolver has no address of %s",
					   place->address);
	} else {
		error = await_resolve(place->address, &how, addresses);
	}
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_DNS_RESOLVE_END,
							   .host = place->address,
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
		if (await_addresses(request, place, &addresses)) {
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

static int await_secure(struct async_outgoing *request, async_stream *stream, const char *name)
{
	const async_session_options *options = &request->session->options;

	client_watch_phase(&request->watch, ASYNC_CALL_TLS);
	return options->start_tls(stream, request->call->tls ? request->call->tls : options->tls,
				  name);
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
	if (!stream || !secure || !await_secure(request, stream, place.name))
		return stream;
	async_stream_abort(stream);
	return NULL;
}

/* The limit's phase is what it stopped at. */
static const char *doing(const struct async_outgoing *request)
{
	(void)request;
	return "connecting";
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
	client_limit_begin(&limit, &request->watch, doing(request), request->watch.connect_seconds,
			   "connect_seconds");
	link->host = host;
	link->secure = async_url_is_secure(&request->url);
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
