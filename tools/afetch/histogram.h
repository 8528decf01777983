/* SPDX-License-Identifier: MIT */
/* Times in fixed memory, however many: buckets of a 32nd of a power of two, at most 3 % off. */
#ifndef AFETCH_HISTOGRAM_H
#define AFETCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 5,
	HISTOGRAM_TOP_BIT = 44, /* microseconds: half a year */
	HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BIT - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

struct histogram {
	uint64_t count;
	double most; /* exact */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, double seconds);
/* Seconds that this fraction (0 to 1) of all do not exceed; 0 of nothing. */
double histogram_percentile(const struct histogram *histogram, double fraction);

#endif
