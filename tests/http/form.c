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
	struct http_form_data form;

	CHECK_INT(http_form_parse(&form, text, strlen(text), 0), 0);
	CHECK_INT(form.count, 7);
	for (size_t i = 0; i < 7; i++) {
		CHECK_STR(form.list[i].name, expected[i][0]);
		CHECK_STR(form.list[i].value, expected[i][1]);
	}
	pair = http_form_find(&form, "a", NULL);
	CHECK_STR(pair->value, "1");
	pair = http_form_find(&form, "a", pair);
	CHECK_STR(pair->value, "4");
	CHECK(!http_form_find(&form, "a", pair));
	CHECK(!http_form_find(&form, "c", NULL));
	http_form_free(&form);
	CHECK_INT(http_form_parse(&form, NULL, 0, 0), 0);
	CHECK_INT(form.count, 0);
	http_form_free(&form);
	CHECK_INT(http_form_parse(&form, "&&&", 3, 0), 0);
	CHECK_INT(form.count, 0);
	http_form_free(&form);
}

TEST_WITH(too_many_fields, "W23 M12", .backends = ONCE)
{
	struct http_form_data form;
	char *text = malloc(3 * 1001);

	CHECK(text);
	for (int i = 0; i < 1001; i++)
		memcpy(text + 3 * i, "a=&", 3);
	CHECK_INT(http_form_parse(&form, text, 3 * 1001, 0), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "1001 fields: more than 1000 (HTTP limit `form_fields`)");
	CHECK_INT(http_form_parse(&form, text, 3 * 1000, 0), 0);
	CHECK_INT(form.count, 1000);
	http_form_free(&form);
	CHECK_INT(http_form_parse(&form, "a&b&c", 5, 2), -EMSGSIZE);
	CHECK_INT(http_form_parse(&form, text, 3 * 1001, 2000), 0);
	http_form_free(&form);
	free(text);
}

TEST_WITH(out_of_memory, "X19", .backends = ONCE)
{
	struct http_form_data form;

	for (int nth = 1; nth <= 2; nth++) {
		fault_clear();
		fault_inject("malloc", nth, ENOMEM);
		CHECK_INT(http_form_parse(&form, "a=b", 3, 0), -ENOMEM);
		CHECK(!form.list && !form.count);
	}
	fault_clear();
}
