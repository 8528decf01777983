/* SPDX-License-Identifier: MIT */
/* From the name of a route to a path that leads there. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "server/app.h"

static char *with_prefixes(const async_app *app, char *path)
{
	for (; path && app; app = app->parent) {
		size_t prefix = strlen(app->prefix), size = strlen(path) + 1;
		char *longer = prefix ? realloc(path, prefix + size) : path;

		if (!longer) {
			free(path);
			async_fail(-ENOMEM, "async_app_url");
			return NULL;
		}
		path = longer;
		if (prefix) {
			memmove(path + prefix, path, size);
			memcpy(path, app->prefix, prefix);
		}
	}
	return path;
}

char *async_app_url(async_app *app, const char *name, ...)
{
	struct http_route_part parts[HTTP_ROUTE_VARIABLES];
	size_t count = 0;
	va_list list;

	if (!app || !name) {
		async_fail(-EINVAL, "async_app_url: no application, or no name");
		return NULL;
	}
	va_start(list, name);
	while (count < HTTP_ROUTE_VARIABLES && (parts[count].name = va_arg(list, const char *))) {
		parts[count].value = va_arg(list, const char *);
		if (!parts[count++].value)
			break;
	}
	va_end(list);
	if (count && !parts[count - 1].value) {
		async_fail(-EINVAL, "async_app_url: the variable `%s` has no value",
			   parts[count - 1].name);
		return NULL;
	}
	return with_prefixes(app, http_router_build(app->router, name, parts, count));
}
