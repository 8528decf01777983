/* SPDX-License-Identifier: MIT */
/* What a run has done so far, and its summary. */
#ifndef AFETCH_STATS_H
#define AFETCH_STATS_H

#include <stdio.h>
#include "../histogram.h"
#include "record.h"

enum { STATUSES = 1000, ERRORS = 256 };

struct stats {
	double begun; /* on async_now()'s clock */
	uint64_t fetched, failed;
	uint64_t skipped;  /* fetched by an earlier run */
	uint64_t retried;  /* tries beyond the first of each URL */
	uint64_t received; /* bytes of bodies, those of failed tries included */
	uint64_t statuses[STATUSES];
	uint64_t errors[ERRORS]; /* by errno, of those without an answer */
	struct histogram times;	 /* of last tries that had an answer */
};

void stats_add(struct stats *stats, const struct result *result);
/* `given_up`: URLs that were begun and not finished. */
void stats_print(const struct stats *stats, double seconds, size_t given_up, FILE *out);

#endif
