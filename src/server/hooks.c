/* SPDX-License-Identifier: MIT */
/* An application's hooks: the outermost first when it starts, in reverse when it stops. */
#include <errno.h>
#include <await/run.h>
#include "server/app.h"

static int start_own(async_app *app)
{
	for (struct app_hooks *hooks = app->hooks; hooks; hooks = hooks->next) {
		int error = hooks->start ? hooks->start(app, hooks->arg) : 0;

		if (error < 0)
			return error;
		hooks->started = true;
	}
	return 0;
}

static int start_mounts(const struct app_mount *mount)
{
	int error = 0;

	for (; mount && !error; mount = mount->next)
		error = await_app_start(mount->app);
	return error;
}

int await_app_start(async_app *app)
{
	int error = start_own(app);

	if (!error)
		error = start_mounts(app->mounts);
	if (!error)
		error = start_mounts(app->hosts);
	return error;
}

static int closing_mounts(const struct app_mount *mount, int first)
{
	for (; mount; mount = mount->next) {
		int error = await_app_closing(mount->app);

		first = first ? first : error;
	}
	return first;
}

int await_app_closing(async_app *app)
{
	int first = 0;

	for (const struct app_hooks *hooks = app->hooks; hooks; hooks = hooks->next) {
		int error = hooks->closing ? hooks->closing(app, hooks->arg) : 0;

		if (error < 0 && !first)
			first = error;
	}
	return closing_mounts(app->hosts, closing_mounts(app->mounts, first));
}

/* The last one first; lists of hooks are short, stacks of tasks long enough. All are called, and
 * the first failure is told. */
static int stop_hooks(async_app *app, struct app_hooks *hooks)
{
	int first, error;

	if (!hooks)
		return 0;
	first = stop_hooks(app, hooks->next);
	if (!hooks->started)
		return first;
	hooks->started = false;
	error = hooks->stop ? hooks->stop(app, hooks->arg) : 0;
	return first < 0 ? first : error < 0 ? error : 0;
}

static int stop_mounts(const struct app_mount *mount)
{
	int first, error;

	if (!mount)
		return 0;
	first = stop_mounts(mount->next);
	error = await_app_stop(mount->app);
	return first < 0 ? first : error;
}

int await_app_stop(async_app *app)
{
	int hosts = stop_mounts(app->hosts), mounts = stop_mounts(app->mounts);
	int own = stop_hooks(app, app->hooks);

	return hosts ? hosts : mounts ? mounts : own;
}

static bool any_background(const struct app_mount *mount)
{
	for (; mount; mount = mount->next) {
		if (app_has_background(mount->app))
			return true;
	}
	return false;
}

bool app_has_background(const async_app *app)
{
	return app->background || any_background(app->mounts) || any_background(app->hosts);
}

void app_spawn_background(const async_app *app, struct async_group *tasks)
{
	for (const struct app_background *entry = app->background; entry; entry = entry->next) {
		if (async_spawn(tasks, entry->fn, entry->arg))
			async_report_error(-ENOMEM, "a background task was not started");
	}
	for (const struct app_mount *mount = app->mounts; mount; mount = mount->next)
		app_spawn_background(mount->app, tasks);
	for (const struct app_mount *mount = app->hosts; mount; mount = mount->next)
		app_spawn_background(mount->app, tasks);
}
