/* SPDX-License-Identifier: MIT */
/* A timeout covers what its block calls: three tries of 0.2 s, 0.5 s in all: timeouts [NEEDED] */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>

static int attempt(double needed)
{
	int error = await_sleep(needed);

	if (!error)
		return 0;
	async_shield (0.1) { /* the time is over, but tidying up may still wait a little */
		await_sleep(0.01);
		printf("  tidied up\n");
	}
	return error;
}

static int try_thrice(void *needed)
{
	async_timeout (0.5) {
		for (int i = 1; i <= 3; i++) {
			printf("try %d\n", i);
			async_timeout (0.2) {
				if (attempt(*(double *)needed) == 0) {
					printf("done\n");
					return 0;
				}
			}
		}
	}
	if (async_timed_out())
		printf("0.5 s are over: given up\n");
	return 0;
}

int main(int argc, char **argv)
{
	double needed = argc > 1 ? atof(argv[1]) : 1;

	return async_run(try_thrice, &needed);
}
