/* SPDX-License-Identifier: MIT */
/* Base64 and quoted-printable, one byte after the other. */
#include <await/base.h>
#include <errno.h>
#include <string.h>
#include "http/bytes.h"
#include "http/transfer.h"

/* Of quoted-printable: what a "=" was followed by. */
enum { TEXT, EQUALS, DIGIT, BLANKS, RETURN };

int http_transfer_begin(struct http_transfer *transfer, const char *text, size_t size)
{
	static const struct {
		const char *name;
		enum http_transfer_kind kind;
	} kinds[] = { { "7bit", HTTP_TRANSFER_PLAIN },
		      { "8bit", HTTP_TRANSFER_PLAIN },
		      { "binary", HTTP_TRANSFER_PLAIN },
		      { "base64", HTTP_TRANSFER_BASE64 },
		      { "quoted-printable", HTTP_TRANSFER_QUOTED } };

	*transfer = (struct http_transfer){ .kind = HTTP_TRANSFER_PLAIN };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strlen(kinds[i].name) == size && bytes_same(text, kinds[i].name, size)) {
			transfer->kind = (uint8_t)kinds[i].kind;
			return 0;
		}
	}
	return async_fail(-EOPNOTSUPP, "a part's Content-Transfer-Encoding that is not 7bit, 8bit, "
				       "binary, base64 or quoted-printable");
}

static int refuse(const char *what)
{
	return async_fail(-EBADMSG, "a part: malformed %s", what);
}

/* 0 to 63; 64: white space, which is passed over; 65: padding; -1: not of base64. */
static int sextet_of(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	switch (byte) {
	case '+':
		return 62;
	case '/':
		return 63;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return 64;
	case '=':
		return 65;
	default:
		return -1;
	}
}

static int base64_step(struct http_transfer *transfer, const char *data, size_t size, size_t *used,
		       char *out, size_t room, size_t *made)
{
	for (; *used < size; (*used)++) {
		int sextet = sextet_of(data[*used]);

		if (sextet == 64)
			continue;
		if (sextet < 0 || (sextet < 64 && transfer->padding))
			return refuse("base64");
		if (sextet == 65) {
			transfer->padding++;
			if (transfer->characters++ % 4 < 2)
				return refuse("base64");
			continue;
		}
		if (transfer->bits_held >= 2 && *made == room)
			break;
		transfer->characters++;
		transfer->bits = transfer->bits << 6 | (uint32_t)sextet;
		transfer->bits_held = (uint8_t)(transfer->bits_held + 6);
		if (transfer->bits_held >= 8) {
			transfer->bits_held = (uint8_t)(transfer->bits_held - 8);
			out[(*made)++] = (char)(transfer->bits >> transfer->bits_held);
		}
	}
	return 0;
}

/* The byte after "=" and what came behind that. Returns whether `*byte` is to be given out, or -1:
 * malformed. */
static int after_equals(struct http_transfer *transfer, char *byte)
{
	char next = *byte;

	if (transfer->state == DIGIT) {
		transfer->state = TEXT;
		*byte = (char)(transfer->bits << 4 | (unsigned int)byte_hex(next));
		return byte_is(next, BYTE_HEX) ? 1 : -1;
	}
	if (transfer->state == EQUALS && byte_is(next, BYTE_HEX)) {
		transfer->state = DIGIT;
		transfer->bits = (uint32_t)byte_hex(next);
		return 0;
	}
	if (transfer->state != RETURN && (is_blank(next) || next == '\r')) {
		transfer->state = next == '\r' ? RETURN : BLANKS;
		return 0;
	}
	transfer->state = TEXT;
	return next == '\n' ? 0 : -1;
}

static int quoted_step(struct http_transfer *transfer, const char *data, size_t size, size_t *used,
		       char *out, size_t room, size_t *made)
{
	for (; *used < size && *made < room; (*used)++) {
		char byte = data[*used];
		int give = 1;

		if (transfer->state != TEXT) {
			give = after_equals(transfer, &byte);
		} else if (byte == '=') {
			transfer->state = EQUALS;
			give = 0;
		}
		if (give < 0)
			return refuse("quoted-printable");
		if (give)
			out[(*made)++] = byte;
	}
	return 0;
}

int http_transfer_step(struct http_transfer *transfer, const char *data, size_t size, size_t *used,
		       char *out, size_t room, size_t *made)
{
	*used = *made = 0;
	switch (transfer->kind) {
	case HTTP_TRANSFER_BASE64:
		return base64_step(transfer, data, size, used, out, room, made);
	case HTTP_TRANSFER_QUOTED:
		return quoted_step(transfer, data, size, used, out, room, made);
	default:
		*used = *made = size < room ? size : room;
		if (*used)
			memcpy(out, data, *used);
		return 0;
	}
}

int http_transfer_finish(const struct http_transfer *transfer)
{
	if (transfer->kind == HTTP_TRANSFER_BASE64 && transfer->characters % 4)
		return refuse("base64: it ends in the middle");
	if (transfer->kind == HTTP_TRANSFER_QUOTED && transfer->state != TEXT)
		return refuse("quoted-printable: it ends in the middle");
	return 0;
}
