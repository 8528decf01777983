/* SPDX-License-Identifier: MIT */
/* Finding the route for a path, and the path for a route. */
#include <await/base.h>
#include <await/url.h>
#include <errno.h>
#include <stdlib.h>
#include "server/route_index.h"

/* The route of a resource for a method: by its name, as HEAD of a GET, as any. */
static inline const struct http_route *pick(const struct resource *resource, const char *method,
					    size_t size)
{
	const struct http_route *route, *other = NULL;
	bool head = size == 4 && !memcmp(method, "HEAD", 4);

	for (route = resource->routes; route; route = route->next) {
		if (method_is(route, method, size))
			return route;
		if (head && !route->no_head && method_is(route, "GET", 3))
			other = route;
		else if (!other && method_is(route, "*", 1))
			other = route;
	}
	return other;
}

/*
 * Calls that visit each resource that knows the path, in the order of precedence; they end the
 * search by returning another value than 0.
 */
struct visit {
	const char *method;
	size_t method_size;
	struct http_route_match *match;
	bool known; /* a resource matched, whatever its methods */
	int (*resource)(struct visit *visit, const struct resource *resource);
};

static inline int visit_list(struct http_router *router, struct visit *visit,
			     const struct resource *resource)
{
	struct http_route_match *match = visit->match;
	int result;

	for (; resource; resource = resource->next) {
		result = route_pattern_match(&resource->pattern, &router->scratch, match->path,
					     match->size, match->values);
		if (result > 0)
			result = visit->resource(visit, resource);
		if (result)
			return result;
	}
	return 0;
}

/* From the longest beginning that there may be to the shortest, "/". */
static int visit_variable(struct http_router *router, struct visit *visit)
{
	const char *path = visit->match->path;
	size_t size = visit->match->size;

	if (size > router->prefix_bytes_max)
		size = router->prefix_bytes_max;
	for (;; size--) {
		const char *slash = size ? memrchr(path, '/', size) : NULL;
		const struct prefix *prefix;
		int result;

		if (!slash)
			return 0;
		size = (size_t)(slash - path) + 1;
		prefix = (const struct prefix *)table_find(&router->prefixes, path, size);
		result = prefix ? visit_list(router, visit, prefix->first) : 0;
		if (result)
			return result;
	}
}

/* What is found in the table as it stands is canonical; nothing else needs to be told. */
static inline int visit_all(struct http_router *router, struct visit *visit)
{
	struct http_route_match *match = visit->match;
	const struct entry *fixed = table_find(&router->fixed, match->path, match->size);
	int result;

	if (!fixed && unlikely(!http_path_is_canonical(match->path, match->size))) {
		match->owned = malloc(3 * match->size + 1);
		if (!match->owned)
			return async_fail(-ENOMEM, "a path of %zu bytes", match->size);
		match->size = http_path_canonical(match->path, match->size, match->owned);
		match->path = match->owned;
		fixed = table_find(&router->fixed, match->path, match->size);
	}
	result = fixed ? visit->resource(visit, (const struct resource *)fixed) : 0;
	return result ? result : visit_variable(router, visit);
}

static int take(struct visit *visit, const struct resource *resource)
{
	visit->match->route = pick(resource, visit->method, visit->method_size);
	visit->known = true;
	return visit->match->route ? HTTP_ROUTE_FOUND : 0;
}

int http_router_match(struct http_router *router, const char *method, size_t method_size,
		      const char *path, size_t size, struct http_route_match *match)
{
	struct visit visit = { method, method_size, match, false, take };
	int result;

	match->path = size ? path : "/";
	match->size = size ? size : 1;
	match->owned = NULL;
	result = visit_all(router, &visit);
	if (likely(result == HTTP_ROUTE_FOUND))
		return result;
	http_route_match_end(match);
	return result ? result : visit.known ? HTTP_ROUTE_METHOD : HTTP_ROUTE_NONE;
}

void http_route_match_end(struct http_route_match *match)
{
	free(match->owned);
	match->owned = NULL;
}

struct allowed {
	struct visit visit;
	const char **methods;
	size_t count, capacity;
};

static bool allow(struct allowed *allowed, const char *method)
{
	size_t at = 0;

	while (at < allowed->count && strcmp(allowed->methods[at], method) < 0)
		at++;
	if (at < allowed->count && !strcmp(allowed->methods[at], method))
		return true;
	if (allowed->count == allowed->capacity) {
		size_t capacity = allowed->capacity ? 2 * allowed->capacity : 8;
		const char **larger = realloc(allowed->methods, capacity * sizeof *larger);

		if (!larger)
			return false;
		allowed->methods = larger;
		allowed->capacity = capacity;
	}
	memmove(allowed->methods + at + 1, allowed->methods + at,
		(allowed->count - at) * sizeof *allowed->methods);
	allowed->methods[at] = method;
	allowed->count++;
	return true;
}

static int gather(struct visit *visit, const struct resource *resource)
{
	struct allowed *allowed = container_of(visit, struct allowed, visit);

	for (const struct http_route *route = resource->routes; route; route = route->next) {
		if (!allow(allowed, route->method) ||
		    (!route->no_head && method_is(route, "GET", 3) && !allow(allowed, "HEAD")))
			return async_fail(-ENOMEM, "the methods of a path");
	}
	return 0;
}

ssize_t http_router_allow(struct http_router *router, const char *path, size_t path_size,
			  char *text, size_t size)
{
	struct http_route_match match = { .path = path_size ? path : "/",
					  .size = path_size ? path_size : 1 };
	struct allowed allowed = { .visit = { .match = &match, .resource = gather } };
	int result = visit_all(router, &allowed.visit);
	size_t used = 0;

	for (size_t i = 0; !result && i < allowed.count; i++) {
		size_t method_size = strlen(allowed.methods[i]);

		if (used + method_size + 3 > size) {
			result = async_fail(-ENOBUFS, "the methods of a path in %zu bytes", size);
			break;
		}
		if (i)
			used = (size_t)(stpcpy(text + used, ", ") - text);
		memcpy(text + used, allowed.methods[i], method_size + 1);
		used += method_size;
	}
	if (!allowed.count && size)
		*text = '\0';
	free(allowed.methods);
	free(match.owned);
	return result ? result : (ssize_t)used;
}

void *http_route_data(const struct http_route *route)
{
	return route->data;
}

const char *http_route_method(const struct http_route *route)
{
	return route->method;
}

const char *http_route_pattern(const struct http_route *route)
{
	return route->resource->pattern.text;
}

const char *http_route_name(const struct http_route *route)
{
	return route->name;
}

unsigned int http_route_count(const struct http_route *route)
{
	return route->resource->pattern.count;
}

const char *http_route_variable(const struct http_route *route, unsigned int index)
{
	return route->resource->pattern.variables[index].name;
}

int http_route_find(const struct http_route *route, const char *name)
{
	const struct route_pattern *pattern = &route->resource->pattern;

	for (unsigned int i = 0; i < pattern->count; i++) {
		if (!strcmp(pattern->variables[i].name, name))
			return (int)i;
	}
	return -1;
}

size_t http_route_value(const struct http_route_match *match, unsigned int index, char *room)
{
	const struct http_slice *value = &match->values[index];

	return async_percent_decode(room, match->path + value->at, value->size);
}
