/* SPDX-License-Identifier: MIT */
/* The answer: what it says, and its body, taken from its framing and its coding as it is asked for.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "client/client.h"

enum { RATIO = 1000 }; /* what a coded body may grow to, as a multiple */

/* ---- The connection under it ---- */

static void give_back(struct async_response *response, bool keep)
{
	struct client_link *link = response->link;

	if (!link)
		return;
	response->link = NULL;
	client_link_release(link, keep);
}

/* The body is complete. What lies behind it belongs to nobody. */
static void over(struct async_response *response)
{
	response->ended = true;
	give_back(response, response->head.framing.keep_alive && response->body.done &&
				    response->body.kind != HTTP_UNTIL_CLOSE &&
				    response->body.kind != HTTP_TUNNEL &&
				    !async_stream_readable(response->link->stream));
}

static int broken(struct async_response *response, int error)
{
	response->error = error;
	give_back(response, false);
	return error;
}

/* ---- Framing ---- */

static int cut_short(struct async_response *response)
{
	if (response->body.kind == HTTP_LENGTH)
		return broken(response,
			      async_fail(-ENODATA,
					 "the server hung up %llu bytes before the end of the body",
					 (unsigned long long)response->body.left));
	return broken(response,
		      async_fail(-ENODATA, "the server hung up before the end of the body"));
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

		client_limit_begin(&limit, response, "waiting for the body",
				   response->session->options.read_seconds, "read_seconds");
		n = await_stream_peek(response->link->stream, least, &bytes);
		n = client_limit_end(&limit, n);
		if (n < 0)
			return n == -ECANCELED ? n : broken(response, (int)n);
		if (n < (ssize_t)least) {
			if (response->body.kind != HTTP_UNTIL_CLOSE)
				return cut_short(response);
			response->body.done = true;
			over(response);
			break;
		}
		what = http_body_next(&response->body, bytes, (size_t)n, &used, &piece);
		if (what < 0)
			return broken(response, what);
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
			return broken(response, (int)n);
		if (n || coding->over)
			return n;
		n = await_framed(response, &coding->data);
		if (n < 0)
			return n;
		coding->size = (size_t)n;
		coding->over = !n;
	}
}

/* Unknown codings are left to the caller, who sees the field. */
static int begin_decoding(struct async_response *response)
{
	const struct http_field *field =
		http_field_known(&response->head.fields, HTTP_NAME_CONTENT_ENCODING);
	const char *value;

	if (!field || response->session->options.keep_encoded || response->body.done)
		return 0;
	value = response->block + field->value.at;
	if (!http_coding_available(http_coding_find(value, field->value.size)))
		return 0;
	return body_coding_new(value, field->value.size, RATIO, &response->coding);
}

int client_response_begin_body(struct async_response *response)
{
	http_head_begin(&response->trailers, &response->limits, response->trailing);
	http_body_begin(&response->body, &response->head.framing, &response->trailers);
	if (response->body.done) {
		over(response);
		return 0;
	}
	return begin_decoding(response);
}

void client_response_reset(struct async_response *response)
{
	if (response->link && response->body.done && !response->ended)
		over(response);
	give_back(response, false);
	if (response->coding)
		body_coding_free(response->coding);
	response->coding = NULL;
	response->piece_size = 0;
	response->ended = response->heard = false;
	response->error = 0;
}

/* ---- Reading ---- */

static int reading(const struct async_response *response)
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
	ssize_t n = reading(response);

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

static int grow(struct async_response *response, size_t *room, size_t more)
{
	size_t wanted = *room ? *room * 2 : 16384;
	char *larger;

	if (wanted < response->whole_size + more + 1)
		wanted = response->whole_size + more + 1;
	larger = realloc(response->whole, wanted);
	if (!larger)
		return async_fail(-ENOMEM, "no memory for a body of %zu bytes", wanted);
	response->whole = larger;
	*room = wanted;
	return 0;
}

static ssize_t await_whole(struct async_response *response)
{
	size_t most = response->session->options.body_bytes, room = 0;
	const char *piece;
	ssize_t n;
	int error = grow(response, &room, 0);

	while (!error && (n = await_response_chunk(response, &piece)) != 0) {
		if (n < 0)
			return n;
		if ((size_t)n > most - response->whole_size)
			return broken(
				response,
				async_fail(-EMSGSIZE,
					   "the body is larger than %zu bytes (session option "
					   "`body_bytes`)",
					   most));
		if ((size_t)n >= room - response->whole_size)
			error = grow(response, &room, (size_t)n);
		if (!error) {
			memcpy(response->whole + response->whole_size, piece, (size_t)n);
			response->whole_size += (size_t)n;
		}
	}
	if (error)
		return error;
	response->whole[response->whole_size] = '\0';
	response->complete = true;
	return (ssize_t)response->whole_size;
}

ssize_t await_response_body(async_response *response, const char **data)
{
	ssize_t n = reading(response);

	if (n && !(response && response->complete && n != -ECANCELED))
		return n;
	if (!response->complete) {
		n = await_whole(response);
		if (n < 0)
			return n;
	}
	*data = response->whole;
	return (ssize_t)response->whole_size;
}

const char *await_response_text(async_response *response)
{
	const char *text;

	return await_response_body(response, &text) < 0 ? NULL : text;
}

/* ---- Facts ---- */

int async_response_status(const async_response *response)
{
	if (response)
		return response->head.status;
	return async_error_code() ? async_error_code() : -EINVAL;
}

int async_response_check(async_response *response)
{
	int status = async_response_status(response);

	if (status < 400)
		return status < 0 ? status : 0;
	return async_fail(-EREMOTEIO, "%s answers %d %s", async_response_url(response), status,
			  async_response_reason(response));
}

static const char *text_of(const struct async_response *response, struct http_slice slice)
{
	response->block[slice.at + slice.size] = '\0';
	return response->block + slice.at;
}

const char *async_response_reason(async_response *response)
{
	return response ? text_of(response, response->head.reason) : "";
}

const char *async_response_header(async_response *response, const char *name)
{
	const struct http_field *field = response ? http_field_find(&response->head.fields,
								    response->block, name,
								    strlen(name), NULL) :
						    NULL;

	return field ? text_of(response, field->value) : NULL;
}

const char *async_response_header_at(async_response *response, size_t i, const char **value)
{
	const struct http_field *field;

	if (!response || i >= response->head.fields.count)
		return NULL;
	field = &response->head.fields.list[i];
	*value = text_of(response, field->value);
	return text_of(response, (struct http_slice){ field->name_at, field->name_size });
}

const char *async_response_url(const async_response *response)
{
	return response ? response->url.href : "";
}

int async_response_redirects(const async_response *response)
{
	return response ? response->redirects : 0;
}

int64_t async_response_length(const async_response *response)
{
	const struct http_field *field =
		response ? http_field_known(&response->head.fields, HTTP_NAME_CONTENT_LENGTH) :
			   NULL;

	return field ? strtoll(text_of(response, field->value), NULL, 10) : -1;
}
