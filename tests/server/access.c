/* SPDX-License-Identifier: MIT */
/* The access log. */
#include <errno.h>
#include "serving.h"

static int tagged(async_request *request, void *arg)
{
	(void)arg;
	async_respond_header(request, "X-Tag", "a\tb");
	return await_respond_text(request, "hello");
}

static char *logged(const char *format, const char *request)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	async_http_options options = { .access_log = out, .access_format = format };
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", tagged, NULL);
	server = serve_app(app, &options);
	ask(server, request);
	CHECK_INT(await_http_close(server), 0);
	fclose(out);
	return text;
}

TEST_TASK_WITH(the_usual_line, "W44 M15", .may_leak = 1) /* libc keeps its time zone */
{
	char *text = logged(NULL,
			    "GET /?q=\"x HTTP/1.0\r\nReferer: http://a/\r\nUser-Agent: a\tb\\c"
			    "\r\n\r\n");

	CHECK(!strncmp(text, "127.0.0.1 [", 11));
	CHECK_TEXT_HAS(text, "] \"GET /?q=\\\"x HTTP/1.0\" 200 5 \"http://a/\" \"a\\x09b\\\\c\"\n");
	free(text);
}

TEST_TASK(fields_of_ones_own, "W44")
{
	char *text =
		logged("%s|%b|%{X-None}i|%{x-tag}o|%T|%%|%P|%Tf|%D", "GET /none HTTP/1.0\r\n\r\n");

	CHECK(!strncmp(text, "404|15|-|-|0|%|", 15));
	free(text);
	text = logged("%{x-tag}o", "GET / HTTP/1.0\r\n\r\n");
	CHECK_STR(text, "a\\x09b\n");
	free(text);
}

TEST_TASK(what_was_no_request_is_logged_too, "W44 M15")
{
	char *text = logged("%a \"%r\" %s", "GET / HTTP/1.1\r\nHost: \x1b[31m\r\n\r\n");

	CHECK_STR(text, "127.0.0.1 \"- - HTTP/1.1\" 400\n");
	free(text);
}

TEST_TASK(a_bad_format_is_no_server, "W44")
{
	static const char *const bad[] = { "%", "%q", "%{a}x", "%{a", "%{}i" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		async_http_options options = { .access_log = stdout, .access_format = bad[i] };

		CHECK(!await_http_start(&options, async_app_new(NULL), "127.0.0.1:0"));
		CHECK_INT(async_error_code(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "access_format");
	}
}

static int logged_status;

static void log_slowly(async_request *request, void *arg)
{
	await_sleep(0.01);
	CHECK(async_answered_seconds(request) >= 0.01);
	CHECK_INT(async_answered_bytes(request), 5);
	logged_status = async_answered_status(request) + async_int(arg);
}

TEST_TASK(a_logger_of_ones_own_may_wait, "W44")
{
	async_http_options options = { .log = log_slowly, .log_arg = ASYNC_INT(1000) };
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", tagged, NULL);
	server = serve_app(app, &options);
	CHECK_TEXT_HAS(get(server, "/"), "hello");
	CHECK_INT(logged_status, 1200);
	CHECK_INT(await_http_close(server), 0);
}
