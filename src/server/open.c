/* SPDX-License-Identifier: MIT */
/* Opening and reading files that are served: see open.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <await/thread.h>
#include "base/base.h"
#include "server/open.h"

#ifndef RESOLVE_CACHED /* Linux 5.12 */
#define RESOLVE_CACHED 0x20
#endif

enum {
	RACES = 100,		 /* RESOLVE_BENEATH gives up where a rename crosses its way */
	PROBE_BYTES = 64 * 1024, /* the kernel reads ahead by more than that */
	LOAD_BYTES = 16 * 1024,	 /* on a pool thread's stack */
	/* A FIFO is not waited for, a terminal does not become ours. */
	OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
};

static int failed(long result)
{
	return result < 0 ? -errno : (int)result;
}

static int openat2_of(const struct http_open *open, uint64_t resolve)
{
	struct open_how how = { .flags = OPEN_FLAGS, .resolve = resolve };

	if (open->beneath)
		how.resolve |= RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	return failed(syscall(SYS_openat2, open->directory, open->path, &how, sizeof how));
}

/* Where the kernel has no openat2, or a container's filter forbids it: what was opened says where
 * it lies. Whatever was renamed in the meantime, that is asked of the open file. */
static int check_beneath(int directory, int fd)
{
	char link[40], root[4096], path[4096];
	ssize_t root_size, size;

	snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
	root_size = readlink(link, root, sizeof root);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof path);
	if (root_size < 0 || size < 0)
		return -errno;
	if (root_size == 1) /* "/" */
		return 0;
	if (size < root_size || memcmp(root, path, (size_t)root_size) != 0 ||
	    (size > root_size && path[root_size] != '/'))
		return -EXDEV;
	return 0;
}

static int open_by_path(const struct http_open *open)
{
	int fd, error;

	do
		fd = failed(openat(open->directory, open->path, OPEN_FLAGS));
	while (fd == -EINTR);
	error = fd >= 0 && open->beneath ? check_beneath(open->directory, fd) : 0;
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int ask_status(struct http_open *open)
{
	return failed(statx(open->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
			    &open->status));
}

static int take(struct http_open *open, int fd)
{
	int error;

	if (fd < 0)
		return fd;
	open->fd = fd;
	error = ask_status(open);
	if (error)
		http_file_close(open);
	return error;
}

static long open_in_thread(void *arg)
{
	struct http_open *open = arg;
	int fd, races = 0;

	do
		fd = openat2_of(open, 0);
	while (fd == -EINTR || (fd == -EAGAIN && ++races < RACES));
	if (fd == -ENOSYS || fd == -EPERM)
		fd = open_by_path(open);
	return take(open, fd);
}

int await_http_file_open(struct http_open *open)
{
	int fd = openat2_of(open, RESOLVE_CACHED);

	open->fd = -1;
	/* Unknown call, unknown flag, or not cached. */
	if (fd != -EAGAIN && fd != -ENOSYS && fd != -EINVAL && fd != -EPERM && fd != -EINTR)
		return take(open, fd);
	/* A cancel takes the job out of the queue, or waits for it: it works on our memory. */
	return (int)await_thread(open_in_thread, open);
}

void http_file_close(struct http_open *open)
{
	if (open->fd >= 0)
		close(open->fd);
	open->fd = -1;
}

int http_file_judge(const struct http_open *open, int error)
{
	switch (error) {
	case 0:
		return S_ISREG(open->status.stx_mode) ? 0 : 403;
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -EXDEV:
		return 404;
	case -EACCES:
	case -EPERM:
	case -ENXIO: /* a socket, or a device that is not there */
	case -ENODEV:
		return 403;
	default:
		return error;
	}
}

/* ---- Reading ---- */

struct reading {
	int fd;
	char *data; /* NULL: only to have it in the kernel's memory */
	size_t size, done;
	off_t offset;
};

static long read_in_thread(void *arg)
{
	struct reading *reading = arg;
	char room[LOAD_BYTES];
	ssize_t n = 1;

	while (reading->done < reading->size && n) {
		size_t left = reading->size - reading->done;

		if (!reading->data && left > sizeof room)
			left = sizeof room;
		n = pread(reading->fd, reading->data ? reading->data + reading->done : room, left,
			  reading->offset + (off_t)reading->done);
		if (n < 0 && errno != EINTR)
			return -errno;
		reading->done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* What can be had without waiting; -1 with errno as preadv2(2). */
static ssize_t read_now(int fd, void *data, size_t size, off_t offset)
{
	struct iovec part = { data, size };

	return preadv2(fd, &part, 1, offset, RWF_NOWAIT);
}

ssize_t await_http_file_read(int fd, void *data, size_t size, off_t offset)
{
	struct reading reading = { .fd = fd, .data = data, .size = size, .offset = offset };
	ssize_t n = read_now(fd, data, size, offset);
	long error;

	if (n > 0)
		reading.done = (size_t)n;
	if (reading.done == size)
		return (ssize_t)size;
	error = await_thread(read_in_thread, &reading);
	return error < 0 ? error : (ssize_t)reading.done;
}

/* cachestat(2), Linux 6.5: exact, and one call; for files that the process owns or may write. */
struct cache_range {
	uint64_t offset, size;
};
struct cache_state {
	uint64_t cached, dirty, writeback, evicted, recently_evicted;
};
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

/* Pages that are in memory, or -1. */
static int64_t pages_loaded(int fd, off_t offset, size_t size)
{
	struct cache_range range = { (uint64_t)offset, size };
	struct cache_state state;

	return syscall(SYS_cachestat, fd, &range, &state, 0) ? -1 : (int64_t)state.cached;
}

/* For everyone else, samples: mincore(2) asks for the same rights. */
static bool is_loaded(int fd, off_t offset, size_t size)
{
	int64_t page = sysconf(_SC_PAGESIZE), pages = pages_loaded(fd, offset, size);
	char byte;

	if (pages >= 0)
		return pages >= (offset + (int64_t)size - 1) / page - offset / page + 1;
	for (size_t at = 0; at < size; at += PROBE_BYTES) {
		if (read_now(fd, &byte, 1, offset + (off_t)at) < 0)
			return false;
	}
	return read_now(fd, &byte, 1, offset + (off_t)size - 1) >= 0;
}

int await_http_file_load(int fd, off_t offset, size_t size)
{
	struct reading reading = { .fd = fd, .size = size, .offset = offset };

	return is_loaded(fd, offset, size) ? 0 : (int)await_thread(read_in_thread, &reading);
}
