/* SPDX-License-Identifier: MIT */
/* What clients prefer, and what they get. */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/accept.h"

static struct http_field list[20];
static struct http_head head;
static char text[1000];

/* "Name: value\r\n" lines. */
static const struct http_fields *fields_of(const char *lines)
{
	int size = snprintf(text, sizeof text, "%s\r\n", lines);

	http_head_begin(&head, NULL, list);
	CHECK_INT(http_fields_parse(&head, text, (size_t)size), size);
	return &head.fields;
}

static long quality(const char *lines, const char *type)
{
	const struct http_fields *fields = fields_of(lines);

	return http_accept_type(fields, text, type);
}

TEST_WITH(types, "W32", .backends = ONCE)
{
	CHECK_INT(quality("", "text/html"), 1000);
	CHECK_INT(quality("Accept: \r\n", "text/html"), 0);
	CHECK_INT(quality("Accept: text/html\r\n", "text/html"), 1000);
	CHECK_INT(quality("Accept: Text/HTML\r\n", "text/html"), 1000);
	CHECK_INT(quality("Accept: text/html\r\n", "text/plain"), 0);
	CHECK_INT(quality("Accept: text/*;q=0.3, text/html;q=0.7\r\n", "text/html"), 700);
	CHECK_INT(quality("Accept: text/*;q=0.3, text/html;q=0.7\r\n", "text/plain"), 300);
	CHECK_INT(quality("Accept: text/*;q=0.3, */*;q=0.1\r\n", "image/png"), 100);
	CHECK_INT(quality("Accept: */*, text/html;q=0\r\n", "text/html"), 0);
	/* The example of RFC 9110, 12.5.1. */
	static const char all[] =
		"Accept: text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed,"
		" text/plain;format=fixed;q=0.4, */*;q=0.5\r\n";
	CHECK_INT(quality(all, "text/plain;format=flowed"), 1000);
	CHECK_INT(quality(all, "text/plain"), 700);
	CHECK_INT(quality(all, "text/html"), 300);
	CHECK_INT(quality(all, "image/jpeg"), 500);
	CHECK_INT(quality(all, "text/plain; format=fixed"), 400);
	/* Several fields are one list; quoted commas and semicolons are none. */
	CHECK_INT(quality("Accept: a/b;q=0.2\r\nX: y\r\nAccept: c/d;q=0.4\r\n", "c/d"), 400);
	CHECK_INT(quality("Accept: a/b;x=\"1,c/d;q=0.1\\\",\";q=0.2, c/d;q=0.4\r\n", "c/d"), 400);
	CHECK_INT(quality("Accept: a/b ; x = 1 ; q=0.2\r\n", "a/b;x=1"), 200);
}

TEST_WITH(qualities, "W32", .backends = ONCE)
{
	static const struct {
		const char *text;
		int quality;
	} vectors[] = {
		{ "1", 1000 }, { "0", 0 },     { "1.000", 1000 }, { "0.5", 500 },  { "0.25", 250 },
		{ "0.", 0 },   { "1.", 1000 }, { "0.1239", 123 }, { "2", -1 },	   { "1.1", -1 },
		{ "", -1 },    { ".5", -1 },   { "0,5", 0 },	  { "-0", -1 },	   { "0.x", -1 },
		{ "1e3", -1 }, { "00", -1 },   { "0.5 ", 500 },	  { "0.0001", 0 }, { "nan", -1 },
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		char lines[100];

		snprintf(lines, sizeof lines, "Accept: a/b;q=%s, */*;q=0.007\r\n", vectors[i].text);
		CHECK_INT(quality(lines, "a/b"), vectors[i].quality < 0 ? 7 : vectors[i].quality);
	}
}

TEST_WITH(best_type, "W32", .backends = ONCE)
{
	static const char *const types[] = { "text/html", "application/json", "text/plain" };

	CHECK_INT(http_accept_best_type(fields_of(""), text, types, 3), 0);
	CHECK_INT(http_accept_best_type(fields_of("Accept: */*\r\n"), text, types, 3), 0);
	CHECK_INT(http_accept_best_type(fields_of("Accept: application/*\r\n"), text, types, 3), 1);
	CHECK_INT(http_accept_best_type(
			  fields_of("Accept: text/html;q=0.5, text/plain, */*;q=0.1\r\n"), text,
			  types, 3),
		  2);
	CHECK_INT(http_accept_best_type(fields_of("Accept: image/png\r\n"), text, types, 3), -1);
}

static const char *coding(const char *lines)
{
	static const enum http_coding offers[] = { HTTP_CODING_BR, HTTP_CODING_GZIP,
						   HTTP_CODING_DEFLATE };

	return http_coding_name(http_accept_coding(fields_of(lines), text, offers, 3));
}

TEST_WITH(codings, "W28 W43", .backends = ONCE)
{
	CHECK_STR(coding(""), "identity");
	CHECK_STR(coding("Accept-Encoding:\r\n"), "identity");
	CHECK_STR(coding("Accept-Encoding: gzip, deflate, br, zstd\r\n"), "br");
	CHECK_STR(coding("Accept-Encoding: gzip, deflate\r\n"), "gzip");
	CHECK_STR(coding("Accept-Encoding: x-gzip\r\n"), "gzip");
	CHECK_STR(coding("Accept-Encoding: GZIP;q=0.2, br;q=0.1\r\n"), "gzip");
	CHECK_STR(coding("Accept-Encoding: gzip;q=0\r\n"), "identity");
	CHECK_STR(coding("Accept-Encoding: *\r\n"), "br");
	CHECK_STR(coding("Accept-Encoding: br;q=0, *\r\n"), "gzip");
	CHECK_STR(coding("Accept-Encoding: gzip;q=0.5, identity\r\n"), "identity");
	CHECK_STR(coding("Accept-Encoding: gzip;q=0.001, identity;q=0.001\r\n"), "gzip");
	CHECK_STR(coding("Accept-Encoding: zstd\r\n"), "identity");
	CHECK_STR(coding("Accept-Encoding: zstd, identity;q=0\r\n"), "unknown");
	CHECK_STR(coding("Accept-Encoding: *;q=0\r\n"), "unknown");
	CHECK_STR(coding("Accept-Encoding: *;q=0, identity;q=0.5\r\n"), "identity");
	CHECK_STR(coding("Accept-Encoding: identity;q=0, gzip;q=0.001\r\n"), "gzip");
	CHECK_STR(coding("Accept-Encoding: gzip;q=x, deflate\r\n"), "deflate");
}

static long language(const char *lines)
{
	static const char *const tags[] = { "de", "en-GB", "en", "zh-Hant", "pt-BR" };

	return http_accept_language(fields_of(lines), text, tags, 5);
}

TEST_WITH(languages, "W19", .backends = ONCE)
{
	CHECK_INT(language(""), 0);
	CHECK_INT(language("Accept-Language: en\r\n"), 1);
	CHECK_INT(language("Accept-Language: EN-gb\r\n"), 1);
	CHECK_INT(language("Accept-Language: en-US, de;q=0.5\r\n"), 0);
	CHECK_INT(language("Accept-Language: en-US\r\n"), 2);
	CHECK_INT(language("Accept-Language: zh-Hant-TW\r\n"), 3);
	CHECK_INT(language("Accept-Language: pt\r\n"), 4);
	CHECK_INT(language("Accept-Language: pt-PT\r\n"), -1);
	CHECK_INT(language("Accept-Language: fr, *;q=0.1\r\n"), 0);
	CHECK_INT(language("Accept-Language: de;q=0, *;q=0.1\r\n"), 1);
	CHECK_INT(language("Accept-Language: en;q=0.1, en-GB;q=0\r\n"), 2);
	CHECK_INT(language("Accept-Language: fr\r\n"), -1);
	CHECK_INT(language("Accept-Language: e\r\n"), -1);
}
