/* SPDX-License-Identifier: MIT */
/* Applications: what can be put together, what cannot, and who answers what. */
#include <errno.h>
#include "serving.h"

TEST_WITH(mistakes_are_told_where_they_are_made, "W08 W10 W12", .backends = ONCE)
{
	static const struct {
		const char *method, *pattern, *name, *text;
		int error;
	} cases[] = {
		{ "GET", "about", NULL, "slash", -EINVAL },
		{ "GET", "", NULL, "slash", -EINVAL },
		{ "GET", "/{", NULL, "{", -EINVAL },
		{ "GET", "/{a}/{a}", NULL, "a", -EINVAL },
		{ "G T", "/", NULL, "method", -EINVAL },
		{ "", "/", NULL, "method", -EINVAL },
		{ "GET", "/x", "not a name", "not a name", -EINVAL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		async_app *app = async_app_new(NULL);
		async_route_options options = { .name = cases[i].name };

		CHECK_INT(async_route_with(app, &options, cases[i].method, cases[i].pattern, say,
					   (void *)"x"),
			  cases[i].error);
		CHECK_TEXT_HAS(async_error(), cases[i].text);
		async_app_free(app);
	}
}

TEST_WITH(a_bad_expression_is_told_with_its_place, "W10", .backends = ONCE)
{
	async_app *app = async_app_new(NULL);
	int error = async_route(app, "GET", "/{a:(}", say, "");

	CHECK(error == -EINVAL || error == -EOPNOTSUPP);
	CHECK_TEXT_HAS(async_error(), error == -EINVAL ? "offset" : "PCRE2");
	async_app_free(app);
}

TEST_WITH(two_equal_routes_are_refused, "W08", .backends = ONCE)
{
	async_app *app = async_app_new(NULL);

	CHECK_INT(async_route(app, "GET,POST", "/a/{b}", say, ""), 0);
	CHECK_INT(async_route(app, "POST", "/a/{c}", say, ""), -EEXIST);
	CHECK_TEXT_HAS(async_error(), "/a/{c}");
	CHECK_INT(async_route(NULL, "GET", "/", say, ""), -EINVAL);
	CHECK_INT(async_route(app, "GET", "/x", NULL, ""), -EINVAL);
	async_app_free(app);
	async_app_free(NULL);
}

TEST_TASK(the_first_mistake_is_what_serving_fails_with, "W08 W01")
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "nowhere", say, "x");
	async_route(app, "GET", "/ok", say, "x");
	CHECK(!await_http_start(NULL, app, "127.0.0.1:0"));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "nowhere");
	CHECK(!await_http_start(NULL, NULL, "127.0.0.1:0"));
	CHECK_INT(async_error_code(), -EINVAL);
}

TEST_TASK(fixed_comes_before_variable, "W09 W10 W11 W13")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/{any}", say, "any");
	async_route(app, "GET", "/one", say, "one");
	if (async_route(app, "GET", "/a/{tail:.*}", say, "tail") == -EOPNOTSUPP) {
		async_app_free(app);
		SKIP("built without PCRE2");
	}
	async_route(app, "GET", "/a/b/{c}", say, "c");
	async_route(app, "GET", "/n/{n:\\d+}", say, "n");
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/one"), "\r\n\r\none");
	CHECK_TEXT_HAS(get(server, "/two"), "\r\n\r\nany");
	CHECK_TEXT_HAS(get(server, "/two%2Fthree"), "\r\n\r\nany");
	CHECK_TEXT_HAS(get(server, "/x/../%6fne"), "\r\n\r\none");
	CHECK_TEXT_HAS(get(server, "/a/b/c"), "\r\n\r\nc");
	CHECK_TEXT_HAS(get(server, "/a/b/c/d"), "\r\n\r\ntail");
	CHECK_TEXT_HAS(get(server, "/n/12"), "\r\n\r\nn");
	CHECK_TEXT_HAS(get(server, "/n/x"), "404 Not Found");
	CHECK_TEXT_HAS(get(server, "/"), "404 Not Found");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(another_method_is_405_with_allow, "W08 W11 W14")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", say, "x");
	async_route(app, "PUT,DELETE", "/", say, "y");
	async_route_with(app, &(async_route_options){ .no_head = true }, "GET", "/no-head", say,
			 (void *)"z");
	async_route(app, "*", "/all", say, "all");
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(ask(server, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		       "405 Method Not Allowed\r\nAllow: DELETE, GET, HEAD, PUT\r\n");
	CHECK_TEXT_HAS(ask(server,
			   "HEAD /no-head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		       "405 Method Not Allowed\r\nAllow: GET\r\n");
	CHECK_TEXT_HAS(ask(server, "BREW /all HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		       "\r\n\r\nall");
	CHECK_TEXT_HAS(ask(server, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		       "404 Not Found");
	CHECK_INT(await_http_close(server), 0);
}

static int tag(async_request *request, void *text)
{
	int result;

	async_respond_add(request, "Tag", text);
	result = await_next(request);
	if (result == 404)
		return await_respond_printf(request, "lost, says %s", (char *)text);
	return result;
}

TEST_TASK(applications_in_applications, "W15 W17 W01 W31")
{
	static const int key, other;
	async_app *app = async_app_new(NULL), *api = async_app_new(NULL), *v2 = async_app_new(NULL);
	async_http_server *server;
	char *path;

	async_middleware(app, tag, (void *)"outer");
	async_middleware(api, tag, (void *)"api");
	async_app_set_value(app, &key, (void *)"of all");
	async_app_set_value(api, &other, (void *)"of api");
	async_route(app, "GET", "/", say, "root");
	async_route(api, "GET", "/", say, "api");
	async_route_with(v2, &(async_route_options){ .name = "item" }, "GET", "/items/{id}", say,
			 (void *)"item");
	CHECK_INT(async_mount(api, "/v2", v2), 0);
	CHECK_INT(async_mount(app, "/api", api), 0);
	CHECK_INT(async_mount(app, "/twice", api), -EINVAL);
	CHECK_INT(async_mount(v2, "/loop", app), -EINVAL);
	async_app_free(api); /* mounted: nothing happens */
	CHECK_STR(async_app_value(v2, &key), "of all");
	CHECK_STR(async_app_value(v2, &other), "of api");
	CHECK(!async_app_value(app, &other));
	path = async_app_url(v2, "item", "id", "a b/c", NULL);
	CHECK_STR(path, "/api/v2/items/a%20b%2Fc");
	free(path);
	CHECK(!async_app_url(v2, "item", NULL));
	CHECK_TEXT_HAS(async_error(), "id");
	CHECK(!async_app_url(v2, "nothing", NULL));

	/* The refused mounts are what serving fails with: another application, then. */
	async_app_free(app);
	app = async_app_new(NULL);
	api = async_app_new(NULL);
	v2 = async_app_new(NULL);
	async_middleware(app, tag, (void *)"outer");
	async_middleware(api, tag, (void *)"api");
	async_route(app, "GET", "/", say, "root");
	async_route(api, "GET", "/", say, "api");
	async_route(v2, "GET", "/items/{id}", say, "item");
	async_mount(api, "/v2", v2);
	async_mount(app, "/api", api);
	server = serve_app(app, NULL);
	CHECK_INT(async_route(v2, "GET", "/late", say, ""), -EBUSY);
	CHECK_TEXT_HAS(get(server, "/"), "Tag: outer\r\nContent-Type");
	CHECK_TEXT_HAS(get(server, "/api/"), "Tag: outer\r\nTag: api\r\nContent-Type");
	CHECK_TEXT_HAS(get(server, "/api/v2/items/7"), "\r\n\r\nitem");
	CHECK_TEXT_HAS(get(server, "/api/v2/items"), "lost, says api");
	CHECK_TEXT_HAS(get(server, "/apix"), "lost, says outer");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(mounting_needs_a_prefix, "W15")
{
	static const char *const bad[] = { "", "/", "api", "/api/", "/{x}", NULL };
	async_app *app = async_app_new(NULL), *sub = async_app_new(NULL);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(async_mount(app, bad[i], sub), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "prefix");
	}
	async_app_free(sub);
	async_app_free(app);
}

TEST_TASK(hosts_come_first, "W16")
{
	async_app *app = async_app_new(NULL), *sub = async_app_new(NULL),
		  *wild = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", say, "default");
	async_route(sub, "GET", "/", say, "exact");
	async_route(wild, "GET", "/", say, "wild");
	async_mount_host(app, "example.com", sub);
	async_mount_host(app, "*.example.com", wild);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/"), "default");
	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.0\r\nHost: EXAMPLE.com\r\n\r\n"), "exact");
	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.0\r\nHost: a.example.com:80\r\n\r\n"), "wild");
	CHECK_TEXT_HAS(ask(server, "GET http://example.com/ HTTP/1.0\r\nHost: x\r\n\r\n"), "exact");
	CHECK_INT(await_http_close(server), 0);
}

static char order[200];

static int note_start(async_app *app, void *name)
{
	(void)app;
	strcat(strcat(order, " +"), name);
	await_sleep(0.001);
	return 0;
}

static int note_stop(async_app *app, void *name)
{
	(void)app;
	await_sleep(0.001);
	strcat(strcat(order, " -"), name);
	return 0;
}

static int note_closing(async_app *app, void *name)
{
	(void)app;
	strcat(strcat(order, " !"), name);
	return 0;
}

static int fail_start(async_app *app, void *name)
{
	(void)app;
	(void)name;
	return async_fail(-EIO, "no database");
}

static int tick(void *arg)
{
	strcat(order, arg);
	while (!await_sleep(1000))
		continue;
	strcat(order, " end");
	return 0;
}

TEST_TASK(hooks_in_order_and_back, "W04 W05 W06")
{
	async_app *app = async_app_new(NULL), *sub = async_app_new(NULL);
	async_http_server *server;

	order[0] = '\0';
	async_app_hooks(app, note_start, note_stop, (void *)"a");
	async_app_hooks(app, note_start, note_stop, (void *)"b");
	async_app_hooks(sub, note_start, note_stop, (void *)"sub");
	async_app_on_closing(app, note_closing, (void *)"closing");
	async_app_background(app, tick, (void *)" tick");
	async_mount(app, "/sub", sub);
	server = serve_app(app, NULL);
	await_sleep(0.01);
	CHECK_STR(order, " +a +b +sub tick");
	CHECK_INT(await_http_close(server), 0);
	CHECK_STR(order, " +a +b +sub tick !closing end -sub -b -a");
}

TEST_TASK(a_failing_start_undoes_what_started, "W05 W06")
{
	async_app *app = async_app_new(NULL);

	order[0] = '\0';
	async_app_hooks(app, note_start, note_stop, (void *)"a");
	async_app_hooks(app, fail_start, note_stop, (void *)"b");
	async_app_hooks(app, note_start, note_stop, (void *)"c");
	CHECK(!await_http_start(NULL, app, "127.0.0.1:0"));
	CHECK_INT(async_error_code(), -EIO);
	CHECK_TEXT_HAS(async_error(), "no database");
	CHECK_STR(order, " +a -a");
}

static int answer_all(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_printf(request, "%s %s", async_request_method(request),
				    async_request_path(request));
}

TEST_TASK(one_handler_for_everything, "W07 Z35")
{
	async_app *app = async_app_new(NULL);
	async_server *plain;
	async_http_server *http;
	char text[100];
	async_stream *stream;

	async_fallback(app, answer_all, NULL);
	async_route(app, "*", "/pot", answer_all, NULL);
	http = await_http_open(NULL, app);
	plain = await_server_start(NULL, "127.0.0.1:0", await_http_connection, http);
	stream = await_connect_stream(async_server_address(plain, 0));
	send_text(stream, "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nBREW /pot");
	await_stream_close(stream);
	/* Nobody's handler is asked to be a proxy. */
	stream = await_connect_stream(async_server_address(plain, 0));
	send_text(stream, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "501 Not Implemented");
	await_stream_close(stream);
	snprintf(text, sizeof text, "%s", async_server_address(plain, 0));
	CHECK_INT(await_server_close(plain, NULL), 0);
	CHECK_INT(await_http_close(http), 0);
}

TEST_TASK(slashes_are_put_right, "W18")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/dir/", say, "dir");
	async_route(app, "GET", "/a/b", say, "file");
	CHECK_INT(async_normalize_paths(app, ASYNC_ADD_SLASH | ASYNC_MERGE_SLASHES), 0);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/dir?x=1"),
		       "308 Permanent Redirect\r\nLocation: /dir/?x=1\r\n");
	CHECK_TEXT_HAS(get(server, "/a//b"), "Location: /a/b\r\n");
	CHECK_TEXT_HAS(get(server, "//dir"), "Location: /dir/\r\n");
	CHECK_TEXT_HAS(get(server, "/none"), "404 Not Found");
	CHECK_INT(await_http_close(server), 0);
}

TEST_WITH(both_ways_with_slashes_make_no_sense, "W18", .backends = ONCE)
{
	async_app *app = async_app_new(NULL);

	CHECK_INT(async_normalize_paths(app, ASYNC_ADD_SLASH | ASYNC_REMOVE_SLASH), -EINVAL);
	CHECK_INT(async_normalize_paths(app, 64), -EINVAL);
	async_app_free(app);
}
