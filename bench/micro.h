/* SPDX-License-Identifier: MIT */
/* What micro.c's tests need that is not what they measure: clocks, random numbers, memory. */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <await.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NS_PER_S = 1000 * 1000 * 1000 };

static inline double clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static inline double wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13; /* xorshift64 */
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* From 0 up to, not including, 1. */
static inline double next_fraction(uint64_t *state)
{
	return (double)(next_random(state) >> 11) / (UINT64_C(1) << 53);
}

static inline void *allocate(size_t items, size_t size)
{
	void *memory = calloc(items, size);

	if (!memory) {
		fprintf(stderr, "micro: no memory for %zu x %zu bytes\n", items, size);
		exit(1);
	}
	return memory;
}

/* A benchmark that fails half way measures nothing. */
static inline void must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "micro: %s: %s\n", what, async_error());
	exit(1);
}

/* A line of /proc/self/status in bytes. The resident size there is exact, unlike in statm. */
static inline double status_bytes(const char *field)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[200];
	double value = 0;

	while (file && fgets(line, sizeof line, file)) {
		if (!strncmp(line, field, strlen(field)))
			value = 1024.0 * atol(line + strlen(field));
	}
	if (file)
		fclose(file);
	return value;
}

#endif
