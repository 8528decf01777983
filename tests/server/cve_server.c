/* SPDX-License-Identifier: MIT */
/*
 * Holes of other HTTP libraries that concern a whole server, as cve.c has those of the message
 * layer and cve_body.c those of bodies. CVE-2026-54274, frames of WebSockets that are announced
 * large and never end, waits for WebSockets: there are none here. Small bodies that become large
 * ones, of which CVE-2025-69223 was the first, are in request_body.c; forms without end,
 * CVE-2025-69228, in request_form.c as well.
 */
#include <errno.h>
#include "serving.h"

static async_event released;
static int handled;

static int wait_for_release(async_request *request, void *arg)
{
	int error = await_event(&released);

	(void)arg;
	handled++;
	return error ? error : await_respond_text(request, "done");
}

struct connection {
	async_http_server *server;
	async_stream *stream;
};

static int serve(void *arg)
{
	struct connection *connection = arg;

	await_http_connection(connection->stream, connection->server);
	await_stream_close(connection->stream);
	return 0;
}

/* Requests that were pipelined without limit waited in memory while the first was handled. Here
 * they stay where they are: the client cannot send more than the stream's room. */
TEST_TASK(cve_2026_54273, "M16 W34")
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	enum { SIZE = sizeof get - 1, COUNT = 100000 };
	async_app *app = async_app_new(NULL);
	async_stream *ends[2];
	struct connection connection;
	async_task *task;
	long sent = 0;

	handled = 0;
	async_event_clear(&released);
	async_route(app, "GET", "/", wait_for_release, NULL);
	connection.server = await_http_open(NULL, app);
	CHECK(connection.server);
	CHECK_INT(async_stream_pair(ends, NULL), 0);
	connection.stream = ends[1];
	task = async_create_task(serve, &connection);
	async_timeout (0.2)
		while (sent < COUNT && await_stream_write(ends[0], get, SIZE) == SIZE)
			sent++;
	CHECK(sent < COUNT);
	CHECK(sent * SIZE < 1 << 20);
	CHECK_INT(handled, 0);
	async_event_set(&released);
	async_stream_abort(ends[0]);
	CHECK_INT(await_task(task), 0);
	CHECK_INT(await_http_close(connection.server), 0);
}

static int read_body(async_request *request, void *arg)
{
	const char *data;
	ssize_t n = await_request_body(request, &data);

	(void)arg;
	return n < 0 ? (int)n : await_respond_text(request, data);
}

/* A piece of so many bytes, as often as it is taken; all that was answered. */
static const char *drip(async_http_server *server, const char *first, const char *piece,
			size_t most)
{
	static char answer[10000];
	async_stream *stream = connect_http(server);
	size_t size = strlen(piece), sent = 0;
	char *all = NULL;
	ssize_t n = (ssize_t)size;

	send_text(stream, first);
	while (sent < most && n == (ssize_t)size && !async_stream_readable(stream)) {
		n = await_stream_write(stream, piece, size);
		await_sleep(0);
		sent += size;
	}
	n = await_stream_readall(stream, &all, sizeof answer - 1);
	snprintf(answer, sizeof answer, "%s", n > 0 ? all : async_error());
	free(all);
	await_stream_close(stream);
	return answer;
}

/* Limits of lines held for what came in one piece, and were passed by what came in many. */
TEST_TASK(cve_2026_54277, "M16 M12 W38")
{
	static const async_http_options options = {
		.line_bytes = 500, .field_bytes = 500, .head_bytes = 2000, .linger_seconds = 0.1
	};
	static const char *const pieces[] = { "x", "xyz", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" };
	static const char chunked[] =
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	char text[200];

	async_route(app, "GET", "/", say, "");
	async_route(app, "POST", "/", read_body, NULL);
	server = serve_app(app, &options);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		CHECK_TEXT_HAS(drip(server, "GET /", pieces[i], 2000), "HTTP/1.1 414 ");
		CHECK_TEXT_HAS(drip(server, "GET / HTTP/1.1\r\nHost: a\r\n", pieces[i], 2000),
			       "HTTP/1.1 431 ");
		CHECK_TEXT_HAS(drip(server, "GET / HTTP/1.1\r\nHost: a\r\nX: ", pieces[i], 2000),
			       "HTTP/1.1 431 ");
		snprintf(text, sizeof text, "%s1;a=", chunked);
		CHECK_TEXT_HAS(drip(server, text, pieces[i], 20000), "HTTP/1.1 413 ");
		snprintf(text, sizeof text, "%s0\r\nX: ", chunked);
		CHECK_TEXT_HAS(drip(server, text, pieces[i], 20000), "HTTP/1.1 431 ");
	}
	CHECK_INT(await_http_close(server), 0);
}

/* Many connections that never finish their heads: the others are served, and these are told so. */
TEST_TASK_WITH(slow_heads, "M12 M16 W33", .deadline = 30)
{
	enum { COUNT = 300 };
	static async_stream *slow[COUNT];
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", say, "served");
	server = serve_app(app, &(async_http_options){ .head_seconds = 2 });
	for (int i = 0; i < COUNT; i++) {
		slow[i] = connect_http(server);
		send_text(slow[i], "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
	}
	for (int i = 0; i < 20; i++) {
		CHECK_TEXT_HAS(get(server, "/"), "served");
		send_text(slow[i], "x");
	}
	for (int i = 0; i < COUNT; i++) {
		CHECK_TEXT_HAS(read_answer(slow[i], true), "408 Request Timeout");
		await_stream_close(slow[i]);
	}
	CHECK_INT(await_http_close(server), 0);
}
