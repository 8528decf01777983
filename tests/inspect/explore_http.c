/* SPDX-License-Identifier: MIT */
/* A cancel at every point of a server that answers: a GET behind a middleware, a POST with a body,
 * a form with a file on the disk. Nothing is left: no descriptor, no file, no byte. */
#include <stdlib.h>
#include <string.h>
#include <await/http.h>
#include "inspect/explore.h"

#define GET "GET /hello?a=1 HTTP/1.1\r\nHost: a\r\n\r\n"
#define BODY \
	"POST /body HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n12345"
#define FIRST "--b\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\n01234"
#define REST  "56789\r\n--b--"

static char three[2000], one[1000];

/* The form in two chunks. */
static void make_texts(void)
{
	snprintf(one, sizeof one,
		 "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b"
		 "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
		 "%zx\r\n%s\r\n%zx\r\n%s\r\n0\r\n\r\n",
		 sizeof FIRST - 1, FIRST, sizeof REST - 1, REST);
	snprintf(three, sizeof three, GET BODY "%s", one);
}

static int around(async_request *request, void *arg)
{
	int result;

	(void)arg;
	if (async_request_set_value(request, one, request))
		return -ENOMEM;
	await_sleep(0.001);
	result = await_next(request);
	await_sleep(0.001);
	return result;
}

static int hello(async_request *request, void *arg)
{
	const char *value = async_request_query_value(request, "a");

	(void)arg;
	return await_respond_text(request, value ? value : "");
}

static int body(async_request *request, void *arg)
{
	const char *data;
	ssize_t n = await_request_text(request, &data);

	(void)arg;
	return n < 0 ? (int)n : await_respond_data(request, "text/plain", data, (size_t)n);
}

static int form(async_request *request, void *arg)
{
	static const async_form_options small = { .memory_bytes = 4 };
	async_form *form = await_request_form_with(request, &small);
	const async_field *file = async_form_file(form, "f");
	char room[20];
	ssize_t n;

	(void)arg;
	if (!form)
		return async_error_code();
	n = await_form_read(file, room, sizeof room, 0);
	return n < 0 ? (int)n : await_respond_data(request, "text/plain", room, (size_t)n);
}

/* All three on one connection; the answers are read to their end. */
static int await_ask(const char *address, const char *text)
{
	async_stream *stream = await_connect_stream(address);
	char *all = NULL;
	ssize_t n;

	if (!stream)
		return async_error_code();
	n = await_stream_write(stream, text, strlen(text));
	if (n >= 0)
		n = await_stream_readall(stream, &all, 1 << 16);
	free(all);
	async_shield (5)
		await_stream_close(stream);
	return n < 0 ? (int)n : 0;
}

static async_app *make_app(void)
{
	async_app *app = async_app_new(&(async_route_options){ .gone = ASYNC_GONE_CANCEL });

	async_middleware(app, around, NULL);
	async_route(app, "GET", "/hello", hello, NULL);
	async_route(app, "POST", "/body", body, NULL);
	async_route(app, "POST", "/form", form, NULL);
	return app;
}

static int serve_three(void *arg)
{
	async_http_server *server = await_http_start(NULL, make_app(), "127.0.0.1:0");
	int error;

	(void)arg;
	if (!server)
		return excused(async_error_code());
	error = await_ask(async_http_address(server, 0), three);
	async_shield (5)
		await_http_close(server);
	return excused(error);
}

TEST_WITH(three_requests_on_a_connection, "W21 W23 W36 X02", .backends = BACKEND_SIM,
	  .deadline = 120, .in_thread = 1)
{
	make_texts();
	explore(serve_three, NULL);
}

/* Where the connection is the scenario's own task. */
static int on_a_pair(void *arg)
{
	async_http_server *server = await_http_open(NULL, make_app());
	async_stream *ends[2];
	int error = server ? async_stream_pair(ends, NULL) : async_error_code();
	char *all = NULL;

	(void)arg;
	if (!error) {
		error = (int)await_stream_write(ends[0], one, strlen(one));
		if (error >= 0)
			error = await_http_connection(ends[1], server);
		async_shield (5)
			await_stream_close(ends[1]);
		if (error >= 0)
			error = (int)await_stream_readall(ends[0], &all, 1 << 16);
		async_shield (5)
			await_stream_close(ends[0]);
	}
	free(all);
	async_shield (5)
		await_http_close(server);
	return excused(error < 0 ? error : 0);
}

TEST_WITH(a_form_over_memory, "W23 W36 X02", .backends = BACKEND_SIM, .deadline = 120,
	  .in_thread = 1)
{
	make_texts();
	explore(on_a_pair, NULL);
}
