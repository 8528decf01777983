/* SPDX-License-Identifier: MIT */
/* Pairs of names and values as forms and queries have them, all at once. */
#include <await/base.h>
#include <errno.h>
#include <string.h>
#include "http/form.h"

static size_t count_pairs(const char *at, const char *end)
{
	size_t count = 0;

	while (at < end) {
		const char *next = memchr(at, '&', (size_t)(end - at));

		next = next ? next : end;
		count += next > at;
		at = next + (next < end);
	}
	return count;
}

int http_pairs_parse(struct http_pairs *pairs, struct arena *arena, const char *data, size_t size,
		     size_t most)
{
	size_t count = size ? count_pairs(data, data + size) : 0;
	async_query_reader reader;

	memset(pairs, 0, sizeof *pairs);
	most = most ? most : HTTP_FORM_FIELDS;
	if (count > most)
		return async_fail(-EMSGSIZE,
				  "a form of %zu fields: more than %zu (form option `fields`)",
				  count, most);
	if (!count)
		return 0;
	pairs->list = arena_alloc(arena, count * sizeof *pairs->list);
	/* The reader works where its text lies: that is the arena's here, and needs no end. */
	reader.text_ = reader.next_ = pairs->list ? arena_text(arena, data, size) : NULL;
	if (!reader.text_) {
		pairs->list = NULL;
		return async_fail(-ENOMEM, "a form of %zu fields", count);
	}
	reader.end_ = reader.text_ + size;
	while (pairs->count < count && async_query_next(&reader, &pairs->list[pairs->count]))
		pairs->count++;
	return 0;
}

const async_query_pair *http_pairs_find(const struct http_pairs *pairs, const char *name, size_t i)
{
	size_t size = strlen(name);

	for (size_t at = 0; at < pairs->count; at++) {
		const async_query_pair *pair = &pairs->list[at];

		if (pair->name_size == size && !memcmp(pair->name, name, size) && !i--)
			return pair;
	}
	return NULL;
}
