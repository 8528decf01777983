/* SPDX-License-Identifier: MIT */
/* Pairs are looked for where they stand; nothing is kept but the value that was asked for. */
#include <string.h>
#include "http/bytes.h"
#include "http/pairs.h"

static int hex_value(char byte)
{
	return byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
}

/* The next byte that the text stands for; moves on. */
static char next_byte(const char **at, const char *end, bool plus)
{
	const char *text = *at;

	if (*text == '%' && end - text > 2 && byte_is(text[1], BYTE_HEX) &&
	    byte_is(text[2], BYTE_HEX)) {
		*at = text + 3;
		return (char)(hex_value(text[1]) << 4 | hex_value(text[2]));
	}
	*at = text + 1;
	return plus && *text == '+' ? ' ' : *text;
}

static bool is_name(const char *text, const char *end, const char *name)
{
	while (text < end) {
		if (next_byte(&text, end, true) != *name || !*name++)
			return false;
	}
	return !*name;
}

const char *pairs_decode(struct arena *arena, const char *text, size_t size, bool plus)
{
	char *room = arena_bytes(arena, size + 1), *to = room;
	const char *end = text + size;

	if (!room)
		return NULL;
	while (text < end)
		*to++ = next_byte(&text, end, plus);
	*to = '\0';
	return room;
}

const char *pairs_value(struct arena *arena, const char *text, size_t size, const char *name,
			size_t i)
{
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		const char *equals;

		if (!stop)
			stop = end;
		equals = memchr(text, '=', (size_t)(stop - text));
		if (is_name(text, equals ? equals : stop, name) && stop > text && !i--) {
			const char *value = equals ? equals + 1 : stop;

			return pairs_decode(arena, value, (size_t)(stop - value), true);
		}
		text = stop + 1;
	}
	return NULL;
}
