/* SPDX-License-Identifier: MIT */
/* From what was put together to what is served: see app.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "server/app.h"

enum { BODY_BYTES = 1 << 20 };

static int no_memory(void)
{
	return async_fail(-ENOMEM, "no memory to serve an application");
}

/* What a route or application leaves out. `from` NULL: the library's own. */
static void fill_options(async_route_options *options, const async_route_options *from)
{
	static const async_route_options defaults = { .body_bytes = BODY_BYTES,
						      .gone = ASYNC_GONE_RUN_ON };

	if (!from)
		from = &defaults;
	if (!options->body_bytes)
		options->body_bytes = from->body_bytes;
	if (!options->body_ratio)
		options->body_ratio = from->body_ratio;
	if (options->seconds <= 0)
		options->seconds = from->seconds;
	if (!options->concurrency)
		options->concurrency = from->concurrency;
	if (options->gone == ASYNC_GONE_DEFAULT)
		options->gone = from->gone;
	options->compress |= from->compress;
	options->no_head |= from->no_head;
	if (!options->expect) {
		options->expect = from->expect;
		options->expect_arg = from->expect_arg;
	}
}

static size_t count_calls(const async_app *app)
{
	size_t count = app->parent ? app->parent->chain_size : 0;

	for (const struct app_call *call = app->middlewares; call; call = call->next)
		count++;
	return count;
}

static int make_chain(async_app *app)
{
	const async_app *parent = app->parent;
	size_t count = count_calls(app), at = parent ? parent->chain_size : 0;

	app->chain = calloc(count + 1, sizeof *app->chain);
	if (!app->chain)
		return no_memory();
	if (at)
		memcpy(app->chain, parent->chain, at * sizeof *app->chain);
	for (const struct app_call *call = app->middlewares; call; call = call->next)
		app->chain[at++] = call;
	app->chain_size = at;
	return 0;
}

static int make_respond_chain(async_app *app)
{
	const async_app *parent = app->parent;
	size_t at = parent ? parent->respond_size : 0, count = at;

	for (const struct app_respond *respond = app->responds; respond; respond = respond->next)
		count++;
	app->respond_chain = calloc(count + 1, sizeof *app->respond_chain);
	if (!app->respond_chain)
		return no_memory();
	if (at)
		memcpy(app->respond_chain, parent->respond_chain, at * sizeof *app->respond_chain);
	for (const struct app_respond *respond = app->responds; respond; respond = respond->next)
		app->respond_chain[at++] = respond;
	app->respond_size = at;
	return 0;
}

/* A mounted application's routes, in the outermost one's router. */
static int take_routes(async_app *outer, async_app *app, const char *prefix)
{
	size_t prefix_size = strlen(prefix);

	for (struct app_route *route = app->routes; route; route = route->next) {
		struct http_route_options wanted = { .method = route->method, .data = route };
		int error;
		char *pattern;

		fill_options(&route->options, &app->options);
		if (app == outer)
			continue;
		pattern = malloc(prefix_size + strlen(route->pattern) + 1);
		if (!pattern)
			return no_memory();
		memcpy(pattern, prefix, prefix_size);
		strcpy(pattern + prefix_size, route->pattern);
		wanted.pattern = pattern;
		wanted.no_head = route->options.no_head;
		error = http_router_add(outer->router, &wanted);
		free(pattern);
		if (error)
			return error;
	}
	return 0;
}

static int note_prefix(async_app *outer, async_app *app, const char *prefix)
{
	struct app_mount *entry = calloc(1, sizeof *entry), **at = &outer->prefixes;

	if (entry)
		entry->text = strdup(prefix);
	if (!entry || !entry->text) {
		free(entry);
		return no_memory();
	}
	entry->size = strlen(prefix);
	entry->app = app;
	while (*at && (*at)->size > entry->size) /* the longest first */
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	return 0;
}

static int freeze(async_app *outer, async_app *app, const char *prefix);

static int freeze_mount(async_app *outer, const struct app_mount *mount, const char *prefix)
{
	size_t before = strlen(prefix);
	char *whole = malloc(before + mount->size + 1);
	int error;

	if (!whole)
		return no_memory();
	memcpy(whole, prefix, before);
	memcpy(whole + before, mount->text, mount->size + 1);
	error = note_prefix(outer, mount->app, whole);
	if (!error)
		error = freeze(outer, mount->app, whole);
	free(whole);
	return error;
}

static int freeze(async_app *outer, async_app *app, const char *prefix)
{
	int error = app->error;

	if (error)
		return async_fail(error, "%s", app->error_text ? app->error_text : "application");
	app->frozen = true;
	fill_options(&app->options, app->parent ? &app->parent->options : NULL);
	error = make_chain(app);
	if (!error)
		error = make_respond_chain(app);
	if (!error)
		error = take_routes(outer, app, prefix);
	for (struct app_mount *mount = app->mounts; mount && !error; mount = mount->next)
		error = freeze_mount(outer, mount, prefix);
	for (struct app_mount *host = app->hosts; host && !error; host = host->next)
		error = freeze(host->app, host->app, "");
	if (!error && app->hosts && app != outer)
		error = async_fail(-EINVAL, "async_mount_host in an application that is mounted "
					    "under a prefix: hosts come first");
	return error;
}

int app_freeze(async_app *app)
{
	if (!app)
		return async_fail(-EINVAL, "no application to serve");
	if (app->parent)
		return async_fail(-EINVAL, "the application is mounted in another: serve that");
	if (app->frozen) /* a test has used it */
		return 0;
	return freeze(app, app, "");
}

const async_app *app_for_host(const async_app *app, const char *host, size_t size)
{
	const struct app_mount *mount = app->hosts;

	while (unlikely(mount)) {
		if (http_host_mask_match(mount->text, host, size)) {
			app = mount->app;
			mount = app->hosts;
		} else {
			mount = mount->next;
		}
	}
	return app;
}

const async_app *app_for_path(const async_app *app, const char *path, size_t size)
{
	for (const struct app_mount *entry = app->prefixes; entry; entry = entry->next) {
		if (size >= entry->size && !memcmp(path, entry->text, entry->size) &&
		    (size == entry->size || path[entry->size] == '/'))
			return entry->app;
	}
	return app;
}
