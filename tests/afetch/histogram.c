/* SPDX-License-Identifier: MIT */
/* Percentiles in fixed memory. */
#include <math.h>
#include <stdlib.h>
#include "harness.h"
#include "../../tools/histogram.h"

static void check_near(double actual, double wanted)
{
	if (fabs(actual - wanted) > 0.008 * wanted + 1e-9)
		harness_fail(__FILE__, __LINE__, "%g is not near %g", actual, wanted);
}

TEST_WITH(percentiles_are_near, "H46", .backends = ONCE)
{
	struct histogram *histogram = calloc(1, sizeof *histogram);

	CHECK(histogram_percentile(histogram, 0.5) == 0);
	for (int i = 1; i <= 1000; i++)
		histogram_add(histogram, i * 0.001);
	check_near(histogram_percentile(histogram, 0.5), 0.5);
	check_near(histogram_percentile(histogram, 0.9), 0.9);
	check_near(histogram_percentile(histogram, 0.99), 0.99);
	check_near(histogram_percentile(histogram, 0), 0.001);
	CHECK(histogram_percentile(histogram, 1) <= 1 && histogram->most == 1);
	CHECK_INT(histogram->count, 1000);
	free(histogram);
}

TEST_WITH(any_time_has_a_bucket, "H46", .backends = ONCE)
{
	static const double times[] = { 0, 1e-9, 63e-9, 64e-9, 65e-9, 0.01, 1, 59.9, 86400, 1e7 };
	struct histogram *histogram;

	for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
		histogram = calloc(1, sizeof *histogram);
		histogram_add(histogram, times[i]);
		histogram_add(histogram, 1e9);
		check_near(histogram_percentile(histogram, 0.5), times[i]);
		free(histogram);
	}
	/* A clock that went back, and one that lost its mind. */
	histogram = calloc(1, sizeof *histogram);
	histogram_add(histogram, -1);
	CHECK(histogram_percentile(histogram, 0.5) == 0);
	histogram_add(histogram, INFINITY);
	histogram_add(histogram, 1e30);
	CHECK_INT(histogram->count, 3);
	CHECK(histogram_percentile(histogram, 0.99) > 1e7);
	free(histogram);
}
