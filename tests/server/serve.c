/* SPDX-License-Identifier: MIT */
/* Servers from start to end: addresses, loops, options, and closing in good order. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "serving.h"

static async_app *hello_app(void)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/", say, "hello");
	return app;
}

static char listened[100];

static void note_address(async_server *server, void *arg)
{
	(void)arg;
	snprintf(listened, sizeof listened, "%s", async_server_address(server, 0));
}

static int end_with_sigterm(void *arg)
{
	async_stream *stream;

	(void)arg;
	while (!listened[0])
		await_sleep(0.005);
	stream = await_connect_stream(listened);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "hello");
	kill(getpid(), SIGTERM);
	CHECK_STR(read_answer(stream, true), "");
	return await_stream_close(stream);
}

TEST_TASK_WITH(one_call_runs_it, "W02 W04 W03", .backends = REAL_BACKENDS,
	       .expect_stderr = "Serving http://127.0.0.1:")
{
	async_http_options options = { .server = { .listening = note_address } };
	async_task *task = async_create_task(end_with_sigterm, NULL);

	CHECK_INT(await_http_serve_with(&options, hello_app(), "127.0.0.1:0"), 0);
	CHECK_INT(await_task(task), 0);
}

TEST_TASK(a_cancel_ends_it_too, "W02 W04")
{
	async_http_options options = { .quiet = true };

	async_timeout (0.05)
		CHECK_INT(await_http_serve_with(&options, hello_app(), "127.0.0.1:0"), -ETIMEDOUT);
}

TEST_TASK(several_addresses, "W02 W03")
{
	char folder[] = "/tmp/await-http-XXXXXX", addresses[200];
	async_http_server *server;
	async_stream *stream;

	CHECK(mkdtemp(folder));
	snprintf(addresses, sizeof addresses, "127.0.0.1:0,unix:%s/socket", folder);
	server = await_http_start(NULL, hello_app(), addresses);
	CHECK(server);
	CHECK(!async_http_address(server, 2));
	CHECK_TEXT_HAS(get(server, "/"), "hello");
	stream = await_connect_stream(async_http_address(server, 1));
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "hello");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
	CHECK_INT(rmdir(folder), 0); /* the socket is gone */
}

TEST_TASK(sites_that_come_and_go, "W03 Z35")
{
	async_http_server *http = await_http_open(NULL, hello_app());
	async_server *sites[2];
	async_stream *stream;

	for (int i = 0; i < 2; i++)
		sites[i] = await_server_start(NULL, "127.0.0.1:0", await_http_connection, http);
	CHECK_INT(await_server_close(sites[0], NULL), 0);
	stream = await_connect_stream(async_server_address(sites[1], 0));
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, true), "hello");
	await_stream_close(stream);
	CHECK_INT(await_server_close(sites[1], NULL), 0);
	CHECK(!async_http_address(http, 0));
	CHECK_INT(await_http_close(http), 0);
}

static int nap(async_request *request, void *seconds)
{
	int error = await_sleep(*(double *)seconds);

	return error ? error : await_respond_text(request, "rested");
}

struct client {
	async_http_server *server;
	char answer[400];
};

static int ask_slowly(void *arg)
{
	struct client *client = arg;

	snprintf(client->answer, sizeof client->answer, "%s",
		 ask(client->server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	return 0;
}

static int close_while_busy(double nap_seconds, double grace_seconds, struct client *client)
{
	async_http_options options = { .server = { .grace_seconds = grace_seconds } };
	async_app *app = async_app_new(NULL);
	async_task *task;
	int result;

	async_route(app, "GET", "/", nap, &nap_seconds);
	client->server = serve_app(app, &options);
	task = async_create_task(ask_slowly, client);
	await_sleep(0.02);
	result = await_http_close(client->server);
	CHECK_INT(await_task(task), 0);
	return result;
}

TEST_TASK(a_busy_connection_is_answered_then_closed, "W04 W33")
{
	struct client client;

	CHECK_INT(close_while_busy(0.1, 10, &client), 0);
	CHECK_TEXT_HAS(client.answer, "Connection: close\r\n\r\nrested");
}

TEST_TASK_WITH(who_does_not_end_is_cancelled, "W04", .expect_stderr = "cancelled")
{
	struct client client;

	CHECK_INT(close_while_busy(100, 0.05, &client), -ETIMEDOUT);
	CHECK(!strstr(client.answer, "rested"));
}

static int all_loops(void *arg)
{
	async_http_options *options = arg;

	return await_http_serve_with(options, hello_app(), "127.0.0.1:0");
}

TEST_TASK_WITH(several_loops_serve_one_application, "W46 X10", .backends = REAL_BACKENDS)
{
	async_http_options options = { .quiet = true,
				       .server = { .loops = 3, .listening = note_address } };
	async_task *task;

	listened[0] = '\0';
	task = async_create_task(all_loops, &options);
	while (!listened[0])
		await_sleep(0.005);
	await_sleep(0.05);
	for (int i = 0; i < 30; i++) {
		async_stream *stream = await_connect_stream(listened);

		CHECK(stream);
		send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		CHECK_TEXT_HAS(read_answer(stream, true), "hello");
		await_stream_close(stream);
	}
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
}

TEST_TASK(bad_options_are_named, "W38 W02")
{
	async_http_options many = { .fields = 100000 }, long_field = { .field_bytes = 70000 },
			   name = { .name = "a\r\nb" };

	CHECK(!await_http_start(&many, hello_app(), "127.0.0.1:0"));
	CHECK_TEXT_HAS(async_error(), "`fields` is 100000: at most 65535");
	CHECK(!await_http_start(&long_field, hello_app(), "127.0.0.1:0"));
	CHECK_TEXT_HAS(async_error(), "`field_bytes`");
	CHECK(!await_http_start(&name, hello_app(), "127.0.0.1:0"));
	CHECK_TEXT_HAS(async_error(), "0x0d");
	CHECK(!await_http_start(NULL, hello_app(), "nonsense"));
	CHECK_TEXT_HAS(async_error(), "nonsense");
	CHECK_INT(await_http_close(NULL), -EINVAL);
}

TEST_TASK(an_application_is_served_once, "W01")
{
	async_app *app = hello_app(), *sub = async_app_new(NULL);
	async_http_server *server = serve_app(app, NULL);

	CHECK(!await_http_start(NULL, app, "127.0.0.1:0"));
	CHECK_INT(async_error_code(), -EBUSY);
	CHECK_TEXT_HAS(get(server, "/"), "hello");
	CHECK_INT(await_http_close(server), 0);
	app = hello_app();
	async_mount(app, "/sub", sub);
	CHECK(!await_http_start(NULL, sub, "127.0.0.1:0"));
	CHECK_TEXT_HAS(async_error(), "mounted");
	async_app_free(app);
}

/* On one loop, where the second most likely lies where the first did. */
TEST_TASK_WITH(a_server_inherits_nothing_from_one_before, "W02 W36", .backends = BACKEND_SIM)
{
	const async_http_options patient = { .idle_seconds = 3000, .linger_seconds = 1000 };
	const async_http_options hasty = { .head_seconds = 0.01, .linger_seconds = 0.01 };

	for (int i = 0; i < 10; i++) {
		async_http_server *server = serve_app(hello_app(), i % 2 ? &hasty : &patient);
		double began = async_now();

		CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nhello");
		if (i % 2)
			CHECK_TEXT_HAS(ask(server, "G"), " 408 ");
		CHECK(async_now() - began < 0.5);
		CHECK_INT(await_http_close(server), 0);
	}
}

TEST_TASK(a_server_may_keep_its_name_to_itself, "W25")
{
	async_http_server *server = serve_app(hello_app(), &(async_http_options){ .name = "" });

	CHECK(!strstr(get(server, "/"), "Server:"));
	CHECK_INT(await_http_close(server), 0);
	server = serve_app(hello_app(), &(async_http_options){ .name = "mine/2" });
	CHECK_TEXT_HAS(get(server, "/"), "Server: mine/2\r\n");
	CHECK_INT(await_http_close(server), 0);
}
