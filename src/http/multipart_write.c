/* SPDX-License-Identifier: MIT */
/* Writing multipart bodies. */
#include <await/base.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "http/bytes.h"
#include "http/field.h"
#include "http/multipart.h"

/* What goes to the caller's room if all of it fits. */
struct part_output {
	char *text;
	size_t size, used;
};

static void put(struct part_output *out, const char *data, size_t size)
{
	if (out->used <= out->size && size <= out->size - out->used)
		memcpy(out->text + out->used, data, size);
	out->used += size;
}

static void put_text(struct part_output *out, const char *text)
{
	put(out, text, strlen(text));
}

void http_boundary_make(char text[HTTP_BOUNDARY_TEXT_BYTES], uint64_t random, uint64_t more)
{
	snprintf(text, HTTP_BOUNDARY_TEXT_BYTES, "await-%016" PRIx64 "%016" PRIx64, random, more);
}

/* bchars of RFC 2046, 5.1.1; the blank is legal but asks for trouble. */
static int check_boundary(const char *boundary)
{
	size_t size = strlen(boundary), i;

	for (i = 0; i < size; i++) {
		char folded = (char)(boundary[i] | 0x20);

		if (!(folded >= 'a' && folded <= 'z') && !byte_is(boundary[i], BYTE_DIGIT) &&
		    !strchr("'()+_,-./:=?", boundary[i]))
			break;
	}
	if (size && i == size && size <= HTTP_BOUNDARY_BYTES)
		return 0;
	return async_fail(-EINVAL,
			  "a boundary that is not 1 to %d of the bytes that one may have (RFC "
			  "2046, 5.1.1)",
			  HTTP_BOUNDARY_BYTES);
}

static void put_boundary(struct part_output *out, const char *boundary, bool first)
{
	put_text(out, first ? "--" : "\r\n--");
	put_text(out, boundary);
}

static int check_text(const char *text, const char *what)
{
	for (; *text; text++) {
		if (!byte_is(*text, BYTE_TEXT))
			return async_fail(-EINVAL, "a part's %s holds the control byte 0x%02x",
					  what, (unsigned char)*text);
	}
	return 0;
}

static void put_quoted(struct part_output *out, const char *text)
{
	put_text(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			put_text(out, "\\");
		put(out, text, 1);
	}
	put_text(out, "\"");
}

static int check_part(const struct http_part *part)
{
	int result = 0;

	if (part->name)
		result = check_text(part->name, "name");
	if (!result && part->filename)
		result = check_text(part->filename, "file name");
	if (!result && part->type)
		result = check_text(part->type, "type");
	for (size_t i = 0; !result && i < part->field_count; i++) {
		const char *name = part->fields[i].name;

		if (!http_is_token(name, strlen(name)))
			return async_fail(-EINVAL, "a part's field has a name that is no token");
		result = check_text(part->fields[i].value, "field");
	}
	return result;
}

static void put_field(struct part_output *out, const char *name, const char *value)
{
	put_text(out, name);
	put_text(out, ": ");
	put_text(out, value);
	put_text(out, "\r\n");
}

ssize_t http_part_write(char *text, size_t size, const char *boundary, bool first,
			const struct http_part *part)
{
	struct part_output out = { text, size, 0 };
	int result = check_boundary(boundary);

	if (!result)
		result = check_part(part);
	if (result)
		return result;
	put_boundary(&out, boundary, first);
	put_text(&out, "\r\n");
	if (part->name) {
		put_text(&out, "Content-Disposition: form-data; name=");
		put_quoted(&out, part->name);
		if (part->filename) {
			put_text(&out, "; filename=");
			put_quoted(&out, part->filename);
		}
		put_text(&out, "\r\n");
	}
	if (part->type)
		put_field(&out, "Content-Type", part->type);
	for (size_t i = 0; i < part->field_count; i++)
		put_field(&out, part->fields[i].name, part->fields[i].value);
	put_text(&out, "\r\n");
	return (ssize_t)out.used;
}

ssize_t http_part_write_end(char *text, size_t size, const char *boundary, bool first)
{
	struct part_output out = { text, size, 0 };
	int result = check_boundary(boundary);

	if (result)
		return result;
	put_boundary(&out, boundary, first);
	put_text(&out, "--\r\n");
	return (ssize_t)out.used;
}
