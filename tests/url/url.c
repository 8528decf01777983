/* SPDX-License-Identifier: MIT */
/* URLs: every state of the standard's parser, and every way to be refused. The suite of
 * web-platform-tests runs in wpt.c, where it is at hand. */
#include <await.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"

static void becomes_on(const char *text, const char *base_text, const char *expected)
{
	async_url base = { 0 }, url;

	if (base_text)
		CHECK_INT(async_url_parse(base_text, NULL, &base), 0);
	if (async_url_parse(text, base_text ? &base : NULL, &url))
		harness_fail(__FILE__, __LINE__, "\"%s\": %s", text, async_error());
	CHECK_STR(url.href, expected);
	CHECK_INT(url.size, strlen(expected));
	async_url_free(&url);
	/* What came out means itself. */
	CHECK_INT(async_url_parse(expected, NULL, &url), 0);
	CHECK_STR(url.href, expected);
	async_url_free(&url);
	async_url_free(&base);
}

static void becomes(const char *text, const char *expected)
{
	becomes_on(text, NULL, expected);
}

static void refused(const char *text, int error, const char *why)
{
	async_url url = { .size = 1 };

	CHECK_INT(async_url_parse(text, NULL, &url), error);
	CHECK_TEXT_HAS(async_error(), why);
	CHECK(!url.href && !url.size);
}

static void part_is(async_url_part part, const char *expected)
{
	char *copy;

	if (!expected) {
		CHECK(!part.data && !part.size);
		return;
	}
	CHECK(part.data);
	copy = async_url_part_copy(part);
	CHECK_STR(copy, expected);
	free(copy);
}

TEST_WITH(url_schemes, "H06", .backends = ONCE)
{
	becomes("http://a.example", "http://a.example/");
	becomes("HTTPS://A.EXAMPLE/B", "https://a.example/B");
	becomes("ws://a/", "ws://a/");
	becomes("wss://a:443/", "wss://a/");
	becomes("ws://a:443/", "ws://a:443/");
	becomes("http:a", "http://a/");
	becomes("http:/a", "http://a/");
	becomes("http:\\\\a\\b", "http://a/b");
	becomes("http:////a//b", "http://a//b");
	refused("ftp://a/", -EPROTONOSUPPORT, "scheme \"ftp\" is none of http, https, ws, wss");
	refused("file:///etc/passwd", -EPROTONOSUPPORT, "\"file\"");
	refused("httpx://a/", -EPROTONOSUPPORT, "\"httpx\"");
	refused("a.b+c-d:x", -EPROTONOSUPPORT, "\"a.b+c-d\"");
	refused("mailto:x@y", -EPROTONOSUPPORT, "URL \"mailto:*@y\"");
	refused("/path", -EINVAL, "no scheme (\"http://\"), and no base to be relative to (byte 0");
	refused("1http://a", -EINVAL, "no scheme");
	refused("ht_tp://a", -EINVAL, "no scheme");
	refused("", -EINVAL, "no scheme");
	refused(NULL, -EINVAL, "the URL is NULL");
	/* A password is not shown, wherever it stands. */
	refused("//u:secret@a", -EINVAL, "URL \"//u:*@a\"");
	refused("u:secret@a", -EPROTONOSUPPORT, "URL \"u:*@a\"");
}

TEST_WITH(url_blanks_do_not_count, "H06", .backends = ONCE)
{
	static const char zero[] = "http://a/b\0c";
	async_url url;

	becomes("  \x01 http://a/ \x1f", "http://a/");
	becomes("ht\ttp:\n//a\r/b\tc?d\te#f\ng", "http://a/bc?de#fg");
	becomes("http://a/b c ", "http://a/b%20c");
	CHECK_INT(async_url_parse_bytes(zero, sizeof zero - 1, NULL, &url), 0);
	CHECK_STR(url.href, "http://a/b%00c");
	async_url_free(&url);
	/* A byte's place is told as the caller's text has it. */
	refused(" http://a<b/", -EINVAL, "the host holds \"<\", which no host may (byte 9 of");
	refused(" \n ht\ttp://a\t<b/", -EINVAL, "(byte 13 of URL");
}

TEST_WITH(url_credentials, "H06", .backends = ONCE)
{
	async_url url;

	becomes("http://u@a", "http://u@a/");
	becomes("http://u:@a", "http://u@a/");
	becomes("http://:p@a", "http://:p@a/");
	becomes("http://:@a", "http://a/");
	becomes("http://@a", "http://a/");
	becomes("http://u@v@a", "http://u%40v@a/");
	becomes("http://u:p:q@a", "http://u:p%3Aq@a/");
	becomes("http://u%3A[;|]:\xc3\xa9@a", "http://u%3A%5B%3B%7C%5D:%C3%A9@a/");
	refused("http://u:secret@/x", -EINVAL, "the host is missing (byte 16");
	refused("http://u:secret@a b/", -EINVAL, "URL \"http://*@a b/\"");
	CHECK(!strstr(async_error(), "secret"));
	refused("gopher://u:secret@a/", -EPROTONOSUPPORT, "\"gopher://*@a/\"");

	CHECK_INT(async_url_parse("https://al%69ce:p@s@a:1/b", NULL, &url), 0);
	part_is(async_url_username(&url), "al%69ce");
	part_is(async_url_password(&url), "p%40s");
	async_url_remove_credentials(&url);
	CHECK_STR(url.href, "https://a:1/b");
	CHECK_INT(url.size, strlen(url.href));
	part_is(async_url_username(&url), NULL);
	part_is(async_url_password(&url), NULL);
	part_is(async_url_authority(&url), "a:1");
	part_is(async_url_target(&url), "/b");
	async_url_remove_credentials(&url);
	CHECK_STR(url.href, "https://a:1/b");
	async_url_free(&url);
}

TEST_WITH(url_ports, "H06", .backends = ONCE)
{
	async_url url;

	becomes("http://a:80/", "http://a/");
	becomes("http://a:/", "http://a/");
	becomes("http://a:00081", "http://a:81/");
	becomes("https://a:80", "https://a:80/");
	becomes("http://a:0", "http://a:0/");
	becomes("http://a:65535?x", "http://a:65535/?x");
	refused("http://a:65536", -EINVAL, "the port is over 65535, the highest there is (byte 9");
	refused("http://a:99999999999999999999", -EINVAL, "over 65535");
	refused("http://a:8o", -EINVAL, "no number from 0 to 65535: \"8o\" (byte 10");
	refused("http://a:-1", -EINVAL, "no number");
	refused("http://a:1:2", -EINVAL, "no number");
	refused("http://:1", -EINVAL, "the host is missing (byte 7");
	refused("http://", -EINVAL, "the host is missing");
	refused("http:///", -EINVAL, "the host is missing");
	refused("http://?x", -EINVAL, "the host is missing");

	CHECK_INT(async_url_parse("wss://a", NULL, &url), 0);
	CHECK_INT(url.port, 443);
	async_url_free(&url);
	CHECK_INT(async_url_parse("ws://a:8080", NULL, &url), 0);
	CHECK_INT(url.port, 8080);
	async_url_free(&url);
}

TEST_WITH(url_hosts, "H06", .backends = ONCE)
{
	static const char forbidden[] = " #/:<>?@[\\]^|%\x7f\x01\x1f";

	becomes("http://EX%41mple.%63om", "http://example.com/");
	becomes("http://a_b-c.-d!$&'()*+,;=~`{}\"", "http://a_b-c.-d!$&'()*+,;=~`{}\"/");
	becomes("http://a..b./", "http://a..b./");
	becomes("http://./", "http://./");
	becomes("http://XN--BCHER-KVA.example", "http://xn--bcher-kva.example/");
	becomes("http://xn--a/", "http://xn--a/");
	for (size_t i = 0; i + 1 < sizeof forbidden; i++) {
		static const char digits[] = "0123456789abcdef";
		unsigned char byte = (unsigned char)forbidden[i];
		char text[] = "http://a%00b/";

		text[9] = digits[byte >> 4];
		text[10] = digits[byte & 15];
		refused(text, -EINVAL, "the host holds ");
	}
	refused("http://a%00b/", -EINVAL, "the host holds the byte 0x00");
	refused("http://a%zzb/", -EINVAL, "the host holds \"%\"");
	refused("http://a|b/", -EINVAL, "the host holds \"|\", which no host may (byte 8 of");
	refused("http://a\x7f/", -EINVAL, "the byte 0x7f");
	refused("http://a[b]/", -EINVAL, "the host holds \"[\"");
	refused("http://a\xff.b/", -EINVAL, "the host is not UTF-8: byte 0xff, its byte 1");
	refused("http://%c3/", -EINVAL, "not UTF-8");
	refused("http://\xe0\x80\x80/", -EINVAL, "not UTF-8");
	refused("http://\xed\xa0\x80/", -EINVAL, "not UTF-8");
	refused("http://\xf4\x90\x80\x80/", -EINVAL, "not UTF-8");
	refused("http://\xf0\x8f\x80\x80/", -EINVAL, "not UTF-8");
	refused("http://\xc3\xa9%00/", -EINVAL, "the byte 0x00");
}

TEST_WITH(url_ipv4_in_every_spelling, "H06", .backends = ONCE)
{
	async_url url;

	becomes("http://127.0.0.1/", "http://127.0.0.1/");
	becomes("http://0x7f.1/", "http://127.0.0.1/");
	becomes("http://0177.0.0.0x1/", "http://127.0.0.1/");
	becomes("http://2130706433/", "http://127.0.0.1/");
	becomes("http://0X7F000001", "http://127.0.0.1/");
	becomes("http://127.1.", "http://127.0.0.1/");
	becomes("http://1.2.65535", "http://1.2.255.255/");
	becomes("http://4294967295", "http://255.255.255.255/");
	becomes("http://0x", "http://0.0.0.0/");
	becomes("http://%31", "http://0.0.0.1/");
	becomes("http://0x7g", "http://0x7g/");
	becomes("http://1.2.3.4.a", "http://1.2.3.4.a/");
	becomes("http://1..a", "http://1..a/");
	refused("http://4294967296", -EINVAL, "the last part of an IPv4 address is too large");
	refused("http://1.2.3.256", -EINVAL, "too large");
	refused("http://99999999999999999999", -EINVAL, "too large");
	refused("http://256.1", -EINVAL, "part 1 of an IPv4 address is over 255");
	refused("http://1.2.3.4.5", -EINVAL, "at most 4 parts");
	refused("http://a.1", -EINVAL, "ends in a number but is no IPv4 address: \"a\" (byte 7");
	refused("http://1..2", -EINVAL, "no IPv4 address: \"\"");
	refused("http://08", -EINVAL, "no IPv4 address: \"08\"");
	refused("http://1.2.3.09", -EINVAL, "no IPv4 address: \"09\"");

	CHECK_INT(async_url_parse("http://0x7f.1:81", NULL, &url), 0);
	CHECK_INT(url.host_kind, ASYNC_HOST_IPV4);
	part_is(async_url_host_bare(&url), "127.0.0.1");
	async_url_free(&url);
}

TEST_WITH(url_ipv6, "H06", .backends = ONCE)
{
	async_url url;

	becomes("http://[::1]", "http://[::1]/");
	becomes("http://[::]", "http://[::]/");
	becomes("http://[2001:DB8::0:1]:81", "http://[2001:db8::1]:81/");
	becomes("http://[1:0:0:2:0:0:0:3]", "http://[1:0:0:2::3]/");
	becomes("http://[1:0:0:2:3:0:0:4]", "http://[1::2:3:0:0:4]/");
	becomes("http://[1:0:2:3:4:5:6:7]", "http://[1:0:2:3:4:5:6:7]/");
	becomes("http://[1:2:3:4:5:6:7::]", "http://[1:2:3:4:5:6:7:0]/");
	becomes("http://[::2:3:4:5:6:7:8]", "http://[0:2:3:4:5:6:7:8]/");
	becomes("http://[1:2::]", "http://[1:2::]/");
	becomes("http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]/");
	becomes("http://[1:2:3:4:5:6:1.2.3.4]", "http://[1:2:3:4:5:6:102:304]/");
	becomes("http://[00ab::0]", "http://[ab::]/");
	refused("http://[::1", -EINVAL, "closing bracket is missing");
	refused("http://[::1]x", -EINVAL, "closing bracket is missing");
	refused("http://[]", -EINVAL, "no IPv6 address: it is empty");
	refused("http://[:1]", -EINVAL, "it begins with one colon");
	refused("http://[1:2:3:4:5:6:7:8:9]", -EINVAL, "more than 8 pieces");
	refused("http://[1:2:3:4:5:6:7]", -EINVAL, "fewer than 8 pieces");
	refused("http://[1:2:3:4:5:6:7:]", -EINVAL, "it ends in a colon");
	refused("http://[1::2::3]", -EINVAL, "\"::\" stands in it twice");
	refused("http://[1:2:3:4::5:6:7:8]", -EINVAL, "\"::\" stands for nothing");
	refused("http://[12345::]", -EINVAL, "a piece is no hexadecimal number of 4 digits");
	refused("http://[g::]", -EINVAL, "a piece is no hexadecimal number of 4 digits");
	refused("http://[fe80::1%eth0]", -EINVAL, "a URL's address has no zone");
	refused("http://[::1.2.3]", -EINVAL, "its IPv4 part has not 4 numbers");
	refused("http://[::1.2.3.]", -EINVAL, "its IPv4 part has not 4 numbers");
	refused("http://[::1.2.3.4.5]", -EINVAL, "something follows its IPv4 part");
	refused("http://[::1.2.3.256]", -EINVAL, "no number from 0 to 255");
	refused("http://[::1.2.3.04]", -EINVAL, "no number from 0 to 255");
	refused("http://[1:2:3:4:5:6:7:1.2.3.4]", -EINVAL, "has no room");

	CHECK_INT(async_url_parse("https://[::1]:1/", NULL, &url), 0);
	CHECK_INT(url.host_kind, ASYNC_HOST_IPV6);
	part_is(async_url_host(&url), "[::1]");
	part_is(async_url_host_bare(&url), "::1");
	part_is(async_url_authority(&url), "[::1]:1");
	async_url_free(&url);
}

/* Each allocation fails in turn: an error, nothing left behind, nothing changed. */
static void each_allocation_fails(const char *text)
{
	static const char *const calls[] = { "malloc", "realloc" };
	async_url url;

	for (size_t call = 0; call < 2; call++)
		for (int nth = 1, count = 1; nth <= count; nth++) {
			int error;

			fault_clear();
			error = async_url_parse(text, NULL, &url);
			CHECK_INT(error, 0);
			async_url_free(&url);
			count = fault_count(calls[call]);
			fault_clear();
			if (count && !fault_inject(calls[call], nth, ENOMEM))
				SKIP("this build cannot inject into malloc");
			error = count ? async_url_parse(text, NULL, &url) : -ENOMEM;
			fault_clear();
			CHECK_INT(error, -ENOMEM);
			if (count) {
				CHECK_TEXT_HAS(async_error(), "ENOMEM");
				CHECK(!url.href);
			}
		}
}

TEST_WITH(url_international_hosts, "H06", .backends = ONCE)
{
	async_url url;

	if (async_url_parse("http://b\u00fccher.example", NULL, &url) == -ENOTSUP) {
		CHECK_TEXT_HAS(async_error(), "built without libidn2");
		SKIP("built without libidn2");
	}
	async_url_free(&url);
	becomes("http://B\u00dcCHER.example", "http://xn--bcher-kva.example/");
	becomes("http://bu\u0308cher.example", "http://xn--bcher-kva.example/");
	becomes("http://b%C3%BCcher.example", "http://xn--bcher-kva.example/");
	/* Not transitional: these keep their meaning. */
	becomes("http://fa\u00df.de", "http://xn--fa-hia.de/");
	becomes("http://FA\u1e9e.de", "http://xn--fa-hia.de/");
	becomes("http://\u03b2\u03cc\u03bb\u03bf\u03c2.com", "http://xn--nxasmm1c.com/");
	/* Of UTS #46 but not of IDNA2008. */
	becomes("http://\u2665.example", "http://xn--g6h.example/");
	becomes("http://\u03b1\u3002b\uff0ec\uff61d", "http://xn--mxa.b.c.d/");
	becomes("http://\u03b1..a--b.-c-", "http://xn--mxa..a--b.-c-/");
	becomes("http://\uff11\uff0e1", "http://1.0.0.1/");
	becomes("http://a\u00adb", "http://ab/");
	refused("http://\u00ad", -EINVAL, "nothing is left of the host");
	refused("http://a\u2100b", -EINVAL, "the host holds \"/\"");
	refused("http://\u03b1.xn--a", -EINVAL, "the host is no domain name: ");
	refused("http://\u0300a", -EINVAL, "the host is no domain name: ");
	refused("http://a\u05d0b", -EINVAL, "the host is no domain name: ");
	refused("http://\ufffd", -EINVAL, "the host is no domain name: ");
	/* Direction: of a label, and of those beside it. */
	becomes("http://\u05d0\u05d1.a-1.", "http://xn--4dbc.a-1./");
	becomes("http://\u05d01.\u03b11", "http://xn--1-zhc.xn--1-ylb/");
	becomes("http://a\u06f3.1x", "http://xn--a-nyc.1x/");
	refused("http://\u05d0a", -EINVAL, "the host is no domain name: ");
	refused("http://1.\u05d0", -EINVAL, "rules on right-to-left scripts beside another");
	refused("http://a-.\u05d0", -EINVAL, "beside another");
	refused("http://1\u03b1.\u05d0", -EINVAL, "beside another");
	/* Asked for twice only when transitional processing answers the same. */
	refused("http://\u2665\u05d0b", -EINVAL, "the host is no domain name: ");
	refused("http://\u2665\u200d", -EINVAL, "the host is no domain name: ");
	each_allocation_fails("http://b%C3%BC.\u2665/");
}

static int parse_in_task(void *text)
{
	async_url url;
	int error = async_url_parse(text, NULL, &url);

	async_url_free(&url);
	return error == -ENOTSUP ? 0 : error;
}

/* libidn2 has enough of the default stack of a task. */
TEST_TASK(url_in_a_task, "H06")
{
	async_task *task =
		async_create_task(parse_in_task, "http://b\u00fccher.\u2665.\u05d0\u05d1.example/");

	CHECK_INT(await_task(task), 0);
}

TEST_WITH(url_paths, "H06", .backends = ONCE)
{
	becomes("http://a/b/./c/../d", "http://a/b/d");
	becomes("http://a/b/..", "http://a/");
	becomes("http://a/b/.", "http://a/b/");
	becomes("http://a/../../b", "http://a/b");
	becomes("http://a/b/%2e%2E/c/%2e", "http://a/c/");
	becomes("http://a/b/.%2e/c", "http://a/c");
	becomes("http://a/b/%2e./c", "http://a/c");
	becomes("http://a/.../..b/b../%2e%2e%2e", "http://a/.../..b/b../%2e%2e%2e");
	becomes("http://a//b///..", "http://a//b//");
	becomes("http://a\\b\\..\\c", "http://a/c");
	becomes("http://a/..//b", "http://a//b");
	becomes("http://a/..?b", "http://a/?b");
	becomes("http://a/ \"<>^`{}|%zz%41\xc3\xa9\xff",
		"http://a/%20%22%3C%3E%5E%60%7B%7D|%zz%41%C3%A9%FF");
	becomes("http://a/;=@:[]!$&'()*+,~", "http://a/;=@:[]!$&'()*+,~");
}

TEST_WITH(url_queries_and_fragments, "H05 H06", .backends = ONCE)
{
	async_url url;

	becomes("http://a?b?c/d", "http://a/?b?c/d");
	becomes("http://a/?", "http://a/?");
	becomes("http://a/#", "http://a/#");
	becomes("http://a/?#", "http://a/?#");
	becomes("http://a/? \"#'<>`{|}#", "http://a/?%20%22#'%3C%3E%60{|}#");
	becomes("http://a/?'", "http://a/?%27");
	becomes("http://a#b?c#d e", "http://a/#b?c#d%20e");
	becomes("http://a/?\xc3\xa9\xff%zz%41#\xc3\xa9", "http://a/?%C3%A9%FF%zz%41#%C3%A9");
	CHECK_INT(async_url_parse("http://a/?#", NULL, &url), 0);
	part_is(async_url_query(&url), "");
	part_is(async_url_fragment(&url), "");
	part_is(async_url_target(&url), "/?");
	part_is(async_url_unfragmented(&url), "http://a/?");
	async_url_free(&url);
}

TEST_WITH(url_references, "H04", .backends = ONCE)
{
	static const char base[] = "http://u:p@a:81/b/c?d#e";

	becomes_on("", base, "http://u:p@a:81/b/c?d");
	becomes_on("#x", base, "http://u:p@a:81/b/c?d#x");
	becomes_on("?x", base, "http://u:p@a:81/b/c?x");
	becomes_on("?", base, "http://u:p@a:81/b/c?");
	becomes_on("x", base, "http://u:p@a:81/b/x");
	becomes_on("x?y#z", base, "http://u:p@a:81/b/x?y#z");
	becomes_on("./x", base, "http://u:p@a:81/b/x");
	becomes_on("../x", base, "http://u:p@a:81/x");
	becomes_on("../../x/", base, "http://u:p@a:81/x/");
	becomes_on(".", base, "http://u:p@a:81/b/");
	becomes_on("..", base, "http://u:p@a:81/");
	becomes_on("/x", base, "http://u:p@a:81/x");
	becomes_on("\\x", base, "http://u:p@a:81/x");
	becomes_on("//x/y", base, "http://x/y");
	becomes_on("\\/x", base, "http://x/");
	becomes_on("///x", base, "http://x/");
	becomes_on("https://x", base, "https://x/");
	becomes_on("https:x", base, "https://x/");
	becomes_on("http:x", base, "http://u:p@a:81/b/x");
	becomes_on("http:/x", base, "http://u:p@a:81/x");
	becomes_on("http://x", base, "http://x/");
	/* What looks like a scheme is one. */
	becomes_on("./x:y", base, "http://u:p@a:81/b/x:y");
}

TEST_WITH(url_join, "H04", .backends = ONCE)
{
	async_url url, copy;

	CHECK_INT(async_url_parse("https://a/b/c#d", NULL, &url), 0);
	CHECK_INT(async_url_copy(&url, &copy), 0);
	CHECK_INT(async_url_join(&url, "../e?f"), 0);
	CHECK_STR(url.href, "https://a/e?f");
	CHECK(async_url_same_origin(&url, &copy));
	CHECK_INT(async_url_join(&url, "javascript:alert(1)"), -EPROTONOSUPPORT);
	CHECK_INT(async_url_join(&url, "//a:x/"), -EINVAL);
	CHECK_STR(url.href, "https://a/e?f");
	CHECK_INT(async_url_join(&url, "//a:444"), 0);
	CHECK_STR(url.href, "https://a:444/");
	CHECK_INT(url.port, 444);
	CHECK(!async_url_same_origin(&url, &copy));
	CHECK_STR(copy.href, "https://a/b/c#d");
	async_url_free(&url);
	async_url_free(&copy);
	CHECK(!copy.href);
	async_url_free(NULL);
}

TEST_WITH(url_parts, "H06", .backends = ONCE)
{
	async_url url, other;
	char *text;

	CHECK_INT(async_url_parse("https://u:p@a.example:81/b/c?d=e#f", NULL, &url), 0);
	CHECK_INT(url.scheme, ASYNC_URL_HTTPS);
	CHECK_INT(url.host_kind, ASYNC_HOST_DOMAIN);
	CHECK_INT(url.port, 81);
	part_is(async_url_scheme(&url), "https");
	part_is(async_url_username(&url), "u");
	part_is(async_url_password(&url), "p");
	part_is(async_url_host(&url), "a.example");
	part_is(async_url_host_bare(&url), "a.example");
	part_is(async_url_authority(&url), "a.example:81");
	part_is(async_url_path(&url), "/b/c");
	part_is(async_url_query(&url), "d=e");
	part_is(async_url_fragment(&url), "f");
	part_is(async_url_target(&url), "/b/c?d=e");
	part_is(async_url_unfragmented(&url), "https://u:p@a.example:81/b/c?d=e");
	text = async_url_origin(&url);
	CHECK_STR(text, "https://a.example:81");
	free(text);
	text = async_url_address(&url);
	CHECK_STR(text, "a.example:81");
	free(text);
	CHECK(async_url_is_secure(&url));

	CHECK_INT(async_url_parse("HTTPS://u:p@A.example:81/b/c?d=e", NULL, &other), 0);
	CHECK(!async_url_equal(&url, &other, false));
	CHECK(async_url_equal(&url, &other, true));
	async_url_remove_fragment(&url);
	CHECK_STR(url.href, "https://u:p@a.example:81/b/c?d=e");
	part_is(async_url_fragment(&url), NULL);
	CHECK(async_url_equal(&url, &other, false));
	async_url_free(&url);
	async_url_free(&other);

	CHECK_INT(async_url_parse("ws://[::1]", NULL, &url), 0);
	CHECK(!async_url_is_secure(&url));
	part_is(async_url_query(&url), NULL);
	text = async_url_address(&url);
	CHECK_STR(text, "[::1]:80");
	free(text);
	async_url_free(&url);
	CHECK_INT(async_url_parse("wss://a", NULL, &url), 0);
	CHECK(async_url_is_secure(&url));
	async_url_free(&url);
}

/* Wherever a message cuts the text, it neither shows a password nor leaves its room. */
TEST_WITH(url_messages_are_cut, "H06", .backends = ONCE)
{
	char text[300];

	for (size_t size = 90; size < 150; size++) {
		memset(text, 'x', size);
		strcpy(text + size, ":secret@/");
		refused(text, -EPROTONOSUPPORT, "\"xxx");
		CHECK(!strstr(async_error(), "secret"));
		memcpy(text, "x//", 3);
		refused(text, -EINVAL, "\"x//x");
		CHECK(!strstr(async_error(), "secret"));
	}
	CHECK_TEXT_HAS(async_error(), "xxx...\")");
}

TEST_WITH(url_limits, "H06", .backends = ONCE)
{
	async_url_options options = { .limit_bytes = 20 };
	async_url url, joined;
	char *text = malloc(ASYNC_URL_LIMIT_BYTES + 2);

	CHECK_INT(async_url_parse_bytes("http://a/01234567890", 20, &options, &url), 0);
	/* The URL keeps its limit, for what is made of it too. */
	CHECK_INT(async_url_set_fragment(&url, "x"), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "22 bytes is over the limit of 20");
	CHECK_INT(async_url_parse("/0123456789012", &url, &joined), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(),
		       "22 bytes is over the limit of 20 (async_url_options.limit_bytes)");
	CHECK_STR(url.href, "http://a/01234567890");
	async_url_free(&url);
	CHECK_INT(async_url_parse_bytes("http://a/012345678901", 21, &options, &url), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "21 bytes");
	CHECK_INT(async_url_parse_bytes("http://a/         x", 19, &options, &url), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "37 bytes");
	/* A password that is as long as that is not shown either. */
	CHECK_INT(async_url_parse_bytes("http://me:a-secret-that-is-longer-than-most@a/", 46,
					&options, &url),
		  -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "(async_url_options.limit_bytes): \"http://*@a/\"");
	options.limit_bytes = (size_t)INT32_MAX + 1;
	CHECK_INT(async_url_parse_bytes("http://a", 8, &options, &url), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "limit_bytes");

	memset(text, 'x', ASYNC_URL_LIMIT_BYTES + 1);
	memcpy(text, "http://a/", 9);
	text[ASYNC_URL_LIMIT_BYTES + 1] = '\0';
	CHECK_INT(async_url_parse(text, NULL, &url), -EMSGSIZE);
	text[ASYNC_URL_LIMIT_BYTES] = '\0';
	CHECK_INT(async_url_parse(text, NULL, &url), 0);
	CHECK_INT(url.size, ASYNC_URL_LIMIT_BYTES);
	async_url_free(&url);
	free(text);
}

TEST_WITH(url_without_memory, "H06", .backends = ONCE)
{
	async_url url, other;

	each_allocation_fails("http://a/");
	each_allocation_fails("ht\ttp://u@%61/ <> <> <> <> <> <> <> ?  #  ");
	each_allocation_fails("http://1.2.3.4/../<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<");
	CHECK_INT(async_url_parse("http://a/", NULL, &url), 0);
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(async_url_copy(&url, &other), -ENOMEM);
	CHECK(!other.href);
	fault_inject("malloc", 1, ENOMEM);
	CHECK(!async_url_origin(&url));
	CHECK_TEXT_HAS(async_error(), "origin");
	fault_inject("malloc", 1, ENOMEM);
	CHECK(!async_url_part_copy(async_url_path(&url)));
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(async_url_join(&url, "b"), -ENOMEM);
	CHECK_STR(url.href, "http://a/");
	async_url_free(&url);
}
