/* SPDX-License-Identifier: MIT */
/* Urlencoded forms. */
#include <await.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "http/form.h"

TEST_WITH(fields_in_order, "W23 W21", .backends = ONCE)
{
	static const char text[] = "a=1&b=2+3&a=%34&&=x&empty=&bare&%26=%3D";
	static const char *const expected[][2] = { { "a", "1" }, { "b", "2 3" },  { "a", "4" },
						   { "", "x" },	 { "empty", "" }, { "bare", "" },
						   { "&", "=" } };
	const async_query_pair *pair;
	struct arena arena;
	struct http_pairs form;

	arena_begin(&arena, NULL, 0);
	CHECK_INT(http_pairs_parse(&form, &arena, text, strlen(text), 0), 0);
	CHECK_INT(form.count, 7);
	for (size_t i = 0; i < 7; i++) {
		CHECK_STR(form.list[i].name, expected[i][0]);
		CHECK_STR(form.list[i].value, expected[i][1]);
	}
	pair = http_pairs_find(&form, "a", 0);
	CHECK_STR(pair->value, "1");
	pair = http_pairs_find(&form, "a", 1);
	CHECK_STR(pair->value, "4");
	CHECK(!http_pairs_find(&form, "a", 2));
	CHECK(!http_pairs_find(&form, "c", 0));
	arena_end(&arena);
	arena_begin(&arena, NULL, 0);
	CHECK_INT(http_pairs_parse(&form, &arena, NULL, 0, 0), 0);
	CHECK_INT(form.count, 0);
	arena_end(&arena);
	arena_begin(&arena, NULL, 0);
	CHECK_INT(http_pairs_parse(&form, &arena, "&&&", 3, 0), 0);
	CHECK_INT(form.count, 0);
	arena_end(&arena);
	arena_begin(&arena, NULL, 0);
}

TEST_WITH(too_many_fields, "W23 M12", .backends = ONCE)
{
	struct arena arena;
	struct http_pairs form;
	char *text = malloc(3 * 1001);

	CHECK(text);
	arena_begin(&arena, NULL, 0);
	for (int i = 0; i < 1001; i++)
		memcpy(text + 3 * i, "a=&", 3);
	CHECK_INT(http_pairs_parse(&form, &arena, text, 3 * 1001, 0), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "1001 fields: more than 1000 (form option `fields`)");
	CHECK_INT(http_pairs_parse(&form, &arena, text, 3 * 1000, 0), 0);
	CHECK_INT(form.count, 1000);
	arena_end(&arena);
	arena_begin(&arena, NULL, 0);
	CHECK_INT(http_pairs_parse(&form, &arena, "a&b&c", 5, 2), -EMSGSIZE);
	CHECK_INT(http_pairs_parse(&form, &arena, text, 3 * 1001, 2000), 0);
	arena_end(&arena);
	arena_begin(&arena, NULL, 0);
	free(text);
}

TEST_WITH(out_of_memory, "X19", .backends = ONCE)
{
	struct arena arena;
	struct http_pairs form;

	char text[5000];

	memset(text, 'a', sizeof text);
	for (int nth = 1; nth <= 2; nth++) {
		fault_clear();
		arena_begin(&arena, NULL, 0);
		fault_inject("malloc", nth, ENOMEM);
		CHECK_INT(http_pairs_parse(&form, &arena, text, sizeof text - 1, 0), -ENOMEM);
		CHECK(!form.list && !form.count);
		arena_end(&arena);
	}
	fault_clear();
}
