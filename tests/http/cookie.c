/* SPDX-License-Identifier: MIT */
/* Cookies in both directions. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/cookie.h"

static struct http_field list[20];
static struct http_head head;
static char text[10000];

static const struct http_fields *fields_of(const char *lines)
{
	int size = snprintf(text, sizeof text, "%s\r\n", lines);

	http_head_begin(&head, NULL, list);
	CHECK_INT(http_fields_parse(&head, text, (size_t)size), size);
	return &head.fields;
}

/* "a=1|b=2", values decoded. */
static const char *cookies_of(const char *lines)
{
	static char out[1000];
	struct http_cookies cookies;
	struct http_cookie cookie;
	char *at = out;

	*at = '\0';
	http_cookies_begin(&cookies, fields_of(lines), text);
	while (http_cookies_next(&cookies, &cookie)) {
		char *room = malloc(cookie.value_size + 1);
		size_t size = http_cookie_value(&cookie, room);

		at += sprintf(at, "%s%.*s=%.*s", at > out ? "|" : "", (int)cookie.name_size,
			      cookie.name, (int)size, room);
		free(room);
	}
	return out;
}

TEST_WITH(read_cookies, "W19 H40", .backends = ONCE)
{
	CHECK_STR(cookies_of(""), "");
	CHECK_STR(cookies_of("Cookie: a=1\r\n"), "a=1");
	CHECK_STR(cookies_of("Cookie: a=1; b=2\r\n"), "a=1|b=2");
	CHECK_STR(cookies_of("Cookie: a=1;b=2;\r\nX: y\r\nCookie: ;; c = 3 \r\n"), "a=1|b=2|c=3");
	CHECK_STR(cookies_of("Cookie: a=; b=x=y==; a=2\r\n"), "a=|b=x=y==|a=2");
	/* One that is bad does not lose the rest. */
	CHECK_STR(cookies_of("Cookie: a=1; nonsense; =x; b c=2; d=4; {\"j\":1}=2; e=5\r\n"),
		  "a=1|d=4|e=5");
	CHECK_STR(cookies_of("Cookie: $Version=1; Path=/; expires=never\r\n"),
		  "$Version=1|Path=/|expires=never");
	CHECK_STR(cookies_of("Cookie: json={\"a\": [1, 2]}; b=2\r\n"), "json={\"a\": [1, 2]}|b=2");
}

TEST_WITH(quoted_cookies, "W19 H40", .backends = ONCE)
{
	CHECK_STR(cookies_of("Cookie: a=\"1\"; b=2\r\n"), "a=1|b=2");
	/* A semicolon ends a cookie in any case, or this one would take the session's along. */
	CHECK_STR(cookies_of("Cookie: a=\"x; session=1; y\"; b=2\r\n"), "a=\"x|session=1|b=2");
	CHECK_STR(cookies_of("Cookie: a=\"q\\\"\\\\\\073\\303\\251\\8\"; b=2\r\n"),
		  "a=q\"\\;\xc3\xa9"
		  "8|b=2");
	CHECK_STR(cookies_of("Cookie: a=\"\"; b=\"\r\n"), "a=|b=\"");
	/* Quotes that are not closed, or followed by more, are bytes like others. */
	CHECK_STR(cookies_of("Cookie: a=\"x; b=2\r\n"), "a=\"x|b=2");
	CHECK_STR(cookies_of("Cookie: a=\"x\"z; b=2\r\n"), "a=\"x\"z|b=2");
	CHECK_STR(cookies_of("Cookie: a=\"x\\\r\n"), "a=\"x\\");
	CHECK_STR(cookies_of("Cookie: a=\"\\\"; b=2\r\n"), "a=\\|b=2");
}

TEST_WITH(find_cookie, "W19", .backends = ONCE)
{
	struct http_cookie cookie;

	CHECK(http_cookie_find(fields_of("Cookie: a=1; A=2; b=3; a=4\r\n"), text, "a", &cookie));
	CHECK_INT(*cookie.value, '1');
	CHECK(http_cookie_find(&head.fields, text, "A", &cookie));
	CHECK_INT(*cookie.value, '2');
	CHECK(!http_cookie_find(&head.fields, text, "c", &cookie));
}

static char room[5000];

#define WRITE(...) \
	http_cookie_write(room, sizeof room, &(struct http_cookie_options){ __VA_ARGS__ })

static void written(ssize_t size, const char *expected)
{
	CHECK_INT(size, strlen(expected));
	CHECK_STR(room, expected);
}

TEST_WITH(write_cookies, "W29", .backends = ONCE)
{
	written(WRITE(.name = "a", .value = "1"), "a=1; Path=/");
	written(WRITE(.name = "a", .value = "", .path = ""), "a=");
	written(WRITE(.name = "a", .value = "1", .path = "/x", .domain = "example.com",
		      .has_expires = true, .expires = 784111777, .has_max_age = true, .max_age = 60,
		      .secure = true, .http_only = true, .same_site = HTTP_SAME_SITE_NONE,
		      .partitioned = true),
		"a=1; Domain=example.com; Path=/x; Expires=Sun, 06 Nov 1994 08:49:37 GMT; "
		"Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned");
	written(WRITE(.name = "a", .value = "", .has_max_age = true, .max_age = -5),
		"a=; Path=/; Max-Age=0");
	written(WRITE(.name = "a", .value = "1", .same_site = HTTP_SAME_SITE_STRICT),
		"a=1; Path=/; SameSite=Strict");
	written(WRITE(.name = "__Host-a", .value = "1", .secure = true),
		"__Host-a=1; Path=/; Secure");
	CHECK_INT(http_cookie_write(room, 11,
				    &(struct http_cookie_options){ .name = "a", .value = "1" }),
		  -ENOBUFS);
	CHECK_INT(http_cookie_write(room, 12,
				    &(struct http_cookie_options){ .name = "a", .value = "1" }),
		  11);
}

/* Values that need it are quoted, and come back. */
TEST_WITH(values_come_back, "W29 W19", .backends = ONCE)
{
	static const char *const values[] = {
		"x y",	 "a;b", "a,b", "\"q\"", "back\\slash", "\xc3\xa9\xff",
		"\\073", "",	"\"",  " ",	"a=b"
	};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char lines[200];
		ssize_t size = WRITE(.name = "a", .value = values[i], .path = "");

		CHECK(size > 0);
		snprintf(lines, sizeof lines, "Cookie: z=0; %.100s; b=2\r\n", room);
		snprintf(room, sizeof room, "z=0|a=%s|b=2", values[i]);
		CHECK_STR(cookies_of(lines), room);
	}
}

static void refused(ssize_t result, const char *why)
{
	CHECK_INT(result, -EINVAL);
	CHECK_TEXT_HAS(async_error(), why);
}

TEST_WITH(injection, "W29 M13", .backends = ONCE)
{
	static char large[4200];

	refused(WRITE(.name = "a\r\nX", .value = "1"), "no token");
	refused(WRITE(.name = "a=b", .value = "1"), "no token");
	refused(WRITE(.name = "a;b", .value = "1"), "no token");
	refused(WRITE(.name = "", .value = "1"), "no token");
	refused(WRITE(.name = NULL, .value = "1"), "without a name");
	refused(WRITE(.name = "a"), "without a name or a value");
	refused(WRITE(.name = "a", .value = "1\r\nSet-Cookie: b=2"), "control byte");
	refused(WRITE(.name = "a", .value = "\t"), "control byte");
	refused(WRITE(.name = "a", .value = "1", .path = "/; Domain=evil"), "its path");
	refused(WRITE(.name = "a", .value = "1", .path = "/\r\n"), "its path");
	refused(WRITE(.name = "a", .value = "1", .path = "x"), "begin with a slash");
	refused(WRITE(.name = "a", .value = "1", .domain = "a; Secure"), "its domain");
	refused(WRITE(.name = "a", .value = "1", .domain = "a\n"), "its domain");
	refused(WRITE(.name = "a", .value = "1", .same_site = HTTP_SAME_SITE_NONE),
		"SameSite=None without Secure");
	refused(WRITE(.name = "a", .value = "1", .partitioned = true), "Partitioned without");
	refused(WRITE(.name = "__Secure-a", .value = "1"), "__Secure-");
	refused(WRITE(.name = "__host-a", .value = "1"), "__Host-");
	refused(WRITE(.name = "__Host-a", .value = "1", .secure = true, .domain = "a"), "__Host-");
	refused(WRITE(.name = "__Host-a", .value = "1", .secure = true, .path = "/x"), "__Host-");
	memset(large, 'x', 4096);
	CHECK_INT(WRITE(.name = "a", .value = large), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "4096 (HTTP_COOKIE_BYTES");
	large[4095] = '\0';
	CHECK(WRITE(.name = "a", .value = large) > 0);
}

/* "name=value domain path expires age flags" */
static const char *set_cookie(const char *value)
{
	static char out[10000];
	struct http_set_cookie cookie;
	char *copy = strndup(value, strlen(value)), *at = out;

	if (!http_set_cookie_parse(copy, strlen(copy), &cookie)) {
		free(copy);
		return "no";
	}
	at += sprintf(at, "%.*s=%.*s", (int)cookie.name.size, copy + cookie.name.at,
		      (int)cookie.value.size, copy + cookie.value.at);
	if (cookie.domain.size)
		at += sprintf(at, " d:%.*s", (int)cookie.domain.size, copy + cookie.domain.at);
	if (cookie.path.size)
		at += sprintf(at, " p:%.*s", (int)cookie.path.size, copy + cookie.path.at);
	if (cookie.has_expires)
		at += sprintf(at, " e:%lld", (long long)cookie.expires);
	if (cookie.has_max_age)
		at += sprintf(at, " m:%lld", (long long)cookie.max_age);
	sprintf(at, "%s%s%s%s", cookie.secure ? " secure" : "", cookie.http_only ? " httponly" : "",
		cookie.partitioned ? " partitioned" : "",
		cookie.same_site == HTTP_SAME_SITE_STRICT ? " strict" :
		cookie.same_site == HTTP_SAME_SITE_LAX	  ? " lax" :
		cookie.same_site == HTTP_SAME_SITE_NONE	  ? " none" :
							    "");
	free(copy);
	return out;
}

TEST_WITH(read_set_cookie, "H40", .backends = ONCE)
{
	static char large[6000];

	CHECK_STR(set_cookie("a=1"), "a=1");
	CHECK_STR(set_cookie(" a = 1 ; "), "a=1");
	CHECK_STR(set_cookie("a=\"1; 2\""), "a=\"1");
	CHECK_STR(set_cookie("a=1; Path=/x; Domain=.Example.com; Secure; HttpOnly; SameSite=lax; "
			     "Partitioned"),
		  "a=1 d:Example.com p:/x secure httponly partitioned lax");
	CHECK_STR(set_cookie("a=1;path=/x;path=/y;PATH=z;domain=b.c;DOMAIN="), "a=1");
	CHECK_STR(set_cookie("a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=60"),
		  "a=1 e:784111777 m:60");
	CHECK_STR(set_cookie("a=1; Expires=Sun 06-Nov-94 8:49:37"), "a=1 e:784111777");
	CHECK_STR(set_cookie("a=1; Expires=never; Max-Age=x"), "a=1");
	CHECK_STR(set_cookie("a=1; Max-Age=-1"), "a=1 m:0");
	CHECK_STR(set_cookie("a=1; Max-Age=0"), "a=1 m:0");
	CHECK_STR(set_cookie("a=1; Max-Age=-; Max-Age=; Max-Age=+1; Max-Age=1.5"), "a=1");
	CHECK_STR(set_cookie("a=1; Max-Age=99999999999999999999999999"), "a=1 m:34560000");
	CHECK_STR(set_cookie("a=1; Max-Age=60; Max-Age=70"), "a=1 m:70");
	CHECK_STR(set_cookie("a=1; SameSite=None; SameSite=what"), "a=1");
	CHECK_STR(set_cookie("a=1; unknown=x; ; =; secure=no"), "a=1 secure");
	CHECK_STR(set_cookie("value"), "=value");
	CHECK_STR(set_cookie("=value"), "=value");
	CHECK_STR(set_cookie("a="), "a=");
	CHECK_STR(set_cookie("a=x\ty"), "a=x\ty");
	CHECK_STR(set_cookie(""), "no");
	CHECK_STR(set_cookie(";"), "no");
	CHECK_STR(set_cookie(" = ; Path=/"), "no");
	CHECK_STR(set_cookie("a=\x01"), "no");
	CHECK_STR(set_cookie("a=1; Path=/\x7f"), "no");
	CHECK_STR(set_cookie("__Host-a=1"), "__Host-a=1");
	CHECK_STR(set_cookie("=__Host-a=1"), "no");
	CHECK_STR(set_cookie("__SECURE-a"), "no");
	memset(large, 'x', 4097);
	CHECK_STR(set_cookie(large), "no");
	large[4096] = '\0';
	CHECK(strlen(set_cookie(large)) == 4097);
	sprintf(large, "a=1; Path=/%01023d; Domain=b", 0);
	CHECK(strlen(set_cookie(large)) > 1000);
	sprintf(large, "a=1; Path=/%01024d; Domain=b", 0);
	CHECK_STR(set_cookie(large), "a=1 d:b");
}

static int domain(const char *host, const char *cookie)
{
	return http_cookie_domain_match(host, strlen(host), cookie, strlen(cookie));
}

static int path(const char *request, const char *cookie)
{
	return http_cookie_path_match(request, strlen(request), cookie, strlen(cookie));
}

TEST_WITH(matching, "H40", .backends = ONCE)
{
	CHECK(domain("example.com", "example.com"));
	CHECK(domain("WWW.example.com", "Example.COM"));
	CHECK(!domain("example.com", "www.example.com"));
	CHECK(!domain("badexample.com", "example.com"));
	CHECK(!domain("example.com", ""));
	CHECK(domain("127.0.0.1", "127.0.0.1"));
	CHECK(!domain("127.0.0.1", "0.0.1"));
	CHECK(!domain("[::1]", "1]"));
	CHECK(!domain("::ffff:1.2", "2"));
	CHECK(!domain("2001:db8::1", "1"));
	CHECK(domain("a-name-that-is-longer-than-any-address-could-ever-be.example", "example"));
	CHECK(!domain("[fe80::1.example]", "example]"));
	CHECK(path("/", "/"));
	CHECK(path("/a/b", "/"));
	CHECK(path("/a/b", "/a"));
	CHECK(path("/a/b", "/a/"));
	CHECK(path("/a", "/a"));
	CHECK(!path("/ab", "/a"));
	CHECK(!path("/a", "/a/"));
	CHECK(!path("/a", ""));
	CHECK_INT(http_cookie_default_path("/a/b", 4), 2);
	CHECK_INT(http_cookie_default_path("/a", 2), 0);
	CHECK_INT(http_cookie_default_path("/a/", 3), 2);
	CHECK_INT(http_cookie_default_path("", 0), 0);
	CHECK_INT(http_cookie_default_path("a/b", 3), 0);
}
