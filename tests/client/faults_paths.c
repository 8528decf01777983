/* SPDX-License-Identifier: MIT */
/* No memory on the client's less trodden paths: a proxy with a login, a middleware that leads
 * elsewhere, a login by Digest, a connection that is taken out, a body that is sent on. Whatever
 * fails has a text, and nothing is left behind. */
#define _GNU_SOURCE
#include <errno.h>
#include "fault.h"
#include "talker.h"

static struct {
	async_server *server;
	char url[64], host[64];
	int good;
} site;

static int has(const char *head, ssize_t size, const char *text)
{
	return memmem(head, (size_t)size, text, strlen(text)) != NULL;
}

/* A proxy and its only target. */
static int answer_all(async_stream *stream, void *arg)
{
	const char *head, *text;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readuntil(stream, "\r\n\r\n", &head)) > 0) {
		if (has(head, n, "CONNECT "))
			text = "HTTP/1.1 200 Yes\r\n\r\n";
		else if (has(head, n, "Upgrade: "))
			text = "HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
		else if (has(head, n, "/digest") && !has(head, n, "Authorization: Digest"))
			text = "HTTP/1.1 401 Who\r\nContent-Length: 0\r\nWWW-Authenticate: Digest "
			       "realm=\"x\", nonce=\"y\", domain=\"/ /a\", qop=auth\r\n\r\n";
		else
			text = "HTTP/1.1 200 OK\r\nAuthentication-Info: nextnonce=\"z\"\r\n"
			       "Link: <a>; rel=next\r\nContent-Length: 2\r\n\r\nok";
		if (await_stream_write(stream, text, strlen(text)) < 0)
			break;
	}
	return 0;
}

static async_response *await_elsewhere(async_outgoing *request, void *url)
{
	if (async_outgoing_set_url(request, url) ||
	    async_outgoing_add_header(request, "X-Mark", "1") ||
	    async_outgoing_set_body(request, "text/plain", "body", 4) ||
	    async_outgoing_set_method(request, "PUT"))
		return NULL;
	return await_outgoing_next(request);
}

static void count(async_response *answer, int status)
{
	CHECK(answer || (async_error_code() < 0 && *async_error()));
	FORGET_ERROR();
	site.good += async_response_status(answer) == status;
}

static void work(void)
{
	static const async_http_field upgrade = { "Upgrade", "x" };
	async_digest *digest = async_digest_new("me", "secret");
	async_client_middleware by_digest = { await_digest, digest },
				elsewhere = { await_elsewhere,
					      (void *)"http://me:pw@other.test/x" };
	async_session_options options = { .proxy = site.host, .total_seconds = 20 };
	async_session *session = async_session_new(&options);
	async_call calls[] = {
		{ .fields = &upgrade, .field_count = 1 },
		{ .middlewares = &elsewhere, .middleware_count = 1 },
		{ .middlewares = &by_digest, .middleware_count = digest ? 1 : 0 },
		{ .proxy = "", .server_name = "named.test" },
	};
	async_response *answer = NULL, *again;
	async_stream *stream;
	async_source source;

	FORGET_ERROR();
	if (session) {
		answer = await_http_request(session, "GET", "http://one.test/", &calls[0]);
		count(answer, 101);
		stream = async_response_take_stream(answer);
		async_response_free(answer);
		if (stream)
			async_stream_abort(stream);
		answer = await_http_request(session, "GET", "http://two.test/", &calls[1]);
		count(answer, 200);
		async_response_free(answer);
		answer = await_http_request(session, "GET", "http://three.test/digest", &calls[2]);
		count(answer, digest ? 200 : 401);
		async_response_free(answer);
		answer = await_http_request(session, "GET", site.url, &calls[3]);
		count(answer, 200);
		async_response_link(answer, "next");
		await_response_text(answer);
		source = async_response_source(answer);
		again = await_http_request(session, "PUT", site.url,
					   &(async_call){ .source = answer ? &source : NULL,
							  .proxy = "" });
		count(again, 200);
		async_response_free(again);
		async_response_free(answer);
	}
	CHECK_INT(await_session_close(session), 0);
	async_digest_free(digest);
}

static void begin(void)
{
	site.server = await_server_start(NULL, "127.0.0.1:0", answer_all, NULL);
	CHECK(site.server);
	snprintf(site.url, sizeof site.url, "http://%s/", async_server_address(site.server, 0));
	snprintf(site.host, sizeof site.host, "http://me:secret@%s",
		 async_server_address(site.server, 0));
}

TEST_TASK_WITH(no_memory_on_the_side, "X20 H36 H39 H42", .deadline = 120, .may_leak = 1)
{
	static const char *const calls[] = { "malloc", "calloc",  "realloc",
					     "strdup", "strndup", "asprintf" };

	begin();
	work();
	CHECK_INT(site.good, 5);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		int uses;

		fault_clear();
		work();
		uses = fault_count(calls[i]);
		site.good = 0;
		for (int nth = 1; nth <= uses + 1; nth++) {
			if (!fault_inject(calls[i], nth, ENOMEM))
				break;
			work();
			fault_clear();
		}
		printf("%s: used %d times, %d answers\n", calls[i], uses, site.good);
	}
	site.good = 0;
	work();
	CHECK_INT(site.good, 5);
	async_server_abort_clients(site.server);
	CHECK_INT(await_server_close(site.server, NULL), 0);
}
