/* SPDX-License-Identifier: MIT */
/* Changes of a URL. */
#include <await.h>
#include <errno.h>
#include <string.h>
#include "fault.h"
#include "harness.h"

enum change { SET_QUERY, SET_FRAGMENT, APPEND };

static void changed(const char *from, enum change change, const char *with, const char *expected)
{
	static int (*const changes[])(async_url *, const char *) = { async_url_set_query,
								     async_url_set_fragment,
								     async_url_append_query };
	async_url url, again;

	CHECK_INT(async_url_parse(from, NULL, &url), 0);
	CHECK_INT(changes[change](&url, with), 0);
	CHECK_STR(url.href, expected);
	/* The offsets too are those of the new text. */
	CHECK_INT(async_url_parse(expected, NULL, &again), 0);
	CHECK_INT(url.size, again.size);
	CHECK_INT(url.query_, again.query_);
	CHECK_INT(url.fragment_, again.fragment_);
	CHECK_STR(again.href, expected);
	async_url_free(&url);
	async_url_free(&again);
}

TEST_WITH(url_query_is_replaced, "H05", .backends = ONCE)
{
	changed("http://a/b", SET_QUERY, "c=d", "http://a/b?c=d");
	changed("http://a/b?x#f", SET_QUERY, "c=d", "http://a/b?c=d#f");
	changed("http://a/b?x#f", SET_QUERY, "?c", "http://a/b?c#f");
	changed("http://a/b?x#f", SET_QUERY, "??c", "http://a/b??c#f");
	changed("http://a/b?x#f", SET_QUERY, "", "http://a/b#f");
	changed("http://a/b?x#f", SET_QUERY, NULL, "http://a/b#f");
	changed("http://a/b?x", SET_QUERY, "?", "http://a/b?");
	changed("http://a/", SET_QUERY, "a b#c'\t\n%20%\xc3\xa9",
		"http://a/?a%20b%23c%27%20%%C3%A9");
}

TEST_WITH(url_fragment_is_replaced, "H06", .backends = ONCE)
{
	changed("http://a/b", SET_FRAGMENT, "c", "http://a/b#c");
	changed("http://a/b?x#f", SET_FRAGMENT, "#c d", "http://a/b?x#c%20d");
	changed("http://a/b?x#f", SET_FRAGMENT, "##`\r", "http://a/b?x##%60");
	changed("http://a/b?x#f", SET_FRAGMENT, NULL, "http://a/b?x");
	changed("http://a/b?x#f", SET_FRAGMENT, "", "http://a/b?x");
}

TEST_WITH(url_query_is_continued, "H05", .backends = ONCE)
{
	async_url url;

	changed("http://a/", APPEND, "b=c", "http://a/?b=c");
	changed("http://a/?", APPEND, "b=c", "http://a/?b=c");
	changed("http://a/?x=y#f", APPEND, "b=c d", "http://a/?x=y&b=c%20d#f");
	changed("http://a/?x=y#f", APPEND, "", "http://a/?x=y#f");
	changed("http://a/?x=y#f", APPEND, NULL, "http://a/?x=y#f");

	CHECK_INT(async_url_parse("http://a/?x=1#f", NULL, &url), 0);
	CHECK_INT(async_url_add_query(&url, "x", "2&y=3"), 0);
	CHECK_INT(async_url_add_query(&url, "\xc3\xa9 =", ""), 0);
	CHECK_STR(url.href, "http://a/?x=1&x=2%26y%3D3&%C3%A9+%3D=#f");
	async_url_free(&url);
}

TEST_WITH(url_changes_fail_whole, "H05", .backends = ONCE)
{
	async_url url;

	CHECK_INT(async_url_parse("http://a/?x#f", NULL, &url), 0);
	for (int nth = 1; nth <= 2; nth++) {
		if (!fault_inject("realloc", nth, ENOMEM))
			SKIP("this build cannot inject into realloc");
		CHECK_INT(async_url_set_query(&url, "y"), -ENOMEM);
		CHECK_TEXT_HAS(async_error(), "changing a URL of 13 bytes");
		CHECK_STR(url.href, "http://a/?x#f");
		fault_clear();
	}
	CHECK_INT(async_url_set_query(&url, "y"), 0);
	CHECK_STR(url.href, "http://a/?y#f");
	async_url_free(&url);
}

static void redirected(const char *from, const char *location, const char *expected)
{
	async_url url;

	CHECK_INT(async_url_parse(from, NULL, &url), 0);
	CHECK_INT(async_url_redirect(&url, location), 0);
	CHECK_STR(url.href, expected);
	CHECK_INT(url.size, strlen(expected));
	async_url_free(&url);
}

TEST_WITH(url_redirects_keep_the_fragment, "H06", .backends = ONCE)
{
	async_url_options options = { .limit_bytes = 16 };
	async_url url;

	redirected("http://a/b?c#d%20'", "/e", "http://a/e#d%20'");
	redirected("http://a/b?c#d", "//x/e#f", "http://x/e#f");
	redirected("http://a/b?c#d", "e#", "http://a/e#");
	redirected("http://a/b?c#", "e", "http://a/e#");
	redirected("http://a/b?c", "https:e", "https://e/");

	CHECK_INT(async_url_parse_bytes("http://a/#234567", 16, &options, &url), 0);
	CHECK_INT(async_url_redirect(&url, "http:///"), -EINVAL);
	CHECK_INT(async_url_redirect(&url, "/b"), -EMSGSIZE);
	CHECK_STR(url.href, "http://a/#234567");
	async_url_free(&url);
}
