/* SPDX-License-Identifier: MIT */
/* Reading the body of a request: as it comes, or as a whole, as text, JSON or a form. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/sync.h>
#include <await/task.h>
#include "base/base.h"
#include "http/server.h"

void request_body_over(struct async_request *request)
{
	request->body_ended = true;
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

ssize_t await_request_chunk(async_request *request, const char **data)
{
	ssize_t n = reading(request);

	if (n)
		return n;
	if (request->piece_size) {
		n = (ssize_t)request->piece_size;
		*data = request->piece;
		request->piece_size = 0;
		return n;
	}
	n = request->body_ended ? 0 : request->carrier->read(request, data);
	if (!n && !request->body_ended)
		request_body_over(request);
	return n;
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

static size_t most_of(const struct async_request *request)
{
	const struct app_route *route = request->route;

	if (route)
		return route->options.body_bytes;
	return request->app ? request->app->options.body_bytes : (size_t)1 << 20;
}

static int too_large(struct async_request *request, size_t most)
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

static ssize_t await_whole_body(struct async_request *request, size_t most)
{
	int64_t length = async_request_length(request);
	size_t room = 0, size = 0;
	const char *piece;
	ssize_t n = 0;
	int error;

	if (length > 0 && (uint64_t)length > most)
		return too_large(request, most);
	error = grow(&request->body, &room, length > 0 ? (size_t)length : 0, most);
	while (!error && (n = await_request_chunk(request, &piece)) > 0) {
		if ((size_t)n > most - size)
			return too_large(request, most);
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
		n = await_whole_body(request, most_of(request));
		if (n < 0) {
			free(request->body);
			request->body = NULL;
			return n;
		}
	}
	*data = request->body;
	return (ssize_t)request->body_size;
}
