/* SPDX-License-Identifier: MIT */
/* A web service: GET /fib/6 answers {"result": 8}. fib(45) takes seconds, in a thread of the pool:
 * nobody else waits for it. */
#include <await.h>
#include <jansson.h>

static long fib(long n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static long fib_job(void *n)
{
	return fib(async_int(n));
}

static int fib_handler(async_request *request, void *arg)
{
	long n = async_request_match_int(request, "n"), result;

	(void)arg;
	if (n < 0 || n > 60)
		return 404;
	result = await_thread(fib_job, ASYNC_INT(n));
	return await_respond_json(request, json_pack("{s:I}", "result", (json_int_t)result));
}

int main(int argc, char **argv)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/fib/{n}", fib_handler, NULL);
	return await_http_serve(app, argc > 1 ? argv[1] : ":25000") < 0;
}
