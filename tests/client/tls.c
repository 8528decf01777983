/* SPDX-License-Identifier: MIT */
/* The HTTP client over TLS: whom it trusts, and what it says when it does not. */
#include <errno.h>
#include "base/base.h"
#include "server/serving.h"
#include "talker.h"
#include "tls/ends.h"

static async_http_server *serve_https(const struct made *identity, async_tls **tls)
{
	async_tls_options options = { .identity = { .certificate = identity->pem,
						    .key = identity->key_pem },
				      .shutdown_seconds = -1 };
	async_http_options http_options = { ASYNC_HTTPS(NULL) };
	async_app *app = async_app_new(NULL);

	*tls = async_tls_server(&options);
	http_options.tls = *tls;
	async_route(app, "GET", "/", say, "secret");
	return serve_app(app, &http_options);
}

static int fetch(const struct made *identity, const char *host, const char *ca, char text[300])
{
	async_tls_options trust = { .ca = ca, .shutdown_seconds = -1 };
	async_tls *server_tls, *tls = async_tls_client(&trust);
	async_http_server *http = serve_https(identity, &server_tls);
	async_session_options options = { ASYNC_CLIENT_TLS(tls) };
	async_session *session = async_session_new(&options);
	const char *port = strrchr(async_http_address(http, 0), ':');
	char url[100];
	int status = 0;

	snprintf(url, sizeof url, "https://%s%s/", host, port);
	for (int i = 0; i < 2; i++) { /* the second on the connection that was kept */
		async_response *answer = await_session_get(session, url);
		const char *body = await_response_text(answer);

		status = async_response_status(answer);
		snprintf(text, 300, "%s", body ? body : async_error());
		async_response_free(answer);
	}
	CHECK_INT(await_session_close(session), 0);
	CHECK_INT(await_http_close(http), 0);
	async_tls_free(tls);
	async_tls_free(server_tls);
	return status;
}

TEST_TASK_WITH(whom_a_client_trusts, "H35 Z27", .may_leak = 1)
{
	char text[300];

	CHECK_INT(fetch(&server, "127.0.0.1", authority.pem, text), 200);
	CHECK_STR(text, "secret");
	CHECK_INT(fetch(&other, "127.0.0.1", authority.pem, text), -EKEYREJECTED);
	CHECK_TEXT_HAS(text, "127.0.0.1");
	CHECK_TEXT_HAS(text, "other.test");
	CHECK_INT(fetch(&expired, "127.0.0.1", authority.pem, text), -EKEYEXPIRED);
	CHECK_TEXT_HAS(text, "expired");
	CHECK_INT(fetch(&alone, "127.0.0.1", authority.pem, text), -EKEYREJECTED);
	CHECK_INT(fetch(&foreign, "127.0.0.1", authority.pem, text), -EKEYREJECTED);
}

/* ---- Handshakes that come to nothing ---- */

TEST_TASK_WITH(handshakes_that_stall_or_break, "H25 H26 H35 H45", .deadline = 30)
{
	static const struct {
		const char *text;
		size_t size;
		bool stalls;
		int error;
		const char *words;
	} cases[] = {
		{ "", 0, true, -ETIMEDOUT, "`connect_seconds`" },
		{ "\x16\3\3\0\x7a", 5, true, -ETIMEDOUT, "`connect_seconds`" },
		{ "", 0, false, -ECONNABORTED, "" },
		{ "\x16\3\3\0\x7a", 5, false, -ECONNABORTED, "" },
		{ "\x15\3\3\0\2\2\x28", 7, true, -EPROTO, "handshake" }, /* an alert */
		{ "HTTP/1.1 400 Plain\r\n\r\n", 22, true, -EPROTO, "127.0.0.1" },
	};

	for (size_t i = 0; i < array_length(cases); i++) {
		const char *const answers[] = { cases[i].text, NULL };
		struct talker talker = { .answers = answers,
					 .sizes = &cases[i].size,
					 .first_word = true,
					 .stalls = cases[i].stalls };
		async_call call = { .connect_seconds = cases[i].error == -ETIMEDOUT ? 0.05 : 0 };
		async_tls *tls = client_with(&authority);
		async_session_options options = { ASYNC_CLIENT_TLS(tls) };
		async_session *session = async_session_new(&options);
		struct talked talked;
		char url[120];

		talker_begin(&talker);
		snprintf(url, sizeof url, "https%s", talker.url + 4);
		talked = talk(session, "GET", url, &call);
		/* Who hangs up over what it has not read resets the connection. */
		if (talked.status != cases[i].error &&
		    (cases[i].stalls || talked.status != -ECONNRESET))
			harness_fail(__FILE__, __LINE__, "case %zu: %d, %s", i, talked.status,
				     talked.text);
		CHECK_TEXT_HAS(talked.text, cases[i].words);
		CHECK_INT(talked.facts.phase, ASYNC_CALL_TLS);
		CHECK_INT(await_session_close(session), 0);
		talker_end(&talker);
		async_tls_free(tls);
	}
}

/* ---- Who the client is ---- */

TEST_TASK(a_certificate_of_the_clients, "H35 S17")
{
	async_tls_options asks = { .identity = { .certificate = server.pem, .key = server.key_pem },
				   .ca = authority.pem,
				   .client_certificates = ASYNC_TLS_REQUIRED,
				   .shutdown_seconds = -1 };
	async_tls_options shows = { .identity = { .certificate = client.pem,
						  .key = client.key_pem },
				    .ca = authority.pem,
				    .shutdown_seconds = -1 };
	async_tls *server_tls = async_tls_server(&asks), *with = async_tls_client(&shows),
		  *without = client_with(&authority);
	async_http_options http_options = { ASYNC_HTTPS(server_tls) };
	async_session_options options = { ASYNC_CLIENT_TLS(without) };
	async_session *session = async_session_new(&options);
	async_app *app = async_app_new(NULL);
	async_call call = { .tls = with };
	async_http_server *http;
	struct talked talked;
	char url[100];

	async_route(app, "GET", "/", say, "secret");
	http = serve_app(app, &http_options);
	snprintf(url, sizeof url, "https://%s/", async_http_address(http, 0));
	/* With TLS 1.3 the client is done before the server has looked (RFC 8446, 4.6.2). */
	talked = talk(session, "GET", url, NULL);
	CHECK(talked.status < 0);
	CHECK_INT(talked.facts.phase == ASYNC_CALL_TLS || talked.facts.phase == ASYNC_CALL_HEAD, 1);
	CHECK_TEXT_HAS(talked.text, "certificate");
	talked = talk(session, "GET", url, &call);
	CHECK_STR(talked.text, "secret");
	CHECK_INT(await_session_close(session), 0);
	CHECK_INT(await_http_close(http), 0);
	async_tls_free(with);
	async_tls_free(without);
	async_tls_free(server_tls);
}

/* A connection serves only those who would have made the same one. */
TEST_TASK(trust_and_name_of_one_request, "H35 H29")
{
	async_tls *strict = client_with(&stranger), *trusting = client_with(&authority),
		  *server_tls;
	async_http_server *http = serve_https(&other, &server_tls);
	async_session_options options = { ASYNC_CLIENT_TLS(strict) };
	async_session *session = async_session_new(&options);
	async_call both = { .tls = trusting, .server_name = "other.test" };
	async_call name = { .server_name = "other.test" }, trust = { .tls = trusting };
	struct talked talked;
	char url[100];

	snprintf(url, sizeof url, "https://%s/", async_http_address(http, 0));
	for (int i = 0; i < 2; i++) {
		talked = talk(session, "GET", url, &both);
		CHECK_STR(talked.text, "secret");
		CHECK_INT(talked.facts.reused, i);
		talked = talk(session, "GET", url, NULL);
		CHECK_INT(talked.status, -EKEYREJECTED);
		talked = talk(session, "GET", url, &name);
		CHECK_INT(talked.status, -EKEYREJECTED);
		talked = talk(session, "GET", url, &trust);
		CHECK_INT(talked.status, -EKEYREJECTED);
		CHECK_TEXT_HAS(talked.text, "other.test");
		CHECK_INT(talked.facts.phase, ASYNC_CALL_TLS);
	}
	CHECK_INT(await_session_close(session), 0);
	CHECK_INT(await_http_close(http), 0);
	async_tls_free(strict);
	async_tls_free(trusting);
	async_tls_free(server_tls);
}

/* ---- Connections that are kept ---- */

static struct {
	async_tls *tls;
	const char *text;
	int connections;
	bool closes; /* after each answer, as is right: with close_notify */
} keeper;

static int keep(async_stream *stream, void *arg)
{
	const char *head;

	(void)arg;
	keeper.connections++;
	if (await_stream_start_tls(stream, keeper.tls, NULL))
		return 0;
	while (await_stream_readuntil(stream, "\r\n\r\n", &head) > 0) {
		await_stream_write(stream, keeper.text, strlen(keeper.text));
		if (keeper.closes)
			return 0;
	}
	return 0;
}

/* Two requests, a moment apart. */
static void ask_keeper(const char *text, bool closes, const char *method, int connections)
{
	async_tls *tls = client_with(&authority);
	async_session_options options = { ASYNC_CLIENT_TLS(tls) };
	async_session *session = async_session_new(&options);
	async_server *served;
	char url[100];

	keeper.tls = server_with(&server);
	keeper.text = text;
	keeper.closes = closes;
	keeper.connections = 0;
	served = await_server_start(NULL, "127.0.0.1:0", keep, NULL);
	snprintf(url, sizeof url, "https://%s/", async_server_address(served, 0));
	for (int i = 0; i < 2; i++) {
		struct talked talked = talk(session, method, url, NULL);

		CHECK_STR(talked.text, "right");
		CHECK_INT(talked.facts.tries, 1);
		await_sleep(0.05);
	}
	CHECK_INT(keeper.connections, connections);
	CHECK_INT(await_session_close(session), 0);
	async_server_abort_clients(served);
	await_server_close(served, NULL);
	async_tls_free(tls);
	async_tls_free(keeper.tls);
}

TEST_TASK(what_lies_behind_an_answer_with_tls, "H20 H29")
{
	ask_keeper("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright", false, "GET", 1);
	ask_keeper("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"
		   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
		   false, "GET", 2);
}

/* A POST cannot be tried again, so that it is not sent where nobody listens any more. */
TEST_TASK(a_kept_connection_that_was_closed_with_tls, "H27 H29")
{
	ask_keeper("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright", true, "POST", 2);
}

/* ---- Upgrades ---- */

static int echo_after_switch(async_stream *stream, void *arg)
{
	const char *data;
	ssize_t n;

	(void)arg;
	if (await_stream_start_tls(stream, keeper.tls, NULL) ||
	    await_stream_readuntil(stream, "\r\n\r\n", &data) <= 0)
		return 0;
	await_stream_write(stream, keeper.text, strlen(keeper.text));
	while ((n = await_stream_readline(stream, &data)) > 0)
		await_stream_write(stream, data, (size_t)n);
	return 0;
}

/* The stream goes on when its answer and its session have gone. */
TEST_TASK(a_stream_taken_after_101_with_tls, "H13 H35")
{
	static const async_http_field upgrade = { "Upgrade", "echo" };
	async_tls *tls = client_with(&authority);
	async_session_options options = { ASYNC_CLIENT_TLS(tls) };
	async_session *session = async_session_new(&options);
	async_call call = { .fields = &upgrade, .field_count = 1 };
	async_response *answer;
	async_server *served;
	async_stream *stream;
	const char *line;
	char url[100];

	keeper.tls = server_with(&server);
	keeper.text = "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"
		      "early\n";
	served = await_server_start(NULL, "127.0.0.1:0", echo_after_switch, NULL);
	snprintf(url, sizeof url, "https://%s/", async_server_address(served, 0));
	answer = await_http_request(session, "GET", url, &call);
	CHECK_INT(async_response_status(answer), 101);
	stream = async_response_take_stream(answer);
	CHECK(stream);
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	CHECK_STR(async_stream_fact(stream, "transport"), "tls");
	CHECK_INT(await_stream_readline(stream, &line), 6);
	CHECK(!memcmp(line, "early\n", 6));
	CHECK_INT(await_stream_write(stream, "hello\n", 6), 6);
	CHECK_INT(await_stream_readline(stream, &line), 6);
	CHECK(!memcmp(line, "hello\n", 6));
	CHECK_INT(await_stream_close(stream), 0);
	async_server_abort_clients(served);
	await_server_close(served, NULL);
	async_tls_free(tls);
	async_tls_free(keeper.tls);
}
