/* SPDX-License-Identifier: MIT */
/*
 * Holes of other HTTP libraries, each with the input that made it: those of the message layer. A
 * name is the entry's; docs/http-parser.md lists them with the ones that belong to other layers.
 */
#include <errno.h>
#include "http/body.h"
#include "http/write.h"
#include "vectors.h"

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

/* A CR alone ended a field for llhttp, so that what followed was a field of its own. */
TEST_WITH(cve_2023_37276, "M16 M05", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(POST "X-Abc: \rxTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n",
			BARE_CR),
		REFUSED(POST "X-Abc:\rTransfer-Encoding: chunked\r\n\r\n", BARE_CR),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

/* int() of a language takes signs and underscores; names held anything; values held NUL. */
TEST_WITH(cve_2023_47627, "M16 M02 M05 M06", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(POST "Content-Length: +1_0\r\n\r\n", LENGTH_BAD),
		REFUSED(POST "Content-Length: -0\r\n\r\n", LENGTH_BAD),
		REFUSED(POST "\xc2\xa0"
			     "A: b\r\n\r\n",
			NAME_BYTE),
		REFUSED(POST "Content-Length\x0c: 5\r\n\r\n", NAME_BYTE),
		REFUSED(POST "A: b\0c\r\n\r\n", VALUE_NUL),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

/* Content-Length and Transfer-Encoding together. */
TEST_WITH(cve_2023_47641, "M16 M02", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(POST "Content-Length: 24\r\nTransfer-Encoding: chunked\r\n\r\n",
			LENGTH_AND_CODING),
		REFUSED(POST "Transfer-Encoding: chunked\r\nContent-Length: 24\r\n\r\n",
			LENGTH_AND_CODING),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

static struct http_writer writer;
static char room[300];

/* A version that a caller chose went into the request as it was; here it is a number. */
TEST_WITH(cve_2023_49081, "M16 M13", .backends = ONCE)
{
	http_write_begin(&writer, room, sizeof room);
	http_write_request(&writer, '\r', "GET", "/");
	CHECK_INT(http_write_end(&writer, NULL), -EINVAL);
	CHECK_INT((long)writer.used, 0);
}

/* The same with the method. */
TEST_WITH(cve_2023_49082, "M16 M13", .backends = ONCE)
{
	http_write_begin(&writer, room, sizeof room);
	http_write_request(&writer, 1, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", "/");
	CHECK_INT(http_write_end(&writer, NULL), -EINVAL);
	CHECK_INT((long)writer.used, 0);
}

/* Separators: blanks of other scripts, a tab, versions of several digits. */
TEST_WITH(cve_2024_23829, "M16 M05 M09", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("GET /\x0bHTTP/1.1\r\n\r\n", TARGET_BYTE),
		REFUSED("GET\t/ HTTP/1.1\r\n\r\n", METHOD_BYTE),
		REFUSED("GET / HTTP/1.1\x0c\r\n\r\n", LINE_TAIL),
		REFUSED("GET / HTTP/1.\xd9\xa1\r\n\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/12.1\r\n\r\n", VERSION_BAD),
		REFUSED(POST "A\x0b: b\r\n\r\n", NAME_BYTE),
		REFUSED(POST "A \t: b\r\n\r\n", NAME_BLANK),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

static struct http_field list[20];

static enum http_rule chunked_rule(const char *text)
{
	static const struct http_framing framing = { .body = HTTP_CHUNKED };
	size_t size = strlen(text), used = 0, at = 0;
	struct http_head head;
	struct http_body body;
	struct http_slice piece;
	int what;

	http_head_begin(&head, NULL, list);
	http_body_begin(&body, &framing, &head);
	while ((what = http_body_next(&body, text + at, size - at, &used, &piece)) == HTTP_DATA)
		at += used;
	CHECK(what < 0 || what == HTTP_END);
	return head.error.rule;
}

/* A line break in a chunk extension. */
TEST_WITH(cve_2024_52304, "M16 M07", .backends = ONCE)
{
	CHECK_INT(chunked_rule("2;\nxx\r\n4c\r\n0\r\n\r\n"), HTTP_BARE_LF);
	CHECK_INT(chunked_rule("2;a=\"\nxx\"\r\nab\r\n0\r\n\r\n"), HTTP_BARE_LF);
}

/* Trailers that were not read became the next request. */
TEST_WITH(cve_2025_53643, "M16 M07 M10", .backends = ONCE)
{
	CHECK_INT(chunked_rule("1\r\na\r\n0\r\nX: y\r\n\r\n"), HTTP_OK);
	CHECK_INT(chunked_rule("1\r\na\r\n0\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n"),
		  HTTP_NAME_BLANK);
}

/* Classes and case mappings of Unicode where ASCII was meant. */
TEST_WITH(cve_2025_69224, "M16 M02 M03 M07", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(POST "Transfer-Encoding: chun\xe2\x84\xaa"
			     "ed\r\n\r\n",
			CODING_BAD),
		REFUSED(POST "Content-Length: \xef\xbc\x95\r\n\r\n", LENGTH_BAD),
		REFUSED("G\xc4\xb1T / HTTP/1.1\r\n\r\n", METHOD_BYTE),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
	CHECK_INT(chunked_rule("\xef\xbc\x95\r\nhello\r\n0\r\n\r\n"), HTTP_CHUNK_SIZE_BAD);
}

/* Many small chunks cost more than they carry: here, at least, none costs more than its bytes, and
 * what is not data is bounded. 4,096 one-byte chunks with extensions pass the limit. */
TEST_WITH(cve_2025_69229, "M16 M07 M12", .backends = ONCE)
{
	char *text = malloc(5000 * 8 + 1);

	CHECK(text);
	text[0] = '\0';
	for (int i = 0; i < 5000; i++)
		memcpy(text + 8 * i, "1;a\r\nx\r\n", 9);
	CHECK_INT(chunked_rule(text), HTTP_CHUNK_EXTENSION_LONG);
	free(text);
}

/* Trailers without limits. */
TEST_WITH(cve_2026_22815, "M16 M07 M12", .backends = ONCE)
{
	static const struct http_limits few = {
		.line_bytes = 100, .head_bytes = 1000, .field_bytes = 100, .fields = 20
	};
	static struct vector_run run = { .kind = VECTOR_TRAILERS, .limits = &few };
	char text[400] = "";

	for (int i = 0; i < 21; i++)
		strcat(text, "X: y\r\n");
	vector_parse(&run, text, strlen(text));
	CHECK_STR(http_rule_name(run.head.error.rule), "FIELDS_MANY");
}

/* A CR in the reason, and in a field's value that somebody else chose. */
TEST_WITH(cve_2026_34519_and_34514, "M16 M13", .backends = ONCE)
{
	http_write_begin(&writer, room, sizeof room);
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, "OK\rSet-Cookie: a=b");
	CHECK_INT(http_write_end(&writer, NULL), -EINVAL);
	http_write_begin(&writer, room, sizeof room);
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_text(&writer, "Content-Type", "text/plain\r\nSet-Cookie: a=b");
	CHECK_INT(http_write_end(&writer, NULL), -EINVAL);
}

/* NUL and other control bytes in the values of responses. */
TEST_WITH(cve_2026_34520, "M16 M05", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", VALUE_NUL),
		REFUSED("HTTP/1.1 200 OK\r\nA: b\x01"
			"c\r\n\r\n",
			VALUE_BYTE),
		REFUSED("HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n", VALUE_BYTE),
	};

	CHECK_REFUSED(VECTOR_RESPONSE, vectors);
}

/* Two Host fields. */
TEST_WITH(cve_2026_34525, "M16 M04", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", DUPLICATE),
		REFUSED("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: a\r\n\r\n", DUPLICATE),
		REFUSED("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", HOST_BAD),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}
