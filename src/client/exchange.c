/* SPDX-License-Identifier: MIT */
/* One request and the head of its answer on a connection. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <await/run.h>
#include "base/base.h"
#include "client/client.h"
#include "http/field.h"

enum { HEAD_BYTES = 4096 };

void client_limit_begin(struct client_limit *limit, const struct async_response *response,
			const char *what, double seconds, const char *option)
{
	double left = response->deadline - async_now();

	limit->what = what;
	limit->option = option;
	limit->seconds = seconds;
	if (left < seconds) {
		limit->option = "total_seconds";
		limit->seconds = response->total_seconds;
		seconds = left;
	}
	async_scope_begin(&limit->scope, seconds);
}

int64_t client_limit_end(struct client_limit *limit, int64_t result)
{
	if (async_scope_end(&limit->scope) != -ETIMEDOUT || result != -ETIMEDOUT)
		return result;
	return async_fail(-ETIMEDOUT, "%s took longer than %g s (session option `%s`)", limit->what,
			  limit->seconds, limit->option);
}

/* ---- Sending ---- */

const char *client_codings(void)
{
	static const char all[] = "gzip, deflate, br, zstd";

	if (http_coding_available(HTTP_CODING_ZSTD) && http_coding_available(HTTP_CODING_BR) &&
	    http_coding_available(HTTP_CODING_GZIP))
		return all;
	return http_coding_available(HTTP_CODING_GZIP) ? "gzip, deflate" : "identity";
}

static bool is_given(const async_call *call, const char *name)
{
	for (size_t i = 0; i < call->field_count; i++) {
		if (!strcasecmp(call->fields[i].name, name))
			return true;
	}
	return false;
}

/* What must not follow a redirect to somebody else (RFC 9110, 15.4). */
static bool is_secret(const char *name)
{
	return !strcasecmp(name, "Authorization") || !strcasecmp(name, "Cookie") ||
	       !strcasecmp(name, "Proxy-Authorization");
}

static bool is_framing(const char *name)
{
	return !strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding") ||
	       !strcasecmp(name, "Connection");
}

static void write_automatic(struct http_writer *writer, const struct async_response *response,
			    const async_call *call, bool with_body)
{
	async_url_part host = async_url_authority(&response->url);

	if (!is_given(call, "Host"))
		http_write_field(writer, "Host", 4, host.data, host.size);
	if (!is_given(call, "Accept"))
		http_write_text(writer, "Accept", "*/*");
	if (!is_given(call, "Accept-Encoding") && !response->session->options.keep_encoded)
		http_write_text(writer, "Accept-Encoding", client_codings());
	if (!is_given(call, "User-Agent"))
		http_write_text(writer, "User-Agent", response->session->options.user_agent);
	if (with_body && !is_given(call, "Content-Type"))
		http_write_text(writer, "Content-Type",
				call->type ? call->type : "application/octet-stream");
}

/* Methods whose meaning has room for a body say that there is none (RFC 9110, 8.6). */
static bool says_length(const char *method, bool with_body)
{
	return with_body || !strcmp(method, "POST") || !strcmp(method, "PUT") ||
	       !strcmp(method, "PATCH");
}

static ssize_t write_head(char *room, size_t size, const struct async_response *response,
			  const char *method, const async_call *call,
			  const struct client_turn *turn)
{
	async_url_part target = async_url_target(&response->url);
	struct http_writer writer;
	char *text = strndup(target.data, target.size);

	if (!text)
		return async_fail(-ENOMEM, "no memory for a request");
	http_write_begin(&writer, room, size);
	http_write_request(&writer, 1, method, text);
	free(text);
	write_automatic(&writer, response, call, turn->with_body);
	for (size_t i = 0; i < call->field_count; i++) {
		const async_http_field *field = &call->fields[i];

		if (is_framing(field->name))
			return async_fail(-EINVAL, "the field %s is the client's own", field->name);
		if (turn->same_origin || !is_secret(field->name))
			http_write_text(&writer, field->name, field->value);
	}
	if (response->credentials) {
		if (is_given(call, "Authorization"))
			return async_fail(-EINVAL, "credentials in the URL, and Authorization");
		http_write_text(&writer, "Authorization", response->credentials);
	}
	if (says_length(method, turn->with_body))
		http_write_length(&writer, turn->with_body ? call->size : 0);
	return http_write_end(&writer, NULL);
}

static size_t head_room(const struct async_response *response, const char *method,
			const async_call *call)
{
	size_t size = 512 + strlen(method) + response->url.size * 2u +
		      (response->credentials ? strlen(response->credentials) : 0) +
		      strlen(response->session->options.user_agent) +
		      (call->type ? strlen(call->type) : 0);

	for (size_t i = 0; i < call->field_count; i++)
		size += strlen(call->fields[i].name) + strlen(call->fields[i].value) + 4;
	return size;
}

static int await_send(struct async_response *response, const char *method, const async_call *call,
		      const struct client_turn *turn)
{
	char small[HEAD_BYTES], *room = small;
	size_t size = head_room(response, method, call);
	struct client_limit limit;
	ssize_t head;

	if (size > sizeof small)
		room = malloc(size);
	else
		size = sizeof small;
	if (!room)
		return async_fail(-ENOMEM, "no memory for a request");
	head = write_head(room, size, response, method, call, turn);
	if (head > 0) {
		struct iovec parts[2] = { { room, (size_t)head },
					  { (void *)call->body, call->size } };

		client_limit_begin(&limit, response, "sending a request", INFINITY,
				   "total_seconds");
		head = await_stream_writev(response->link->stream, parts,
					   turn->with_body && call->size ? 2 : 1);
		head = client_limit_end(&limit, head);
	}
	if (room != small)
		free(room);
	return head < 0 ? (int)head : 0;
}

/* ---- Receiving ---- */

/* A head is complete: keep a copy, in which texts can be given a zero byte. */
static int take_head(struct async_response *response, const char *data, size_t size)
{
	response->block = arena_bytes(&response->arena, size + 1);
	if (!response->block)
		return async_fail(-ENOMEM, "no memory for the head of an answer");
	memcpy(response->block, data, size);
	return async_stream_consume(response->link->stream, size);
}

static ssize_t await_one_head(struct async_response *response, enum http_method asked)
{
	async_stream *stream = response->link->stream;
	size_t had = 0;
	const char *data;
	ssize_t size = 0, n;

	http_head_begin(&response->head, &response->limits, response->fields);
	do {
		n = await_stream_peek(stream, had + 1, &data);
		if (n <= (ssize_t)had) {
			if (n < 0)
				return n;
			return had ? async_fail(-ENODATA, "the server hung up in the middle of the "
							  "head of its answer") :
				     -ECONNRESET;
		}
		had = (size_t)n;
		response->heard = true;
		size = http_response_parse(&response->head, asked, data, had);
	} while (!size);
	return size < 0 ? size : take_head(response, data, (size_t)size);
}

static int await_heads(struct async_response *response, enum http_method asked)
{
	int error;

	/* 1xx are about the request that is on its way; 101 is final (RFC 9110, 15.2). */
	do {
		error = (int)await_one_head(response, asked);
	} while (!error && response->head.status < 200 && response->head.status != 101);
	return error;
}

int await_client_exchange(struct async_response *response, const char *method,
			  const async_call *call, const struct client_turn *turn)
{
	enum http_method asked = http_method_find(method, strlen(method));
	struct client_limit limit;
	int error = await_send(response, method, call, turn);

	/* Who refuses a body may say so and hang up before it has all of it. */
	if (error && error != -EPIPE && error != -ECONNRESET)
		return error;
	client_limit_begin(&limit, response, "waiting for the answer",
			   response->session->options.read_seconds, "read_seconds");
	error = await_heads(response, asked);
	error = (int)client_limit_end(&limit, error);
	if (error == -ECONNRESET && !response->heard)
		return async_fail(-ECONNRESET, "the server hung up before it answered");
	return error;
}
