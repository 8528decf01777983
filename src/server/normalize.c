/* SPDX-License-Identifier: MIT */
/* Paths that differ from a route in their slashes only: a redirect to where the route is. */
#include <errno.h>
#include <string.h>
#include "server/server.h"

/* Runs of slashes as one, and the last one added or taken away. Returns the size; room has that of
 * the path and 2. */
static size_t variant(const char *path, size_t size, int how, char *room)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (how & ASYNC_MERGE_SLASHES && path[i] == '/' && i && path[i - 1] == '/')
			continue;
		room[used++] = path[i];
	}
	if (how & ASYNC_REMOVE_SLASH && used > 1 && room[used - 1] == '/')
		used--;
	if (how & ASYNC_ADD_SLASH && (!used || room[used - 1] != '/'))
		room[used++] = '/';
	return used;
}

static bool has_route(struct async_request *request, const char *path, size_t size)
{
	struct http_route_match match;
	const struct http_slice method = request->head->method_text;

	if (http_router_match(request->outer->router, request->block + method.at, method.size, path,
			      size, &match) != HTTP_ROUTE_FOUND)
		return false;
	http_route_match_end(&match);
	return true;
}

/* "//host" would be somewhere else: such a path goes to one slash. */
static int redirect(struct async_request *request, char *path, size_t size)
{
	const struct http_slice query = request->head->query;
	char *text = arena_bytes(&request->arena, size + query.size + 2);

	if (!text)
		return async_fail(-ENOMEM, "no memory for a redirect");
	while (size > 1 && path[0] == '/' && path[1] == '/') {
		path++;
		size--;
	}
	memcpy(text, path, size);
	if (query.size) {
		text[size++] = '?';
		memcpy(text + size, request->block + query.at, query.size);
		size += query.size;
	}
	text[size] = '\0';
	return async_redirect(request, 308, text);
}

int http_normalize(struct async_request *request)
{
	static const int tries[] = { ASYNC_MERGE_SLASHES, ASYNC_ADD_SLASH, ASYNC_REMOVE_SLASH,
				     ASYNC_MERGE_SLASHES | ASYNC_ADD_SLASH,
				     ASYNC_MERGE_SLASHES | ASYNC_REMOVE_SLASH };
	const struct http_slice path = request->head->path;
	const char *raw = request->block + path.at;
	int allowed = request->app->normalize;
	char *room = arena_bytes(&request->arena, path.size + 2);

	if (!room)
		return async_fail(-ENOMEM, "no memory for a redirect");
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		size_t size;

		if ((tries[i] & allowed) != tries[i])
			continue;
		size = variant(raw, path.size, tries[i], room);
		if ((size != path.size || memcmp(room, raw, size)) &&
		    has_route(request, room, size))
			return redirect(request, room, size);
	}
	return 0;
}
