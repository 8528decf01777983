/* SPDX-License-Identifier: MIT */
/* Files as a whole: read into memory, replaced in one step, copied. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <unistd.h>
#include <await/net.h>
#include <await/source.h>
#include "os/file_request.h"

enum { READ_BYTES_MIN = 4096, COPY_BYTES = 1 << 20 };

/* ---- Reading ---- */

struct bytes {
	char *data;
	size_t size, room;
	size_t first; /* room to begin with */
	size_t limit; /* SIZE_MAX: none */
};

/* Room for more and for the zero byte; one byte past the limit is enough to see that it is passed. */
static int bytes_grow(struct bytes *bytes, const char *path)
{
	size_t room = bytes->room ? bytes->room * 2 : bytes->first;
	char *data;

	if (bytes->limit < SIZE_MAX - 2 && room > bytes->limit + 2)
		room = bytes->limit + 2;
	data = realloc(bytes->data, room);
	if (!data)
		return async_fail(-ENOMEM, "await_read_file: %zu bytes for %s", room, path);
	bytes->data = data;
	bytes->room = room;
	return 0;
}

/* With offsets the ring can do it; files that do not tell their size need not know any. */
static ssize_t read_more(int fd, struct bytes *bytes, bool has_offsets)
{
	char *data = bytes->data + bytes->size;
	size_t room = bytes->room - 1 - bytes->size;

	return has_offsets ? await_pread(fd, data, room, (off_t)bytes->size) :
			     await_file_read(fd, data, room);
}

static int bytes_read(int fd, struct bytes *bytes, bool has_offsets, const char *path)
{
	ssize_t n;

	do {
		int error = bytes->size + 1 < bytes->room ? 0 : bytes_grow(bytes, path);

		if (error)
			return error;
		n = read_more(fd, bytes, has_offsets);
		if (n < 0)
			return (int)n;
		bytes->size += (size_t)n;
		if (bytes->size > bytes->limit)
			return async_fail(
				-EFBIG, "await_read_file: %s is longer than the limit of %zu bytes",
				path, bytes->limit);
	} while (n);
	bytes->data[bytes->size] = '\0';
	return 0;
}

ssize_t await_read_file(const char *path, char **data, size_t limit)
{
	struct bytes bytes = { .first = READ_BYTES_MIN, .limit = limit ? limit : SIZE_MAX };
	struct stat status;
	int fd, error;

	*data = NULL;
	fd = await_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	error = await_fstat(fd, &status);
	/* A hint only, with room for the read that finds the end: the file may grow, /proc says 0. */
	if (!error && status.st_size >= READ_BYTES_MIN)
		bytes.first = (size_t)status.st_size + 2;
	if (!error)
		error = bytes_read(fd, &bytes, S_ISREG(status.st_mode) && status.st_size > 0, path);
	async_close(fd);
	if (error) {
		free(bytes.data);
		return error;
	}
	*data = bytes.data;
	return (ssize_t)bytes.size;
}

/* ---- Replacing ---- */

static int write_all_at(int fd, const char *data, size_t size, off_t offset)
{
	while (size) {
		ssize_t n = await_pwrite(fd, data, size, offset);

		if (n < 0)
			return (int)n;
		data += n;
		size -= (size_t)n;
		offset += n;
	}
	return 0;
}

/* Beside the file, so that a rename is all it takes. */
static int make_beside(const char *path, char *beside, size_t size, mode_t mode)
{
	enum { TRIES = 100 };
	static unsigned counter;
	int fd = -EEXIST;

	for (int i = 0; i < TRIES && fd == -EEXIST; i++) {
		unsigned n = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);

		snprintf(beside, size, "%s.%d-%u.new", path, (int)getpid(), n);
		fd = await_open(beside, O_WRONLY | O_CREAT | O_EXCL, mode);
	}
	return fd;
}

static int64_t await_pieces(int fd, const async_source *source)
{
	int64_t sum = 0;
	const char *data;
	ssize_t n;

	while ((n = source->await_next(source->arg, &data)) > 0) {
		int error = write_all_at(fd, data, (size_t)n, sum);

		if (error)
			return error;
		sum += n;
	}
	return n < 0 ? n : sum;
}

int64_t await_save_source(const char *path, const async_source *source, mode_t mode)
{
	size_t room = strlen(path) + 48;
	char *beside = malloc(room);
	int64_t result;
	int fd, error = 0;

	if (!beside)
		return async_fail(-ENOMEM, "await_save_source: %s", path);
	fd = make_beside(path, beside, room, mode);
	if (fd < 0) {
		free(beside);
		return fd;
	}
	result = await_pieces(fd, source);
	if (result >= 0)
		error = await_fsync(fd);
	async_close(fd);
	if (result >= 0 && !error)
		error = await_rename(beside, path);
	if (result < 0 || error)
		async_shield (INFINITY)
			await_unlink(beside);
	free(beside);
	return error ? error : result;
}

int await_write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	async_bytes_source bytes;
	async_source source = async_source_bytes(&bytes, data, size);
	int64_t n = await_save_source(path, &source, mode);

	return n < 0 ? (int)n : 0;
}

/* ---- Copying ---- */

/* The target may be a device or a FIFO, which know no offsets. */
static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = await_file_write(fd, data, size);

		if (n < 0)
			return (int)n;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int copy_through_memory(int from, int to, off_t *copied)
{
	enum { BYTES = 64 * 1024 };
	char *data = malloc(BYTES);
	ssize_t n;
	int error = 0;

	if (!data)
		return async_fail(-ENOMEM, "await_copy_file: %d bytes", BYTES);
	while (!error && (n = await_file_read(from, data, BYTES)) != 0) {
		error = n < 0 ? (int)n : write_all(to, data, (size_t)n);
		if (!error)
			*copied += n;
	}
	free(data);
	return error;
}

static int copy(int from, int to, off_t *copied)
{
	struct file_request request = {
		.code = FILE_COPY, .fd = to, .from = from, .size = COPY_BYTES
	};
	int64_t n;

	while ((n = file_run(&request, "await_copy_file")) > 0)
		*copied += n;
	/* Another file system, or one that cannot; and the kernel's own files answer 0. */
	if ((n == -EXDEV || n == -EINVAL || n == -EOPNOTSUPP || n == -ENOSYS || !n) && !*copied)
		return copy_through_memory(from, to, copied);
	return (int)n;
}

off_t await_copy_file(const char *from, const char *to, mode_t mode)
{
	int source = await_open(from, O_RDONLY, 0), target, error;
	off_t copied = 0;

	if (source < 0)
		return source;
	target = await_open(to, O_WRONLY | O_CREAT | O_TRUNC, mode);
	error = target < 0 ? target : copy(source, target, &copied);
	async_close(target);
	async_close(source);
	return error ? error : copied;
}
