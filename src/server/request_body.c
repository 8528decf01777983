/* SPDX-License-Identifier: MIT */
/* Reading the body of a request: as it comes, or as a whole; out of its content coding. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <await/sync.h>
#include <await/task.h>
#include "base/base.h"
#include "http/body_coding.h"
#include "server/server.h"

void request_body_over(struct async_request *request)
{
	request->body_ended = request->body_over = true;
	if (request->unread)
		async_event_set(request->unread);
}

/* 0, or why nothing is read. */
static int reading(const struct async_request *request)
{
	int cancelled = async_cancelled();

	if (unlikely(cancelled))
		return cancelled;
	return unlikely(!request) ? -EINVAL : 0;
}

/* ---- As it comes ---- */

int request_blame_body(struct async_request *request, int error)
{
	unsigned int status = error == -EBADMSG || error == -EILSEQ    ? 400 :
			      error == -EMSGSIZE		       ? 413 :
			      error == -EOPNOTSUPP || error == -EINVAL ? 415 :
									 0;

	return status ? request_blame(request, status, error) : error;
}

static ssize_t await_sent(struct async_request *request, const char **data)
{
	ssize_t n = request->body_ended ? 0 : request->carrier->read(request, data);

	if (!n)
		request_body_over(request);
	return n;
}

uint32_t request_body_ratio(const struct async_request *request)
{
	const struct app_route *route = request->route;
	unsigned int ratio = route	  ? route->options.body_ratio :
			     request->app ? request->app->options.body_ratio :
					    0;

	return ratio == UINT_MAX ? 0 : ratio ? ratio : BODY_CODING_RATIO;
}

/* The first time: does it have to be decoded? */
static int body_begin(struct async_request *request)
{
	const struct http_fields *fields = &request->head->fields;
	const struct http_field *field = http_field_known(fields, HTTP_NAME_CONTENT_ENCODING);
	const bool again = field && fields->repeated & HTTP_NAME_BIT(HTTP_NAME_CONTENT_ENCODING);
	int error;

	if (likely(!field) || !async_request_has_body(request))
		return 0;
	if (again)
		error = async_fail(-EOPNOTSUPP, "a body with two fields Content-Encoding");
	else
		error = body_coding_new(request->block + field->value.at, field->value.size,
					request_body_ratio(request), &request->coding);
	if (!error && request->coding &&
	    arena_on_end(&request->arena, body_coding_free, request->coding)) {
		body_coding_free(request->coding);
		request->coding = NULL;
		error = async_fail(-ENOMEM, "no memory for decoding a body");
	}
	return request_blame_body(request, error);
}

static ssize_t await_decoded(struct async_request *request, const char **data)
{
	struct body_coding *coding = request->coding;
	ssize_t n;

	while (!(n = body_coding_next(coding, data)) && !coding->over) {
		n = await_sent(request, &coding->data);
		if (n < 0)
			return n;
		coding->size = (size_t)n;
		coding->over = !n;
	}
	return n < 0 ? request_blame_body(request, (int)n) : n;
}

ssize_t await_request_chunk(async_request *request, const char **data)
{
	ssize_t n = reading(request);

	if (n)
		return n;
	if (unlikely(!request->body_begun)) {
		n = body_begin(request);
		if (n)
			return n;
		request->body_begun = true;
	}
	if (request->piece_size) {
		n = (ssize_t)request->piece_size;
		*data = request->piece;
		request->piece_size = 0;
		return n;
	}
	return unlikely(request->coding) ? await_decoded(request, data) : await_sent(request, data);
}

static ssize_t next_chunk(void *arg, const char **data)
{
	return await_request_chunk(arg, data);
}

async_source async_request_source(async_request *request)
{
	int64_t length = async_request_length(request);
	bool sized = length >= 0 && !request->body_begun &&
		     !http_field_known(&request->head->fields, HTTP_NAME_CONTENT_ENCODING);

	return (async_source){ .await_next = next_chunk,
			       .arg = request,
			       .sized = sized,
			       .size = sized ? (uint64_t)length : 0 };
}

ssize_t await_request_read(async_request *request, void *data, size_t size)
{
	const char *piece;
	ssize_t n = await_request_chunk(request, &piece);

	if (n <= 0)
		return n;
	if ((size_t)n > size) {
		request->piece = piece + size;
		request->piece_size = (size_t)n - size;
		n = (ssize_t)size;
	}
	memcpy(data, piece, (size_t)n);
	return n;
}

/* ---- As a whole ---- */

size_t request_body_most(const struct async_request *request)
{
	const struct app_route *route = request->route;

	if (route)
		return route->options.body_bytes;
	return request->app ? request->app->options.body_bytes : (size_t)1 << 20;
}

int request_body_large(struct async_request *request, size_t most)
{
	return request_blame(request, 413,
			     async_fail(-EMSGSIZE,
					"the body of a request is larger than %zu bytes (route "
					"option `body_bytes`)",
					most));
}

/* More room, and one byte for the zero. */
static int grow(char **body, size_t *room, size_t needed, size_t most)
{
	size_t wanted = *room ? *room * 2 : 4096;
	char *larger;

	if (wanted < needed)
		wanted = needed;
	if (wanted > most)
		wanted = most;
	larger = realloc(*body, wanted + 1);
	if (!larger)
		return async_fail(-ENOMEM, "no memory for a body of %zu bytes", wanted);
	*body = larger;
	*room = wanted;
	return 0;
}

uint64_t request_body_announced(const struct async_request *request)
{
	int64_t length = async_request_length(request);
	bool coded = http_field_known(&request->head->fields, HTTP_NAME_CONTENT_ENCODING);

	return length > 0 && !coded ? (uint64_t)length : 0;
}

static ssize_t await_whole_body(struct async_request *request, size_t most)
{
	int64_t length = async_request_length(request);
	size_t room = 0, size = 0;
	const char *piece;
	ssize_t n = 0;
	int error;

	if (request_body_announced(request) > most)
		return request_body_large(request, most);
	error = grow(&request->body, &room, length > 0 ? (size_t)length : 0, most);
	while (!error && (n = await_request_chunk(request, &piece)) > 0) {
		if ((size_t)n > most - size)
			return request_body_large(request, most);
		if ((size_t)n > room - size)
			error = grow(&request->body, &room, size + (size_t)n, most);
		if (!error)
			memcpy(request->body + size, piece, (size_t)n);
		size += (size_t)n;
	}
	if (error || n < 0)
		return error ? error : n;
	request->body[size] = '\0';
	request->body_size = size;
	return (ssize_t)size;
}

ssize_t await_request_body(async_request *request, const char **data)
{
	ssize_t n = reading(request);

	if (n)
		return n;
	if (!request->body) {
		n = await_whole_body(request, request_body_most(request));
		if (n < 0) {
			free(request->body);
			request->body = NULL;
			return n;
		}
	}
	*data = request->body;
	return (ssize_t)request->body_size;
}
