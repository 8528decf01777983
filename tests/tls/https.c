/* SPDX-License-Identifier: MIT */
/* HTTP over TLS: a server that speaks it, and one that is spoken to so by mistake. */
#include <errno.h>
#include "server/serving.h"
#include "ends.h"

#define GOOD .identity = { .certificate = server.pem, .key = server.key_pem }

static int show_scheme(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_printf(request, "%s by %s", async_request_url(request),
				    async_stream_fact(async_request_stream(request),
						      "tls_version"));
}

static int large(async_request *request, void *arg)
{
	char *data = calloc(1, 1 << 20);
	int error = await_respond_data(request, NULL, data, 1 << 20);

	(void)arg;
	free(data);
	return error;
}

static async_http_server *serve_https(async_tls *tls)
{
	async_http_options options = { ASYNC_HTTPS(tls) };
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/", show_scheme, NULL);
	async_route(app, "GET", "/large", large, NULL);
	return serve_app(app, &options);
}

TEST_TASK(a_server_of_https, "W45 W19")
{
	async_tls_options server_options = { GOOD, .shutdown_seconds = -1 };
	async_tls_options client_options = { .ca = authority.pem, .shutdown_seconds = -1 };
	async_tls *tls = async_tls_server(&server_options);
	async_tls *trust = async_tls_client(&client_options);
	async_http_server *http = serve_https(tls);
	async_stream *stream =
		await_connect_tls_with(async_http_address(http, 0), trust, "localhost", NULL, NULL);

	CHECK(stream);
	for (int i = 0; i < 3; i++) {
		send_text(stream, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nhttps://h/ by TLSv1.");
		/* The second time it comes back from where it was parked. */
		await_sleep(i ? 0 : 1.5);
	}
	send_text(stream, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, false), "Content-Length: 1048576\r\n");
	await_stream_close(stream);
	/* Plain HTTP on this port is no TLS: the connection ends, the server goes on. */
	CHECK(!strstr(ask(http, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "200 OK"));
	CHECK_INT(await_http_close(http), 0);
	async_tls_free(tls);
	async_tls_free(trust);
}

TEST_TASK(tls_on_a_plain_port_is_told, "W45")
{
	async_app *app = async_app_new(NULL);
	async_http_server *http;
	async_stream *stream;
	char *all = NULL;

	async_route(app, "GET", "/", say, "hello");
	http = serve_app(app, NULL);
	stream = connect_http(http);
	CHECK_INT(await_stream_write(stream, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
		  11);
	CHECK(await_stream_readall(stream, &all, 4096) > 0);
	CHECK_TEXT_HAS(all, "400 Bad Request");
	CHECK_TEXT_HAS(all, "is it https:// instead of http://?");
	free(all);
	await_stream_close(stream);
	CHECK_INT(await_http_close(http), 0);
}

TEST_TASK(a_context_alone_is_not_enough, "W45")
{
	async_http_options options = { .tls = (async_tls *)&options };

	CHECK(!await_http_start(&options, async_app_new(NULL), "127.0.0.1:0"));
	CHECK_TEXT_HAS(async_error(), "ASYNC_HTTPS");
}
