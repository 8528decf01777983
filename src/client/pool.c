/* SPDX-License-Identifier: MIT */
/*
 * Connections of a session: how many at a time, who is next, which are kept. A right to a
 * connection is taken before it is made and given back after its answer; who must wait is served in
 * order, but nobody waits behind one whose host has no room.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/net.h>
#include <await/run.h>
#include "base/base.h"
#include "client/outgoing.h"
#include "http/bytes.h"

struct waiter {
	struct async_link_ link;
	struct client_host *host;
	async_event granted;
};

/* ---- Hosts ---- */

static struct client_host **bucket_of(struct async_session *session, async_url_part key)
{
	return &session->hosts[bytes_hash(key.data, key.size) % HOST_BUCKETS];
}

/*
 * The origin, and behind it whatever else makes a connection another one. A proxy that is asked
 * itself has one name for all of its targets. The origin alone, which is what a URL begins with, is
 * not copied; else *made is the caller's to free.
 */
static async_url_part key_of(struct async_outgoing *request, char **made)
{
	async_url_part origin = { request->url.href, request->url.path_ };
	const async_call *call = request->call;
	const char *as = call->server_name ? " as " : "", *name = call->server_name;

	*made = NULL;
	if (!call->tls && !call->server_name && !request->proxy)
		return origin;
	if (client_proxy_is_asked(request))
		origin = (async_url_part){ "http", 4 };
	if (asprintf(made, "%.*s by %p through %p%s%s", ASYNC_URL_PART(origin), (void *)call->tls,
		     (void *)request->proxy, as, name ? name : "") < 0) {
		*made = NULL;
		return (async_url_part){ NULL, 0 };
	}
	return (async_url_part){ *made, strlen(*made) };
}

static struct client_host *host_new(struct async_session *session, async_url_part key)
{
	struct client_host *host = calloc(1, sizeof *host + key.size);
	struct client_host **bucket = bucket_of(session, key);

	if (!host)
		return NULL;
	host->session = session;
	host->key_size = key.size;
	memcpy(host->key, key.data, key.size);
	host->next = *bucket;
	*bucket = host;
	return host;
}

static struct client_host *host_of(struct async_outgoing *request)
{
	struct async_session *session = request->session;
	struct client_host *host = NULL;
	char *made;
	async_url_part key = key_of(request, &made);

	if (key.data) {
		host = *bucket_of(session, key);
		while (host &&
		       (host->key_size != key.size || memcmp(host->key, key.data, key.size) != 0))
			host = host->next;
		if (!host)
			host = host_new(session, key);
	}
	free(made);
	if (!host)
		async_fail(-ENOMEM, "no memory for a connection");
	return host;
}

/* A list of a million hosts must not stay in memory. */
static void host_forget(struct client_host *host)
{
	struct client_host **at =
		bucket_of(host->session, (async_url_part){ host->key, host->key_size });

	if (host->busy || host->waiting || host->idle.first)
		return;
	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
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

/* It waits no more, though it does not know yet: whoever comes before it has run must not queue up
 * behind it, where nobody would look for him. */
static void grant(struct waiter *waiter)
{
	waiter->host->waiting--;
	take(waiter->host);
	async_event_set(&waiter->granted);
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
		grant(waiter);
	}
	host_forget(host);
}

static int await_turn(struct async_outgoing *request, struct client_host *host)
{
	struct waiter waiter = { .host = host, .granted = ASYNC_EVENT };
	struct client_limit limit;
	int error;

	host->waiting++;
	list_append(&host->session->queue, &waiter.link);
	client_trace(&request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_CONNECTION_QUEUED_START,
					  .url = request->url.href });
	client_limit_begin(&limit, &request->watch,
			   "waiting for a connection (session options "
			   "`connections`, `per_host`)",
			   WATCH_QUEUE);
	error = await_event(&waiter.granted);
	error = (int)client_limit_end(&limit, error);
	client_trace(&request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_CONNECTION_QUEUED_END,
					  .url = request->url.href,
					  .error = error });
	if (!error && !host->session->closing)
		return 0;
	if (!error)
		error = async_fail(-ESHUTDOWN, "the session is being closed");
	if (async_event_is_set(&waiter.granted))
		client_permit_release(host); /* to the next one */
	else {
		list_remove(&host->session->queue, &waiter.link);
		host->waiting--;
		host_forget(host);
	}
	return error;
}

/* ---- Connections that are kept ---- */

/* It is not idle any more; its host's list is the caller's business. */
static void leave_idle(struct client_link *link)
{
	async_handle_cancel(&link->expiry);
	list_remove(&link->host->session->idle, &link->aged);
	link->host->session->idle_count--;
}

static void link_free(struct client_link *link, bool idle)
{
	/* A server need not hear of a reset where there was nothing to reset. */
	if (idle)
		async_stream_drop(link->stream);
	else
		async_stream_abort(link->stream);
	free(link);
}

static void expired(void *arg)
{
	struct client_link *link = arg;
	struct client_host *host = link->host;

	leave_idle(link);
	list_remove(&host->idle, &link->link);
	link_free(link, true);
	host_forget(host);
}

/* What is kept counts as what is used does: a list of a million hosts must not keep a connection to
 * each. The one that was not used for the longest time goes. */
static void make_room(struct async_session *session)
{
	while (session->idle_count &&
	       session->idle_count + session->busy > session->options.connections)
		expired(container_of(session->idle.first, struct client_link, aged));
}

/* The server may have closed it meanwhile, or said something that nobody asked for: with TLS that
 * is its close_notify, most likely. */
static bool is_alive(const struct client_link *link)
{
	int fd = async_stream_descriptor(link->stream); /* none for TLS in TLS */

	if (async_stream_readable(link->stream) || async_stream_at_eof(link->stream))
		return false;
	return fd < 0 || async_try_poll(fd, POLLIN) == 0;
}

static struct client_link *take_idle(struct client_host *host)
{
	struct async_link_ *first;

	while ((first = list_pop(&host->idle))) {
		struct client_link *link = container_of(first, struct client_link, link);

		leave_idle(link);
		link->reused = true;
		if (is_alive(link))
			return link;
		link_free(link, true);
	}
	return NULL;
}

void client_link_release(struct client_link *link, double idle_seconds)
{
	struct client_host *host = link->host;
	struct async_session *session = host->session;

	if (idle_seconds > session->options.idle_seconds)
		idle_seconds = session->options.idle_seconds;
	if (idle_seconds > 0 && !session->closing &&
	    !async_call_later(&link->expiry, idle_seconds, expired, link)) {
		list_prepend(&host->idle, &link->link);
		list_append(&session->idle, &link->aged);
		session->idle_count++;
	} else {
		link_free(link, idle_seconds > 0);
	}
	client_permit_release(host);
}

async_stream *client_link_part(struct client_link *link)
{
	struct client_host *host = link->host;
	async_stream *stream = link->stream;

	free(link);
	client_permit_release(host);
	return stream;
}

static void drop_idle(struct client_host *host)
{
	struct async_link_ *first;

	while ((first = list_pop(&host->idle))) {
		struct client_link *link = container_of(first, struct client_link, link);

		leave_idle(link);
		link_free(link, true);
	}
}

void client_pool_close(struct async_session *session)
{
	/* Who waits finds the session closing. */
	while (session->queue.first)
		grant((struct waiter *)list_pop(&session->queue));
	for (size_t i = 0; i < HOST_BUCKETS; i++) {
		struct client_host *host = session->hosts[i];

		while (host) {
			struct client_host *next = host->next;

			drop_idle(host);
			host_forget(host);
			host = next;
		}
	}
}

int await_client_permit(struct async_outgoing *request, struct client_host **host,
			struct client_link **link)
{
	struct async_session *session = request->session;
	int error = async_cancelled();

	if (error)
		return error;
	if (session->closing)
		return async_fail(-ESHUTDOWN, "the session is being closed");
	*host = host_of(request);
	if (!*host)
		return -ENOMEM;
	/* Where there is room in all, those who wait do so for another host. */
	if (has_room(*host) && !(*host)->waiting)
		take(*host);
	else
		error = await_turn(request, *host);
	if (error)
		return error;
	/* After a connection that had been closed the others most likely have been, too. */
	if (request->fresh)
		drop_idle(*host);
	*link = take_idle(*host);
	if (!*link)
		make_room(session);
	return 0;
}
