/* SPDX-License-Identifier: MIT */
/* Where messages end and whether their connection goes on: the rules that smuggling lives on. */
#include <errno.h>
#include "vectors.h"

static struct vector_run run;

static void parse(enum vector_kind kind, enum http_method asked, const char *text)
{
	memset(&run, 0, sizeof run);
	run.kind = kind;
	run.asked = asked;
	vector_parse(&run, text, strlen(text));
	if (run.result != (ssize_t)strlen(text))
		harness_fail(__FILE__, __LINE__, "refused (%s): %s", async_error(), text);
}

static void request(const char *method, const char *version, const char *fields)
{
	char text[500];

	snprintf(text, sizeof text, "%s %s HTTP/%s\r\nHost: a\r\n%s\r\n", method,
		 strcmp(method, "CONNECT") ? "/" : "a:1", version, fields);
	parse(VECTOR_REQUEST, HTTP_METHOD_GET, text);
}

static void check_body(enum http_body_kind kind, uint64_t length)
{
	CHECK_INT(run.head.framing.body, kind);
	CHECK_INT((long long)run.head.framing.length, (long long)length);
}

TEST_WITH(bodies_of_requests, "M02 M03", .backends = ONCE)
{
	request("POST", "1.1", "");
	check_body(HTTP_NO_BODY, 0);
	request("POST", "1.1", "Content-Length: 0\r\n");
	check_body(HTTP_NO_BODY, 0);
	request("GET", "1.1", "Content-Length: 12\r\n");
	check_body(HTTP_LENGTH, 12);
	request("POST", "1.0", "Content-Length:  0012 \r\n");
	check_body(HTTP_LENGTH, 12);
	request("POST", "1.1", "Content-Length: 9223372036854775807\r\n");
	check_body(HTTP_LENGTH, INT64_MAX);
	request("POST", "1.1", "Transfer-Encoding: chunked\r\n");
	check_body(HTTP_CHUNKED, 0);
	request("POST", "1.1", "transfer-encoding:  ChuNKeD \r\n");
	check_body(HTTP_CHUNKED, 0);
	request("CONNECT", "1.1", "Content-Length: 0\r\n");
	check_body(HTTP_NO_BODY, 0);
}

#define POST	 "POST / HTTP/1.1\r\nHost: a\r\n"
#define LENGTH	 "Content-Length: "
#define TRANSFER "Transfer-Encoding: "

TEST_WITH(lengths_that_are_refused, "M02", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(POST LENGTH "\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "+5\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "-5\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "1_0\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "1 0\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "0x5\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "5.0\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "\"5\"\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "5, 5\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "5,\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "5;a\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "5 \t\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "\t5\r\n\r\n", LENGTH_BAD),
		/* Digits of other scripts: superscript two, Arabic five. */
		REFUSED(POST LENGTH "\xc2\xb2\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "\xd9\xa5\r\n\r\n", LENGTH_BAD),
		REFUSED(POST LENGTH "9223372036854775808\r\n\r\n", LENGTH_LARGE),
		REFUSED(POST LENGTH "18446744073709551617\r\n\r\n", LENGTH_LARGE),
		REFUSED(POST LENGTH "999999999999999999999999999999999\r\n\r\n", LENGTH_LARGE),
		REFUSED(POST LENGTH "5\r\n" LENGTH "5\r\n\r\n", DUPLICATE),
		REFUSED(POST LENGTH "5\r\n" LENGTH "6\r\n\r\n", DUPLICATE),
		REFUSED(POST LENGTH "5\r\n" TRANSFER "chunked\r\n\r\n", LENGTH_AND_CODING),
		REFUSED(POST TRANSFER "chunked\r\n" LENGTH "5\r\n\r\n", LENGTH_AND_CODING),
		REFUSED(POST TRANSFER "chunked\r\n" LENGTH "\r\n\r\n", LENGTH_AND_CODING),
		REFUSED("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n" LENGTH "5\r\n\r\n", CONNECT_BODY),
		REFUSED("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n" TRANSFER "chunked\r\n\r\n",
			CONNECT_BODY),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

TEST_WITH(codings_that_are_refused, "M03", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(POST TRANSFER "\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "gzip\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "identity\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked, chunked\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked, gzip\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked, identity\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked,\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER ", chunked\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked;q=1\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "\"chunked\"\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked\t\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER " \tchunked\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "xchunked\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunkedx\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "chunked chunked\r\n\r\n", CODING_BAD),
		REFUSED(POST TRANSFER "x chunked\r\n\r\n", CODING_BAD),
		/* KELVIN SIGN, which some case mappings turn into a k */
		REFUSED(POST TRANSFER "chun\xe2\x84\xaa"
				      "ed\r\n\r\n",
			CODING_BAD),
		REFUSED(POST TRANSFER "chunked\r\n" TRANSFER "chunked\r\n\r\n", DUPLICATE),
		REFUSED(POST TRANSFER "gzip\r\n" TRANSFER "chunked\r\n\r\n", DUPLICATE),
		REFUSED(POST TRANSFER "gzip, chunked\r\n\r\n", CODING_UNKNOWN),
		REFUSED("POST / HTTP/1.0\r\n" TRANSFER "chunked\r\n\r\n", CODING_IN_1_0),
		REFUSED("POST / HTTP/1.0\r\n" TRANSFER "\r\n\r\n", CODING_IN_1_0),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
	CHECK_INT(http_rule_status(HTTP_CODING_UNKNOWN), 501);
}

TEST_WITH(connections_are_kept_or_closed, "M10", .backends = ONCE)
{
	static const struct {
		const char *version, *fields;
		bool kept;
	} cases[] = {
		{ "1.1", "", true },
		{ "1.1", "Connection: keep-alive\r\n", true },
		{ "1.1", "Connection: close\r\n", false },
		{ "1.1", "Connection: CLOSE\r\n", false },
		{ "1.1", "Connection: keep-alive, close\r\n", false },
		{ "1.1", "Connection: ,, x , close,\r\n", false },
		{ "1.1", "Connection: closed\r\n", true },
		{ "1.1", "Connection: x\r\nA: b\r\nConnection: close\r\n", false },
		{ "1.1", "Connection: close\r\nConnection: keep-alive\r\n", false },
		{ "1.1", "Proxy-Connection: close\r\n", true },
		{ "1.0", "", false },
		{ "1.0", "Connection: keep-alive\r\n", true },
		{ "1.0", "Connection: Keep-Alive, x\r\n", true },
		{ "1.0", "Connection: keep-alive, close\r\n", false },
		{ "1.0", "Keep-Alive: 300\r\n", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		request("GET", cases[i].version, cases[i].fields);
		if (run.head.framing.keep_alive != cases[i].kept)
			harness_fail(__FILE__, __LINE__, "%s: %s", cases[i].version,
				     cases[i].fields);
	}
}

TEST_WITH(expectations, "M10", .backends = ONCE)
{
	request("POST", "1.1", "Expect: 100-Continue\r\n");
	CHECK_INT(run.head.framing.expect, HTTP_EXPECT_CONTINUE);
	request("POST", "1.1", "");
	CHECK_INT(run.head.framing.expect, HTTP_EXPECT_NOTHING);
	request("POST", "1.1", "Expect: 100-continue, x\r\n");
	CHECK_INT(run.head.framing.expect, HTTP_EXPECT_OTHER);
	request("POST", "1.1", "Expect: 100-continue\r\nExpect: y\r\n");
	CHECK_INT(run.head.framing.expect, HTTP_EXPECT_OTHER);
	request("POST", "1.1", "Expect:\r\n");
	CHECK_INT(run.head.framing.expect, HTTP_EXPECT_OTHER);
	/* RFC 9110, 10.1.1: to be ignored */
	request("POST", "1.0", "Expect: 100-continue\r\n");
	CHECK_INT(run.head.framing.expect, HTTP_EXPECT_NOTHING);
}

TEST_WITH(upgrades_need_both_fields_and_an_exact_token, "M11", .backends = ONCE)
{
	static const struct {
		const char *version, *fields;
		enum http_upgrade upgrade;
	} cases[] = {
		{ "1.1", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n", HTTP_UPGRADE_WEBSOCKET },
		{ "1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
		  HTTP_UPGRADE_WEBSOCKET },
		{ "1.1", "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n",
		  HTTP_UPGRADE_WEBSOCKET },
		{ "1.1", "Connection: upgrade\r\nUpgrade: tcp\r\n", HTTP_UPGRADE_TCP },
		{ "1.1", "Connection: upgrade\r\nUpgrade: websocketx\r\n", HTTP_UPGRADE_NONE },
		{ "1.1", "Connection: upgrade\r\nUpgrade: h2c\r\n", HTTP_UPGRADE_NONE },
		{ "1.1", "Connection: upgrade\r\nUpgrade: websocket/13\r\n", HTTP_UPGRADE_NONE },
		{ "1.1", "Connection: upgrade\r\n", HTTP_UPGRADE_NONE },
		{ "1.1", "Connection: upgradex\r\nUpgrade: websocket\r\n", HTTP_UPGRADE_NONE },
		{ "1.1", "Upgrade: websocket\r\n", HTTP_UPGRADE_NONE },
		{ "1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n", HTTP_UPGRADE_NONE },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		request("GET", cases[i].version, cases[i].fields);
		if (run.head.framing.upgrade != cases[i].upgrade)
			harness_fail(__FILE__, __LINE__, "%s", cases[i].fields);
	}
	/* The body comes first, declined or not. */
	request("POST", "1.1", "Connection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 3\r\n");
	check_body(HTTP_LENGTH, 3);
	CHECK_INT(run.head.framing.upgrade, HTTP_UPGRADE_TCP);
}

static void response(enum http_method asked, const char *line, const char *fields)
{
	char text[500];

	snprintf(text, sizeof text, "%s\r\n%s\r\n", line, fields);
	parse(VECTOR_RESPONSE, asked, text);
}

TEST_WITH(bodies_of_responses, "M10", .backends = ONCE)
{
	static const struct {
		enum http_method asked;
		const char *line, *fields;
		enum http_body_kind body;
		uint64_t length;
		bool kept;
	} cases[] = {
		{ HTTP_METHOD_GET, "HTTP/1.1 200 OK", "", HTTP_UNTIL_CLOSE, 0, false },
		{ HTTP_METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 0\r\n", HTTP_NO_BODY, 0,
		  true },
		{ HTTP_METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7\r\n", HTTP_LENGTH, 7,
		  true },
		{ HTTP_METHOD_GET, "HTTP/1.0 200 OK", "Content-Length: 7\r\n", HTTP_LENGTH, 7,
		  false },
		{ HTTP_METHOD_GET, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n",
		  HTTP_CHUNKED, 0, true },
		{ HTTP_METHOD_GET, "HTTP/1.1 404 Not Found", "", HTTP_UNTIL_CLOSE, 0, false },
		{ HTTP_METHOD_HEAD, "HTTP/1.1 200 OK", "Content-Length: 7\r\n", HTTP_NO_BODY, 7,
		  true },
		{ HTTP_METHOD_HEAD, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n",
		  HTTP_NO_BODY, 0, true },
		{ HTTP_METHOD_HEAD, "HTTP/1.1 200 OK", "", HTTP_NO_BODY, 0, true },
		{ HTTP_METHOD_GET, "HTTP/1.1 304 Not Modified", "Content-Length: 7\r\n",
		  HTTP_NO_BODY, 7, true },
		{ HTTP_METHOD_GET, "HTTP/1.1 204 No Content", "", HTTP_NO_BODY, 0, true },
		{ HTTP_METHOD_GET, "HTTP/1.1 100 Continue", "", HTTP_NO_BODY, 0, true },
		{ HTTP_METHOD_GET, "HTTP/1.1 103 Early Hints", "", HTTP_NO_BODY, 0, true },
		{ HTTP_METHOD_GET, "HTTP/1.1 101 Switching Protocols",
		  "Connection: upgrade\r\nUpgrade: websocket\r\n", HTTP_TUNNEL, 0, false },
		{ HTTP_METHOD_CONNECT, "HTTP/1.1 200 OK", "Content-Length: 7\r\n", HTTP_TUNNEL, 0,
		  false },
		{ HTTP_METHOD_CONNECT, "HTTP/1.1 407 Who", "Content-Length: 7\r\n", HTTP_LENGTH, 7,
		  true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		response(cases[i].asked, cases[i].line, cases[i].fields);
		check_body(cases[i].body, cases[i].length);
		CHECK_INT(run.head.framing.keep_alive, cases[i].kept);
	}
	CHECK_INT(run.head.status, 407);
	response(HTTP_METHOD_GET, "HTTP/1.1 101 S",
		 "Connection: upgrade\r\nUpgrade: websocket\r\n");
	CHECK_INT(run.head.framing.upgrade, HTTP_UPGRADE_WEBSOCKET);
}

TEST_WITH(responses_that_are_refused, "M02 M03 M05 M09", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("HTTP/1.1 20 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 2000 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 099 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 2x0 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 +20 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1  200 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 \r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 200\tOK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n", STATUS_BAD),
		REFUSED("HTTP/1.1\t200 OK\r\n", LINE_TAIL),
		REFUSED("HTTP/1.1\r\n", LINE_TAIL),
		REFUSED("HTTP/2.0 200 OK\r\n", VERSION_UNKNOWN),
		REFUSED("HTTP/1.2 200 OK\r\n", VERSION_UNKNOWN),
		REFUSED("http/1.1 200 OK\r\n", VERSION_BAD),
		REFUSED("HTTP/1. 200 OK\r\n", VERSION_BAD),
		REFUSED("\r\nHTTP/1.1 200 OK\r\n", VERSION_BAD),
		REFUSED("ICY 200 OK\r\n", VERSION_BAD),
		REFUSED("HTTP/1.1 200\n", BARE_LF),
		REFUSED("HTTP/1.1 200 OK\n", BARE_LF),
		REFUSED("HTTP/1.1 200 OK\rX: y\r\n", BARE_CR),
		REFUSED("HTTP/1.1 200\rX: y\r\n", BARE_CR),
		REFUSED("HTTP/1.1 200 O\0K\r\n", REASON_BYTE),
		REFUSED("HTTP/1.1 200 O\x7fK\r\n", REASON_BYTE),
		REFUSED("HTTP/1.1 200 OK\r\nA: b\nC: d\r\n", BARE_LF),
		REFUSED("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", FOLD),
		REFUSED("HTTP/1.1 200 OK\r\nA : b\r\n", NAME_BLANK),
		REFUSED("HTTP/1.1 200 OK\r\nA: \0\r\n", VALUE_NUL),
		REFUSED("HTTP/1.1 200 OK\r\n" LENGTH "5\r\n" LENGTH "5\r\n\r\n", DUPLICATE),
		REFUSED("HTTP/1.1 200 OK\r\n" LENGTH "5, 5\r\n\r\n", LENGTH_BAD),
		REFUSED("HTTP/1.1 200 OK\r\n" LENGTH "5\r\n" TRANSFER "chunked\r\n\r\n",
			LENGTH_AND_CODING),
		REFUSED("HTTP/1.1 204 OK\r\n" LENGTH "5\r\n" TRANSFER "chunked\r\n\r\n",
			LENGTH_AND_CODING),
		REFUSED("HTTP/1.1 200 OK\r\n" TRANSFER "gzip\r\n\r\n", CODING_BAD),
		REFUSED("HTTP/1.1 200 OK\r\n" TRANSFER "gzip, chunked\r\n\r\n", CODING_UNKNOWN),
		REFUSED("HTTP/1.0 200 OK\r\n" TRANSFER "chunked\r\n\r\n", CODING_IN_1_0),
	};

	CHECK_REFUSED(VECTOR_RESPONSE, vectors);
}

TEST_WITH(status_lines_are_taken_apart, "M09", .backends = ONCE)
{
	static const char found[] = "HTTP/1.0 404 Not \tF\xc3\xb6und \r\n\r\n";
	static const char bare[] = "HTTP/1.1 200\r\nServer: a\r\nServer: b\r\n\r\n";
	static const char empty[] = "HTTP/1.1 999 \r\n\r\n";

	parse(VECTOR_RESPONSE, HTTP_METHOD_GET, found);
	CHECK_INT(run.head.status, 404);
	CHECK_INT(run.head.minor, 0);
	CHECK_STR(vector_text(found, run.head.reason), "Not \tF\xc3\xb6und ");
	/* Servers do leave the blank out, and repeat what need not be repeated. */
	parse(VECTOR_RESPONSE, HTTP_METHOD_GET, bare);
	CHECK_INT(run.head.status, 200);
	CHECK_INT(run.head.reason.size, 0);
	CHECK_INT(run.head.fields.count, 2);
	parse(VECTOR_RESPONSE, HTTP_METHOD_GET, empty);
	CHECK_INT(run.head.status, 999);
	CHECK_INT(run.head.reason.size, 0);
}

TEST_WITH(limits_of_responses, "M12", .backends = ONCE)
{
	static const struct http_limits small = {
		.line_bytes = 20, .head_bytes = 100, .field_bytes = 20, .fields = 3
	};
	static const char fits[] = "HTTP/1.1 200 1234567\r\n\r\n";
	static const char longer[] = "HTTP/1.1 200 12345678\r\n\r\n";

	memset(&run, 0, sizeof run);
	run.kind = VECTOR_RESPONSE;
	run.limits = &small;
	vector_parse(&run, fits, strlen(fits));
	CHECK_INT(run.result, (long)strlen(fits));
	vector_parse(&run, longer, strlen(longer));
	CHECK_INT(run.result, -EMSGSIZE);
	CHECK_STR(http_rule_name(run.head.error.rule), "LINE_LONG");
	CHECK_TEXT_HAS(async_error(), "HTTP response: the first line is longer than 20 bytes");
}
