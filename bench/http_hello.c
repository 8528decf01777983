/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server under load: `/` answers text, `/fib/6` JSON, through the public API, with router.
 * bench/run compares it with raw_epoll_http and with nginx.
 *
 *	http_hello PORT [LOOPS]
 */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>

static int hello(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_text(request, "Hello, World!");
}

static long fib(long n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static int fibonacci(async_request *request, void *arg)
{
	long n = async_request_match_int(request, "n");

	(void)arg;
	if (n < 0)
		return (int)n;
	async_respond_type(request, "application/json");
	return await_respond_printf(request, "{\"result\": %ld}", fib(n));
}

int main(int argc, char **argv)
{
	async_http_options options = { .quiet = true };
	async_app *app = async_app_new(NULL);
	char address[32];

	snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "8080");
	options.server.loops = argc > 2 ? atoi(argv[2]) : 1;
	async_route(app, "GET", "/", hello, NULL);
	async_route(app, "GET", "/fib/{n}", fibonacci, NULL);
	return await_http_serve_with(&options, app, address) < 0;
}
