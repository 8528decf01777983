/* SPDX-License-Identifier: MIT */
/* CONNECT: one request, and the head of its answer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/scope.h>
#include "base/base.h"
#include "client/challenge.h"
#include "client/client.h"
#include "client/tunnel.h"
#include "http/field.h"
#include "http/html.h"
#include "http/write.h"

enum { REQUEST_BYTES = 1024, SHOWN_BYTES = 80 };

static bool is_given(const struct tunnel_request *request, const char *name)
{
	return client_find_field(request->fields, request->field_count, name);
}

static int check_request(const struct tunnel_request *request)
{
	const char *authority = request->authority;

	if (!http_host_valid(authority, strlen(authority), true))
		return async_fail(-EINVAL, "a tunnel to \"%.80s\", which is no host with a port",
				  authority);
	if (is_given(request, "Content-Length") || is_given(request, "Transfer-Encoding"))
		return async_fail(-EINVAL, "CONNECT has no body, and no field about one");
	if (request->authorization && is_given(request, "Proxy-Authorization"))
		return async_fail(-EINVAL, "credentials for the proxy, and Proxy-Authorization");
	return 0;
}

/* The size, or -ENOBUFS and *needed. */
static ssize_t write_request(const struct tunnel_request *request, char *room, size_t size,
			     size_t *needed)
{
	struct http_writer writer;
	ssize_t used;

	http_write_begin(&writer, room, size);
	http_write_request(&writer, 1, "CONNECT", request->authority);
	if (!is_given(request, "Host"))
		http_write_text(&writer, "Host", request->authority);
	if (request->authorization)
		http_write_text(&writer, "Proxy-Authorization", request->authorization);
	for (size_t i = 0; i < request->field_count; i++) {
		if (request->fields[i].value)
			http_write_text(&writer, request->fields[i].name, request->fields[i].value);
	}
	used = http_write_end(&writer, NULL);
	*needed = writer.used;
	return used;
}

static int await_send_request(async_stream *stream, const struct tunnel_request *request)
{
	char small[REQUEST_BYTES], *room = small;
	size_t needed;
	ssize_t size = write_request(request, small, sizeof small, &needed);

	if (size == -ENOBUFS) {
		room = malloc(needed);
		if (!room)
			return async_fail(-ENOMEM, "no memory for a request to a proxy");
		size = write_request(request, room, needed, &needed);
	}
	if (size > 0)
		size = await_stream_write(stream, room, (size_t)size);
	explicit_bzero(small, sizeof small);
	if (room != small) {
		explicit_bzero(room, needed);
		free(room);
	}
	return size < 0 ? (int)size : 0;
}

static int keep_head(struct tunnel_answer *answer, const char *data, size_t size)
{
	answer->block = malloc(size);
	if (!answer->block)
		return async_fail(-ENOMEM, "no memory for the answer of a proxy");
	memcpy(answer->block, data, size);
	return 0;
}

/* The next head, taken from the stream. */
static int await_head(async_stream *stream, struct tunnel_answer *answer)
{
	const char *data;
	size_t had;
	ssize_t size;
	int error;

	http_head_begin(&answer->head, &answer->limits, answer->fields);
	size = await_client_peek_head(stream, &answer->head, HTTP_METHOD_CONNECT, &data, &had);
	if (!size && had)
		return async_fail(-ENODATA, "the proxy hung up in the middle of its answer");
	if (!size)
		return async_fail(-ECONNRESET, "the proxy hung up before it answered");
	if (size < 0)
		return (int)size;
	error = keep_head(answer, data, (size_t)size);
	return error ? error : async_stream_consume(stream, (size_t)size);
}

/* 1xx are about a request that is still looked at. */
static int await_final_head(async_stream *stream, struct tunnel_answer *answer)
{
	for (int heads = 0; heads <= TUNNEL_HEADS; heads++) {
		int error;

		free(answer->block);
		answer->block = NULL;
		error = await_head(stream, answer);
		if (error) {
			answer->head.status = 0;
			return error;
		}
		if (answer->head.status == 101)
			return async_fail(-EPROTO, "the proxy answers CONNECT with 101, a switch "
						   "that was not asked for");
		if (answer->head.status >= 200)
			return 0;
	}
	return async_fail(-EPROTO, "the proxy answers with more than %d heads of 1xx",
			  TUNNEL_HEADS);
}

/* "Basic, Digest": what the proxy would take, in `text`. */
static void tell_schemes(const struct tunnel_answer *answer, char *text, size_t size)
{
	const struct http_fields *fields = &answer->head.fields;
	const struct http_field *field = http_field_known(fields, HTTP_NAME_PROXY_AUTHENTICATE);
	size_t used = 0;

	*text = '\0';
	for (; field; field = http_field_next(fields, field)) {
		struct challenge_reader reader;
		struct challenge_item item;

		challenge_begin(&reader, answer->block + field->value.at, field->value.size);
		while (challenge_next(&reader, &item)) {
			if (item.kind == CHALLENGE_SCHEME && used < size)
				used += (size_t)snprintf(text + used, size - used, "%s%.*s",
							 used ? ", " : "", (int)item.name_size,
							 item.name);
		}
	}
}

static int refuse_login(const struct tunnel_request *request, const struct tunnel_answer *answer,
			const char *reason)
{
	char schemes[SHOWN_BYTES];

	tell_schemes(answer, schemes, sizeof schemes);
	return async_fail(-EACCES,
			  "the proxy wants %s login for %s: 407 %s (it takes %s; Basic is "
			  "known here)",
			  request->authorization ? "another" : "a", request->authority, reason,
			  *schemes ? schemes : "what it does not say");
}

static int check_status(const struct tunnel_request *request, const struct tunnel_answer *answer)
{
	const struct http_slice reason = answer->head.reason;
	char shown[SHOWN_BYTES];

	if (answer->head.status < 300)
		return 0;
	http_log_escape(shown, sizeof shown, answer->block + reason.at, reason.size);
	if (answer->head.status == 407)
		return refuse_login(request, answer, shown);
	return async_fail(-EREMOTEIO, "the proxy answers CONNECT %s with %u %s", request->authority,
			  answer->head.status, shown);
}

int await_tunnel_open(async_stream *stream, const struct tunnel_request *request,
		      struct tunnel_answer *answer)
{
	int cancelled = async_cancelled();
	int error;

	answer->limits = request->limits ? *request->limits : http_limits_default;
	if (answer->limits.fields > TUNNEL_FIELDS)
		answer->limits.fields = TUNNEL_FIELDS;
	answer->block = NULL;
	answer->head.status = 0;
	if (cancelled)
		return cancelled;
	error = check_request(request);
	if (!error)
		error = await_send_request(stream, request);
	if (!error)
		error = await_final_head(stream, answer);
	return error ? error : check_status(request, answer);
}

void tunnel_answer_end(struct tunnel_answer *answer)
{
	free(answer->block);
	answer->block = NULL;
}
