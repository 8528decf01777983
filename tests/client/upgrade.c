/* SPDX-License-Identifier: MIT */
/* Connections that are taken out of an answer after 101, and those that are not. */
#include <errno.h>
#include "talker.h"

#define SWITCH "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"

static const async_http_field upgrade = { "Upgrade", "echo" };
static const async_call asking = { .fields = &upgrade, .field_count = 1 };

/* ---- A server that echoes lines after the switch ---- */

struct echoer {
	char url[64], heard[2000];
	const char *answer;
	int connections;
	async_server *server;
};

static int echo_lines(async_stream *stream, void *arg)
{
	struct echoer *echoer = arg;
	const char *data;
	ssize_t n = await_stream_readuntil(stream, "\r\n\r\n", &data);

	if (n <= 0)
		return 0;
	echoer->connections++;
	snprintf(echoer->heard, sizeof echoer->heard, "%.*s", (int)n, data);
	await_stream_write(stream, echoer->answer, strlen(echoer->answer));
	while ((n = await_stream_readline(stream, &data)) > 0)
		await_stream_write(stream, data, (size_t)n);
	return 0;
}

static void echoer_begin(struct echoer *echoer)
{
	echoer->server = await_server_start(NULL, "127.0.0.1:0", echo_lines, echoer);
	CHECK(echoer->server);
	snprintf(echoer->url, sizeof echoer->url, "http://%s/chat",
		 async_server_address(echoer->server, 0));
}

static void echoer_end(struct echoer *echoer)
{
	async_server_abort_clients(echoer->server);
	CHECK_INT(await_server_close(echoer->server, NULL), 0);
}

static void check_echo(async_stream *stream, const char *said, const char *expected)
{
	const char *line;
	ssize_t n;

	CHECK_INT(await_stream_write(stream, said, strlen(said)), strlen(said));
	n = await_stream_readline(stream, &line);
	CHECK_INT(n, strlen(expected));
	CHECK(!memcmp(line, expected, (size_t)n));
}

/* ---- Taking it ---- */

TEST_TASK(a_stream_taken_after_101, "H13 H28 H29")
{
	struct echoer echoer = { .answer = SWITCH "early\n" };
	async_session_options options = { .connections = 1 };
	async_session *session = async_session_new(&options);
	async_response *answer;
	async_stream *stream;
	const char *data, *line;

	echoer_begin(&echoer);
	answer = await_http_request(session, "GET", echoer.url, &asking);
	CHECK_INT(async_response_status(answer), 101);
	CHECK_TEXT_HAS(echoer.heard, "Upgrade: echo\r\n");
	CHECK_TEXT_HAS(echoer.heard, "Connection: Upgrade\r\n");
	/* What follows is no body. */
	CHECK_INT(await_response_chunk(answer, &data), 0);
	CHECK_TEXT_HAS(async_response_peer(answer), "127.0.0.1:");
	stream = async_response_take_stream(answer);
	CHECK(stream);
	CHECK_STR(async_response_peer(answer), "");
	CHECK(!async_response_take_stream(answer));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "taken before");
	async_response_free(answer);
	/* It is nobody's turn any more, and no idle connection either. */
	answer = await_http_request(session, "GET", echoer.url, &asking);
	CHECK_INT(async_response_status(answer), 101);
	CHECK_INT(echoer.connections, 2);
	async_response_free(answer);
	CHECK_INT(await_stream_readline(stream, &line), 6);
	CHECK(!memcmp(line, "early\n", 6));
	check_echo(stream, "hello\n", "hello\n");
	CHECK_INT(await_stream_close(stream), 0);
	CHECK_INT(await_session_close(session), 0);
	echoer_end(&echoer);
}

TEST_TASK(a_stream_outlives_its_session, "H30")
{
	struct echoer echoer = { .answer = SWITCH };
	async_session *session = async_session_new(NULL);
	async_response *answer;
	async_stream *stream;

	echoer_begin(&echoer);
	answer = await_http_request(session, "GET", echoer.url, &asking);
	stream = async_response_take_stream(answer);
	CHECK(stream);
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	check_echo(stream, "still there\n", "still there\n");
	CHECK_INT(await_stream_close(stream), 0);
	echoer_end(&echoer);
}

/* The limits of the request are about HTTP. */
TEST_TASK(a_taken_stream_has_no_limits, "H25 P10")
{
	struct echoer echoer = { .answer = SWITCH };
	async_call call = asking;
	async_call_facts facts;
	async_response *answer;
	async_stream *stream;
	const char *line;
	ssize_t n = 0;

	call.total_seconds = call.stall_seconds = call.read_seconds = 1;
	call.facts = &facts;
	echoer_begin(&echoer);
	answer = await_http_fetch("GET", echoer.url, &call);
	stream = async_response_take_stream(answer);
	CHECK(stream);
	CHECK_INT(facts.phase, ASYNC_CALL_DONE);
	async_timeout (1.2)
		n = await_stream_readline(stream, &line);
	CHECK_INT(n, -ETIMEDOUT);
	check_echo(stream, "late\n", "late\n");
	async_response_free(answer);
	CHECK_INT(await_stream_close(stream), 0);
	echoer_end(&echoer);
}

/* Whoever is cancelled has lost nothing of it. */
static int wait_for_line(void *arg)
{
	const char *line;

	return (int)await_stream_readline(arg, &line);
}

TEST_TASK(a_cancelled_reader_of_a_taken_stream, "H28")
{
	struct echoer echoer = { .answer = SWITCH "whole\nhalf" };
	async_session *session = async_session_new(NULL);
	async_response *answer;
	async_stream *stream;
	async_task *task;
	const char *line;

	echoer_begin(&echoer);
	answer = await_http_request(session, "GET", echoer.url, &asking);
	stream = async_response_take_stream(answer);
	async_response_free(answer);
	CHECK_INT(await_stream_readline(stream, &line), 6);
	task = async_create_task(wait_for_line, stream);
	await_sleep(0);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	check_echo(stream, "\n", "half\n");
	CHECK_INT(await_stream_close(stream), 0);
	CHECK_INT(await_session_close(session), 0);
	echoer_end(&echoer);
}

/* ---- Not taking it ---- */

/* The pool does not get it back, and the session can be closed. */
TEST_TASK(a_switch_that_nobody_takes, "H29 H30")
{
	struct echoer echoer = { .answer = SWITCH };
	async_session_options options = { .connections = 1 };
	async_session *session = async_session_new(&options);

	echoer_begin(&echoer);
	for (int i = 1; i <= 2; i++) {
		async_response *answer = await_http_request(session, "GET", echoer.url, &asking);

		CHECK_INT(async_response_status(answer), 101);
		CHECK_STR(await_response_text(answer), "");
		async_response_free(answer);
		CHECK_INT(echoer.connections, i);
	}
	CHECK_INT(await_session_close(session), 0);
	echoer_end(&echoer);
}

TEST_TASK(nothing_to_take, "H13")
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
					       NULL };
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);
	async_response *answer;

	talker_begin(&talker);
	answer = await_http_request(session, "GET", talker.url, &asking);
	CHECK(!async_response_take_stream(answer));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "answers 200");
	CHECK_STR(await_response_text(answer), "ok");
	async_response_free(answer);
	answer = await_http_request(session, "GET", "nonsense:", NULL);
	CHECK(!async_response_take_stream(answer));
	CHECK_INT(async_error_code(), -EPROTONOSUPPORT);
	await_session_close(session);
	talker_end(&talker);
}

/* ---- CONNECT, and what is said of the connection ---- */

TEST_TASK(a_tunnel_by_connect, "H02 H36")
{
	struct echoer echoer = { .answer = "HTTP/1.1 200 Yes\r\nContent-Length: 7\r\n\r\n" };
	async_session *session = async_session_new(NULL);
	async_call call = { .proxy = echoer.url };
	async_response *answer;
	async_stream *stream;

	echoer_begin(&echoer);
	answer = await_http_request(session, "CONNECT", "http://far.test:22/", &call);
	CHECK_INT(async_response_status(answer), 200);
	CHECK_TEXT_HAS(echoer.heard, "CONNECT far.test:22 HTTP/1.1\r\n");
	stream = async_response_take_stream(answer);
	CHECK(stream);
	async_response_free(answer);
	check_echo(stream, "through\n", "through\n");
	CHECK_INT(await_stream_close(stream), 0);
	CHECK_INT(await_session_close(session), 0);
	echoer_end(&echoer);
}

TEST_TASK(fields_of_the_connection_are_named, "H07 H13")
{
	static const struct {
		const char *upgrade, *te;
		double idle;
		const char *said;
	} cases[] = {
		{ "x", NULL, 0, "Connection: Upgrade\r\n" },
		{ "x", "trailers", 0, "Connection: Upgrade, TE\r\n" },
		{ "x", NULL, -1, "Connection: Upgrade\r\n" },
		{ NULL, "trailers", 0, "Connection: TE\r\n" },
		{ NULL, "trailers", -1, "Connection: close, TE\r\n" },
		{ NULL, NULL, -1, "Connection: close\r\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static const char *const answers[] = { "HTTP/1.1 204 No\r\n\r\n", NULL };
		struct talker talker = { .answers = answers };
		async_session_options options = { .idle_seconds = cases[i].idle };
		async_http_field fields[] = { { "Upgrade", cases[i].upgrade },
					      { "TE", cases[i].te } };
		async_call call = { .fields = fields, .field_count = 2 };

		CHECK_INT(talk_once(&talker, &options, "GET", &call).status, 204);
		CHECK_TEXT_HAS(talker.heard, cases[i].said);
	}
}
