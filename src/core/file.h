/* SPDX-License-Identifier: MIT */
/*
 * An operation on a file. Unlike one on a socket it never waits for anybody else, it just takes
 * long; so several may be under way on one descriptor, and many have no descriptor at all. A
 * backend does it by itself where the kernel can (io_uring), else a thread of a pool does.
 */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <errno.h>
#include <sys/stat.h>
#include "core/wait.h"

enum file_code {
	FILE_OPEN,     /* fd (a directory or AT_FDCWD), path, flags, mode */
	FILE_READ,     /* fd, data, size, offset (-1: the file's position) */
	FILE_WRITE,    /* the same */
	FILE_SYNC,     /* fd, flags: 1 for the data alone */
	FILE_STATX,    /* fd, path, flags, mask, statx */
	FILE_RENAME,   /* path, target */
	FILE_UNLINK,   /* path, flags: AT_REMOVEDIR */
	FILE_MKDIR,    /* path, mode */
	FILE_TRUNCATE, /* fd, offset: the new length */
	FILE_LIST,     /* fd, data, size: getdents64 */
	FILE_COPY,     /* fd, from, size: at most so much, at both positions */
	FILE_CODES,
};

/* On the stack of the task that waits. */
struct file_request {
	struct wait wait;
	enum file_code code;
	int fd, from;
	int flags;
	unsigned mask;
	mode_t mode;
	const char *path, *target;
	void *data;
	size_t size;
	off_t offset;
	struct statx *statx;
	int cancel_error; /* what a cancel asked for; 0: none did */
};

#endif
