/* SPDX-License-Identifier: MIT */
/* Adding routes. */
#include <await/base.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "http/bytes.h"
#include "http/field.h"
#include "server/route_index.h"

enum { METHOD_BYTES_MAX = 64 };

static void table_place(struct table *table, struct entry *entry)
{
	uint32_t slot = entry->hash & table->mask;

	while (table->slots[slot])
		slot = (slot + 1) & table->mask;
	table->slots[slot] = entry;
}

/* Room for one more, at most half full. */
static bool table_reserve(struct table *table)
{
	struct table larger = { .mask = table->mask ? 2 * table->mask + 1 : 15 };

	if (table->slots && 2 * (table->count + 1) <= table->mask)
		return true;
	larger.slots = calloc((size_t)larger.mask + 1, sizeof *larger.slots);
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
		if (table->slots[i])
			table_place(&larger, table->slots[i]);
	}
	larger.count = table->count;
	free(table->slots);
	*table = larger;
	return true;
}

static void table_add(struct table *table, struct entry *entry, const char *text, size_t size)
{
	*entry = (struct entry){ text, (uint32_t)size, hash_of(text, size) };
	table_place(table, entry);
	table->count++;
}

struct http_router *http_router_new(const struct http_route_limits *limits)
{
	struct http_router *router = calloc(1, sizeof *router);

	if (!router) {
		async_fail(-ENOMEM, "a router");
		return NULL;
	}
	if (limits)
		router->scratch.limits = *limits;
	if (!router->scratch.limits.steps)
		router->scratch.limits.steps = HTTP_ROUTE_STEPS;
	if (!router->scratch.limits.depth)
		router->scratch.limits.depth = HTTP_ROUTE_DEPTH;
	return router;
}

static void route_free(struct http_route *route)
{
	free(route->name);
	free(route);
}

static void resource_free(struct resource *resource)
{
	struct http_route *route, *next;

	for (route = resource->routes; route; route = next) {
		next = route->next;
		route_free(route);
	}
	route_pattern_free(&resource->pattern);
	free(resource);
}

void http_router_free(struct http_router *router)
{
	struct resource *resource, *next;

	if (!router)
		return;
	for (resource = router->all; resource; resource = next) {
		next = resource->all;
		resource_free(resource);
	}
	for (uint32_t i = 0; router->prefixes.slots && i <= router->prefixes.mask; i++)
		free(router->prefixes.slots[i]);
	free(router->prefixes.slots);
	free(router->fixed.slots);
	route_scratch_free(&router->scratch);
	free(router);
}

static bool is_route_name(const char *name)
{
	bool first = true;

	for (; *name; name++) {
		char folded = (char)(*name | 0x20);

		if ((folded >= 'a' && folded <= 'z') || *name == '_' ||
		    (!first && byte_is(*name, BYTE_DIGIT)))
			first = false;
		else if (!first && (*name == '.' || *name == '-' || *name == ':'))
			first = true;
		else
			return false;
	}
	return !first;
}

static int check_options(const struct http_route_options *options)
{
	size_t size = options->method ? strlen(options->method) : 0;

	if (!options->pattern)
		return async_fail(-EINVAL, "a route without a pattern");
	if (!size || size > METHOD_BYTES_MAX || !http_is_token(options->method, size))
		return async_fail(
			-EINVAL,
			"route \"%.200s\": the method \"%.80s\" is no token of at most %d "
			"bytes (RFC 9110, 5.6.2)",
			options->pattern, options->method ? options->method : "", METHOD_BYTES_MAX);
	if (options->name && !is_route_name(options->name))
		return async_fail(-EINVAL,
				  "route \"%.200s\": the name \"%.80s\" is not one of identifiers "
				  "joined by '.', '-' or ':'",
				  options->pattern, options->name);
	return 0;
}

static struct http_route *route_new(const struct http_route_options *options)
{
	size_t size = strlen(options->method);
	struct http_route *route = calloc(1, sizeof *route + size + 1);

	if (!route)
		return NULL;
	memcpy(route->method, options->method, size);
	route->method_size = (uint8_t)size;
	route->data = options->data;
	route->no_head = options->no_head;
	route->name = options->name ? strdup(options->name) : NULL;
	if (!options->name || route->name)
		return route;
	free(route);
	return NULL;
}

/* The list of those that begin as the pattern does. NULL: no memory. */
static struct prefix *prefix_of(struct http_router *router, const struct route_pattern *pattern)
{
	struct prefix *prefix = (struct prefix *)table_find(&router->prefixes, pattern->literal,
							    pattern->prefix_size);

	if (prefix)
		return prefix;
	if (!table_reserve(&router->prefixes))
		return NULL;
	prefix = calloc(1, sizeof *prefix);
	if (!prefix)
		return NULL;
	prefix->last = &prefix->first;
	table_add(&router->prefixes, &prefix->entry, pattern->literal, pattern->prefix_size);
	if (router->prefix_bytes_max < pattern->prefix_size)
		router->prefix_bytes_max = pattern->prefix_size;
	return prefix;
}

/* Takes the resource over unless it fails. */
static int resource_add(struct http_router *router, struct resource *resource)
{
	struct route_pattern *pattern = &resource->pattern;

	if (pattern->count) {
		struct prefix *prefix = prefix_of(router, pattern);

		if (!prefix)
			return -ENOMEM;
		*prefix->last = resource;
		prefix->last = &resource->next;
	} else {
		if (!table_reserve(&router->fixed))
			return -ENOMEM;
		table_add(&router->fixed, &resource->entry, pattern->literal,
			  pattern->literal_size);
	}
	resource->all = router->all;
	router->all = resource;
	return 0;
}

/* Not a resource of the router yet. */
static struct resource *resource_new(const char *pattern)
{
	struct resource *resource = calloc(1, sizeof *resource);

	if (!resource) {
		async_fail(-ENOMEM, "route pattern \"%.200s\"", pattern);
		return NULL;
	}
	resource->last_route = &resource->routes;
	if (!route_pattern_parse(&resource->pattern, pattern))
		return resource;
	free(resource);
	return NULL;
}

/* Whether the route may stand beside those that there are. */
static int check_unique(const struct http_router *router, const struct route_pattern *pattern,
			const struct http_route_options *options)
{
	const struct http_route *route = options->name ? http_router_named(router, options->name) :
							 NULL;

	if (route && strcmp(route->resource->pattern.text, pattern->text))
		return async_fail(-EEXIST,
				  "route \"%.200s\": its name \"%.80s\" is that of \"%.200s\"",
				  pattern->text, options->name, route->resource->pattern.text);
	for (const struct resource *other = router->all; other; other = other->all) {
		if (strcmp(other->pattern.shape, pattern->shape))
			continue;
		for (route = other->routes; route; route = route->next)
			if (!strcmp(route->method, options->method))
				return async_fail(
					-EEXIST,
					"route %s \"%.200s\" is there already, as \"%.200s\"",
					options->method, pattern->text, other->pattern.text);
	}
	return 0;
}

/* The resource that the route goes to; variables of other names make another one. */
static struct resource *resource_same(const struct http_router *router,
				      const struct route_pattern *pattern)
{
	struct resource *resource = router->all;

	while (resource && (strcmp(resource->pattern.shape, pattern->shape) ||
			    (pattern->count && strcmp(resource->pattern.text, pattern->text))))
		resource = resource->all;
	return resource;
}

int http_router_add(struct http_router *router, const struct http_route_options *options)
{
	struct resource *made, *resource;
	struct http_route *route;
	int result = check_options(options);

	if (result)
		return result;
	made = resource_new(options->pattern);
	if (!made)
		return async_error_code();
	result = check_unique(router, &made->pattern, options);
	route = result ? NULL : route_new(options);
	resource = resource_same(router, &made->pattern);
	if (!result && (!route || (!resource && resource_add(router, made))))
		result = async_fail(-ENOMEM, "route \"%.200s\"", options->pattern);
	if (resource || result)
		resource_free(made);
	if (result) {
		if (route)
			route_free(route);
		return result;
	}
	route->resource = resource ? resource : made;
	*route->resource->last_route = route;
	route->resource->last_route = &route->next;
	return 0;
}
