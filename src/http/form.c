/* SPDX-License-Identifier: MIT */
/* Fields of urlencoded forms. */
#include <await/base.h>
#include <errno.h>
#include <stdlib.h>
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

int http_form_parse(struct http_form_data *form, const char *data, size_t size, size_t fields_max)
{
	size_t count = size ? count_pairs(data, data + size) : 0;

	memset(form, 0, sizeof *form);
	fields_max = fields_max ? fields_max : HTTP_FORM_FIELDS;
	if (count > fields_max)
		return async_fail(-EMSGSIZE,
				  "a form of %zu fields: more than %zu (HTTP limit `form_fields`)",
				  count, fields_max);
	if (!count)
		return 0;
	form->list = malloc(count * sizeof *form->list);
	if (!form->list)
		return async_fail(-ENOMEM, "a form of %zu fields", count);
	if (async_query_read(&form->reader, data, size)) {
		http_form_free(form);
		return -ENOMEM;
	}
	while (form->count < count && async_query_next(&form->reader, &form->list[form->count]))
		form->count++;
	return 0;
}

void http_form_free(struct http_form_data *form)
{
	async_query_end(&form->reader);
	free(form->list);
	memset(form, 0, sizeof *form);
}

const async_query_pair *http_form_find(const struct http_form_data *form, const char *name,
				       const async_query_pair *after)
{
	size_t size = strlen(name), i = after ? (size_t)(after - form->list) + 1 : 0;

	for (; i < form->count; i++) {
		if (form->list[i].name_size == size && !memcmp(form->list[i].name, name, size))
			return &form->list[i];
	}
	return NULL;
}
