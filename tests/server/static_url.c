/* SPDX-License-Identifier: MIT */
/* Paths with a version: a hash that follows the contents. */
#include <errno.h>
#include "fault.h"
#include "serving.h"

static async_app *make_app(const char *site, const char *prefix)
{
	async_app *app = async_app_new(NULL);

	CHECK_INT(async_static(app, prefix, site, &(async_static_options){ .name = "static" }), 0);
	return app;
}

static void check_url(async_app *app, const char *path, const char *wanted)
{
	char *url = await_static_url(app, "static", path);

	CHECK_STR(url ? url : async_error(), wanted);
	free(url);
}

/* The first 12 bytes of the digests of "abc" and "", in base64url. */
#define ABC   "ungWv48Bz-pBQUDe"
#define EMPTY "47DEQpj8HBSa-_TI"

TEST_TASK(a_version_is_the_hash_of_the_contents, "W39")
{
	char *site = make_site();
	async_app *app = make_app(site, "/assets");

	put_text(site, "a b.css", "abc");
	put_text(site, "empty", "");
	CHECK_INT(mkdir(site_path(site, "sub"), 0755), 0);
	put_text(site, "sub/x.js", "abc");
	check_url(app, "a b.css", "/assets/a%20b.css?v=" ABC);
	check_url(app, "empty", "/assets/empty?v=" EMPTY);
	check_url(app, "sub/x.js", "/assets/sub/x.js?v=" ABC);
	/* Computed once; anew when the file has changed. */
	CHECK(fault_inject_from("malloc", 1000, ENOMEM));
	check_url(app, "a b.css", "/assets/a%20b.css?v=" ABC);
	put_text(site, "a b.css", "");
	check_url(app, "a b.css", "/assets/a%20b.css?v=" EMPTY);
	async_app_free(app);
	remove_site(site);
}

TEST_TASK(versions_below_a_mounted_application, "W39")
{
	async_app *outer = async_app_new(NULL);
	char *site = make_site();
	async_app *app = make_app(site, "/s");
	async_http_server *server;
	char *url;

	put_text(site, "a.css", "abc");
	CHECK_INT(async_mount(outer, "/shop", app), 0);
	server = serve_app(outer, NULL);
	url = await_static_url(app, "static", "a.css");
	CHECK_STR(url, "/shop/s/a.css?v=" ABC);
	CHECK_TEXT_HAS(get(server, url), "\r\n\r\nabc");
	free(url);
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(files_without_a_version, "W39")
{
	static const struct {
		const char *name, *path;
		int error;
	} cases[] = {
		{ "static", "none", -ENOENT }, { "other", "a", -ENOENT },
		{ NULL, "a", -ENOENT },	       { "static", NULL, -ENOENT },
		{ "static", "", -ENOENT },     { "static", "../a", -ENOENT },
		{ "static", "out", -EXDEV },   { "static", "sub", -EINVAL },
	};
	char *site = make_site();
	async_app *app = make_app(site, "/s");

	put_text(site, "a", "abc");
	CHECK_INT(mkdir(site_path(site, "sub"), 0755), 0);
	CHECK_INT(symlink("/etc/passwd", site_path(site, "out")), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK(!await_static_url(app, cases[i].name, cases[i].path));
		CHECK_INT(async_error_code(), cases[i].error);
	}
	CHECK(!await_static_url(NULL, "static", "a"));
	async_timeout (0)
		CHECK(!await_static_url(app, "static", "a"));
	CHECK(fault_inject("malloc", 1, ENOMEM)); /* that of its cache: it still answers */
	check_url(app, "a", "/s/a?v=" ABC);
	fault_clear();
	async_app_free(app);
	remove_site(site);
}
