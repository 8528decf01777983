/* SPDX-License-Identifier: MIT */
/* What a request says of itself. Texts are made when they are asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/base.h"
#include "http/bytes.h"
#include "http/form.h"
#include "server/server.h"

void request_begin(struct async_request *request, char *first, size_t size)
{
	arena_begin(&request->arena, first, size);
	answer_begin(&request->answer);
	request->outer = request->app = request->server ? request->server->app : NULL;
	request->route = NULL;
	request->other_method = false;
	request->body_begun = request->body_ended = request->body_over = false;
	request->next = 0;
	request->began = 0;
	request->blame = 0;
	request->blamed = 0;
	request->match = NULL;
	request->unread = NULL;
	request->piece_size = request->body_size = 0;
	request->piece = request->body = NULL;
	request->coding = NULL;
	request->text = NULL;
	request->method = request->target = request->path = request->query = NULL;
	request->host = request->scheme = request->remote = request->url = NULL;
	request->type = request->charset = NULL;
	request->json = NULL;
	request->compressor = NULL;
	request->pairs = NULL;
	request->form = NULL;
	request->values = NULL;
}

void request_end(struct async_request *request)
{
	if (unlikely(request->body))
		free(request->body);
	if (unlikely(request->arena.calls || request->arena.blocks))
		arena_end(&request->arena);
}

/* Out of memory is told as what it is, and never as a NULL that is used as text. */
static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* A slice as text. Its end is overwritten where nothing else needs the byte, else it is copied. */
static const char *copy_of(struct async_request *request, struct http_slice slice)
{
	return or_empty(arena_text(&request->arena, request->block + slice.at, slice.size));
}

const char *async_request_method(const async_request *request)
{
	struct async_request *mine = (struct async_request *)request;

	if (!mine->method)
		mine->method = request_text(mine, mine->head->method_text);
	return mine->method;
}

const char *async_request_target(async_request *request)
{
	if (!request->target)
		request->target = copy_of(request, request->head->target);
	return request->target;
}

const char *async_request_path(async_request *request)
{
	struct http_slice path = request->head->path;
	char *room;

	if (request->path)
		return request->path;
	if (!path.size)
		return request->path = "/";
	room = arena_bytes(&request->arena, path.size + 1u);
	if (!room)
		return "";
	room[async_percent_decode(room, request->block + path.at, path.size)] = '\0';
	return request->path = room;
}

const char *async_request_query(async_request *request)
{
	if (!request->query)
		request->query = copy_of(request, request->head->query);
	return request->query;
}

int async_request_minor(const async_request *request)
{
	return request->head->minor;
}

/* As many as there is room for in a request line. NULL: no memory. */
static const struct http_pairs *query_pairs(struct async_request *request)
{
	struct http_slice query = request->head->query;
	struct http_pairs *pairs;

	if (request->pairs)
		return request->pairs;
	pairs = arena_alloc(&request->arena, sizeof *pairs);
	if (!pairs || http_pairs_parse(pairs, &request->arena, request->block + query.at,
				       query.size, SIZE_MAX))
		return NULL;
	return request->pairs = pairs;
}

const char *async_request_query_nth(async_request *request, const char *name, size_t i)
{
	const struct http_pairs *pairs = query_pairs(request);
	const async_query_pair *pair = pairs ? http_pairs_find(pairs, name, i) : NULL;

	return pair ? pair->value : NULL;
}

const char *async_request_query_value(async_request *request, const char *name)
{
	return async_request_query_nth(request, name, 0);
}

const char *async_request_match(async_request *request, const char *name)
{
	int index = request->match ? http_route_find(request->match->route, name) : -1;
	size_t size;
	char *room;

	if (index < 0)
		return NULL;
	room = arena_bytes(&request->arena, request->match->values[index].size + 1);
	if (!room)
		return NULL;
	size = http_route_value(request->match, (unsigned int)index, room);
	room[size] = '\0';
	return room;
}

long async_request_match_int(async_request *request, const char *name)
{
	const char *text = async_request_match(request, name);
	long number = 0;

	if (!text)
		return async_fail(-EINVAL, "the route has no variable `%s`", name);
	for (const char *at = text; *at || at == text; at++) {
		if (!byte_is(*at, BYTE_DIGIT) || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *at - '0', &number))
			return request_blame(request, 404,
					     async_fail(-EINVAL, "`%s` in the path is no number",
							name));
	}
	return number;
}

/* ---- Fields ---- */

const char *async_request_header(async_request *request, const char *name)
{
	const struct http_field *field =
		http_field_find(&request->head->fields, request->block, name, strlen(name), NULL);

	return field ? request_text(request, field->value) : NULL;
}

const char *async_request_header_at(async_request *request, size_t i, const char **value)
{
	const struct http_field *field;

	if (i >= request->head->fields.count)
		return NULL;
	field = &request->head->fields.list[i];
	*value = request_text(request, field->value);
	return request_text(request, (struct http_slice){ field->name_at, field->name_size });
}

/* The parts of Content-Type: type, and the parameter that says how text is to be read. */
static void split_type(struct async_request *request)
{
	const char *value = async_request_header(request, "Content-Type");

	http_content_type_split(&request->arena, value, "application/octet-stream", &request->type,
				&request->charset);
}

const char *async_request_content_type(async_request *request)
{
	if (!request->type)
		split_type(request);
	return request->type;
}

const char *async_request_charset(async_request *request)
{
	if (!request->charset)
		split_type(request);
	return request->charset;
}

int64_t async_request_length(const async_request *request)
{
	const struct http_framing *framing = &request->head->framing;

	if (framing->body == HTTP_LENGTH)
		return (int64_t)framing->length;
	return framing->body == HTTP_NO_BODY ? 0 : -1;
}

bool async_request_has_body(const async_request *request)
{
	return request->head->framing.body != HTTP_NO_BODY;
}

/* ---- Where it came from ---- */

const char *async_request_host(async_request *request)
{
	if (request->host)
		return request->host;
	if (request->head->host.size)
		request->host = copy_of(request, request->head->host);
	else
		request->host = request->stream ? async_stream_name(request->stream) : "localhost";
	return request->host;
}

const char *async_request_scheme(async_request *request)
{
	if (!request->scheme)
		request->scheme =
			request->stream && async_stream_fact(request->stream, "tls_version") ?
				"https" :
				"http";
	return request->scheme;
}

const char *async_request_remote(async_request *request)
{
	const char *peer, *end;

	if (request->remote)
		return request->remote;
	peer = request->stream ? async_stream_peer(request->stream) : "";
	if (!*peer || *peer == '/' || !strncmp(peer, "unix:", 5)) {
		request->remote = "unix:";
		return request->remote;
	}
	end = *peer == '[' ? strchr(peer, ']') : strrchr(peer, ':');
	peer += *peer == '[';
	request->remote = or_empty(
		arena_text(&request->arena, peer, end ? (size_t)(end - peer) : strlen(peer)));
	return request->remote;
}

const char *async_request_url(async_request *request)
{
	const char *parts[4];
	size_t size = 0, at = 0;
	char *text;

	if (request->url)
		return request->url;
	if (request->head->form == HTTP_ABSOLUTE)
		return request->url = async_request_target(request);
	parts[0] = async_request_scheme(request);
	parts[1] = "://";
	parts[2] = async_request_host(request);
	parts[3] = async_request_target(request);
	for (size_t i = 0; i < 4; i++)
		size += strlen(parts[i]);
	text = arena_bytes(&request->arena, size + 1);
	if (!text)
		return "";
	for (size_t i = 0; i < 4; i++) {
		memcpy(text + at, parts[i], strlen(parts[i]));
		at += strlen(parts[i]);
	}
	text[at] = '\0';
	return request->url = text;
}

static int set_text(struct async_request *request, const char **text, const char *value)
{
	if (!value)
		return 0;
	*text = arena_text(&request->arena, value, strlen(value));
	return *text ? 0 : -ENOMEM;
}

int async_request_set_origin(async_request *request, const char *scheme, const char *host,
			     const char *remote)
{
	request->url = NULL;
	return set_text(request, &request->scheme, scheme) ||
			       set_text(request, &request->host, host) ||
			       set_text(request, &request->remote, remote) ?
		       async_fail(-ENOMEM, "async_request_set_origin") :
		       0;
}

async_stream *async_request_stream(const async_request *request)
{
	return request->stream;
}

async_app *async_request_app(const async_request *request)
{
	return (async_app *)request->app;
}

int async_request_set_value(async_request *request, const void *key, void *value)
{
	struct request_value *entry;

	for (entry = request->values; entry; entry = entry->next) {
		if (entry->key == key) {
			entry->value = value;
			return 0;
		}
	}
	entry = arena_alloc(&request->arena, sizeof *entry);
	if (!entry)
		return async_fail(-ENOMEM, "async_request_set_value");
	*entry = (struct request_value){ request->values, key, value };
	request->values = entry;
	return 0;
}

void *async_request_value(const async_request *request, const void *key)
{
	for (const struct request_value *entry = request->values; entry; entry = entry->next) {
		if (entry->key == key)
			return entry->value;
	}
	return NULL;
}

void *async_request_alloc(async_request *request, size_t size)
{
	void *memory = arena_alloc(&request->arena, size);

	if (!memory)
		async_fail(-ENOMEM, "async_request_alloc: %zu bytes", size);
	return memory;
}

int async_request_on_end(async_request *request, void (*call)(void *arg), void *arg)
{
	return arena_on_end(&request->arena, call, arg) ?
		       async_fail(-ENOMEM, "async_request_on_end") :
		       0;
}

bool async_request_is_ending(const async_request *request)
{
	return (request->server && http_server_is_ending(request->server)) ||
	       (request->stream && async_stream_is_ending(request->stream));
}
