/* SPDX-License-Identifier: MIT */
/* The writer: what it writes comes back from the parser, and what is unsafe is not written. */
#include <errno.h>
#include <time.h>
#include "http/write.h"
#include "vectors.h"

static char room[1000];
static struct http_writer writer;
static struct http_outgoing out;

static void begin(void)
{
	http_write_begin(&writer, room, sizeof room);
}

static ssize_t end(void)
{
	ssize_t n = http_write_end(&writer, &out);

	room[n > 0 ? n : 0] = '\0';
	return n;
}

TEST_WITH(requests_round_trip, "M06 M08 M13", .backends = ONCE)
{
	static struct vector_run run;
	static const char text[] = "M-SEARCH /a?b HTTP/1.1\r\nHost: a:80\r\nX-High: \xc3\xa9\t!\r\n"
				   "Content-Length: 12\r\nX-Empty: \r\n\r\n";

	begin();
	http_write_request(&writer, 1, "M-SEARCH", "/a?b");
	http_write_text(&writer, "Host", "a:80");
	http_write_text(&writer, "X-High", "\xc3\xa9\t!");
	http_write_length(&writer, 12);
	http_write_text(&writer, "X-Empty", "");
	CHECK_INT(end(), (long)strlen(text));
	CHECK_STR(room, text);
	vector_parse(&run, room, strlen(room));
	CHECK_INT(run.result, (long)strlen(text));
	CHECK_INT((long)run.head.framing.length, 12);
	CHECK_INT(out.body, HTTP_LENGTH);
	CHECK_INT((long)out.left, 12);

	begin();
	http_write_request(&writer, 0, "GET", "*");
	CHECK_INT(end(), 18);
	CHECK_STR(room, "GET * HTTP/1.0\r\n\r\n");
	CHECK_INT(out.body, HTTP_NO_BODY);
}

TEST_WITH(responses_round_trip, "M09 M13", .backends = ONCE)
{
	static struct vector_run run = { .kind = VECTOR_RESPONSE, .asked = HTTP_METHOD_GET };
	static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n";

	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_chunked(&writer);
	http_write_text(&writer, "A", "b");
	CHECK_INT(end(), (long)strlen(text));
	CHECK_STR(room, text);
	CHECK_INT(out.body, HTTP_CHUNKED);
	CHECK(out.keep_alive);
	vector_parse(&run, room, strlen(room));
	CHECK_INT(run.head.framing.body, HTTP_CHUNKED);

	begin();
	http_write_response(&writer, 0, HTTP_METHOD_GET, 999, "What \xc3\xa9");
	CHECK_INT(end(), 24);
	CHECK_STR(room, "HTTP/1.0 999 What \xc3\xa9\r\n\r\n");
	CHECK_INT(out.body, HTTP_UNTIL_CLOSE);
	CHECK(!out.keep_alive);
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 299, NULL);
	end();
	CHECK_STR(room, "HTTP/1.1 299 \r\n\r\n");
	vector_parse(&run, room, strlen(room));
	CHECK_INT(run.head.status, 299);
}

/* A length may be said where there is no body: HEAD, 304. */
TEST_WITH(responses_without_a_body, "M10", .backends = ONCE)
{
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_HEAD, 200, NULL);
	http_write_length(&writer, 7);
	CHECK(end() > 0);
	CHECK_INT(out.body, HTTP_NO_BODY);
	CHECK_INT(http_outgoing_end(&out), 0);
	CHECK_INT(http_outgoing_send(&out, 1), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "longer than its head says (0 bytes)");
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 304, NULL);
	http_write_length(&writer, 7);
	CHECK(end() > 0);
	CHECK_INT(out.body, HTTP_NO_BODY);
	CHECK(out.keep_alive);
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 204, NULL);
	CHECK(end() > 0);
	CHECK(out.keep_alive);
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 204, NULL);
	http_write_length(&writer, 0);
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "this status has neither");
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 100, NULL);
	http_write_chunked(&writer);
	CHECK_INT(end(), -EINVAL);
}

static void refuse_field(const char *name, size_t name_size, const char *value, size_t value_size,
			 const char *words)
{
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_field(&writer, name, name_size, value, value_size);
	http_write_text(&writer, "After", "all");
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), words);
}

/* CVE-2023-49081: a version, CVE-2023-49082: a method, CVE-2026-34519: a reason, CVE-2026-34514: a
 * value that break out of their line; CVE-2026-34520: control bytes in values. */
TEST_WITH(unsafe_output_is_refused, "M06 M13 M16", .backends = ONCE)
{
	static const char *const methods[] = { "", "G T", "GET\r\nX: y", "G\xc3\x89T", "GET\n" };
	static const char *const targets[] = { "",	    "/a b", "/\r\nX: y",     "/\n",
					       "/\xc3\xa9", "/a#b", "/ HTTP/1.1\r\n" };
	static const char *const reasons[] = { "OK\r\nX: y", "OK\r", "\n", "O\x01K", "\x7f" };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		begin();
		http_write_request(&writer, 1, methods[i], "/");
		http_write_text(&writer, "Host", "a");
		CHECK_INT(end(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "the method is no token");
	}
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		begin();
		http_write_request(&writer, 1, "GET", targets[i]);
		http_write_text(&writer, "Host", "a");
		CHECK_INT(end(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "percent-encoded");
	}
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		begin();
		http_write_response(&writer, 1, HTTP_METHOD_GET, 200, reasons[i]);
		CHECK_INT(end(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "in the reason");
	}
	for (int minor = -1; minor <= 2; minor += 3) {
		begin();
		http_write_request(&writer, minor, "GET", "/");
		CHECK_INT(end(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "1.0 and 1.1 are spoken");
	}
	refuse_field("", 0, "b", 1, "no token");
	refuse_field("A b", 3, "b", 1, "no token");
	refuse_field("A:", 2, "b", 1, "no token");
	refuse_field("A\r\nB", 4, "b", 1, "no token: \"A\\x0d\\x0aB\"");
	refuse_field("A\0", 2, "b", 1, "no token");
	refuse_field("A", 1, "b\r\nC: d", 7, "byte 0x0d in A (offset 1)");
	refuse_field("A", 1, "b\nc", 3, "byte 0x0a");
	refuse_field("A", 1, "b\0c", 3, "byte 0x00");
	refuse_field("A", 1, "\x7f", 1, "byte 0x7f");
	refuse_field("A", 1, "\x1b[0m", 4, "byte 0x1b");
	for (unsigned int status = 0; status < 2000; status += 1099) {
		begin();
		http_write_response(&writer, 1, HTTP_METHOD_GET, status, "x");
		CHECK_INT(end(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "is not three digits");
	}
}

TEST_WITH(one_message_says_its_length_once, "M02 M03 M04 M13", .backends = ONCE)
{
	static const char *const pairs[][2] = {
		{ "Content-Length: 5", "Content-Length: 5" },
		{ "Content-Length: 5", "Transfer-Encoding: chunked" },
		{ "transfer-encoding: chunked", "content-length: 5" },
		{ "Transfer-Encoding: chunked", "Transfer-Encoding: chunked" },
		{ "Content-Length: ", "A: b" },
		{ "Content-Length: 5x", "A: b" },
		{ "Content-Length: -5", "A: b" },
		{ "Content-Length: 9223372036854775808", "A: b" },
		{ "Content-Length: 99999999999999999999", "A: b" },
		{ "Transfer-Encoding: gzip", "A: b" },
		{ "Transfer-Encoding: gzip, chunked", "A: b" },
		{ "Host: a", "hOST: b" },
		{ "Date: a", "Date: b" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		begin();
		http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
		for (int j = 0; j < 2; j++) {
			const char *colon = strchr(pairs[i][j], ':');

			http_write_field(&writer, pairs[i][j], (size_t)(colon - pairs[i][j]),
					 colon + 2, strlen(colon + 2));
		}
		if (end() != -EINVAL)
			harness_fail(__FILE__, __LINE__, "%s, %s", pairs[i][0], pairs[i][1]);
	}
	begin();
	http_write_response(&writer, 0, HTTP_METHOD_GET, 200, NULL);
	http_write_chunked(&writer);
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "HTTP/1.0 knows no chunked coding");
	begin();
	http_write_request(&writer, 1, "GET", "/");
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "HTTP/1.1 needs Host");
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_text(&writer, "content-length", "0012");
	CHECK(end() > 0);
	CHECK_STR(room, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
	begin();
	http_write_text(&writer, "A", "b");
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "in this order");
}

TEST_WITH(bodies_must_be_as_long_as_declared, "M13", .backends = ONCE)
{
	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_length(&writer, 10);
	CHECK(end() > 0);
	CHECK_INT(http_outgoing_send(&out, 6), 0);
	CHECK_INT(http_outgoing_send(&out, 5), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "longer than its head says (10 bytes)");
	CHECK(!out.keep_alive);
	out.keep_alive = true;
	CHECK_INT(http_outgoing_end(&out), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "shorter by 4 than its head says (10 bytes)");
	CHECK(!out.keep_alive);
	CHECK_INT(http_outgoing_send(&out, 4), 0);
	CHECK_INT(http_outgoing_end(&out), 0);
}

TEST_WITH(small_rooms_say_how_much_is_needed, "M13", .backends = ONCE)
{
	size_t needed;

	begin();
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_text(&writer, "A", "bcdef");
	needed = (size_t)end();
	for (size_t size = 0; size < needed; size++) {
		char *small = malloc(size ? size : 1);

		CHECK(small);
		http_write_begin(&writer, small, size);
		http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
		http_write_text(&writer, "A", "bcdef");
		CHECK_INT(http_write_end(&writer, NULL), -ENOBUFS);
		CHECK_INT((long)writer.used, (long)needed);
		CHECK(!memcmp(small, room, size));
		free(small);
	}
	CHECK_TEXT_HAS(async_error(), "29 bytes of head, room for 28");
}

TEST_WITH(chunks_and_trailers_round_trip, "M07 M13", .backends = ONCE)
{
	char text[HTTP_CHUNK_HEAD_BYTES + 1];
	static struct vector_run run = { .kind = VECTOR_TRAILERS };
	static const struct {
		uint64_t size;
		const char *text;
	} sizes[] = { { 1, "1\r\n" },
		      { 15, "f\r\n" },
		      { 16, "10\r\n" },
		      { 0xabcdef, "abcdef\r\n" },
		      { UINT64_MAX, "ffffffffffffffff\r\n" } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int n = http_chunk_head(text, sizes[i].size);

		CHECK(n > 0 && n <= HTTP_CHUNK_HEAD_BYTES);
		text[n] = '\0';
		CHECK_STR(text, sizes[i].text);
	}
	CHECK_INT(http_chunk_head(text, 0), -EINVAL);
	begin();
	http_write_trailers(&writer);
	http_write_text(&writer, "X-Sum", "1");
	CHECK_INT(end(), 15);
	CHECK_STR(room, "0\r\nX-Sum: 1\r\n\r\n");
	vector_parse(&run, room + 3, strlen(room + 3));
	CHECK_INT(run.result, 12);
	begin();
	http_write_trailers(&writer);
	http_write_text(&writer, "Content-Length", "1");
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "trailers cannot say how long");
	begin();
	http_write_trailers(&writer);
	http_write_text(&writer, "Set-Cookie", "1");
	CHECK_INT(end(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "set-cookie may not be a trailer");
}

/* The C library keeps what it reads about time zones. */
TEST_WITH(dates_are_those_of_the_c_library, "M13", .backends = ONCE, .may_leak = 1)
{
	char text[HTTP_DATE_BYTES], expected[64];
	time_t times[4000] = { 784111777, 0, -1, 951782400, 951868799, 4107542400, 253402300799 };
	uint64_t random = 88172645463325252u;

	http_date(text, 784111777);
	CHECK_STR(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	for (size_t i = 7; i < 4000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		/* From the year 1000 to 9999 */
		times[i] = (time_t)(random % 284012524800) - 30610224000;
	}
	for (size_t i = 0; i < 4000; i++) {
		struct tm tm;

		CHECK(gmtime_r(&times[i], &tm));
		strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		http_date(text, times[i]);
		CHECK_STR(text, expected);
	}
}

TEST_WITH(reasons_are_text, "M13", .backends = ONCE)
{
	CHECK_STR(http_reason(200), "OK");
	CHECK_STR(http_reason(431), "Request Header Fields Too Large");
	CHECK_STR(http_reason(299), "");
	for (unsigned int rule = 1; rule < HTTP_RULE_COUNT; rule++)
		CHECK(*http_reason(http_rule_status(rule)));
}
