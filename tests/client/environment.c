/* SPDX-License-Identifier: MIT */
/* Which proxy the environment names. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await.h>
#include "base/base.h"
#include "client/environment.h"
#include "harness.h"

/* Just these variables for one call; setenv would keep memory. */
#define PROXY_OF(url_, ...) proxy_of(url_, (const char *[]){ __VA_ARGS__, NULL })

/* "-" for none. */
static const char *proxy_of(const char *text, const char **variables)
{
	char **before = environ;
	async_url url;
	const char *proxy;

	CHECK_INT(async_url_parse(text, NULL, &url), 0);
	environ = (char **)(uintptr_t)variables;
	proxy = environment_proxy(&url);
	environ = before;
	async_url_free(&url);
	return proxy ? proxy : "-";
}

TEST_WITH(by_scheme, "H37 X08", .backends = ONCE)
{
	const char *some[] = { "http_proxy=http://plain:1", "HTTPS_PROXY=secure:2",
			       "ws_proxy=socks5h://w:3", NULL };

	CHECK_STR(PROXY_OF("http://a.org/", "A="), "-");
	CHECK_STR(proxy_of("http://a.org/", some), "http://plain:1");
	CHECK_STR(proxy_of("https://a.org/", some), "secure:2");
	CHECK_STR(proxy_of("ws://a.org/", some), "socks5h://w:3");
	CHECK_STR(proxy_of("wss://a.org/", some), "-");
	CHECK_STR(PROXY_OF("wss://a.org/", "WSS_PROXY=w:1", "ALL_PROXY=every:4"), "w:1");
	CHECK_STR(PROXY_OF("wss://a.org/", "http_proxy=w:1", "ALL_PROXY=every:4"), "every:4");
	/* Small letters first; set and empty is none. */
	CHECK_STR(PROXY_OF("https://a.org/", "HTTPS_PROXY=a:1", "https_proxy=b:2"), "b:2");
	CHECK_STR(PROXY_OF("https://a.org/", "HTTPS_PROXY=a:1", "https_proxy="), "-");
	CHECK_STR(PROXY_OF("https://a.org/", "ALL_PROXY=a:1", "all_proxy=b:2"), "b:2");
}

TEST_WITH(httpoxy, "H37", .backends = ONCE)
{
	CHECK_STR(PROXY_OF("http://a.org/", "HTTP_PROXY=http://evil:1"), "http://evil:1");
	CHECK_STR(PROXY_OF("http://a.org/", "HTTP_PROXY=http://evil:1", "REQUEST_METHOD=GET"), "-");
	CHECK_STR(PROXY_OF("http://a.org/", "http_proxy=mine:1", "HTTP_PROXY=http://evil:1",
			   "REQUEST_METHOD="),
		  "mine:1");
	CHECK_STR(PROXY_OF("https://a.org/", "HTTPS_PROXY=mine:2", "REQUEST_METHOD=GET"), "mine:2");
}

TEST_WITH(none_for_some, "H37", .backends = ONCE)
{
	CHECK_STR(PROXY_OF("http://a.org/", "all_proxy=p:1", "NO_PROXY=b.org, a.org"), "-");
	CHECK_STR(PROXY_OF("http://c.org/", "all_proxy=p:1", "NO_PROXY=b.org, a.org"), "p:1");
	CHECK_STR(PROXY_OF("http://a.org/", "all_proxy=p:1", "NO_PROXY=a.org", "no_proxy="), "p:1");
	CHECK_STR(PROXY_OF("http://a.org/", "NO_PROXY=b.org"), "-");
}

static bool excludes(const char *list, const char *text)
{
	async_url url;
	bool result;

	CHECK_INT(async_url_parse(text, NULL, &url), 0);
	result = environment_excludes(list, &url);
	async_url_free(&url);
	return result;
}

TEST_WITH(exceptions_by_name, "H37", .backends = ONCE)
{
	CHECK(!excludes("", "http://a.org/"));
	CHECK(!excludes(" ,, ", "http://a.org/"));
	CHECK(excludes("*", "http://a.org/") && excludes("x,*", "http://[::1]/"));
	CHECK(excludes("a.org", "http://a.org/") && excludes("A.Org", "http://www.a.ORG/"));
	CHECK(excludes(".a.org", "http://a.org/") && excludes(".a.org", "http://www.a.org/"));
	CHECK(!excludes("*.a.org", "http://a.org/") && excludes("*.a.org", "http://www.a.org/"));
	CHECK(!excludes("a.org", "http://aa.org/") && !excludes(".a.org", "http://aa.org/"));
	CHECK(!excludes("www.a.org", "http://a.org/") && !excludes("a.org.", "http://org/"));
	CHECK(excludes("a.org.", "http://a.org/") && excludes("a.org", "http://a.org./"));
	CHECK(excludes("b.org\ta.org", "http://a.org/") &&
	      excludes("b.org,a.org", "http://a.org/"));
	CHECK(excludes("org", "http://a.org/") && !excludes(".", "http://a.org/"));
	CHECK(!excludes("*a.org", "http://a.org/") && !excludes("*.", "http://a.org/"));
}

TEST_WITH(exceptions_by_port, "H37", .backends = ONCE)
{
	CHECK(excludes("a.org:80", "http://a.org/") && excludes("a.org:443", "https://www.a.org/"));
	CHECK(!excludes("a.org:80", "https://a.org/") && !excludes("a.org:81", "http://a.org/"));
	CHECK(!excludes("a.org:", "http://a.org/") && !excludes("a.org:x", "http://a.org/"));
	CHECK(!excludes("a.org:65616", "http://a.org/"));
	CHECK(excludes("*:8080", "http://a.org:8080/") && !excludes("*:8080", "http://a.org/"));
	CHECK(excludes("127.0.0.1:8080", "http://127.0.0.1:8080/"));
	CHECK(!excludes("127.0.0.1:8080", "http://127.0.0.1/"));
	CHECK(excludes("[::1]:8080", "http://[::1]:8080/") &&
	      !excludes("[::1]:80", "https://[::1]/"));
	CHECK(!excludes(":80", "http://a.org/") && !excludes(":", "http://a.org/"));
}

TEST_WITH(exceptions_by_address, "H37", .backends = ONCE)
{
	CHECK(excludes("127.0.0.1", "http://127.0.0.1/") &&
	      excludes("127.0.0.1", "http://0x7f.1/"));
	CHECK(!excludes("127.0.0.1", "http://127.0.0.2/") &&
	      !excludes("0.0.1", "http://127.0.0.1/"));
	CHECK(!excludes("1", "http://127.0.0.1/") && !excludes("127.0.0.1", "http://a.org/"));
	CHECK(excludes("::1", "http://[::1]/") && excludes("[0:0::1]", "http://[::1]/"));
	CHECK(!excludes("::2", "http://[::1]/"));
	CHECK(excludes("::ffff:127.0.0.1", "http://127.0.0.1/"));
	CHECK(excludes("127.0.0.1", "http://[::ffff:7f00:1]/"));
	CHECK(excludes("10.0.0.0/8", "http://10.255.1.2/") &&
	      !excludes("10.0.0.0/8", "http://11.0.0.1/"));
	CHECK(excludes("10.1.2.128/25", "http://10.1.2.200/"));
	CHECK(!excludes("10.1.2.128/25", "http://10.1.2.100/"));
	CHECK(excludes("10.1.2.3/32", "http://10.1.2.3/") &&
	      !excludes("10.1.2.3/32", "http://10.1.2.2/"));
	CHECK(excludes("0.0.0.0/0", "http://10.1.2.3/") && !excludes("0.0.0.0/0", "http://[::1]/"));
	CHECK(excludes("fd00::/8", "http://[fdff::1]/") &&
	      !excludes("fd00::/8", "http://[fe00::1]/"));
	CHECK(excludes("2001:db8::/33", "http://[2001:db8:7fff::1]/"));
	CHECK(!excludes("2001:db8::/33", "http://[2001:db8:8000::1]/"));
	CHECK(!excludes("10.0.0.0/33", "http://10.0.0.0/") &&
	      !excludes("10.0.0.0/", "http://10.0.0.0/"));
	CHECK(!excludes("10.0.0.0/-1", "http://10.0.0.0/") && !excludes("/8", "http://10.0.0.0/"));
	CHECK(!excludes("a.org/8", "http://a.org/") && !excludes("10.0.0.0/8", "http://a.org/"));
}
