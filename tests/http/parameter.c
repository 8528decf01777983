/* SPDX-License-Identifier: MIT */
/* Parameters of Content-Type and Content-Disposition, and what becomes of file names. */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/form.h"

static const char *listed(const char *text)
{
	static char out[500];
	struct http_parameters parameters;
	struct http_parameter parameter;
	struct http_slice value;
	char *copy = strndup(text, strlen(text)), *at = out;

	http_parameters_begin(&parameters, copy, strlen(copy), &value);
	at += sprintf(at, "%.*s", (int)value.size, copy + value.at);
	while (http_parameters_next(&parameters, &parameter))
		at += sprintf(at, "|%.*s=%.*s%s", (int)parameter.name_size, parameter.name,
			      (int)parameter.value_size, parameter.value,
			      parameter.quoted ? "\"" : "");
	free(copy);
	return out;
}

TEST_WITH(parameters_listed, "W24 W19", .backends = ONCE)
{
	CHECK_STR(listed(""), "");
	CHECK_STR(listed("text/html"), "text/html");
	CHECK_STR(listed(" text/html ; charset=utf-8"), "text/html|charset=utf-8");
	CHECK_STR(listed("a;b=1;C=\"x;y\";d = z ;"), "a|b=1|C=x;y\"|d=z");
	CHECK_STR(listed("a; b=\"q\\\"r\\\\\"; c=2"), "a|b=q\\\"r\\\\\"|c=2");
	CHECK_STR(listed("a;;b;=c;d e=f;g=1"), "a|g=1");
	CHECK_STR(listed("a; b=\"open; c=1"), "a");
	CHECK_STR(listed("a; b=\"x\"y; c=1"), "a|c=1");
	CHECK_STR(listed("a; b=\"; c=1"), "a");
	CHECK_STR(listed("a; b=\"\""), "a|b=\"");
	CHECK_STR(listed("a; b="), "a|b=");
	/* A backslash at the end of a path does not escape the quote's end elsewhere. */
	CHECK_STR(listed("a; b=\"c:\\dir\\x\"; d=1"), "a|b=c:\\dir\\x\"|d=1");
}

static const char *value_of(const char *text, const char *name)
{
	static char out[500];
	char *copy = strndup(text, strlen(text)), *room = malloc(strlen(text));
	size_t used = 0;
	bool found = http_parameter_find(copy, strlen(copy), name, room, &used);

	CHECK(!found || used <= strlen(text));
	snprintf(out, sizeof out, "%s%.*s", found ? "" : "none", found ? (int)used : 0, room);
	free(copy);
	free(room);
	return out;
}

TEST_WITH(parameters_found, "W24 W19", .backends = ONCE)
{
	CHECK_STR(value_of("text/html; Charset=\"utf-8\"", "charset"), "utf-8");
	CHECK_STR(value_of("multipart/form-data; boundary=a; boundary=b", "boundary"), "a");
	CHECK_STR(value_of("text/html", "charset"), "none");
	CHECK_STR(value_of("charset=x", "charset"), "none");
	CHECK_STR(value_of("a; name=\"q\\\"r\\\\s\\t\"", "name"), "q\"r\\s\\t");
	CHECK_STR(value_of("a; name*=UTF-8''%e2%82%ac%20rates; name=plain", "name"),
		  "\xe2\x82\xac rates");
	CHECK_STR(value_of("a; name=plain; name*=iso-8859-1'en'%A3%20rates", "name"),
		  "\xc2\xa3 rates");
	CHECK_STR(value_of("a; name=plain; name*=koi8-r''%A3", "name"), "plain");
	CHECK_STR(value_of("a; name=plain; name*=UTF-8''%zz", "name"), "plain");
	CHECK_STR(value_of("a; name=plain; name*=UTF-8''%a", "name"), "plain");
	CHECK_STR(value_of("a; name=plain; name*=UTF-8", "name"), "plain");
	CHECK_STR(value_of("a; name=plain; name*=UTF-8''\xc3\xa9", "name"), "plain");
	CHECK_STR(value_of("a; name*=UTF-8''", "name"), "");
	CHECK_STR(value_of("a; name*0=foo; name*1=\"b\\\"ar\"", "name"), "foob\"ar");
	CHECK_STR(value_of("a; name*1=bar; name*0=foo; name*3=no", "name"), "foobar");
	CHECK_STR(value_of("a; name*0*=UTF-8'en'%c3%a9; name*1=x%41; name*2*=%41", "name"),
		  "\xc3\xa9x%41A");
	CHECK_STR(value_of("a; name*=US-ASCII''x%20y", "name"), "x y");
	CHECK_STR(value_of("; n*0=a; n*1=b; n*2=c; n*3=d; n*4=e; n*5=f; n*6=g; n*7=h; n*8=i; "
			   "n*9=j; n*10=k; n*11=l",
			   "n"),
		  "abcdefghijkl");
	CHECK_STR(value_of("a; name*1=bar; name=plain", "name"), "plain");
	CHECK_STR(value_of("a; name*0=x; name*1*=%41; name=plain", "name"), "plain");
}

/* Room for the text is enough even where one byte becomes two. */
TEST_WITH(decoding_fits, "W24", .backends = ONCE)
{
	CHECK_STR(value_of("; n*=iso-8859-1''%ff%ff%ff%ff%ff%ff%ff%ff", "n"),
		  "\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf");
}

static const char *filename(const char *text)
{
	static char out[500];
	char *room = malloc(strlen(text) + 1);
	size_t used = 0;
	bool found = http_filename_find(text, strlen(text), room, &used);

	snprintf(out, sizeof out, "%s%.*s", found ? "" : "none", found ? (int)used : 0, room);
	free(room);
	return out;
}

TEST_WITH(file_names, "W24 H14", .backends = ONCE)
{
	CHECK_STR(filename("form-data; name=f; filename=\"x.txt\""), "x.txt");
	CHECK_STR(filename("form-data; name=f"), "none");
	CHECK_STR(filename("form-data; filename=\"\""), "");
	CHECK_STR(filename("form-data; filename=\"/etc/passwd\""), "passwd");
	CHECK_STR(filename("form-data; filename=\"../../x\""), "x");
	CHECK_STR(filename("form-data; filename=\"C:\\dir\\x.txt\""), "x.txt");
	CHECK_STR(filename("form-data; filename=\"C:\\\\dir\\\\x.txt\""), "x.txt");
	CHECK_STR(filename("form-data; filename=\"..\""), "");
	CHECK_STR(filename("form-data; filename=\"a/.\""), "");
	CHECK_STR(filename("form-data; filename=\"...\""), "...");
	CHECK_STR(filename("form-data; filename=\".x\""), ".x");
	CHECK_STR(filename("form-data; filename=\"a/\""), "");
	CHECK_STR(filename("attachment; filename*=UTF-8''a%2Fb%00%0a.%c3%a9; filename=plain"),
		  "b.\xc3\xa9");
	CHECK_STR(filename("attachment; filename*=UTF-8''.%00."), "");
}

TEST_WITH(media_types, "W24 W19", .backends = ONCE)
{
	CHECK(http_media_type_valid("text/html", 9));
	CHECK(http_media_type_valid("application/vnd.x+json", 22));
	CHECK(!http_media_type_valid("text", 4));
	CHECK(!http_media_type_valid("text/", 5));
	CHECK(!http_media_type_valid("/html", 5));
	CHECK(!http_media_type_valid("a/b/c", 5));
	CHECK(!http_media_type_valid("a/b c", 5));
	CHECK(!http_media_type_valid("", 0));
}
