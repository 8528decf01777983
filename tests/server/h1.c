/* SPDX-License-Identifier: MIT */
/* Connections that speak HTTP/1: one request after the other, and peers that do not keep to it. */
#include <errno.h>
#include "fault.h"
#include "serving.h"

#define TEXT(body_size) \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " body_size

static int echo_body(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	return n < 0 ? (int)n : await_respond_data(request, "text/plain", body, (size_t)n);
}

static int ignore_body(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_text(request, "no, thanks");
}

static async_http_server *serve(const async_http_options *options)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/", say, "hello");
	async_route(app, "POST", "/echo", echo_body, NULL);
	async_route(app, "POST", "/ignore", ignore_body, NULL);
	return serve_app(app, options);
}

TEST_TASK(one_request_after_the_other, "W25 W33 W34 Z33 M01")
{
	async_http_server *server = serve(NULL);
	async_stream *stream = connect_http(server);

	for (int i = 0; i < 3; i++) {
		send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		CHECK_STR(read_answer(stream, true), TEXT("5") "\r\nServer: libawait\r\n\r\nhello");
	}
	send_text(stream, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	CHECK_STR(read_answer(stream, false),
		  TEXT("5") "\r\nServer: libawait\r\nConnection: close\r\n\r\n");
	CHECK_STR(read_answer(stream, true), "");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(http_1_0_closes_unless_asked, "W33 M09")
{
	async_http_server *server = serve(NULL);
	async_stream *stream = connect_http(server);

	CHECK_STR(ask(server, "GET / HTTP/1.0\r\n\r\n"),
		  "HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5"
		  "\r\nServer: libawait\r\nConnection: close\r\n\r\nhello");
	send_text(stream, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "Connection: keep-alive\r\n\r\nhello");
	send_text(stream, "GET / HTTP/1.0\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "Connection: close\r\n\r\nhello");
	CHECK_STR(read_answer(stream, true), "");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(pipelined_requests_are_answered_in_order, "W34 M10")
{
	async_http_server *server = serve(NULL);
	async_stream *stream = connect_http(server);
	char many[20000] = "", body[200];
	size_t used = 0;

	for (int i = 0; i < 100; i++)
		used += (size_t)sprintf(many + used,
					"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d"
					"\r\n\r\nnumber %d",
					i < 10 ? 8 : 9, i);
	send_text(stream, many);
	for (int i = 0; i < 100; i++) {
		snprintf(body, sizeof body, "\r\n\r\nnumber %d", i);
		CHECK_TEXT_HAS(read_answer(stream, true), body);
	}
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(any_split_gives_the_same_answers, "M01")
{
	static const char text[] =
		"\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
		"\r\n\r\n5;x=\"y\"\r\nhello\r\n7\r\n, world\r\n0\r\nX: y\r\n\r\n"
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	async_http_server *server = serve(NULL);
	async_stream *stream = connect_http(server);

	for (size_t i = 0; i < sizeof text - 1; i++) {
		CHECK_INT(await_stream_write(stream, text + i, 1), 1);
		await_sleep(0);
	}
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nhello, world");
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nhello");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(a_refused_head_is_answered_and_closed, "M02 M03 M05 M08 M15 W32 W38")
{
	static const struct {
		const char *request, *status, *text;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n", "400 Bad Request", "ends in LF" },
		{ "GET /<b> HTTP/9.9\r\n\r\n", "505 HTTP Version Not Supported", "only HTTP/1.0" },
		{ "GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "without Host" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
		  "\r\n\r\n0\r\n\r\n",
		  "400 Bad Request", "both Content-Length and Transfer-Encoding" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		  "501 Not Implemented", "a transfer coding other than chunked" },
	};
	async_http_server *server = serve(NULL);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *answer = ask(server, cases[i].request);

		CHECK_TEXT_HAS(answer, cases[i].status);
		CHECK_TEXT_HAS(answer, cases[i].text);
		CHECK_TEXT_HAS(answer, "Connection: close\r\n");
	}
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(limits_of_heads_name_themselves, "W38 M12")
{
	async_http_options options = {
		.line_bytes = 100, .field_bytes = 200, .fields = 5, .head_bytes = 500
	};
	async_http_server *server = serve(&options);
	char text[2000];

	snprintf(text, sizeof text, "GET /%0150d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
	CHECK_TEXT_HAS(ask(server, text), "414 URI Too Long");
	CHECK_TEXT_HAS(ask(server, text), "100 bytes (HTTP limit `line_bytes`)");
	snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: %0250d\r\n\r\n", 0);
	CHECK_TEXT_HAS(ask(server, text), "431 Request Header Fields Too Large");
	CHECK_TEXT_HAS(ask(server, text), "200 bytes (HTTP limit `field_bytes`)");
	CHECK_TEXT_HAS(ask(server,
			   "GET / HTTP/1.1\r\nHost: a\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\n\r\n"),
		       "more than 5 fields (HTTP limit `fields`;");
	snprintf(text, sizeof text,
		 "GET / HTTP/1.1\r\nHost: a\r\nX: %0190d\r\nY: %0190d\r\nZ: %0190d\r\n\r\n", 0, 0,
		 0);
	CHECK_TEXT_HAS(ask(server, text), "500 bytes (HTTP limit `head_bytes`)");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(more_fields_than_lie_on_the_stack, "W38")
{
	async_http_options options = { .fields = 1000 };
	async_http_server *server = serve(&options);
	char text[9000] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";

	for (int i = 0; i < 900; i++)
		strcat(text, "a: b\r\n");
	strcat(text, "\r\n");
	CHECK_TEXT_HAS(ask(server, text), "200 OK");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(a_slow_head_is_cut_off, "M12 W33")
{
	async_http_options options = { .head_seconds = 0.05, .linger_seconds = 0.05 };
	async_http_server *server = serve(&options);
	double begun = async_now();

	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.1\r\nHost: "), "408 Request Timeout");
	CHECK(async_now() - begun >= 0.05);
	CHECK_TEXT_HAS(ask(server, "G"), "(HTTP option `head_seconds`)");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(a_slow_body_is_answered_408, "W22 M12")
{
	async_http_options options = { .body_seconds = 0.05, .linger_seconds = 0.05 };
	async_http_server *server = serve(&options);
	const char *answer =
		ask(server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");

	CHECK_TEXT_HAS(answer, "408 Request Timeout");
	CHECK_TEXT_HAS(answer, "(HTTP option `body_seconds`)");
	CHECK_TEXT_HAS(answer, "Connection: close");
	CHECK_INT(await_http_close(server), 0);
}

/* Its task ends after a second; until then the server sees to it that a client that says nothing
 * costs no more than it must. */
TEST_TASK(an_idle_connection_is_parked_and_closed, "W33 M12")
{
	async_http_options options = { .idle_seconds = 2 };
	async_http_server *server = serve(&options);
	async_stream *stream = connect_http(server);
	double begun = async_now();
	async_task *tasks[20];
	size_t before, after;

	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "hello");
	before = async_all_tasks(tasks, 20);
	await_sleep(1.8);
	after = async_all_tasks(tasks, 20);
	CHECK_INT(before - after, 1);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "hello");
	begun = async_now();
	CHECK_STR(read_answer(stream, true), "");
	CHECK(async_now() - begun >= 1.9);
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(an_unread_body_is_dropped_and_the_connection_kept, "W21 W35")
{
	async_http_server *server = serve(NULL);
	async_stream *stream = connect_http(server);

	send_text(stream, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345"
			  "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "3\r\nabc\r\n0\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "no, thanks");
	CHECK_TEXT_HAS(read_answer(stream, true), "no, thanks");
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "hello");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(an_unread_body_that_does_not_come_closes, "W35")
{
	async_http_options options = { .linger_seconds = 0.05 };
	async_http_server *server = serve(&options);

	CHECK_TEXT_HAS(ask(server,
			   "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n12"),
		       "no, thanks");
	CHECK_INT(await_http_close(server), 0);
}

static int upload(void *arg)
{
	async_stream *stream = arg;
	static const char data[65536];

	while (await_stream_write(stream, data, sizeof data) > 0)
		continue;
	return 0;
}

TEST_TASK(an_answer_to_an_upload_arrives_before_its_end, "W22 W35")
{
	async_http_options options = { .linger_seconds = 1 };
	async_http_server *server = serve(&options);
	async_stream *stream = connect_http(server);
	async_task *uploader;

	send_text(stream, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
	uploader = async_create_task(upload, stream);
	CHECK_TEXT_HAS(read_answer(stream, true), "413 Content Too Large");
	async_task_cancel(uploader);
	await_task(uploader);
	async_stream_abort(stream);
	CHECK_INT(await_http_close(server), 0);
}

static int refuse_early(async_request *request, void *arg)
{
	(void)arg;
	return async_refuse(request, 403, "not you");
}

TEST_TASK(one_hundred_continue_is_sent_when_the_body_is_read, "W37")
{
	static const char wait[] = "POST %s HTTP/1.1\r\nHost: a\r\nExpect: %s\r\n"
				   "Content-Length: 5\r\n\r\n";
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	async_stream *stream;
	char text[200];

	async_route(app, "POST", "/echo", echo_body, NULL);
	async_route(app, "POST", "/ignore", ignore_body, NULL);
	async_route_with(app, &(async_route_options){ .expect = refuse_early }, "POST", "/refuse",
			 echo_body, NULL);
	server = serve_app(app, NULL);
	stream = connect_http(server);
	snprintf(text, sizeof text, wait, "/echo", "100-continue");
	send_text(stream, text);
	CHECK_STR(read_answer(stream, false), "HTTP/1.1 100 Continue\r\n\r\n");
	send_text(stream, "12345");
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\n12345");
	/* What was asked before is answered before, though the two came in one piece. */
	send_text(stream, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
			  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
			  "Expect: 100-continue\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nfirst");
	CHECK_STR(read_answer(stream, false), "HTTP/1.1 100 Continue\r\n\r\n");
	send_text(stream, "later");
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nlater");
	await_stream_close(stream);
	/* Nobody wants it: the connection closes, since the peer may or may not send it. */
	snprintf(text, sizeof text, wait, "/ignore", "100-continue");
	CHECK_TEXT_HAS(ask(server, text), "Connection: close");
	snprintf(text, sizeof text, wait, "/refuse", "100-continue");
	CHECK_TEXT_HAS(ask(server, text), "403 Forbidden");
	snprintf(text, sizeof text, wait, "/echo", "200-maybe");
	CHECK_TEXT_HAS(ask(server, text), "417 Expectation Failed");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(a_peer_that_goes_away_leaves_nothing_behind, "W36")
{
	static const char *const parts[] = {
		"",
		"GET",
		"GET / HTTP/1.1\r\nHost: a\r\n",
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12",
		"POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
	};
	async_http_server *server = serve(NULL);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		async_stream *stream = connect_http(server);

		send_text(stream, parts[i]);
		await_sleep(0.01);
		if (i % 2)
			async_stream_abort(stream);
		else
			await_stream_close(stream);
	}
	CHECK_TEXT_HAS(get(server, "/"), "hello");
	CHECK_INT(await_http_close(server), 0);
}

static void count_log(async_request *request, void *count)
{
	(void)request;
	++*(int *)count;
}

/* A refused head leaves its rule on the stack, and the next connection's task has the same one. */
TEST_TASK(a_peer_that_resets_before_it_asks_has_broken_no_rule, "W36 M16")
{
	int logged = 0;
	const async_http_options options = { .log = count_log, .log_arg = &logged };
	async_http_server *server = serve(&options);

	for (int i = 0; i < 5; i++) {
		async_stream *stream;

		CHECK_TEXT_HAS(ask(server, "no request at all\r\n\r\n"), "400 Bad Request");
		CHECK_INT(logged, i + 1);
		stream = connect_http(server);
		await_sleep(0.01);
		async_stream_abort(stream);
		await_sleep(0.01);
		CHECK_INT(logged, i + 1);
	}
	CHECK_INT(await_http_close(server), 0);
}
