/* SPDX-License-Identifier: MIT */
/*
 * The same request given to this parser and to llhttp in its strict mode (Debian's package
 * node-llhttp, where it is installed; it is an oracle here and no part of the product). What we
 * accept it must accept, too, and find the same body, of the same size, ending at the same byte:
 * two programs that disagree about that are what request smuggling is made of. It may accept more.
 *
 * Where it refuses what we accept, one of the rules below must say why.
 */
#include "h1.h"

#ifdef HAVE_LLHTTP
#include <llhttp.h>

struct theirs {
	llhttp_errno_t error;
	bool head, complete, chunked;
	uint64_t length, body;
	size_t used;
};

static int on_headers(llhttp_t *parser)
{
	struct theirs *theirs = parser->data;

	theirs->head = true;
	theirs->chunked = parser->flags & F_CHUNKED;
	theirs->length = parser->flags & F_CONTENT_LENGTH ? parser->content_length : 0;
	return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
	struct theirs *theirs = parser->data;

	(void)at;
	theirs->body += size;
	return 0;
}

static int on_complete(llhttp_t *parser)
{
	struct theirs *theirs = parser->data;

	theirs->complete = true;
	return HPE_PAUSED;
}

static struct theirs ask_them(const char *data, size_t size)
{
	struct theirs theirs = { 0 };
	llhttp_settings_t settings;
	llhttp_t parser;

	llhttp_settings_init(&settings);
	settings.on_headers_complete = on_headers;
	settings.on_body = on_body;
	settings.on_message_complete = on_complete;
	llhttp_init(&parser, HTTP_REQUEST, &settings);
	parser.data = &theirs;
	theirs.error = llhttp_execute(&parser, data, size);
	if (theirs.error)
		theirs.used = (size_t)(llhttp_get_error_pos(&parser) - data);
	return theirs;
}

/*
 * EXTENSIONS: a chunk may have several (RFC 9112, 7.1.1). After one that has a token for its value
 * they expect a chunk size, which sounds like a hole of theirs, and they know no backslash in
 * quotes.
 */
static bool extensions_differ(const char *body, size_t size)
{
	const char *at = body, *end = body + size, *semicolon;

	if (memchr(body, '\\', size))
		return true;
	while ((at = memchr(at, '=', (size_t)(end - at)))) {
		semicolon = ++at;
		while (semicolon < end && byte_is(*semicolon, BYTE_TOKEN))
			semicolon++;
		if (semicolon < end && *semicolon == ';')
			return true;
	}
	return false;
}

/* Rules by which we accept a head that they refuse. */
static bool explained(const struct http_head *head, const struct theirs *theirs)
{
	/* METHODS: any token is a method (RFC 9110, 9.1); they have a list, and some names on it
	 * are for other protocols only. */
	if (head->method == HTTP_METHOD_OTHER)
		return theirs->error == HPE_INVALID_METHOD ||
		       theirs->error == HPE_INVALID_CONSTANT ||
		       theirs->error == HPE_INVALID_VERSION ||
		       theirs->error == HPE_PAUSED_H2_UPGRADE || theirs->error == HPE_INVALID_URL;
	/* HOSTS: in absolute and authority form they take fewer bytes of RFC 3986 for a host. */
	if (head->form == HTTP_ABSOLUTE || head->form == HTTP_AUTHORITY_FORM)
		return theirs->error == HPE_INVALID_URL;
	return false;
}

static void compare(const char *data, size_t size)
{
	struct http_field list[H1_FIELDS], trailer_list[H1_FIELDS];
	struct http_head head, trailers;
	struct http_body body;
	struct http_slice piece;
	struct theirs theirs;
	uint64_t bytes = 0;
	size_t at, used;
	ssize_t n;
	int what;

	http_head_begin(&head, &h1_limits, list);
	n = http_request_parse(&head, data, size);
	if (n <= 0)
		return;
	http_head_begin(&trailers, &h1_limits, trailer_list);
	http_body_begin(&body, &head.framing, &trailers);
	for (at = (size_t)n;
	     (what = http_body_next(&body, data + at, size - at, &used, &piece)) == HTTP_DATA;
	     at += used)
		bytes += piece.size;
	if (what == HTTP_END && extensions_differ(data + n, at + used - (size_t)n))
		what = HTTP_MORE;
	theirs = ask_them(data, what == HTTP_END ? size : (size_t)n);
	if (theirs.error && theirs.error != HPE_PAUSED && theirs.error != HPE_PAUSED_UPGRADE) {
		h1_check(explained(&head, &theirs));
		return;
	}
	h1_check(theirs.head);
	h1_check(theirs.chunked == (head.framing.body == HTTP_CHUNKED));
	h1_check(theirs.length == head.framing.length);
	if (what != HTTP_END || head.method == HTTP_METHOD_CONNECT)
		return;
	h1_check(theirs.complete);
	h1_check(theirs.body == bytes);
	h1_check(theirs.used == at + used);
}
#else
static void compare(const char *data, size_t size)
{
	/* Without the oracle: that it is not read past its end. */
	struct http_field list[H1_FIELDS];
	struct http_head head;

	http_head_begin(&head, &h1_limits, list);
	http_request_parse(&head, data, size);
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = h1_copy(data, size);

	compare(copy, size);
	free(copy);
	return 0;
}
