/* SPDX-License-Identifier: MIT */
/* Answers: what goes out, whole and in pieces, and what is refused. */
#include <errno.h>
#include "serving.h"

static async_http_server *serve_one(async_http_handler *handler, void *arg)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET,POST", "/", handler, arg);
	return serve_app(app, NULL);
}

static int prepared(async_request *request, void *arg)
{
	(void)arg;
	async_respond_status(request, 201);
	async_respond_header(request, "X-One", "1");
	async_respond_header(request, "x-one", "2");
	async_respond_add(request, "X-Two", "a");
	async_respond_add(request, "X-Two", "b");
	async_respond_header(request, "X-Three", "gone");
	async_respond_header(request, "X-Three", NULL);
	for (int i = 0; i < 5; i++)
		async_respond_add(request, "X-More", "than lie in the request");
	CHECK_STR(async_respond_header_value(request, "X-ONE"), "2");
	CHECK(!async_respond_header_value(request, "X-Three"));
	async_respond_last_modified(request, 784111777);
	async_respond_header(request, "Server", "mine");
	return await_respond_html(request, "<p>");
}

TEST_TASK(fields_are_set_added_and_taken_away, "W25 W30 W31")
{
	async_http_server *server = serve_one(prepared, NULL);
	const char *answer = get(server, "/");

	CHECK_TEXT_HAS(answer,
		       "HTTP/1.1 201 Created\r\nx-one: 2\r\nX-Two: a\r\nX-Two: b\r\nX-More");
	CHECK_TEXT_HAS(answer, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: mine\r\n"
			       "Content-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n"
			       "Connection: close\r\n\r\n<p>");
	CHECK_INT(await_http_close(server), 0);
}

static int split(async_request *request, void *arg)
{
	const char *name = async_request_query_value(request, "n");
	const char *value = async_request_query_value(request, "v");

	(void)arg;
	CHECK_INT(async_respond_header(request, name, value), -EINVAL);
	return await_respond_text(request, "never");
}

TEST_TASK_WITH(nothing_unsafe_goes_out, "M13 M06 W25 W29", .expect_stderr = "byte 0x0d")
{
	static const char *const targets[] = { "/?n=X&v=a%0d%0aSet-Cookie:%20b",
					       "/?n=X%0a&v=a",
					       "/?n=&v=a",
					       "/?n=a%20b&v=a",
					       "/?n=X&v=a%0ab",
					       "/?n=Content-Length&v=5",
					       "/?n=Connection&v=x",
					       "/?n=Transfer-Encoding&v=chunked" };
	async_http_server *server = serve_one(split, NULL);

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		CHECK_TEXT_HAS(get(server, targets[i]), "500 Internal Server Error");
		CHECK(!strstr(get(server, targets[i]), "never"));
	}
	CHECK_INT(await_http_close(server), 0);
}

static int pieces(async_request *request, void *arg)
{
	(void)arg;
	CHECK_INT(async_respond_type(request, "text/csv"), 0);
	CHECK_INT(await_respond_begin(request), 0);
	CHECK(async_respond_is_begun(request) && !async_respond_is_ended(request));
	CHECK_INT(async_respond_header(request, "Late", "1"), -EALREADY);
	CHECK_INT(await_respond_begin(request), -EALREADY);
	CHECK_INT(await_respond_write(request, "", 0), 0);
	CHECK_INT(await_respond_write(request, "a,b\n", 4), 0);
	CHECK_INT(await_respond_writef(request, "%d,%0*d\n", 1, 2000, 2), 0);
	return 0;
}

TEST_TASK(a_body_in_pieces_is_chunked, "W27")
{
	async_http_server *server = serve_one(pieces, NULL);
	const char *answer = get(server, "/"), *body = strstr(answer, "\r\n\r\n") + 4;

	CHECK_TEXT_HAS(answer, "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n");
	CHECK(!strncmp(body, "4\r\na,b\n\r\n7d3\r\n1,0000", 19));
	CHECK_STR(body + strlen(body) - 12, "0002\n\r\n0\r\n\r\n");
	/* HTTP/1.0 does not know chunks: the end of the connection is that of the body. */
	answer = ask(server, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CHECK(!strstr(answer, "chunked"));
	CHECK_TEXT_HAS(answer, "Connection: close\r\n\r\na,b\n1,0");
	answer = ask(server, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	CHECK_TEXT_HAS(answer, "chunked");
	CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	CHECK_INT(await_http_close(server), 0);
}

static int declared(async_request *request, void *length)
{
	int error;

	async_respond_length(request, (uint64_t)async_int(length));
	error = await_respond_write(request, "12345", 5);
	return error ? error : await_respond_write(request, "67890", 5);
}

TEST_TASK(a_declared_length_that_is_met, "W27 M13")
{
	async_http_server *server = serve_one(declared, ASYNC_INT(10));

	CHECK_TEXT_HAS(get(server, "/"), "Content-Length: 10\r\n");
	CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\n1234567890");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(more_than_was_declared_is_cut, "M13 W32",
	       .expect_stderr = "longer than its head says")
{
	async_http_server *server = serve_one(declared, ASYNC_INT(7));
	const char *answer = get(server, "/");

	CHECK(!strstr(answer, "67"));
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(less_than_was_declared_is_cut, "M13 W32", .expect_stderr = "shorter by 5")
{
	async_http_server *server = serve_one(declared, ASYNC_INT(15));
	async_stream *stream = connect_http(server);
	char data[1000];
	ssize_t n, all = 0;

	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	while ((n = await_stream_read(stream, data, sizeof data)) > 0)
		all += n;
	/* It must not look as if this was the end. */
	CHECK(n < 0 || all < 200);
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

static int wrong_length(async_request *request, void *arg)
{
	(void)arg;
	async_respond_length(request, 3);
	return await_respond_text(request, "four");
}

TEST_TASK_WITH(a_whole_answer_of_another_length, "M13", .expect_stderr = "declared with 3")
{
	async_http_server *server = serve_one(wrong_length, NULL);

	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_INT(await_http_close(server), 0);
}

static int returns(async_request *request, void *result)
{
	(void)request;
	return async_int(result);
}

TEST_TASK(a_status_for_an_answer, "W31 W32")
{
	static const struct {
		int status;
		const char *first, *body;
	} cases[] = {
		{ 204, "HTTP/1.1 204 No Content\r\n", "\r\n\r\n" },
		{ 200, "HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n" },
		{ 404, "HTTP/1.1 404 Not Found\r\n", "\r\n\r\n404: Not Found\n" },
		{ 503, "HTTP/1.1 503 Service Unavailable\r\n", "503: Service Unavailable\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		async_http_server *server = serve_one(returns, ASYNC_INT(cases[i].status));

		CHECK_TEXT_HAS(get(server, "/"), cases[i].first);
		CHECK_TEXT_HAS(get(server, "/"), cases[i].body);
		CHECK_INT(await_http_close(server), 0);
	}
}

TEST_TASK_WITH(no_answer_is_500, "W32", .expect_stderr = "returned without an answer")
{
	async_http_server *server = serve_one(returns, ASYNC_INT(0));

	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_INT(await_http_close(server), 0);
}

static int answer_nothing(async_request *request, void *html)
{
	return html ? await_respond_html(request, NULL) : await_respond_text(request, NULL);
}

TEST_TASK_WITH(no_text_is_500, "W32", .expect_stderr = "await_respond_html: the text is NULL")
{
	for (int html = 0; html < 2; html++) {
		async_http_server *server = serve_one(answer_nothing, html ? &html : NULL);

		CHECK_TEXT_HAS(get(server, "/"), "HTTP/1.1 500 Internal Server Error\r\n");
		CHECK_INT(await_http_close(server), 0);
	}
}

TEST_TASK_WITH(nonsense_is_500, "W32", .expect_stderr = "returned 42, which is no status")
{
	async_http_server *server = serve_one(returns, ASYNC_INT(42));

	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_INT(await_http_close(server), 0);
}

static int breaks(async_request *request, void *arg)
{
	(void)arg;
	async_respond_header(request, "X-Half", "done");
	return async_fail(-EIO, "the disk of <b>secrets</b>");
}

TEST_TASK_WITH(a_failure_is_500_and_told_to_the_owner, "W32 M15",
	       .expect_stderr = "GET /?a=\\\": the disk")
{
	async_http_server *server = serve_one(breaks, NULL);
	const char *answer = get(server, "/?a=%22"), *html;

	CHECK_TEXT_HAS(answer, "500 Internal Server Error");
	CHECK(!strstr(answer, "secrets"));
	CHECK(!strstr(answer, "X-Half"));
	(void)get(server, "/?a=\"");
	html = ask(server,
		   "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html,*/*\r\nConnection: close\r\n"
		   "\r\n");
	CHECK_TEXT_HAS(html, "Content-Type: text/html; charset=utf-8\r\n");
	CHECK_TEXT_HAS(html, "<h1>500 Internal Server Error</h1>");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(debug_tells_the_client_escaped, "W32 M15", .expect_stderr = "the disk")
{
	async_http_options options = { .debug = true };
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", breaks, NULL);
	server = serve_app(app, &options);
	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n"
				   "Connection: close\r\n\r\n"),
		       "the disk of &lt;b&gt;secrets&lt;/b&gt;");
	CHECK_INT(await_http_close(server), 0);
}

static int breaks_late(async_request *request, void *arg)
{
	(void)arg;
	await_respond_write(request, "half", 4);
	return async_fail(-EIO, "the disk");
}

TEST_TASK_WITH(a_failure_in_the_middle_cuts_the_connection, "W32", .expect_stderr = "the disk")
{
	async_http_server *server = serve_one(breaks_late, NULL);

	CHECK(!strstr(get(server, "/"), "0\r\n\r\n"));
	CHECK_INT(await_http_close(server), 0);
}

static int redirects(async_request *request, void *status)
{
	return async_redirect(request, async_int(status),
			      "/there/\xc3\xa4 b?x=%20\r\nSet-Cookie: c");
}

TEST_TASK(a_redirect_is_safe, "W31 M13")
{
	async_http_server *server = serve_one(redirects, ASYNC_INT(303));

	CHECK_TEXT_HAS(
		get(server, "/"),
		"303 See Other\r\nLocation: /there/%C3%A4%20b?x=%20%0D%0ASet-Cookie:%20c\r\n");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(a_redirect_to_nowhere, "W31", .expect_stderr = "async_redirect")
{
	async_http_server *server = serve_one(redirects, ASYNC_INT(200));

	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_INT(await_http_close(server), 0);
}

static int late_field(async_request *request, void *arg)
{
	async_respond_header(request, "X-Hook", arg);
	return 0;
}

static int hooked(async_request *request, void *arg)
{
	(void)arg;
	async_on_respond(request, late_field, (void *)"of the request");
	return await_respond_text(request, "hooked");
}

TEST_TASK(hooks_before_the_head, "W05 W17")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_app_on_respond(app, late_field, (void *)"of all");
	async_route(app, "GET", "/", say, "plain");
	async_route(app, "GET", "/hooked", hooked, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/"), "X-Hook: of all\r\n");
	CHECK_TEXT_HAS(get(server, "/hooked"), "X-Hook: of the request\r\n");
	CHECK_TEXT_HAS(get(server, "/none"), "X-Hook: of all\r\n");
	CHECK_INT(await_http_close(server), 0);
}

static int large(async_request *request, void *arg)
{
	size_t size = 3 << 20;
	char *data = malloc(size);
	int error;

	(void)arg;
	memset(data, 'x', size);
	error = await_respond_data(request, "image/png", data, size);
	free(data);
	return error;
}

TEST_TASK(a_large_answer_waits_for_its_reader, "W25 W27 S12")
{
	async_http_server *server = serve_one(large, NULL);
	async_stream *stream = connect_http(server);
	char *all = NULL;

	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	await_sleep(0.05);
	CHECK(await_stream_readall(stream, &all, 4 << 20) > 3 << 20);
	CHECK_TEXT_HAS(all, "Content-Type: image/png\r\nContent-Length: 3145728\r\n");
	free(all);
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(a_reader_that_does_not_read_is_given_up, "M12 W32", .expect_stderr = "write_seconds")
{
	async_http_options options = { .write_seconds = 0.05 };
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	async_stream *stream;
	char *all = NULL;

	async_route(app, "GET", "/", large, NULL);
	server = serve_app(app, &options);
	stream = connect_http(server);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
			  "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	await_sleep(0.5);
	CHECK(await_stream_readall(stream, &all, 100 << 20) < 4 * (3 << 20));
	free(all);
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}
