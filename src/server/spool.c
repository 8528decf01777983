/* SPDX-License-Identifier: MIT */
/*
 * Spooling. A file without a name (O_TMPFILE) is gone when its descriptor is closed, also when the
 * process dies; where the file system has none, a name is given and taken away at once. Writes are
 * of 128 KiB each, so that a file of a gigabyte is eight thousand trips to the disk and not one for
 * each piece that comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await/file.h>
#include <await/net.h>
#include <await/scope.h>
#include "server/spool.h"

enum { FIRST_BYTES = 64, WRITE_BYTES = 128 * 1024, NAME_TRIES = 100 };

void spool_begin(struct spool *spool, size_t memory_bytes, const char *directory)
{
	*spool = (struct spool){ .memory_bytes = memory_bytes, .directory = directory, .fd = -1 };
}

void spool_free(struct spool *spool)
{
	if (spool->fd >= 0)
		async_close(spool->fd);
	free(spool->data);
	spool_begin(spool, 0, NULL);
}

size_t spool_size(const struct spool *spool)
{
	return (size_t)spool->written + spool->used;
}

/* ---- The file ---- */

/* A name that nobody has. The descriptor; -EEXIST when others make them as fast. */
static int await_open_beside(const char *prefix, char *path, size_t size, mode_t mode)
{
	static unsigned counter;
	int fd = -EEXIST;

	for (int i = 0; i < NAME_TRIES && fd == -EEXIST; i++) {
		unsigned n = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);

		snprintf(path, size, "%s.%d-%u.new", prefix, (int)getpid(), n);
		fd = await_open(path, O_RDWR | O_CREAT | O_EXCL, mode);
	}
	return fd;
}

static int await_open_named(const char *directory)
{
	char prefix[4096], path[4200];
	int fd;

	if (snprintf(prefix, sizeof prefix, "%s/await-upload", directory) >= (int)sizeof prefix)
		return async_fail(-ENAMETOOLONG, "a directory for uploads of %zu bytes",
				  strlen(directory));
	fd = await_open_beside(prefix, path, sizeof path, 0600);
	if (fd >= 0) {
		async_shield (INFINITY)
			await_unlink(path);
	}
	return fd;
}

static int await_open_file(const char *directory)
{
	int fd;

	if (!directory)
		directory = secure_getenv("TMPDIR");
	if (!directory || !*directory)
		directory = "/tmp";
	fd = await_open(directory, O_TMPFILE | O_RDWR, 0600);
	/* Kernels and file systems without it take it for an open of the directory. */
	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL)
		fd = await_open_named(directory);
	return fd;
}

static int await_write_all(int fd, const char *data, size_t size, off_t offset)
{
	while (size) {
		ssize_t n = await_pwrite(fd, data, size, offset);

		if (n < 0)
			return (int)n;
		data += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

static int await_flush(struct spool *spool)
{
	int error = await_write_all(spool->fd, spool->data, spool->used, spool->written);

	if (error)
		return error;
	spool->written += (off_t)spool->used;
	spool->used = 0;
	return 0;
}

/* ---- Adding ---- */

/* One byte more is for the zero. */
static int set_room(struct spool *spool, size_t room)
{
	char *data = realloc(spool->data, room + 1);

	if (!data)
		return async_fail(-ENOMEM, "no memory for %zu bytes of a form", room);
	spool->data = data;
	spool->room = room;
	return 0;
}

static int add_in_memory(struct spool *spool, const char *data, size_t size)
{
	size_t needed = spool->used + size, room = spool->room ? spool->room : FIRST_BYTES;
	int error;

	while (room < needed)
		room *= 2;
	if (room > spool->memory_bytes)
		room = spool->memory_bytes;
	error = room > spool->room || !spool->data ? set_room(spool, room) : 0;
	if (!error && size)
		memcpy(spool->data + spool->used, data, size);
	spool->used += error ? 0 : size;
	return error;
}

/* From memory to the file. */
static int await_leave_memory(struct spool *spool)
{
	int error;

	spool->fd = await_open_file(spool->directory);
	if (spool->fd < 0) {
		error = spool->fd;
		spool->fd = -1;
		return error;
	}
	error = await_flush(spool);
	return error ? error : set_room(spool, WRITE_BYTES);
}

int await_spool_add(struct spool *spool, const char *data, size_t size)
{
	size_t piece;
	int error = 0;

	if (spool->fd < 0) {
		if (size <= spool->memory_bytes - spool->used)
			return add_in_memory(spool, data, size);
		error = await_leave_memory(spool);
	}
	while (!error && size) {
		piece = spool->room - spool->used < size ? spool->room - spool->used : size;
		memcpy(spool->data + spool->used, data, piece);
		spool->used += piece;
		data += piece;
		size -= piece;
		if (spool->used == spool->room)
			error = await_flush(spool);
	}
	return error;
}

int await_spool_end(struct spool *spool)
{
	int error = spool->fd >= 0 ? await_flush(spool) : add_in_memory(spool, NULL, 0);

	if (error)
		return error;
	if (spool->fd < 0) {
		spool->data[spool->used] = '\0';
		return 0;
	}
	free(spool->data);
	spool->data = NULL;
	return 0;
}

/* ---- Keeping ---- */

static int await_copy(int from, int to, size_t size)
{
	char *data = malloc(WRITE_BYTES);
	off_t at = 0;
	int error = data ? 0 : async_fail(-ENOMEM, "no memory for copying a file");

	while (!error && (size_t)at < size) {
		ssize_t n = await_pread(from, data, WRITE_BYTES, at);

		error = n > 0 ? await_write_all(to, data, (size_t)n, at) :
			n < 0 ? (int)n :
				async_fail(-EIO, "an uploaded file was truncated");
		at += n;
	}
	free(data);
	return error;
}

int await_spool_copy(int fd, size_t size, const char *path)
{
	size_t room = strlen(path) + 48;
	char *beside = malloc(room);
	int to, error;

	if (!beside)
		return async_fail(-ENOMEM, "no memory for keeping %s", path);
	to = await_open_beside(path, beside, room, 0666);
	error = to < 0 ? to : await_copy(fd, to, size);
	if (!error)
		error = await_fsync(to);
	async_close(to);
	if (!error)
		error = await_rename(beside, path);
	if (error && to >= 0) {
		async_shield (INFINITY)
			await_unlink(beside);
	}
	free(beside);
	return error;
}
