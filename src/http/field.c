/* SPDX-License-Identifier: MIT */
/* Lists of tokens in field values. */
#include <string.h>
#include "http/bytes.h"
#include "http/field.h"

struct http_items http_items_of(const char *data, const struct http_field *field)
{
	return (struct http_items){ .data = data,
				    .at = field->value.at,
				    .end = field->value.at + field->value.size };
}

struct http_slice http_trimmed(const char *data, const char *from, const char *end)
{
	while (from < end && is_blank(*from))
		from++;
	while (end > from && is_blank(end[-1]))
		end--;
	return (struct http_slice){ (uint32_t)(from - data), (uint32_t)(end - from) };
}

bool http_items_next(struct http_items *items, struct http_slice *item)
{
	while (!items->done) {
		const char *from = items->data + items->at, *end = items->data + items->end;
		const char *comma = memchr(from, ',', (size_t)(end - from));
		const char *to = comma ? comma : end;

		items->done = !comma;
		items->at = (uint32_t)(to - items->data) + (comma ? 1 : 0);
		*item = http_trimmed(items->data, from, to);
		if (item->size)
			return true;
		items->empty = true;
	}
	return false;
}

bool http_is_token(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size && byte_is(text[i], BYTE_TOKEN); i++)
		;
	return size && i == size;
}

const struct http_field *http_field_next(const struct http_fields *fields,
					 const struct http_field *field)
{
	const struct http_field *end = fields->list + fields->count;
	uint16_t name = field->name;

	if (likely(!(fields->repeated & HTTP_NAME_BIT(name))))
		return NULL;
	for (field++; field < end; field++) {
		if (field->name == name)
			return field;
	}
	return NULL;
}

bool http_list_has(const struct http_fields *fields, const char *data, enum http_name name,
		   const char *lower)
{
	const struct http_field *field = http_field_known(fields, name);

	for (; field; field = http_field_next(fields, field)) {
		struct http_items items;
		struct http_slice item;

		/* The usual case: one element. */
		if (http_item_is(data, field->value, lower))
			return true;
		items = http_items_of(data, field);
		while (http_items_next(&items, &item)) {
			if (http_item_is(data, item, lower))
				return true;
		}
	}
	return false;
}
