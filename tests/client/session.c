/* SPDX-License-Identifier: MIT */
/* The client against a server of its own: requests, connections that are kept, redirects, limits. */
#include <errno.h>
#include <math.h>
#include "http/codec.h"
#include "server/serving.h"

static int connections, requests_seen, in_flight, most_in_flight;

static int echo(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);
	const char *auth = async_request_header(request, "Authorization");

	(void)arg;
	requests_seen++;
	return n < 0 ? (int)n :
		       await_respond_printf(request, "%s %s %s %s %.*s",
					    async_request_method(request),
					    async_request_target(request),
					    async_request_content_type(request), auth ? auth : "-",
					    (int)n, body);
}

static int redirect(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, (int)async_request_match_int(request, "status"),
			      async_request_query_value(request, "to"));
}

static int circle(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 302, "/circle");
}

static int packed(async_request *request, void *arg)
{
	(void)arg;
	async_respond_compress(request);
	return await_respond_printf(request, "%05000d", 7);
}

static int counted(async_request *request, void *arg)
{
	in_flight++;
	most_in_flight = in_flight > most_in_flight ? in_flight : most_in_flight;
	await_sleep(0.02);
	in_flight--;
	return await_respond_text(request, arg);
}

static int sleepy(async_request *request, void *arg)
{
	(void)arg;
	await_respond_write(request, "first", 5);
	await_sleep(10);
	return 0;
}

static int stream_handler(async_stream *stream, void *http)
{
	if (!async_stream_user(stream)) {
		async_stream_set_user(stream, http);
		connections++;
	}
	return await_http_connection(stream, http);
}

static struct {
	async_http_server *http;
	async_server *server;
	char base[100];
} site;

static void begin_site(void)
{
	async_app *app = async_app_new(NULL);
	async_server_options options = { .park_seconds = 75, .stream = { .limit = 200000 } };

	connections = requests_seen = in_flight = most_in_flight = 0;
	async_route(app, "*", "/echo", echo, NULL);
	async_route(app, "*", "/redirect/{status}", redirect, NULL);
	async_route(app, "GET", "/circle", circle, NULL);
	async_route(app, "GET", "/packed", packed, NULL);
	async_route(app, "GET", "/counted", counted, "counted");
	async_route(app, "GET", "/sleepy", sleepy, NULL);
	site.http = await_http_open(NULL, app);
	site.server = await_server_start(&options, "127.0.0.1:0", stream_handler, site.http);
	CHECK(site.server);
	snprintf(site.base, sizeof site.base, "http://%s", async_server_address(site.server, 0));
}

static void end_site(void)
{
	await_server_close(site.server, NULL);
	await_http_close(site.http);
}

static const char *url_of(const char *target)
{
	static char url[400];

	snprintf(url, sizeof url, "%s%s", site.base, target);
	return url;
}

TEST_TASK(one_line_for_a_page, "Z22 Z23 H02 H14 H15 H07")
{
	async_response *answer;
	const char *value;

	begin_site();
	answer = await_http_get(url_of("/echo?x=1#fragment"));
	CHECK_INT(async_response_status(answer), 200);
	CHECK_STR(await_response_text(answer), "GET /echo?x=1 application/octet-stream - ");
	CHECK_STR(await_response_text(answer), "GET /echo?x=1 application/octet-stream - ");
	CHECK_STR(async_response_reason(answer), "OK");
	CHECK_STR(async_response_header(answer, "content-type"), "text/plain; charset=utf-8");
	CHECK(!async_response_header(answer, "None"));
	CHECK_STR(async_response_header_at(answer, 0, &value), "Content-Type");
	CHECK(!async_response_header_at(answer, 100, &value));
	CHECK_INT(async_response_length(answer), 41);
	CHECK_TEXT_HAS(async_response_url(answer), "/echo?x=1#fragment");
	CHECK_INT(async_response_redirects(answer), 0);
	async_response_free(answer);
	end_site();
}

TEST_TASK(one_request_of_any_kind, "H03 H02")
{
	async_call call = { .body = "abc", .size = 3, .type = "text/plain" };
	async_response *answer;

	begin_site();
	answer = await_http_fetch("PATCH", url_of("/echo"), &call);
	CHECK_STR(await_response_text(answer), "PATCH /echo text/plain - abc");
	async_response_free(answer);
	answer = await_http_fetch("not a token", url_of("/echo"), NULL);
	CHECK_INT(async_response_status(answer), -EINVAL);
	async_response_free(answer);
	end_site();
}

TEST_TASK(a_connection_is_kept, "H21 H28 H29")
{
	async_session *session = async_session_new(NULL);

	begin_site();
	for (int i = 0; i < 5; i++) {
		async_response *answer = await_session_get(session, url_of("/echo"));

		CHECK_INT(async_response_status(answer), 200);
		CHECK(await_response_text(answer));
		async_response_free(answer);
	}
	CHECK_INT(requests_seen, 5);
	CHECK_INT(connections, 1);
	/* Not read: it cannot be used again. */
	async_response_free(await_session_get(session, url_of("/packed")));
	async_response_free(await_session_get(session, url_of("/echo")));
	CHECK_INT(connections, 2);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(bodies_and_fields_go_along, "H02 H07 H10")
{
	static const async_http_field fields[] = { { "Authorization", "me" },
						   { "Content-Type", "text/x" } };
	static const async_http_field bad[] = { { "X", "a\r\nY: b" } },
				      framing[] = { { "content-length", "5" } };
	async_call call = { .fields = fields, .field_count = 2, .body = "a body", .size = 6 };
	async_session *session = async_session_new(NULL);
	async_response *answer;

	begin_site();
	answer = await_http_request(session, "PUT", url_of("/echo"), &call);
	CHECK_STR(await_response_text(answer), "PUT /echo text/x me a body");
	async_response_free(answer);
	answer = await_session_post(session, url_of("/echo"), "application/json", "{}", 2);
	CHECK_STR(await_response_text(answer), "POST /echo application/json - {}");
	async_response_free(answer);
	call = (async_call){ .fields = bad, .field_count = 1 };
	CHECK(!await_http_request(session, "GET", url_of("/echo"), &call));
	CHECK_TEXT_HAS(async_error(), "0x0d");
	call = (async_call){ .fields = framing, .field_count = 1 };
	CHECK(!await_http_request(session, "GET", url_of("/echo"), &call));
	CHECK_TEXT_HAS(async_error(), "content-length");
	CHECK(!await_http_request(session, "G T", url_of("/echo"), NULL));
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(bad_urls_have_their_own_errors, "H06")
{
	static const struct {
		const char *url;
		int error;
	} cases[] = { { "ftp://x/", -EPROTONOSUPPORT },
		      { "nonsense", -EINVAL },
		      { "http://", -EINVAL },
		      { "http://127.0.0.1:1/", -ECONNREFUSED } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		async_response *answer = await_http_get(cases[i].url);

		CHECK(!answer);
		CHECK_INT(async_error_code(), cases[i].error);
		/* What did not come fails with the same. */
		CHECK_INT(async_response_status(answer), cases[i].error);
		CHECK(!await_response_text(answer));
		async_response_free(answer);
	}
	CHECK(!await_http_request(NULL, "GET", "http://x/", NULL));
	CHECK_INT(await_session_close(NULL), 0);
}

TEST_TASK(redirects_are_followed, "H23")
{
	static const struct {
		const char *method;
		int status;
		const char *answer;
	} cases[] = {
		{ "GET", 301, "GET /echo application/octet-stream - " },
		{ "POST", 301, "GET /echo application/octet-stream - " },
		{ "POST", 303, "GET /echo application/octet-stream - " },
		{ "PUT", 302, "PUT /echo text/x - body" },
		{ "POST", 307, "POST /echo text/x - body" },
		{ "POST", 308, "POST /echo text/x - body" },
	};
	async_session *session = async_session_new(NULL);
	char target[100];

	begin_site();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		async_call call = { .type = "text/x", .body = "body", .size = 4 };
		async_response *answer;

		snprintf(target, sizeof target, "/redirect/%d?to=/echo", cases[i].status);
		answer = await_http_request(session, cases[i].method, url_of(target),
					    *cases[i].method == 'G' ? NULL : &call);
		CHECK_STR(await_response_text(answer), cases[i].answer);
		CHECK_INT(async_response_redirects(answer), 1);
		CHECK_STR(async_response_url(answer), url_of("/echo"));
		async_response_free(answer);
	}
	CHECK(!await_session_get(session, url_of("/circle")));
	CHECK_INT(async_error_code(), -ELOOP);
	CHECK_TEXT_HAS(async_error(), "option `redirects` of the session or the call: 10");
	CHECK(!await_session_get(session, url_of("/redirect/302?to=ftp://x/")));
	CHECK_INT(async_error_code(), -EPROTONOSUPPORT);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(secrets_stop_at_the_border, "H24")
{
	static const async_http_field fields[] = { { "Authorization", "secret" } };
	async_call call = { .fields = fields, .field_count = 1 };
	async_session *session = async_session_new(NULL);
	async_response *answer;
	char target[200], *port;

	begin_site();
	answer = await_http_request(session, "GET", url_of("/redirect/302?to=/echo"), &call);
	CHECK_TEXT_HAS(await_response_text(answer), " secret ");
	async_response_free(answer);
	port = strrchr(site.base, ':');
	snprintf(target, sizeof target, "/redirect/302?to=http://127.0.0.2%s/echo", port);
	answer = await_http_request(session, "GET", url_of(target), &call);
	/* Nobody listens there, or the server does without the secret. */
	if (answer)
		CHECK(!strstr(await_response_text(answer), "secret"));
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(credentials_of_a_url, "H38 H24 H22")
{
	static const async_http_field fields[] = { { "authorization", "me" } };
	async_call call = { .fields = fields, .field_count = 1 };
	async_session *session = async_session_new(NULL);
	async_response *answer;
	char url[300];

	begin_site();
	snprintf(url, sizeof url, "http://Aladdin:open%%20sesame@%s/redirect/302?to=/echo",
		 site.base + 7);
	answer = await_session_get(session, url);
	CHECK_TEXT_HAS(await_response_text(answer), " Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== ");
	CHECK_STR(async_response_url(answer), url_of("/echo"));
	CHECK_INT(async_response_check(answer), 0);
	async_response_free(answer);
	CHECK(!await_http_request(session, "GET", url, &call));
	CHECK_TEXT_HAS(async_error(), "credentials in the URL");
	snprintf(url, sizeof url, "http://a%%3ab@%s/", site.base + 7);
	CHECK(!await_session_get(session, url));
	CHECK_TEXT_HAS(async_error(), "colon");
	answer = await_session_get(session, url_of("/none"));
	CHECK_INT(async_response_check(answer), -EREMOTEIO);
	CHECK_TEXT_HAS(async_error(), "/none answers 404 Not Found");
	async_response_free(answer);
	CHECK(async_response_check(NULL) < 0);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(redirects_can_be_left_alone, "H23")
{
	async_session_options options = { .redirects = -1 };
	async_session *session = async_session_new(&options);
	async_response *answer;

	begin_site();
	answer = await_session_get(session, url_of("/redirect/302?to=/echo"));
	CHECK_INT(async_response_status(answer), 302);
	CHECK_STR(async_response_header(answer, "Location"), "/echo");
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(codings_are_undone, "H19 H14")
{
	async_session_options options = { .keep_encoded = true };
	async_session *session = async_session_new(NULL), *plain = async_session_new(&options);
	async_response *answer;
	const char *body;

	begin_site();
	answer = await_session_get(session, url_of("/packed"));
	CHECK_INT(await_response_body(answer, &body), 5000);
	CHECK_INT(body[4999], '7');
	async_response_free(answer);
	answer = await_session_get(plain, url_of("/packed"));
	CHECK(!async_response_header(answer, "Content-Encoding"));
	CHECK_INT(await_response_body(answer, &body), 5000);
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	CHECK_INT(await_session_close(plain), 0);
	end_site();
}

static int get_counted(void *session)
{
	async_response *answer = await_session_get(session, url_of("/counted"));

	CHECK_STR(await_response_text(answer), "counted");
	async_response_free(answer);
	return 0;
}

TEST_TASK(no_more_at_a_time_than_allowed, "H28 Z25")
{
	async_session_options options = { .connections = 3 };
	async_session *session = async_session_new(&options);

	begin_site();
	{
		AWAIT_GROUP(clients);
		for (int i = 0; i < 12; i++)
			async_spawn(&clients, get_counted, session);
	}
	CHECK_INT(most_in_flight, 3);
	CHECK_INT(connections, 3);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

TEST_TASK(a_waiter_that_gives_up_takes_nothing, "H28")
{
	async_session_options options = { .per_host = 1 };
	async_session *session = async_session_new(&options);
	async_response *first, *second = NULL;

	begin_site();
	first = await_session_get(session, url_of("/sleepy"));
	CHECK(first);
	async_timeout (0.02)
		second = await_session_get(session, url_of("/echo"));
	CHECK(!second);
	CHECK_INT(async_error_code(), -ETIMEDOUT);
	async_response_free(first);
	second = await_session_get(session, url_of("/echo"));
	CHECK_INT(async_response_status(second), 200);
	async_response_free(second);
	CHECK_INT(await_session_close(session), 0);
	async_server_cancel_clients(site.server);
	end_site();
}

TEST_TASK(a_limit_names_what_was_waited_for, "H25 H26")
{
	async_session_options options = { .read_seconds = 0.03 };
	async_session *session = async_session_new(&options);
	async_call call = { .total_seconds = 0.02 };
	async_response *answer;
	const char *body;

	begin_site();
	answer = await_session_get(session, url_of("/sleepy"));
	CHECK_INT(await_response_chunk(answer, &body), 5);
	CHECK_INT(await_response_chunk(answer, &body), -ETIMEDOUT);
	CHECK_TEXT_HAS(async_error(), "waiting for the body took longer than 0.03 s (option "
				      "`read_seconds` of the session or the call)");
	CHECK_INT(await_response_chunk(answer, &body), -ETIMEDOUT);
	async_response_free(answer);
	answer = await_http_request(session, "GET", url_of("/sleepy"), &call);
	if (answer) {
		CHECK_INT(await_response_body(answer, &body), -ETIMEDOUT);
		CHECK_TEXT_HAS(async_error(), "`total_seconds`");
	}
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	async_server_cancel_clients(site.server);
	end_site();
}

TEST_TASK(an_answer_that_is_too_large, "H18 H20")
{
	async_session_options options = { .body_bytes = 4999 };
	async_session *session = async_session_new(&options);
	async_response *answer;

	begin_site();
	answer = await_session_get(session, url_of("/packed"));
	CHECK(!await_response_text(answer));
	CHECK_INT(async_error_code(), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "4999 bytes (session option `body_bytes`)");
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	end_site();
}

/* ---- Servers that misbehave ---- */

static int say_and_hang_up(async_stream *stream, void *text)
{
	const char *head;

	if (await_stream_readuntil(stream, "\r\n\r\n", &head) > 0)
		await_stream_write(stream, text, strlen(text));
	return 0;
}

static int ask_liar(const char *text, const char **body_error)
{
	async_server *server =
		await_server_start(NULL, "127.0.0.1:0", say_and_hang_up, (void *)text);
	async_session *session = async_session_new(NULL);
	async_response *answer;
	char url[100];
	int error;

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	answer = await_session_get(session, url);
	error = answer ? 0 : async_error_code();
	if (answer && !await_response_text(answer))
		error = async_error_code();
	*body_error = async_error();
	async_response_free(answer);
	await_session_close(session);
	await_server_close(server, NULL);
	return error;
}

TEST_TASK(servers_that_misbehave, "H20 H26")
{
	static const struct {
		const char *text;
		int error;
		const char *words;
	} cases[] = {
		{ "", -ECONNRESET, "hung up before it answered" },
		{ "HTTP/1.1 200 OK\r\n", -ENODATA, "in the middle of the head" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", -ENODATA,
		  "5 bytes before" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", -ENODATA,
		  "before the end of the body" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", -EBADMSG,
		  "hexadecimal" },
		{ "hello\r\n\r\n", -EBADMSG, "response" },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip", -EBADMSG, "" },
		{ "HTTP/1.1 200 OK\r\n\r\nuntil the end", 0, "" },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 0, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *words;
		int error = ask_liar(cases[i].text, &words);

		if (strstr(cases[i].text, "gzip") && !http_coding_available(HTTP_CODING_GZIP))
			continue;
		CHECK_INT(error, cases[i].error);
		CHECK_TEXT_HAS(words, cases[i].words);
	}
}

/* Answers once, and closes the connection a moment later without a word. */
static int answer_once(async_stream *stream, void *count)
{
	const char *head;

	if (await_stream_readuntil(stream, "\r\n\r\n", &head) > 0) {
		++*(int *)count;
		await_stream_write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40);
	}
	return 0;
}

TEST_TASK(a_kept_connection_that_was_closed_is_no_error, "H27 H29")
{
	int count = 0;
	async_server *server = await_server_start(NULL, "127.0.0.1:0", answer_once, &count);
	async_session *session = async_session_new(NULL);
	char url[100];

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	for (int i = 0; i < 4; i++) {
		async_response *answer = await_session_get(session, url);

		CHECK_STR(await_response_text(answer), "ok");
		async_response_free(answer);
		await_sleep(i % 2 ? 0.01 : 0);
	}
	CHECK_INT(count, 4);
	CHECK_INT(await_session_close(session), 0);
	await_server_close(server, NULL);
}

TEST_TASK(closing_waits_for_what_is_open, "H01 H30")
{
	async_session *session = async_session_new(NULL);
	async_response *answer;

	begin_site();
	answer = await_session_get(session, url_of("/echo"));
	async_timeout (0.02)
		CHECK_INT(await_session_close(session), -ETIMEDOUT);
	async_response_free(answer); /* and with it the session */
	end_site();
}
