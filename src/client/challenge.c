/* SPDX-License-Identifier: MIT */
/* Challenges, word by word. Values without quotes may hold more than tokens do: servers send nonces
 * in base64 so. */
#include <string.h>
#include "client/challenge.h"
#include "http/bytes.h"

void challenge_begin(struct challenge_reader *reader, const char *text, size_t size)
{
	*reader = (struct challenge_reader){ .at = text, .end = text + size };
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

static enum challenge_kind malformed(struct challenge_reader *reader, struct challenge_item *item)
{
	reader->at = reader->end;
	reader->after_item = reader->after_scheme = false;
	return item->kind = CHALLENGE_MALFORMED;
}

/* To the next word. false: a comma is missing. */
static bool skip_commas(struct challenge_reader *reader)
{
	bool comma = false;

	for (;;) {
		reader->at = skip_blanks(reader->at, reader->end);
		if (reader->at == reader->end || *reader->at != ',')
			break;
		reader->at++;
		comma = true;
	}
	if (comma)
		reader->after_scheme = false;
	return comma || !reader->after_item || reader->at == reader->end;
}

/* The end of a token68 at `at` that stands alone: nothing but blanks up to a comma or the end.
 * NULL: there is none. */
static const char *token_end(const char *at, const char *end)
{
	const char *from = at, *rest;

	while (at < end &&
	       (byte_is(*at, BYTE_HEX) || (byte_lower(*at) >= 'a' && byte_lower(*at) <= 'z') ||
		(*at && strchr("-._~+/", *at))))
		at++;
	if (at == from)
		return NULL;
	while (at < end && *at == '=')
		at++;
	rest = skip_blanks(at, end);
	return rest == end || *rest == ',' ? at : NULL;
}

/* The end of a quoted string whose first quote is at `at`; NULL: it has none. */
static const char *quoted_end(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at == '"')
			return at + 1;
		if (*at == '\\' && ++at == end)
			break;
	}
	return NULL;
}

static enum challenge_kind take_value(struct challenge_reader *reader, struct challenge_item *item)
{
	const char *at = skip_blanks(reader->at, reader->end);

	item->value = at;
	if (at < reader->end && *at == '"') {
		at = quoted_end(at, reader->end);
		if (!at)
			return malformed(reader, item);
	} else {
		while (at < reader->end && !is_blank(*at) && *at != ',' && *at != '"')
			at++;
	}
	item->value_size = (size_t)(at - item->value);
	reader->at = at;
	reader->after_item = true;
	reader->after_scheme = false;
	return item->kind = CHALLENGE_PARAMETER;
}

static enum challenge_kind take_word(struct challenge_reader *reader, struct challenge_item *item)
{
	const char *at = reader->at, *rest;

	item->name = at;
	while (at < reader->end && byte_is(*at, BYTE_TOKEN))
		at++;
	item->name_size = (size_t)(at - item->name);
	rest = skip_blanks(at, reader->end);
	if (!item->name_size)
		return malformed(reader, item);
	if (rest < reader->end && *rest == '=') {
		reader->at = rest + 1;
		return take_value(reader, item);
	}
	if (rest == at && rest < reader->end && *rest != ',')
		return malformed(reader, item);
	reader->at = at;
	reader->after_scheme = true;
	reader->after_item = false;
	return item->kind = CHALLENGE_SCHEME;
}

enum challenge_kind challenge_next(struct challenge_reader *reader, struct challenge_item *item)
{
	const char *token;

	*item = (struct challenge_item){ .kind = CHALLENGE_END };
	if (!skip_commas(reader))
		return malformed(reader, item);
	if (reader->at == reader->end)
		return CHALLENGE_END;
	token = reader->after_scheme ? token_end(reader->at, reader->end) : NULL;
	if (!token)
		return take_word(reader, item);
	item->value = reader->at;
	item->value_size = (size_t)(token - reader->at);
	reader->at = token;
	reader->after_scheme = false;
	reader->after_item = true;
	return item->kind = CHALLENGE_TOKEN;
}

bool challenge_is(const struct challenge_item *item, const char *lower)
{
	return item->name_size == strlen(lower) && bytes_same(item->name, lower, item->name_size);
}

size_t challenge_decode(const char *value, size_t size, char *room)
{
	const char *end;
	char *to = room;

	if (size < 2 || *value != '"') {
		if (size)
			memcpy(room, value, size);
		return size;
	}
	end = value + size - 1;
	for (value++; value < end; value++) {
		if (*value == '\\' && value + 1 < end)
			value++;
		*to++ = *value;
	}
	return (size_t)(to - room);
}
