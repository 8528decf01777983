/* SPDX-License-Identifier: MIT */
/* The calls of POSIX on files, each one request. */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include "os/file_request.h"

int await_open(const char *path, int flags, mode_t mode)
{
	struct file_request request = { .code = FILE_OPEN,
					.fd = AT_FDCWD,
					.path = path,
					.flags = flags | O_CLOEXEC,
					.mode = mode };

	return (int)file_run(&request, "await_open");
}

static ssize_t move(enum file_code code, int fd, void *data, size_t size, off_t offset,
		    const char *caller)
{
	struct file_request request = {
		.code = code, .fd = fd, .data = data, .size = size, .offset = offset
	};

	return (ssize_t)file_run(&request, caller);
}

static ssize_t move_at(enum file_code code, int fd, void *data, size_t size, off_t offset,
		       const char *caller)
{
	if (offset < 0 && fd >= 0)
		return async_fail(-EINVAL, "%s: offset %lld", caller, (long long)offset);
	return move(code, fd, data, size, offset, caller);
}

ssize_t await_pread(int fd, void *data, size_t size, off_t offset)
{
	return move_at(FILE_READ, fd, data, size, offset, "await_pread");
}

ssize_t await_pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return move_at(FILE_WRITE, fd, (void *)data, size, offset, "await_pwrite");
}

ssize_t await_file_read(int fd, void *data, size_t size)
{
	return move(FILE_READ, fd, data, size, -1, "await_file_read");
}

ssize_t await_file_write(int fd, const void *data, size_t size)
{
	return move(FILE_WRITE, fd, (void *)data, size, -1, "await_file_write");
}

int await_fsync(int fd)
{
	struct file_request request = { .code = FILE_SYNC, .fd = fd };

	return (int)file_run(&request, "await_fsync");
}

int await_fdatasync(int fd)
{
	struct file_request request = { .code = FILE_SYNC, .fd = fd, .flags = 1 };

	return (int)file_run(&request, "await_fdatasync");
}

int await_ftruncate(int fd, off_t length)
{
	struct file_request request = { .code = FILE_TRUNCATE, .fd = fd, .offset = length };

	return (int)file_run(&request, "await_ftruncate");
}

static int ask(int fd, const char *path, int flags, unsigned mask, struct statx *status,
	       const char *caller)
{
	struct file_request request = { .code = FILE_STATX,
					.fd = fd,
					.path = path,
					.flags = flags,
					.mask = mask,
					.statx = status };

	return (int)file_run(&request, caller);
}

int await_statx(int directory, const char *path, int flags, unsigned mask, struct statx *status)
{
	return ask(directory, path, flags, mask, status, "await_statx");
}

static struct timespec time_of(struct statx_timestamp time)
{
	return (struct timespec){ time.tv_sec, time.tv_nsec };
}

static int ask_plainly(int fd, const char *path, int flags, struct stat *status, const char *caller)
{
	struct statx found;
	int error = ask(fd, path, flags, STATX_BASIC_STATS, &found, caller);

	if (error)
		return error;
	*status = (struct stat){
		.st_dev = makedev(found.stx_dev_major, found.stx_dev_minor),
		.st_ino = found.stx_ino,
		.st_mode = found.stx_mode,
		.st_nlink = found.stx_nlink,
		.st_uid = found.stx_uid,
		.st_gid = found.stx_gid,
		.st_rdev = makedev(found.stx_rdev_major, found.stx_rdev_minor),
		.st_size = (off_t)found.stx_size,
		.st_blksize = (blksize_t)found.stx_blksize,
		.st_blocks = (blkcnt_t)found.stx_blocks,
		.st_atim = time_of(found.stx_atime),
		.st_mtim = time_of(found.stx_mtime),
		.st_ctim = time_of(found.stx_ctime),
	};
	return 0;
}

int await_stat(const char *path, struct stat *status)
{
	return ask_plainly(AT_FDCWD, path, 0, status, "await_stat");
}

int await_lstat(const char *path, struct stat *status)
{
	return ask_plainly(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, status, "await_lstat");
}

int await_fstat(int fd, struct stat *status)
{
	return ask_plainly(fd, "", AT_EMPTY_PATH, status, "await_fstat");
}

int await_rename(const char *from, const char *to)
{
	struct file_request request = {
		.code = FILE_RENAME, .fd = AT_FDCWD, .path = from, .target = to
	};

	return (int)file_run(&request, "await_rename");
}

static int unlink_with(const char *path, int flags, const char *caller)
{
	struct file_request request = {
		.code = FILE_UNLINK, .fd = AT_FDCWD, .path = path, .flags = flags
	};

	return (int)file_run(&request, caller);
}

int await_unlink(const char *path)
{
	return unlink_with(path, 0, "await_unlink");
}

int await_rmdir(const char *path)
{
	return unlink_with(path, AT_REMOVEDIR, "await_rmdir");
}

int await_mkdir(const char *path, mode_t mode)
{
	struct file_request request = {
		.code = FILE_MKDIR, .fd = AT_FDCWD, .path = path, .mode = mode
	};

	return (int)file_run(&request, "await_mkdir");
}
