/* SPDX-License-Identifier: MIT */
/* Entity tags and conditions. */
#include <await/base.h>
#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "http/bytes.h"
#include "http/field.h"
#include "http/validator.h"

static bool is_tag_byte(char byte)
{
	unsigned char value = (unsigned char)byte;

	return value > ' ' && value != '"' && value != 0x7f;
}

bool http_tag_valid(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!is_tag_byte(text[i]))
			return false;
	}
	return true;
}

ssize_t http_tag_write(char *room, size_t size, const struct http_tag *tag)
{
	size_t length = tag->size + 2 + (tag->weak ? 2 : 0);
	char *at = room;

	if (!http_tag_valid(tag->text, tag->size))
		return async_fail(-EINVAL,
				  "an entity tag holds a blank, a quote or a control byte (RFC "
				  "9110, 8.8.3)");
	if (length >= size)
		return async_fail(-ENOBUFS, "an entity tag of %zu bytes in %zu", length, size);
	if (tag->weak)
		at = stpcpy(at, "W/");
	*at++ = '"';
	at = mempcpy(at, tag->text, tag->size);
	memcpy(at, "\"", 2);
	return (ssize_t)length;
}

/* The tag at the beginning of [at, end); returns where it ends, or NULL. */
static const char *tag_at(const char *at, const char *end, struct http_tag *tag)
{
	tag->weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
	at += tag->weak ? 2 : 0;
	if (at == end || *at != '"')
		return NULL;
	tag->text = ++at;
	while (at < end && is_tag_byte(*at))
		at++;
	tag->size = (size_t)(at - tag->text);
	return at < end && *at == '"' ? at + 1 : NULL;
}

bool http_tag_parse(const char *text, size_t size, struct http_tag *tag)
{
	return size && tag_at(text, text + size, tag) == text + size;
}

bool http_tag_equal(const struct http_tag *a, const struct http_tag *b, bool strong)
{
	return !(strong && (a->weak || b->weak)) && a->size == b->size &&
	       (!a->size || !memcmp(a->text, b->text, a->size));
}

void http_tags_begin(struct http_tags *tags, const struct http_fields *fields, const char *data,
		     enum http_name name)
{
	*tags = (struct http_tags){ .fields = fields, .data = data };
	tags->field = http_field_known(fields, name);
	if (!tags->field)
		return;
	tags->at = tags->field->value.at;
	tags->any = tags->field->value.size == 1 && data[tags->at] == '*';
}

bool http_tags_next(struct http_tags *tags, struct http_tag *tag)
{
	while (tags->field) {
		const char *at = tags->data + tags->at;
		const char *end = tags->data + tags->field->value.at + tags->field->value.size;

		while (at < end && (is_blank(*at) || *at == ','))
			at++;
		at = at < end ? tag_at(at, end, tag) : NULL;
		if (at) {
			const char *next = at;

			while (next < end && is_blank(*next))
				next++;
			/* Two tags without a comma are none. */
			if (next == end || *next == ',') {
				tags->at = (uint32_t)(next - tags->data);
				return true;
			}
		}
		tags->field = http_field_next(tags->fields, tags->field);
		tags->at = tags->field ? tags->field->value.at : 0;
	}
	return false;
}

bool http_date_field(const struct http_fields *fields, const char *data, enum http_name name,
		     time_t *time)
{
	const struct http_field *field = http_field_known(fields, name);

	return field && !(fields->repeated & HTTP_NAME_BIT(name)) &&
	       http_date_parse(data + field->value.at, field->value.size, time);
}

/* Whether one of the listed tags is that of the representation; a star is any that exists. */
static bool tags_have(const struct http_fields *fields, const char *data, enum http_name name,
		      const struct http_validators *validators, bool strong)
{
	struct http_tags tags;
	struct http_tag tag;

	http_tags_begin(&tags, fields, data, name);
	if (tags.any)
		return validators->exists;
	while (validators->exists && validators->tagged && http_tags_next(&tags, &tag)) {
		if (http_tag_equal(&tag, &validators->tag, strong))
			return true;
	}
	return false;
}

enum http_condition http_condition_check(const struct http_fields *fields, const char *data,
					 enum http_method method,
					 const struct http_validators *validators)
{
	bool reads = method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD;
	bool dated = validators->exists && validators->dated;
	time_t date;

	if (http_field_known(fields, HTTP_NAME_IF_MATCH)) {
		if (!tags_have(fields, data, HTTP_NAME_IF_MATCH, validators, true))
			return HTTP_CONDITION_FAILED;
	} else if (dated && http_date_field(fields, data, HTTP_NAME_IF_UNMODIFIED_SINCE, &date)) {
		if (validators->modified > date)
			return HTTP_CONDITION_FAILED;
	}
	if (http_field_known(fields, HTTP_NAME_IF_NONE_MATCH)) {
		if (tags_have(fields, data, HTTP_NAME_IF_NONE_MATCH, validators, false))
			return reads ? HTTP_CONDITION_NOT_MODIFIED : HTTP_CONDITION_FAILED;
	} else if (reads && dated &&
		   http_date_field(fields, data, HTTP_NAME_IF_MODIFIED_SINCE, &date)) {
		if (validators->modified <= date)
			return HTTP_CONDITION_NOT_MODIFIED;
	}
	return HTTP_CONDITION_MET;
}
