/* SPDX-License-Identifier: MIT */
/* Transfer encodings of parts: what they stand for, in pieces of any size, and what is refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <await.h>
#include "harness.h"
#include "http/part_coding.h"

/* In pieces of that size: the text, or why not. */
static int decode(const char *name, const char *text, size_t piece, char *out)
{
	struct part_coding coding;
	size_t used = 0, size = strlen(text);
	char room[200];

	CHECK_INT(part_coding_begin(&coding, name, strlen(name)), 0);
	for (size_t at = 0; at < size; at += piece) {
		size_t take = size - at < piece ? size - at : piece;
		ssize_t n;

		memcpy(room, text + at, take);
		n = part_coding_step(&coding, room, take);
		if (n < 0)
			return (int)n;
		CHECK((size_t)n <= take);
		memcpy(out + used, room, (size_t)n);
		used += (size_t)n;
	}
	out[used] = '\0';
	return part_coding_end(&coding);
}

static void same(const char *name, const char *text, const char *expected)
{
	char out[200];

	for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
		CHECK_INT(decode(name, text, piece, out), 0);
		CHECK_STR(out, expected);
	}
}

static void refused(const char *name, const char *text)
{
	char out[200];

	for (size_t piece = 1; piece <= strlen(text); piece++) {
		CHECK_INT(decode(name, text, piece, out), -EBADMSG);
		CHECK_TEXT_HAS(async_error(), name);
	}
}

TEST_WITH(what_was_encoded, "W24", .backends = ONCE)
{
	same("base64", "", "");
	same("base64", "Zg==", "f");
	same("base64", "Zm8=", "fo");
	same("BASE64", "Zm9v", "foo");
	same("base64", "Zm9v\r\nYmFy\r\n YmE=\r\n", "foobarba");
	same("base64", "Zm9v\r\nYmFy\r\n", "foobar");
	same("base64", " Z m 9 v Y g = = \t", "foob");
	same("base64", "+/+/", "\xfb\xff\xbf");
	same("quoted-printable", "", "");
	same("quoted-printable", "a=3Db=e9=\r\nc\r\nd",
	     "a=b\xe9"
	     "c\r\nd");
	same("quoted-printable", "a= \t\r\nb=\nc", "abc");
	same("quoted-printable", "a=3Db=3d", "a=b=");
	same("quoted-printable", "one=\r\ntwo\r\nthree= \t\r\nfour=\nfive",
	     "onetwo\r\nthreefourfive");
	same("quoted-printable", "=C3=BC", "\xc3\xbc");
	same("binary", "Zg==", "Zg==");
	same("8BIT", "\xff", "\xff");
	same("7bit", "a=\r\n", "a=\r\n");
	same("binary", "=3D", "=3D");
	same("8bit", "=3D", "=3D");
	same("7Bit", "=3D", "=3D");
}

TEST_WITH(what_was_not, "W24", .backends = ONCE)
{
	static const char *const bad_base64[] = {
		"Z",	   "Zg",   "Zg=", "=",	  "Zm9v=", "Zg===",    "Zg==Z", "Zg=a=", "Z=a=",
		"Zm\xff=", "Zm8-", "Zm9", "Z===", "====",  "Zg==Zg==", "Zm9v-", "Zm\xff"
	};
	static const char *const bad_quoted[] = { "=",	  "=3",	  "=\r",   "=G0",  "=0G",
						  "=\rx", "= x",  "==",	   "a=",   "a=4",
						  "a=4g", "a=g4", "a=\rb", "a= b", "a=\r\r\n" };

	for (size_t i = 0; i < sizeof bad_base64 / sizeof *bad_base64; i++)
		refused("base64", bad_base64[i]);
	for (size_t i = 0; i < sizeof bad_quoted / sizeof *bad_quoted; i++)
		refused("quoted-printable", bad_quoted[i]);
}

TEST_WITH(other_encodings, "W24", .backends = ONCE)
{
	struct part_coding coding;

	CHECK_INT(part_coding_begin(&coding, "x-uuencode", 10), -EOPNOTSUPP);
	CHECK_TEXT_HAS(async_error(), "x-uuencode");
	CHECK_INT(part_coding_begin(&coding, "base6", 5), -EOPNOTSUPP);
	CHECK_INT(part_coding_begin(&coding, "", 0), 0);
}
