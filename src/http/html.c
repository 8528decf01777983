/* SPDX-License-Identifier: MIT */
/* Escaping: what is dangerous is replaced byte by byte. */
#include <stdbool.h>
#include <string.h>
#include "http/html.h"

static size_t add(char *room, size_t room_size, size_t used, const char *text, size_t size)
{
	if (room_size - used <= size)
		return 0;
	memcpy(room + used, text, size);
	return size;
}

static const char *entity(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

size_t http_html_escape(char *room, size_t room_size, const char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		const char *escape = entity(text[i]);
		size_t more = add(room, room_size, used, escape ? escape : text + i,
				  escape ? strlen(escape) : 1);

		if (!more)
			break;
		used += more;
	}
	room[used] = '\0';
	return used;
}

size_t http_log_escape(char *room, size_t room_size, const char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		char escape[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };
		bool plain = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
		size_t more = add(room, room_size, used, plain ? text + i : escape, plain ? 1 : 4);

		if (!more)
			break;
		used += more;
	}
	room[used] = '\0';
	return used;
}
