/* SPDX-License-Identifier: MIT */
/*
 * Files: the calls of POSIX, with its names and order of arguments, that let the other tasks go on
 * while the disk works. They run in io_uring where the kernel knows the operation, else on the
 * threads of a pool called "files"; in simulation directly. Descriptors are ints; async_close
 * closes them. Any number of calls may be under way on one descriptor.
 *
 * A cancel ends a call that has not begun. One under way is waited for, since it uses the caller's
 * memory, and its result is returned: an open that came through is never lost. Errors are those of
 * the system calls named, besides the cancel's; -EAGAIN and -ENOMEM where the pool has no thread.
 */
#ifndef AWAIT_FILE_H
#define AWAIT_FILE_H

#include <sys/stat.h>
#include <await/thread.h>

ASYNC_BEGIN_DECLS

struct async_source; /* <await/source.h> */

/* The pool that works where io_uring does not: to change its limits before the first use. */
ASYNC_API async_pool *async_file_pool(void);

/* open(2), close-on-exec. mode counts with O_CREAT and O_TMPFILE. */
ASYNC_API int await_open(const char *path, int flags, mode_t mode);

/* pread(2), pwrite(2): possibly less than `size`; 0: the end of the file. */
ASYNC_API ssize_t await_pread(int fd, void *data, size_t size, off_t offset);
ASYNC_API ssize_t await_pwrite(int fd, const void *data, size_t size, off_t offset);
/* read(2), write(2) at the file's own position. io_uring does not keep it right when a disk is
 * full, so these run on a thread of the pool, unless the file was opened with O_WRONLY | O_APPEND.
 * For what is no regular file, await_read waits without keeping a thread. */
ASYNC_API ssize_t await_file_read(int fd, void *data, size_t size);
ASYNC_API ssize_t await_file_write(int fd, const void *data, size_t size);

ASYNC_API int await_fsync(int fd);
ASYNC_API int await_fdatasync(int fd);
ASYNC_API int await_ftruncate(int fd, off_t length);

/* stat(2), lstat(2), fstat(2) and statx(2). */
ASYNC_API int await_stat(const char *path, struct stat *status);
ASYNC_API int await_lstat(const char *path, struct stat *status);
ASYNC_API int await_fstat(int fd, struct stat *status);
struct statx;
ASYNC_API int await_statx(int directory, const char *path, int flags, unsigned mask,
			  struct statx *status);

ASYNC_API int await_rename(const char *from, const char *to);
ASYNC_API int await_unlink(const char *path);
ASYNC_API int await_mkdir(const char *path, mode_t mode);
ASYNC_API int await_rmdir(const char *path);

/*
 * The entries of a directory, "." and ".." left out, in the order of the file system:
 *
 *	while ((n = await_readdir(directory, &entry)) > 0) ...
 *
 * await_opendir: NULL, and async_error() says why. await_readdir: 1 and an entry, 0 at the end, or
 * a negative errno; entry->name is valid until the next call. A directory is one task's at a time.
 */
typedef struct async_directory async_directory;
typedef struct async_directory_entry {
	const char *name;
	unsigned char type; /* DT_REG, DT_DIR, ... of readdir(3); DT_UNKNOWN: ask await_lstat */
	uint64_t inode;
} async_directory_entry;
ASYNC_API async_directory *await_opendir(const char *path);
ASYNC_API int await_readdir(async_directory *directory, async_directory_entry *entry);
/* NULL is allowed. */
ASYNC_API void async_directory_close(async_directory *directory);

/*
 * A whole file as bytes in memory from malloc, with a zero byte behind them: its size, and *data is
 * the caller's to free. -EFBIG when it is longer than limit bytes (0: no limit); then, as with
 * every failure, *data is NULL. Works for files that do not tell their size (/proc), too.
 */
ASYNC_API ssize_t await_read_file(const char *path, char **data, size_t limit);

/*
 * Replace a file's contents in one step: a new file beside it is written, synced and renamed over
 * it. Whoever reads it sees the old contents or the new; after a failure or a cancel the old ones
 * stand. mode as open(2)'s.
 */
ASYNC_API int await_write_file(const char *path, const void *data, size_t size, mode_t mode);
/* The same with what a source has, of any size; how many bytes. */
ASYNC_API int64_t await_save_source(const char *path, const struct async_source *source,
				    mode_t mode);

/* Copy a file's contents, within the kernel where it can (copy_file_range(2)). An existing target
 * is overwritten; after a failure or a cancel it is incomplete. Bytes copied. */
ASYNC_API off_t await_copy_file(const char *from, const char *to, mode_t mode);

/*
 * What changes in files and directories, told by inotify(7):
 *
 *	while (await_file_change(watch, &change) == 0) ...
 *
 * A watch belongs to the loop it was opened on; one task at a time waits on it (-EBUSY). Changes
 * between two calls are kept, up to the system's fs.inotify.max_queued_events; past that one change
 * is ASYNC_FILE_OVERFLOW, without a path: look at everything anew.
 */
enum {
	ASYNC_FILE_CREATED = 1,	    /* an entry of a directory: made, */
	ASYNC_FILE_MOVED_HERE = 2,  /* renamed into it, */
	ASYNC_FILE_MOVED_AWAY = 4,  /* renamed out of it, */
	ASYNC_FILE_DELETED = 8,	    /* removed; */
	ASYNC_FILE_MODIFIED = 16,   /* a file, watched itself or an entry: written or truncated, */
	ASYNC_FILE_WRITTEN = 32,    /* closed by a writer, */
	ASYNC_FILE_ATTRIBUTES = 64, /* its mode, owner, times or links changed; */
	ASYNC_FILE_ALL = 127,
	ASYNC_FILE_GONE = 128,	   /* always told: the path's file was removed or renamed, and is no
				      longer watched; */
	ASYNC_FILE_OVERFLOW = 256, /* changes were lost */
};

typedef struct async_file_change {
	unsigned what;	   /* one of the above */
	const char *path;  /* as given to async_file_watch_add; NULL with ASYNC_FILE_OVERFLOW */
	const char *name;  /* of the directory's entry; "" for the path itself */
	bool is_directory; /* what changed is one */
	uint32_t pair;	   /* the same for both halves of a rename between watched places, or 0 */
} async_file_change;

typedef struct async_file_watch async_file_watch;

/* NULL: -ENOTSUP in simulation; -EMFILE (fs.inotify.max_user_instances), -ENFILE, -ENOMEM. The
 * caller's, to be closed. */
ASYNC_API async_file_watch *async_file_watch_open(void);
/* Watch a file or directory (not what is below its directories) for changes of the mask. -ENOENT,
 * -EACCES; -ENOSPC: fs.inotify.max_user_watches; -EEXIST: it is watched already; -ENOMEM; -EINVAL. */
ASYNC_API int async_file_watch_add(async_file_watch *watch, const char *path, unsigned mask);
/* -ENOENT when that path is not watched. */
ASYNC_API int async_file_watch_remove(async_file_watch *watch, const char *path);
/* The next change, in the order they happened; what it points to is valid until the next call. */
ASYNC_API int await_file_change(async_file_watch *watch, async_file_change *change);
/* A task that waits on it gets -EBADF. NULL is allowed. */
ASYNC_API void async_file_watch_close(async_file_watch *watch);

ASYNC_END_DECLS

#endif
