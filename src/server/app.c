/* SPDX-License-Identifier: MIT */
/* Putting an application together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "server/app.h"
#include "http/field.h"

async_app *async_app_new(const async_route_options *routes)
{
	async_app *app = calloc(1, sizeof *app);

	if (app)
		app->router = http_router_new(NULL);
	if (!app || !app->router) {
		free(app);
		async_fail(-ENOMEM, "no memory for an application");
		return NULL;
	}
	if (routes)
		app->options = *routes;
	app->options.name = NULL;
	app->prefix = "";
	app->routes_end = &app->routes;
	app->middlewares_end = &app->middlewares;
	app->hooks_end = &app->hooks;
	app->responds_end = &app->responds;
	return app;
}

#define FREE_LIST(list)                        \
	do {                                   \
		while (list) {                 \
			void *gone_ = list;    \
                                               \
			(list) = (list)->next; \
			free(gone_);           \
		}                              \
	} while (0)

static void free_mounts(struct app_mount *mount, bool apps)
{
	while (mount) {
		struct app_mount *next = mount->next;

		if (apps) {
			mount->app->parent = NULL;
			async_app_free(mount->app);
		}
		free(mount->text);
		free(mount);
		mount = next;
	}
}

void async_app_free(async_app *app)
{
	if (!app || app->parent)
		return;
	free_mounts(app->mounts, true);
	free_mounts(app->hosts, true);
	free_mounts(app->prefixes, false);
	http_router_free(app->router);
	FREE_LIST(app->routes);
	FREE_LIST(app->middlewares);
	FREE_LIST(app->hooks);
	FREE_LIST(app->background);
	FREE_LIST(app->values);
	FREE_LIST(app->responds);
	while (app->owned) {
		struct app_owned *gone = app->owned;

		app->owned = gone->next;
		gone->release(gone);
	}
	free(app->chain);
	free(app->respond_chain);
	free(app->error_text);
	free(app);
}

int app_failed(async_app *app, int error)
{
	if (!app->error) {
		app->error = error;
		app->error_text = strdup(async_error());
	}
	return error;
}

/* Memory for something new in the application. NULL: it cannot be changed, async_error_code(). */
static void *change(async_app *app, const char *what, size_t size)
{
	void *memory;

	if (!app || app->frozen) {
		async_fail(app ? -EBUSY : -EINVAL, "%s: %s", what,
			   app ? "the application is being served" : "no application");
		return NULL;
	}
	memory = calloc(1, size);
	if (!memory)
		app_failed(app, async_fail(-ENOMEM, "%s", what));
	return memory;
}

int app_own(async_app *app, struct app_owned *owned, void (*release)(struct app_owned *owned))
{
	if (app->frozen)
		return async_fail(-EBUSY, "the application is being served");
	*owned = (struct app_owned){ .next = app->owned, .release = release };
	app->owned = owned;
	return 0;
}

#define APPEND(end, entry)              \
	do {                            \
		*(end) = (entry);       \
		(end) = &(entry)->next; \
	} while (0)

/* ---- Routes ---- */

static int add_route(async_app *app, const async_route_options *options, const char *method,
		     size_t method_size, const char *pattern, const struct app_call *call)
{
	struct http_route_options wanted = { .pattern = pattern,
					     .name = options->name,
					     .no_head = options->no_head };
	size_t room = strlen(pattern) + 1;
	struct app_route *route =
		change(app, "async_route", sizeof *route + method_size + 1 + room);
	char *text;
	int error;

	if (!route)
		return async_error_code();
	text = (char *)(route + 1);
	memcpy(text, method, method_size);
	memcpy(text + method_size + 1, pattern, room);
	route->app = app;
	route->handler = call->handler;
	route->arg = call->arg;
	route->options = *options;
	route->method = wanted.method = text;
	route->pattern = text + method_size + 1;
	wanted.data = route;
	error = http_router_add(app->router, &wanted);
	if (error) {
		free(route);
		return app_failed(app, error);
	}
	route->options.name = NULL; /* the router has a copy */
	APPEND(app->routes_end, route);
	return 0;
}

int async_route_with(async_app *app, const async_route_options *options, const char *method,
		     const char *pattern, async_http_handler *handler, void *arg)
{
	static const async_route_options defaults;
	struct app_call call = { .handler = handler, .arg = arg };
	int error = 0;

	if (!app)
		return -EINVAL;
	if (!method || !pattern || !handler)
		return app_failed(app,
				  async_fail(-EINVAL, "async_route: method, pattern and handler "
						      "must not be NULL"));
	do {
		size_t size = strcspn(method, ",");

		error = add_route(app, options ? options : &defaults, method, size, pattern, &call);
		method += size;
		method += strspn(method, ", ");
	} while (!error && *method);
	return error;
}

int async_fallback(async_app *app, async_http_handler *handler, void *arg)
{
	if (!app)
		return -EINVAL;
	if (app->frozen)
		return async_fail(-EBUSY, "async_fallback: the application is being served");
	app->fallback.handler = handler;
	app->fallback.arg = arg;
	return 0;
}

/* ---- Mounts ---- */

static bool is_above(const async_app *app, const async_app *above)
{
	for (; app; app = app->parent) {
		if (app == above)
			return true;
	}
	return false;
}

static int check_mount(async_app *app, const char *what, const async_app *sub)
{
	if (!app || !sub)
		return app ? app_failed(app, async_fail(-EINVAL, "%s: no application", what)) :
			     -EINVAL;
	if (sub->parent || sub->frozen)
		return app_failed(
			app, async_fail(-EINVAL, "%s: the application is mounted or served already",
					what));
	if (is_above(app, sub))
		return app_failed(app,
				  async_fail(-EINVAL, "%s: an application inside itself", what));
	return 0;
}

static int mount(async_app *app, const char *what, struct app_mount **list, const char *text,
		 async_app *sub)
{
	struct app_mount *entry = change(app, what, sizeof *entry);

	if (!entry)
		return async_error_code();
	entry->text = strdup(text);
	if (!entry->text) {
		free(entry);
		return app_failed(app, async_fail(-ENOMEM, "%s", what));
	}
	entry->size = strlen(text);
	entry->app = sub;
	sub->parent = app;
	while (*list)
		list = &(*list)->next;
	*list = entry;
	return 0;
}

int async_mount(async_app *app, const char *prefix, async_app *sub)
{
	size_t size = prefix ? strlen(prefix) : 0;
	int error = check_mount(app, "async_mount", sub);

	if (error)
		return error;
	if (!size || prefix[0] != '/' || prefix[size - 1] == '/' || strpbrk(prefix, "{}?#") ||
	    !http_path_is_canonical(prefix, size))
		return app_failed(app,
				  async_fail(-EINVAL,
					     "async_mount: the prefix \"%s\" must begin with `/`, "
					     "not end with one, and have no variables",
					     prefix ? prefix : ""));
	error = mount(app, "async_mount", &app->mounts, prefix, sub);
	if (!error) {
		struct app_mount *last = app->mounts;

		while (last->next)
			last = last->next;
		sub->prefix = last->text;
	}
	return error;
}

int async_mount_host(async_app *app, const char *mask, async_app *sub)
{
	int error = check_mount(app, "async_mount_host", sub);

	if (!error)
		error = http_host_mask_check(mask ? mask : "");
	return error ? app_failed(app, error) :
		       mount(app, "async_mount_host", &app->hosts, mask, sub);
}

/* ---- What wraps handlers, and what goes along with them ---- */

int async_middleware(async_app *app, async_http_handler *middleware, void *arg)
{
	struct app_call *call = change(app, "async_middleware", sizeof *call);

	if (!call)
		return async_error_code();
	call->handler = middleware;
	call->arg = arg;
	APPEND(app->middlewares_end, call);
	return 0;
}

int async_normalize_paths(async_app *app, int how)
{
	static const int all = ASYNC_ADD_SLASH | ASYNC_REMOVE_SLASH | ASYNC_MERGE_SLASHES;

	if (!app)
		return -EINVAL;
	if (app->frozen)
		return async_fail(-EBUSY, "async_normalize_paths: the application is being served");
	if (how & ~all || (how & ASYNC_ADD_SLASH && how & ASYNC_REMOVE_SLASH))
		return app_failed(app,
				  async_fail(-EINVAL, "async_normalize_paths: adding and removing "
						      "the slash at the end, or an unknown flag"));
	app->normalize = how;
	return 0;
}

static int add_hooks(async_app *app, const char *what, const struct app_hooks *wanted)
{
	struct app_hooks *hooks = change(app, what, sizeof *hooks);

	if (!hooks)
		return async_error_code();
	*hooks = *wanted;
	APPEND(app->hooks_end, hooks);
	return 0;
}

int async_app_hooks(async_app *app, async_app_fn *start, async_app_fn *stop, void *arg)
{
	struct app_hooks hooks = { .start = start, .stop = stop, .arg = arg };

	return add_hooks(app, "async_app_hooks", &hooks);
}

int async_app_on_closing(async_app *app, async_app_fn *closing, void *arg)
{
	struct app_hooks hooks = { .closing = closing, .arg = arg };

	return add_hooks(app, "async_app_on_closing", &hooks);
}

int async_app_background(async_app *app, async_fn *fn, void *arg)
{
	struct app_background *background = change(app, "async_app_background", sizeof *background);

	if (!background)
		return async_error_code();
	*background = (struct app_background){ .next = app->background, .fn = fn, .arg = arg };
	app->background = background;
	return 0;
}

int async_app_on_respond(async_app *app, async_respond_hook *hook, void *arg)
{
	struct app_respond *respond = change(app, "async_app_on_respond", sizeof *respond);

	if (!respond)
		return async_error_code();
	respond->hook = hook;
	respond->arg = arg;
	APPEND(app->responds_end, respond);
	return 0;
}

/* ---- Values ---- */

int async_app_set_value(async_app *app, const void *key, void *value)
{
	struct app_value *entry;

	for (entry = app ? app->values : NULL; entry && !app->frozen; entry = entry->next) {
		if (entry->key == key) {
			entry->value = value;
			return 0;
		}
	}
	entry = change(app, "async_app_set_value", sizeof *entry);
	if (!entry)
		return async_error_code();
	*entry = (struct app_value){ .next = app->values, .key = key, .value = value };
	app->values = entry;
	return 0;
}

void *async_app_value(const async_app *app, const void *key)
{
	for (; app; app = app->parent) {
		for (const struct app_value *entry = app->values; entry; entry = entry->next) {
			if (entry->key == key)
				return entry->value;
		}
	}
	return NULL;
}
