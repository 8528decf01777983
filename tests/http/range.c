/* SPDX-License-Identifier: MIT */
/* Ranges, and the representation they are meant for. */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/validator.h"

enum {
	WHOLE = HTTP_RANGE_WHOLE,
	PART = HTTP_RANGE_PART,
	BEYOND = HTTP_RANGE_UNSATISFIABLE,
	BAD = HTTP_RANGE_BAD
};

TEST_WITH(ranges, "W20 W42", .backends = ONCE)
{
	static const struct {
		const char *text;
		int result;
		unsigned int size, first, count;
	} vectors[] = {
		{ "bytes=0-4", PART, 10, 0, 5 },
		{ "Bytes=5-5", PART, 10, 5, 1 },
		{ "bytes=5-", PART, 10, 5, 5 },
		{ "bytes=5-100", PART, 10, 5, 5 },
		{ "bytes=9-9", PART, 10, 9, 1 },
		{ "bytes=-3", PART, 10, 7, 3 },
		{ "bytes=-10", PART, 10, 0, 10 },
		{ "bytes=-11", PART, 10, 0, 10 },
		{ "bytes= 0-4", PART, 10, 0, 5 },
		{ "bytes=0-99999999999999999999999999", PART, 10, 0, 10 },
		{ "bytes=-99999999999999999999999999", PART, 10, 0, 10 },
		{ "bytes=10-", BEYOND, 10, 0, 0 },
		{ "bytes=10-20", BEYOND, 10, 0, 0 },
		{ "bytes=99999999999999999999999999-", BEYOND, 10, 0, 0 },
		{ "bytes=0-", BEYOND, 0, 0, 0 },
		{ "bytes=-0", BEYOND, 10, 0, 0 },
		{ "bytes=-1", WHOLE, 0, 0, 0 },
		{ "bytes=0-1,3-4", WHOLE, 10, 0, 0 },
		{ "lines=0-1", WHOLE, 10, 0, 0 },
		{ "", BAD, 10, 0, 0 },
		{ "bytes", BAD, 10, 0, 0 },
		{ "=0-1", BAD, 10, 0, 0 },
		{ "bytes=", BAD, 10, 0, 0 },
		{ "bytes=-", BAD, 10, 0, 0 },
		{ "bytes=5", BAD, 10, 0, 0 },
		{ "bytes=5-4", BAD, 10, 0, 0 },
		{ "bytes=a-b", BAD, 10, 0, 0 },
		{ "bytes=1-2x", BAD, 10, 0, 0 },
		{ "bytes=+1-2", BAD, 10, 0, 0 },
		{ "bytes=1-2-3", BAD, 10, 0, 0 },
		{ "bytes=-1-", BAD, 10, 0, 0 },
		{ "bytes 0-4", BAD, 10, 0, 0 },
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		struct http_range range = { 0, 0 };
		char *copy = strndup(vectors[i].text, strlen(vectors[i].text));

		CHECK_INT(http_range_parse(copy, strlen(copy), vectors[i].size, &range),
			  vectors[i].result);
		CHECK_INT(range.first, vectors[i].first);
		CHECK_INT(range.size, vectors[i].count);
		free(copy);
	}
}

TEST_WITH(content_range, "W42", .backends = ONCE)
{
	char text[HTTP_CONTENT_RANGE_BYTES];

	CHECK_INT(http_content_range(text, &(struct http_range){ 5, 5 }, 10), 12);
	CHECK_STR(text, "bytes 5-9/10");
	http_content_range(text, NULL, UINT64_MAX);
	CHECK_STR(text, "bytes */18446744073709551615");
	http_content_range(text, &(struct http_range){ UINT64_MAX - 1, 1 }, UINT64_MAX);
	CHECK_STR(text, "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
}

static struct http_field list[20];

static long asked(const char *lines, enum http_method method,
		  const struct http_validators *validators)
{
	struct http_range range;
	struct http_head head;
	char text[500];
	int size = snprintf(text, sizeof text, "%s\r\n", lines);

	http_head_begin(&head, NULL, list);
	CHECK_INT(http_fields_parse(&head, text, (size_t)size), size);
	return http_range_asked(&head.fields, text, method, validators, &range);
}

#define RANGE "Range: bytes=0-4\r\n"

TEST_WITH(if_range, "W20 W42", .backends = ONCE)
{
	struct http_validators validators = { .exists = true,
					      .tagged = true,
					      .dated = true,
					      .tag = { "v1", 2, false },
					      .modified = 784111777,
					      .size = 10 };

	CHECK_INT(asked("", HTTP_METHOD_GET, &validators), WHOLE);
	CHECK_INT(asked(RANGE, HTTP_METHOD_GET, &validators), PART);
	CHECK_INT(asked(RANGE, HTTP_METHOD_HEAD, &validators), WHOLE);
	CHECK_INT(asked(RANGE RANGE, HTTP_METHOD_GET, &validators), WHOLE);
	CHECK_INT(asked("Range: bytes=20-\r\n", HTTP_METHOD_GET, &validators), BEYOND);
	CHECK_INT(asked(RANGE "If-Range: \"v1\"\r\n", HTTP_METHOD_GET, &validators), PART);
	CHECK_INT(asked(RANGE "If-Range: \"v0\"\r\n", HTTP_METHOD_GET, &validators), WHOLE);
	CHECK_INT(asked(RANGE "If-Range: W/\"v1\"\r\n", HTTP_METHOD_GET, &validators), WHOLE);
	CHECK_INT(asked("Range: bytes=20-\r\nIf-Range: \"v0\"\r\n", HTTP_METHOD_GET, &validators),
		  WHOLE);
	CHECK_INT(asked(RANGE "If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", HTTP_METHOD_GET,
			&validators),
		  PART);
	/* Neither older nor newer will do. */
	CHECK_INT(asked(RANGE "If-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", HTTP_METHOD_GET,
			&validators),
		  WHOLE);
	CHECK_INT(asked(RANGE "If-Range: Sun, 06 Nov 1994 08:49:36 GMT\r\n", HTTP_METHOD_GET,
			&validators),
		  WHOLE);
	CHECK_INT(asked(RANGE "If-Range: nonsense\r\n", HTTP_METHOD_GET, &validators), WHOLE);
	CHECK_INT(asked(RANGE "If-Range: \"v1\"\r\nIf-Range: \"v1\"\r\n", HTTP_METHOD_GET,
			&validators),
		  WHOLE);
	validators.tag.weak = true;
	CHECK_INT(asked(RANGE "If-Range: \"v1\"\r\n", HTTP_METHOD_GET, &validators), WHOLE);
	validators.exists = false;
	CHECK_INT(asked(RANGE, HTTP_METHOD_GET, &validators), WHOLE);
}
