/* SPDX-License-Identifier: MIT */
/* Names known beforehand, and the classes of bytes. */
#include <ctype.h>
#include "harness.h"
#include "http/bytes.h"
#include "http/name.h"

TEST_WITH(every_known_name_is_found_in_any_case, "M17", .backends = ONCE)
{
	for (int id = 1; id < HTTP_NAME_COUNT; id++) {
		const struct http_name_text *known = &http_name_texts[id];
		char upper[64], longer[64];

		CHECK_INT(known->size, (long)strlen(known->text));
		CHECK_INT(http_name_find(known->text, known->size), id);
		for (size_t i = 0; i < known->size; i++) {
			CHECK(strchr("abcdefghijklmnopqrstuvwxyz-0123456789", known->text[i]));
			upper[i] = (char)toupper(known->text[i]);
		}
		CHECK_INT(http_name_find(upper, known->size), id);
		/* Each other byte at each place makes another name of it. */
		for (size_t i = 0; i < known->size; i++) {
			for (int byte = ' '; byte < 256; byte++) {
				char saved = upper[i];

				upper[i] = (char)byte;
				if (tolower(byte) != known->text[i])
					CHECK(http_name_find(upper, known->size) != (unsigned)id);
				upper[i] = saved;
			}
		}
		memcpy(longer, known->text, known->size);
		longer[known->size] = 'x';
		CHECK(http_name_find(longer, known->size + 1) != (unsigned)id);
		CHECK(http_name_find(longer, known->size - 1) != (unsigned)id);
	}
	CHECK_INT(http_name_find("x", 1), HTTP_NAME_OTHER);
	CHECK_INT(http_name_find("x-a-name-that-is-longer-than-all-known", 38), HTTP_NAME_OTHER);
}

TEST_WITH(classes_of_bytes_follow_the_grammars, "M05 M06 M08", .backends = ONCE)
{
	static const char alnum[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	for (int byte = 0; byte < 256; byte++) {
		bool letter = byte && strchr(alnum, byte);
		bool text = byte == '\t' || (byte >= ' ' && byte != 0x7f);

		CHECK_INT(byte_is((char)byte, BYTE_TOKEN),
			  letter || (byte && strchr("!#$%&'*+-.^_`|~", byte)));
		CHECK_INT(byte_is((char)byte, BYTE_DIGIT), byte >= '0' && byte <= '9');
		CHECK_INT(byte_is((char)byte, BYTE_HEX),
			  byte && strchr("0123456789abcdefABCDEF", byte));
		CHECK_INT(byte_is((char)byte, BYTE_TARGET),
			  byte > ' ' && byte < 0x7f && byte != '#');
		CHECK_INT(byte_is((char)byte, BYTE_HOST),
			  letter || (byte && strchr("-._~!$&'()*+,;=", byte)));
		CHECK_INT(byte_is((char)byte, BYTE_TEXT), text);
		CHECK_INT(byte_is((char)byte, BYTE_QUOTED), text && byte != '"' && byte != '\\');
	}
}
