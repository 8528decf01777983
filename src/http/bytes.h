/* SPDX-License-Identifier: MIT */
/* What a byte may be in HTTP. No locale, no <ctype.h>: the grammars speak of ASCII only. */
#ifndef HTTP_BYTES_H
#define HTTP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
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

/* The value of a BYTE_HEX. */
static inline int byte_hex(char byte)
{
	return byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
}

static inline char byte_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* FNV-1a, for tables whose keys cannot be chosen in numbers that hurt. */
static inline uint32_t bytes_hash(const char *data, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)data[i]) * 16777619u;
	return hash;
}

/* The same but for the case of ASCII letters. */
static inline bool bytes_same(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (byte_lower(a[i]) != byte_lower(b[i]))
			return false;
	}
	return true;
}

#endif
