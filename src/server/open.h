/* SPDX-License-Identifier: MIT */
/*
 * Opening a file to serve it, without keeping the loop waiting for a disk: what the kernel has in
 * its caches is opened at once (openat2(2) with RESOLVE_CACHED, as io_uring does), the rest in the
 * thread pool.
 */
#ifndef SERVER_OPEN_H
#define SERVER_OPEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct http_open {
	int directory; /* where a relative path begins: a descriptor, or AT_FDCWD */
	const char *path;
	bool beneath; /* what lies outside the directory is not found, whatever links say */
	int fd;	      /* for reading; -1: none */
	struct statx status;
};

/* Opens and asks for the status. 0; a negative errno, and `fd` is -1. -EXDEV: not beneath. */
int await_http_file_open(struct http_open *open);
void http_file_close(struct http_open *open);

/* What is answered: 0 for a regular file; 404, 403; negative for what is the server's trouble.
 * Links in a circle, names too long and what is not beneath are not there: 404. */
int http_file_judge(const struct http_open *open, int error);

/*
 * Reads all `size` bytes at `offset` unless the file ends before: how much, or a negative errno.
 * In the thread pool when it would wait for the disk.
 */
ssize_t await_http_file_read(int fd, void *data, size_t size, off_t offset);

/* Have that part of the file in the kernel's memory, so that sendfile(2) does not wait for the
 * disk. 0 or a negative errno. */
int await_http_file_load(int fd, off_t offset, size_t size);

#endif
