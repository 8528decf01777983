/* SPDX-License-Identifier: MIT */
/*
 * The HTTP client under load: so many GETs of one URL, so many at a time.
 *
 *	fetch URL COUNT CONCURRENCY
 *
 * Prints requests per second, and what of the processor's time each took.
 */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
	async_session *session;
	const char *url;
	long left, failed;
	unsigned long long bytes;
} bench;

static int worker(void *arg)
{
	(void)arg;
	while (bench.left-- > 0) {
		async_response *answer = await_session_get(bench.session, bench.url);
		const char *data;
		ssize_t n;

		while ((n = await_response_chunk(answer, &data)) > 0)
			bench.bytes += (unsigned long long)n;
		if (n < 0 || async_response_status(answer) != 200)
			bench.failed++;
		async_response_free(answer);
	}
	return 0;
}

static int run(void *concurrency)
{
	async_session_options options = { .connections = (size_t)async_int(concurrency) };

	bench.session = async_session_new(&options);
	if (!bench.session)
		return async_error_code();
	{
		AWAIT_GROUP(workers);
		for (int i = 0; i < async_int(concurrency); i++)
			async_spawn(&workers, worker, NULL);
	}
	return await_session_close(bench.session);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	long count = argc == 4 ? atol(argv[2]) : 0;
	double begun, used;

	if (count <= 0 || atoi(argv[3]) <= 0) {
		fprintf(stderr, "usage: fetch URL COUNT CONCURRENCY\n");
		return 2;
	}
	bench.url = argv[1];
	bench.left = count;
	begun = seconds(CLOCK_MONOTONIC);
	used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (async_run(run, ASYNC_INT(atoi(argv[3]))) < 0)
		return 1;
	begun = seconds(CLOCK_MONOTONIC) - begun;
	used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
	printf("%.0f requests/s, %.2f us of CPU each, %llu bytes, %ld failed\n",
	       (double)count / begun, 1e6 * used / (double)count, bench.bytes, bench.failed);
	return bench.failed != 0;
}
