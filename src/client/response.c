/* SPDX-License-Identifier: MIT */
/* An answer, and its body, taken from its framing and its coding as it is asked for. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "client/outgoing.h"
#include "http/field.h"

/* ---- The connection under it ---- */

/* How long the server keeps it, if it says so, and a margin on the safe side, since the request
 * that would come last is the one that is lost. */
static double kept_for(struct async_response *response)
{
	const struct http_field *field =
		http_field_known(&response->head.fields, HTTP_NAME_KEEP_ALIVE);
	const char *at = field ? memmem(response->block + field->value.at, field->value.size,
					"timeout=", 8) :
				 NULL;
	double seconds;

	if (!at)
		return INFINITY;
	/* The head ends in a line end, so the number does, too. */
	seconds = (double)strtoul(at + 8, NULL, 10);
	return seconds > 2 ? seconds - 1 : seconds / 2;
}

static void give_back(struct async_response *response, bool keep)
{
	struct client_link *link = response->link;

	if (!link)
		return;
	response->link = NULL;
	client_link_release(link, keep ? kept_for(response) : 0);
}

/* The body is complete. What lies behind it belongs to nobody. */
static void over(struct async_response *response)
{
	response->ended = true;
	client_watch_phase(&response->watch, ASYNC_CALL_DONE);
	give_back(response, response->head.framing.keep_alive && response->body.done &&
				    !response->unsent && response->body.kind != HTTP_UNTIL_CLOSE &&
				    !async_stream_readable(response->link->stream));
}

int client_response_broken(struct async_response *response, int error)
{
	client_blame(&response->url, error);
	response->error = client_watch_failed(&response->watch, error);
	give_back(response, false);
	return error;
}

void client_response_sever(struct async_response *response)
{
	if (response->stream)
		async_stream_abort(response->stream);
	response->stream = NULL;
	/* The facts may lie on a stack that is gone. */
	if (response->link)
		response->error = -ESHUTDOWN;
	give_back(response, false);
}

/* ---- Framing ---- */

static int cut_short(struct async_response *response)
{
	if (response->body.kind == HTTP_LENGTH)
		return client_response_broken(
			response,
			async_fail(-ENODATA,
				   "the server hung up %llu bytes before the end of the body",
				   (unsigned long long)response->body.left));
	return client_response_broken(
		response, async_fail(-ENODATA, "the server hung up before the end of the body"));
}

/* What stands behind the last chunk, copied out of the stream. `end`: where it ends. */
static void keep_trailers(struct async_response *response, const char *end)
{
	size_t size = response->body.chunked.trailers;

	response->trailers_block = arena_bytes(&response->arena, size + 1);
	if (response->trailers_block)
		memcpy(response->trailers_block, end - size, size);
}

static void told_received(struct async_response *response, size_t size, bool data)
{
	if (!data)
		return;
	response->watch.facts->received += size;
	client_trace(&response->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_RESPONSE_CHUNK_RECEIVED,
					  .method = response->method,
					  .url = response->url.href,
					  .size = size });
}

/* Bytes as they are framed; 0 at the end. */
static ssize_t await_framed(struct async_response *response, const char **data)
{
	size_t least = 1, used;
	struct http_slice piece;
	const char *bytes;

	if (response->body.done && !response->ended)
		over(response); /* its last piece has been used by now */
	while (!response->ended) {
		struct client_limit limit;
		ssize_t n;
		int what;

		client_limit_begin(&limit, &response->watch, "waiting for the body", WATCH_READ);
		n = await_stream_peek(response->link->stream, least, &bytes);
		n = client_limit_end(&limit, n);
		/* Who was cancelled, or by a limit of his own, may come back. */
		if (n < 0)
			return n == async_cancelled() ? n :
							client_response_broken(response, (int)n);
		if (n < (ssize_t)least) {
			if (response->body.kind != HTTP_UNTIL_CLOSE)
				return cut_short(response);
			response->body.done = true;
			over(response);
			break;
		}
		what = http_body_next(&response->body, bytes, (size_t)n, &used, &piece);
		if (what < 0)
			return client_response_broken(response, what);
		told_received(response, piece.size, what == HTTP_DATA);
		if (what == HTTP_END && response->trailers.fields.count)
			keep_trailers(response, bytes + used);
		async_stream_consume(response->link->stream, used);
		if (what == HTTP_DATA) {
			*data = bytes + piece.at;
			return piece.size;
		}
		if (what == HTTP_END)
			over(response);
		least = (size_t)n - used + 1;
	}
	return 0;
}

/* ---- Coding ---- */

static ssize_t await_decoded(struct async_response *response, const char **data)
{
	struct body_coding *coding = response->coding;

	for (;;) {
		ssize_t n = body_coding_next(coding, data);

		if (n < 0)
			return client_response_broken(response, (int)n);
		if (n || coding->over)
			return n;
		n = await_framed(response, &coding->data);
		if (n < 0)
			return n;
		coding->size = (size_t)n;
		coding->over = !n;
	}
}

/* Unknown codings, several, and parts of what is coded are left to the caller, who sees the field. */
static int begin_decoding(struct async_response *response)
{
	const struct http_field *field =
		http_field_known(&response->head.fields, HTTP_NAME_CONTENT_ENCODING);
	const char *value;

	if (!field || http_field_next(&response->head.fields, field) ||
	    response->head.status == 206 || response->session->options.keep_encoded ||
	    response->body.done)
		return 0;
	value = response->block + field->value.at;
	if (!http_coding_available(http_coding_find(value, field->value.size)))
		return 0;
	return body_coding_new(value, field->value.size, response->session->options.body_ratio,
			       &response->coding);
}

int client_response_begin_body(struct async_response *response)
{
	http_head_begin(&response->trailers, &response->session->limits, response->trailing);
	http_body_begin(&response->body, &response->head.framing, &response->trailers);
	client_watch_phase(&response->watch, ASYNC_CALL_BODY);
	if (response->body.kind == HTTP_TUNNEL) {
		/* No body: what follows waits in the stream for who takes that. */
		client_watch_phase(&response->watch, ASYNC_CALL_DONE);
		response->body.done = true;
		return 0;
	}
	response->ended = false;
	if (response->body.done) {
		over(response);
		return 0;
	}
	return begin_decoding(response);
}

/* ---- Life ---- */

struct async_response *client_response_new(struct async_outgoing *request)
{
	static const struct async_response nothing;
	struct async_response *response = malloc(sizeof *response);

	if (!response) {
		async_fail(-ENOMEM, "no memory for an answer");
		return NULL;
	}
	memcpy(response, &nothing, offsetof(struct async_response, fields));
	response->session = request->session;
	response->ended = response->body.done = true;
	arena_begin(&response->arena, response->first, sizeof response->first);
	response->method = arena_text(&response->arena, request->method, strlen(request->method));
	if (!response->method || async_url_copy(&request->url, &response->url)) {
		arena_end(&response->arena);
		free(response);
		async_fail(-ENOMEM, "no memory for an answer");
		return NULL;
	}
	client_session_enter(response->session);
	list_append(&response->session->answers, &response->open);
	return response;
}

/* A head in memory, in place of one that came. */
static int make_head(struct async_response *response, int status, const async_http_field *fields,
		     size_t count, size_t size)
{
	enum http_method asked = http_method_find(response->method, strlen(response->method));
	size_t room = 256;
	struct http_writer writer;
	ssize_t n;

	for (size_t i = 0; i < count; i++) {
		if (!fields[i].name || !fields[i].value)
			return async_fail(-EINVAL, "a field without a name, or without a value");
		room += strlen(fields[i].name) + strlen(fields[i].value) + 4;
	}
	response->block = arena_bytes(&response->arena, room + 1);
	if (!response->block)
		return async_fail(-ENOMEM, "no memory for an answer");
	http_write_begin(&writer, response->block, room);
	http_write_response(&writer, 1, asked, (unsigned int)status, NULL);
	for (size_t i = 0; i < count; i++)
		http_write_text(&writer, fields[i].name, fields[i].value);
	if (!writer.bodiless)
		http_write_length(&writer, size);
	n = http_write_end(&writer, NULL);
	http_head_begin(&response->head, &response->session->limits, response->fields);
	if (n > 0)
		n = http_response_parse(&response->head, asked, response->block, (size_t)n);
	return n < 0 ? (int)n : 0;
}

async_response *async_outgoing_answer(async_outgoing *request, int status,
				      const async_http_field *fields, size_t count,
				      const void *body, size_t size)
{
	struct async_response *response;

	if (status < 200 || status > 999) {
		async_fail(-EINVAL, "async_outgoing_answer: %d is no final status", status);
		return NULL;
	}
	response = client_response_new(request);
	if (!response)
		return NULL;
	response->whole = malloc(size + 1);
	if (!response->whole)
		async_fail(-ENOMEM, "no memory for an answer");
	if (!response->whole || make_head(response, status, fields, count, size)) {
		async_response_free(response);
		return NULL;
	}
	memcpy(response->whole, body ? body : "", size);
	response->whole[size] = '\0';
	response->whole_size = response->piece_size = size;
	response->piece = response->whole;
	response->complete = true;
	return response;
}

void client_steps_free(struct client_step *steps)
{
	while (steps) {
		struct client_step *next = steps->next;

		free(steps);
		steps = next;
	}
}

void async_response_free(async_response *response)
{
	if (!response)
		return;
	if (response->stream)
		async_stream_abort(response->stream);
	if (response->link && response->body.done && !response->ended)
		over(response);
	give_back(response, false);
	if (response->coding)
		body_coding_free(response->coding);
	client_steps_free(response->steps);
	arena_end(&response->arena);
	async_url_free(&response->url);
	free(response->whole);
	list_remove(&response->session->answers, &response->open);
	client_session_leave(response->session);
	free(response);
}

/* ---- Reading ---- */

int client_response_reading(const struct async_response *response)
{
	int error = async_cancelled();

	if (error)
		return error;
	if (!response)
		return async_error_code() ? async_error_code() : -EINVAL;
	return response->error;
}

ssize_t await_response_chunk(async_response *response, const char **data)
{
	ssize_t n = client_response_reading(response);

	if (n)
		return n;
	if (response->piece_size) {
		n = (ssize_t)response->piece_size;
		*data = response->piece;
		response->piece_size = 0;
		return n;
	}
	return response->coding ? await_decoded(response, data) : await_framed(response, data);
}

ssize_t await_response_read(async_response *response, void *data, size_t size)
{
	const char *piece;
	ssize_t n = await_response_chunk(response, &piece);

	if (n <= 0)
		return n;
	if ((size_t)n > size) {
		response->piece = piece + size;
		response->piece_size = (size_t)n - size;
		n = (ssize_t)size;
	}
	memcpy(data, piece, (size_t)n);
	return n;
}
