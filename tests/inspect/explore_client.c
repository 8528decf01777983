/* SPDX-License-Identifier: MIT */
/* A cancel at every point of clients that share few connections: each gives back its connection,
 * its right to one and its memory, and whoever waited behind it is served. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await/http.h>
#include <await/retry.h>
#include "client/joining.h"
#include "inspect/explore.h"

static struct {
	async_http_server *server;
	async_session *session;
	char url[100];
	int good; /* answers read to their end */
	int unclean;
} world;

/* ---- The server ---- */

static int there(async_request *request, void *arg)
{
	(void)arg;
	async_respond_add(request, "Set-Cookie", "been=there; Path=/");
	return async_redirect(request, 302, "/here");
}

static int here(async_request *request, void *arg)
{
	(void)arg;
	await_respond_write(request, "in two ", 7);
	await_sleep(0.001);
	return await_respond_write(request, "pieces", 6);
}

static int take(async_request *request, void *arg)
{
	const char *data;
	ssize_t n = await_request_body(request, &data);

	(void)arg;
	return n < 0 ? (int)n : await_respond_printf(request, "%zd", n);
}

static int slow(async_request *request, void *arg)
{
	(void)arg;
	await_sleep(0.003);
	return await_respond_text(request, "slow");
}

/* Every other time. */
static int busy(async_request *request, void *arg)
{
	int *times = arg;

	return ++*times % 2 ? 503 : await_respond_text(request, "at last");
}

static async_app *app_of_all(void)
{
	static int times;
	async_app *app = async_app_new(NULL);

	times = 0;
	async_route(app, "GET", "/", there, NULL);
	async_route(app, "GET", "/here", here, NULL);
	async_route(app, "PUT", "/put", take, NULL);
	async_route(app, "GET", "/busy", busy, &times);
	async_route(app, "GET", "/slow", slow, NULL);
	return app;
}

/* ---- The world around a client ---- */

static int fetch(const char *method, const char *path, const async_call *how,
		 async_call_facts *facts)
{
	async_call call = how ? *how : (async_call){ 0 };
	async_response *answer;
	const char *data;
	char url[120];
	ssize_t n;

	call.facts = facts;
	snprintf(url, sizeof url, "%s%s", world.url, path);
	answer = await_http_request(world.session, method, url, &call);
	while ((n = await_response_chunk(answer, &data)) > 0)
		continue;
	world.good += async_response_status(answer) == 200 && !n;
	async_response_free(answer);
	return (int)n;
}

/* What was not given back would be waited for. The server may have been the one who was cancelled:
 * then it does not answer, but a connection to ask it over there must be. */
static void look_after(void)
{
	async_call call = { .total_seconds = 5 };
	async_call_facts facts;

	if (fetch("GET", "here", &call, &facts) == -ETIMEDOUT && facts.phase == ASYNC_CALL_QUEUE)
		world.unclean = -EBUSY;
	async_timeout (5)
		if (await_session_close(world.session) == -ETIMEDOUT)
			world.unclean = -ETIMEDOUT;
}

static int begin(const async_session_options *options)
{
	memset(&world, 0, sizeof world);
	world.server = await_http_start(NULL, app_of_all(), "127.0.0.1:0");
	if (!world.server)
		return async_error_code();
	world.session = async_session_new_(options, NULL);
	snprintf(world.url, sizeof world.url, "http://%s/", async_http_address(world.server, 0));
	return 0;
}

static int run(const async_session_options *options, async_fn *client, int clients)
{
	if (begin(options))
		return excused(async_error_code());
	{
		AWAIT_GROUP(tasks, ASYNC_ISOLATED);
		for (int i = 0; i < clients; i++)
			async_spawn(&tasks, client, NULL);
	}
	async_shield (60) {
		look_after();
		await_http_close(world.server);
	}
	return 0;
}

static int all_given_back(void *arg)
{
	(void)arg;
	return world.unclean;
}

/* And left alone, so many requests are answered. */
static void explore_client(async_fn *scenario, int good)
{
	explore(scenario, all_given_back);
	CHECK_INT(async_run(scenario, NULL), 0);
	CHECK_INT(world.good, good);
}

/* ---- Redirects, cookies ---- */

static int get(void *arg)
{
	async_call_facts facts;

	(void)arg;
	return excused(fetch("GET", "", NULL, &facts));
}

static int share(void *arg)
{
	static const async_session_options options = { .per_host = 1, .connections = 2 };

	(void)arg;
	return run(&options, get, 3);
}

TEST_WITH(clients_that_share_connections, "H21 H28 H30 H40 X02", .backends = BACKEND_SIM,
	  .deadline = 120, .in_thread = 1)
{
	explore_client(share, 4);
}

/* ---- Uploads ---- */

struct pieces {
	int left;
};

static ssize_t next_piece(void *arg, const char **data)
{
	struct pieces *pieces = arg;
	int error = await_sleep(0.001);

	*data = "a piece";
	return error ? error : pieces->left-- > 0 ? 7 : 0;
}

static int put_source(void *arg)
{
	struct pieces pieces = { 3 };
	async_source source = { .await_next = next_piece, .arg = &pieces };
	async_call call = { .source = &source, .expect = true };
	async_call_facts facts;

	(void)arg;
	return excused(fetch("PUT", "put", &call, &facts));
}

static int upload_source(void *arg)
{
	static const async_session_options options = { .per_host = 1 };

	(void)arg;
	return run(&options, put_source, 2);
}

TEST_WITH(uploads_from_a_source, "H10 H13 H43 X02", .backends = BACKEND_SIM, .deadline = 120,
	  .in_thread = 1)
{
	explore_client(upload_source, 3);
}

static char file[40];

static int put_file(void *arg)
{
	async_call call = { .file = file, .expect = true };
	async_call_facts facts;

	(void)arg;
	return excused(fetch("PUT", "put", &call, &facts));
}

static int upload_file(void *arg)
{
	(void)arg;
	return run(NULL, put_file, 1);
}

TEST_WITH(uploads_of_a_file, "H10 H13 H43 X02", .backends = BACKEND_SIM, .deadline = 120,
	  .in_thread = 1)
{
	static const char bytes[70000];
	int fd;

	strcpy(file, "/tmp/explore-client-XXXXXX");
	fd = mkstemp(file);
	CHECK_INT(write(fd, bytes, sizeof bytes), sizeof bytes);
	close(fd);
	explore_client(upload_file, 2);
	unlink(file);
}

/* ---- Middlewares ---- */

static int get_busy(void *arg)
{
	async_call_facts facts;

	(void)arg;
	return excused(fetch("GET", "busy", NULL, &facts));
}

static int retry(void *arg)
{
	static const async_retry_options soon = { .first_seconds = 0.001 };
	static async_rate rate = ASYNC_RATE(1000, 2);
	static const async_client_middleware list[] = { { await_http_retry, (void *)&soon },
							{ await_http_throttle, &rate } };
	static const async_session_options options = { .per_host = 1,
						       .middlewares = list,
						       .middleware_count = 2 };

	(void)arg;
	rate = (async_rate)ASYNC_RATE(1000, 2);
	return run(&options, get_busy, 2);
}

TEST_WITH(middlewares_that_ask_again, "H42 X02 X09", .backends = BACKEND_SIM, .deadline = 120,
	  .in_thread = 1)
{
	explore_client(retry, 3);
}

/* ---- Hedges ---- */

static int get_slow(void *arg)
{
	char url[120];
	async_response *answer;
	const char *body;
	ssize_t n;

	(void)arg;
	snprintf(url, sizeof url, "%sslow", world.url);
	answer = await_http_hedge(world.session, "GET", url, NULL, 0.001);
	n = await_response_body(answer, &body);
	world.good += n == 4;
	async_response_free(answer);
	return excused(n < 0 ? (int)n : 0);
}

/* The second tries wait for a connection behind the others' first ones. */
static int hedge(void *arg)
{
	static const async_session_options options = { .connections = 2 };

	(void)arg;
	return run(&options, get_slow, 2);
}

TEST_WITH(one_request_over_two_connections, "X09 X02", .backends = BACKEND_SIM, .deadline = 120,
	  .in_thread = 1)
{
	explore_client(hedge, 3);
}

/* ---- Upgrades ---- */

static char upgrade_url[60];

static int echo_after_switch(async_stream *stream, void *arg)
{
	static const char head[] =
		"HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";
	const char *data;
	ssize_t n;

	(void)arg;
	if (await_stream_readuntil(stream, "\r\n\r\n", &data) <= 0 ||
	    await_stream_write(stream, head, sizeof head - 1) < 0)
		return 0;
	while ((n = await_stream_readline(stream, &data)) > 0)
		await_stream_write(stream, data, (size_t)n);
	return 0;
}

/* The connection is taken out while others wait for their turn. */
static int upgrade(void *arg)
{
	static const async_http_field field = { "Upgrade", "echo" };
	static const async_call call = { .fields = &field, .field_count = 1 };
	async_response *answer = await_http_request(world.session, "GET", upgrade_url, &call);
	async_stream *stream = async_response_take_stream(answer);
	const char *line;
	ssize_t n;

	(void)arg;
	async_response_free(answer);
	n = await_stream_write(stream, "hello\n", 6);
	if (n >= 0)
		n = await_stream_readline(stream, &line);
	world.good += n == 6;
	async_shield (5)
		await_stream_close(stream);
	return excused((int)n);
}

static int share_upgrades(void *arg)
{
	static const async_session_options options = { .connections = 1 };
	async_server *server = await_server_start(NULL, "127.0.0.1:0", echo_after_switch, NULL);
	int result;

	(void)arg;
	if (!server)
		return excused(async_error_code());
	snprintf(upgrade_url, sizeof upgrade_url, "http://%s/", async_server_address(server, 0));
	result = run(&options, upgrade, 2);
	async_server_abort_clients(server);
	async_shield (5)
		await_server_close(server, NULL);
	return result;
}

TEST_WITH(streams_taken_after_an_upgrade, "H13 H28 H30 X02", .backends = BACKEND_SIM,
	  .deadline = 120, .in_thread = 1)
{
	explore_client(share_upgrades, 3);
}

/* ---- Proxies ---- */

/* SOCKS 5 without a login, to the one server that there is. */
static int socks(async_stream *stream, void *arg)
{
	unsigned char head[300];
	async_stream *up;

	(void)arg;
	if (await_stream_readexactly(stream, head, 2) < 0 ||
	    await_stream_readexactly(stream, head, head[1]) < 0 ||
	    await_stream_write(stream, "\5\0", 2) < 0 ||
	    await_stream_readexactly(stream, head, 10) < 0)
		return 0;
	up = await_connect_stream(async_http_address(world.server, 0));
	if (up && await_stream_write(stream, "\5\0\0\1\0\0\0\0\0\0", 10) > 0)
		join(stream, up);
	else
		async_stream_abort(up);
	return 0;
}

static int by_proxy(void *arg)
{
	async_server *proxy = await_server_start(NULL, "127.0.0.1:0", socks, NULL);
	async_session_options options = { .connections = 1 };
	char text[60];
	int result;

	(void)arg;
	if (!proxy)
		return excused(async_error_code());
	snprintf(text, sizeof text, "socks5://%s", async_server_address(proxy, 0));
	options.proxy = text;
	result = run(&options, get, 2);
	async_server_abort_clients(proxy);
	async_shield (5)
		await_server_close(proxy, NULL);
	return result;
}

TEST_WITH(requests_through_a_proxy, "H36 X08 X02", .backends = BACKEND_SIM, .deadline = 240,
	  .in_thread = 1)
{
	explore_client(by_proxy, 3);
}

/* ---- The end of a session ---- */

static int begun;

static int get_begun(void *arg)
{
	begun++;
	return get(arg);
}

/* While one is answered and others wait for its connection. */
static int close_early(void *arg)
{
	static const async_session_options options = { .per_host = 1 };

	(void)arg;
	begun = 0;
	if (begin(&options))
		return excused(async_error_code());
	{
		AWAIT_GROUP(tasks, ASYNC_ISOLATED);
		for (int i = 0; i < 3; i++)
			async_spawn(&tasks, get_begun, NULL);
		async_shield (5)
			while (begun < 3)
				await_sleep(0);
		await_sleep(0.001);
		await_session_close(world.session); /* or its last answer frees it */
	}
	async_shield (60)
		await_http_close(world.server);
	return 0;
}

TEST_WITH(sessions_that_close_while_requests_wait, "H01 H28 H30 X02", .backends = BACKEND_SIM,
	  .deadline = 120, .in_thread = 1)
{
	explore_client(close_early, 1);
}
