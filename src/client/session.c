/* SPDX-License-Identifier: MIT */
/* Sessions, and requests from a URL to an answer: redirects, and the one retry that is safe. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include "base/base.h"
#include "client/client.h"

static const double IDLE_SECONDS = 15, TOTAL_SECONDS = 300, CONNECT_SECONDS = 30;

enum { CONNECTIONS = 100, REDIRECTS = 10, BODY_BYTES = 64 << 20 };

/* ---- Sessions ---- */

static double or_default(double seconds, double usual)
{
	return seconds > 0 ? seconds : usual;
}

async_session *async_session_new_(const async_session_options *options,
				  int (*start_tls)(async_stream *, async_tls *, const char *))
{
	async_session *session = calloc(1, sizeof *session);
	async_session_options *own;

	if (!session) {
		async_fail(-ENOMEM, "no memory for a session");
		return NULL;
	}
	own = &session->options;
	if (options)
		*own = *options;
	if (!own->start_tls)
		own->start_tls = start_tls;
	if (!own->connections)
		own->connections = CONNECTIONS;
	if (!own->body_bytes)
		own->body_bytes = BODY_BYTES;
	if (!own->redirects)
		own->redirects = REDIRECTS;
	if (!own->user_agent)
		own->user_agent = "libawait";
	own->idle_seconds = or_default(own->idle_seconds, IDLE_SECONDS);
	own->total_seconds = or_default(own->total_seconds, TOTAL_SECONDS);
	own->connect_seconds = or_default(own->connect_seconds, CONNECT_SECONDS);
	own->read_seconds = or_default(own->read_seconds, INFINITY);
	return session;
}

int await_session_close(async_session *session)
{
	int error = 0;

	if (!session)
		return 0;
	session->closing = true;
	client_pool_drop_idle(session);
	while (session->open && !error) {
		async_event_clear(&session->changed);
		error = await_event(&session->changed);
	}
	if (!session->open) {
		free(session);
		return 0;
	}
	session->orphaned = true; /* the last answer frees it */
	return error;
}

static void close_default(void *session)
{
	await_session_close(session);
}

static async_session *default_session(int (*start_tls)(async_stream *, async_tls *, const char *))
{
	static const char key;
	async_session *session = async_loop_value(&key);

	if (session)
		return session;
	session = async_session_new_(NULL, start_tls);
	if (session && async_loop_set_value(&key, session, close_default)) {
		free(session);
		return NULL;
	}
	return session;
}

/* ---- Answers ---- */

static struct async_response *response_new(async_session *session, const char *url,
					   const async_call *call)
{
	struct async_response *response = malloc(sizeof *response);
	static const struct async_response nothing;

	if (!response) {
		async_fail(-ENOMEM, "no memory for an answer");
		return NULL;
	}
	memcpy(response, &nothing, offsetof(struct async_response, fields));
	response->session = session;
	response->limits = http_limits_default;
	response->total_seconds = or_default(call->total_seconds, session->options.total_seconds);
	response->body.done = true;
	response->ended = true;
	response->deadline = async_now() + response->total_seconds;
	arena_begin(&response->arena, response->first, sizeof response->first);
	if (async_url_parse(url, NULL, &response->url)) {
		free(response);
		return NULL;
	}
	session->open++;
	return response;
}

void async_response_free(async_response *response)
{
	struct async_session *session;

	if (!response)
		return;
	session = response->session;
	client_response_reset(response);
	arena_end(&response->arena);
	async_url_free(&response->url);
	free(response->whole);
	free(response->credentials);
	free(response);
	session->open--;
	if (session->orphaned && !session->open)
		free(session);
	else
		async_event_set(&session->changed);
}

/* ---- Requests ---- */

static bool is_idempotent(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (!strcmp(method, methods[i]))
			return true;
	}
	return false;
}

/* A connection that was kept may have been closed at the very moment: nobody has seen the request,
 * or it does no harm to ask again (RFC 9110, 9.2.2). */
static bool may_retry(const struct async_response *response, const char *method, int error)
{
	return response->link->reused && !response->heard && is_idempotent(method) &&
	       (error == -ECONNRESET || error == -EPIPE || error == -ECONNABORTED);
}

/* One request, on whichever connection. */
static int await_turn(struct async_response *response, const char *method, const async_call *call,
		      const struct client_turn *turn)
{
	struct client_host *host;
	int error, attempt = 0;

	do {
		client_response_reset(response);
		error = await_client_permit(response, &host, &response->link);
		if (error)
			return error;
		/* The second attempt gets a connection that nobody can have closed. */
		if (response->link && attempt) {
			client_link_release(response->link, false);
			response->link = NULL;
			continue;
		}
		if (!response->link)
			response->link = await_client_connect(response, host);
		if (!response->link)
			return async_error_code();
		error = await_client_exchange(response, method, call, turn);
	} while (error && may_retry(response, method, error) && !attempt++);
	return error ? error : client_response_begin_body(response);
}

/* 301 and 302 turn POST into GET, as everybody does; 303 everything but HEAD (RFC 9110, 15.4). */
static const char *method_after(unsigned int status, const char *method)
{
	if (status == 303 && strcmp(method, "HEAD"))
		return "GET";
	if ((status == 301 || status == 302) && !strcmp(method, "POST"))
		return "GET";
	return method;
}

static const char *redirect_of(struct async_response *response)
{
	switch (response->head.status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return async_response_header(response, "Location");
	default:
		return NULL;
	}
}

static int follow(struct async_response *response, const char *location, const async_url *first,
		  struct client_turn *turn)
{
	int most = response->session->options.redirects;
	int error;

	if (++response->redirects >= most)
		return async_fail(-ELOOP,
				  "%d redirects, the last to %.200s (session option "
				  "`redirects`: %d)",
				  response->redirects, location, most);
	error = async_url_redirect(&response->url, location);
	if (error)
		return error; /* its text names the location */
	turn->same_origin = turn->same_origin && async_url_same_origin(&response->url, first);
	if (!turn->same_origin) {
		free(response->credentials);
		response->credentials = NULL;
	}
	return client_take_credentials(response);
}

static int await_answer(struct async_response *response, const char *method, const async_call *call,
			const async_url *first)
{
	struct client_turn turn = { .same_origin = true, .with_body = call->body != NULL };

	for (;;) {
		int error = await_turn(response, method, call, &turn);
		const char *location, *next;

		if (error)
			return error;
		location = response->session->options.redirects > 0 && strcmp(method, "HEAD") ?
				   redirect_of(response) :
				   NULL;
		if (!location)
			return 0;
		next = method_after(response->head.status, method);
		turn.with_body = turn.with_body && next == method;
		method = next;
		error = follow(response, location, first, &turn);
		if (error)
			return error;
	}
}

async_response *await_http_request(async_session *session, const char *method, const char *url,
				   const async_call *call)
{
	static const async_call nothing;
	struct async_response *response;
	async_url first;
	int error;

	if (!session || !method || !url) {
		async_fail(-EINVAL, "await_http_request: session, method and URL must not be NULL");
		return NULL;
	}
	if (!call)
		call = &nothing;
	response = response_new(session, url, call);
	if (!response)
		return NULL;
	error = client_take_credentials(response);
	if (!error)
		error = async_url_copy(&response->url, &first);
	if (!error) {
		error = await_answer(response, method, call, &first);
		async_url_free(&first);
	}
	if (!error)
		return response;
	async_response_free(response);
	return NULL;
}

async_response *await_session_get(async_session *session, const char *url)
{
	return await_http_request(session, "GET", url, NULL);
}

async_response *await_session_post(async_session *session, const char *url, const char *type,
				   const void *body, size_t size)
{
	async_call call = { .type = type, .body = body, .size = size };

	return await_http_request(session, "POST", url, &call);
}

async_response *await_http_get_(const char *url,
				int (*start_tls)(async_stream *, async_tls *, const char *))
{
	async_session *session;
	int error = async_cancelled();

	if (error) {
		async_fail(error, "await_http_get");
		return NULL;
	}
	session = default_session(start_tls);
	return session ? await_session_get(session, url) : NULL;
}
