/* SPDX-License-Identifier: MIT */
/* A cancel at every point of requests by https through a proxy: CONNECT, and TLS in the tunnel, or
 * TLS in TLS. Connections and rights to them are given back. */
#include <errno.h>
#include <await/client.h>
#include <await/http.h>
#include "client/joining.h"
#include "inspect/explore.h"
#include "tls/ends.h"

static struct {
	async_http_server *http;
	async_server *proxy;
	async_session *session;
	char url[100];
	int good, unclean;
} world;

static async_tls *server_tls, *client_tls;
static bool proxy_has_tls;

static int hello(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_text(request, "hello");
}

static int tunnel(async_stream *stream, void *arg)
{
	const char *head;
	async_stream *up;

	(void)arg;
	if (proxy_has_tls && await_stream_start_tls(stream, server_tls, NULL))
		return 0;
	if (await_stream_readuntil(stream, "\r\n\r\n", &head) <= 0)
		return 0;
	up = await_connect_stream(async_http_address(world.http, 0));
	if (up && await_stream_write(stream, "HTTP/1.1 200 Yes\r\n\r\n", 20) > 0)
		join(stream, up);
	else
		async_stream_abort(up);
	return 0;
}

static int fetch(async_call_facts *facts)
{
	async_call call = { .facts = facts, .total_seconds = 50 };
	async_response *answer = await_http_request(world.session, "GET", world.url, &call);
	const char *body;
	ssize_t n = await_response_body(answer, &body);

	world.good += n == 5;
	async_response_free(answer);
	return n < 0 ? (int)n : 0;
}

static int get(void *arg)
{
	async_call_facts facts;

	(void)arg;
	return excused(fetch(&facts));
}

static int begin(char proxy[60])
{
	async_http_options http_options = { ASYNC_HTTPS(server_tls) };
	async_app *app = async_app_new(NULL);

	memset(&world, 0, sizeof world);
	async_route(app, "GET", "/", hello, NULL);
	world.http = await_http_start(&http_options, app, "127.0.0.1:0");
	if (!world.http)
		return async_error_code();
	world.proxy = await_server_start(NULL, "127.0.0.1:0", tunnel, NULL);
	if (!world.proxy)
		return async_error_code();
	snprintf(world.url, sizeof world.url, "https://%s/", async_http_address(world.http, 0));
	snprintf(proxy, 60, "http%s://%s", proxy_has_tls ? "s" : "",
		 async_server_address(world.proxy, 0));
	return 0;
}

static void end(void)
{
	async_call_facts facts;

	async_shield (200) {
		/* What was not given back would be waited for. */
		if (world.session && fetch(&facts) == -ETIMEDOUT && facts.phase == ASYNC_CALL_QUEUE)
			world.unclean = -EBUSY;
		async_timeout (5)
			if (await_session_close(world.session) == -ETIMEDOUT)
				world.unclean = -ETIMEDOUT;
		/* In this order, or a tunnel with one half left would wait for the server. */
		if (world.http)
			await_http_close(world.http);
		if (world.proxy) {
			async_server_abort_clients(world.proxy);
			await_server_close(world.proxy, NULL);
		}
	}
}

static int through(void *arg)
{
	async_session_options options = { ASYNC_CLIENT_TLS(client_tls), .connections = 1 };
	char proxy[60];

	(void)arg;
	if (!begin(proxy)) {
		AWAIT_GROUP(tasks, ASYNC_ISOLATED);
		options.proxy = proxy;
		world.session = async_session_new(&options);
		for (int i = 0; i < 2; i++)
			async_spawn(&tasks, get, NULL);
	}
	end();
	return 0;
}

static int all_given_back(void *arg)
{
	(void)arg;
	return world.unclean;
}

static void explore_tunnels(bool with_tls)
{
	async_tls_options serves = { .identity = { .certificate = server.pem,
						   .key = server.key_pem },
				     .shutdown_seconds = -1,
				     .no_resumption = true };
	async_tls_options trusts = { .ca = authority.pem,
				     .shutdown_seconds = -1,
				     .no_resumption = true };

	let_go_of_slack();
	server_tls = async_tls_server(&serves);
	client_tls = async_tls_client(&trusts);
	proxy_has_tls = with_tls;
	explore(through, all_given_back);
	CHECK_INT(async_run(through, NULL), 0);
	CHECK_INT(world.good, 3);
	async_tls_free(server_tls);
	async_tls_free(client_tls);
}

TEST_WITH(tunnels_to_https, "H36 H35 X02", .backends = BACKEND_SIM, .deadline = 240, .in_thread = 1)
{
	explore_tunnels(false);
}

TEST_WITH(tunnels_in_tls, "H36 H35 X02", .backends = BACKEND_SIM, .deadline = 240, .in_thread = 1)
{
	explore_tunnels(true);
}
