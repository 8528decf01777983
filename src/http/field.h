/* SPDX-License-Identifier: MIT */
/* Lists in field values (RFC 9110, 5.6.1): elements between commas, blanks around them. */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include <string.h>
#include "http/head.h"

struct http_items {
	const char *data;
	uint32_t at, end;
	bool empty; /* an element without content was passed over */
	bool done;
};

struct http_items http_items_of(const char *data, const struct http_field *field);

/* The next element that has content. Quoted strings are not known: for lists of tokens. */
bool http_items_next(struct http_items *items, struct http_slice *item);

/* What is left of [from, end) without blanks around it; offsets from `data`. */
struct http_slice http_trimmed(const char *data, const char *from, const char *end);

/* Whether a part of a field value is `lower`, letters of either case; `lower` holds letters,
 * digits, hyphens. Values have no control byte but HTAB, which folds onto none of these. */
static inline bool http_item_is(const char *data, struct http_slice item, const char *lower)
{
	return item.size == strlen(lower) && http_token_equals(data + item.at, lower, item.size);
}

/* A token of RFC 9110, 5.6.2. */
bool http_is_token(const char *text, size_t size);

/* The next field of the same known name, or NULL. */
const struct http_field *http_field_next(const struct http_fields *fields,
					 const struct http_field *field);

/* Whether one of the fields of that name has the element. */
bool http_list_has(const struct http_fields *fields, const char *data, enum http_name name,
		   const char *lower);

#endif
