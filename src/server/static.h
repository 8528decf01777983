/* SPDX-License-Identifier: MIT */
/* Directories that are served: what their parts share. */
#ifndef SERVER_STATIC_H
#define SERVER_STATIC_H

#include <await/static.h>
#include <pthread.h>
#include "server/app.h"
#include "server/open.h"

/* What await_static_url found out: of the file as it was then. */
struct static_version {
	struct static_version *next;
	struct statx_timestamp modified, changed;
	uint64_t inode, size;
	char hash[17];
	char path[];
};

struct app_static {
	struct app_owned owned;
	async_static_options options; /* its texts are in `texts` */
	int root;
	char *texts;
	pthread_mutex_t lock; /* of the versions: loops share them */
	struct static_version *versions;
};

/* static.c: the options of async_static with that name. NULL: none. */
struct app_static *app_static_named(const async_app *app, const char *name);
/* A path from outside may be opened. `hidden`: names with a dot, too. */
bool static_path_valid(const char *path, size_t size, bool hidden);

/* listing.c: answer with what is in an open directory, which is closed. */
int await_static_list(struct async_request *request, const struct app_static *site,
		      struct http_open *directory);

/* static_url.c */
void static_versions_free(struct app_static *site);

#endif
