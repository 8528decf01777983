/* SPDX-License-Identifier: MIT */
/* The server when the system says no: memory, sockets, descriptors, at every point where it asks. */
#include <errno.h>
#include "fault.h"
#include "serving.h"

static int work(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	for (int i = 0; i < 10 && n >= 0; i++)
		async_respond_add(request, "X-Many", "more than lie in the request itself");
	async_request_set_value(request, &work, request);
	async_respond_compress(request);
	return n < 0 ? (int)n :
		       await_respond_printf(request, "%s %2000s", async_request_path(request),
					    body);
}

static int pass_on(async_request *request, void *arg)
{
	(void)arg;
	return await_next(request);
}

static async_http_server *serve(const async_http_options *options)
{
	async_app *app = async_app_new(NULL), *sub = async_app_new(NULL);

	if (async_route(sub, "POST", "/{x}", work, NULL) < 0 || async_mount(app, "/sub", sub) < 0)
		async_app_free(sub); /* nothing happens to one that is mounted */
	async_middleware(app, pass_on, NULL);
	async_route(app, "GET", "/", say, "hello");
	return await_http_start(options, app, "127.0.0.1:0");
}

static const char request[] = "POST /sub/a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n"
			      "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
			      "5\r\nhello\r\n0\r\n\r\n";

/* Nothing is checked but that it ends, and leaves nothing behind: whose call fails is a matter of
 * chance. Afterwards all must be well. */
static bool ask_in_trouble(async_http_server *server)
{
	async_stream *stream = await_connect_stream(async_http_address(server, 0));
	char *all = NULL;
	ssize_t n = -1;

	if (!stream)
		return false;
	if (await_stream_write(stream, request, sizeof request - 1) > 0)
		n = await_stream_readall(stream, &all, 1 << 20);
	free(n >= 0 ? all : NULL);
	await_stream_close(stream);
	return n > 0;
}

static void fail_each(const char *call, int error, int most)
{
	async_http_server *server = serve(NULL);

	CHECK(server);
	CHECK(ask_in_trouble(server));
	for (int nth = 1; nth <= most; nth++) {
		if (!fault_inject(call, nth, error))
			SKIP("this build cannot inject into that call");
		async_timeout (5)
			ask_in_trouble(server);
		fault_clear();
	}
	CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nhello");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(no_memory_for_a_request, "W32", .deadline = 40, .may_leak = 1)
{
	fail_each("malloc", ENOMEM, 40);
}

TEST_TASK_WITH(no_memory_that_is_cleared, "W32", .deadline = 40)
{
	fail_each("calloc", ENOMEM, 10);
}

/* What a loop keeps of a server is made with its first connection; room for so many fields is not
 * on the task's stack. */
TEST_TASK_WITH(no_memory_for_the_first_connection, "W32", .deadline = 40)
{
	static const char *const calls[] = { "calloc", "malloc" };
	const async_http_options options = { .fields = 1000 };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		for (int nth = 1; nth <= 40; nth++) {
			async_http_server *server = serve(&options);

			if (!fault_inject(calls[i], nth, ENOMEM))
				SKIP("this build cannot inject into that call");
			async_timeout (5)
				ask_in_trouble(server);
			fault_clear();
			CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nhello");
			CHECK_INT(await_http_close(server), 0);
		}
	}
}

TEST_TASK_WITH(no_memory_to_grow, "W32", .deadline = 40)
{
	fail_each("realloc", ENOMEM, 10);
}

TEST_TASK_WITH(connections_that_break_while_read, "W32 W36", .backends = BACKEND_EPOLL,
	       .deadline = 40)
{
	fail_each("recv", ECONNRESET, 8);
}

TEST_TASK_WITH(connections_that_break_while_written, "W32 W36", .backends = BACKEND_EPOLL,
	       .deadline = 40)
{
	fail_each("send", EPIPE, 6);
}

TEST_TASK_WITH(no_descriptor_to_accept, "W02 W32", .backends = BACKEND_EPOLL, .deadline = 40,
	       .expect_stderr = "EMFILE")
{
	fail_each("accept4", EMFILE, 2);
}

/* Starting: it works, or it fails with a reason, and leaves nothing. */
static void start_in_trouble(const char *call, int most)
{
	for (int nth = 1; nth <= most; nth++) {
		async_http_server *server;

		if (!fault_inject(call, nth, ENOMEM))
			SKIP("this build cannot inject into that call");
		FORGET_ERROR();
		server = serve(NULL);
		fault_clear();
		if (server)
			await_http_close(server);
		else
			CHECK(async_error_code() < 0 && *async_error());
	}
}

TEST_TASK_WITH(no_memory_to_start, "W01 W05", .backends = BACKEND_EPOLL, .deadline = 40,
	       .may_leak = 1)
{
	start_in_trouble("malloc", 60);
	start_in_trouble("calloc", 60);
	start_in_trouble("realloc", 20);
	start_in_trouble("strdup", 10);
}
