/* SPDX-License-Identifier: MIT */
/* Paths that change with the contents of their files, for caches that never ask again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await/run.h>
#include <await/thread.h>
#include "http/sha256.h"
#include "server/static.h"

enum {
	READ_BYTES = 16 * 1024, /* on a pool thread's stack */
	HASH_BYTES = 12,
};

struct hashing {
	int fd;
	unsigned char digest[32];
};

static long hash_in_thread(void *arg)
{
	struct hashing *hashing = arg;
	struct sha256 sha;
	char room[READ_BYTES];
	off_t at = 0;
	ssize_t n;

	sha256_begin(&sha);
	while (!async_thread_cancelled()) {
		n = pread(hashing->fd, room, sizeof room, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n) {
			sha256_end(&sha, hashing->digest);
			return 0;
		}
		sha256_add(&sha, room, (size_t)n);
		at += n;
	}
	return async_thread_cancelled();
}

/* base64url (RFC 4648, 5): nothing in it has a meaning in a query. */
static void write_hash(char text[17], const unsigned char digest[32])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (int i = 0; i < HASH_BYTES; i += 3) {
		uint32_t bits = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 |
				digest[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*text++ = letters[bits >> shift & 63];
	}
	*text = '\0';
}

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static struct static_version *find(struct app_static *site, const char *path)
{
	struct static_version *version = site->versions;

	while (version && strcmp(version->path, path) != 0)
		version = version->next;
	return version;
}

/* True: the file is as it was. */
static bool recall(struct app_static *site, const char *path, const struct statx *status,
		   char hash[17])
{
	const struct static_version *version;
	bool same;

	pthread_mutex_lock(&site->lock);
	version = find(site, path);
	same = version && same_time(&version->modified, &status->stx_mtime) &&
	       same_time(&version->changed, &status->stx_ctime) &&
	       version->inode == status->stx_ino && version->size == status->stx_size;
	if (same)
		memcpy(hash, version->hash, sizeof version->hash);
	pthread_mutex_unlock(&site->lock);
	return same;
}

/* Without memory it is computed again. */
static void remember(struct app_static *site, const char *path, const struct statx *status,
		     const char hash[17])
{
	struct static_version *version;

	pthread_mutex_lock(&site->lock);
	version = find(site, path);
	if (!version) {
		version = malloc(sizeof *version + strlen(path) + 1);
		if (version) {
			strcpy(version->path, path);
			version->next = site->versions;
			site->versions = version;
		}
	}
	if (version) {
		version->modified = status->stx_mtime;
		version->changed = status->stx_ctime;
		version->inode = status->stx_ino;
		version->size = status->stx_size;
		memcpy(version->hash, hash, sizeof version->hash);
	}
	pthread_mutex_unlock(&site->lock);
}

void static_versions_free(struct app_static *site)
{
	while (site->versions) {
		struct static_version *gone = site->versions;

		site->versions = gone->next;
		free(gone);
	}
}

static int await_hash(struct app_static *site, const char *path, char hash[17])
{
	struct http_open file = { .directory = site->root,
				  .path = path,
				  .beneath = !site->options.follow_links };
	struct hashing hashing;
	int error = await_http_file_open(&file);

	if (!error && !S_ISREG(file.status.stx_mode))
		error = -EINVAL;
	if (!error && !recall(site, path, &file.status, hash)) {
		hashing.fd = file.fd;
		error = (int)await_thread(hash_in_thread, &hashing);
		if (!error) {
			write_hash(hash, hashing.digest);
			remember(site, path, &file.status, hash);
		}
	}
	http_file_close(&file);
	if (error && error != async_cancelled())
		async_fail(error, "await_static_url: the file %s", path);
	return error;
}

char *await_static_url(async_app *app, const char *name, const char *path)
{
	struct app_static *site = app && name ? app_static_named(app, name) : NULL;
	char *url, *versioned, hash[17];

	if (async_cancelled())
		return NULL;
	if (!site || !path || !*path || !static_path_valid(path, strlen(path), true)) {
		async_fail(-ENOENT,
			   "await_static_url: no async_static is named `%s`, or no file "
			   "`%s`",
			   name ? name : "", path ? path : "");
		return NULL;
	}
	if (await_hash(site, path, hash))
		return NULL;
	url = async_app_url(app, name, "path", path, NULL);
	if (!url)
		return NULL;
	if (asprintf(&versioned, "%s?v=%s", url, hash) < 0) {
		async_fail(-ENOMEM, "await_static_url");
		versioned = NULL;
	}
	free(url);
	return versioned;
}
