/* SPDX-License-Identifier: MIT */
/* Percent-encoding both ways. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"

/* The sets as WHATWG URL 1.3 puts them, one built on another. */
static int is_in(enum async_percent_set set, int byte)
{
	static const struct {
		int parent;
		const char *more;
	} sets[] = {
		[ASYNC_PERCENT_CONTROL] = { -1, "" },
		[ASYNC_PERCENT_FRAGMENT] = { ASYNC_PERCENT_CONTROL, " \"<>`" },
		[ASYNC_PERCENT_QUERY] = { ASYNC_PERCENT_CONTROL, " \"#<>" },
		[ASYNC_PERCENT_SPECIAL_QUERY] = { ASYNC_PERCENT_QUERY, "'" },
		[ASYNC_PERCENT_PATH] = { ASYNC_PERCENT_QUERY, "?^`{}" },
		[ASYNC_PERCENT_USERINFO] = { ASYNC_PERCENT_PATH, "/:;=@[\\]|" },
		[ASYNC_PERCENT_COMPONENT] = { ASYNC_PERCENT_USERINFO, "$%&+," },
		[ASYNC_PERCENT_FORM] = { ASYNC_PERCENT_COMPONENT, "!'()~" },
	};

	if (byte < 0x20 || byte > 0x7e)
		return 1;
	for (int at = (int)set; at >= 0; at = sets[at].parent)
		if (strchr(sets[at].more, byte))
			return 1;
	return 0;
}

TEST_WITH(percent_sets_are_the_standards, "H06", .backends = ONCE)
{
	for (unsigned int set = ASYNC_PERCENT_CONTROL; set <= ASYNC_PERCENT_FORM; set++)
		for (int byte = 0; byte < 256; byte++) {
			char data = (char)byte, expected[4] = { data };
			char *text = async_percent_encode(&data, 1, (enum async_percent_set)set);

			CHECK(text);
			if (is_in((enum async_percent_set)set, byte))
				snprintf(expected, sizeof expected, "%%%02X", byte);
			if (set == ASYNC_PERCENT_FORM && byte == ' ')
				strcpy(expected, "+");
			CHECK_STR(text, expected);
			free(text);
		}
}

TEST_WITH(percent_round_trip, "H06", .backends = ONCE)
{
	char bytes[256], decoded[256], *text;

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	text = async_percent_encode(bytes, sizeof bytes, ASYNC_PERCENT_COMPONENT);
	CHECK(text);
	CHECK_INT(async_percent_decode(text, text, strlen(text)), 256);
	CHECK(!memcmp(text, bytes, sizeof bytes));
	free(text);
	CHECK_INT(async_percent_decode(decoded, "%", 1), 1);
	CHECK_INT(async_percent_decode(decoded, "%4", 2), 2);
	CHECK_INT(async_percent_decode(decoded, "%4g%g4%%41+%e9", 14), 10);
	CHECK(!memcmp(decoded, "%4g%g4%A+\xe9", 10));
	CHECK_INT(async_percent_decode(decoded, "", 0), 0);
	/* A part that is not there. */
	CHECK_INT(async_percent_decode(decoded, NULL, 0), 0);
	text = async_percent_encode(NULL, 0, ASYNC_PERCENT_FORM);
	CHECK_STR(text, "");
	free(text);
}

TEST_WITH(percent_encoding_fails, "H06", .backends = ONCE)
{
	CHECK(!async_percent_encode("x", 1, (enum async_percent_set)8));
	CHECK_TEXT_HAS(async_error(), "8 is no set");
	if (!fault_inject("realloc", 1, ENOMEM))
		SKIP("this build cannot inject into realloc");
	CHECK(!async_percent_encode("x", 1, ASYNC_PERCENT_FORM));
	CHECK_TEXT_HAS(async_error(), "ENOMEM");
}
