/* SPDX-License-Identifier: MIT */
/* Entity tags, and conditions on them and on dates. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/validator.h"
#include "http/write.h"

static struct http_field list[20];
static struct http_head head;
static char text[1000];

static const struct http_fields *fields_of(const char *lines)
{
	int size = snprintf(text, sizeof text, "%s\r\n", lines);

	http_head_begin(&head, NULL, list);
	CHECK_INT(http_fields_parse(&head, text, (size_t)size), size);
	return &head.fields;
}

TEST_WITH(tags, "W30", .backends = ONCE)
{
	struct http_tag tag, other = { "x", 1, false };
	char room[20];

	CHECK(http_tag_parse("\"a!#\xff~\"", 7, &tag));
	CHECK_INT(tag.size, 5);
	CHECK(!tag.weak);
	CHECK(http_tag_parse("W/\"\"", 4, &tag));
	CHECK(tag.weak && !tag.size);
	static const char *const wrong[] = { "",	"a",	    "\"a",	"a\"",
					     "w/\"a\"", "W/a",	    "\"a b\"",	"\"a\"b\"",
					     "\"\t\"",	"\"\x7f\"", "W/ \"a\"", "\"a\" ",
					     "*",	"\"" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK(!http_tag_parse(wrong[i], strlen(wrong[i]), &tag));

	CHECK_INT(http_tag_write(room, sizeof room, &other), 3);
	CHECK_STR(room, "\"x\"");
	other.weak = true;
	CHECK_INT(http_tag_write(room, 6, &other), 5);
	CHECK_STR(room, "W/\"x\"");
	CHECK_INT(http_tag_write(room, 5, &other), -ENOBUFS);
	other.text = "a\r\nX: y";
	other.size = 7;
	CHECK_INT(http_tag_write(room, sizeof room, &other), -EINVAL);
	other.text = "\"";
	other.size = 1;
	CHECK_INT(http_tag_write(room, sizeof room, &other), -EINVAL);
}

/* The table of RFC 9110, 8.8.3.2. */
TEST_WITH(tags_compared, "W30 W41", .backends = ONCE)
{
	struct http_tag w1 = { "1", 1, true }, w2 = { "2", 1, true }, s1 = { "1", 1, false };

	CHECK(!http_tag_equal(&w1, &w1, true) && http_tag_equal(&w1, &w1, false));
	CHECK(!http_tag_equal(&w1, &w2, true) && !http_tag_equal(&w1, &w2, false));
	CHECK(!http_tag_equal(&w1, &s1, true) && http_tag_equal(&w1, &s1, false));
	CHECK(http_tag_equal(&s1, &s1, true) && http_tag_equal(&s1, &s1, false));
}

TEST_WITH(tag_lists, "W20", .backends = ONCE)
{
	struct http_tags tags;
	struct http_tag tag;
	const char *expected = "abcd";

	http_tags_begin(&tags,
			fields_of("If-Match: , \"a\" ,\t\"b\",\r\nX: y\r\nIf-Match: W/\"c\"\r\n"
				  "If-Match: \"d\" \"e\"\r\nIf-Match: \"d\", nonsense, \"f\"\r\n"),
			text, HTTP_NAME_IF_MATCH);
	CHECK(!tags.any);
	while (http_tags_next(&tags, &tag)) {
		CHECK_INT(tag.size, 1);
		CHECK_INT(*tag.text, *expected);
		CHECK_INT(tag.weak, *expected == 'c');
		expected++;
	}
	CHECK_INT(*expected, 0);
	http_tags_begin(&tags, fields_of("If-Match: *\r\n"), text, HTTP_NAME_IF_MATCH);
	CHECK(tags.any);
	http_tags_begin(&tags, fields_of(""), text, HTTP_NAME_IF_MATCH);
	CHECK(!tags.any && !http_tags_next(&tags, &tag));
}

static struct http_validators validators = {
	.exists = true, .tagged = true, .dated = true, .tag = { "v1", 2, false }
};

static long check(const char *lines, enum http_method method)
{
	return http_condition_check(fields_of(lines), text, method, &validators);
}

TEST_WITH(conditions, "W20 W41", .backends = ONCE)
{
	validators.modified = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
	enum {
		MET = HTTP_CONDITION_MET,
		SAME = HTTP_CONDITION_NOT_MODIFIED,
		NO = HTTP_CONDITION_FAILED
	};
	static const struct {
		const char *lines;
		int get, put;
	} vectors[] = {
		{ "", MET, MET },
		{ "If-Match: \"v1\"\r\n", MET, MET },
		{ "If-Match: \"v0\", \"v1\"\r\n", MET, MET },
		{ "If-Match: \"v2\"\r\n", NO, NO },
		{ "If-Match: W/\"v1\"\r\n", NO, NO },
		{ "If-Match: *\r\n", MET, MET },
		{ "If-Match: v1\r\n", NO, NO },
		{ "If-None-Match: \"v1\"\r\n", SAME, NO },
		{ "If-None-Match: W/\"v1\"\r\n", SAME, NO },
		{ "If-None-Match: \"v0\"\r\nIf-None-Match: \"v1\"\r\n", SAME, NO },
		{ "If-None-Match: \"v2\"\r\n", MET, MET },
		{ "If-None-Match: *\r\n", SAME, NO },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", SAME, MET },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n", SAME, MET },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", MET, MET },
		{ "If-Modified-Since: yesterday\r\n", MET, MET },
		{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", MET, MET },
		{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", NO, NO },
		{ "If-Unmodified-Since: yesterday\r\n", MET, MET },
		/* Two dates are none. */
		{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"
		  "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n",
		  MET, MET },
		/* Tags outrank dates. */
		{ "If-Match: \"v1\"\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", MET,
		  MET },
		{ "If-None-Match: \"v2\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		  MET, MET },
		{ "If-None-Match: nonsense\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		  MET, MET },
		/* The first kind comes before the second. */
		{ "If-Match: \"v2\"\r\nIf-None-Match: \"v1\"\r\n", NO, NO },
		{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\nIf-None-Match: "
		  "\"v1\"\r\n",
		  SAME, NO },
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		CHECK_INT(check(vectors[i].lines, HTTP_METHOD_GET), vectors[i].get);
		CHECK_INT(check(vectors[i].lines, HTTP_METHOD_HEAD), vectors[i].get);
		CHECK_INT(check(vectors[i].lines, HTTP_METHOD_PUT), vectors[i].put);
	}
	/* Of something that is not there. */
	validators.exists = false;
	CHECK_INT(check("If-Match: *\r\n", HTTP_METHOD_PUT), NO);
	CHECK_INT(check("If-None-Match: *\r\n", HTTP_METHOD_PUT), MET);
	CHECK_INT(check("If-None-Match: \"v1\"\r\n", HTTP_METHOD_GET), MET);
	/* Or has no validators. */
	validators = (struct http_validators){ .exists = true };
	CHECK_INT(check("If-Match: \"\"\r\n", HTTP_METHOD_PUT), NO);
	CHECK_INT(check("If-Match: *\r\n", HTTP_METHOD_PUT), MET);
	CHECK_INT(check("If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT\r\n", HTTP_METHOD_GET),
		  MET);
}
