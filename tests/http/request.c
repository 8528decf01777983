/* SPDX-License-Identifier: MIT */
/* Heads of requests: what is taken apart, and every form that is refused. */
#include <errno.h>
#include "http/field.h"
#include "vectors.h"

#define HOST "Host: a\r\n"

static struct vector_run run;

static ssize_t parse(const char *text)
{
	memset(&run, 0, sizeof run);
	run.kind = VECTOR_REQUEST;
	vector_parse(&run, text, strlen(text));
	return run.result;
}

static void check_accepted(const char *text)
{
	if (parse(text) != (ssize_t)strlen(text))
		harness_fail(__FILE__, __LINE__, "refused (%s): %s", async_error(), text);
}

static const char *field_text(const char *text, enum http_name name)
{
	const struct http_field *field = http_field_known(&run.head.fields, name);

	return field ? vector_text(text, field->value) : "(none)";
}

TEST_WITH(request_is_taken_apart, "M01 M06", .backends = ONCE)
{
	static const char text[] = "GET /a/b?c=d&e HTTP/1.1\r\n"
				   "hOsT: example.com:8080\r\n"
				   "X-Empty:\r\n"
				   "X-Blanks: \t two words \t \r\n"
				   "Accept-Encoding: gzip, br\r\n"
				   "X-High: \xc3\xa9\r\n"
				   "\r\n";
	const struct http_field *field;

	CHECK_INT(parse(text), (long)strlen(text));
	CHECK_INT(run.head.method, HTTP_METHOD_GET);
	CHECK_STR(vector_text(text, run.head.method_text), "GET");
	CHECK_STR(vector_text(text, run.head.target), "/a/b?c=d&e");
	CHECK_STR(vector_text(text, run.head.path), "/a/b");
	CHECK_STR(vector_text(text, run.head.query), "c=d&e");
	CHECK_STR(vector_text(text, run.head.host), "example.com:8080");
	CHECK_INT(run.head.form, HTTP_ORIGIN);
	CHECK_INT(run.head.minor, 1);
	CHECK_INT(run.head.fields.count, 5);
	CHECK_STR(field_text(text, HTTP_NAME_HOST), "example.com:8080");
	CHECK_STR(field_text(text, HTTP_NAME_ACCEPT_ENCODING), "gzip, br");
	CHECK_STR(field_text(text, HTTP_NAME_COOKIE), "(none)");
	/* The name keeps its case in the block. */
	CHECK(!memcmp(text + run.list[0].name_at, "hOsT", 4));
	field = http_field_find(&run.head.fields, text, "x-bLANKS", 8, NULL);
	CHECK(field);
	CHECK_STR(vector_text(text, field->value), "two words");
	field = http_field_find(&run.head.fields, text, "x-empty", 7, NULL);
	CHECK(field && field->value.size == 0);
	CHECK(!http_field_find(&run.head.fields, text, "x-empty", 7, field));
	CHECK(!http_field_find(&run.head.fields, text, "x-emptz", 7, NULL));
	CHECK(run.head.framing.keep_alive);
	CHECK_INT(run.head.framing.body, HTTP_NO_BODY);
}

TEST_WITH(methods_are_tokens_and_keep_their_case, "M06", .backends = ONCE)
{
	static const struct {
		const char *text;
		enum http_method method;
	} methods[] = {
		{ "GET", HTTP_METHOD_GET },
		{ "HEAD", HTTP_METHOD_HEAD },
		{ "POST", HTTP_METHOD_POST },
		{ "PUT", HTTP_METHOD_PUT },
		{ "DELETE", HTTP_METHOD_DELETE },
		{ "OPTIONS", HTTP_METHOD_OPTIONS },
		{ "TRACE", HTTP_METHOD_TRACE },
		{ "PATCH", HTTP_METHOD_PATCH },
		{ "get", HTTP_METHOD_OTHER },
		{ "G", HTTP_METHOD_OTHER },
		{ "GETS", HTTP_METHOD_OTHER },
		{ "M-SEARCH", HTTP_METHOD_OTHER },
		{ "!#$%&'*+-.^_`|~09azAZ", HTTP_METHOD_OTHER },
	};
	char text[200];

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		snprintf(text, sizeof text, "%s / HTTP/1.1\r\n" HOST "\r\n", methods[i].text);
		check_accepted(text);
		CHECK_INT(run.head.method, methods[i].method);
		CHECK_STR(vector_text(text, run.head.method_text), methods[i].text);
	}
}

TEST_WITH(targets_have_four_forms, "M08", .backends = ONCE)
{
	static const char absolute[] = "GET HTTP://b.example:81?q HTTP/1.1\r\n" HOST "\r\n";
	static const char secure[] = "GET https://[::1]/x/?y HTTP/1.1\r\n" HOST "\r\n";
	static const char connect[] = "CONNECT c.example:443 HTTP/1.1\r\n" HOST "\r\n";
	static const char asterisk[] = "OPTIONS * HTTP/1.1\r\n" HOST "\r\n";
	static const char strange[] = "GET //a:b@c/..;%zz\"<>\\^`{|}[] HTTP/1.1\r\n" HOST "\r\n";

	check_accepted(absolute);
	CHECK_INT(run.head.form, HTTP_ABSOLUTE);
	CHECK_STR(vector_text(absolute, run.head.host), "b.example:81");
	CHECK_STR(vector_text(absolute, run.head.path), "");
	CHECK_STR(vector_text(absolute, run.head.query), "q");
	check_accepted(secure);
	CHECK_STR(vector_text(secure, run.head.host), "[::1]");
	CHECK_STR(vector_text(secure, run.head.path), "/x/");
	CHECK_STR(vector_text(secure, run.head.query), "y");
	check_accepted(connect);
	CHECK_INT(run.head.form, HTTP_AUTHORITY_FORM);
	CHECK_STR(vector_text(connect, run.head.host), "c.example:443");
	check_accepted(asterisk);
	CHECK_INT(run.head.form, HTTP_ASTERISK);
	CHECK_STR(vector_text(asterisk, run.head.host), "a");
	/* What browsers send unescaped, and paths that only look like something else. */
	check_accepted(strange);
	CHECK_STR(vector_text(strange, run.head.path), "//a:b@c/..;%zz\"<>\\^`{|}[]");
}

TEST_WITH(targets_of_other_forms_are_refused, "M08", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("GET  / HTTP/1.1\r\n", TARGET_EMPTY),
		REFUSED("GET \r\n", TARGET_EMPTY),
		REFUSED("GET a HTTP/1.1\r\n", TARGET_FORM),
		REFUSED("GET ?a HTTP/1.1\r\n", TARGET_FORM),
		REFUSED("GET * HTTP/1.1\r\n", TARGET_FORM),
		REFUSED("OPTIONS ** HTTP/1.1\r\n", TARGET_FORM),
		REFUSED("GET a.example:80 HTTP/1.1\r\n", TARGET_SCHEME),
		REFUSED("GET ftp://a/ HTTP/1.1\r\n", TARGET_SCHEME),
		REFUSED("GET http:/a HTTP/1.1\r\n", TARGET_SCHEME),
		REFUSED("GET javascript:alert(1) HTTP/1.1\r\n", TARGET_SCHEME),
		REFUSED("GET http:// HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http:///a HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://u:p@a/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://a:99999/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://a:8x/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://[::1/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://[zz]/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://[::1]a/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://a%2/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET http://a\\b/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("CONNECT / HTTP/1.1\r\n", AUTHORITY),
		REFUSED("CONNECT a HTTP/1.1\r\n", AUTHORITY),
		REFUSED("CONNECT a: HTTP/1.1\r\n", AUTHORITY),
		REFUSED("CONNECT * HTTP/1.1\r\n", AUTHORITY),
		REFUSED("CONNECT http://a:1/ HTTP/1.1\r\n", AUTHORITY),
		REFUSED("GET /a#b HTTP/1.1\r\n", TARGET_BYTE),
		REFUSED("GET /a\tb HTTP/1.1\r\n", TARGET_BYTE),
		REFUSED("GET /a\0b HTTP/1.1\r\n", TARGET_BYTE),
		REFUSED("GET /a\x7f HTTP/1.1\r\n", TARGET_BYTE),
		REFUSED("GET /\xc3\xa9 HTTP/1.1\r\n", TARGET_BYTE),
		REFUSED("GET /a\x0b HTTP/1.1\r\n", TARGET_BYTE),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

TEST_WITH(methods_and_versions_that_are_refused, "M06 M09", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(" GET / HTTP/1.1\r\n", METHOD_EMPTY),
		REFUSED("\nGET / HTTP/1.1\r\n", METHOD_EMPTY),
		REFUSED("GE(T / HTTP/1.1\r\n", METHOD_BYTE),
		REFUSED("GET\t/ HTTP/1.1\r\n", METHOD_BYTE),
		REFUSED("GET\r\n", METHOD_BYTE),
		REFUSED("G\0T / HTTP/1.1\r\n", METHOD_BYTE),
		REFUSED("G\xc3\x89T / HTTP/1.1\r\n", METHOD_BYTE),
		/* What TLS sends to a port that speaks none. */
		REFUSED("\x16\x03\x01\x02\x00\x01", METHOD_EMPTY),
		REFUSED("GET /\r\n", VERSION_MISSING),
		REFUSED("GET /\n", VERSION_MISSING),
		REFUSED("GET / \r\n", VERSION_BAD),
		REFUSED("GET /  HTTP/1.1\r\n", VERSION_BAD),
		REFUSED("GET / http/1.1\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/1\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/1.\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/11.1\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/a.b\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/1,1\r\n", VERSION_BAD),
		REFUSED("GET / HTTPS/1.1\r\n", VERSION_BAD),
		REFUSED("GET / ICE/1.0\r\n", VERSION_BAD),
		REFUSED("GET / HTTP/1.2\r\n", VERSION_UNKNOWN),
		REFUSED("GET / HTTP/0.9\r\n", VERSION_UNKNOWN),
		REFUSED("GET / HTTP/2.0\r\n", VERSION_UNKNOWN),
		REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION_UNKNOWN),
		REFUSED("GET / HTTP/1.10\r\n", LINE_TAIL),
		REFUSED("GET / HTTP/1.1 \r\n", LINE_TAIL),
		REFUSED("GET / HTTP/1.1\t\r\n", LINE_TAIL),
		REFUSED("GET / HTTP/1.1 x\r\n", LINE_TAIL),
		REFUSED("GET / HTTP/1.1\n", BARE_LF),
		REFUSED("GET / HTTP/1.1\rX: y\r\n", BARE_CR),
		REFUSED("\r\n\rGET / HTTP/1.1\r\n", BARE_CR),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

#define LINE "GET / HTTP/1.1\r\n" HOST

TEST_WITH(fields_that_are_refused, "M05 M06", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED(LINE "A: b\n\r\n", BARE_LF),
		REFUSED(LINE "A: b\r\n\n", BARE_LF),
		REFUSED(LINE "A\n", BARE_LF),
		REFUSED(LINE "A: b\rC: d\r\n\r\n", BARE_CR),
		REFUSED(LINE "A: b\r\r\n\r\n", BARE_CR),
		REFUSED(LINE "A: b\r\n\rC", BARE_CR),
		REFUSED(LINE "A: b\r\n c\r\n\r\n", FOLD),
		REFUSED(LINE "A: b\r\n\tc\r\n\r\n", FOLD),
		REFUSED("GET / HTTP/1.1\r\n Host: a\r\n\r\n", FOLD),
		REFUSED(LINE ": b\r\n\r\n", NAME_EMPTY),
		REFUSED(LINE "A : b\r\n\r\n", NAME_BLANK),
		REFUSED(LINE "A\t: b\r\n\r\n", NAME_BLANK),
		REFUSED(LINE "A b: c\r\n\r\n", NAME_BLANK),
		REFUSED(LINE "Content-Length : 5\r\n\r\n", NAME_BLANK),
		REFUSED(LINE "A\r\n\r\n", NAME_COLON),
		REFUSED(LINE "A\r", NAME_COLON),
		REFUSED(LINE "A(b): c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A\"b: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A,b: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A/b: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A[b]: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A{b}: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A\x7f: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A\xc3\xa9: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A\0: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "\x01", NAME_BYTE),
		/* Bit 5 set makes a letter of neither; and CR is no hyphen. */
		REFUSED(LINE "content\rlength: 5\r\n\r\n", NAME_COLON),
		REFUSED(LINE "co\x0ekie: c\r\n\r\n", NAME_BYTE),
		REFUSED(LINE "A: b\0c\r\n\r\n", VALUE_NUL),
		REFUSED(LINE "A: b\x01\r\n\r\n", VALUE_BYTE),
		REFUSED(LINE "A: b\x1f\r\n\r\n", VALUE_BYTE),
		REFUSED(LINE "A: b\x7f\r\n\r\n", VALUE_BYTE),
		REFUSED(LINE "A: b\x0b\r\n\r\n", VALUE_BYTE),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
}

TEST_WITH(every_byte_is_judged_by_its_class, "M05 M06 M08", .backends = ONCE)
{
	/* At every place of a vector's width, also past the first 64 bytes. */
	static const char tchars[] = "!#$%&'*+-.^_`|~";

	for (int byte = 0; byte < 256; byte++) {
		bool token = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
			     (byte >= 'a' && byte <= 'z') || (byte && strchr(tchars, byte));
		bool text = byte == '\t' || (byte >= ' ' && byte != 0x7f);
		bool target = byte > ' ' && byte < 0x7f && byte != '#';

		for (int place = 0; place < 3; place++) {
			static const int before[] = { 1, 30, 90 };
			char data[400];
			int size;

			memset(&run, 0, sizeof run);
			size = snprintf(data, sizeof data, "GET /%0*d@ HTTP/1.1\r\n" HOST "\r\n",
					before[place], 0);
			*strchr(data, '@') = (char)byte;
			vector_begin(&run);
			vector_step(&run, data, (size_t)size);
			CHECK_INT(run.result > 0, target);

			size = snprintf(data, sizeof data,
					"GET / HTTP/1.1\r\n" HOST "A: %0*d@b\r\n\r\n",
					before[place], 0);
			*strchr(data, '@') = (char)byte;
			vector_begin(&run);
			vector_step(&run, data, (size_t)size);
			CHECK_INT(run.result > 0, text);

			size = snprintf(data, sizeof data,
					"GET / HTTP/1.1\r\n" HOST "A%0*d@b: c\r\n\r\n",
					before[place], 0);
			*strchr(data, '@') = (char)byte;
			vector_begin(&run);
			vector_step(&run, data, (size_t)size);
			/* A colon there ends the name. */
			CHECK_INT(run.result > 0, token || byte == ':');
		}
	}
}

TEST_WITH(single_fields_may_not_come_twice, "M02 M04", .backends = ONCE)
{
	static const struct {
		const char *line;
		bool refused;
	} lines[] = {
		{ "Host: a", true },
		{ "Content-Type: a/b", true },
		{ "Content-Location: /", true },
		{ "Content-Range: bytes 0-1/2", true },
		{ "ETag: \"a\"", true },
		{ "Max-Forwards: 1", true },
		{ "Server: a", true },
		{ "User-Agent: a", true },
		{ "Content-Length: 0", true },
		{ "Transfer-Encoding: chunked", true },
		{ "Accept: a/b", false },
		{ "Cookie: a=b", false },
		{ "Via: 1.1 a", false },
		{ "X-Other: a", false },
	};
	char text[300];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s%s\r\nX: y\r\n%s\r\n\r\n",
			 strncmp(lines[i].line, "Host", 4) ? HOST : "", lines[i].line,
			 lines[i].line);
		parse(text);
		CHECK_INT(run.result < 0, lines[i].refused);
		CHECK_STR(http_rule_name(run.head.error.rule),
			  lines[i].refused ? "DUPLICATE" : "OK");
	}
}

TEST_WITH(host_is_needed_and_checked, "M04", .backends = ONCE)
{
	static const struct refused vectors[] = {
		REFUSED("GET / HTTP/1.1\r\n\r\n", HOST_MISSING),
		REFUSED("GET http://a/ HTTP/1.1\r\n\r\n", HOST_MISSING),
		REFUSED("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: a,b\r\nHost: c\r\n\r\n", DUPLICATE),
		REFUSED("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: []\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8:9]\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: [::1%25lo]\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: a%GG\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", HOST_BAD),
		REFUSED("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", HOST_BAD),
		REFUSED("GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", HOST_BAD),
	};

	CHECK_REFUSED(VECTOR_REQUEST, vectors);
	check_accepted("GET / HTTP/1.0\r\n\r\n");
	check_accepted("GET / HTTP/1.1\r\nHost:\r\n\r\n");
	check_accepted("GET / HTTP/1.1\r\nHost: a_b.C-d~!$&'()*+,;=%41:\r\n\r\n");
	check_accepted("GET / HTTP/1.1\r\nHost: [2001:db8::192.0.2.1]:65535\r\n\r\n");
	check_accepted("GET / HTTP/1.1\r\nHost: 127.0.0.1:00080\r\n\r\n");
}

TEST_WITH(blank_lines_before_a_request_are_passed_over, "M01", .backends = ONCE)
{
	static const char text[] = "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n";

	check_accepted(text);
	CHECK_INT(run.head.line, 4);
	CHECK_STR(vector_text(text, run.head.method_text), "GET");
}

/* Bytes after the head are another's business, whatever they are. */
TEST_WITH(what_follows_the_head_is_left_alone, "M10 M11", .backends = ONCE)
{
	static const char text[] = "GET / HTTP/1.1\r\n" HOST "\r\n\0\n\r :\x7f";

	memset(&run, 0, sizeof run);
	vector_parse(&run, text, sizeof text - 1);
	CHECK_INT(run.result, (long)strlen(text));
}

/* What a report says must not carry the input's bytes into a terminal or a log. */
TEST_WITH(error_texts_quote_one_byte_escaped, "M15", .backends = ONCE)
{
	CHECK_INT(parse("GET / HTTP/1.1\r\nX\x1b[31mSECRET: y\r\n\r\n"), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "HTTP request: a byte that no field name may hold");
	CHECK_TEXT_HAS(async_error(), "offset 17, byte 0x1b");
	CHECK(!strstr(async_error(), "SECRET"));
	CHECK(!strchr(async_error(), 0x1b));
	CHECK_INT(parse("GET / HTTP/2.0\r\n"), -EOPNOTSUPP);
	CHECK_TEXT_HAS(async_error(), "only HTTP/1.0 and HTTP/1.1");
}
