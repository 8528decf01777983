/* SPDX-License-Identifier: MIT */
/*
 * Latencies in fixed memory: buckets of 1/64 of a power of two (at most 1.6 % off). 64 exact ones,
 * then 64 for each power from 2^6 up to 2^40 ns, which is 18 minutes.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	SUB_BITS = 6,
	SUB_BUCKETS = 1 << SUB_BITS,
	TOP_BIT = 40,
	BUCKETS = (TOP_BIT - SUB_BITS + 1) * SUB_BUCKETS,
};

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t buckets[BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t value)
{
	unsigned shift;

	if (value < SUB_BUCKETS)
		return value;
	if (value >> TOP_BIT)
		return BUCKETS - 1;
	shift = 63 - __builtin_clzll(value) - SUB_BITS;
	return ((shift + 1) << SUB_BITS) + ((value >> shift) - SUB_BUCKETS);
}

/* The smallest value that the bucket counts. */
static inline uint64_t histogram_value(unsigned bucket)
{
	unsigned shift = bucket >> SUB_BITS;
	uint64_t sub = bucket & (SUB_BUCKETS - 1);

	return shift ? (SUB_BUCKETS + sub) << (shift - 1) : sub;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->buckets[histogram_bucket(value)]++;
	if (value > histogram->max)
		histogram->max = value;
}

/* The value that this fraction of all does not exceed; 0 when nothing was counted. */
static inline double histogram_percentile(const struct histogram *histogram, double fraction)
{
	uint64_t rank = fraction * histogram->count, seen = 0;
	unsigned i;

	for (i = 0; i < BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen > rank)
			return histogram_value(i);
	}
	return 0;
}

#endif
