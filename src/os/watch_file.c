/* SPDX-License-Identifier: MIT */
/* The stream of changes to files: inotify's descriptor read like any other, a buffer at a time. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <await/file.h>
#include <await/net.h>
#include "core/report.h"

enum { BUFFER_BYTES = 16 * (sizeof(struct inotify_event) + NAME_MAX + 1) };

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000 /* Linux 4.18 */
#endif

/* A path that is watched. */
struct watched {
	struct watched *next;
	int number; /* inotify's */
	char path[];
};

struct async_file_watch {
	int fd;
	size_t users; /* tasks inside await_file_change: the last one frees a closed watch */
	bool closed;
	struct watched *paths;
	struct watched *gone; /* told of by the last change */
	size_t size, at;      /* of what is in the buffer */
	_Alignas(struct inotify_event) char buffer[BUFFER_BYTES];
};

/* Ours and inotify's, in the order in which they are looked for in an event. */
static const struct {
	unsigned ours;
	uint32_t theirs;
} kinds[] = {
	{ ASYNC_FILE_CREATED, IN_CREATE },	  { ASYNC_FILE_MOVED_HERE, IN_MOVED_TO },
	{ ASYNC_FILE_MOVED_AWAY, IN_MOVED_FROM }, { ASYNC_FILE_DELETED, IN_DELETE },
	{ ASYNC_FILE_MODIFIED, IN_MODIFY },	  { ASYNC_FILE_WRITTEN, IN_CLOSE_WRITE },
	{ ASYNC_FILE_ATTRIBUTES, IN_ATTRIB },	  { ASYNC_FILE_GONE, IN_IGNORED },
	{ ASYNC_FILE_OVERFLOW, IN_Q_OVERFLOW },
};

async_file_watch *async_file_watch_open(void)
{
	struct async_loop *loop = loop_of_thread();
	async_file_watch *watch;
	int fd;

	if (!loop)
		return NULL;
	if (loop->backend->virtual_clock) {
		async_fail(-ENOTSUP, "async_file_watch_open: a simulation has no file system");
		return NULL;
	}
	watch = calloc(1, sizeof *watch);
	if (!watch) {
		async_fail(-ENOMEM, "async_file_watch_open");
		return NULL;
	}
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0) {
		async_fail(
			-errno,
			"async_file_watch_open (descriptors, and fs.inotify.max_user_instances)");
		free(watch);
		return NULL;
	}
	watch->fd = fd;
	return watch;
}

static uint32_t mask_of(unsigned mask)
{
	uint32_t theirs = IN_DELETE_SELF | IN_MOVE_SELF | IN_MASK_CREATE;

	for (size_t i = 0; i < array_length(kinds); i++)
		if (mask & kinds[i].ours & ASYNC_FILE_ALL)
			theirs |= kinds[i].theirs;
	return theirs;
}

int async_file_watch_add(async_file_watch *watch, const char *path, unsigned mask)
{
	struct watched *watched;
	size_t bytes = strlen(path) + 1;

	if (!(mask & ASYNC_FILE_ALL) || mask & ~(unsigned)ASYNC_FILE_ALL)
		return async_fail(-EINVAL, "async_file_watch_add: mask %#x for %s", mask, path);
	watched = malloc(sizeof *watched + bytes);
	if (!watched)
		return async_fail(-ENOMEM, "async_file_watch_add: %s", path);
	watched->number = inotify_add_watch(watch->fd, path, mask_of(mask));
	if (watched->number < 0) {
		int error = -errno;

		free(watched);
		return async_fail(error, "async_file_watch_add: %s%s", path,
				  error == -ENOSPC ? " (fs.inotify.max_user_watches)" : "");
	}
	memcpy(watched->path, path, bytes);
	watched->next = watch->paths;
	watch->paths = watched;
	return 0;
}

static struct watched **find_number(async_file_watch *watch, int number)
{
	struct watched **at = &watch->paths;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

int async_file_watch_remove(async_file_watch *watch, const char *path)
{
	struct watched **at = &watch->paths, *watched;

	while (*at && strcmp((*at)->path, path))
		at = &(*at)->next;
	watched = *at;
	if (!watched)
		return async_fail(-ENOENT, "async_file_watch_remove: %s is not watched", path);
	*at = watched->next;
	inotify_rm_watch(watch->fd, watched->number);
	free(watched);
	return 0;
}

/* False: nothing to tell, since it is about a path that was removed, or the first half of GONE. */
static bool translate(async_file_watch *watch, const struct inotify_event *event,
		      async_file_change *change)
{
	struct watched **at = find_number(watch, event->wd), *watched = *at;

	*change = (async_file_change){ .name = event->len ? event->name : "",
				       .is_directory = event->mask & IN_ISDIR,
				       .pair = event->cookie };
	for (size_t i = 0; i < array_length(kinds) && !change->what; i++)
		if (event->mask & kinds[i].theirs)
			change->what = kinds[i].ours;
	if (change->what == ASYNC_FILE_OVERFLOW)
		return true;
	if (!watched)
		return false;
	/* inotify would follow the file to its new place; the path is what was asked for. */
	if (event->mask & IN_MOVE_SELF)
		inotify_rm_watch(watch->fd, event->wd);
	if (!change->what)
		return false;
	change->path = watched->path;
	if (change->what == ASYNC_FILE_GONE) {
		*at = watched->next;
		watch->gone = watched;
	}
	return true;
}

static bool next_change(async_file_watch *watch, async_file_change *change)
{
	while (watch->at < watch->size) {
		const struct inotify_event *event =
			(const struct inotify_event *)(watch->buffer + watch->at);

		watch->at += sizeof *event + event->len;
		if (translate(watch, event, change))
			return true;
	}
	return false;
}

static void watch_free(async_file_watch *watch)
{
	while (watch->paths) {
		struct watched *next = watch->paths->next;

		free(watch->paths);
		watch->paths = next;
	}
	free(watch->gone);
	free(watch);
}

static int wait_for_change(async_file_watch *watch, async_file_change *change)
{
	while (!next_change(watch, change)) {
		ssize_t n = await_read(watch->fd, watch->buffer, sizeof watch->buffer);

		if (watch->closed)
			return -EBADF;
		if (n < 0)
			return (int)n;
		watch->size = (size_t)n;
		watch->at = 0;
	}
	return 0;
}

int await_file_change(async_file_watch *watch, async_file_change *change)
{
	struct async_task *self = task_self("await_file_change");
	int error;

	if (self->cancel_error)
		return self->cancel_error;
	if (watch->users)
		return async_fail(-EBUSY, "await_file_change: another task waits on this watch");
	free(watch->gone);
	watch->gone = NULL;
	watch->users++;
	error = wait_for_change(watch, change);
	watch->users--;
	if (watch->closed)
		watch_free(watch);
	return error;
}

void async_file_watch_close(async_file_watch *watch)
{
	if (!watch)
		return;
	watch->closed = true;
	async_close(watch->fd);
	if (!watch->users)
		watch_free(watch);
}
