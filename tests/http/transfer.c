/* SPDX-License-Identifier: MIT */
/* Base64 and quoted-printable, in every split and with little room. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/transfer.h"

static const char *decoded(const char *kind, const char *text)
{
	static char whole[500], out[500];
	size_t size = strlen(text);

	for (size_t split = 0; split <= size; split++) {
		for (size_t room = 1; room < 8; room++) {
			struct http_transfer transfer;
			size_t at = 0, used, made, filled = 0, end = split;
			int result = http_transfer_begin(&transfer, kind, strlen(kind));

			CHECK_INT(result, 0);
			for (;;) {
				result = http_transfer_step(&transfer, text + at, end - at, &used,
							    out + filled, room, &made);
				CHECK(used <= end - at && made <= room);
				filled += made;
				at += used;
				if (result || (at == size && !made))
					break;
				if (at == end)
					end = size;
			}
			if (!result)
				result = http_transfer_finish(&transfer);
			strcpy(out + filled, result ? "!" : "");
			CHECK(!result || result == -EBADMSG);
			if (!split && room == 1)
				strcpy(whole, out);
			CHECK_STR(out, whole);
		}
	}
	return whole;
}

TEST_WITH(base64, "W24", .backends = ONCE)
{
	CHECK_STR(decoded("base64", ""), "");
	CHECK_STR(decoded("Base64", "Zg=="), "f");
	CHECK_STR(decoded("base64", "Zm8="), "fo");
	CHECK_STR(decoded("base64", "Zm9v"), "foo");
	CHECK_STR(decoded("base64", "Zm9v\r\nYmFy\r\n"), "foobar");
	CHECK_STR(decoded("base64", " Z m 9 v Y g = = \t"), "foob");
	CHECK_STR(decoded("base64", "+/+/"), "\xfb\xff\xbf");
	CHECK_STR(decoded("base64", "Zm9"), "fo!");
	CHECK_STR(decoded("base64", "Zg="), "f!");
	CHECK_STR(decoded("base64", "Zg==="), "f!");
	CHECK_STR(decoded("base64", "Z==="), "!");
	CHECK_STR(decoded("base64", "===="), "!");
	CHECK_STR(decoded("base64", "Zg==Zg=="), "f!");
	CHECK_STR(decoded("base64", "Zm9v-"), "foo!");
	CHECK_STR(decoded("base64", "Zm\xff"), "f!");
}

TEST_WITH(quoted_printable, "W24", .backends = ONCE)
{
	CHECK_STR(decoded("quoted-printable", "a=3Db=e9=\r\nc\r\nd"), "a=b\xe9"
								      "c\r\nd");
	CHECK_STR(decoded("quoted-printable", "a= \t\r\nb=\nc"), "abc");
	CHECK_STR(decoded("quoted-printable", ""), "");
	CHECK_STR(decoded("quoted-printable", "a="), "a!");
	CHECK_STR(decoded("quoted-printable", "a=4"), "a!");
	CHECK_STR(decoded("quoted-printable", "a=4g"), "a!");
	CHECK_STR(decoded("quoted-printable", "a=g4"), "a!");
	CHECK_STR(decoded("quoted-printable", "a=\rb"), "a!");
	CHECK_STR(decoded("quoted-printable", "a= b"), "a!");
	CHECK_STR(decoded("quoted-printable", "a=\r\r\n"), "a!");
}

TEST_WITH(plain, "W24", .backends = ONCE)
{
	struct http_transfer transfer;

	CHECK_STR(decoded("7bit", "a=\r\n"), "a=\r\n");
	CHECK_STR(decoded("8BIT", "\xff"), "\xff");
	CHECK_STR(decoded("binary", "Zg=="), "Zg==");
	CHECK_INT(http_transfer_begin(&transfer, "x-uuencode", 10), -EOPNOTSUPP);
	CHECK_TEXT_HAS(async_error(), "quoted-printable");
	CHECK_INT(http_transfer_begin(&transfer, "", 0), -EOPNOTSUPP);
}
