/* SPDX-License-Identifier: MIT */
/* URLs one after the other: of the command line, then of the files, read as they are needed. */
#ifndef AFETCH_INPUT_H
#define AFETCH_INPUT_H

#include "options.h"

struct input {
	const struct options *options;
	size_t next_url, next_file;
	async_stream *stream; /* of the file being read, or NULL */
	const char *name;     /* its name for messages */
	uint64_t line;
};

struct input_line {
	const char *text; /* valid until the next call; NULL: it was too long */
	size_t size;
	const char *name; /* of the file; NULL: of the command line */
	uint64_t line;	  /* from 1; 0: of the command line */
};

void input_begin(struct input *input, const struct options *options);
/* 1 and the next line that holds something: without its end, spaces around it, and lines that are
 * empty or begin with "#". 0: there are no more. < 0: a file cannot be read; async_error(). */
int await_input_next(struct input *input, struct input_line *line);
void input_end(struct input *input);

#endif
