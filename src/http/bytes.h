/* SPDX-License-Identifier: MIT */
/* What a byte may be in HTTP. No locale, no <ctype.h>: the grammars speak of ASCII only. */
#ifndef HTTP_BYTES_H
#define HTTP_BYTES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BYTE_TOKEN = 1, /* tchar of RFC 9110, 5.6.2: methods and field names */
	BYTE_DIGIT = 2,
	BYTE_HEX = 4,
	BYTE_TARGET = 8,  /* visible ASCII but '#': what request targets are made of in practice */
	BYTE_HOST = 16,	  /* unreserved and sub-delims of RFC 3986, 3.2.2 */
	BYTE_QUOTED = 32, /* inside a quoted string, backslash and quote excepted */
	BYTE_TEXT = 64,	  /* field values: HTAB, SP, visible ASCII and all above it */
};

extern const uint8_t byte_classes[256];

static inline bool byte_is(char byte, unsigned int classes)
{
	return byte_classes[(unsigned char)byte] & classes;
}

static inline bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

#endif
