/* SPDX-License-Identifier: MIT */
/* Parameters of field values (RFC 9110, 5.6.6), with the two ways around ASCII that were added
 * later (RFC 8187, RFC 2231). */
#include <string.h>
#include "http/bytes.h"
#include "http/field.h"
#include "http/form.h"

/* Pieces of RFC 2231; one more would be a number of three digits. */
enum { PIECES_MAX = 100 };

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

static const char *drop_blanks(const char *at, const char *end)
{
	while (end > at && is_blank(end[-1]))
		end--;
	return end;
}

/* Up to a semicolon that is in no quotes. */
static const char *find_semicolon(const char *at, const char *end)
{
	bool quoted = false;

	for (; at < end && (quoted || *at != ';'); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
			at++;
	}
	return at;
}

void http_parameters_begin(struct http_parameters *parameters, const char *text, size_t size,
			   struct http_slice *value)
{
	const char *end = text + size, *semicolon = find_semicolon(text, end);
	const char *from = skip_blanks(text, semicolon), *to = drop_blanks(from, semicolon);

	*value = (struct http_slice){ (uint32_t)(from - text), (uint32_t)(to - from) };
	*parameters = (struct http_parameters){ semicolon, end };
}

/* The quote that ends a quoted string, or `end`. */
static const char *find_quote(const char *at, const char *end)
{
	for (; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
			at++;
	}
	return at < end ? at : end;
}

/* [at, end) without the semicolon; false: nobody can tell what it means. */
static bool split(const char *at, const char *end, struct http_parameter *parameter)
{
	const char *equals = memchr(at, '=', (size_t)(end - at)), *name_end;

	if (!equals)
		return false;
	at = skip_blanks(at, equals);
	name_end = drop_blanks(at, equals);
	parameter->name = at;
	parameter->name_size = (size_t)(name_end - at);
	at = skip_blanks(equals + 1, end);
	end = drop_blanks(at, end);
	parameter->quoted = at < end && *at == '"';
	if (parameter->quoted) {
		const char *close = find_quote(at + 1, end);

		if (close + 1 != end)
			return false;
		at++;
		end--;
	}
	parameter->value = at;
	parameter->value_size = (size_t)(end - at);
	return http_is_token(parameter->name, parameter->name_size);
}

bool http_parameters_next(struct http_parameters *parameters, struct http_parameter *parameter)
{
	while (parameters->at < parameters->end) {
		const char *from = parameters->at + 1;

		parameters->at = find_semicolon(from, parameters->end);
		if (split(from, parameters->at, parameter))
			return true;
	}
	return false;
}

static size_t copy_plain(const struct http_parameter *parameter, char *room)
{
	const char *at = parameter->value, *end = at + parameter->value_size;
	char *to = room;

	for (; at < end; at++) {
		if (parameter->quoted && *at == '\\' && at + 1 < end &&
		    (at[1] == '"' || at[1] == '\\'))
			at++;
		*to++ = *at;
	}
	return (size_t)(to - room);
}

enum charset { CHARSET_UNKNOWN, CHARSET_UTF8, CHARSET_LATIN1 };

/* "UTF-8'en'" in front of an extended value; sets *at behind it. */
static enum charset take_charset(const char **at, const char *end)
{
	const char *quote = memchr(*at, '\'', (size_t)(end - *at)), *second;
	size_t size = quote ? (size_t)(quote - *at) : 0;
	const char *name = *at;

	second = quote ? memchr(quote + 1, '\'', (size_t)(end - quote - 1)) : NULL;
	if (!second)
		return CHARSET_UNKNOWN;
	*at = second + 1;
	if ((size == 5 && bytes_same(name, "utf-8", 5)) ||
	    (size == 8 && bytes_same(name, "us-ascii", 8)))
		return CHARSET_UTF8;
	return size == 10 && bytes_same(name, "iso-8859-1", 10) ? CHARSET_LATIN1 : CHARSET_UNKNOWN;
}

/* Percent-encoded bytes; false: an escape is none. A byte of ISO-8859-1 above ASCII becomes two,
 * but took three, or is one that must not be there unencoded. */
static bool decode_extended(const char *at, const char *end, enum charset charset, char *room,
			    size_t *used)
{
	while (at < end) {
		unsigned char byte = (unsigned char)*at;

		if (byte >= 0x80)
			return false;
		if (byte == '%') {
			if (end - at < 3 || !byte_is(at[1], BYTE_HEX) || !byte_is(at[2], BYTE_HEX))
				return false;
			byte = (unsigned char)(byte_hex(at[1]) << 4 | byte_hex(at[2]));
			at += 2;
		}
		at++;
		if (byte >= 0x80 && charset == CHARSET_LATIN1) {
			room[(*used)++] = (char)(0xc0 | byte >> 6);
			byte = 0x80 | (byte & 0x3f);
		}
		room[(*used)++] = (char)byte;
	}
	return true;
}

/* Whether a parameter's name is `name` and then `suffix`. */
static bool name_is(const struct http_parameter *parameter, const char *name, const char *suffix)
{
	size_t size = strlen(name), suffix_size = strlen(suffix);

	return parameter->name_size == size + suffix_size &&
	       bytes_same(parameter->name, name, size) &&
	       !memcmp(parameter->name + size, suffix, suffix_size);
}

/* The first parameter of that name. */
static bool lookup(const char *text, size_t size, const char *name, const char *suffix,
		   struct http_parameter *parameter)
{
	struct http_parameters parameters;
	struct http_slice value;

	http_parameters_begin(&parameters, text, size, &value);
	while (http_parameters_next(&parameters, parameter)) {
		if (name_is(parameter, name, suffix))
			return true;
	}
	return false;
}

static bool find_extended(const char *text, size_t size, const char *name, char *room, size_t *used)
{
	struct http_parameter parameter;
	const char *at, *end;
	enum charset charset;

	if (!lookup(text, size, name, "*", &parameter))
		return false;
	at = parameter.value;
	end = at + parameter.value_size;
	charset = take_charset(&at, end);
	*used = 0;
	return charset != CHARSET_UNKNOWN && decode_extended(at, end, charset, room, used);
}

/* name*0, name*1 and on, each with or without an asterisk behind, which makes it an extended one. */
static bool find_pieces(const char *text, size_t size, const char *name, char *room, size_t *used)
{
	enum charset charset = CHARSET_UNKNOWN;
	struct http_parameter piece;
	const char *end;
	int i;

	*used = 0;
	for (i = 0; i < PIECES_MAX; i++) {
		char suffix[5] = { '*', 0 };
		char *digit = suffix + 1;

		if (i >= 10)
			*digit++ = (char)('0' + i / 10);
		*digit++ = (char)('0' + i % 10);
		if (lookup(text, size, name, suffix, &piece)) {
			*used += copy_plain(&piece, room + *used);
			continue;
		}
		*digit = '*';
		if (!lookup(text, size, name, suffix, &piece))
			break;
		end = piece.value + piece.value_size;
		if (!i)
			charset = take_charset(&piece.value, end);
		if (charset == CHARSET_UNKNOWN ||
		    !decode_extended(piece.value, end, charset, room, used))
			return false;
	}
	return i > 0;
}

bool http_parameter_find(const char *text, size_t size, const char *name, char *room,
			 size_t *room_used)
{
	struct http_parameter parameter;

	if (find_extended(text, size, name, room, room_used))
		return true;
	/* Nearly never: only where there is a piece to begin with. */
	if (memchr(text, '*', size) && find_pieces(text, size, name, room, room_used))
		return true;
	if (!lookup(text, size, name, "", &parameter))
		return false;
	*room_used = copy_plain(&parameter, room);
	return true;
}

bool http_filename_find(const char *text, size_t size, char *room, size_t *room_used)
{
	size_t from = 0, used = 0, end;

	if (!http_parameter_find(text, size, "filename", room, &end))
		return false;
	for (size_t i = 0; i < end; i++) {
		if (room[i] == '/' || room[i] == '\\')
			from = i + 1;
	}
	for (; from < end; from++) {
		if ((unsigned char)room[from] >= ' ' && room[from] != 0x7f)
			room[used++] = room[from];
	}
	/* Names of directories; also what is left of one when control bytes go. */
	if ((used == 1 || used == 2) && room[0] == '.' && room[used - 1] == '.')
		used = 0;
	*room_used = used;
	return true;
}

bool http_media_type_valid(const char *text, size_t size)
{
	const char *slash = size ? memchr(text, '/', size) : NULL;

	return slash && http_is_token(text, (size_t)(slash - text)) &&
	       http_is_token(slash + 1, size - (size_t)(slash + 1 - text));
}

void http_content_type_split(struct arena *arena, const char *value, const char *usual,
			     const char **type, const char **charset)
{
	size_t size = value ? strcspn(value, "; \t") : 0, all = value ? strlen(value) : 0;
	char *room;

	*type = usual;
	*charset = "";
	if (!size || !http_media_type_valid(value, size))
		return;
	*type = arena_lower(arena, value, size);
	if (!*type)
		*type = "";
	if (size == all)
		return;
	room = arena_bytes(arena, all);
	if (room && http_parameter_find(value, all, "charset", room, &all))
		*charset = arena_lower(arena, room, all);
	if (!*charset)
		*charset = "";
}
