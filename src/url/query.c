/* SPDX-License-Identifier: MIT */
/* Queries and form bodies, application/x-www-form-urlencoded (WHATWG URL 5): put together pair by
 * pair, and taken apart in one copy of the text, which decoding only makes shorter. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

int async_query_add_bytes(async_query *query, const char *name, size_t name_size, const char *value,
			  size_t value_size)
{
	struct url_output output = { query->data, query->size, query->capacity_, false };

	if (output.size)
		url_put_byte(&output, '&');
	url_put_encoded(&output, name, name_size, ASYNC_PERCENT_FORM);
	url_put_byte(&output, '=');
	url_put_encoded(&output, value, value_size, ASYNC_PERCENT_FORM);
	url_put_byte(&output, '\0');
	/* What was allocated is ours even when the rest was not to be had; its text stays as it
	 * was. */
	query->data = output.data;
	query->capacity_ = output.capacity;
	if (output.failed) {
		if (query->data)
			query->data[query->size] = '\0';
		return async_fail(-ENOMEM, "a query's pair of %zu and %zu bytes", name_size,
				  value_size);
	}
	query->size = output.size - 1;
	return 0;
}

int async_query_add(async_query *query, const char *name, const char *value)
{
	return async_query_add_bytes(query, name, strlen(name), value, strlen(value));
}

int async_query_addf(async_query *query, const char *name, const char *format, ...)
{
	va_list arguments;
	char *value;
	int size;

	va_start(arguments, format);
	size = vasprintf(&value, format, arguments);
	va_end(arguments);
	if (size < 0)
		return async_fail(-ENOMEM, "the value of a query's \"%.80s\"", name);
	size = async_query_add_bytes(query, name, strlen(name), value, (size_t)size);
	free(value);
	return size;
}

void async_query_free(async_query *query)
{
	free(query->data);
	memset(query, 0, sizeof *query);
}

int async_query_read(async_query_reader *reader, const char *data, size_t size)
{
	reader->text_ = malloc(size + 1);
	if (!reader->text_) {
		memset(reader, 0, sizeof *reader);
		return async_fail(-ENOMEM, "a query of %zu bytes", size);
	}
	if (size)
		memcpy(reader->text_, data, size);
	reader->next_ = reader->text_;
	reader->end_ = reader->text_ + size;
	return 0;
}

/* In place. The byte behind is a "=", a "&" or the end: room for a zero. */
static size_t decode(char *text, size_t size)
{
	for (char *plus = text; (plus = memchr(plus, '+', size - (size_t)(plus - text)));)
		*plus = ' ';
	size = async_percent_decode(text, text, size);
	text[size] = '\0';
	return size;
}

bool async_query_next(async_query_reader *reader, async_query_pair *pair)
{
	char *pair_end, *equals;

	while (reader->next_ < reader->end_ && *reader->next_ == '&')
		reader->next_++;
	if (reader->next_ >= reader->end_)
		return false;
	pair->name = reader->next_;
	pair_end = memchr(reader->next_, '&', (size_t)(reader->end_ - reader->next_));
	if (!pair_end)
		pair_end = reader->end_;
	equals = memchr(reader->next_, '=', (size_t)(pair_end - reader->next_));
	pair->value = equals ? equals + 1 : "";
	pair->value_size = equals ? decode(equals + 1, (size_t)(pair_end - equals - 1)) : 0;
	pair->name_size =
		decode(reader->next_, (size_t)((equals ? equals : pair_end) - reader->next_));
	/* The zero behind a pair stands where "&" was. */
	reader->next_ = pair_end < reader->end_ ? pair_end + 1 : pair_end;
	return true;
}

void async_query_end(async_query_reader *reader)
{
	free(reader->text_);
	memset(reader, 0, sizeof *reader);
}
