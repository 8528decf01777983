/* SPDX-License-Identifier: MIT */
/* A cancel at every point of clients that share few connections: each gives back its connection,
 * its right to one and its memory, and whoever waited behind it is served. */
#include <await/http.h>
#include <await/client.h>
#include "inspect/explore.h"

static char url[100];
static int unclean;

static int there(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 302, "/here");
}

static int here(async_request *request, void *arg)
{
	(void)arg;
	await_respond_write(request, "in two ", 7);
	await_sleep(0.001);
	return await_respond_write(request, "pieces", 6);
}

static int fetch(void *session)
{
	async_response *answer = await_session_get(session, url);
	const char *data;
	ssize_t n;

	while ((n = await_response_chunk(answer, &data)) > 0)
		continue;
	async_response_free(answer);
	return excused((int)n);
}

static int share(void *arg)
{
	async_session_options options = { .per_host = 1, .connections = 2 };
	async_app *app = async_app_new(NULL);
	async_session *session = async_session_new_(&options, NULL);
	async_http_server *server;

	(void)arg;
	unclean = 0;
	async_route(app, "GET", "/", there, NULL);
	async_route(app, "GET", "/here", here, NULL);
	server = await_http_start(NULL, app, "127.0.0.1:0");
	if (!server) {
		async_shield (5)
			await_session_close(session);
		return excused(async_error_code());
	}
	snprintf(url, sizeof url, "http://%s/", async_http_address(server, 0));
	{
		AWAIT_GROUP(clients, ASYNC_ISOLATED);
		for (int i = 0; i < 3; i++)
			async_spawn(&clients, fetch, session);
	}
	async_shield (60) {
		/* What was not given back would be waited for. */
		async_timeout (5)
			unclean = await_session_close(session);
		await_http_close(server);
	}
	return 0;
}

static int all_given_back(void *arg)
{
	(void)arg;
	return unclean;
}

TEST_WITH(clients_that_share_connections, "H21 H28 H30 X02", .backends = BACKEND_SIM,
	  .deadline = 120, .in_thread = 1)
{
	explore(share, all_given_back);
}
