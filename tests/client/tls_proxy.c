/* SPDX-License-Identifier: MIT */
/* https through proxies: tunnels by CONNECT in plain HTTP and in TLS, and what goes wrong in them. */
#include <errno.h>
#include "base/base.h"
#include "server/serving.h"
#include "joining.h"
#include "talker.h"
#include "tls/ends.h"

static struct {
	async_server *server;
	async_tls *tls; /* NULL: it speaks plainly */
	char url[64];	/* "http://me:secret@127.0.0.1:1234" */
	int connections;
	char heard[2000];
	const char *answer; /* in place of a tunnel; NULL: none */
	bool stalls;	    /* says no more than that */
	async_event over;
} proxy;

static struct {
	async_http_server *http;
	async_tls *tls;
	char url[100], authority[64];
	int requests;
} target;

static int tunnel(async_stream *stream, void *arg)
{
	const char *head;
	async_stream *up;
	ssize_t n;

	(void)arg;
	proxy.connections++;
	if (proxy.tls && await_stream_start_tls(stream, proxy.tls, NULL))
		return 0;
	n = await_stream_readuntil(stream, "\r\n\r\n", &head);
	snprintf(proxy.heard, sizeof proxy.heard, "%.*s", n > 0 ? (int)n : 0, head);
	if (proxy.answer) {
		await_stream_write(stream, proxy.answer, strlen(proxy.answer));
		if (proxy.stalls)
			await_event(&proxy.over);
		return 0;
	}
	up = await_connect_stream(target.authority);
	await_stream_write(stream, "HTTP/1.1 200 Yes\r\n\r\n", 20);
	join(stream, up);
	return 0;
}

static int show(async_request *request, void *arg)
{
	const char *login = async_request_header(request, "Proxy-Authorization");

	(void)arg;
	target.requests++;
	return await_respond_text(request, login ? login : "secret");
}

static void begin(const struct made *proxy_identity, const struct made *target_identity)
{
	async_http_options options = { ASYNC_HTTPS(NULL) };
	async_app *app = async_app_new(NULL);

	memset(&proxy, 0, sizeof proxy);
	proxy.over = (async_event)ASYNC_EVENT;
	proxy.tls = proxy_identity ? server_with(proxy_identity) : NULL;
	proxy.server = await_server_start(NULL, "127.0.0.1:0", tunnel, NULL);
	snprintf(proxy.url, sizeof proxy.url, "%s://me:pw@%s", proxy.tls ? "https" : "http",
		 async_server_address(proxy.server, 0));

	target.requests = 0;
	target.tls = options.tls = server_with(target_identity);
	async_route(app, "GET", "/", show, NULL);
	target.http = serve_app(app, &options);
	snprintf(target.authority, sizeof target.authority, "%s",
		 async_http_address(target.http, 0));
	snprintf(target.url, sizeof target.url, "https://%s/", target.authority);
}

static void end(void)
{
	async_event_set(&proxy.over);
	async_server_abort_clients(proxy.server);
	await_server_close(proxy.server, NULL);
	await_http_close(target.http);
	async_tls_free(proxy.tls);
	async_tls_free(target.tls);
}

/* One request through the proxy by a client that trusts the authority. */
static struct talked ask_through(double connect_seconds)
{
	async_tls_options trust = { .ca = authority.pem, .shutdown_seconds = -1 };
	async_tls *tls = async_tls_client(&trust);
	async_session_options options = { ASYNC_CLIENT_TLS(tls), .proxy = proxy.url,
					  .connect_seconds = connect_seconds };
	async_session *session = async_session_new(&options);
	struct talked talked = talk(session, "GET", target.url, NULL);

	CHECK_INT(await_session_close(session), 0);
	async_tls_free(tls);
	return talked;
}

static void go_through(const struct made *proxy_identity)
{
	async_tls_options trust = { .ca = authority.pem, .shutdown_seconds = -1 };
	async_http_field field = { "X-For-Proxy", "yes" };
	async_tls *tls = async_tls_client(&trust);
	async_session_options options = { ASYNC_CLIENT_TLS(tls), .proxy_fields = &field,
					  .proxy_field_count = 1 };
	async_session *session;
	char expected[200];

	begin(proxy_identity, &server);
	options.proxy = proxy.url;
	session = async_session_new(&options);
	for (int i = 0; i < 3; i++) {
		struct talked talked = talk(session, "GET", target.url, NULL);

		CHECK_STR(talked.text, "secret");
		CHECK_INT(talked.facts.reused, i > 0);
		CHECK_INT(talked.facts.phase, ASYNC_CALL_DONE);
	}
	CHECK_INT(proxy.connections, 1); /* its tunnel is kept */
	snprintf(expected, sizeof expected, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target.authority,
		 target.authority);
	CHECK_TEXT_HAS(proxy.heard, expected);
	CHECK_TEXT_HAS(proxy.heard, "Proxy-Authorization: Basic bWU6cHc=\r\n");
	CHECK_TEXT_HAS(proxy.heard, "X-For-Proxy: yes\r\n");
	CHECK_INT(await_session_close(session), 0);
	async_tls_free(tls);
	end();
}

TEST_TASK(https_through_a_plain_proxy, "H36 H35 S17")
{
	go_through(NULL);
}

TEST_TASK(tls_in_tls, "H36 H35 S18")
{
	go_through(&server);
}

TEST_TASK(whose_certificate_it_is, "H36 H35 H45")
{
	struct talked talked;

	begin(&expired, &server);
	talked = ask_through(0);
	CHECK_INT(talked.status, -EKEYEXPIRED);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_PROXY);
	CHECK_TEXT_HAS(talked.text, strrchr(proxy.url, '@') + 1);
	CHECK(!strstr(talked.text, "pw@"));
	CHECK_INT(*proxy.heard, 0); /* who it is was not told to a stranger */
	end();
	begin(&server, &expired);
	talked = ask_through(0);
	CHECK_INT(talked.status, -EKEYEXPIRED);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_TLS);
	CHECK_INT(target.requests, 0);
	end();
	begin(NULL, &other);
	talked = ask_through(0);
	CHECK_INT(talked.status, -EKEYREJECTED);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_TLS);
	CHECK_TEXT_HAS(talked.text, "other.test");
	end();
	begin(&foreign, &server);
	talked = ask_through(0);
	CHECK_INT(talked.status, -EKEYREJECTED);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_PROXY);
	CHECK_TEXT_HAS(talked.text, strrchr(proxy.url, '@') + 1);
	end();
}

TEST_TASK_WITH(proxies_that_do_not_tunnel, "H36 H45 H25", .deadline = 30)
{
	static const struct {
		const char *answer;
		bool stalls;
		int error;
		const char *words;
	} cases[] = {
		{ "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", 0, -EACCES, "another login" },
		{ "HTTP/1.1 403 Not you\r\n\r\n", 0, -EREMOTEIO, "403 Not you" },
		{ "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", 0, -EREMOTEIO, "302" },
		{ "HTTP/1.1 101 Switch\r\n\r\n", 0, -EPROTO, "101" },
		{ "", 0, -ECONNRESET, "hung up before it answered" },
		{ "HTTP/1.1 200 Y", 0, -ENODATA, "hung up in the middle of its answer" },
		{ "SSH-2.0-x\r\n", 0, -EBADMSG, "response" },
		{ "", 1, -ETIMEDOUT, "`connect_seconds`" },
		{ "HTTP/1.1 200", 1, -ETIMEDOUT, "`connect_seconds`" },
		{ "HTTP/1.1 100 Wait\r\n\r\n", 1, -ETIMEDOUT, "`connect_seconds`" },
	};

	for (size_t i = 0; i < 2 * array_length(cases); i++) {
		struct talked talked;

		begin(i % 2 ? &server : NULL, &server);
		proxy.answer = cases[i / 2].answer;
		proxy.stalls = cases[i / 2].stalls;
		talked = ask_through(proxy.stalls ? 0.3 : 0);
		if (talked.status != cases[i / 2].error)
			harness_fail(__FILE__, __LINE__, "%s: %d, %s", proxy.answer, talked.status,
				     talked.text);
		CHECK_TEXT_HAS(talked.text, cases[i / 2].words);
		if (!proxy.stalls)
			CHECK_TEXT_HAS(talked.text, strrchr(proxy.url, '@') + 1);
		CHECK_INT(talked.facts.phase, ASYNC_CALL_PROXY);
		CHECK_INT(target.requests, 0);
		end();
	}
}

/* A tunnel whose other end hangs up is none. */
TEST_TASK(a_tunnel_that_ends_at_once, "H36 H45")
{
	struct talked talked;

	begin(NULL, &server);
	proxy.answer = "HTTP/1.1 200 Yes\r\n\r\n";
	talked = ask_through(0);
	CHECK_INT(talked.status, -ECONNABORTED);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_TLS);
	end();
}
