/* SPDX-License-Identifier: MIT */
/* A run from beginning to end. */
#ifndef AFETCH_RUN_H
#define AFETCH_RUN_H

#include "display.h"
#include "fetch.h"
#include "input.h"
#include "log.h"

struct run {
	const struct options *options;
	struct done_set done; /* by earlier runs */

	struct input input;
	struct schedule schedule;
	struct fetcher fetcher;
	struct log log;
	struct display display;
	struct stats stats;
	async_group group;

	size_t at_a_time;   /* fetches: fewer than asked for while this machine is short */
	size_t undisturbed; /* fetches since it was */
	bool told_of_shortage;
	size_t tasks;
	bool running; /* the group is open */
	bool read_all;
	size_t given_up;
	int error; /* of this machine, which ended the run */
	char text[ERROR_TEXT_BYTES];
	int signal;	/* that ended it, or 0 */
	double seconds; /* that it took */
};

/* The main task's function; arg is a struct run with options, and what log_take fills in. 0; what
 * came of it is in the struct. */
int await_run(void *arg);

#endif
