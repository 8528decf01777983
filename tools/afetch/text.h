/* SPDX-License-Identifier: MIT */
/* Texts: bytes of the network made fit for JSON, numbers made fit for people, hashes. */
#ifndef AFETCH_TEXT_H
#define AFETCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates. */
bool text_is_utf8(const char *data, size_t size);

/* A copy that is UTF-8, ending in a zero that is not counted: the bytes as they are where they are,
 * else each byte taken as a character of ISO 8859-1, which is what old headers are in. The caller
 * frees it; NULL: no memory. */
char *text_to_utf8(const char *data, size_t size, size_t *length);

enum { NUMBER_TEXT_BYTES = 32 };
/* "12,345", "1.2 MB", "340 ms"; each returns `to`. */
const char *text_count(char to[NUMBER_TEXT_BYTES], uint64_t count);
const char *text_bytes(char to[NUMBER_TEXT_BYTES], double bytes);
const char *text_seconds(char to[NUMBER_TEXT_BYTES], double seconds);

/* SipHash-2-4 with a fixed key: 64 bits that nobody finds equal for two texts without trying
 * billions. */
uint64_t text_hash(const char *data, size_t size);

#endif
