/* SPDX-License-Identifier: MIT */
/* What a route says about its handlers: time, number, and peers that leave. */
#include <errno.h>
#include "serving.h"

static int running, most_running, outcome;

static int slow(async_request *request, void *arg)
{
	(void)arg;
	running++;
	most_running = running > most_running ? running : most_running;
	outcome = await_sleep(0.1);
	running--;
	return outcome ? outcome : await_respond_text(request, "done");
}

static async_http_server *serve_route(const async_route_options *options)
{
	async_app *app = async_app_new(NULL);

	running = most_running = outcome = 0;
	async_route_with(app, options, "GET,POST", "/", slow, NULL);
	return serve_app(app, NULL);
}

TEST_TASK_WITH(a_handler_that_takes_too_long_is_504, "W32 X18", .expect_stderr = "GET /")
{
	async_http_server *server = serve_route(&(async_route_options){ .seconds = 0.02 });

	CHECK_TEXT_HAS(get(server, "/"), "504 Gateway Timeout");
	CHECK_INT(outcome, -ETIMEDOUT);
	CHECK_INT(await_http_close(server), 0);
}

static int get_root(void *server)
{
	async_stream *stream = connect_http(server);

	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "done");
	await_stream_close(stream);
	return 0;
}

TEST_TASK(no_more_handlers_than_the_route_says, "X18")
{
	async_http_server *server = serve_route(&(async_route_options){ .concurrency = 2 });

	{
		AWAIT_GROUP(clients);
		for (int i = 0; i < 6; i++)
			async_spawn(&clients, get_root, server);
	}
	CHECK_INT(most_running, 2);
	CHECK_INT(await_http_close(server), 0);
}

static void leave(async_http_server *server, const char *request)
{
	async_stream *stream = connect_http(server);

	send_text(stream, request);
	await_sleep(0.02);
	CHECK_INT(running, 1);
	await_stream_close(stream);
	await_sleep(0.03);
}

TEST_TASK(a_handler_runs_on_when_its_client_leaves, "W36 X18")
{
	async_http_server *server = serve_route(NULL);

	leave(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_INT(running, 1);
	await_sleep(0.2);
	CHECK_INT(outcome, 0);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(a_handler_is_cancelled_when_its_client_leaves, "W36 X18")
{
	async_http_server *server =
		serve_route(&(async_route_options){ .gone = ASYNC_GONE_CANCEL });

	leave(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_INT(running, 0);
	CHECK_INT(outcome, -ECANCELED);
	CHECK_TEXT_HAS(get(server, "/"), "done");
	CHECK_INT(outcome, 0);
	CHECK_INT(await_http_close(server), 0);
}

static int read_then_sleep(async_request *request, void *arg)
{
	const char *body;

	if (await_request_body(request, &body) < 0)
		return -EIO;
	return slow(request, arg);
}

TEST_TASK(leaving_is_seen_after_the_body, "W36 X18")
{
	async_route_options options = { .gone = ASYNC_GONE_CANCEL };
	async_app *app = async_app_new(&options);
	async_http_server *server;

	running = outcome = 0;
	async_route(app, "POST", "/", read_then_sleep, NULL);
	server = serve_app(app, NULL);
	leave(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	CHECK_INT(outcome, -ECANCELED);
	/* More than one request at once is not leaving. */
	CHECK_TEXT_HAS(ask(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET "
				   "/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		       "405 Method Not Allowed");
	CHECK_INT(outcome, 0);
	CHECK_INT(await_http_close(server), 0);
}

static async_local trace = ASYNC_LOCAL;

static int set_local(async_request *request, void *arg)
{
	(void)arg;
	if (async_request_query_value(request, "set"))
		async_local_set(&trace, (void *)"set");
	return await_next(request);
}

static int show_local(async_request *request, void *arg)
{
	const char *value = async_local_get(&trace);

	(void)arg;
	return await_respond_text(request, value ? value : "none");
}

TEST_TASK(values_of_one_request_are_not_seen_by_the_next, "W47 W17")
{
	static const char set[] = "GET /?set=1 HTTP/1.1\r\nHost: a\r\n\r\n";
	static const char plain[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	async_stream *stream;

	async_middleware(app, set_local, NULL);
	async_route(app, "GET", "/", show_local, NULL);
	server = serve_app(app, NULL);
	stream = connect_http(server);
	send_text(stream, set);
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nset");
	send_text(stream, plain);
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nnone");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}
