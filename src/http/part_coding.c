/* SPDX-License-Identifier: MIT */
/* base64 and quoted-printable. Strict where a mistake would change what is read; line ends and
 * blanks between groups of base64 do not count (RFC 2045, 6.8). */
#include <await/base.h>
#include <errno.h>
#include "http/bytes.h"
#include "http/html.h"
#include "http/name.h"
#include "http/part_coding.h"

static bool is(const char *value, size_t size, const char *name, size_t name_size)
{
	return size == name_size && http_token_equals(value, name, name_size);
}

int part_coding_begin(struct part_coding *coding, const char *value, size_t size)
{
	char text[80];

	*coding = (struct part_coding){ .kind = PART_PLAIN };
	if (is(value, size, "base64", 6))
		coding->kind = PART_BASE64;
	else if (is(value, size, "quoted-printable", 16))
		coding->kind = PART_QUOTED;
	else if (size && !is(value, size, "binary", 6) && !is(value, size, "8bit", 4) &&
		 !is(value, size, "7bit", 4)) {
		http_log_escape(text, sizeof text, value, size);
		return async_fail(-EOPNOTSUPP,
				  "a part in the transfer encoding \"%s\", which is "
				  "not known here",
				  text);
	}
	return 0;
}

static int base64_value(unsigned char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

static int refuse(const char *what)
{
	return async_fail(-EBADMSG, "a part in %s", what);
}

/* The last group: characters and padding make four. */
static int base64_padding(struct part_coding *coding)
{
	if (coding->count < 2 || coding->count + ++coding->ended > 4)
		return refuse("base64 with padding in the wrong place");
	return 0;
}

/* A byte as soon as there are eight bits for it, so that writing never overtakes reading. */
static ssize_t base64_step(struct part_coding *coding, char *data, size_t size)
{
	char *to = data;

	for (const char *at = data; at < data + size; at++) {
		int value = base64_value((unsigned char)*at);

		if (*at == '=') {
			int error = base64_padding(coding);

			if (error)
				return error;
		} else if (value >= 0) {
			if (coding->ended)
				return refuse("base64 with more behind its padding");
			coding->bits = coding->bits << 6 | (uint32_t)value;
			if (coding->count)
				*to++ = (char)(coding->bits >> (6 - 2 * coding->count));
			coding->count = (coding->count + 1) % 4;
		} else if (*at != '\r' && *at != '\n' && !is_blank(*at)) {
			return refuse("base64 with a byte that does not belong to it");
		}
	}
	return to - data;
}

/* After a `=`: two digits, or the end of a line, which does not count; blanks may stand before it.
 */
enum { QUOTED_DIGIT = 2, QUOTED_LINE = 3, QUOTED_CR = 4 };

static int quoted_byte(struct part_coding *coding, char byte, char **to)
{
	switch (coding->count) {
	case 1:
		coding->held = byte;
		coding->count = byte_is(byte, BYTE_HEX) ? QUOTED_DIGIT :
				byte == '\r'		? QUOTED_CR :
				is_blank(byte)		? QUOTED_LINE :
							  0;
		return coding->count || byte == '\n' ? 0 : -1;
	case QUOTED_DIGIT:
		*(*to)++ = (char)(byte_hex(coding->held) << 4 | byte_hex(byte));
		coding->count = 0;
		return byte_is(byte, BYTE_HEX) ? 0 : -1;
	case QUOTED_LINE:
		coding->count = byte == '\r' ? QUOTED_CR : byte == '\n' ? 0 : QUOTED_LINE;
		return is_blank(byte) || coding->count != QUOTED_LINE ? 0 : -1;
	default:
		coding->count = 0;
		return byte == '\n' ? 0 : -1;
	}
}

static ssize_t quoted_step(struct part_coding *coding, char *data, size_t size)
{
	char *to = data;

	for (const char *at = data; at < data + size; at++) {
		if (!coding->count && *at != '=')
			*to++ = *at;
		else if (!coding->count)
			coding->count = 1;
		else if (quoted_byte(coding, *at, &to))
			return refuse("quoted-printable with `=` before what is no byte");
	}
	return to - data;
}

ssize_t part_coding_step(struct part_coding *coding, char *data, size_t size)
{
	if (coding->kind == PART_BASE64)
		return base64_step(coding, data, size);
	return coding->kind == PART_QUOTED ? quoted_step(coding, data, size) : (ssize_t)size;
}

int part_coding_end(const struct part_coding *coding)
{
	if (coding->kind == PART_BASE64 && coding->count + coding->ended != 0 &&
	    coding->count + coding->ended != 4)
		return refuse("base64 that ends in the middle of a group");
	if (coding->kind == PART_QUOTED && coding->count)
		return refuse("quoted-printable that ends in the middle of a byte");
	return 0;
}
