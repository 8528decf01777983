/* SPDX-License-Identifier: MIT */
/* Cookies, validators, conditions and ranges as handlers use them. */
#include <errno.h>
#include "serving.h"

static int cookies(async_request *request, void *arg)
{
	const char *seen = async_request_cookie(request, "seen");

	(void)arg;
	CHECK(!async_request_cookie(request, "none"));
	async_respond_cookie(request, &(async_cookie){ .name = "a", .value = "b c" });
	async_respond_cookie(request, &(async_cookie){ .name = "s",
						       .value = "1",
						       .path = "/x",
						       .domain = "example.com",
						       .max_age = 60,
						       .same_site = "Strict",
						       .secure = true,
						       .http_only = true });
	async_respond_delete_cookie(request, "old");
	return await_respond_text(request, seen ? seen : "new");
}

TEST_TASK(cookies_both_ways, "W19 W29")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	const char *answer;

	async_route(app, "GET", "/", cookies, NULL);
	server = serve_app(app, NULL);
	answer = ask(server, "GET / HTTP/1.0\r\nCookie: x=y; seen=\"be fore\"; seen=2\r\n\r\n");
	CHECK_TEXT_HAS(answer, "Set-Cookie: a=\"b c\"; Path=/\r\n");
	CHECK_TEXT_HAS(answer, "Set-Cookie: s=1; ");
	CHECK_TEXT_HAS(answer, "Max-Age=60");
	CHECK_TEXT_HAS(answer, "SameSite=Strict");
	CHECK_TEXT_HAS(answer, "Set-Cookie: old=");
	CHECK_TEXT_HAS(answer, "\r\n\r\nbe fore");
	CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nnew");
	CHECK_INT(await_http_close(server), 0);
}

static int bad_cookie(async_request *request, void *which)
{
	static const async_cookie bad[] = {
		{ .name = "a", .value = "b\r\nSet-Cookie: c" },
		{ .name = "a b", .value = "c" },
		{ .name = "a", .value = "b", .path = "/; Domain=x" },
		{ .name = "a", .value = "b", .same_site = "Sometimes" },
		{ .name = "a", .value = "b", .same_site = "None" },
		{ .value = "b" },
	};

	CHECK_INT(async_respond_cookie(request, &bad[async_int(which)]), -EINVAL);
	return await_respond_text(request, "never");
}

TEST_TASK_WITH(a_cookie_smuggles_nothing, "W29 M13", .expect_stderr = "cookie")
{
	for (int i = 0; i < 6; i++) {
		async_app *app = async_app_new(NULL);
		async_http_server *server;

		async_route(app, "GET", "/", bad_cookie, ASYNC_INT(i));
		server = serve_app(app, NULL);
		CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
		CHECK_INT(await_http_close(server), 0);
	}
}

static int validated(async_request *request, void *arg)
{
	static const char body[] = "0123456789";
	uint64_t first, count;
	int status;

	(void)arg;
	CHECK_INT(async_respond_etag(request, "v1", false), 0);
	CHECK_INT(async_respond_last_modified(request, 784111777), 0);
	status = async_respond_condition(request);
	if (status)
		return status;
	status = async_respond_range(request, 10, &first, &count);
	if (status == 416)
		return status;
	return await_respond_data(request, "text/plain", body + first, count);
}

static const char *ask_with(async_http_server *server, const char *fields)
{
	char text[400];

	snprintf(text, sizeof text, "GET / HTTP/1.0\r\n%s\r\n\r\n", fields);
	return ask(server, text);
}

TEST_TASK(conditions_and_ranges, "W20 W30 W42")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", validated, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(ask_with(server, "If-None-Match: \"v1\""), "304 Not Modified\r\n");
	CHECK_TEXT_HAS(ask_with(server, "If-None-Match: \"v1\""), "ETag: \"v1\"\r\n");
	CHECK(!strstr(ask_with(server, "If-None-Match: \"v1\""), "Content-Length"));
	CHECK_TEXT_HAS(ask_with(server, "If-None-Match: \"v2\""), "\r\n\r\n0123456789");
	CHECK_TEXT_HAS(ask_with(server, "If-Match: \"v2\""), "412 Precondition Failed");
	CHECK_TEXT_HAS(ask_with(server, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
		       "304 Not Modified");
	CHECK_TEXT_HAS(ask_with(server, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT"),
		       "412 Precondition Failed");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=2-4"), "206 Partial Content\r\n");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=2-4"), "Content-Range: bytes 2-4/10\r\n");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=2-4"), "\r\n\r\n234");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=-1"), "\r\n\r\n9");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=20-"), "416 Range Not Satisfiable");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=20-"), "Content-Range: bytes */10\r\n");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=2-4\r\nIf-Range: \"v2\""),
		       "\r\n\r\n0123456789");
	CHECK_INT(await_http_close(server), 0);
}

static int shows_date(async_request *request, void *arg)
{
	time_t time = 0;
	int error = async_request_date(request, "If-Modified-Since", &time);

	(void)arg;
	CHECK_INT(async_respond_etag(request, "a\"b", false), -EINVAL);
	return error == -ENOENT ? 404 : error ? async_refuse(request, 400, "no date") : 204;
}

TEST_TASK_WITH(dates_and_bad_tags, "W20 W30", .expect_stderr = "GET /")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", shows_date, NULL);
	server = serve_app(app, NULL);
	/* The tag that was refused fails what would have been the answer. */
	CHECK_TEXT_HAS(ask_with(server, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"), "500");
	CHECK_TEXT_HAS(ask_with(server, "If-Modified-Since: yesterday"), "500");
	CHECK_INT(await_http_close(server), 0);
}
