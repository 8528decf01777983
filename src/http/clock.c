/* SPDX-License-Identifier: MIT */
/* An object of its own, so that clients do not link what keeps a server's date. */
#include <await/run.h>
#include <string.h>
#include <time.h>
#include "http/clock.h"

/* The clock of a simulation is the only one that it may see. */
double http_wall_clock(void)
{
	struct timespec now;

	if (!strcmp(async_backend_name(), "sim"))
		return async_now();
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
