/* SPDX-License-Identifier: MIT */
/* What the files of explorations share. A scenario starts from scratch each time; whatever is cancelled in it, it ends,
 * gives back what it took, and its check finds everything as it should be. */
#ifndef TESTS_INSPECT_EXPLORE_H
#define TESTS_INSPECT_EXPLORE_H

#include <errno.h>
#include <stdio.h>
#include <await.h>
#include <await/sim.h>
#include "harness.h"

/* Try every point of a scenario: in a calm world, and in rough ones of several seeds. */
static inline void explore(async_fn *scenario, int (*check)(void *arg))
{
	static const async_sim_options rough = {
		.latency_min = 0.001, .latency_max = 0.3, .short_read = 0.3, .short_write = 0.3, .shuffle = 1,
	};
	async_exploration found;
	unsigned points = 0;

	for (uint64_t seed = 0; seed <= 3; seed++) {
		async_options options = { .seed = seed ? seed : 1, .sim = seed ? &rough : NULL };
		int result = async_explore(&options, scenario, NULL, check, &found);

		points += found.points;
		if (result)
			harness_fail(__FILE__, __LINE__, "seed %d: %u of %u points fail; %s", (int)seed,
				     found.failures, found.points, found.text);
		CHECK(found.points > 0);
	}
	printf("%u points\n", points);
}

/* A failure that came from the cancel, from a sibling's, or from a peer that was cancelled, is none of the scenario. */
static inline int excused(int result)
{
	return result < 0 ? result : 0;
}

#endif
