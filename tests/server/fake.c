/* SPDX-License-Identifier: MIT */
/* Handlers and applications without a network. */
#include <await/http_test.h>
#include <errno.h>
#include "serving.h"

static int greet(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	async_respond_header(request, "X-Arg", arg);
	return n < 0 ? (int)n :
		       await_respond_printf(
			       request, "%s %s from %s at %s%s: %.*s",
			       async_request_method(request), async_request_match(request, "who"),
			       async_request_remote(request), async_request_host(request),
			       async_request_is_ending(request) ? "!" : "", (int)n, body);
}

static int in_parts(async_request *request, void *arg)
{
	async_respond_length(request, (uint64_t)async_int(arg));
	await_respond_write(request, "one", 3);
	return await_respond_write(request, "two", 3);
}

TEST_TASK(an_application_answers_without_a_network, "T03 T01 W07")
{
	async_app *app = async_app_new(NULL);
	async_request *request =
		async_fake_request("POST", "/hello/you?x", "Host: here\r\nX: y\r\n", "a body", 6);
	size_t size;

	async_route(app, "POST", "/hello/{who}", greet, "arg");
	CHECK_INT(await_fake_answer(request, app), 200);
	CHECK_STR(async_fake_body(request, &size), "POST you from unix: at here: a body");
	CHECK_INT(size, 35);
	CHECK_STR(async_fake_header(request, "x-arg"), "arg");
	async_fake_free(request);

	request = async_fake_request("GET", "/nope", NULL, NULL, 0);
	CHECK_INT(await_fake_answer(request, app), 404);
	CHECK_STR(async_fake_body(request, NULL), "404: Not Found\n");
	async_fake_free(request);

	request = async_fake_request("HEAD", "/hello/x", NULL, NULL, 0);
	CHECK_INT(await_fake_answer(request, app), 405);
	CHECK_STR(async_fake_body(request, NULL), "");
	CHECK_STR(async_fake_header(request, "Allow"), "POST");
	async_fake_free(request);
	CHECK_INT(async_route(app, "GET", "/late", greet, ""), -EBUSY);
	async_app_free(app);
}

TEST_TASK_WITH(a_handler_alone, "T03", .expect_stderr = "shorter by 4")
{
	async_request *request = async_fake_request("GET", "/", NULL, NULL, 0);

	CHECK_INT(await_fake_call(request, in_parts, ASYNC_INT(6)), 200);
	CHECK_STR(async_fake_body(request, NULL), "onetwo");
	async_fake_free(request);
	request = async_fake_request("GET", "/", NULL, NULL, 0);
	CHECK(await_fake_call(request, in_parts, ASYNC_INT(10)) < 0);
	async_fake_free(request);
	request = async_fake_request("GET", "/", NULL, NULL, 0);
	CHECK(await_fake_call(request, in_parts, ASYNC_INT(4)) < 0);
	async_fake_free(request);
	CHECK_INT(await_fake_call(NULL, in_parts, NULL), -EINVAL);
	async_fake_free(NULL);
}

TEST_TASK(what_no_server_would_take_is_no_request, "T03")
{
	CHECK(!async_fake_request("G T", "/", NULL, NULL, 0));
	CHECK_INT(async_error_code(), -EBADMSG);
	CHECK(!async_fake_request("GET", "/ x", NULL, NULL, 0));
	CHECK(!async_fake_request("GET", "/", "X: y", NULL, 0));
	CHECK_TEXT_HAS(async_error(), "CR");
	CHECK(!async_fake_request("GET", "/", "X: y\r\n\r\nZ: a\r\n", NULL, 0));
}
