/* SPDX-License-Identifier: MIT */
/* Times in fixed memory: see histogram.h. */
#include <math.h>
#include "histogram.h"

enum { SUBS = 1 << HISTOGRAM_SUB_BITS };

static unsigned bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < SUBS)
		return (unsigned)value;
	if (value >> HISTOGRAM_TOP_BIT)
		return HISTOGRAM_BUCKETS - 1;
	shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return ((shift + 1) << HISTOGRAM_SUB_BITS) + (unsigned)((value >> shift) - SUBS);
}

/* The middle of what the bucket counts. */
static double value_of(unsigned bucket)
{
	unsigned shift = bucket >> HISTOGRAM_SUB_BITS;
	uint64_t sub = bucket & (SUBS - 1);

	return shift ? ldexp((double)(SUBS + sub) + 0.5, (int)shift - 1) : (double)sub;
}

void histogram_add(struct histogram *histogram, double seconds)
{
	double microseconds = fmin(fmax(seconds, 0) * 1e6, 1e18);

	histogram->count++;
	histogram->most = fmax(histogram->most, seconds);
	histogram->buckets[bucket_of((uint64_t)microseconds)]++;
}

double histogram_percentile(const struct histogram *histogram, double fraction)
{
	double rank = fmax(ceil(fraction * (double)histogram->count), 1);
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if ((double)seen >= rank)
			return fmin(value_of(i) * 1e-6, histogram->most);
	}
	return histogram->most;
}
