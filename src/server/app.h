/* SPDX-License-Identifier: MIT */
/*
 * An application as it is put together, and as it is served. Serving freezes it: routes of mounted
 * applications go into the router of the outermost one, middlewares become one chain for each
 * application, options one set for each route. From then on it is only read, by any thread.
 */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include <await/app.h>
#include <await/group.h>
#include "server/route.h"

struct app_call {
	struct app_call *next;
	async_http_handler *handler;
	void *arg;
};

struct app_hooks {
	struct app_hooks *next;
	async_app_fn *start, *stop, *closing;
	void *arg;
	bool started;
};

struct app_background {
	struct app_background *next;
	async_fn *fn;
	void *arg;
};

struct app_value {
	struct app_value *next;
	const void *key;
	void *value;
};

struct app_respond {
	struct app_respond *next;
	async_respond_hook *hook;
	void *arg;
};

struct app_route {
	struct app_route *next;
	async_app *app;
	async_http_handler *handler;
	void *arg;
	async_route_options options;  /* once frozen: complete */
	const char *method, *pattern; /* one token */
};

/* In an application: another one under a prefix, or for hosts. */
struct app_mount {
	struct app_mount *next;
	char *text;
	size_t size;
	async_app *app;
};

/* Something else that ends with its application: at the beginning of what it is. */
struct app_owned {
	struct app_owned *next;
	void (*release)(struct app_owned *owned);
};

struct async_app {
	async_app *parent;
	const char *prefix; /* under its parent; "" */
	struct http_router *router;
	struct app_route *routes, **routes_end;
	struct app_mount *mounts, *hosts;
	struct app_call *middlewares, **middlewares_end, fallback;
	struct app_hooks *hooks, **hooks_end;
	struct app_background *background;
	struct app_value *values;
	struct app_respond *responds, **responds_end;
	struct app_owned *owned; /* the newest first */
	async_route_options options;
	int normalize;
	bool frozen, served;
	int error; /* the first thing that was wrong */
	char *error_text;
	/* Once frozen: */
	const struct app_call **chain; /* middlewares, the outermost first */
	size_t chain_size;
	const struct app_respond **respond_chain;
	size_t respond_size;
	struct app_mount *prefixes; /* of the outermost: all mounts below, whole prefixes */
};

/* Keep the first thing that went wrong for the one who serves it; returns the error. */
int app_failed(async_app *app, int error);
/* 0; -EBUSY, and it is still the caller's. */
int app_own(async_app *app, struct app_owned *owned, void (*release)(struct app_owned *owned));

/* freeze.c: 0, or what was wrong with it. */
int app_freeze(async_app *app);
/* The application that answers for a host. */
const async_app *app_for_host(const async_app *app, const char *host, size_t size);
/* ... and, where no route does, for a path. */
const async_app *app_for_path(const async_app *app, const char *path, size_t size);

/* hooks.c: run them in the calling task. */
int await_app_start(async_app *app);
int await_app_closing(async_app *app);
int await_app_stop(async_app *app);
bool app_has_background(const async_app *app);
void app_spawn_background(const async_app *app, struct async_group *tasks);

#endif
