/* SPDX-License-Identifier: MIT */
/* Bodies and answers that are JSON. */
#include <errno.h>
#include <jansson.h>
#include "serving.h"

static int add(async_request *request, void *arg)
{
	json_t *body = await_request_json(request);
	json_int_t a, b;

	(void)arg;
	if (!body)
		return async_error_code();
	CHECK(await_request_json(request) == body);
	if (json_unpack(body, "{s:I, s:I}", "a", &a, "b", &b))
		return async_refuse(request, 422, "two numbers, a and b");
	return await_respond_json(request, json_pack("{s:I}", "sum", a + b));
}

static const char *post_json(async_http_server *server, const char *type, const char *body)
{
	char text[500];

	snprintf(text, sizeof text,
		 "POST / HTTP/1.0\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", type,
		 strlen(body), body);
	return ask(server, text);
}

TEST_TASK(json_in_and_out, "W21 W26 Z34")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "POST", "/", add, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(post_json(server, "application/json", "{\"a\": 1, \"b\": 41}"),
		       "Content-Type: application/json\r\nContent-Length: 11\r\n");
	CHECK_TEXT_HAS(post_json(server, "application/vnd.x+json; charset=utf-8",
				 "{\"a\": 1, \"b\": 41}"),
		       "\r\n\r\n{\"sum\": 42}");
	CHECK_TEXT_HAS(post_json(server, "text/plain", "{\"a\": 1, \"b\": 41}"),
		       "415 Unsupported Media Type");
	CHECK_TEXT_HAS(post_json(server, "application/json", "{\"a\": 1,"), "400 Bad Request");
	CHECK_TEXT_HAS(post_json(server, "application/json", "{\"a\": 1,"), "line 1, column");
	CHECK_TEXT_HAS(post_json(server, "application/json", "[]"), "422 Unprocessable Content");
	CHECK_TEXT_HAS(post_json(server, "application/json", "[]"), "two numbers, a and b");
	CHECK_INT(await_http_close(server), 0);
}

static int bad_json(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_json(request, json_pack("{s:", "a"));
}

TEST_TASK_WITH(json_that_could_not_be_made, "W26 W32", .expect_stderr = "json_pack")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", bad_json, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_INT(await_http_close(server), 0);
}
