/* SPDX-License-Identifier: MIT */
/* Text of others in pages and logs. */
#include <await.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/html.h"

typedef size_t escape(char *room, size_t room_size, const char *text, size_t size);

/* With any room: what fits of the whole, cut between escapes. */
static void escapes(escape *function, const char *text, size_t size, const char *expected)
{
	size_t length = strlen(expected);

	CHECK_INT(function(NULL, 0, text, size), length);
	for (size_t room_size = 1; room_size < length + 3; room_size++) {
		char *room = malloc(room_size);
		size_t written;

		CHECK_INT(function(room, room_size, text, size), length);
		written = strlen(room);
		CHECK(written < room_size && !memcmp(room, expected, written));
		CHECK(room_size <= length || written == length);
		CHECK(expected[written] == '\0' || room_size - written <= 6);
		free(room);
	}
}

TEST_WITH(html, "W32 W39 M15", .backends = ONCE)
{
	escapes(http_html_escape, "", 0, "");
	escapes(http_html_escape, "<a href=\"x'y\">&</a>\xc3\xa9\n", 22,
		"&lt;a href=&quot;x&#39;y&quot;&gt;&amp;&lt;/a&gt;\xc3\xa9\n");
}

TEST_WITH(logs, "W44 M15", .backends = ONCE)
{
	escapes(http_log_escape, "GET /a b", 8, "GET /a b");
	escapes(http_log_escape, "a\r\n\"b\\\0\x1b[31m\x7f\xc3\xa9~", 16,
		"a\\x0d\\x0a\\\"b\\\\\\x00\\x1b[31m\\x7f\\xc3\\xa9~");
}
