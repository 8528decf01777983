/* SPDX-License-Identifier: MIT */
/* Sessions: their options, and their end. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include "client/client.h"
#include "client/proxy.h"

static const double IDLE_SECONDS = 15, RETRY_RATIO = 0.1;

enum { CONNECTIONS = 100, REDIRECTS = 10, BODY_BYTES = 64 << 20 };

static int take_numbers(async_session_options *own, struct http_limits *limits)
{
	if (!own->connections)
		own->connections = CONNECTIONS;
	if (!own->body_bytes)
		own->body_bytes = BODY_BYTES;
	if (!own->body_ratio)
		own->body_ratio = BODY_CODING_RATIO;
	if (!own->redirects)
		own->redirects = REDIRECTS;
	if (isnan(own->idle_seconds) || isnan(own->retry_ratio))
		return async_fail(-EINVAL, "session options idle_seconds and retry_ratio: a number "
					   "that is none");
	if (own->line_bytes > UINT16_MAX || own->field_bytes > UINT16_MAX ||
	    own->head_bytes > UINT32_MAX / 2 || own->head_fields > CLIENT_FIELDS)
		return async_fail(
			-EINVAL,
			"session options: line_bytes and field_bytes are at most 65535, head_fields %d, "
			"head_bytes 2 GiB",
			CLIENT_FIELDS);
	if (client_watch_check(own))
		return -EINVAL;
	limits->line_bytes = (uint32_t)own->line_bytes;
	limits->field_bytes = (uint16_t)own->field_bytes;
	limits->head_bytes = (uint32_t)own->head_bytes;
	limits->fields = (uint16_t)own->head_fields;
	http_limits_fill(limits);
	if (!own->idle_seconds)
		own->idle_seconds = IDLE_SECONDS;
	if (!own->retry_ratio)
		own->retry_ratio = RETRY_RATIO;
	return 0;
}

static int check_fields(const async_http_field *fields, size_t count, const char *option)
{
	for (size_t i = 0; i < count; i++) {
		if (!fields[i].name)
			return async_fail(-EINVAL, "session option %s: a field without a name",
					  option);
	}
	return 0;
}

/* ---- Copies ---- */

static bool copy_fields(struct arena *arena, const async_http_field **fields, size_t count)
{
	async_http_field *copy;

	if (!count)
		return true;
	copy = arena_alloc(arena, count * sizeof *copy);
	if (!copy)
		return false;
	for (size_t i = 0; i < count; i++) {
		copy[i] = (*fields)[i];
		if (!arena_keep(arena, &copy[i].name) || !arena_keep(arena, &copy[i].value))
			return false;
	}
	*fields = copy;
	return true;
}

/* In place of a list its copy. */
static bool copy_list(struct arena *arena, const void **list, size_t size)
{
	void *copy;

	if (!size)
		return true;
	copy = arena_alloc(arena, size);
	if (copy)
		*list = memcpy(copy, *list, size);
	return copy;
}

static int take_texts(struct async_session *session)
{
	async_session_options *own = &session->options;
	struct arena *arena = &session->arena;

	if (check_fields(own->fields, own->field_count, "fields") ||
	    check_fields(own->proxy_fields, own->proxy_field_count, "proxy_fields"))
		return -EINVAL;
	if (!own->user_agent)
		own->user_agent = "libawait";
	if (!own->charset)
		own->charset = "utf-8";
	own->charset = arena_lower(arena, own->charset, strlen(own->charset));
	if (arena_keep(arena, &own->user_agent) && own->charset &&
	    arena_keep(arena, &own->base_url) && arena_keep(arena, &own->proxy) &&
	    arena_keep(arena, &own->unix_path) &&
	    copy_fields(arena, &own->fields, own->field_count) &&
	    copy_fields(arena, &own->proxy_fields, own->proxy_field_count) &&
	    copy_list(arena, (const void **)&own->middlewares,
		      own->middleware_count * sizeof *own->middlewares) &&
	    copy_list(arena, (const void **)&own->traces, own->trace_count * sizeof *own->traces))
		return 0;
	return async_fail(-ENOMEM, "no memory for a session");
}

/* RFC 3986, 5.2.3: what is behind the last slash of a base would be lost in joining. */
static int take_base(struct async_session *session)
{
	async_url_part path;
	int error;

	if (!session->options.base_url)
		return 0;
	error = async_url_parse(session->options.base_url, NULL, &session->base_url);
	if (error)
		return error;
	session->base = &session->base_url;
	path = async_url_path(session->base);
	if (path.data[path.size - 1] == '/')
		return 0;
	return async_fail(-EINVAL,
			  "session option base_url: the path %.*s does not end in a slash, so "
			  "that its last part would be lost",
			  ASYNC_URL_PART(path));
}

static int take_proxy(struct async_session *session)
{
	const async_session_options *options = &session->options;

	if (!options->proxy)
		return 0;
	if (options->unix_path)
		return async_fail(-EINVAL, "session options proxy and unix_path together");
	return client_proxy_find(session, options->proxy, "session option proxy") ?
		       0 :
		       async_error_code();
}

static int take_jar(struct async_session *session)
{
	const async_session_options *options = &session->options;

	if (options->no_cookies && options->cookies)
		return async_fail(-EINVAL, "session options cookies and no_cookies together");
	if (options->no_cookies)
		return 0;
	session->jar = options->cookies;
	if (session->jar)
		return 0;
	session->jar = async_cookie_jar_new(NULL);
	session->own_jar = true;
	return session->jar ? 0 : -ENOMEM;
}

async_cookie_jar *async_session_cookies(async_session *session)
{
	return session->jar;
}

/* ---- Life ---- */

static void session_free(struct async_session *session)
{
	arena_end(&session->arena);
	async_url_free(&session->base_url);
	if (session->own_jar)
		async_cookie_jar_free(session->jar);
	netrc_end(&session->netrc);
	client_proxies_free(session);
	free(session);
}

async_session *async_session_new_(const async_session_options *options,
				  int (*start_tls)(async_stream *, async_tls *, const char *))
{
	struct async_session *session = calloc(1, sizeof *session);
	int error;

	if (!session) {
		async_fail(-ENOMEM, "no memory for a session");
		return NULL;
	}
	arena_begin(&session->arena, NULL, 0);
	session->retries = RETRIES_SAVED;
	if (options)
		session->options = *options;
	if (!session->options.start_tls)
		session->options.start_tls = start_tls;
	error = take_numbers(&session->options, &session->limits);
	if (!error)
		error = take_texts(session);
	if (!error)
		error = take_base(session);
	if (!error)
		error = take_proxy(session);
	if (!error)
		error = take_jar(session);
	if (!error)
		return session;
	session_free(session);
	return NULL;
}

void client_session_enter(struct async_session *session)
{
	session->open++;
}

void client_session_leave(struct async_session *session)
{
	session->open--;
	if (session->orphaned && !session->open)
		session_free(session);
	else if (session->closing)
		async_event_set(&session->changed);
}

static void begin_end(struct async_session *session)
{
	session->closing = true;
	client_pool_close(session);
}

static void end(struct async_session *session)
{
	if (session->open)
		session->orphaned = true; /* the last answer frees it */
	else
		session_free(session);
}

int await_session_close(async_session *session)
{
	int error = 0;

	if (!session)
		return 0;
	begin_end(session);
	while (session->open && !error) {
		async_event_clear(&session->changed);
		error = await_event(&session->changed);
	}
	error = session->open ? error : 0;
	end(session);
	return error;
}

/* ---- The session that all share ---- */

/* The loop closes: its tasks have ended, so nobody is left to free an answer that is still open,
 * but somebody may later. */
static void close_default(void *arg)
{
	struct async_session *session = arg;

	begin_end(session);
	list_for_each (&session->answers, link, following)
		client_response_sever(container_of(link, struct async_response, open));
	end(session);
}

static async_session *default_session(int (*start_tls)(async_stream *, async_tls *, const char *))
{
	static const async_session_options without_cookies = { .no_cookies = true };
	static const char key;
	async_session *session = async_loop_value(&key);

	if (session)
		return session;
	session = async_session_new_(&without_cookies, start_tls);
	if (session && async_loop_set_value(&key, session, close_default)) {
		session_free(session);
		return NULL;
	}
	return session;
}

async_response *await_http_fetch_(const char *method, const char *url, const async_call *call,
				  int (*start_tls)(async_stream *, async_tls *, const char *))
{
	async_session *session;
	int error = async_cancelled();

	if (error) {
		async_fail(error, "await_http_fetch");
		return NULL;
	}
	session = default_session(start_tls);
	return session ? await_http_request(session, method, url, call) : NULL;
}

async_response *await_http_get_(const char *url,
				int (*start_tls)(async_stream *, async_tls *, const char *))
{
	return await_http_fetch_("GET", url, NULL, start_tls);
}
