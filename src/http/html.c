/* SPDX-License-Identifier: MIT */
/* Escapes, into room that may be too small. */
#include <string.h>
#include "http/html.h"

struct escape_output {
	char *room;
	size_t room_size, used, written;
};

/* All of it or nothing, and nothing after something was left out. */
static void put(struct escape_output *out, const char *text, size_t size)
{
	if (out->written == out->used && out->used + size < out->room_size) {
		memcpy(out->room + out->written, text, size);
		out->written += size;
	}
	out->used += size;
}

static size_t end(struct escape_output *out)
{
	if (out->room_size)
		out->room[out->written] = '\0';
	return out->used;
}

size_t http_html_escape(char *room, size_t room_size, const char *text, size_t size)
{
	struct escape_output out = { room, room_size, 0, 0 };

	for (size_t i = 0; i < size; i++) {
		switch (text[i]) {
		case '&':
			put(&out, "&amp;", 5);
			break;
		case '<':
			put(&out, "&lt;", 4);
			break;
		case '>':
			put(&out, "&gt;", 4);
			break;
		case '"':
			put(&out, "&quot;", 6);
			break;
		case '\'':
			put(&out, "&#39;", 5);
			break;
		default:
			put(&out, text + i, 1);
		}
	}
	return end(&out);
}

size_t http_log_escape(char *room, size_t room_size, const char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	struct escape_output out = { room, room_size, 0, 0 };

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		const char hex[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };
		const char pair[2] = { '\\', (char)byte };

		if (byte == '"' || byte == '\\')
			put(&out, pair, sizeof pair);
		else if (byte < ' ' || byte > '~')
			put(&out, hex, sizeof hex);
		else
			put(&out, text + i, 1);
	}
	return end(&out);
}
