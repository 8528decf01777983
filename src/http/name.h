/* SPDX-License-Identifier: MIT */
/*
 * Field names that are known beforehand. The parser recognises them as it goes, so that asking for
 * one later is an array access and the rules on them need no search. At most 63: a bit each.
 */
#ifndef HTTP_NAME_H
#define HTTP_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/base.h"

/* identifier, name in lower case, its first and last byte */
/* clang-format off */
#define HTTP_NAMES(X) \
	X(ACCEPT, "accept", 'a', 't') \
	X(ACCEPT_CHARSET, "accept-charset", 'a', 't') \
	X(ACCEPT_ENCODING, "accept-encoding", 'a', 'g') \
	X(ACCEPT_LANGUAGE, "accept-language", 'a', 'e') \
	X(ACCEPT_RANGES, "accept-ranges", 'a', 's') \
	X(AGE, "age", 'a', 'e') \
	X(ALLOW, "allow", 'a', 'w') \
	X(AUTHORIZATION, "authorization", 'a', 'n') \
	X(CACHE_CONTROL, "cache-control", 'c', 'l') \
	X(CONNECTION, "connection", 'c', 'n') \
	X(CONTENT_DISPOSITION, "content-disposition", 'c', 'n') \
	X(CONTENT_ENCODING, "content-encoding", 'c', 'g') \
	X(CONTENT_LANGUAGE, "content-language", 'c', 'e') \
	X(CONTENT_LENGTH, "content-length", 'c', 'h') \
	X(CONTENT_LOCATION, "content-location", 'c', 'n') \
	X(CONTENT_RANGE, "content-range", 'c', 'e') \
	X(CONTENT_TYPE, "content-type", 'c', 'e') \
	X(COOKIE, "cookie", 'c', 'e') \
	X(DATE, "date", 'd', 'e') \
	X(ETAG, "etag", 'e', 'g') \
	X(EXPECT, "expect", 'e', 't') \
	X(EXPIRES, "expires", 'e', 's') \
	X(FORWARDED, "forwarded", 'f', 'd') \
	X(HOST, "host", 'h', 't') \
	X(IF_MATCH, "if-match", 'i', 'h') \
	X(IF_MODIFIED_SINCE, "if-modified-since", 'i', 'e') \
	X(IF_NONE_MATCH, "if-none-match", 'i', 'h') \
	X(IF_RANGE, "if-range", 'i', 'e') \
	X(IF_UNMODIFIED_SINCE, "if-unmodified-since", 'i', 'e') \
	X(KEEP_ALIVE, "keep-alive", 'k', 'e') \
	X(LAST_MODIFIED, "last-modified", 'l', 'd') \
	X(LOCATION, "location", 'l', 'n') \
	X(MAX_FORWARDS, "max-forwards", 'm', 's') \
	X(ORIGIN, "origin", 'o', 'n') \
	X(PRAGMA, "pragma", 'p', 'a') \
	X(PROXY_AUTHENTICATE, "proxy-authenticate", 'p', 'e') \
	X(PROXY_AUTHORIZATION, "proxy-authorization", 'p', 'n') \
	X(PROXY_CONNECTION, "proxy-connection", 'p', 'n') \
	X(RANGE, "range", 'r', 'e') \
	X(REFERER, "referer", 'r', 'r') \
	X(RETRY_AFTER, "retry-after", 'r', 'r') \
	X(SEC_WEBSOCKET_ACCEPT, "sec-websocket-accept", 's', 't') \
	X(SEC_WEBSOCKET_EXTENSIONS, "sec-websocket-extensions", 's', 's') \
	X(SEC_WEBSOCKET_KEY, "sec-websocket-key", 's', 'y') \
	X(SEC_WEBSOCKET_PROTOCOL, "sec-websocket-protocol", 's', 'l') \
	X(SEC_WEBSOCKET_VERSION, "sec-websocket-version", 's', 'n') \
	X(SERVER, "server", 's', 'r') \
	X(SET_COOKIE, "set-cookie", 's', 'e') \
	X(STRICT_TRANSPORT_SECURITY, "strict-transport-security", 's', 'y') \
	X(TE, "te", 't', 'e') \
	X(TRAILER, "trailer", 't', 'r') \
	X(TRANSFER_ENCODING, "transfer-encoding", 't', 'g') \
	X(UPGRADE, "upgrade", 'u', 'e') \
	X(USER_AGENT, "user-agent", 'u', 't') \
	X(VARY, "vary", 'v', 'y') \
	X(VIA, "via", 'v', 'a') \
	X(WWW_AUTHENTICATE, "www-authenticate", 'w', 'e') \
	X(X_FORWARDED_FOR, "x-forwarded-for", 'x', 'r') \
	X(X_FORWARDED_HOST, "x-forwarded-host", 'x', 't') \
	X(X_FORWARDED_PROTO, "x-forwarded-proto", 'x', 'o')
/* clang-format on */

enum http_name {
	HTTP_NAME_OTHER,
#define HTTP_NAME_ENUM(id, text, first, last) HTTP_NAME_##id,
	HTTP_NAMES(HTTP_NAME_ENUM)
#undef HTTP_NAME_ENUM
		HTTP_NAME_COUNT,
};

#define HTTP_NAME_BIT(name) (UINT64_C(1) << (name))

enum { HTTP_NAME_SLOTS = 256, HTTP_NAME_BYTES_MAX = 25 };

/* A perfect hash over the names above: the factors were found by trying; that no two names share a
 * slot is checked by the compiler, which refuses a table entry given twice. */
#define HTTP_NAME_SLOT(size, first, last) \
	(((size)*185 + (first)*191 + (last)*167) % HTTP_NAME_SLOTS)

/* One load away, and never across two cache lines. */
struct http_name_text {
	char text[HTTP_NAME_BYTES_MAX + 1]; /* lower case */
	uint8_t size;
} __attribute__((aligned(32)));

extern const struct http_name_text http_name_texts[HTTP_NAME_COUNT];
extern const uint8_t http_name_slots[HTTP_NAME_SLOTS];

static inline bool http_words_equal8(const char *token, const char *lower)
{
	uint64_t a, b;

	memcpy(&a, token, sizeof a);
	memcpy(&b, lower, sizeof b);
	return (a | UINT64_C(0x2020202020202020)) == b;
}

static inline bool http_words_equal4(const char *token, const char *lower)
{
	uint32_t a, b;

	memcpy(&a, token, sizeof a);
	memcpy(&b, lower, sizeof b);
	return (a | UINT32_C(0x20202020)) == b;
}

/* Whether `token`, which has no control bytes, equals a text in lower case. Setting bit 5 folds
 * letters; apart from control bytes it maps nothing else onto a letter, a digit or a hyphen, which
 * is all that `lower` has. */
static inline bool http_token_equals(const char *token, const char *lower, size_t size)
{
	size_t at = 0;

	/* Words that overlap where the size is no multiple: no loop over bytes. */
	if (likely(size >= 8)) {
		for (; at + 8 < size; at += 8) {
			if (!http_words_equal8(token + at, lower + at))
				return false;
		}
		return http_words_equal8(token + size - 8, lower + size - 8);
	}
	if (size >= 4)
		return http_words_equal4(token, lower) &&
		       http_words_equal4(token + size - 4, lower + size - 4);
	for (; at < size; at++) {
		if ((token[at] | 0x20) != lower[at])
			return false;
	}
	return true;
}

/* The identifier of a field name; HTTP_NAME_OTHER when it is none of the above. `name` has at least
 * one byte, and none of them is a control. */
static inline enum http_name http_name_find(const char *name, size_t size)
{
	unsigned int slot =
		HTTP_NAME_SLOT((unsigned int)size, name[0] | 0x20u, name[size - 1] | 0x20u);
	unsigned int id = http_name_slots[slot];
	const struct http_name_text *known = &http_name_texts[id];

	if (known->size != size || !http_token_equals(name, known->text, size))
		return HTTP_NAME_OTHER;
	return (enum http_name)id;
}

#endif
