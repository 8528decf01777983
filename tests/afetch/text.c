/* SPDX-License-Identifier: MIT */
/* Texts for JSON and for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "text.h"

static bool is_utf8(const char *text)
{
	/* On the heap, without a zero: whoever reads too far is caught. */
	size_t size = strlen(text);
	char *copy = strndup(text, size);
	bool right;

	copy = realloc(copy, size ? size : 1);
	right = text_is_utf8(copy, size);
	free(copy);
	return right;
}

TEST_WITH(utf8_is_recognised, "H46", .backends = ONCE)
{
	CHECK(is_utf8("") && is_utf8("plain") && is_utf8("caf\xc3\xa9"));
	CHECK(is_utf8("\xe2\x82\xac") && is_utf8("\xf0\x9f\x98\x80") && is_utf8("\xed\x9f\xbf"));
	CHECK(is_utf8("\xf4\x8f\xbf\xbf") && is_utf8("\xee\x80\x80"));
	CHECK(!is_utf8("\xe9") && !is_utf8("\x80") && !is_utf8("a\xff"));
	CHECK(!is_utf8("\xc0\x80") && !is_utf8("\xc1\xbf") && !is_utf8("\xe0\x9f\xbf"));
	CHECK(!is_utf8("\xf0\x8f\xbf\xbf") && !is_utf8("\xf4\x90\x80\x80"));
	CHECK(!is_utf8("\xed\xa0\x80") && !is_utf8("\xf5\x80\x80\x80"));
	CHECK(!is_utf8("\xc3") && !is_utf8("\xe2\x82") && !is_utf8("\xf0\x9f\x98"));
	CHECK(!is_utf8("\xe2\x28\xa1"));
}

static void check_converted(const char *from, const char *wanted)
{
	size_t length;
	char *text = text_to_utf8(from, strlen(from), &length);

	CHECK_STR(text, wanted);
	CHECK_INT(length, strlen(wanted));
	free(text);
}

TEST_WITH(other_bytes_become_utf8, "H46", .backends = ONCE)
{
	char *text;
	size_t length;

	check_converted("caf\xc3\xa9", "caf\xc3\xa9");
	check_converted("caf\xe9", "caf\xc3\xa9");
	check_converted("\xff\xc3\xa9", "\xc3\xbf\xc3\x83\xc2\xa9");
	text = text_to_utf8("a\0b", 3, &length);
	CHECK_INT(length, 3);
	CHECK_INT(memcmp(text, "a\0b", 4), 0);
	free(text);
}

TEST_WITH(numbers_are_readable, "H46", .backends = ONCE)
{
	char to[NUMBER_TEXT_BYTES];

	CHECK_STR(text_count(to, 0), "0");
	CHECK_STR(text_count(to, 999), "999");
	CHECK_STR(text_count(to, 1000), "1,000");
	CHECK_STR(text_count(to, 123456), "123,456");
	CHECK_STR(text_count(to, UINT64_MAX), "18,446,744,073,709,551,615");
	CHECK_STR(text_bytes(to, 0), "0 B");
	CHECK_STR(text_bytes(to, 999), "999 B");
	CHECK_STR(text_bytes(to, 1000), "1.0 kB");
	CHECK_STR(text_bytes(to, 9949), "9.9 kB");
	CHECK_STR(text_bytes(to, 9960), "10 kB");
	CHECK_STR(text_bytes(to, 999600), "1.0 MB");
	CHECK_STR(text_bytes(to, 1.5e18), "1.5 EB");
	CHECK_STR(text_bytes(to, 1.5e22), "15000 EB");
	CHECK_STR(text_seconds(to, 0.0004), "0.4 ms");
	CHECK_STR(text_seconds(to, 0.0123), "12 ms");
	CHECK_STR(text_seconds(to, 0.9999), "1.0 s");
	CHECK_STR(text_seconds(to, 61), "61.0 s");
	CHECK_STR(text_seconds(to, 125), "2:05 min");
	CHECK_STR(text_seconds(to, 3600), "1:00 h");
	CHECK_STR(text_seconds(to, 360061), "100:01 h");
}

/* From the appendix of the paper: key and input are the bytes 0, 1, 2... */
TEST_WITH(the_hash_is_siphash, "H46", .backends = ONCE)
{
	char bytes[16];

	for (int i = 0; i < 16; i++)
		bytes[i] = (char)i;
	CHECK(text_hash(bytes, 15) == 0xa129ca6149be45e5);
	CHECK(text_hash(bytes, 0) == 0x726fdb47dd0e0e31);
	CHECK(text_hash(bytes, 8) == 0x93f5f5799a932462);
}
