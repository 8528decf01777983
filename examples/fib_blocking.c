/* SPDX-License-Identifier: MIT */
/* How not to do it: fib(45) is computed in the handler, and everyone else waits until it is done.
 * The watchdog names the culprit while it runs. fib_service.c is the cure. */
#include <await.h>

static long fib(long n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static int fib_handler(async_request *request, void *arg)
{
	long n = async_request_match_int(request, "n");

	(void)arg;
	if (n < 0 || n > 60)
		return 404;
	async_respond_type(request, "application/json");
	return await_respond_printf(request, "{\"result\": %ld}", fib(n));
}

int main(int argc, char **argv)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/fib/{n}", fib_handler, NULL);
	return await_http_serve(app, argc > 1 ? argv[1] : ":25000") < 0;
}
