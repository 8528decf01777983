/* SPDX-License-Identifier: MIT */
/* Content that is kept in memory while it is small, and beyond in a file without a name. */
#ifndef SERVER_SPOOL_H
#define SERVER_SPOOL_H

#include <stddef.h>
#include <sys/types.h>

struct spool {
	size_t memory_bytes;   /* at most in memory */
	const char *directory; /* for the rest; NULL: $TMPDIR, or /tmp */
	char *data;	       /* what lies in memory: all of it, or what is to be written next */
	size_t used, room;
	off_t written;
	int fd; /* -1: all in memory */
};

void spool_begin(struct spool *spool, size_t memory_bytes, const char *directory);
/* 0; -ENOMEM, or an error of open(2) or pwrite(2), for instance -ENOSPC. */
int await_spool_add(struct spool *spool, const char *data, size_t size);
/* That was all: in memory with a zero byte behind, or all in the file. */
int await_spool_end(struct spool *spool);
/* Forget it. */
void spool_free(struct spool *spool);
size_t spool_size(const struct spool *spool);

/* All that lies in the file into another of that path, in one step and synced. */
int await_spool_copy(int fd, size_t size, const char *path);

#endif
