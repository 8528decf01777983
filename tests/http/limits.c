/* SPDX-License-Identifier: MIT */
/* Limits of heads: at which byte they take effect, and what the texts say. */
#include <errno.h>
#include "vectors.h"

#define HOST "Host: a\r\n"
#define LINE "GET / HTTP/1.1\r\n" HOST

static struct vector_run run;

/* Limits: one byte less is accepted, and the text says what to change. */
static void check_limit(const char *format, int most, const struct http_limits *limits,
			enum http_rule rule, const char *words)
{
	char *text = malloc(70000 + 1000);

	CHECK(text);
	for (int over = 0; over < 2; over++) {
		memset(&run, 0, sizeof run);
		run.limits = limits;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		sprintf(text, format, most + over, 0);
#pragma GCC diagnostic pop
		vector_parse(&run, text, strlen(text));
		if (!over) {
			CHECK_INT(run.result, (long)strlen(text));
			continue;
		}
		CHECK_STR(http_rule_name(run.head.error.rule), http_rule_name(rule));
		CHECK_INT(run.result, -EMSGSIZE);
		CHECK_TEXT_HAS(async_error(), words);
	}
	free(text);
}

TEST_WITH(limits_take_effect_at_the_same_byte_in_any_split, "M12 W38", .backends = ONCE)
{
	static const struct http_limits small = { .line_bytes = 100,
						  .head_bytes = 300,
						  .extension_bytes = 10,
						  .field_bytes = 50,
						  .fields = 3 };
	char text[400];

	run.kind = VECTOR_REQUEST;
	check_limit("GET /%0*d HTTP/1.1\r\n" HOST "\r\n", 100 - 14, &small, HTTP_LINE_LONG,
		    "longer than 100 bytes (HTTP limit `line_bytes`)");
	check_limit("\r\nGET /%0*d HTTP/1.1\r\n" HOST "\r\n", 100 - 14, &small, HTTP_LINE_LONG,
		    "line_bytes");
	check_limit("%0*d / HTTP/1.1\r\n" HOST "\r\n", 100 - 11, &small, HTTP_LINE_LONG, "line");
	check_limit(LINE "A: %0*d\r\n\r\n", 50 - 3, &small, HTTP_FIELD_LONG,
		    "longer than 50 bytes (HTTP limit `field_bytes`)");
	check_limit(LINE "%0*d:\r\n\r\n", 50 - 1, &small, HTTP_FIELD_LONG, "field_bytes");
	check_limit(LINE "A:%*d\r\n\r\n", 50 - 2, &small, HTTP_FIELD_LONG, "field_bytes");

	memset(&run, 0, sizeof run);
	run.limits = &small;
	strcpy(text, LINE "A: b\r\nA: b\r\nA: b\r\n\r\n");
	vector_parse(&run, text, strlen(text));
	CHECK_STR(http_rule_name(run.head.error.rule), "FIELDS_MANY");
	CHECK_INT(http_rule_status(run.head.error.rule), 431);
	CHECK_TEXT_HAS(async_error(), "more than 3 fields (HTTP limit `fields`;");
}

TEST_WITH(whole_heads_have_a_limit, "M12", .backends = ONCE)
{
	static const struct http_limits small = { .line_bytes = 100,
						  .head_bytes = 60,
						  .extension_bytes = 10,
						  .field_bytes = 50,
						  .fields = 9 };

	/* 25 + 2 + 3 + most + 4 */
	check_limit(LINE "A: %0*d\r\n\r\n", 60 - 25 - 7, &small, HTTP_HEAD_LONG,
		    "longer than 60 bytes (HTTP limit `head_bytes`)");
	check_limit("GET /%0*d HTTP/1.1\r\n" HOST "\r\n", 60 - 14 - 13, &small, HTTP_HEAD_LONG,
		    "head_bytes");
}

TEST_WITH(default_limits_hold, "M12 W38", .backends = ONCE)
{
	char *text = malloc(70000);
	int size;

	CHECK(text);
	memset(&run, 0, sizeof run);
	/* Without splits: these are long. */
	size = sprintf(text, "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", 8190 - 14, 0);
	vector_begin(&run);
	CHECK_INT(vector_step(&run, text, (size_t)size), size);
	size = sprintf(text, "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", 8190 - 13, 0);
	vector_begin(&run);
	CHECK_INT(vector_step(&run, text, (size_t)size), -EMSGSIZE);
	CHECK_INT(http_rule_status(run.head.error.rule), 414);
	size = sprintf(text, LINE "A: %0*d\r\n\r\n", 8190 - 2, 0);
	vector_begin(&run);
	CHECK_INT(vector_step(&run, text, (size_t)size), -EMSGSIZE);
	CHECK_INT(http_rule_status(run.head.error.rule), 431);
	size = sprintf(text, LINE);
	for (int i = 0; i < 127; i++)
		size += sprintf(text + size, "A: %d\r\n", i);
	size += sprintf(text + size, "\r\n");
	vector_begin(&run);
	CHECK_INT(vector_step(&run, text, (size_t)size), size);
	CHECK_INT(run.head.fields.count, 128);
	size += sprintf(text + size - 2, "A: b\r\n\r\n") - 2;
	vector_begin(&run);
	CHECK_INT(vector_step(&run, text, (size_t)size), -EMSGSIZE);
	free(text);
}

TEST_WITH(limits_that_are_not_given_take_the_default, "M12", .backends = ONCE)
{
	struct http_limits some = { .line_bytes = 5, .fields = 7 }, none = { 0 };

	http_limits_fill(&some);
	CHECK_INT(some.line_bytes, 5);
	CHECK_INT(some.fields, 7);
	CHECK_INT(some.field_bytes, 8190);
	http_limits_fill(&none);
	CHECK(!memcmp(&none, &http_limits_default, sizeof none));
}

/* Nothing arrives, or one byte: neither is anything yet. */
TEST_WITH(nothing_is_no_message, "M01", .backends = ONCE)
{
	static const struct http_limits one = { .line_bytes = 1,
						.head_bytes = 1,
						.field_bytes = 1 };

	for (int kind = VECTOR_REQUEST; kind <= VECTOR_TRAILERS; kind++) {
		memset(&run, 0, sizeof run);
		run.kind = (enum vector_kind)kind;
		vector_parse(&run, "", 0);
		CHECK_INT(run.result, 0);
		run.limits = &one;
		vector_parse(&run, "H", 1);
		CHECK_INT(run.result, -EMSGSIZE);
	}
}
