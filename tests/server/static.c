/* SPDX-License-Identifier: MIT */
/* A directory that is served: what is found, and what must not be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <await/http_test.h>
#include "server/static.h"
#include "fault.h"
#include "serving.h"

/*
 * site/public		served
 *	index.html, sub/index.html, empty/, a b.txt, c\d, .hidden, .git/config
 *	in -> a b.txt, out -> ../secret, abs -> /etc/passwd, up -> ..
 * site/secret		not served
 */
static char *make_public(void)
{
	static const char *const folders[] = { "public", "public/sub", "public/empty",
					       "public/.git" };
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "secret", "secret" },
		{ "public/index.html", "the index" },
		{ "public/sub/index.html", "the sub-index" },
		{ "public/a b.txt", "a and b" },
		{ "public/c\\d", "backslash" },
		{ "public/.hidden", "hidden" },
		{ "public/.git/config", "config" },
		{ "public/...", "three dots" },
	}, links[] = {
		{ "public/in", "a b.txt" },
		{ "public/out", "../secret" },
		{ "public/abs", "/etc/passwd" },
		{ "public/up", ".." },
	};
	char *site = make_site();

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		CHECK_INT(mkdir(site_path(site, folders[i]), 0755), 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		put_text(site, files[i].name, files[i].text);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		CHECK_INT(symlink(links[i].text, site_path(site, links[i].name)), 0);
	return site;
}

static async_http_server *serve_site(const char *site, const async_static_options *options)
{
	async_app *app = async_app_new(NULL);

	CHECK_INT(async_static(app, "/s", site_path(site, "public"), options), 0);
	return serve_app(app, NULL);
}

struct expected {
	const char *target, *wanted;
};

static void check_all(async_http_server *server, const struct expected *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *answer = get(server, cases[i].target);

		if (!strstr(answer, cases[i].wanted))
			harness_fail(__FILE__, __LINE__, "%s: no \"%s\" in \"%s\"", cases[i].target,
				     cases[i].wanted, answer);
		CHECK(!strstr(answer, "secret") && !strstr(answer, "root:"));
	}
}
#define CHECK_ALL(server, cases) check_all(server, cases, sizeof(cases) / sizeof *(cases))

static const struct expected usual[] = {
	{ "/s/a%20b.txt", "\r\n\r\na and b" },
	{ "/s/a%20b.txt", "Content-Type: text/plain; charset=utf-8\r\n" },
	{ "/s/a%20b.txt?x=/../y", "\r\n\r\na and b" },
	{ "/s/c%5Cd", "\r\n\r\nbackslash" },
	{ "/s/sub/../a%20b.txt", "\r\n\r\na and b" },
	{ "/s/in", "\r\n\r\na and b" },
	{ "/s/", "\r\n\r\nthe index" },
	{ "/s/", "Content-Type: text/html; charset=utf-8\r\n" },
	{ "/s/sub/", "\r\n\r\nthe sub-index" },
	{ "/s/sub", "308 Permanent Redirect\r\n" },
	{ "/s/sub", "Location: /s/sub/\r\n" },
	{ "/s/sub?a=b&c", "Location: /s/sub/?a=b&c\r\n" },
	{ "/s", "Location: /s/\r\n" },
	{ "/s/empty/", "403 Forbidden" },
	{ "/s/none", "404 Not Found" },
	{ "/s/none/", "404 Not Found" },
	{ "/s/a%20b.txt/", "404 Not Found" },
	{ "/s/a%20b.txt/x", "404 Not Found" },
};

static const struct expected forbidden[] = {
	{ "/s/out", "404 Not Found" },
	{ "/s/abs", "404 Not Found" },
	{ "/s/up/secret", "404 Not Found" },
	{ "/s/../secret", "404 Not Found" },
	{ "/s/%2e%2e/secret", "404 Not Found" },
	{ "/s/.%2E/secret", "404 Not Found" },
	{ "/s/..%2fsecret", "404 Not Found" },
	{ "/s/%2e%2e%2fsecret", "404 Not Found" },
	{ "/s/sub%2findex.html", "404 Not Found" },
	{ "/s/..%5Csecret", "404 Not Found" },
	{ "/s/%252e%252e/secret", "404 Not Found" },
	{ "/s//etc/passwd", "404 Not Found" },
	{ "/s/%2fetc%2fpasswd", "404 Not Found" },
	{ "/s//index.html", "404 Not Found" },
	{ "/s/sub//index.html", "404 Not Found" },
	{ "/s/index.html%00", "404 Not Found" },
	{ "/s/index.html%00.txt", "404 Not Found" },
	{ "/s/%00", "404 Not Found" },
	{ "/s/.hidden", "404 Not Found" },
	{ "/s/%2ehidden", "404 Not Found" },
	{ "/s/.git/config", "404 Not Found" },
	{ "/s/sub/../../secret", "404 Not Found" },
};

static bool has_openat2(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_PATH | O_CLOEXEC };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

TEST_TASK_WITH(what_is_found_and_what_is_not, "W39 W08", .deadline = 20)
{
	char *site = make_public();
	async_http_server *server = serve_site(site, NULL);

	CHECK_ALL(server, usual);
	CHECK_ALL(server, forbidden);
	/* Out and in again is out, where the kernel resolves. */
	if (has_openat2())
		CHECK_TEXT_HAS(get(server, "/s/up/public/index.html"), "404 Not Found");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

/* Old kernels, and containers whose filter knows no openat2. */
TEST_TASK_WITH(the_same_without_openat2, "W39", .deadline = 20)
{
	char *site = make_public();
	async_http_server *server = serve_site(site, NULL);

	CHECK(fault_inject_from("openat2", 1, ENOSYS));
	CHECK_ALL(server, usual);
	CHECK_ALL(server, forbidden);
	fault_clear();
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(methods, "W39 W08")
{
	char *site = make_public();
	async_http_server *server = serve_site(site, NULL);
	const char *answer;

	answer = ask(server, "HEAD /s/sub/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	CHECK_TEXT_HAS(answer, "200 OK\r\n");
	CHECK_TEXT_HAS(answer, "Content-Length: 13\r\n");
	CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	answer = ask(server, "PUT /s/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			     "Content-Length: 0\r\n\r\n");
	CHECK_TEXT_HAS(answer, "405 Method Not Allowed\r\n");
	CHECK_TEXT_HAS(answer, "Allow: GET, HEAD\r\n");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(what_options_allow, "W39")
{
	static const struct expected wanted[] = {
		{ "/s/.hidden", "\r\n\r\nhidden" },
		{ "/s/.git/config", "\r\n\r\nconfig" },
		{ "/s/...", "\r\n\r\nthree dots" },
		{ "/s/up/public/index.html", "\r\n\r\nthe index" },
		{ "/s/", "403 Forbidden" }, /* no index of that name */
		{ "/s/sub", "308 " },
		{ "/s/../secret", "404 Not Found" },
		{ "/s/..%2fsecret", "404 Not Found" },
	};
	char *site = make_public(), index[] = "start.htm";
	async_http_server *server = serve_site(site, &(async_static_options){ .hidden = true,
									      .follow_links = true,
									      .index = index });

	memset(index, 'x', sizeof index - 1); /* it is copied */
	CHECK_ALL(server, wanted);
	CHECK_TEXT_HAS(get(server, "/s/out"), "\r\n\r\nsecret");
	put_text(site, "public/start.htm", "start");
	CHECK_TEXT_HAS(get(server, "/s/"), "\r\n\r\nstart");
	CHECK_INT(await_http_close(server), 0);
	server = serve_site(site, &(async_static_options){ .index = "" });
	CHECK_TEXT_HAS(get(server, "/s/sub/"), "403 Forbidden");
	CHECK_TEXT_HAS(get(server, "/s/sub"), "403 Forbidden");
	CHECK_TEXT_HAS(get(server, "/s/sub/index.html"), "the sub-index");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(under_a_prefix_of_a_prefix_and_at_the_root, "W39 W08")
{
	async_app *app = async_app_new(NULL), *sub = async_app_new(NULL);
	char *site = make_public();
	async_http_server *server;

	CHECK_INT(async_static(sub, "/files/", site_path(site, "public"), NULL), 0);
	CHECK_INT(async_static(app, "", site_path(site, "public"), NULL), 0);
	CHECK_INT(async_route(app, "GET", "/dynamic", say, "dynamic"), 0);
	CHECK_INT(async_mount(app, "/api", sub), 0);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/dynamic"), "\r\n\r\ndynamic");
	CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nthe index");
	CHECK_TEXT_HAS(get(server, "/sub"), "Location: /sub/\r\n");
	CHECK_TEXT_HAS(get(server, "/api/files/sub"), "Location: /api/files/sub/\r\n");
	CHECK_TEXT_HAS(get(server, "/api/files/sub/"), "the sub-index");
	CHECK_TEXT_HAS(get(server, "//sub"), "404 Not Found");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(wrong_arguments, "W39")
{
	static const struct {
		const char *prefix, *directory;
		int error;
	} cases[] = {
		{ "/s", "/no/such/directory", -ENOENT },
		{ "/s", "/dev/null", -ENOTDIR },
		{ "s", "/", -EINVAL },
		{ NULL, "/", -EINVAL },
		{ "/s", NULL, -EINVAL },
		{ "/{path}", "/", -EINVAL },
	};
	async_app *app;

	CHECK_INT(async_static(NULL, "/s", "/", NULL), -EINVAL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		app = async_app_new(NULL);
		CHECK_INT(async_static(app, cases[i].prefix, cases[i].directory, NULL),
			  cases[i].error);
		/* It is kept for the one who serves. */
		CHECK_INT(await_http_serve(app, "127.0.0.1:0"), cases[i].error);
	}
	app = async_app_new(NULL);
	CHECK_INT(async_static(app, "/s", "/no/such/directory", NULL), -ENOENT);
	CHECK_STR(async_error(), "async_static: the directory /no/such/directory: No such file or "
				 "directory (ENOENT)");
	async_app_free(app);
	for (int nth = 1; nth < 6; nth++) {
		app = async_app_new(NULL);
		CHECK(fault_inject(nth % 2 ? "malloc" : "calloc", 1 + nth / 2, ENOMEM));
		CHECK(async_static(app, "/s", "/", NULL) == -ENOMEM || nth > 3);
		fault_clear();
		async_app_free(app);
	}
}

TEST_TASK(an_application_that_is_served_takes_no_more, "W39 W08")
{
	async_request *request = async_fake_request("GET", "/", NULL, NULL, 0);
	async_app *app = async_app_new(NULL);

	CHECK_INT(await_fake_answer(request, app), 404);
	CHECK_INT(async_static(app, "/s", "/", NULL), -EBUSY);
	async_fake_free(request);
	async_app_free(app);
}

TEST(paths_that_may_be_opened, "W39")
{
	static const char *const valid[] = { "", "a", "a/", "a/b", "a\\..\\b", "a..", "..a/b" };
	static const char *const invalid[] = { "/",    "/a",   "a//b",	".",  "..",
					       "../a", "a/..", "a/./b", "a//" };

	for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
		CHECK(static_path_valid(valid[i], strlen(valid[i]), true));
	for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
		CHECK(!static_path_valid(invalid[i], strlen(invalid[i]), true));
	CHECK(!static_path_valid("a\0b", 3, true));
	CHECK(!static_path_valid("a/.b", 4, false));
	CHECK(static_path_valid("a/.b", 4, true));
}
