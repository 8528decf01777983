/* SPDX-License-Identifier: MIT */
/* The chunked coding. Byte by byte between chunks, whole pieces within: what matters is the data. */
#include "http/bytes.h"
#include "http/chunked.h"

enum {
	STAGE_SIZE_FIRST,
	STAGE_SIZE,
	STAGE_SIZE_LF, /* after the CR that ends size and extensions */
	STAGE_NAME_FIRST,
	STAGE_NAME,
	STAGE_VALUE_FIRST,
	STAGE_VALUE,
	STAGE_QUOTED,
	STAGE_ESCAPED,
	STAGE_QUOTED_END,
	STAGE_DATA,
	STAGE_DATA_CR,
	STAGE_DATA_LF,
	STAGE_TRAILERS,
	STAGE_DONE,
};

/* 60 bits, leading zeros included: nobody needs more, and 64 do not overflow. */
enum { SIZE_DIGITS = 15 };

const uint64_t http_trailers_forbidden =
	HTTP_NAME_BIT(HTTP_NAME_TRANSFER_ENCODING) | HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH) |
	HTTP_NAME_BIT(HTTP_NAME_HOST) | HTTP_NAME_BIT(HTTP_NAME_CONNECTION) |
	HTTP_NAME_BIT(HTTP_NAME_KEEP_ALIVE) | HTTP_NAME_BIT(HTTP_NAME_PROXY_CONNECTION) |
	HTTP_NAME_BIT(HTTP_NAME_TE) | HTTP_NAME_BIT(HTTP_NAME_TRAILER) |
	HTTP_NAME_BIT(HTTP_NAME_UPGRADE) | HTTP_NAME_BIT(HTTP_NAME_EXPECT) |
	HTTP_NAME_BIT(HTTP_NAME_CONTENT_ENCODING) | HTTP_NAME_BIT(HTTP_NAME_CONTENT_TYPE) |
	HTTP_NAME_BIT(HTTP_NAME_CONTENT_RANGE) | HTTP_NAME_BIT(HTTP_NAME_RANGE) |
	HTTP_NAME_BIT(HTTP_NAME_AUTHORIZATION) | HTTP_NAME_BIT(HTTP_NAME_PROXY_AUTHORIZATION) |
	HTTP_NAME_BIT(HTTP_NAME_COOKIE) | HTTP_NAME_BIT(HTTP_NAME_SET_COOKIE) |
	HTTP_NAME_BIT(HTTP_NAME_CACHE_CONTROL) | HTTP_NAME_BIT(HTTP_NAME_MAX_FORWARDS) |
	HTTP_NAME_BIT(HTTP_NAME_LOCATION);

void http_chunked_begin(struct http_chunked *chunked, struct http_head *head)
{
	*chunked = (struct http_chunked){ .stage = STAGE_SIZE_FIRST, .head = head };
}

/* What every byte between chunks leads to: the next stage, or a rule, negative. */

static int after_size(char byte)
{
	return byte == '\r' ? STAGE_SIZE_LF : byte == ';' ? STAGE_NAME_FIRST : -1;
}

static int size_digit(struct http_chunked *chunked, char byte)
{
	unsigned int digit = (unsigned int)(byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10);

	if (!byte_is(byte, BYTE_HEX)) {
		int next = after_size(byte);

		if (chunked->stage == STAGE_SIZE_FIRST)
			return -(next >= 0 ? HTTP_CHUNK_SIZE_EMPTY : HTTP_CHUNK_SIZE_BAD);
		return next >= 0 ? next : byte == '\n' ? -HTTP_BARE_LF : -HTTP_CHUNK_SIZE_BAD;
	}
	if (chunked->digits == SIZE_DIGITS)
		return -HTTP_CHUNK_SIZE_LARGE;
	chunked->digits++;
	chunked->left = chunked->left << 4 | digit;
	return STAGE_SIZE;
}

/* chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ), without the blanks that RFC 9112
 * lets bad senders put around these. */
static int extension_byte(int stage, char byte)
{
	int after = after_size(byte);

	if (stage == STAGE_QUOTED && byte_is(byte, BYTE_QUOTED))
		return STAGE_QUOTED;
	if (stage == STAGE_ESCAPED && byte_is(byte, BYTE_TEXT))
		return STAGE_QUOTED;
	if ((stage == STAGE_NAME_FIRST || stage == STAGE_NAME) && byte_is(byte, BYTE_TOKEN))
		return STAGE_NAME;
	if ((stage == STAGE_VALUE_FIRST || stage == STAGE_VALUE) && byte_is(byte, BYTE_TOKEN))
		return STAGE_VALUE;
	if (stage == STAGE_NAME && byte == '=')
		return STAGE_VALUE_FIRST;
	if (stage == STAGE_VALUE_FIRST && byte == '"')
		return STAGE_QUOTED;
	if (stage == STAGE_QUOTED && byte == '\\')
		return STAGE_ESCAPED;
	if (stage == STAGE_QUOTED && byte == '"')
		return STAGE_QUOTED_END;
	if ((stage == STAGE_NAME || stage == STAGE_VALUE || stage == STAGE_QUOTED_END) &&
	    after >= 0)
		return after;
	return byte == '\n' ? -HTTP_BARE_LF : -HTTP_CHUNK_EXTENSION;
}

static int stage_after(struct http_chunked *chunked, char byte)
{
	switch (chunked->stage) {
	case STAGE_SIZE_FIRST:
	case STAGE_SIZE:
		return size_digit(chunked, byte);
	case STAGE_SIZE_LF:
		if (byte != '\n')
			return -HTTP_BARE_CR;
		return chunked->left ? STAGE_DATA : STAGE_TRAILERS;
	case STAGE_DATA_CR:
		return byte == '\r' ? STAGE_DATA_LF : -HTTP_CHUNK_END;
	case STAGE_DATA_LF:
		chunked->digits = 0;
		return byte == '\n' ? STAGE_SIZE_FIRST : -HTTP_CHUNK_END;
	default:
		if (chunked->extensions++ == chunked->head->limits->extension_bytes)
			return -HTTP_CHUNK_EXTENSION_LONG;
		return extension_byte(chunked->stage, byte);
	}
}

static int chunked_refuse(struct http_chunked *chunked, enum http_rule rule, const char *data,
			  size_t size, size_t at)
{
	struct http_head *head = chunked->head;
	bool limit = rule == HTTP_CHUNK_EXTENSION_LONG;

	head->error = (struct http_error){ .rule = rule,
					   .at = (uint32_t)at,
					   .limit = limit ? head->limits->extension_bytes : 0 };
	return http_refuse(&head->error, "chunked body", data, size);
}

static int trailers_next(struct http_chunked *chunked, const char *data, size_t size, size_t *used)
{
	struct http_head *head = chunked->head;
	ssize_t n = http_fields_parse(head, data, size);
	uint32_t i;

	if (n <= 0)
		return (int)n;
	for (i = 0; unlikely(head->fields.seen & http_trailers_forbidden) && i < head->fields.count;
	     i++) {
		const struct http_field *field = &head->fields.list[i];

		if (HTTP_NAME_BIT(field->name) & http_trailers_forbidden)
			return chunked_refuse(chunked, HTTP_TRAILER_FORBIDDEN, data, size,
					      field->name_at);
	}
	*used += (size_t)n;
	chunked->trailers = (uint32_t)n;
	chunked->stage = STAGE_DONE;
	return HTTP_END;
}

int http_chunked_next(struct http_chunked *chunked, const char *data, size_t size, size_t *used,
		      struct http_slice *piece)
{
	size_t at = 0;

	*used = 0;
	while (at < size && chunked->stage != STAGE_DATA && chunked->stage < STAGE_TRAILERS) {
		int stage = stage_after(chunked, data[at]);

		if (unlikely(stage < 0))
			return chunked_refuse(chunked, (enum http_rule) - stage, data, size, at);
		chunked->stage = (uint8_t)stage;
		at++;
	}
	*used = at;
	if (chunked->stage == STAGE_TRAILERS)
		return trailers_next(chunked, data + at, size - at, used);
	if (chunked->stage == STAGE_DONE)
		return HTTP_END;
	if (at == size)
		return HTTP_MORE;
	if (size - at > chunked->left)
		size = at + (size_t)chunked->left;
	/* A slice holds 32 bits: a larger block takes several calls. */
	if (size - at > UINT32_MAX)
		size = at + UINT32_MAX;
	*piece = (struct http_slice){ (uint32_t)at, (uint32_t)(size - at) };
	*used = size;
	chunked->left -= size - at;
	if (!chunked->left)
		chunked->stage = STAGE_DATA_CR;
	return HTTP_DATA;
}
