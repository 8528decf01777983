/* SPDX-License-Identifier: MIT */
/* Reading multipart bodies. */
#include <await/base.h>
#include <errno.h>
#include <string.h>
#include "http/bytes.h"
#include "http/form.h"
#include "http/multipart.h"

enum { PREAMBLE, BOUNDARY, FIELDS, CONTENT, DONE };

/* bchars of RFC 2046, 5.1.1, and what else is sent: visible ASCII, blanks inside. */
static bool boundary_valid(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return size && size <= HTTP_BOUNDARY_BYTES && text[size - 1] != ' ';
}

int http_multipart_boundary(const char *type, size_t size, char boundary[HTTP_BOUNDARY_BYTES + 1])
{
	char room[512];
	size_t used;

	if (size < 10 || !bytes_same(type, "multipart/", 10))
		return async_fail(-EINVAL, "a Content-Type that is not multipart");
	if (size > sizeof room)
		return async_fail(-EINVAL,
				  "a Content-Type of %zu bytes, where %zu are enough for "
				  "any boundary",
				  size, sizeof room);
	if (!http_parameter_find(type, size, "boundary", room, &used) ||
	    !boundary_valid(room, used))
		return async_fail(-EINVAL,
				  "a Content-Type without a boundary of 1 to %d bytes of "
				  "ASCII (RFC 2046, 5.1.1)",
				  HTTP_BOUNDARY_BYTES);
	memcpy(boundary, room, used);
	boundary[used] = '\0';
	return (int)used;
}

void http_multipart_begin(struct http_multipart *multipart, const char *boundary,
			  uint32_t parts_max, struct http_head *head)
{
	size_t size = strnlen(boundary, HTTP_BOUNDARY_BYTES);

	*multipart = (struct http_multipart){ .head = head,
					      .parts_max = parts_max ? parts_max : HTTP_PARTS,
					      .state = PREAMBLE,
					      .start = true,
					      .needle_size = (uint8_t)(4 + size) };
	memcpy(multipart->needle, "\r\n--", 4);
	memcpy(multipart->needle + 4, boundary, size);
}

/* Where no boundary can begin, from the front. */
static size_t safe_size(const struct http_multipart *multipart, const char *data, size_t size)
{
	size_t tail = size < multipart->needle_size ? size : multipart->needle_size - 1u;
	const char *end = data + size, *at = end - tail;

	while (at < end && (at = memchr(at, '\r', (size_t)(end - at)))) {
		if (!memcmp(at, multipart->needle, (size_t)(end - at)))
			return (size_t)(at - data);
		at++;
	}
	return size;
}

/*
 * Looks for a boundary. Returns how many bytes lie before it, or how many cannot belong to one, and
 * in *found its size with its CRLF: 0 without one. Where a line begins the CRLF has been before:
 * at the beginning of the body, and behind a part's fields, whose last CRLF is it (RFC 2046, 5.1.1).
 */
static size_t find(struct http_multipart *multipart, const char *data, size_t size, size_t *found)
{
	const char *at;

	*found = 0;
	if (multipart->start) {
		size_t bare = multipart->needle_size - 2u, common = size < bare ? size : bare;

		if (!memcmp(data, multipart->needle + 2, common)) {
			*found = common == bare ? bare : 0;
			return 0;
		}
		multipart->start = false;
	}
	at = memmem(data, size, multipart->needle, multipart->needle_size);
	if (!at)
		return safe_size(multipart, data, size);
	*found = multipart->needle_size;
	return (size_t)(at - data);
}

static int refuse(const struct http_multipart *multipart, const char *what)
{
	return async_fail(-EBADMSG, "multipart body: %s (part %u)", what, multipart->parts);
}

static int part_begins(struct http_multipart *multipart)
{
	struct http_head *head = multipart->head;

	if (multipart->parts == multipart->parts_max)
		return async_fail(-EMSGSIZE,
				  "multipart body: more than %u parts (HTTP limit `parts`)",
				  multipart->parts_max);
	multipart->parts++;
	http_head_begin(head, head->limits, head->fields.list);
	multipart->state = FIELDS;
	return 0;
}

/* What follows a boundary on its line. Returns how many bytes that are, 0: more is needed. */
static ssize_t boundary_ends(struct http_multipart *multipart, const char *data, size_t size)
{
	size_t at = 0;
	int result;

	if (size && data[0] == '-') {
		if (size < 2)
			return 0;
		if (data[1] != '-')
			return refuse(multipart, "something follows a boundary on its line");
		multipart->state = DONE;
		return 2;
	}
	while (at < size && is_blank(data[at]))
		at++;
	if (at > HTTP_PADDING_BYTES)
		return refuse(multipart, "more than 64 blanks behind a boundary");
	if (at == size || (at + 1 == size && data[at] == '\r'))
		return 0;
	if (data[at] != '\r' || data[at + 1] != '\n')
		return refuse(multipart, "something follows a boundary on its line");
	result = part_begins(multipart);
	return result ? result : (ssize_t)at + 2;
}

/* One event of the content, or of the preamble, which has none. */
static int content(struct http_multipart *multipart, const char *data, size_t size, size_t *used,
		   struct http_slice *piece)
{
	size_t found, before = find(multipart, data + *used, size - *used, &found);

	if (multipart->state == PREAMBLE) {
		*used += before + found;
		multipart->state = found ? BOUNDARY : PREAMBLE;
		return HTTP_PART_MORE;
	}
	if (before) {
		*piece = (struct http_slice){ (uint32_t)*used, (uint32_t)before };
		*used += before;
		return HTTP_PART_DATA;
	}
	*used += found;
	multipart->state = found ? BOUNDARY : CONTENT;
	return found ? HTTP_PART_END : HTTP_PART_MORE;
}

int http_multipart_next(struct http_multipart *multipart, const char *data, size_t size,
			size_t *used, struct http_slice *piece)
{
	ssize_t result;

	*used = 0;
	for (;;) {
		switch (multipart->state) {
		case BOUNDARY:
			result = boundary_ends(multipart, data + *used, size - *used);
			if (result <= 0)
				return (int)result;
			*used += (size_t)result;
			break;
		case FIELDS:
			result = http_fields_parse(multipart->head, data + *used, size - *used);
			if (result <= 0)
				return (int)result;
			*piece = (struct http_slice){ (uint32_t)*used, (uint32_t)result };
			*used += (size_t)result;
			multipart->state = CONTENT;
			multipart->start = true;
			return HTTP_PART_HEAD;
		case DONE:
			*used = size;
			return HTTP_PART_DONE;
		default:
			result = content(multipart, data, size, used, piece);
			if (result != HTTP_PART_MORE || multipart->state != BOUNDARY)
				return (int)result;
		}
	}
}

int http_multipart_eof(const struct http_multipart *multipart)
{
	return multipart->state == DONE ? 0 :
					  refuse(multipart, "it ends without its final boundary");
}
