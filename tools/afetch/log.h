/* SPDX-License-Identifier: MIT */
/* The log: a line of JSON for each URL that is finished. */
#ifndef AFETCH_LOG_H
#define AFETCH_LOG_H

#include <await.h>
#include "options.h"
#include "resume.h"

/* Zero-filled is none: what is written to it is nowhere. */
struct log {
	async_stream *stream;
	const char *path;
	int fd; /* of a file that was taken, until it has a stream; else 0 */
};

/*
 * Before the loop, since a long log takes seconds to read. A file becomes ours alone, until it is
 * closed: -EBUSY while another afetch writes to it. When a run is resumed, what the log says is
 * fetched goes into `done`, and a last line that was cut off is removed; else one that holds
 * something is refused with -EEXIST. What is no file is opened later.
 */
int log_take(struct log *log, const struct options *options, struct done_set *done);
/* `waiting` is called where a FIFO has no reader yet. */
int await_log_open(struct log *log, const struct options *options, void (*waiting)(void *arg),
		   void *arg);
/* The line goes into the log whole, also when the task is cancelled. */
int await_log_write(struct log *log, const char *line, size_t size);
/* As await_descriptor_close. */
int await_log_close(struct log *log, bool ended);

#endif
