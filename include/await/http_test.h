/* SPDX-License-Identifier: MIT */
/*
 * Testing handlers and applications without a network. What a handler does with the request is what
 * it does on a server: the same calls, the same checks, the same pages for failures.
 *
 *	async_request *request = async_fake_request("GET", "/fib/6", NULL, NULL, 0);
 *
 *	assert(await_fake_answer(request, app) == 200);
 *	assert(!strcmp(async_fake_body(request, NULL), "{\"result\": 8}"));
 *	async_fake_free(request);
 *
 * With a network: await_http_start(NULL, app, "127.0.0.1:0") takes a free port, and
 * async_http_address tells it; under the backend "sim" without a kernel, and with faults.
 */
#ifndef AWAIT_HTTP_TEST_H
#define AWAIT_HTTP_TEST_H

#include <await/http.h>

ASYNC_BEGIN_DECLS

/*
 * A request. `fields` are lines as they would be sent, each ending in "\r\n", or NULL; Host and
 * Content-Length are added where they are missing. The body is borrowed until async_fake_free.
 * NULL: async_error(), for what a server would refuse.
 */
ASYNC_API async_request *async_fake_request(const char *method, const char *target,
					    const char *fields, const void *body, size_t size);
ASYNC_API void async_fake_free(async_request *request);

/* Have it answered by an application, with its routes and middlewares, or by one handler. Returns
 * the status; or what would have cut the connection. An application that was used so can no longer
 * be changed; it is still to be served or freed. */
ASYNC_API int await_fake_answer(async_request *request, async_app *app);
ASYNC_API int await_fake_call(async_request *request, async_http_handler *handler, void *arg);

/* What was answered: a field, or NULL; the body with a zero byte behind, its size in *size unless
 * that is NULL. */
ASYNC_API const char *async_fake_header(const async_request *request, const char *name);
ASYNC_API const char *async_fake_body(const async_request *request, size_t *size);

ASYNC_END_DECLS

#endif
