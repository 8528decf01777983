/* SPDX-License-Identifier: MIT */
/* Which cookies a jar keeps, and which of them go along (RFC 6265bis). */
#include "keeping.h"
#include "fault.h"

static async_cookie_jar *jar;

static void kept(const char *url, const char *set_cookie)
{
	CHECK_INT(set_from(jar, url, set_cookie), 0);
}

static void refused(const char *url, const char *set_cookie, const char *why)
{
	size_t before = async_cookie_jar_count(jar);

	CHECK_INT(set_from(jar, url, set_cookie), -EACCES);
	CHECK_TEXT_HAS(async_error(), why);
	CHECK_INT(async_cookie_jar_count(jar), before);
}

TEST_TASK(hosts_and_domains, "H40")
{
	jar = async_cookie_jar_new(NULL);
	kept("http://www.example.org/", "host=1");
	kept("http://www.example.org/", "empty=1; Domain=");
	kept("http://www.example.org/", "all=2; Domain=.Example.ORG");
	kept("http://www.example.org/", "own=3; Domain=www.example.org");
	CHECK_STR(field_to(jar, "http://www.example.org/"), "host=1; empty=1; all=2; own=3");
	CHECK_STR(field_to(jar, "http://WWW.example.org:8080/x?y#z"),
		  "host=1; empty=1; all=2; own=3");
	CHECK_STR(field_to(jar, "http://example.org/"), "all=2");
	CHECK_STR(field_to(jar, "http://a.www.example.org/"), "all=2; own=3");
	CHECK_STR(field_to(jar, "http://badexample.org/"), "");
	CHECK_STR(field_to(jar, "http://org/"), "");
	CHECK_STR(field_to(jar, "http://example.com/"), "");
	refused("http://example.org/", "a=1; Domain=www.example.org", "neither the host");
	refused("http://example.org/", "a=1; Domain=example.com", "neither the host");
	refused("http://badexample.org/", "a=1; Domain=example.org", "neither the host");
	/* The same name for the host and for the domain: two cookies. */
	kept("http://www.example.org/", "own=4");
	CHECK_STR(field_to(jar, "http://www.example.org/"), "host=1; empty=1; all=2; own=3; own=4");
	async_cookie_jar_free(jar);
}

TEST_TASK(public_suffixes, "H40")
{
	jar = async_cookie_jar_new(NULL);
	refused("http://example.org/", "a=1; Domain=org", "public suffix");
	refused("http://example.org/", "a=1; Domain=.ORG", "public suffix");
	/* A public suffix may keep its own, for itself. */
	kept("http://org/", "a=1; Domain=org");
	kept("http://localhost/", "a=2; Domain=localhost");
	CHECK_STR(all_of(jar), "a=1 org/ H|a=2 localhost/ H|");
	CHECK_STR(field_to(jar, "http://example.org/"), "");
	if (!jar_is_public_suffix("co.uk")) {
		async_cookie_jar_free(jar);
		SKIP("without libpsl");
	}
	refused("http://example.co.uk/", "a=1; Domain=co.uk", "public suffix");
	refused("http://me.github.io/", "a=1; Domain=github.io", "public suffix");
	refused("http://a.nowhere.ck/", "a=1; Domain=nowhere.ck", "public suffix");
	kept("http://a.example.co.uk/", "a=1; Domain=example.co.uk");
	async_cookie_jar_free(jar);
}

TEST_TASK(addresses_as_hosts, "H40")
{
	jar = async_cookie_jar_new(NULL);
	refused("http://127.0.0.1:8080/", "a=1", "addresses");
	refused("http://[::1]/", "a=1", "addresses");
	refused("http://0x7f.1/", "a=1", "addresses");
	async_cookie_jar_free(jar);

	jar = async_cookie_jar_new(&(async_cookie_jar_options){ .addresses = true });
	kept("http://127.0.0.1:8080/", "a=1");
	kept("http://127.0.0.1:8080/", "b=2; Domain=127.0.0.1");
	kept("http://[::1]/", "c=3; Domain=[::1]");
	kept("http://[::1]/", "d=4; Domain=::1");
	refused("http://127.0.0.1/", "a=1; Domain=0.0.1", "address");
	refused("http://127.0.0.1/", "a=1; Domain=1", "address");
	CHECK_STR(all_of(jar), "a=1 127.0.0.1/ H|b=2 127.0.0.1/ H|c=3 ::1/ H|d=4 ::1/ H|");
	CHECK_STR(field_to(jar, "http://127.0.0.1/"), "a=1; b=2");
	CHECK_STR(field_to(jar, "http://[0:0::1]/"), "c=3; d=4");
	async_cookie_jar_free(jar);
}

TEST_TASK(paths_and_order, "H40")
{
	jar = async_cookie_jar_new(NULL);
	kept("http://a.org/x/y/z", "default=1");
	kept("http://a.org/x", "root=2");
	kept("http://a.org/", "x=3; Path=/x");
	kept("http://a.org/", "slash=4; Path=/x/");
	kept("http://a.org/q/", "odd=5; Path=nonsense");
	CHECK_STR(all_of(jar), "default=1 a.org/x/y H|root=2 a.org/ H|x=3 a.org/x H|"
			       "slash=4 a.org/x/ H|odd=5 a.org/q H|");
	/* The longest path first, then the oldest. */
	CHECK_STR(field_to(jar, "http://a.org/x/y/?q"), "default=1; slash=4; x=3; root=2");
	CHECK_STR(field_to(jar, "http://a.org/x/yy"), "slash=4; x=3; root=2");
	CHECK_STR(field_to(jar, "http://a.org/x"), "x=3; root=2");
	CHECK_STR(field_to(jar, "http://a.org/xy"), "root=2");
	CHECK_STR(field_to(jar, "http://a.org/Q/"), "root=2");
	/* Replaced, it keeps its place. */
	kept("http://a.org/", "x=three; Path=/x");
	kept("http://a.org/", "late=6; Path=/x");
	CHECK_STR(field_to(jar, "http://a.org/x"), "x=three; late=6; root=2");
	async_cookie_jar_free(jar);
}

TEST_TASK(secure_cookies, "H40")
{
	static const char *const origins[] = { "http://localhost:8080", "http://dev.org", NULL };

	jar = async_cookie_jar_new(&(async_cookie_jar_options){ .secure_origins = origins });
	kept("https://a.org/", "s=1; Secure");
	kept("wss://b.org/", "s=2; secure=nonsense");
	refused("http://a.org/", "t=1; Secure", "without TLS");
	kept("http://localhost:8080/", "s=3; Secure");
	refused("http://localhost:8081/", "s=3; Secure", "secure_origins");
	CHECK_STR(field_to(jar, "https://a.org/"), "s=1");
	CHECK_STR(field_to(jar, "http://a.org/"), "");
	CHECK_STR(field_to(jar, "https://b.org/"), "s=2");
	CHECK_STR(field_to(jar, "http://localhost:8080/"), "s=3");
	CHECK_STR(field_to(jar, "http://localhost/"), "");
	/* Without TLS nobody replaces them, or puts one before them. */
	refused("http://a.org/", "s=evil", "before one that is Secure");
	refused("http://a.org/x/", "s=evil; Path=/x", "before one that is Secure");
	refused("http://www.a.org/", "s=evil; Domain=a.org", "before one that is Secure");
	kept("https://www.a.org/", "deep=1; Secure");
	refused("http://a.org/", "deep=evil; Domain=a.org", "before one that is Secure");
	kept("http://a.org/", "deep=here");
	kept("http://dev.org/", "s=fine");
	kept("https://a.org/", "s=5");
	CHECK_STR(field_to(jar, "http://a.org/"), "s=5; deep=here");
	kept("https://c.org/x", "p=1; Secure; Path=/x");
	kept("http://c.org/", "p=2; Path=/");
	CHECK_STR(field_to(jar, "https://c.org/x"), "p=1; p=2");
	async_cookie_jar_free(jar);
}

TEST_TASK(guarded_names, "H40")
{
	jar = async_cookie_jar_new(NULL);
	kept("https://a.org/", "__Secure-a=1; Secure");
	kept("https://a.org/x", "__Host-a=1; Secure; Path=/");
	refused("https://a.org/", "__Secure-b=1", "__Secure-");
	refused("https://a.org/", "__sEcure-b=1", "__Secure-");
	refused("https://a.org/", "__Host-b=1; Path=/", "__Host-");
	refused("https://a.org/", "__Host-b=1; Secure", "__Host-");
	refused("https://a.org/", "__Host-b=1; Secure; Path=/x", "__Host-");
	refused("https://a.org/", "__Host-b=1; Secure; Path=/; Domain=a.org", "__Host-");
	refused("https://a.org/", "__HOST-b=1; Secure; Path=/; Domain=a.org", "__Host-");
	refused("http://a.org/", "__Host-b=1; Secure; Path=/", "without TLS");
	CHECK_STR(all_of(jar), "__Secure-a=1 a.org/ HS|__Host-a=1 a.org/ HS|");
	async_cookie_jar_free(jar);
}

TEST_TASK(bad_ones_among_good_ones, "H40")
{
	static const char *const none[] = { "", " ; Path=/", "=", "a=\x01", "__Host-x\n=1" };
	char large[5000];

	jar = async_cookie_jar_new(NULL);
	kept("http://a.org/", "a=1");
	for (size_t i = 0; i < array_length(none); i++) {
		CHECK_INT(set_from(jar, "http://a.org/", none[i]), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "a.org");
	}
	snprintf(large, sizeof large, "b=%04096d", 1);
	CHECK_INT(set_from(jar, "http://a.org/", large), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "4096 bytes");
	snprintf(large, sizeof large, "b=%04095d", 1);
	kept("http://a.org/", large);
	CHECK_INT(set_from(jar, "http://a.org/", "b=; Max-Age=0"), 0);
	kept("http://a.org/", "nameless");
	kept("http://a.org/", "json={\"a\": [1, 2]}; HttpOnly; SameSite=Strict");
	kept("http://a.org/", "q=\"x y\"; expires=whenever; max-age=soon; path");
	kept("http://a.org/", "u=\xfc");
	CHECK_STR(field_to(jar, "http://a.org/"),
		  "a=1; nameless; json={\"a\": [1, 2]}; q=\"x y\"; u=\xfc");
	async_cookie_jar_free(jar);
}

TEST_TASK(expiry, "H40")
{
	async_jar_cookie cookie = { 0 };

	jar = async_cookie_jar_new(NULL);
	kept("http://a.org/", "a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT");
	CHECK(async_cookie_jar_next(jar, &cookie));
	CHECK(cookie.expires < INFINITY); /* cut to 400 days */
	kept("http://a.org/", "b=1");
	CHECK(async_cookie_jar_next(jar, &cookie) && isinf(cookie.expires));
	/* Max-Age wins, wherever it stands. */
	kept("http://a.org/", "c=1; Max-Age=0; Expires=Fri, 31 Dec 9999 23:59:59 GMT");
	kept("http://a.org/", "d=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=100");
	kept("http://a.org/", "e=1; Max-Age=-5");
	CHECK_STR(field_to(jar, "http://a.org/"), "a=1; b=1; d=1");
	/* A date in the past removes, for the same domain and path only. */
	kept("http://a.org/", "a=; Max-Age=0; Path=/x");
	kept("http://a.org/", "a=; Max-Age=0; Domain=a.org");
	CHECK_STR(field_to(jar, "http://a.org/"), "a=1; b=1; d=1");
	kept("http://a.org/x", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
	kept("http://a.org/", "b=; Max-Age=0");
	CHECK_STR(field_to(jar, "http://a.org/"), "d=1");
	async_cookie_jar_free(jar);
}

TEST_TASK_WITH(time_goes_by, "H40", .backends = BACKEND_SIM)
{
	char text[100];

	jar = async_cookie_jar_new(NULL);
	/* In an order in which no heap stands by chance. */
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "c%02d=1; Max-Age=%d", i * 37 % 100,
			 10 * (i * 37 % 100 + 1));
		kept("http://a.org/", text);
	}
	/* Made to live longer, shorter, and for ever. */
	kept("http://a.org/", "c00=1; Max-Age=2000");
	kept("http://a.org/", "c99=1; Max-Age=5");
	kept("http://a.org/", "c01=1");
	CHECK_INT(async_cookie_jar_count(jar), 100);
	await_sleep(6);
	CHECK_INT(async_cookie_jar_count(jar), 99);
	for (int seconds = 16; seconds < 1000; seconds += 10) {
		int left = 2; /* c00 and c01 */

		await_sleep(10);
		for (int i = 2; i < 99; i++)
			left += 10 * (i + 1) > seconds;
		CHECK_INT(async_cookie_jar_count(jar), left);
	}
	await_sleep(100);
	CHECK_STR(field_to(jar, "http://a.org/"), "c00=1; c01=1");
	await_sleep(2000);
	CHECK_STR(all_of(jar), "c01=1 a.org/ H|");
	async_cookie_jar_free(jar);
}

static int add(const char *url_text, const char *name, const char *value)
{
	async_url url;
	int result;

	CHECK_INT(async_url_parse(url_text, NULL, &url), 0);
	result = async_cookie_jar_add(jar, &url, name, value);
	async_url_free(&url);
	return result;
}

TEST_TASK(by_hand, "H40")
{
	char large[5000];

	jar = async_cookie_jar_new(NULL);
	CHECK_INT(add("http://a.org/x/y", "a", "1"), 0);
	CHECK_INT(add("https://a.org/x/y", "b", "two words; \"quoted\""), 0);
	CHECK_INT(add("https://a.org/x/y", "__Host-c", ""), 0);
	CHECK_STR(field_to(jar, "http://a.org/"), "a=1");
	CHECK_STR(field_to(jar, "https://a.org/"),
		  "a=1; b=\"two words\\073 \\\"quoted\\\"\"; __Host-c=");
	CHECK_STR(field_to(jar, "http://www.a.org/"), "");
	CHECK_INT(add("http://a.org/", "no token", "1"), -EINVAL);
	CHECK_INT(add("http://a.org/", "", "1"), -EINVAL);
	CHECK_INT(add("http://a.org/", "a", NULL), -EINVAL);
	CHECK_INT(add("http://a.org/", NULL, ""), -EINVAL);
	CHECK_INT(add("http://a.org/", "a", "1\r\nX: y"), -EINVAL);
	CHECK_INT(add("http://a.org/", "__Secure-a", "1"), -EINVAL);
	snprintf(large, sizeof large, "%04096d", 1);
	CHECK_INT(add("http://a.org/", "a", large), -EMSGSIZE);
	snprintf(large, sizeof large, "%04095d", 1);
	CHECK_INT(add("https://a.org/", "a", large), 0);
	CHECK_INT(add("http://127.0.0.1/", "a", "1"), -EACCES);
	async_cookie_jar_free(jar);
}

static bool is_odd(const async_jar_cookie *cookie, void *seen)
{
	(*(int *)seen)++;
	return atoi(cookie->value) % 2;
}

TEST_TASK(clearing, "H40")
{
	int seen = 0;

	jar = async_cookie_jar_new(NULL);
	kept("http://a.org/", "a=1");
	kept("http://www.a.org/", "b=2; Domain=a.org");
	kept("http://www.a.org/", "c=3");
	kept("http://ba.org/", "d=4");
	kept("http://b.org/", "e=5");
	CHECK_INT(async_cookie_jar_clear_if(jar, is_odd, &seen), 3);
	CHECK_INT(seen, 5);
	CHECK_STR(all_of(jar), "b=2 a.org/ |d=4 ba.org/ H|");
	kept("http://x.www.a.org/", "f=6");
	CHECK_INT(async_cookie_jar_clear_domain(jar, "www.a.org"), 1);
	CHECK_INT(async_cookie_jar_clear_domain(jar, "org.."), 0);
	CHECK_INT(async_cookie_jar_clear_domain(jar, NULL), 0);
	CHECK_INT(async_cookie_jar_clear_domain(jar, ".A.org"), 1);
	CHECK_STR(all_of(jar), "d=4 ba.org/ H|");
	async_cookie_jar_clear(jar);
	CHECK_STR(all_of(jar), "");
	CHECK_INT(async_cookie_jar_clear_if(jar, is_odd, &seen), 0);
	kept("http://a.org/", "a=1");
	async_cookie_jar_free(jar);
}

TEST_TASK(nothing_given, "H40")
{
	static const char *const bad[] = { "http://fine.org", "nonsense", NULL };
	async_url url;
	char *field;

	async_cookie_jar_free(NULL);
	async_cookie_jar_clear(NULL);
	CHECK_INT(async_cookie_jar_count(NULL), 0);
	CHECK(!async_cookie_jar_next(NULL, &(async_jar_cookie){ 0 }));
	CHECK_INT(async_url_parse("http://a.org/", NULL, &url), 0);
	CHECK_INT(async_cookie_jar_set(NULL, &url, "a=1", 3), -EINVAL);
	CHECK_INT(async_cookie_jar_field(NULL, &url, &field), -EINVAL);
	CHECK(!field);
	jar = async_cookie_jar_new(NULL);
	CHECK_INT(async_cookie_jar_set(jar, NULL, "a=1", 3), -EINVAL);
	CHECK_INT(async_cookie_jar_set(jar, &url, NULL, 0), -EINVAL);
	CHECK_INT(async_cookie_jar_field(jar, &(async_url){ 0 }, &field), -EINVAL);
	CHECK_INT(async_cookie_jar_field(jar, &url, NULL), -EINVAL);
	async_cookie_jar_free(jar);
	async_url_free(&url);
	CHECK(!async_cookie_jar_new(&(async_cookie_jar_options){ .secure_origins = bad }));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "nonsense");
}

/* Each allocation fails in turn: the call says so, and the jar is as it was. */
static void short_of_memory(const char *call)
{
	for (int nth = 1, failed = 1; failed; nth++) {
		char *field;
		async_url url;
		int result = 0;

		jar = async_cookie_jar_new(NULL);
		kept("http://a.org/", "a=1; Max-Age=9");
		CHECK_INT(async_url_parse("http://www.a.org/", NULL, &url), 0);
		fault_clear();
		if (!fault_inject(call, nth, ENOMEM))
			SKIP("this build cannot inject into that call");
		for (int i = 0; i < 40 && !result; i++) {
			char text[100];

			snprintf(text, sizeof text, "c%d=1; Max-Age=9; Domain=%s", i,
				 i % 2 ? "a.org" : "");
			result = async_cookie_jar_set(jar, &url, text, strlen(text));
		}
		if (!result)
			result = async_cookie_jar_field(jar, &url, &field);
		if (!result)
			free(field);
		failed = fault_count(call) >= nth;
		fault_clear();
		CHECK_INT(result, failed ? -ENOMEM : 0);
		if (failed)
			CHECK_TEXT_HAS(async_error(), "no memory");
		CHECK_TEXT_HAS(field_to(jar, "http://a.org/"), "a=1");
		async_cookie_jar_free(jar);
		async_url_free(&url);
	}
}

TEST_TASK_WITH(no_memory, "H40", .backends = ONCE)
{
	short_of_memory("malloc");
	short_of_memory("calloc");
	short_of_memory("realloc");
	CHECK_INT(fault_inject("calloc", 1, ENOMEM), 1);
	CHECK(!async_cookie_jar_new(NULL));
	CHECK_INT(async_error_code(), -ENOMEM);
	fault_clear();
}
