/* SPDX-License-Identifier: MIT */
/* What an earlier run has fetched, from its log: one 64-bit hash for each URL. */
#ifndef AFETCH_RESUME_H
#define AFETCH_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Open addressing, at most 3/4 full: 11 to 21 bytes a URL. Zero-filled is empty. */
struct done_set {
	uint64_t *slots; /* 0: free */
	size_t capacity, count;
};

int done_add(struct done_set *set, const char *url, size_t size); /* -ENOMEM */
bool done_has(const struct done_set *set, const char *url, size_t size);
void done_free(struct done_set *set);

/*
 * Read the log from its beginning, by a copy of the descriptor; `path` is for messages. *end is
 * where its last whole line ends, behind which a run that was cut off may have left the beginning
 * of another. 0; -EBADMSG, with a text: a line that afetch has not written; or what the file failed
 * with.
 */
int resume_read(struct done_set *set, int fd, const char *path, off_t *end);

#endif
