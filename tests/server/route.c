/* SPDX-License-Identifier: MIT */
/* The router: which route answers, what its variables hold, and the way back to a path. */
#include <await.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "server/route.h"

static struct http_router *router;

static int add_as(const char *method, const char *pattern, const char *name)
{
	return http_router_add(router, &(struct http_route_options){ .method = method,
								     .pattern = pattern,
								     .name = name,
								     .data = (void *)pattern });
}

static void add(const char *method, const char *pattern)
{
	int result = add_as(method, pattern, NULL);

	if (result == -EOPNOTSUPP)
		SKIP("built without PCRE2");
	if (result)
		fprintf(stderr, "%s: %s\n", pattern, async_error());
	CHECK_INT(result, 0);
}

static void begin(void)
{
	router = http_router_new(NULL);
	CHECK(router);
}

/* "404", "405", or the pattern, then " name=value" for each variable, decoded. */
static const char *found(const char *method, const char *path)
{
	static char text[1000];
	struct http_route_match match;
	char *at = text;
	/* Of exactly its size, for ASan. */
	char *copy = strndup(path, strlen(path));
	int result = http_router_match(router, method, strlen(method), copy, strlen(path), &match);

	if (result != HTTP_ROUTE_FOUND) {
		snprintf(text, sizeof text, "%d",
			 result == HTTP_ROUTE_METHOD ? 405 :
			 result == HTTP_ROUTE_NONE   ? 404 :
						       result);
		free(copy);
		return text;
	}
	CHECK_STR(http_route_pattern(match.route), http_route_data(match.route));
	at += sprintf(at, "%s", http_route_pattern(match.route));
	for (unsigned int i = 0; i < http_route_count(match.route); i++) {
		const char *name = http_route_variable(match.route, i);

		CHECK_INT(http_route_find(match.route, name), i);
		at += sprintf(at, " %s=", name);
		at += http_route_value(&match, i, at);
		*at = '\0';
	}
	CHECK_INT(http_route_find(match.route, "no"), -1);
	http_route_match_end(&match);
	free(copy);
	return text;
}

TEST_WITH(routes_fixed, "W08 W11", .backends = ONCE)
{
	begin();
	add("GET", "/");
	add("GET", "/a");
	add("POST", "/a");
	add("GET", "/a/");
	add("GET", "/a/b");
	CHECK_STR(found("GET", "/"), "/");
	CHECK_STR(found("GET", ""), "/");
	CHECK_STR(found("GET", "/a"), "/a");
	CHECK_STR(found("POST", "/a"), "/a");
	CHECK_STR(found("GET", "/a/"), "/a/");
	CHECK_STR(found("GET", "/a/b"), "/a/b");
	CHECK_STR(found("GET", "/a/b/"), "404");
	CHECK_STR(found("GET", "/A"), "404");
	CHECK_STR(found("GET", "//a"), "404");
	CHECK_STR(found("GET", "*"), "404");
	CHECK_STR(found("PUT", "/a"), "405");
	CHECK_STR(found("get", "/a"), "405");
	http_router_free(router);
}

/* The tables grow; every route stays where it is found. */
TEST_WITH(routes_many, "W11", .backends = ONCE)
{
	static char patterns[2000][40];

	begin();
	for (int i = 0; i < 2000; i++) {
		sprintf(patterns[i], i % 2 ? "/section%d/{x}/item" : "/section%d/list", i);
		add("GET", patterns[i]);
	}
	for (int i = 0; i < 2000; i++) {
		char path[60], expected[60];

		sprintf(path, i % 2 ? "/section%d/v%d/item" : "/section%d/list", i, i);
		sprintf(expected, i % 2 ? "%s x=v%d" : "%s", patterns[i], i);
		CHECK_STR(found("GET", path), expected);
	}
	CHECK_STR(found("GET", "/section2000/list"), "404");
	http_router_free(router);
}

TEST_WITH(variables, "W09 W13", .backends = ONCE)
{
	begin();
	add("GET", "/a/{name}");
	add("GET", "/u/{id}/posts/{post}");
	add("GET", "/f/{base}.{ext}");
	add("GET", "/m/{a}-{b}-{c}x/{d}y{e}");
	add("GET", "/n/{a}{b}");
	add("GET", "/t/{a}/");
	CHECK_STR(found("GET", "/a/b"), "/a/{name} name=b");
	CHECK_STR(found("GET", "/a/"), "404");
	CHECK_STR(found("GET", "/a"), "404");
	CHECK_STR(found("GET", "/a/b/"), "404");
	CHECK_STR(found("GET", "/a/b/c"), "404");
	CHECK_STR(found("GET", "/a/b%2Fc%20d"), "/a/{name} name=b/c d");
	CHECK_STR(found("GET", "/a/%E4%BD%A0+"), "/a/{name} name=\xe4\xbd\xa0+");
	CHECK_STR(found("GET", "/u/7/posts/x.y"), "/u/{id}/posts/{post} id=7 post=x.y");
	CHECK_STR(found("GET", "/u//posts/x"), "404");
	CHECK_STR(found("GET", "/f/a.tar.gz"), "/f/{base}.{ext} base=a.tar ext=gz");
	CHECK_STR(found("GET", "/f/a."), "404");
	CHECK_STR(found("GET", "/f/.a"), "404");
	CHECK_STR(found("GET", "/f/a.."), "/f/{base}.{ext} base=a ext=.");
	CHECK_STR(found("GET", "/m/1-2-3-4x/yyyy"),
		  "/m/{a}-{b}-{c}x/{d}y{e} a=1-2 b=3 c=4 d=yy e=y");
	CHECK_STR(found("GET", "/m/1-2-x/yyy"), "404");
	CHECK_STR(found("GET", "/n/abc"), "/n/{a}{b} a=ab b=c");
	CHECK_STR(found("GET", "/n/a"), "404");
	CHECK_STR(found("GET", "/t/x/"), "/t/{a}/ a=x");
	CHECK_STR(found("GET", "/t/x"), "404");
	http_router_free(router);
}

TEST_WITH(known_expressions, "W10", .backends = ONCE)
{
	begin();
	add("GET", "/n/{n:\\d+}");
	add("GET", "/j/{n:[0-9]+}.json");
	add("GET", "/files/{path:.*}");
	add("GET", "/some/x{path:.+}");
	CHECK_STR(found("GET", "/n/10"), "/n/{n:\\d+} n=10");
	CHECK_STR(found("GET", "/n/1x"), "404");
	CHECK_STR(found("GET", "/n/"), "404");
	CHECK_STR(found("GET", "/j/5.json"), "/j/{n:[0-9]+}.json n=5");
	CHECK_STR(found("GET", "/j/.json"), "404");
	CHECK_STR(found("GET", "/files/"), "/files/{path:.*} path=");
	CHECK_STR(found("GET", "/files/a/b//c"), "/files/{path:.*} path=a/b//c");
	CHECK_STR(found("GET", "/files/../n/7"), "/n/{n:\\d+} n=7");
	CHECK_STR(found("GET", "/files"), "404");
	CHECK_STR(found("GET", "/some/x"), "404");
	CHECK_STR(found("GET", "/some/xy/z"), "/some/x{path:.+} path=y/z");
	http_router_free(router);
}

TEST_WITH(expressions, "W10", .backends = ONCE)
{
	begin();
	add("GET", "/y/{year:\\d{4}}/{rest:[a-z/]*}");
	add("GET", "/g/{a:(x|yy)+}-{b}.{c:\\w+}");
	add("GET", "/dot.dot+(q)/{a:a|b}");
	add("GET", "/pre{a:.*}/end");
	CHECK_STR(found("GET", "/y/2026/a/b"),
		  "/y/{year:\\d{4}}/{rest:[a-z/]*} year=2026 rest=a/b");
	CHECK_STR(found("GET", "/y/2026/"), "/y/{year:\\d{4}}/{rest:[a-z/]*} year=2026 rest=");
	CHECK_STR(found("GET", "/y/20266/"), "404");
	CHECK_STR(found("GET", "/g/xyyx-q-r.txt"),
		  "/g/{a:(x|yy)+}-{b}.{c:\\w+} a=xyyx b=q-r c=txt");
	CHECK_STR(found("GET", "/g/xz-q.txt"), "404");
	/* What stands between variables is no expression, and alternatives end with their braces. */
	CHECK_STR(found("GET", "/dot.dot+(q)/a"), "/dot.dot+(q)/{a:a|b} a=a");
	CHECK_STR(found("GET", "/dot.dot+(q)/b"), "/dot.dot+(q)/{a:a|b} a=b");
	CHECK_STR(found("GET", "/dotxdott(q)/b"), "404");
	CHECK_STR(found("GET", "/dot.dot+(q)/ax"), "404");
	CHECK_STR(found("GET", "/pre/x/y/end"), "/pre{a:.*}/end a=/x/y");
	http_router_free(router);
}

/* Longest beginning, then what is fixed, then the order they were added in. */
TEST_WITH(order, "W11", .backends = ONCE)
{
	begin();
	add("GET", "/{all:.*}");
	add("GET", "/a/{x}");
	add("GET", "/a/{y:\\d+}");
	add("GET", "/a/fixed");
	add("GET", "/a/b/{z}");
	add("GET", "/{one}/b/{two}");
	CHECK_STR(found("GET", "/a/fixed"), "/a/fixed");
	CHECK_STR(found("GET", "/a/1"), "/a/{x} x=1");
	CHECK_STR(found("GET", "/a/b/c"), "/a/b/{z} z=c");
	CHECK_STR(found("GET", "/c/b/c"), "/{all:.*} all=c/b/c");
	CHECK_STR(found("GET", "/a/b/c/d"), "/{all:.*} all=a/b/c/d");
	CHECK_STR(found("GET", "/"), "/{all:.*} all=");
	http_router_free(router);
}

TEST_WITH(methods, "W08 W11 W14", .backends = ONCE)
{
	char text[100];

	begin();
	add("GET", "/a/{x}");
	add("POST", "/a/{y}");
	add("M-SEARCH", "/a/fixed");
	add("*", "/any");
	add("*star", "/star");
	add("GET", "/any");
	add("*", "/any/{x}");
	CHECK_INT(http_router_add(router, &(struct http_route_options){ .method = "GET",
									.pattern = "/bare",
									.no_head = true,
									.data = (void *)"/bare" }),
		  0);
	CHECK_STR(found("GET", "/a/1"), "/a/{x} x=1");
	CHECK_STR(found("HEAD", "/a/1"), "/a/{x} x=1");
	CHECK_STR(found("POST", "/a/1"), "/a/{y} y=1");
	CHECK_STR(found("DELETE", "/a/1"), "405");
	CHECK_STR(found("M-SEARCH", "/a/fixed"), "/a/fixed");
	/* The fixed path does not hide the others' methods. */
	CHECK_STR(found("GET", "/a/fixed"), "/a/{x} x=fixed");
	CHECK_STR(found("PUT", "/a/fixed"), "405");
	CHECK_STR(found("PUT", "/any"), "/any");
	CHECK_STR(found("QUERY", "/any/1"), "/any/{x} x=1");
	CHECK_STR(found("GET", "/star"), "405");
	CHECK_STR(found("*star", "/star"), "/star");
	CHECK_STR(found("HEAD", "/bare"), "405");
	CHECK_INT(http_router_allow(router, "/a/fixed", 8, text, sizeof text), 25);
	CHECK_STR(text, "GET, HEAD, M-SEARCH, POST");
	CHECK_INT(http_router_allow(router, "/bare", 5, text, sizeof text), 3);
	CHECK_STR(text, "GET");
	CHECK_INT(http_router_allow(router, "/none", 5, text, sizeof text), 0);
	CHECK_STR(text, "");
	CHECK_INT(http_router_allow(router, "/x/../%61/f", 11, text, sizeof text), 15);
	CHECK_STR(text, "GET, HEAD, POST");
	CHECK_INT(http_router_allow(router, "/a/fixed", 8, text, 20), -ENOBUFS);
	http_router_free(router);
}

/* Other spellings of one path. What a percent sign hides stays hidden, dots do not. */
TEST_WITH(spellings, "W13", .backends = ONCE)
{
	static const struct {
		const char *path, *canonical;
	} vectors[] = {
		{ "/a", "/a" },
		{ "", "/" },
		{ "a", "/a" },
		{ "/%61%7E%7e", "/a~~" },
		{ "/a%2fb%2Fc", "/a%2Fb%2Fc" },
		{ "/%", "/%25" },
		{ "/%4", "/%254" },
		{ "/%4g", "/%254g" },
		{ "/%%41", "/%25A" },
		{ "/a|b\"<>^`{}\\[]", "/a%7Cb%22%3C%3E%5E%60%7B%7D%5C%5B%5D" },
		{ "/\xc3\xa9", "/%C3%A9" },
		{ "/a!$&'()*+,;=:@-._~", "/a!$&'()*+,;=:@-._~" },
		{ "/a%21", "/a%21" },
		{ "/a/.", "/a/" },
		{ "/a/..", "/" },
		{ "/a/../..", "/" },
		{ "/a/b/../c", "/a/c" },
		{ "/a/./b", "/a/b" },
		{ "/a/%2e%2E/b", "/b" },
		{ "/a/.%2e/b", "/b" },
		{ "/a/%2e/b", "/a/b" },
		{ "/a//../b", "/a/b" },
		{ "//..//b", "//b" },
		{ "/...", "/..." },
		{ "/.a/..b/c.", "/.a/..b/c." },
		{ "/a/%2e%2e%2fetc", "/a/..%2Fetc" },
		{ "/a/..%2f..%2fetc", "/a/..%2F..%2Fetc" },
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const char *path = vectors[i].path;
		char *copy = strndup(path, strlen(path));
		char *room = malloc(3 * strlen(path) + 1), *text;
		size_t size = http_path_canonical(copy, strlen(path), room);

		text = strndup(room, size);
		CHECK_STR(text, vectors[i].canonical);
		CHECK(http_path_is_canonical(text, size));
		CHECK_INT(http_path_is_canonical(copy, strlen(path)),
			  !strcmp(path, vectors[i].canonical));
		free(text);
		free(room);
		free(copy);
	}
	begin();
	add("GET", "/caf\xc3\xa9 x/%7e");
	add("GET", "/v/{x}");
	CHECK_STR(found("GET", "/caf%c3%a9%20x/~"), "/caf\xc3\xa9 x/%7e");
	CHECK_STR(found("GET", "/q/../caf%C3%A9%20x/%7E"), "/caf\xc3\xa9 x/%7e");
	CHECK_STR(found("GET", "/v/%2e%2E"), "404");
	CHECK_STR(found("GET", "/v/a/../%2f"), "/v/{x} x=/");
	CHECK_STR(found("GET", "/v/%2e%2e%2f"), "/v/{x} x=../");
	http_router_free(router);
}

static void refused(const char *method, const char *pattern, const char *name, int error,
		    const char *text)
{
	CHECK_INT(add_as(method, pattern, name), error);
	CHECK_TEXT_HAS(async_error(), text);
}

TEST_WITH(refused_routes, "W08 W10 W12", .backends = ONCE)
{
	begin();
	refused("GET", "a", NULL, -EINVAL, "must begin with a slash");
	refused("GET", "", NULL, -EINVAL, "must begin with a slash");
	refused("GET", NULL, NULL, -EINVAL, "without a pattern");
	refused("GET", "/{a", NULL, -EINVAL, "\"{\" without \"}\" (offset 2)");
	refused("GET", "/{a{b}}", NULL, -EINVAL, "\"{\" without \"}\"");
	refused("GET", "/{a:\\d{2}", NULL, -EINVAL, "\"{\" without \"}\"");
	refused("GET", "/a}", NULL, -EINVAL, "\"}\" without \"{\" (offset 2)");
	refused("GET", "/{a}}", NULL, -EINVAL, "\"}\" without \"{\"");
	refused("GET", "/{}", NULL, -EINVAL, "without a name");
	refused("GET", "/{:x}", NULL, -EINVAL, "without a name");
	refused("GET", "/{1a}", NULL, -EINVAL, "begins with no digit");
	refused("GET", "/{a b}", NULL, -EINVAL, "letters, digits");
	refused("GET", "/{a:}", NULL, -EINVAL, "an empty regular expression");
	refused("GET", "/{a}/{a}", NULL, -EINVAL, "two variables of the same name");
	refused("GET", "/a/../b", NULL, -EINVAL, "\"..\"");
	refused("GET", "/a/%2e/b", NULL, -EINVAL, "\".\"");
	refused("GET", "/{a}/.", NULL, -EINVAL, "\".\"");
	refused("GET", "/{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}{l}{m}{n}{o}{p}{q}", NULL, -EINVAL,
		"HTTP_ROUTE_VARIABLES");
	refused("", "/", NULL, -EINVAL, "no token");
	refused(NULL, "/", NULL, -EINVAL, "no token");
	refused("GET /", "/", NULL, -EINVAL, "no token");
	refused("GET\n", "/", NULL, -EINVAL, "no token");
	refused("GET", "/", "", -EINVAL, "identifiers");
	refused("GET", "/", "a..b", -EINVAL, "identifiers");
	refused("GET", "/", "a.", -EINVAL, "identifiers");
	refused("GET", "/", "1a", -EINVAL, "identifiers");
	refused("GET", "/", "a b", -EINVAL, "identifiers");

	CHECK_INT(add_as("GET", "/a/{x}", "n.a-m:e_1"), 0);
	CHECK_INT(add_as("POST", "/a/{x}", "n.a-m:e_1"), 0);
	refused("GET", "/a/{x}", NULL, -EEXIST, "GET \"/a/{x}\" is there already");
	refused("GET", "/%61/{y}", NULL, -EEXIST, "is there already, as \"/a/{x}\"");
	refused("GET", "/b", "n.a-m:e_1", -EEXIST, "is that of \"/a/{x}\"");
	CHECK_INT(add_as("GET", "/b", NULL), 0);
	refused("GET", "/%62", NULL, -EEXIST, "as \"/b\"");
	CHECK_INT(add_as("*", "/%62", NULL), 0);
	refused("*", "/b", NULL, -EEXIST, "* \"/b\"");
	CHECK_INT(add_as("GET", "/.{x}/..{y}/.a", NULL), 0);
	http_router_free(router);
}

TEST_WITH(refused_expressions, "W10", .backends = ONCE)
{
	begin();
	if (add_as("GET", "/{a:[a-z]}", NULL) == -EOPNOTSUPP) {
		CHECK_TEXT_HAS(async_error(), "built without PCRE2");
		http_router_free(router);
		SKIP("built without PCRE2");
	}
	refused("GET", "/{ok:x}/{num:a(b}", NULL, -EINVAL,
		"the regular expression of \"num\": missing closing parenthesis (offset 3 in it)");
	/* Each must be one by itself. */
	refused("GET", "/{a:x)(y}", NULL, -EINVAL, "unmatched closing parenthesis");
	refused("GET", "/{a:\\C}", NULL, -EINVAL, "\\C");
	refused("GET", "/{a:(*UTF)x}", NULL, -EINVAL, "UTF");
	refused("GET",
		"/{a:((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((x"
		"))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))}",
		NULL, -EINVAL, "more than 63 groups");
	/* By itself it is one; what follows becomes part of its comment. */
	refused("GET", "/{a:(?x)b #}/c", NULL, -EINVAL, "missing closing parenthesis");
	http_router_free(router);
	http_router_free(NULL);
}

/* An expression that would take for ever is an error that says which limit to change. */
TEST_WITH(expensive_expression, "W10", .backends = ONCE)
{
	char path[60] = "/";

	router = http_router_new(&(struct http_route_limits){ .steps = 5000 });
	CHECK(router);
	add("GET", "/{a:(x+x+)+[yz]}");
	memset(path + 1, 'x', 40);
	CHECK_STR(found("GET", "/xxxy"), "/{a:(x+x+)+[yz]} a=xxxy");
	CHECK_STR(found("GET", path), "-90"); /* EMSGSIZE */
	CHECK_TEXT_HAS(async_error(), "more than 5000 steps (route limit `steps`)");
	CHECK_STR(found("GET", "/xxxy"), "/{a:(x+x+)+[yz]} a=xxxy");
	http_router_free(router);
}

static void *match_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3000; i++) {
		struct http_route_match match;
		char path[40];
		int size = sprintf(path, "/abc-%d", i);

		CHECK_INT(http_router_match(router, "GET", 3, path, (size_t)size, &match), 1);
		CHECK_INT(match.values[0].size, 3);
		CHECK_INT(match.values[1].at, 5);
		CHECK_INT(match.values[1].size, size - 5);
		http_route_match_end(&match);
	}
	return NULL;
}

TEST_WITH(expressions_on_threads, "W10 X10", .backends = ONCE)
{
	pthread_t threads[4];

	begin();
	add("GET", "/{a:[a-z]+}-{b:[0-9]+}");
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, match_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	http_router_free(router);
}

/* Parts as a list in braces that ends in an empty one. */
#define BUILD(name_, ...) build(name_, (struct http_route_part[]){ __VA_ARGS__{ NULL, NULL } })

static char *build(const char *name, const struct http_route_part *parts)
{
	size_t count = 0;

	while (parts[count].name)
		count++;
	return http_router_build(router, name, parts, count);
}

static void built(char *path, const char *expected)
{
	CHECK(path);
	CHECK_STR(path, expected);
	free(path);
}

static void not_built(char *path, int error, const char *text)
{
	CHECK(!path);
	CHECK_INT(async_error_code(), error);
	CHECK_TEXT_HAS(async_error(), text);
}

TEST_WITH(reversing, "W12", .backends = ONCE)
{
	struct http_route_match match;

	begin();
	CHECK_INT(add_as("GET", "/caf\xc3\xa9", "fixed"), 0);
	CHECK_INT(add_as("GET", "/u/{id}/p/{post}.x", "post"), 0);
	CHECK_INT(add_as("GET", "/n/{n:\\d+}", "number"), 0);
	CHECK_INT(add_as("GET", "/f/{path:.*}", "file"), 0);
	CHECK_INT(add_as("GET", "/{a}-{b}", "pair"), 0);
	CHECK(http_router_match(router, "GET", 3, "/n/1", 4, &match) == HTTP_ROUTE_FOUND);
	CHECK_STR(http_route_name(match.route), "number");
	CHECK_STR(http_route_method(match.route), "GET");
	built(BUILD("fixed", ), "/caf%C3%A9");
	built(BUILD("post", { "post", "a/b c%" }, { "id", "\xc3\xa9?#" }, ),
	      "/u/%C3%A9%3F%23/p/a%2Fb%20c%25.x");
	built(BUILD("number", { "n", "007" }, ), "/n/007");
	built(BUILD("file", { "path", "a/b c" }, ), "/f/a/b%20c");
	built(BUILD("file", { "path", "" }, ), "/f/");
	built(BUILD("pair", { "a", "x-y" }, { "b", "z" }, ), "/x-y-z");
	not_built(BUILD("nothing", ), -ENOENT, "no route is named \"nothing\"");
	not_built(BUILD("post", { "id", "1" }, ), -EINVAL, "no value for \"post\"");
	not_built(BUILD("number", { "n", "1" }, { "m", "2" }, ), -EINVAL, "no variable \"m\"");
	not_built(BUILD("number", { "n", "x" }, ), -EINVAL, "would not lead back");
	not_built(BUILD("number", { "n", "" }, ), -EINVAL, "would not lead back");
	not_built(BUILD("post", { "id", ".." }, { "post", "p" }, ), -EINVAL, "would not lead back");
	not_built(BUILD("file", { "path", "a/../../b" }, ), -EINVAL, "would not lead back");
	/* "z-w" would end up in the other variable. */
	not_built(BUILD("pair", { "a", "x" }, { "b", "z-w" }, ), -EINVAL, "would not lead back");
	http_router_free(router);
}

TEST_WITH(host_masks, "W16", .backends = ONCE)
{
	static const struct {
		const char *mask, *host;
		int fits;
	} vectors[] = {
		{ "example.com", "example.com", 1 },
		{ "example.com", "EXAMPLE.com", 1 },
		{ "Example.com", "example.com:8080", 1 },
		{ "example.com", "example.com.", 1 },
		{ "example.com", "example.com.:80", 1 },
		{ "example.com", "www.example.com", 0 },
		{ "example.com", "examplexcom", 0 },
		{ "*.example.com", "www.example.com", 1 },
		{ "*.example.com", "a.b.example.com", 1 },
		{ "*.example.com", "example.com", 0 },
		{ "*.example.com", "example.com.evil.org", 0 },
		{ "a-*.example.*", "a-1.example.org", 1 },
		{ "a-*.example.*", "b-1.example.org", 0 },
		{ "*", "x", 1 },
		{ "a*", "a", 1 },
		{ "a**", "abc", 1 },
		{ "*", "", 0 },
		{ "example.com:8080", "example.com:8080", 1 },
		{ "example.com:8080", "example.com", 0 },
		{ "example.com:8080", "example.com:80", 0 },
		{ "[::1]", "[::1]:80", 1 },
		{ "[::1]", "[::2]:80", 0 },
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		CHECK_INT(http_host_mask_match(vectors[i].mask, vectors[i].host,
					       strlen(vectors[i].host)),
			  vectors[i].fits);
	CHECK_INT(http_host_mask_check("*.example.com:80"), 0);
	CHECK_INT(http_host_mask_check("[::1]:80"), 0);
	CHECK_INT(http_host_mask_check(""), -EINVAL);
	CHECK_INT(http_host_mask_check(":80"), -EINVAL);
	CHECK_INT(http_host_mask_check("a..b"), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "an empty label");
	CHECK_INT(http_host_mask_check("http://a"), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "byte 0x3a at 4");
	CHECK_INT(http_host_mask_check("[::g]"), -EINVAL);
}

static int whole_life(const char *pattern)
{
	struct http_route_match match;
	char text[60], *path;
	int result;

	router = http_router_new(NULL);
	if (!router)
		return async_error_code();
	result = add_as("GET", "/fixed", "a");
	for (int i = 0; !result && i < 10; i++) {
		snprintf(text, sizeof text, "/fixed%d%s", i, pattern);
		result = http_router_add(router, &(struct http_route_options){ .method = "GET",
									       .pattern = text });
	}
	if (!result)
		result = http_router_match(router, "GET", 3, "/%41%42/../fixed1/1y2", 21, &match);
	if (result == HTTP_ROUTE_METHOD || result == HTTP_ROUTE_NONE)
		result = -EINVAL;
	if (result == HTTP_ROUTE_FOUND)
		http_route_match_end(&match);
	if (result >= 0)
		result = (int)http_router_allow(router, "/fixed1/1y2", 11, text, sizeof text);
	if (result >= 0) {
		path = http_router_build(router, "a", NULL, 0);
		result = path ? 0 : async_error_code();
		free(path);
	}
	http_router_free(router);
	return result;
}

TEST_WITH(out_of_memory, "X19", .backends = ONCE)
{
	static const char *const calls[] = { "malloc", "calloc", "realloc", "strdup", "strndup" };
	static const char *const patterns[] = { "/{x}y{z}", "/{x}y{z:\\d+}" };

	for (int i = 0; i < 10; i++) {
		const char *call = calls[i / 2];
		int nth = 1, result, failed = 0;

		for (;; nth++) {
			fault_clear();
			CHECK(fault_inject(call, nth, ENOMEM));
			result = whole_life(patterns[i % 2]);
			if (fault_count(call) < nth || result == -EOPNOTSUPP)
				break;
			/* Without compiled code expressions work as well. */
			CHECK(result == -ENOMEM || (!result && i % 2));
			failed += result == -ENOMEM;
		}
		CHECK(!result || (i % 2 && result == -EOPNOTSUPP));
		CHECK(failed || result);
	}
	fault_clear();
}

static int match_in_task(void *path)
{
	struct http_route_match match;
	int result = http_router_match(router, "GET", 3, path, strlen(path), &match);

	if (result == HTTP_ROUTE_FOUND)
		http_route_match_end(&match);
	return result;
}

/* On the smallest stack that a task may have, whatever the expression does. */
TEST_TASK_WITH(expressions_on_a_small_stack, "W10", .backends = BACKEND_EPOLL)
{
	static const struct async_task_options small = { .stack_bytes = 16 * 1024 };
	char *deep = calloc(1, 20002);
	async_task *task;
	int result;

	CHECK(deep);
	begin();
	add("GET", "/{a:(?:(?:x|y)(?:x|z)?)*(?:w)}");
	memset(deep, 'x', 20000);
	deep[0] = '/';
	task = async_create_task_with(&small, match_in_task, deep);
	result = await_task(task);
	CHECK(result == HTTP_ROUTE_NONE || result == -EMSGSIZE);
	deep[20000] = 'w';
	result = await_task(async_create_task_with(&small, match_in_task, deep));
	CHECK(result == HTTP_ROUTE_FOUND || result == -EMSGSIZE);
	http_router_free(router);
	free(deep);
}
