/* SPDX-License-Identifier: MIT */
/* The chunked coding and bodies of other kinds: decoded in place, the same in any split. */
#include <errno.h>
#include "http/body.h"
#include "vectors.h"

/* What a body came out as: data, trailers "name=value;", how it ended. */
struct decoded {
	char data[600];
	size_t size, used;
	char trailers[400];
	int result; /* HTTP_MORE, HTTP_END or an error */
	enum http_rule rule;
};

static const struct http_limits *limits;
static struct http_field list[64];

/* Feeds the pieces that end at `cuts`, as a connection would: what is not used is kept. */
static void decode(struct decoded *out, const struct http_framing *framing, const char *text,
		   size_t size, size_t step, size_t first)
{
	struct http_head head;
	struct http_body body;
	size_t begin = 0, end = 0;

	memset(out, 0, sizeof *out);
	http_head_begin(&head, limits, list);
	http_body_begin(&body, framing, &head);
	for (;;) {
		size_t used = 0;
		struct http_slice piece;
		char *block = malloc(end - begin ? end - begin : 1);

		CHECK(block);
		memcpy(block, text + begin, end - begin);
		out->result = http_body_next(&body, block, end - begin, &used, &piece);
		CHECK(used <= end - begin);
		if (out->result == HTTP_DATA) {
			CHECK(piece.size > 0);
			CHECK(piece.at + piece.size <= used);
			CHECK(out->size + piece.size < sizeof out->data);
			memcpy(out->data + out->size, block + piece.at, piece.size);
			out->size += piece.size;
		}
		if (out->result == HTTP_END) {
			/* Offsets are from where the trailers begin: used up last. */
			const char *from =
				block + used - head.parsed - (head.parsed || used ? 2 : 0);

			for (uint32_t i = 0; i < head.fields.count; i++)
				sprintf(out->trailers + strlen(out->trailers), "%.*s=%.*s;",
					head.fields.list[i].name_size,
					from + head.fields.list[i].name_at,
					(int)head.fields.list[i].value.size,
					from + head.fields.list[i].value.at);
		}
		free(block);
		begin += used;
		if (out->result < 0 || out->result == HTTP_END)
			break;
		if (out->result == HTTP_DATA)
			continue;
		if (end == size)
			break;
		end = end < first ? first : end + step;
		if (end > size)
			end = size;
	}
	out->used = begin;
	out->rule = head.error.rule;
}

static void compare(const struct decoded *a, const struct decoded *b)
{
	CHECK_STR(http_rule_name(a->rule), http_rule_name(b->rule));
	CHECK_INT(a->result, b->result);
	CHECK_STR(a->data, b->data);
	CHECK_STR(a->trailers, b->trailers);
	if (a->result == HTTP_END)
		CHECK_INT((long)a->used, (long)b->used);
}

static struct decoded whole;

static void decode_framed(const struct http_framing *framing, const char *text, size_t size)
{
	static struct decoded other;

	decode(&whole, framing, text, size, size, size);
	for (size_t split = 0; split <= size; split++) {
		decode(&other, framing, text, size, size, split);
		compare(&other, &whole);
	}
	decode(&other, framing, text, size, 1, 0);
	compare(&other, &whole);
}

static void decode_chunked(const char *text, size_t size)
{
	static const struct http_framing framing = { .body = HTTP_CHUNKED, .keep_alive = true };

	decode_framed(&framing, text, size);
}

static void decode_text(const char *text)
{
	decode_chunked(text, strlen(text));
}

static void check_chunked(const char *text, const char *data, const char *trailers)
{
	static const char next[] = "GET / HTTP/1.1\r\n";
	char more[700];

	snprintf(more, sizeof more, "%s%s", text, next);
	decode_chunked(more, strlen(more));
	if (whole.result != HTTP_END)
		harness_fail(__FILE__, __LINE__, "%s: %s", async_error(), text);
	CHECK_STR(whole.data, data);
	CHECK_STR(whole.trailers, trailers);
	/* What is pipelined behind stays. */
	CHECK_INT((long)whole.used, (long)strlen(text));
}

TEST_WITH(chunks_are_put_together, "M01 M07 M10", .backends = ONCE)
{
	check_chunked("0\r\n\r\n", "", "");
	check_chunked("5\r\nhello\r\n0\r\n\r\n", "hello", "");
	check_chunked("1\r\na\r\n2\r\nbc\r\n00A\r\n0123456789\r\n000\r\n\r\n", "abc0123456789", "");
	check_chunked("a\r\n\r\n0\r\n\r\nabc\r\n0\r\n\r\n", "\r\n0\r\n\r\nabc", "");
	check_chunked("000000000000003\r\nabc\r\n000000000000000\r\n\r\n", "abc", "");
}

TEST_WITH(extensions_are_passed_over, "M07", .backends = ONCE)
{
	check_chunked("3;a\r\nabc\r\n0;b=c\r\n\r\n", "abc", "");
	check_chunked("3;a=b;c;d=\"e;\t\xc3\xa9 f\\\"\\\\\";g\r\nabc\r\n0\r\n\r\n", "abc", "");
	check_chunked("3;!#$%&'*+-.^_`|~=\"\"\r\nabc\r\n0\r\n\r\n", "abc", "");
}

TEST_WITH(trailers_are_kept_apart, "M07 M16", .backends = ONCE)
{
	check_chunked("3\r\nabc\r\n0\r\nX-Sum: 12 \r\nETag:\"a\"\r\nX-Sum:\r\n\r\n", "abc",
		      "X-Sum=12;ETag=\"a\";X-Sum=;");
}

/* CVE-2023-47627, CVE-2024-23829: sizes that are no hexadecimal digits.
 * CVE-2024-52304: a line break inside an extension. */
TEST_WITH(chunks_that_are_refused, "M07 M16", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("\r\n", CHUNK_SIZE_EMPTY),
		REFUSED(";a\r\n", CHUNK_SIZE_EMPTY),
		REFUSED("0x5\r\n", CHUNK_SIZE_BAD),
		REFUSED("+5\r\n", CHUNK_SIZE_BAD),
		REFUSED("-5\r\n", CHUNK_SIZE_BAD),
		REFUSED("1_0\r\n", CHUNK_SIZE_BAD),
		REFUSED("1 0\r\n", CHUNK_SIZE_BAD),
		REFUSED(" 5\r\n", CHUNK_SIZE_BAD),
		REFUSED("5 \r\n", CHUNK_SIZE_BAD),
		REFUSED("5\t;a\r\n", CHUNK_SIZE_BAD),
		REFUSED("g\r\n", CHUNK_SIZE_BAD),
		REFUSED("\xd9\xa5\r\n", CHUNK_SIZE_BAD),
		REFUSED("\n", CHUNK_SIZE_BAD),
		REFUSED("5\n", BARE_LF),
		REFUSED("5\rx", BARE_CR),
		REFUSED("5\r\r\n", BARE_CR),
		REFUSED("1000000000000000\r\n", CHUNK_SIZE_LARGE),
		REFUSED("ffffffffffffffff\r\n", CHUNK_SIZE_LARGE),
		REFUSED("0000000000000005\r\n", CHUNK_SIZE_LARGE),
		REFUSED("10000000000000005\r\n", CHUNK_SIZE_LARGE),
		REFUSED("5;\r\n", CHUNK_EXTENSION),
		REFUSED("5;a;\r\n", CHUNK_EXTENSION),
		REFUSED("5; a\r\n", CHUNK_EXTENSION),
		REFUSED("5;a \r\n", CHUNK_EXTENSION),
		REFUSED("5;a=\r\n", CHUNK_EXTENSION),
		REFUSED("5;=a\r\n", CHUNK_EXTENSION),
		REFUSED("5;a=\"b\r\n", CHUNK_EXTENSION),
		REFUSED("5;a=\"b\\\r\n", CHUNK_EXTENSION),
		REFUSED("5;a=\"b\"c\r\n", CHUNK_EXTENSION),
		REFUSED("5;a\0\r\n", CHUNK_EXTENSION),
		REFUSED("5;a\nX: y\r\n", BARE_LF),
		REFUSED("5;a=\"\n\"\r\n", BARE_LF),
		REFUSED("5;a\rX", BARE_CR),
		REFUSED("3\r\nabcd\r\n", CHUNK_END),
		REFUSED("3\r\nabc\n", CHUNK_END),
		REFUSED("3\r\nabc\rX", CHUNK_END),
		REFUSED("3\r\nabc0\r\n\r\n", CHUNK_END),
		REFUSED("0\r\nGET / HTTP/1.1\r\n", NAME_BLANK),
		REFUSED("0\r\n a: b\r\n\r\n", FOLD),
		REFUSED("0\r\na: b\n\r\n", BARE_LF),
		REFUSED("0\r\na : b\r\n\r\n", NAME_BLANK),
		REFUSED("0\r\na: b\0\r\n\r\n", VALUE_NUL),
		REFUSED("0\r\nContent-Length: 5\r\n\r\n", TRAILER_FORBIDDEN),
		REFUSED("0\r\nTransfer-Encoding: chunked\r\n\r\n", TRAILER_FORBIDDEN),
		REFUSED("0\r\nHost: a\r\n\r\n", TRAILER_FORBIDDEN),
		REFUSED("0\r\nX: y\r\nConnection: close\r\n\r\n", TRAILER_FORBIDDEN),
		REFUSED("0\r\nauthorization: a\r\n\r\n", TRAILER_FORBIDDEN),
		REFUSED("0\r\nCookie: a=b\r\n\r\n", TRAILER_FORBIDDEN),
		REFUSED("0\r\nContent-Encoding: gzip\r\n\r\n", TRAILER_FORBIDDEN),
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		decode_chunked(vectors[i].data, vectors[i].size);
		if (whole.rule != vectors[i].rule)
			harness_fail(__FILE__, __LINE__, "vector %zu: %s, expected %s: %s", i,
				     http_rule_name(whole.rule), http_rule_name(vectors[i].rule),
				     vectors[i].data);
		CHECK(whole.result < 0);
	}
}

/* CVE-2026-22815: trailers without a bound; CVE-2025-69229: small chunks that cost much. */
TEST_WITH(chunks_have_limits, "M07 M12 M16", .backends = ONCE)
{
	static const struct http_limits small = { .line_bytes = 50,
						  .head_bytes = 39,
						  .extension_bytes = 8,
						  .field_bytes = 20,
						  .fields = 2 };

	limits = &small;
	/* The end of the line counts as the extension's: it is what tells that it is over. */
	check_chunked("1;abcde\r\nx\r\n0\r\n\r\n", "x", "");
	check_chunked("1;ab\r\nx\r\n1;ab\r\ny\r\n0\r\n\r\n", "xy", "");
	decode_text("1;abcdefgh\r\nx");
	CHECK_STR(http_rule_name(whole.rule), "CHUNK_EXTENSION_LONG");
	CHECK_TEXT_HAS(async_error(), "more than 8 bytes in a body (HTTP limit `extension_bytes`)");
	CHECK_INT(whole.result, -EMSGSIZE);
	decode_text("1;abc\r\nx\r\n1;abc\r\ny\r\n1;abc\r\nz\r\n");
	CHECK_STR(http_rule_name(whole.rule), "CHUNK_EXTENSION_LONG");
	check_chunked("0\r\na: b\r\nc: d\r\n\r\n", "", "a=b;c=d;");
	decode_text("0\r\na: b\r\nc: d\r\ne: f\r\n\r\n");
	CHECK_STR(http_rule_name(whole.rule), "FIELDS_MANY");
	decode_text("0\r\na: 567890123456789012\r\n\r\n");
	CHECK_STR(http_rule_name(whole.rule), "FIELD_LONG");
	decode_text("0\r\na: 56789012345678\r\nb: 56789012345678\r\n\r\n");
	CHECK_STR(http_rule_name(whole.rule), "HEAD_LONG");
	limits = NULL;
}

TEST_WITH(bodies_by_length_take_exactly_that, "M02 M10", .backends = ONCE)
{
	static const struct http_framing five = { .body = HTTP_LENGTH,
						  .length = 5,
						  .keep_alive = true };
	static const struct http_framing none = { .body = HTTP_NO_BODY, .keep_alive = true };

	decode_framed(&five, "helloGET /", 10);
	CHECK_INT(whole.result, HTTP_END);
	CHECK_STR(whole.data, "hello");
	CHECK_INT((long)whole.used, 5);
	decode_framed(&five, "hell", 4);
	CHECK_INT(whole.result, HTTP_MORE);
	decode_framed(&none, "GET /", 5);
	CHECK_INT(whole.result, HTTP_END);
	CHECK_INT((long)whole.used, 0);
}

TEST_WITH(connections_that_end_early_are_told, "M10", .backends = ONCE)
{
	struct http_framing framing = { .body = HTTP_UNTIL_CLOSE };
	struct http_head head;
	struct http_body body;
	struct http_slice piece;
	size_t used;

	http_head_begin(&head, NULL, list);
	http_body_begin(&body, &framing, &head);
	CHECK_INT(http_body_next(&body, "ab", 2, &used, &piece), HTTP_DATA);
	CHECK_INT(http_body_eof(&body), HTTP_END);
	CHECK_INT(http_body_next(&body, "ab", 2, &used, &piece), HTTP_END);

	framing = (struct http_framing){ .body = HTTP_LENGTH, .length = 3 };
	http_body_begin(&body, &framing, &head);
	CHECK_INT(http_body_next(&body, "ab", 2, &used, &piece), HTTP_DATA);
	CHECK_INT(http_body_eof(&body), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "the connection ended in the middle of a message");
	CHECK_STR(http_rule_name(head.error.rule), "TRUNCATED");

	framing = (struct http_framing){ .body = HTTP_CHUNKED };
	http_head_begin(&head, NULL, list);
	http_body_begin(&body, &framing, &head);
	CHECK_INT(http_body_next(&body, "0\r\n", 3, &used, &piece), HTTP_MORE);
	CHECK_INT(http_body_eof(&body), -EBADMSG);
}

TEST_WITH(bytes_after_the_last_message_are_refused, "M10 M11", .backends = ONCE)
{
	struct http_framing framing = { .body = HTTP_NO_BODY, .keep_alive = true };
	struct http_error error = { 0 };

	CHECK_INT(http_body_leftover(&framing, "GET", 3, &error), 0);
	framing.keep_alive = false;
	CHECK_INT(http_body_leftover(&framing, "", 0, &error), 0);
	CHECK_INT(http_body_leftover(&framing, "GET", 3, &error), -EBADMSG);
	CHECK_STR(http_rule_name(error.rule), "AFTER_CLOSE");
	framing.body = HTTP_TUNNEL;
	CHECK_INT(http_body_leftover(&framing, "\0\1", 2, &error), 0);
}

/* CVE-2025-53643: a body whose trailers were not read, so that they were taken for a request. A
 * whole connection: two requests, the first chunked with trailers that look like a request. */
TEST_WITH(pipelined_requests_never_merge, "M10 M16", .backends = ONCE)
{
	static const char text[] =
		"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nX: GET /evil HTTP/1.1\r\n\r\n"
		"GET /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET "
		"GET /c HTTP/1.1\r\nHost: a\r\n\r\n";
	const char *at = text, *end = text + sizeof text - 1;
	char seen[200] = "";

	while (at < end) {
		struct http_head head, trailers;
		struct http_body body;
		struct http_slice piece;
		size_t used;
		ssize_t n;
		int what;

		http_head_begin(&head, NULL, list);
		n = http_request_parse(&head, at, (size_t)(end - at));
		CHECK(n > 0);
		strcat(strcat(seen, vector_text(at, head.target)), ":");
		http_head_begin(&trailers, NULL, list);
		http_body_begin(&body, &head.framing, &trailers);
		for (at += n; (what = http_body_next(&body, at, (size_t)(end - at), &used,
						     &piece)) == HTTP_DATA;
		     at += used)
			strcat(seen, vector_text(at, piece));
		CHECK_INT(what, HTTP_END);
		at += used;
		strcat(seen, ";");
	}
	CHECK_STR(seen, "/a:abc;/b:GET ;/c:;");
}
