/* SPDX-License-Identifier: MIT */
/* Ranges of bytes (RFC 9110, 14). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "http/bytes.h"
#include "http/field.h"
#include "http/validator.h"

/* Digits from *at on. More than fits is more than any representation has. */
static bool take_number(const char **at, const char *end, uint64_t *number)
{
	const char *from = *at;

	for (*number = 0; *at < end && byte_is(**at, BYTE_DIGIT); (*at)++) {
		unsigned int digit = (unsigned int)(**at - '0');

		*number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
	}
	return *at > from;
}

/* "-500": the last bytes. */
static enum http_range_result suffix(const char *at, const char *end, uint64_t size,
				     struct http_range *range)
{
	uint64_t number;

	if (!take_number(&at, end, &number) || at != end)
		return HTTP_RANGE_BAD;
	if (!number)
		return HTTP_RANGE_UNSATISFIABLE;
	/* All of nothing, which no Content-Range can say. */
	if (!size)
		return HTTP_RANGE_WHOLE;
	range->size = number < size ? number : size;
	range->first = size - range->size;
	return HTTP_RANGE_PART;
}

enum http_range_result http_range_parse(const char *text, size_t text_size, uint64_t size,
					struct http_range *range)
{
	const char *end = text + text_size, *at = memchr(text, '=', text_size);
	uint64_t first, last;

	if (!at || !http_is_token(text, (size_t)(at - text)))
		return HTTP_RANGE_BAD;
	if (at - text != 5 || !http_token_equals(text, "bytes", 5))
		return HTTP_RANGE_WHOLE;
	at++;
	while (at < end && is_blank(*at))
		at++;
	if (memchr(text, ',', text_size))
		return HTTP_RANGE_WHOLE;
	if (at < end && *at == '-')
		return suffix(at + 1, end, size, range);
	if (!take_number(&at, end, &first) || at == end || *at != '-')
		return HTTP_RANGE_BAD;
	at++;
	if (at == end)
		last = UINT64_MAX;
	else if (!take_number(&at, end, &last) || at != end || last < first)
		return HTTP_RANGE_BAD;
	if (first >= size)
		return HTTP_RANGE_UNSATISFIABLE;
	range->first = first;
	range->size = (last < size ? last + 1 : size) - first;
	return HTTP_RANGE_PART;
}

/* Whether If-Range, if there is one, names this representation. */
static bool range_holds(const struct http_fields *fields, const char *data,
			const struct http_validators *validators)
{
	const struct http_field *field = http_field_known(fields, HTTP_NAME_IF_RANGE);
	const char *text;
	struct http_tag tag;
	time_t date;

	if (!field)
		return true;
	text = data + field->value.at;
	if (fields->repeated & HTTP_NAME_BIT(HTTP_NAME_IF_RANGE))
		return false;
	if (http_tag_parse(text, field->value.size, &tag))
		return validators->tagged && http_tag_equal(&tag, &validators->tag, true);
	return validators->dated && http_date_parse(text, field->value.size, &date) &&
	       date == validators->modified;
}

enum http_range_result http_range_asked(const struct http_fields *fields, const char *data,
					enum http_method method,
					const struct http_validators *validators,
					struct http_range *range)
{
	const struct http_field *field = http_field_known(fields, HTTP_NAME_RANGE);

	if (!field || method != HTTP_METHOD_GET || !validators->exists ||
	    !range_holds(fields, data, validators))
		return HTTP_RANGE_WHOLE;
	/* As if it were a list. */
	if (fields->repeated & HTTP_NAME_BIT(HTTP_NAME_RANGE))
		return HTTP_RANGE_WHOLE;
	return http_range_parse(data + field->value.at, field->value.size, validators->size, range);
}

int http_content_range(char text[HTTP_CONTENT_RANGE_BYTES], const struct http_range *range,
		       uint64_t size)
{
	if (!range)
		return snprintf(text, HTTP_CONTENT_RANGE_BYTES, "bytes */%" PRIu64, size);
	return snprintf(text, HTTP_CONTENT_RANGE_BYTES, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
			range->first, range->first + range->size - 1, size);
}
