/* SPDX-License-Identifier: MIT */
/*
 * Times in fixed memory, however many: 64 buckets for each power of two of nanoseconds, so that a
 * percentile is at most 0.8 % off, up to half a year.
 */
#ifndef TOOLS_HISTOGRAM_H
#define TOOLS_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 6,
	HISTOGRAM_SUBS = 1 << HISTOGRAM_SUB_BITS,
	HISTOGRAM_TOP_BIT = 54,
	HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BIT - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUBS,
};

struct histogram {
	uint64_t count;
	double most; /* seconds, exact */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(double seconds)
{
	double nanoseconds = seconds * 1e9;
	uint64_t value;
	unsigned shift;

	if (!(nanoseconds > 0)) /* of a clock that went back */
		return 0;
	if (nanoseconds >= (double)((uint64_t)1 << HISTOGRAM_TOP_BIT))
		return HISTOGRAM_BUCKETS - 1;
	value = (uint64_t)nanoseconds;
	if (value < HISTOGRAM_SUBS)
		return (unsigned)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return ((shift + 1) << HISTOGRAM_SUB_BITS) + (unsigned)((value >> shift) - HISTOGRAM_SUBS);
}

/* The middle of what the bucket counts, in seconds. */
static inline double histogram_value(unsigned bucket)
{
	unsigned shift = bucket >> HISTOGRAM_SUB_BITS;
	uint64_t sub = bucket & (HISTOGRAM_SUBS - 1);

	if (!shift)
		return (double)sub * 1e-9;
	return ((double)(HISTOGRAM_SUBS + sub) + 0.5) * (double)((uint64_t)1 << (shift - 1)) * 1e-9;
}

static inline void histogram_add(struct histogram *histogram, double seconds)
{
	histogram->count++;
	histogram->buckets[histogram_bucket(seconds)]++;
	if (seconds > histogram->most)
		histogram->most = seconds;
}

/* Seconds that this fraction (0 to 1) of all do not exceed; 0 of nothing. */
static inline double histogram_percentile(const struct histogram *histogram, double fraction)
{
	double rank = fraction * (double)histogram->count;
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen && (double)seen >= rank) {
			double value = histogram_value(i);

			return value < histogram->most ? value : histogram->most;
		}
	}
	return 0;
}

#endif
