/* SPDX-License-Identifier: MIT */
/* Servers of HTTP: from an application and an address to answers, and their end in good order. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include <await/signal.h>
#include <await/task.h>
#include "server/access.h"
#include "server/server.h"
#include "stream/stream.h"

static const double IDLE_SECONDS = 75, HEAD_SECONDS = 30, BODY_SECONDS = 30, WRITE_SECONDS = 60,
		    DROP_SECONDS = 10;

static double or_default(double seconds, double usual)
{
	return seconds > 0 ? seconds : usual;
}

static int take_limit(uint32_t *limit, size_t wanted, size_t usual, size_t most, const char *name)
{
	*limit = (uint32_t)(wanted ? wanted : usual);
	if (wanted <= most)
		return 0;
	return async_fail(-EINVAL, "HTTP option `%s` is %zu: at most %zu", name, wanted, most);
}

static int take_limits(struct async_http_server *http)
{
	const async_http_options *options = &http->options;
	const struct http_limits *usual = &http_limits_default;
	uint32_t field_bytes = 0, fields = 0;
	int error;

	http->limits = *usual;
	error = take_limit(&http->limits.line_bytes, options->line_bytes, usual->line_bytes,
			   INT32_MAX, "line_bytes");
	if (!error)
		error = take_limit(&http->limits.head_bytes, options->head_bytes, usual->head_bytes,
				   INT32_MAX, "head_bytes");
	if (!error)
		error = take_limit(&field_bytes, options->field_bytes, usual->field_bytes,
				   UINT16_MAX, "field_bytes");
	if (!error)
		error = take_limit(&fields, options->fields, usual->fields, UINT16_MAX, "fields");
	http->limits.field_bytes = (uint16_t)field_bytes;
	http->limits.fields = (uint16_t)fields;
	return error;
}

static int take_name(struct async_http_server *http)
{
	const char *name = http->options.name ? http->options.name : "libawait";
	size_t size = strlen(name);
	struct http_writer writer;
	char *text;

	if (!size)
		return 0;
	http_write_begin(&writer, NULL, 0);
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_text(&writer, "Server", name);
	if (writer.error)
		return writer.error;
	text = malloc(size + sizeof "Server: \r\n");
	if (!text)
		return async_fail(-ENOMEM, "no memory for a server of HTTP");
	http->name_size = (size_t)sprintf(text, "Server: %s\r\n", name);
	http->name = text;
	return 0;
}

static int take_options(struct async_http_server *http, const async_http_options *options)
{
	async_http_options *own = &http->options;
	int error;

	if (options)
		*own = *options;
	own->idle_seconds = or_default(own->idle_seconds, IDLE_SECONDS);
	own->head_seconds = or_default(own->head_seconds, HEAD_SECONDS);
	own->body_seconds = or_default(own->body_seconds, BODY_SECONDS);
	own->write_seconds = or_default(own->write_seconds, WRITE_SECONDS);
	own->linger_seconds = or_default(own->linger_seconds, DROP_SECONDS);
	own->server.park_seconds = own->idle_seconds;
	if (own->tls && !own->start_tls)
		return async_fail(-EINVAL,
				  "HTTP option `tls` without `start_tls`: write ASYNC_HTTPS");
	error = take_limits(http);
	/* A head must fit into what the stream may hold. */
	if (!error && own->server.stream.limit < http->limits.head_bytes + (size_t)65536)
		own->server.stream.limit = http->limits.head_bytes + (size_t)65536;
	if (!error)
		error = take_name(http);
	if (!error && own->access_log)
		error = http_access_new(&http->access, own->access_log, own->access_format);
	return error;
}

static const char *address_of(const struct async_http_server *http, const char *address)
{
	if (address)
		return address;
	return http->options.start_tls ? ":8443" : ":8080";
}

static void http_free(struct async_http_server *http)
{
	http_loop_end(http);
	async_app_free(http->app);
	free((void *)http->name);
	free(http->access);
	free(http);
}

/* Takes the application in any case. NULL: async_error(). */
static struct async_http_server *http_new(const async_http_options *options, async_app *app)
{
	static uint64_t servers;
	struct async_http_server *http = calloc(1, sizeof *http);
	int error;

	if (!http) {
		async_app_free(app);
		async_fail(-ENOMEM, "no memory for a server of HTTP");
		return NULL;
	}
	http->number = __atomic_add_fetch(&servers, 1, __ATOMIC_RELAXED);
	http->app = app;
	error = app && app->served ? async_fail(-EBUSY, "the application is being served already") :
				     app_freeze(app);
	if (!error)
		error = take_options(http, options);
	if (!error) {
		app->served = true;
		return http;
	}
	if (app && (app->served || app->parent)) /* somebody else's */
		http->app = NULL;
	http_free(http);
	return NULL;
}

bool http_server_is_ending(const struct async_http_server *server)
{
	return __atomic_load_n(&server->ending, __ATOMIC_RELAXED);
}

int await_http_connection(async_stream *stream, void *http_server)
{
	bool pinned = stream->pinned;
	int result;

	/* Whoever calls this closes it; what had to be cut is closed already then. */
	stream->pinned = true;
	result = http1_serve(http_server, stream);
	stream->pinned = pinned;
	return result;
}

/* ---- Background tasks ---- */

static int run_background(void *arg)
{
	struct async_http_server *http = arg;
	AWAIT_GROUP(tasks, ASYNC_ISOLATED);

	app_spawn_background(http->app, &tasks);
	return await_group(&tasks);
}

static int start_background(struct async_http_server *http)
{
	if (!app_has_background(http->app))
		return 0;
	http->background = async_create_task(run_background, http);
	return http->background ? 0 : async_error_code();
}

static void await_end_of_background(struct async_http_server *http)
{
	if (!http->background)
		return;
	async_task_cancel(http->background);
	await_task(http->background);
	http->background = NULL;
}

/* ---- From start to end ---- */

static int await_hooks_start(struct async_http_server *http)
{
	int error = await_app_start(http->app);

	http->started = true;
	return error ? error : start_background(http);
}

/* The last thing a server does. */
static int await_hooks_stop(struct async_http_server *http)
{
	int error = 0;

	async_shield (INFINITY) {
		await_end_of_background(http);
		if (http->started)
			error = await_app_stop(http->app);
	}
	http_free(http);
	return error;
}

static int await_closing(async_server *server, void *arg)
{
	struct async_http_server *http = arg;

	(void)server;
	__atomic_store_n(&http->ending, true, __ATOMIC_RELAXED);
	return await_app_closing(http->app);
}

async_http_server *await_http_open(const async_http_options *options, async_app *app)
{
	struct async_http_server *http = http_new(options, app);

	if (!http)
		return NULL;
	if (await_hooks_start(http)) {
		await_hooks_stop(http);
		return NULL;
	}
	return http;
}

async_http_server *await_http_start(const async_http_options *options, async_app *app,
				    const char *address)
{
	struct async_http_server *http = await_http_open(options, app);

	if (!http)
		return NULL;
	http->options.server.closing = await_closing;
	http->server = await_server_start(&http->options.server, address_of(http, address),
					  await_http_connection, http);
	if (http->server)
		return http;
	await_hooks_stop(http);
	return NULL;
}

int await_http_close(async_http_server *server)
{
	int error = 0, stopped;

	if (!server)
		return -EINVAL;
	if (server->server)
		error = await_server_close(server->server, NULL);
	else
		error = await_closing(NULL, server);
	stopped = await_hooks_stop(server);
	return error ? error : stopped;
}

/* ---- In one call ---- */

static void print_addresses(async_server *server, void *arg)
{
	const struct async_http_server *http = arg;
	const char *address;

	for (size_t i = 0; (address = async_server_address(server, i)); i++) {
		bool path = !strncmp(address, "unix:", 5);

		const char *scheme = http->options.start_tls ? "https://" : "http://";

		printf("Serving %s%s%s\n", path ? "" : scheme, address, path ? "" : "/");
	}
	fflush(stdout);
	if (http->listening)
		http->listening(server, arg);
}

int await_http_serve_with(const async_http_options *options, async_app *app, const char *address)
{
	struct async_http_server *http;
	int error, stopped;

	http = await_http_open(options, app);
	if (!http)
		return async_report_main(async_error_code());
	http->listening = http->options.server.listening;
	http->options.server.closing = await_closing;
	if (!http->options.quiet)
		http->options.server.listening = print_addresses;
	error = await_serve_with(&http->options.server, address_of(http, address),
				 await_http_connection, http);
	stopped = async_report_main(await_hooks_stop(http));
	return error ? error : stopped;
}

int await_http_serve(async_app *app, const char *address)
{
	return await_http_serve_with(NULL, app, address);
}

const char *async_http_address(const async_http_server *server, size_t i)
{
	return server && server->server ? async_server_address(server->server, i) : NULL;
}
