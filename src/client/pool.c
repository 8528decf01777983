/* SPDX-License-Identifier: MIT */
/*
 * Connections of a session: how many at a time, who is next, which are kept. A right to a
 * connection is taken before it is made and given back after its answer; who must wait is served in
 * order, but nobody waits behind one whose host has no room.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <await/net.h>
#include <await/run.h>
#include "base/base.h"
#include "client/client.h"

struct waiter {
	struct async_link_ link;
	struct client_host *host;
	async_event granted;
};

/* ---- Hosts ---- */

static size_t bucket_of(const char *origin)
{
	uint32_t hash = 2166136261u;

	for (; *origin; origin++)
		hash = (hash ^ (unsigned char)*origin) * 16777619u;
	return hash % HOST_BUCKETS;
}

static struct client_host *host_new(struct async_session *session, const async_url *url,
				    const char *origin)
{
	size_t size = strlen(origin) + 1;
	struct client_host *host = calloc(1, sizeof *host + size);

	if (!host)
		return NULL;
	host->session = session;
	host->secure = async_url_is_secure(url);
	host->address = async_url_address(url);
	host->name = async_url_part_copy(async_url_host_bare(url));
	memcpy(host->origin, origin, size);
	if (host->address && host->name)
		return host;
	free(host->address);
	free(host->name);
	free(host);
	return NULL;
}

static struct client_host *host_of(struct async_session *session, const async_url *url)
{
	char *origin = async_url_origin(url);
	struct client_host **bucket, *host = NULL;

	if (origin) {
		bucket = &session->hosts[bucket_of(origin)];
		for (host = *bucket; host && strcmp(host->origin, origin); host = host->next)
			continue;
		if (!host) {
			host = host_new(session, url, origin);
			if (host) {
				host->next = *bucket;
				*bucket = host;
			}
		}
	}
	free(origin);
	if (!host)
		async_fail(-ENOMEM, "no memory for a connection");
	return host;
}

/* A list of a million hosts must not stay in memory. */
static void host_forget(struct client_host *host)
{
	struct client_host **at = &host->session->hosts[bucket_of(host->origin)];

	if (host->busy || host->waiting || host->idle.first)
		return;
	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
	free(host->address);
	free(host->name);
	free(host);
}

/* ---- Rights ---- */

static bool has_room(const struct client_host *host)
{
	const struct async_session *session = host->session;

	return session->busy < session->options.connections &&
	       (!session->options.per_host || host->busy < session->options.per_host);
}

static void take(struct client_host *host)
{
	host->busy++;
	host->session->busy++;
}

void client_permit_release(struct client_host *host)
{
	struct async_session *session = host->session;

	host->busy--;
	session->busy--;
	list_for_each (&session->queue, link, following) {
		struct waiter *waiter = (struct waiter *)link;

		if (session->busy >= session->options.connections)
			break;
		if (!has_room(waiter->host))
			continue;
		list_remove(&session->queue, &waiter->link);
		take(waiter->host);
		async_event_set(&waiter->granted);
	}
	host_forget(host);
}

static int await_turn(struct async_response *response, struct client_host *host)
{
	struct waiter waiter = { .host = host, .granted = ASYNC_EVENT };
	struct client_limit limit;
	int error;

	host->waiting++;
	list_append(&host->session->queue, &waiter.link);
	client_limit_begin(&limit, response,
			   "waiting for a connection (session options "
			   "`connections`, `per_host`)",
			   INFINITY, "total_seconds");
	error = await_event(&waiter.granted);
	error = (int)client_limit_end(&limit, error);
	host->waiting--;
	if (!error)
		return 0;
	if (async_event_is_set(&waiter.granted))
		client_permit_release(host); /* to the next one */
	else {
		list_remove(&host->session->queue, &waiter.link);
		host_forget(host);
	}
	return error;
}

/* ---- Connections that are kept ---- */

static void link_free(struct client_link *link)
{
	async_handle_cancel(&link->expiry);
	async_stream_abort(link->stream);
	free(link);
}

static void expired(void *arg)
{
	struct client_link *link = arg;
	struct client_host *host = link->host;

	list_remove(&host->idle, &link->link);
	link_free(link);
	host_forget(host);
}

/* The server may have closed it meanwhile, or said something that nobody asked for. A look that
 * takes nothing and does not wait; in simulation there is no kernel to ask. */
static bool is_alive(const struct client_link *link)
{
	int fd = async_stream_descriptor(link->stream);
	char byte;
	ssize_t n;

	if (async_stream_readable(link->stream) || async_stream_at_eof(link->stream))
		return false;
	if (fd < 0 || !strcmp(async_backend_name(), "sim"))
		return true;
	n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n > 0)
		return link->host->secure; /* a session ticket, say: TLS will tell */
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static struct client_link *take_idle(struct client_host *host)
{
	struct async_link_ *first;

	while ((first = list_pop(&host->idle))) {
		struct client_link *link = container_of(first, struct client_link, link);

		async_handle_cancel(&link->expiry);
		link->reused = true;
		if (is_alive(link))
			return link;
		link_free(link);
	}
	return NULL;
}

void client_link_release(struct client_link *link, bool keep)
{
	struct client_host *host = link->host;
	const struct async_session *session = host->session;

	if (keep && !session->closing &&
	    !async_call_later(&link->expiry, session->options.idle_seconds, expired, link))
		list_prepend(&host->idle, &link->link);
	else
		link_free(link);
	client_permit_release(host);
}

void client_pool_drop_idle(struct async_session *session)
{
	for (size_t i = 0; i < HOST_BUCKETS; i++) {
		struct client_host *host = session->hosts[i];

		while (host) {
			struct client_host *next = host->next;
			struct async_link_ *first;

			while ((first = list_pop(&host->idle)))
				link_free(container_of(first, struct client_link, link));
			host_forget(host);
			host = next;
		}
	}
}

int await_client_permit(struct async_response *response, struct client_host **host,
			struct client_link **link)
{
	struct async_session *session = response->session;
	int error = async_cancelled();

	if (error)
		return error;
	if (session->closing)
		return async_fail(-ESHUTDOWN, "the session is being closed");
	*host = host_of(session, &response->url);
	if (!*host)
		return -ENOMEM;
	/* Where there is room in all, those who wait do so for another host. */
	if (has_room(*host) && !(*host)->waiting)
		take(*host);
	else
		error = await_turn(response, *host);
	if (!error)
		*link = take_idle(*host);
	return error;
}

/* ---- New ones ---- */

static async_stream *await_open(struct async_response *response, struct client_host *host)
{
	const async_session_options *options = &host->session->options;
	async_stream_options stream_options = { .limit = response->limits.head_bytes + 65536u };
	async_stream *stream = await_connect_stream_with(host->address, NULL, &stream_options);
	int error;

	if (!stream || !host->secure)
		return stream;
	error = options->start_tls(stream, options->tls, host->name);
	if (!error)
		return stream;
	async_stream_abort(stream);
	return NULL;
}

struct client_link *await_client_connect(struct async_response *response, struct client_host *host)
{
	const async_session_options *options = &host->session->options;
	struct client_link *link = calloc(1, sizeof *link);
	struct client_limit limit;

	if (!link) {
		async_fail(-ENOMEM, "no memory for a connection");
	} else if (host->secure && !options->start_tls) {
		async_fail(-EPROTONOSUPPORT,
			   "%s: this session has no TLS (session option ASYNC_CLIENT_TLS)",
			   host->origin);
	} else {
		client_limit_begin(&limit, response, "connecting", options->connect_seconds,
				   "connect_seconds");
		link->host = host;
		link->stream = await_open(response, host);
		if (client_limit_end(&limit, link->stream ? 0 : async_error_code()) &&
		    link->stream) {
			async_stream_abort(link->stream);
			link->stream = NULL;
		}
		if (link->stream)
			return link;
	}
	free(link);
	client_permit_release(host);
	return NULL;
}
