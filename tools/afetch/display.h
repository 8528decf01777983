/* SPDX-License-Identifier: MIT */
/* What the user sees on standard error: messages, and on a terminal the progress below them. */
#ifndef AFETCH_DISPLAY_H
#define AFETCH_DISPLAY_H

#include "schedule.h"
#include "stats.h"

enum { DISPLAY_SAMPLES = 16, DISPLAY_BYTES = 4096 };

struct display {
	const struct stats *stats;
	const struct schedule *schedule;
	bool live;  /* the progress is shown */
	bool quiet; /* nothing but what ends the run */
	int lines;  /* of it, on the screen now */
	async_handle timer;
	/* The last few seconds, for rates; a ring. */
	struct display_sample {
		double when;
		uint64_t done, received;
	} samples[DISPLAY_SAMPLES];
	unsigned sample_count;
};

/* `bodies`: they go to standard output; if that is a terminal too, no progress is shown between
 * them. */
void display_begin(struct display *display, const struct stats *stats,
		   const struct schedule *schedule, bool quiet, bool bodies);
/* A line above the progress: "afetch: ...". */
void display_message(struct display *display, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void display_end(struct display *display);

#endif
