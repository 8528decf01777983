/* SPDX-License-Identifier: MIT */
/* Where the body of one fetch goes: a file that appears when it is complete, standard output, or
 * nowhere. */
#ifndef AFETCH_SINK_H
#define AFETCH_SINK_H

#include "options.h"

/* What fetches share. */
struct outlet {
	enum sink_kind kind;
	const char *directory;
	async_stream *standard; /* output, or NULL */
	async_lock turn;	/* to write a body to it */
};

struct sink {
	struct outlet *outlet;
	async_scope *limit; /* of the try: time that output takes does not count */
	int fd;		    /* the file being written, or -1 */
	off_t written;	    /* to it */
	char *part;	    /* its name until it is complete */
	char *held;	    /* the beginning of a body for standard output */
	size_t held_size, held_room;
	bool writing; /* it has the turn; part of the body may have gone out */
};

/* Makes the directory where there is none. 0, or an error. */
int outlet_open(struct outlet *outlet, const struct options *options);
/* As await_descriptor_close. */
int await_outlet_close(struct outlet *outlet, bool ended);

void sink_begin(struct sink *sink, struct outlet *outlet, async_scope *limit);
/* 0, or the error of the output, which is no fault of the server's: -ENOSPC, -EPIPE... */
int await_sink_write(struct sink *sink, const char *data, size_t size);
/* The body is complete: the file gets its name. */
int await_sink_finish(struct sink *sink, const char *name);
/* What is not finished leaves nothing behind. Also after finishing. */
void sink_drop(struct sink *sink);

#endif
