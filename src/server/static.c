/* SPDX-License-Identifier: MIT */
/*
 * Directories that are served. That nothing outside is reached rests on the kernel (open.c); that
 * names mean one thing only, on what is refused here before it is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await/run.h>
#include "server/file.h"
#include "server/server.h"
#include "server/static.h"

enum { LIST_ENTRIES = 10000 };

/* ---- The path ---- */

static bool segment_valid(const char *at, size_t size, bool hidden)
{
	if (!size || (size == 1 && at[0] == '.') || (size == 2 && !memcmp(at, "..", 2)))
		return false;
	return hidden || at[0] != '.';
}

bool static_path_valid(const char *path, size_t size, bool hidden)
{
	const char *end = path + size;

	if (memchr(path, '\0', size))
		return false;
	while (path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));

		if (!segment_valid(path, (size_t)((slash ? slash : end) - path), hidden))
			return false;
		path = slash ? slash + 1 : end;
	}
	return true;
}

static bool has_encoded_slash(const char *at, size_t size)
{
	for (const char *end = at + size; (at = memchr(at, '%', (size_t)(end - at))); at++) {
		if (end - at > 2 && at[1] == '2' && (at[2] | 0x20) == 'f')
			return true;
	}
	return false;
}

/* What follows the prefix, decoded; NULL: nothing can be there, or no memory for it. */
static char *path_of(struct async_request *request, const struct app_static *site, size_t *size)
{
	int index = http_route_find(request->match->route, "path");
	const struct http_slice *value = &request->match->values[index];
	char *path;

	if (has_encoded_slash(request->match->path + value->at, value->size))
		return NULL;
	path = arena_bytes(&request->arena, value->size + 2);
	if (!path)
		return NULL;
	*size = http_route_value(request->match, (unsigned int)index, path);
	path[*size] = '\0';
	return static_path_valid(path, *size, site->options.hidden) ? path : NULL;
}

/* ---- Answers ---- */

/* The canonical path and the query, as they were asked for. */
static int redirect_to_slash(async_request *request)
{
	const struct http_route_match *match = request->match;
	const char *query = async_request_query(request);
	char *to = arena_bytes(&request->arena, match->size + strlen(query) + 3);

	if (!to)
		return async_fail(-ENOMEM, "no memory for a redirect");
	memcpy(to, match->path, match->size);
	strcpy(to + match->size, *query ? "/?" : "/");
	strcat(to, query);
	return async_redirect(request, 308, to);
}

static int await_index(struct async_request *request, const struct app_static *site,
		       struct http_open *directory)
{
	size_t size = strlen(directory->path), index = strlen(site->options.index);
	char *path = arena_bytes(&request->arena, size + index + 2);
	struct http_open file = { .directory = site->root,
				  .path = path,
				  .beneath = directory->beneath };
	int error;

	if (!path)
		return async_fail(-ENOMEM, "no memory for a path");
	memcpy(path, directory->path, size);
	path[size] = '/';
	memcpy(path + size + 1, site->options.index, index + 1);
	error = await_http_file_open(&file);
	return await_respond_opened(request, &site->options.files, &file, error);
}

static int await_directory(struct async_request *request, const struct app_static *site,
			   struct http_open *directory, bool slash)
{
	int result = 403;

	if (!*site->options.index && !site->options.list) {
		http_file_close(directory);
		return 403;
	}
	if (!slash) {
		http_file_close(directory);
		return redirect_to_slash(request);
	}
	if (*site->options.index)
		result = await_index(request, site, directory);
	if ((result == 404 || !*site->options.index) && site->options.list)
		return await_static_list(request, site, directory);
	http_file_close(directory);
	return result == 404 ? 403 : result;
}

static int await_static(async_request *request, void *arg)
{
	const struct app_static *site = arg;
	struct http_open file = { .directory = site->root, .beneath = !site->options.follow_links };
	size_t size = 0;
	char *path = path_of(request, site, &size);
	bool slash;
	int error;

	if (!path)
		return 404;
	slash = !size || path[size - 1] == '/';
	if (slash)
		path[size ? size - 1 : 0] = '\0';
	file.path = *path ? path : ".";
	error = await_http_file_open(&file);
	if (!error && S_ISDIR(file.status.stx_mode))
		return await_directory(request, site, &file, slash);
	if (!error && slash) { /* a file is none */
		http_file_close(&file);
		return 404;
	}
	return await_respond_opened(request, &site->options.files, &file, error);
}

static int prefix_itself(async_request *request, void *arg)
{
	(void)arg;
	return redirect_to_slash(request);
}

/* ---- Putting it together ---- */

static void release(struct app_owned *owned)
{
	struct app_static *site = container_of(owned, struct app_static, owned);

	static_versions_free(site);
	pthread_mutex_destroy(&site->lock);
	if (site->root >= 0)
		close(site->root);
	free(site->texts);
	free(site);
}

static const char *keep(char **at, const char *text)
{
	char *kept = *at;

	if (!text)
		return NULL;
	*at = stpcpy(kept, text) + 1;
	return kept;
}

static size_t room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static int copy_options(struct app_static *site, const async_static_options *options)
{
	async_static_options *own = &site->options;
	char *at;

	*own = *options;
	own->index = options->index ? options->index : "index.html";
	if (!own->list_entries)
		own->list_entries = LIST_ENTRIES;
	site->texts = at =
		malloc(room_for(own->name) + room_for(own->index) +
		       room_for(own->files.content_type) + room_for(own->files.attachment));
	if (!at)
		return async_fail(-ENOMEM, "async_static");
	own->name = keep(&at, own->name);
	own->index = keep(&at, own->index);
	own->files.content_type = keep(&at, own->files.content_type);
	own->files.attachment = keep(&at, own->files.attachment);
	own->route = NULL;
	return 0;
}

/* The directory is opened by whoever puts the application together, before it serves. */
static struct app_static *make(const char *directory, const async_static_options *options)
{
	struct app_static *site = calloc(1, sizeof *site);

	if (!site) {
		async_fail(-ENOMEM, "async_static");
		return NULL;
	}
	pthread_mutex_init(&site->lock, NULL);
	site->root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (site->root < 0)
		async_fail(-errno, "async_static: the directory %s", directory);
	if (site->root < 0 || copy_options(site, options)) {
		release(&site->owned);
		return NULL;
	}
	return site;
}

static int add_routes(async_app *app, const char *prefix, struct app_static *site,
		      const async_static_options *options)
{
	static const char rest[] = "/{path:.*}";
	async_route_options route = { 0 };
	size_t size = strlen(prefix);
	char *pattern = malloc(size + sizeof rest);
	int error = 0;

	if (!pattern)
		return app_failed(app, async_fail(-ENOMEM, "async_static"));
	while (size && prefix[size - 1] == '/')
		size--;
	memcpy(pattern, prefix, size);
	pattern[size] = '\0';
	if (options->route)
		route = *options->route;
	route.name = NULL;
	if (size)
		error = async_route_with(app, &route, "GET", pattern, prefix_itself, NULL);
	route.name = options->name;
	strcpy(pattern + size, rest);
	if (!error)
		error = async_route_with(app, &route, "GET", pattern, await_static, site);
	free(pattern);
	return error;
}

int async_static(async_app *app, const char *prefix, const char *directory,
		 const async_static_options *options)
{
	static const async_static_options defaults;
	struct app_static *site;
	int error;

	if (!app)
		return -EINVAL;
	if (!prefix || !directory)
		return app_failed(app, async_fail(-EINVAL, "async_static: no prefix, or no "
							   "directory"));
	if (!options)
		options = &defaults;
	site = make(directory, options);
	if (!site)
		return app_failed(app, async_error_code());
	error = app_own(app, &site->owned, release);
	if (error) {
		release(&site->owned);
		return error;
	}
	return add_routes(app, prefix, site, options);
}

struct app_static *app_static_named(const async_app *app, const char *name)
{
	for (struct app_owned *owned = app->owned; owned; owned = owned->next) {
		struct app_static *site = container_of(owned, struct app_static, owned);

		if (owned->release == release && site->options.name &&
		    !strcmp(site->options.name, name))
			return site;
	}
	return NULL;
}
