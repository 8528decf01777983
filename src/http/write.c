/* SPDX-License-Identifier: MIT */
/* Writing heads, chunks and trailers; what would be unsafe or inconsistent is refused. */
#include <await/base.h>
#include <errno.h>
#include <string.h>
#include "http/chunked.h"
#include "http/field.h"
#include "http/html.h"
#include "http/scan.h"
#include "http/write.h"

enum { STAGE_LINE, STAGE_FIELDS, STAGE_TRAILERS, STAGE_ENDED };

enum { SHOWN_BYTES = 80 };

/* Names that one message has once. */
static const uint64_t single =
	HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH) | HTTP_NAME_BIT(HTTP_NAME_TRANSFER_ENCODING) |
	HTTP_NAME_BIT(HTTP_NAME_HOST) | HTTP_NAME_BIT(HTTP_NAME_CONTENT_TYPE) |
	HTTP_NAME_BIT(HTTP_NAME_CONTENT_LOCATION) | HTTP_NAME_BIT(HTTP_NAME_CONTENT_RANGE) |
	HTTP_NAME_BIT(HTTP_NAME_ETAG) | HTTP_NAME_BIT(HTTP_NAME_MAX_FORWARDS) |
	HTTP_NAME_BIT(HTTP_NAME_SERVER) | HTTP_NAME_BIT(HTTP_NAME_USER_AGENT) |
	HTTP_NAME_BIT(HTTP_NAME_DATE) | HTTP_NAME_BIT(HTTP_NAME_LOCATION);

static inline void put(struct http_writer *writer, const char *data, size_t size)
{
	size_t used = writer->used;

	writer->used = used + size;
	if (!size)
		return;
	if (likely(writer->used <= writer->size))
		memcpy(writer->data + used, data, size);
	else if (used < writer->size)
		memcpy(writer->data + used, data, writer->size - used);
}

#define PUT(writer, literal) put(writer, literal, sizeof(literal) - 1)

static const char *what(const struct http_writer *writer)
{
	return writer->request ? "request" : "response";
}

static bool may_write(struct http_writer *writer, int stage)
{
	if (writer->error)
		return false;
	if (writer->stage == stage || (stage == STAGE_FIELDS && writer->stage == STAGE_TRAILERS))
		return true;
	writer->error = async_fail(
		-EINVAL, "HTTP writer: first line, fields, http_write_end, in this order");
	return false;
}

/* All text? Else the writer's error says what holds which byte: `part`, of some length. */
static bool text_only(struct http_writer *writer, const char *part, size_t part_size,
		      const char *text, size_t size)
{
	const char *end = text + size, *at = scan_text(text, text, end);

	if (likely(at == end))
		return true;
	writer->error = async_fail(-EINVAL, "HTTP %s: byte 0x%02x in %.*s (offset %zu)",
				   what(writer), (unsigned char)*at,
				   (int)(part_size < SHOWN_BYTES ? part_size : SHOWN_BYTES), part,
				   (size_t)(at - text));
	return false;
}

static void refuse_name(struct http_writer *writer, const char *name, size_t size)
{
	char shown[SHOWN_BYTES];

	http_log_escape(shown, sizeof shown, name, size);
	writer->error = async_fail(-EINVAL, "HTTP %s: a field name that is no token: \"%s\"",
				   what(writer), shown);
}

void http_write_begin(struct http_writer *writer, char *data, size_t size)
{
	*writer = (struct http_writer){ .data = data, .size = size };
}

static bool version_known(struct http_writer *writer, int minor)
{
	writer->minor = (uint8_t)minor;
	if (minor == 0 || minor == 1)
		return true;
	writer->error = async_fail(-EINVAL, "HTTP %s: version 1.%d; 1.0 and 1.1 are spoken here",
				   what(writer), minor);
	return false;
}

void http_write_request(struct http_writer *writer, int minor, const char *method,
			const char *target)
{
	size_t size = strlen(target);

	writer->request = true;
	if (!may_write(writer, STAGE_LINE) || !version_known(writer, minor))
		return;
	if (!http_is_token(method, strlen(method))) {
		writer->error = async_fail(-EINVAL, "HTTP request: the method is no token");
		return;
	}
	if (!size || scan_target(target, target, target + size) != target + size) {
		writer->error = async_fail(-EINVAL, "HTTP request: the target is empty or holds a "
						    "byte that must be percent-encoded");
		return;
	}
	writer->stage = STAGE_FIELDS;
	put(writer, method, strlen(method));
	PUT(writer, " ");
	put(writer, target, size);
	put(writer, minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n", 11);
}

void http_write_response(struct http_writer *writer, int minor, enum http_method asked,
			 unsigned int status, const char *reason)
{
	static const char the_reason[] = "the reason";
	char digits[4];

	if (!may_write(writer, STAGE_LINE) || !version_known(writer, minor))
		return;
	if (status < 100 || status > 999) {
		writer->error =
			async_fail(-EINVAL, "HTTP response: status %u is not three digits", status);
		return;
	}
	if (reason && !text_only(writer, the_reason, strlen(the_reason), reason, strlen(reason)))
		return;
	writer->bodiless = status < 200 || status == 204 ||
			   (asked == HTTP_METHOD_CONNECT && status < 300);
	writer->empty = writer->bodiless || status == 304 || asked == HTTP_METHOD_HEAD;
	writer->stage = STAGE_FIELDS;
	if (likely(status == 200 && !reason)) {
		put(writer, minor ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.0 200 OK\r\n", 17);
		return;
	}
	if (!reason)
		reason = http_reason(status);
	digits[0] = (char)('0' + status / 100);
	digits[1] = (char)('0' + status / 10 % 10);
	digits[2] = (char)('0' + status % 10);
	digits[3] = ' ';
	put(writer, minor ? "HTTP/1.1 " : "HTTP/1.0 ", 9);
	put(writer, digits, sizeof digits);
	put(writer, reason, strlen(reason));
	PUT(writer, "\r\n");
}

/* A length or coding is about to be said. */
static bool may_size(struct http_writer *writer)
{
	const char *wrong = NULL;

	if (!may_write(writer, STAGE_FIELDS))
		return false;
	if (writer->stage == STAGE_TRAILERS)
		wrong = "trailers cannot say how long the body is";
	else if (writer->sized)
		wrong = "a second Content-Length or Transfer-Encoding";
	else if (writer->bodiless)
		wrong = "this status has neither Content-Length nor Transfer-Encoding";
	if (wrong)
		writer->error = async_fail(-EINVAL, "HTTP %s: %s", what(writer), wrong);
	return !wrong;
}

void http_write_length(struct http_writer *writer, uint64_t length)
{
	char digits[20], *at = digits + sizeof digits;
	uint64_t rest = length;

	if (!may_size(writer))
		return;
	if (length > INT64_MAX) {
		writer->error =
			async_fail(-EINVAL, "HTTP %s: a length of more than 63 bits", what(writer));
		return;
	}
	do {
		*--at = (char)('0' + rest % 10);
	} while (rest /= 10);
	writer->sized = true;
	writer->length = length;
	writer->body = length ? HTTP_LENGTH : HTTP_NO_BODY;
	writer->seen |= HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH);
	PUT(writer, "Content-Length: ");
	put(writer, at, (size_t)(digits + sizeof digits - at));
	PUT(writer, "\r\n");
}

void http_write_chunked(struct http_writer *writer)
{
	if (!may_size(writer))
		return;
	if (!writer->minor) {
		writer->error = async_fail(-EINVAL,
					   "HTTP %s: HTTP/1.0 knows no chunked coding; give a "
					   "length, or let the connection end the body",
					   what(writer));
		return;
	}
	writer->sized = true;
	writer->body = HTTP_CHUNKED;
	writer->seen |= HTTP_NAME_BIT(HTTP_NAME_TRANSFER_ENCODING);
	PUT(writer, "Transfer-Encoding: chunked\r\n");
}

/* Content-Length as a field: what it says must be known here. */
static void length_field(struct http_writer *writer, const char *value, size_t size)
{
	uint64_t length = 0;
	size_t i;

	for (i = 0; i < size && byte_is(value[i], BYTE_DIGIT) && length <= INT64_MAX / 10; i++)
		length = length * 10 + (uint64_t)(value[i] - '0');
	if (size && i == size)
		http_write_length(writer, length);
	else if (!writer->error)
		writer->error =
			async_fail(-EINVAL, "HTTP %s: Content-Length is no number", what(writer));
}

static void coding_field(struct http_writer *writer, const char *value, size_t size)
{
	struct http_slice all = { 0, (uint32_t)size };

	if (size == 7 && http_item_is(value, all, "chunked"))
		http_write_chunked(writer);
	else if (!writer->error)
		writer->error = async_fail(
			-EINVAL, "HTTP %s: the only transfer coding here is chunked", what(writer));
}

void http_write_field(struct http_writer *writer, const char *name, size_t name_size,
		      const char *value, size_t value_size)
{
	enum http_name known;

	if (!may_write(writer, STAGE_FIELDS))
		return;
	if (!http_is_token(name, name_size)) {
		refuse_name(writer, name, name_size);
		return;
	}
	if (!text_only(writer, name, name_size, value, value_size))
		return;
	known = http_name_find(name, name_size);
	if (known == HTTP_NAME_CONTENT_LENGTH) {
		length_field(writer, value, value_size);
		return;
	}
	if (known == HTTP_NAME_TRANSFER_ENCODING) {
		coding_field(writer, value, value_size);
		return;
	}
	if (writer->seen & single & HTTP_NAME_BIT(known)) {
		writer->error = async_fail(-EINVAL, "HTTP %s: a second %s", what(writer),
					   http_name_texts[known].text);
		return;
	}
	if (writer->stage == STAGE_TRAILERS && HTTP_NAME_BIT(known) & http_trailers_forbidden) {
		writer->error = async_fail(-EINVAL, "HTTP %s: %s may not be a trailer",
					   what(writer), http_name_texts[known].text);
		return;
	}
	writer->seen |= HTTP_NAME_BIT(known);
	put(writer, name, name_size);
	PUT(writer, ": ");
	put(writer, value, value_size);
	PUT(writer, "\r\n");
}

void http_write_text(struct http_writer *writer, const char *name, const char *value)
{
	http_write_field(writer, name, strlen(name), value, strlen(value));
}

void http_write_lines(struct http_writer *writer, const char *lines, size_t size)
{
	if (may_write(writer, STAGE_FIELDS))
		put(writer, lines, size);
}

void http_write_known(struct http_writer *writer, const char *name, size_t name_size,
		      const char *value, size_t value_size)
{
	size_t size = name_size + value_size + 4;
	char *at = writer->data + writer->used;

	if (unlikely(!may_write(writer, STAGE_FIELDS)))
		return;
	writer->used += size;
	if (unlikely(writer->used > writer->size))
		return; /* it is too small for the whole: http_write_end tells */
	memcpy(at, name, name_size);
	memcpy(at + name_size, ": ", 2);
	memcpy(at + name_size + 2, value, value_size);
	memcpy(at + size - 2, "\r\n", 2);
}

void http_write_trailers(struct http_writer *writer)
{
	if (!may_write(writer, STAGE_LINE))
		return;
	writer->stage = STAGE_TRAILERS;
	PUT(writer, "0\r\n");
}

ssize_t http_write_end(struct http_writer *writer, struct http_outgoing *out)
{
	bool trailers = writer->stage == STAGE_TRAILERS;

	if (!may_write(writer, STAGE_FIELDS))
		return writer->error;
	if (writer->request && writer->minor && !(writer->seen & HTTP_NAME_BIT(HTTP_NAME_HOST)))
		return writer->error = async_fail(-EINVAL, "HTTP request: HTTP/1.1 needs Host");
	PUT(writer, "\r\n");
	writer->stage = STAGE_ENDED;
	if (writer->used > writer->size)
		return writer->error = async_fail(-ENOBUFS,
						  "HTTP %s: %zu bytes of head, room for %zu",
						  trailers ? "trailers" : what(writer),
						  writer->used, writer->size);
	if (!writer->request && !writer->sized && !writer->empty)
		writer->body = HTTP_UNTIL_CLOSE;
	if (writer->empty)
		writer->body = HTTP_NO_BODY;
	if (out && !trailers)
		*out = (struct http_outgoing){ .body = writer->body,
					       .keep_alive = writer->body != HTTP_UNTIL_CLOSE,
					       .left = writer->body == HTTP_LENGTH ?
							       writer->length :
							       0,
					       .length = writer->length };
	return (ssize_t)writer->used;
}

int http_outgoing_send(struct http_outgoing *out, uint64_t size)
{
	if (out->body == HTTP_CHUNKED || out->body == HTTP_UNTIL_CLOSE)
		return 0;
	if (size > out->left) {
		out->keep_alive = false;
		return async_fail(-EINVAL, "HTTP body longer than its head says (%llu bytes)",
				  (unsigned long long)(out->body ? out->length : 0));
	}
	out->left -= size;
	return 0;
}

int http_outgoing_end(struct http_outgoing *out)
{
	if (!out->left)
		return 0;
	out->keep_alive = false;
	return async_fail(-EINVAL, "HTTP body shorter by %llu than its head says (%llu bytes)",
			  (unsigned long long)out->left, (unsigned long long)out->length);
}

int http_chunk_head(char *text, uint64_t size)
{
	static const char digits[] = "0123456789abcdef";
	int count = 1, i;

	if (!size)
		return async_fail(-EINVAL, "HTTP chunk of no bytes: it would end the body");
	while (count < 16 && size >> (4 * count))
		count++;
	for (i = 0; i < count; i++)
		text[i] = digits[size >> (4 * (count - 1 - i)) & 15];
	text[count] = '\r';
	text[count + 1] = '\n';
	return count + 2;
}
