/* SPDX-License-Identifier: MIT */
/* Queries put together and taken apart. */
#include <await.h>
#include <errno.h>
#include <string.h>
#include "fault.h"
#include "harness.h"

TEST_WITH(query_is_built, "H05", .backends = ONCE)
{
	async_query query = { 0 };

	CHECK_INT(async_query_add(&query, "name", "J\xc3\xbcrgen M."), 0);
	CHECK_STR(query.data, "name=J%C3%BCrgen+M.");
	CHECK_INT(async_query_add(&query, "a&b=c", "1+1=2"), 0);
	CHECK_INT(async_query_addf(&query, "page", "%d/%.1f", -3, 0.5), 0);
	CHECK_INT(async_query_add_bytes(&query, "z\0", 2, "*-._", 4), 0);
	CHECK_INT(async_query_add(&query, "", ""), 0);
	CHECK_STR(query.data, "name=J%C3%BCrgen+M.&a%26b%3Dc=1%2B1%3D2&page=-3%2F0.5&z%00=*-._&=");
	CHECK_INT(query.size, strlen(query.data));
	async_query_free(&query);
	CHECK(!query.data && !query.size);
}

static void next_is(async_query_reader *reader, const char *name, const char *value)
{
	async_query_pair pair;

	CHECK(async_query_next(reader, &pair));
	CHECK_STR(pair.name, name);
	CHECK_STR(pair.value, value);
	CHECK_INT(pair.name_size, strlen(name));
	CHECK_INT(pair.value_size, strlen(value));
}

TEST_WITH(query_is_read, "H05", .backends = ONCE)
{
	static const char text[] = "&&a=b&c&=d&e=&+%41+=x=y%&&f%00g=%00&last=1+2&";
	async_query_reader reader;
	async_query_pair pair;

	CHECK_INT(async_query_read(&reader, text, sizeof text - 1), 0);
	next_is(&reader, "a", "b");
	next_is(&reader, "c", "");
	next_is(&reader, "", "d");
	next_is(&reader, "e", "");
	next_is(&reader, " A ", "x=y%");
	CHECK(async_query_next(&reader, &pair));
	CHECK_INT(pair.name_size, 3);
	CHECK(!memcmp(pair.name, "f\0g", 4));
	CHECK_INT(pair.value_size, 1);
	CHECK(!memcmp(pair.value, "\0", 2));
	next_is(&reader, "last", "1 2");
	CHECK(!async_query_next(&reader, &pair));
	CHECK(!async_query_next(&reader, &pair));
	async_query_end(&reader);

	CHECK_INT(async_query_read(&reader, NULL, 0), 0);
	CHECK(!async_query_next(&reader, &pair));
	async_query_end(&reader);
}

TEST_WITH(query_round_trip, "H05", .backends = ONCE)
{
	async_query query = { 0 };
	async_query_reader reader;
	async_query_pair pair;
	char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	CHECK_INT(async_query_add_bytes(&query, bytes, 256, bytes + 1, 255), 0);
	CHECK_INT(async_query_add_bytes(&query, bytes + 2, 254, bytes, 0), 0);
	CHECK_INT(async_query_read(&reader, query.data, query.size), 0);
	CHECK(async_query_next(&reader, &pair));
	CHECK_INT(pair.name_size, 256);
	CHECK(!memcmp(pair.name, bytes, 256));
	CHECK_INT(pair.value_size, 255);
	CHECK(!memcmp(pair.value, bytes + 1, 255));
	CHECK(async_query_next(&reader, &pair));
	CHECK_INT(pair.name_size, 254);
	CHECK_INT(pair.value_size, 0);
	CHECK(!async_query_next(&reader, &pair));
	async_query_end(&reader);
	async_query_free(&query);
}

TEST_WITH(query_without_memory, "H05", .backends = ONCE)
{
	async_query query = { 0 };
	async_query_reader reader;

	for (int nth = 1; nth <= 2; nth++) {
		if (!fault_inject("realloc", nth, ENOMEM))
			SKIP("this build cannot inject into realloc");
		CHECK_INT(async_query_add(&query, "a", "a value that is longer"), -ENOMEM);
		CHECK_TEXT_HAS(async_error(), "a query's pair of 1 and 22 bytes");
		CHECK_INT(query.size, 0);
		fault_clear();
	}
	CHECK_INT(async_query_add(&query, "a", "b"), 0);
	fault_inject("realloc", 1, ENOMEM);
	CHECK_INT(async_query_add(&query, "c", "a value that is so long that it needs more memory"),
		  -ENOMEM);
	fault_clear();
	CHECK_STR(query.data, "a=b");
	CHECK_INT(async_query_add(&query, "c", "d"), 0);
	CHECK_STR(query.data, "a=b&c=d");
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(async_query_read(&reader, query.data, query.size), -ENOMEM);
	CHECK(!reader.text_);
	async_query_free(&query);
}
