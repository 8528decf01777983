/* SPDX-License-Identifier: MIT */
/*
 * The rules of HTTP/1 by name: everything a message can be refused for, with the status a server
 * answers (RFC 9110, 9112, 6585) and the text people see. A refusal names exactly one rule, so that
 * tests, fuzz targets and documentation can speak of it; docs/http-parser.md explains them.
 */
#ifndef HTTP_RULE_H
#define HTTP_RULE_H

#include <stdint.h>
#include <sys/types.h>

/* name, status, text; texts of limits hold %u for their value */
#define HTTP_RULES(X)                                                                            \
	X(METHOD_BYTE, 400, "the method is no token")                                            \
	X(METHOD_EMPTY, 400, "the request line does not begin with a method")                    \
	X(TARGET_EMPTY, 400, "the request target is empty")                                      \
	X(TARGET_BYTE, 400, "a byte that no request target may hold")                            \
	X(TARGET_FORM, 400, "the request target has none of the four forms for this method")     \
	X(TARGET_SCHEME, 400, "an absolute request target must begin with http:// or https://")  \
	X(AUTHORITY, 400, "the request target names no valid host and port")                     \
	X(VERSION_MISSING, 400, "the request line ends without a version")                       \
	X(VERSION_BAD, 400, "the version is not written HTTP/digit.digit")                       \
	X(VERSION_UNKNOWN, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here")                    \
	X(LINE_TAIL, 400, "something follows the version")                                       \
	X(STATUS_BAD, 400, "the status is not three digits from 100 on")                         \
	X(REASON_BYTE, 400, "a control byte in the reason phrase")                               \
	X(BARE_LF, 400, "a line ends in LF without CR")                                          \
	X(BARE_CR, 400, "CR without LF")                                                         \
	X(FOLD, 400, "a line begins with a blank: folded fields are obsolete")                   \
	X(NAME_EMPTY, 400, "a field without a name")                                             \
	X(NAME_BYTE, 400, "a byte that no field name may hold")                                  \
	X(NAME_BLANK, 400, "a blank between field name and colon")                               \
	X(NAME_COLON, 400, "a field line without a colon")                                       \
	X(VALUE_NUL, 400, "a NUL in a field value")                                              \
	X(VALUE_BYTE, 400, "a control byte in a field value")                                    \
	X(DUPLICATE, 400, "a field that may appear once appears again")                          \
	X(HOST_MISSING, 400, "an HTTP/1.1 request without Host")                                 \
	X(HOST_BAD, 400, "Host is not a valid host and port")                                    \
	X(LENGTH_BAD, 400, "Content-Length is not one number in decimal digits")                 \
	X(LENGTH_LARGE, 413, "Content-Length does not fit in 63 bits")                           \
	X(LENGTH_AND_CODING, 400, "both Content-Length and Transfer-Encoding")                   \
	X(CODING_BAD, 400, "Transfer-Encoding is not `chunked` once and last")                   \
	X(CODING_UNKNOWN, 501, "a transfer coding other than chunked")                           \
	X(CODING_IN_1_0, 400, "Transfer-Encoding in an HTTP/1.0 message")                        \
	X(CONNECT_BODY, 400, "a CONNECT request with a body")                                    \
	X(LINE_LONG, 414, "the first line is longer than %u bytes (HTTP limit `line_bytes`)")    \
	X(FIELD_LONG, 431, "a field line is longer than %u bytes (HTTP limit `field_bytes`)")    \
	X(FIELDS_MANY, 431,                                                                      \
	  "more than %u fields (HTTP limit `fields`; of the client `head_fields`)")              \
	X(HEAD_LONG, 431, "head or trailers are longer than %u bytes (HTTP limit `head_bytes`)") \
	X(CHUNK_SIZE_EMPTY, 400, "a chunk without a size")                                       \
	X(CHUNK_SIZE_BAD, 400, "a chunk size that is not hexadecimal digits")                    \
	X(CHUNK_SIZE_LARGE, 413, "a chunk size that does not fit in 60 bits")                    \
	X(CHUNK_EXTENSION, 400, "a malformed chunk extension")                                   \
	X(CHUNK_EXTENSION_LONG, 413,                                                             \
	  "chunk extensions of more than %u bytes in a body (HTTP limit `extension_bytes`)")     \
	X(CHUNK_END, 400, "chunk data not followed by CRLF")                                     \
	X(TRAILER_FORBIDDEN, 400, "a trailer that would change framing, routing or its reading") \
	X(AFTER_CLOSE, 400, "data after a message that closes the connection")                   \
	X(TRUNCATED, 400, "the connection ended in the middle of a message")

enum http_rule {
	HTTP_OK,
#define HTTP_RULE_ENUM(name, status, text) HTTP_##name,
	HTTP_RULES(HTTP_RULE_ENUM)
#undef HTTP_RULE_ENUM
		HTTP_RULE_COUNT,
};

/* Which rule was broken, and where: an offset into the block that the parser was given. */
struct http_error {
	uint16_t rule;
	uint32_t at;
	uint32_t limit; /* its value, when the rule is a limit */
};

const char *http_rule_name(enum http_rule rule);

/* The status a server answers; 0 for HTTP_OK. */
unsigned int http_rule_status(enum http_rule rule);

/* Sets async_error() to the rule's text and returns -EBADMSG (malformed), -EMSGSIZE (a limit) or
 * -EOPNOTSUPP (501, 505). `what` is "request", "response", "chunked body". The input itself is
 * never quoted, save the one byte at fault, escaped: data[at], when `data` holds it. */
int http_refuse(const struct http_error *error, const char *what, const char *data, size_t size);

#endif
