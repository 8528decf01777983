/* SPDX-License-Identifier: MIT */
/* A part of a multipart body: what it says of itself, and its content. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <await/scope.h>
#include "base/base.h"
#include "http/charset.h"
#include "http/field.h"
#include "http/form.h"
#include "server/multipart_read.h"

void part_end(async_part *part)
{
	if (part->coding)
		body_coding_free(part->coding);
	part->coding = NULL;
	arena_end(&part->arena);
	arena_begin(&part->arena, NULL, 0);
}

/* ---- What it says of itself ---- */

/* A parameter of Content-Disposition; *text stays NULL where there is none. 0 or -ENOMEM. */
static int parameter(async_part *part, const char *value, bool file, const char **text)
{
	size_t size = strlen(value), used;
	char *room = arena_bytes(&part->arena, size + 1);
	bool found;

	if (!room)
		return async_fail(-ENOMEM, "no memory for a part's head");
	found = file ? http_filename_find(value, size, room, &used) :
		       http_parameter_find(value, size, "name", room, &used);
	if (!found)
		return 0;
	room[used] = '\0';
	*text = room;
	return 0;
}

int part_begin(async_part *part)
{
	const char *value;
	int error = 0;

	part->name = part->filename = part->type = part->charset = NULL;
	part->begun = part->ended = part->decode = part->unfinished = part->whole = false;
	part->transfer = (struct part_coding){ .kind = PART_PLAIN };
	part->piece_size = part->body_size = 0;
	value = async_part_header(part, "Content-Disposition");
	if (value)
		error = parameter(part, value, false, &part->name);
	return value && !error ? parameter(part, value, true, &part->filename) : error;
}

const char *async_part_name(const async_part *part)
{
	return part->name;
}

const char *async_part_filename(const async_part *part)
{
	return part->filename;
}

/* Zero bytes are put where the separator of a field stands. */
static const char *text_at(const async_part *part, size_t at, size_t size)
{
	part->block[at + size] = '\0';
	return part->block + at;
}

const char *async_part_header_at(async_part *part, size_t i, const char **value)
{
	const struct http_fields *fields = &part->multipart->head.fields;
	const struct http_field *field;

	if (i >= fields->count)
		return NULL;
	field = &fields->list[i];
	*value = text_at(part, field->value.at, field->value.size);
	return text_at(part, field->name_at, field->name_size);
}

const char *async_part_header(async_part *part, const char *name)
{
	const struct http_field *field = http_field_find(&part->multipart->head.fields, part->block,
							 name, strlen(name), NULL);

	return field ? text_at(part, field->value.at, field->value.size) : NULL;
}

static void split_type(async_part *part)
{
	http_content_type_split(&part->arena, async_part_header(part, "Content-Type"), "text/plain",
				&part->type, &part->charset);
}

const char *async_part_content_type(async_part *part)
{
	if (!part->type)
		split_type(part);
	return part->type;
}

const char *async_part_charset(async_part *part)
{
	if (!part->charset)
		split_type(part);
	return part->charset;
}

/* ---- Its content ---- */

int async_part_decode(async_part *part)
{
	const char *transfer = async_part_header(part, "Content-Transfer-Encoding");
	const char *coding = async_part_header(part, "Content-Encoding");
	async_request *request = part->multipart->request;
	int error;

	if (part->begun)
		return async_fail(-EBUSY, "async_part_decode: some of the part was read already");
	if (part->decode)
		return 0;
	error = transfer ? part_coding_begin(&part->transfer, transfer, strlen(transfer)) : 0;
	if (!error && coding)
		error = body_coding_new(coding, strlen(coding), request_body_ratio(request),
					&part->coding);
	part->decode = !error;
	return request_blame_body(request, error);
}

int part_decode_first(async_part *part)
{
	return part->begun ? 0 : async_part_decode(part);
}

/* Out of its transfer encoding. */
static ssize_t await_transferred(async_part *part, const char **data)
{
	char *sent;
	ssize_t n;

	do {
		n = await_part_sent(part, &sent);
		if (n > 0) {
			*data = sent;
			n = part_coding_step(&part->transfer, sent, (size_t)n);
			if (!n)
				continue;
		} else if (!n) {
			n = part_coding_end(&part->transfer);
		}
		return n == -EBADMSG ? multipart_broken(part->multipart, (int)n) : n;
	} while (true);
}

/* And out of its content coding. */
static ssize_t await_decoded_part(async_part *part, const char **data)
{
	struct body_coding *coding = part->coding;
	ssize_t n;

	while (!(n = body_coding_next(coding, data)) && !coding->over) {
		n = await_transferred(part, &coding->data);
		if (n < 0)
			return n;
		coding->size = (size_t)n;
		coding->over = !n;
	}
	return n < 0 ? multipart_broken(part->multipart, (int)n) : n;
}

ssize_t await_part_chunk(async_part *part, const char **data)
{
	ssize_t n = async_cancelled();

	if (n)
		return n;
	part->begun = true;
	if (part->piece_size) {
		n = (ssize_t)part->piece_size;
		*data = part->piece;
		part->piece_size = 0;
		return n;
	}
	if (part->ended)
		return 0;
	n = part->coding ? await_decoded_part(part, data) : await_transferred(part, data);
	part->ended = !n;
	return n;
}

/* So much of the piece was not wanted. */
static void unread(async_part *part, const char *piece, size_t size)
{
	part->piece = piece;
	part->piece_size = size;
}

ssize_t await_part_read(async_part *part, void *data, size_t size)
{
	const char *piece;
	ssize_t n = await_part_chunk(part, &piece);

	if (n <= 0)
		return n;
	if ((size_t)n > size) {
		unread(part, piece + size, (size_t)n - size);
		n = (ssize_t)size;
	}
	memcpy(data, piece, (size_t)n);
	return n;
}

/* Behind what is kept, with a zero byte. */
static int keep(async_part *part, const char *data, size_t size)
{
	size_t needed = part->body_size + size + 1, wanted = part->body_room * 2;
	char *larger;

	if (needed > part->body_room) {
		wanted = wanted < needed ? needed : wanted;
		larger = realloc(part->body, wanted < 256 ? 256 : wanted);
		if (!larger)
			return async_fail(-ENOMEM, "no memory for %zu bytes of a part", wanted);
		part->body = larger;
		part->body_room = wanted < 256 ? 256 : wanted;
	}
	if (size)
		memcpy(part->body + part->body_size, data, size);
	part->body_size += size;
	part->body[part->body_size] = '\0';
	return 0;
}

static int too_large(async_part *part, const char *what, size_t most, const char *option)
{
	return request_blame_body(part->multipart->request,
				  async_fail(-EMSGSIZE,
					     "%s of a multipart body is larger than %zu bytes (%s)",
					     what, most, option));
}

/* Keeping begins, or goes on after a cancel. */
static void keep_begin(async_part *part)
{
	if (!part->unfinished)
		part->body_size = 0;
	part->unfinished = true;
}

static ssize_t keep_end(async_part *part, int error, const char **data)
{
	if (!error)
		error = keep(part, NULL, 0);
	if (error)
		return error;
	part->unfinished = false;
	*data = part->body;
	return (ssize_t)part->body_size;
}

ssize_t await_part_readline(async_part *part, const char **line)
{
	size_t most = part->multipart->options.line_bytes, size;
	const char *piece, *end = NULL;
	ssize_t n = async_cancelled();
	int error = 0;

	*line = "";
	if (n || part->whole)
		return n;
	keep_begin(part);
	while (!error && !end && (n = await_part_chunk(part, &piece)) != 0) {
		if (n < 0)
			return n;
		end = memchr(piece, '\n', (size_t)n);
		size = end ? (size_t)(end - piece) + 1 : (size_t)n;
		if (size > most - part->body_size)
			return too_large(part, "a line in a part", most,
					 "multipart option `line_bytes`");
		error = keep(part, piece, size);
		unread(part, piece + size, (size_t)n - size);
	}
	return keep_end(part, error, line);
}

ssize_t await_part_body(async_part *part, const char **data)
{
	size_t most = part->multipart->options.part_bytes;
	const char *piece;
	ssize_t n = async_cancelled();
	int error = 0;

	if (n)
		return n;
	if (!part->whole) {
		keep_begin(part);
		while (!error && (n = await_part_chunk(part, &piece)) != 0) {
			if (n < 0)
				return n;
			if ((size_t)n > most - part->body_size)
				return too_large(part, "a part", most,
						 "multipart option `part_bytes`, route option "
						 "`body_bytes`");
			error = keep(part, piece, (size_t)n);
		}
	}
	n = keep_end(part, error, data);
	part->whole = n >= 0;
	return n;
}

ssize_t await_part_text(async_part *part, const char **text)
{
	async_request *request = part->multipart->request;
	const char *charset = async_part_charset(part);
	ssize_t n = part_decode_first(part);
	char *converted;
	int error;

	if (!n)
		n = await_part_body(part, text);
	if (n < 0)
		return n;
	if (charset_is_utf8(charset)) {
		error = charset_check_utf8(*text, (size_t)n);
		return error ? request_blame_body(request, error) : n;
	}
	n = await_charset_convert(charset, *text, (size_t)n, &converted);
	if (n < 0)
		return request_blame_body(request, (int)n);
	if (arena_on_end(&part->arena, free, converted)) {
		free(converted);
		return async_fail(-ENOMEM, "no memory for text of %zd bytes", n);
	}
	*text = converted;
	return n;
}

async_multipart *async_part_multipart(async_part *part)
{
	const async_multipart *outer = part->multipart;
	const char *type = async_part_header(part, "Content-Type");

	if (part_decode_first(part))
		return NULL;
	return multipart_new(outer->request, part, type ? type : "", &outer->options);
}
