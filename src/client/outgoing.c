/* SPDX-License-Identifier: MIT */
/* A request on its way: what it is made of, and what middlewares may do with it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "client/outgoing.h"
#include "http/field.h"

/* ---- Fields ---- */

/* What must not follow a redirect to somebody else (RFC 9110, 15.4). */
static bool is_for_origin(const char *name)
{
	return !strcasecmp(name, "Authorization") || !strcasecmp(name, "Cookie") ||
	       !strcasecmp(name, "Proxy-Authorization") || !strcasecmp(name, "Host");
}

/* What makes no sense once a redirect has taken the body away (ibid.). */
static bool is_about_body(const char *name)
{
	return !strncasecmp(name, "Content-", 8) || !strcasecmp(name, "Digest") ||
	       !strcasecmp(name, "Repr-Digest") || !strcasecmp(name, "Last-Modified");
}

void client_leave_origin(struct async_outgoing *request)
{
	size_t kept = 0;

	request->same_origin = false;
	free(request->credentials);
	request->credentials = NULL;
	for (size_t i = 0; i < request->field_count; i++) {
		if (!request->fields[i].value || !is_for_origin(request->fields[i].name))
			request->fields[kept++] = request->fields[i];
	}
	request->field_count = kept;
}

/* Without a value it asks for something to be left out, which harms nowhere. */
static bool goes_along(const struct async_outgoing *request, const async_http_field *field)
{
	return !field->value || ((request->same_origin || !is_for_origin(field->name)) &&
				 (!request->body_dropped || !is_about_body(field->name)));
}

const async_http_field *client_find_field(const async_http_field *fields, size_t count,
					  const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].name && !strcasecmp(fields[i].name, name))
			return &fields[i];
	}
	return NULL;
}

const char *client_field(const struct async_outgoing *request, const char *name)
{
	const async_http_field *field =
		client_find_field(request->fields, request->field_count, name);

	if (!field)
		return NULL;
	return field->value ? field->value : ""; /* left out on purpose */
}

int client_field_add(struct async_outgoing *request, const char *name, const char *value)
{
	if (request->field_count == request->field_room) {
		size_t room = request->field_room ? request->field_room * 2 : 8;
		async_http_field *larger =
			arena_alloc(&request->arena, room * sizeof *request->fields);

		if (!larger)
			return async_fail(-ENOMEM, "no memory for the fields of a request");
		if (request->field_count)
			memcpy(larger, request->fields,
			       request->field_count * sizeof *request->fields);
		request->fields = larger;
		request->field_room = room;
	}
	request->fields[request->field_count++] = (async_http_field){ name, value };
	return 0;
}

static int add_list(struct async_outgoing *request, const async_http_field *list, size_t count,
		    const async_http_field *instead, size_t instead_count)
{
	for (size_t i = 0; i < count; i++) {
		int error = 0;

		if (!list[i].name)
			return async_fail(-EINVAL, "a field without a name");
		if (goes_along(request, &list[i]) &&
		    !client_find_field(instead, instead_count, list[i].name))
			error = client_field_add(request, list[i].name, list[i].value);
		if (error)
			return error;
	}
	return 0;
}

/* The jar's, and behind them those that were given by hand, in one field (RFC 6265bis, 5.8.1). */
static int add_cookies(struct async_outgoing *request)
{
	const async_http_field *given =
		client_find_field(request->fields, request->field_count, "Cookie");
	char *kept, *both;
	size_t size;
	int error;

	if (!request->session->jar || (given && !given->value))
		return 0;
	error = async_cookie_jar_field(request->session->jar, &request->url, &kept);
	if (error || !kept)
		return error;
	size = strlen(kept) + (given ? strlen(given->value) : 0) + 3;
	both = arena_bytes(&request->arena, size);
	if (both)
		snprintf(both, size, "%s%s%s", kept, given ? "; " : "", given ? given->value : "");
	free(kept);
	if (!both)
		return async_fail(-ENOMEM, "no memory for cookies");
	if (!given)
		return client_field_add(request, "Cookie", both);
	request->fields[given - request->fields].value = both;
	return 0;
}

int await_outgoing_prepare(struct async_outgoing *request)
{
	const async_session_options *options = &request->session->options;
	const async_call *call = request->call;
	int error;

	request->field_count = 0;
	request->next = 0;
	error = add_list(request, options->fields, options->field_count, call->fields,
			 call->field_count);
	if (!error)
		error = add_list(request, call->fields, call->field_count, NULL, 0);
	if (!error)
		error = add_cookies(request);
	if (!error)
		error = await_client_credentials(request);
	return error;
}

/* ---- Beginning and end ---- */

static int add_query(struct async_outgoing *request)
{
	async_query query = { 0 };
	int error = 0;

	for (size_t i = 0; i < request->call->query_count && !error; i++) {
		const async_http_field *pair = &request->call->query[i];

		error = pair->name && pair->value ?
				async_query_add(&query, pair->name, pair->value) :
				async_fail(-EINVAL, "a pair of the query without a name or value");
	}
	if (!error && query.size)
		error = async_url_append_query(&request->url, query.data);
	async_query_free(&query);
	return error;
}

int client_outgoing_begin(struct async_outgoing *request, struct async_session *session,
			  const char *method, const char *url, const async_call *call)
{
	const async_session_options *options = &session->options;
	int error;

	/* The room at its end is not cleared. */
	memset(request, 0, offsetof(struct async_outgoing, first));
	arena_begin(&request->arena, request->first, sizeof request->first);
	request->session = session;
	request->call = call;
	request->method = method;
	request->same_origin = true;
	request->last_step = &request->steps;
	request->redirects_max = call->redirects ? call->redirects : options->redirects;
	request->upload.fd = -1;
	request->middlewares = call->middlewares ? call->middlewares : options->middlewares;
	request->middleware_count = call->middlewares ? call->middleware_count :
							options->middleware_count;
	client_session_enter(session);
	error = client_watch_begin(&request->watch, session, call);
	if (!error)
		error = async_cancelled();
	if (error)
		return error;
	if (!http_is_token(method, strlen(method)))
		return async_fail(-EINVAL, "the method \"%.40s\" is no token (RFC 9110, 9.1)",
				  method);
	if (async_url_parse(url, session->base, &request->url))
		return async_error_code();
	if (call->query_count && add_query(request))
		return async_error_code();
	return client_take_credentials(request);
}

void client_outgoing_end(struct async_outgoing *request)
{
	client_steps_free(request->steps);
	client_upload_end(&request->upload);
	async_url_free(&request->url);
	free(request->credentials);
	arena_end(&request->arena);
	client_session_leave(request->session);
}

/* ---- For middlewares ---- */

async_response *await_outgoing_next(async_outgoing *request)
{
	const async_client_middleware *middleware;
	async_response *answer;

	if (request->next == request->middleware_count)
		return await_client_exchange(request);
	middleware = &request->middlewares[request->next++];
	answer = middleware->await_handle(request, middleware->arg);
	request->next--;
	return answer;
}

const char *async_outgoing_method(const async_outgoing *request)
{
	return request->method;
}

const async_url *async_outgoing_url(const async_outgoing *request)
{
	return &request->url;
}

const char *async_outgoing_header(const async_outgoing *request, const char *name)
{
	const async_http_field *field =
		client_find_field(request->fields, request->field_count, name);

	return field ? field->value : NULL;
}

const void *async_outgoing_body(const async_outgoing *request, size_t *size)
{
	*size = request->upload.data ? request->upload.size : 0;
	return request->upload.data;
}

void *async_outgoing_context(const async_outgoing *request)
{
	return request->call->context;
}

int async_outgoing_redirects(const async_outgoing *request)
{
	return request->redirects;
}

static const char *copied(struct async_outgoing *request, const char *text)
{
	const char *copy = arena_text(&request->arena, text, strlen(text));

	if (!copy)
		async_fail(-ENOMEM, "no memory for a request");
	return copy;
}

int async_outgoing_set_method(async_outgoing *request, const char *method)
{
	const char *copy;

	if (!method || !http_is_token(method, strlen(method)))
		return async_fail(-EINVAL, "async_outgoing_set_method: no token");
	copy = copied(request, method);
	if (!copy)
		return -ENOMEM;
	request->method = copy;
	return 0;
}

int async_outgoing_set_url(async_outgoing *request, const char *url)
{
	async_url changed;
	bool elsewhere, login;
	int error;

	if (!url)
		return async_fail(-EINVAL, "async_outgoing_set_url: no URL");
	error = async_url_parse(url, &request->url, &changed);
	if (error)
		return error;
	elsewhere = !async_url_same_origin(&changed, &request->url);
	if (elsewhere)
		client_leave_origin(request);
	async_url_free(&request->url);
	request->url = changed;
	login = async_url_username(&changed).data;
	error = client_take_credentials(request);
	if (!error && login)
		error = async_outgoing_set_header(request, "Authorization", request->credentials);
	/* In place of those of the other origin. */
	return !error && elsewhere ? add_cookies(request) : error;
}

int async_outgoing_add_header(async_outgoing *request, const char *name, const char *value)
{
	const char *own_name = name ? copied(request, name) : NULL;
	const char *own_value = own_name && value ? copied(request, value) : NULL;

	if (!name)
		return async_fail(-EINVAL, "async_outgoing_add_header: a field without a name");
	if (!own_name || (value && !own_value))
		return -ENOMEM;
	return client_field_add(request, own_name, own_value);
}

int async_outgoing_set_header(async_outgoing *request, const char *name, const char *value)
{
	size_t kept = 0;

	if (!name)
		return async_fail(-EINVAL, "async_outgoing_set_header: a field without a name");
	for (size_t i = 0; i < request->field_count; i++) {
		if (strcasecmp(request->fields[i].name, name))
			request->fields[kept++] = request->fields[i];
	}
	request->field_count = kept;
	return value ? async_outgoing_add_header(request, name, value) : 0;
}

int async_outgoing_set_body(async_outgoing *request, const char *type, const void *body,
			    size_t size)
{
	const char *own = type ? copied(request, type) : NULL;

	if (type && !own)
		return -ENOMEM;
	client_upload_set_bytes(&request->upload, body, size, own);
	return 0;
}
