/* SPDX-License-Identifier: MIT */
/*
 * The router's index. A resource is a pattern with the routes of its methods. Resources without
 * variables are found by their whole path; others stand in a list for each fixed beginning, which
 * is found by its text up to a slash. Both are in open-addressed tables whose keys are the
 * program's own, so nobody can flood them.
 */
#ifndef SERVER_ROUTE_INDEX_H
#define SERVER_ROUTE_INDEX_H

#include <string.h>
#include "server/route_pattern.h"

struct http_route {
	struct resource *resource;
	struct http_route *next; /* of the resource */
	void *data;
	char *name;
	bool no_head;
	uint8_t method_size;
	char method[];
};

/* What a table finds by a text that somebody else keeps. */
struct entry {
	const char *text;
	uint32_t size;
	uint32_t hash;
};

struct table {
	struct entry **slots;
	uint32_t mask, count;
};

struct resource {
	struct entry entry; /* by its path, if it is fixed */
	struct resource *next, *all;
	struct route_pattern pattern;
	struct http_route *routes, **last_route;
};

struct prefix {
	struct entry entry;
	struct resource *first, **last;
};

struct http_router {
	struct table fixed, prefixes;
	size_t prefix_bytes_max; /* beyond that no beginning needs to be looked for */
	struct resource *all;
	struct route_scratch scratch;
};

/* The route of that name, or NULL. */
const struct http_route *http_router_named(const struct http_router *router, const char *name);

static inline bool method_is(const struct http_route *route, const char *method, size_t size)
{
	return route->method_size == size && !memcmp(route->method, method, size);
}

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Eight bytes at a time; the last ones overlap those before. */
static inline uint32_t hash_of(const char *text, size_t size)
{
	uint64_t hash = size, word = 0;
	size_t at = 0;

	if (likely(size >= sizeof word)) {
		for (; at + sizeof word < size; at += sizeof word) {
			memcpy(&word, text + at, sizeof word);
			hash = mix(hash, word);
		}
		memcpy(&word, text + size - sizeof word, sizeof word);
	} else if (size >= 4) {
		uint32_t low, high;

		memcpy(&low, text, sizeof low);
		memcpy(&high, text + size - sizeof high, sizeof high);
		word = (uint64_t)high << 32 | low;
	} else {
		for (; at < size; at++)
			word = word << 8 | (unsigned char)text[at];
	}
	hash = mix(hash, word);
	return (uint32_t)(hash ^ hash >> 32);
}

static inline struct entry *table_find(const struct table *table, const char *text, size_t size)
{
	uint32_t hash = hash_of(text, size), slot;
	struct entry *entry;

	if (!table->count)
		return NULL;
	for (slot = hash & table->mask; (entry = table->slots[slot]);
	     slot = (slot + 1) & table->mask) {
		if (entry->hash == hash && entry->size == size && !memcmp(entry->text, text, size))
			return entry;
	}
	return NULL;
}

#endif
