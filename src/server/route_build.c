/* SPDX-License-Identifier: MIT */
/*
 * The path of a named route. What is built is matched against the pattern it comes from: a value
 * that the pattern would not take back, or that would become another path on the way ("..", which
 * no encoding hides), is an error here and not a broken link.
 */
#include <await/base.h>
#include <await/url.h>
#include <errno.h>
#include <stdlib.h>
#include "server/route_index.h"
#include "url/url.h"

/* The route of that name, or NULL. */
const struct http_route *http_router_named(const struct http_router *router, const char *name)
{
	for (const struct resource *resource = router->all; resource; resource = resource->all) {
		for (const struct http_route *route = resource->routes; route; route = route->next)
			if (route->name && !strcmp(route->name, name))
				return route;
	}
	return NULL;
}

static const char *value_of(const struct http_route_part *parts, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(parts[i].name, name))
			return parts[i].value;
	}
	return NULL;
}

/* All but what means itself in a segment; a slash only where the pattern may take several. */
static void put_value(struct url_output *out, const struct route_variable *variable,
		      const char *value)
{
	const char *end = value + strlen(value);
	bool slashes = variable->kind >= VARIABLE_REST;

	for (; value < end; value++) {
		char room[3];
		size_t written;

		if (*value == '%') {
			url_put(out, "%25", 3);
		} else if (*value == '/' && !slashes) {
			url_put(out, "%2F", 3);
		} else {
			http_path_byte(value, value + 1, room, &written);
			url_put(out, room, written);
		}
	}
}

static int check_parts(const struct http_route *route, const struct http_route_part *parts,
		       size_t count)
{
	const struct route_pattern *pattern = &route->resource->pattern;

	for (size_t i = 0; i < count; i++) {
		if (http_route_find(route, parts[i].name) < 0)
			return async_fail(-EINVAL,
					  "route \"%s\" (%.200s): it has no variable \"%.80s\"",
					  route->name, pattern->text, parts[i].name);
	}
	for (unsigned int i = 0; i < pattern->count; i++) {
		const char *name = pattern->variables[i].name;

		if (!value_of(parts, count, name))
			return async_fail(-EINVAL, "route \"%s\" (%.200s): no value for \"%.80s\"",
					  route->name, pattern->text, name);
	}
	return 0;
}

/* The values that would be found again are those that were put in. */
static int check_built(struct http_router *router, const struct http_route *route,
		       const struct url_output *out, const struct http_slice *put)
{
	const struct route_pattern *pattern = &route->resource->pattern;
	struct http_slice values[HTTP_ROUTE_VARIABLES];
	int result = 0;

	if (http_path_is_canonical(out->data, out->size))
		result = route_pattern_match(pattern, &router->scratch, out->data, out->size,
					     values);
	if (result < 0)
		return result;
	for (unsigned int i = 0; result && i < pattern->count; i++)
		result = values[i].at == put[i].at && values[i].size == put[i].size;
	if (!result)
		return async_fail(-EINVAL,
				  "route \"%s\" (%.200s): \"%.*s\" would not lead back to these "
				  "values",
				  route->name, pattern->text,
				  (int)(out->size < 200 ? out->size : 200), out->data);
	return 0;
}

char *http_router_build(struct http_router *router, const char *name,
			const struct http_route_part *parts, size_t count)
{
	const struct http_route *route = http_router_named(router, name);
	struct http_slice put[HTTP_ROUTE_VARIABLES];
	const struct route_pattern *pattern;
	struct url_output out = { 0 };

	if (!route) {
		async_fail(-ENOENT, "no route is named \"%.80s\"", name);
		return NULL;
	}
	if (check_parts(route, parts, count))
		return NULL;
	pattern = &route->resource->pattern;
	url_put(&out, pattern->literal, pattern->literal_size);
	for (unsigned int i = 0; i < pattern->count; i++) {
		const struct route_variable *variable = &pattern->variables[i];

		put[i].at = (uint32_t)out.size;
		put_value(&out, variable, value_of(parts, count, variable->name));
		put[i].size = (uint32_t)out.size - put[i].at;
		url_put(&out, variable->literal, variable->literal_size);
	}
	url_put_byte(&out, '\0');
	if (out.failed)
		async_fail(-ENOMEM, "the path of route \"%.80s\"", name);
	else if (out.size--, !check_built(router, route, &out, put))
		return out.data;
	free(out.data);
	return NULL;
}
