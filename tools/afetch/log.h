/* SPDX-License-Identifier: MIT */
/* The log: a line of JSON for each URL that is finished. */
#ifndef AFETCH_LOG_H
#define AFETCH_LOG_H

#include <await.h>
#include "options.h"

/* Zero-filled is none: what is written to it is nowhere. */
struct log {
	async_stream *stream;
	const char *path;
};

/* An existing log is added to when a run is resumed, behind byte `end`; else one that holds
 * something is refused with -EEXIST. */
int log_open(struct log *log, const struct options *options, off_t end);
/* The line goes into the log whole, also when the task is cancelled. */
int await_log_write(struct log *log, const char *line, size_t size);
/* As await_descriptor_close. */
int await_log_close(struct log *log, bool ended);

#endif
