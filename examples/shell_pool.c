/* SPDX-License-Identifier: MIT */
/*
 * Shell commands from standard input, a line each, so many at a time: shell_pool [AT_ONCE
 * [SECONDS]] Prints each one's status and output once it has ended; whatever takes longer than
 * SECONDS is ended with all that it has started, and what it wrote until then is printed, too.
 */
#include <await.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static async_semaphore slots = ASYNC_SEMAPHORE(8);
static double seconds = INFINITY;

static int run_line(void *arg)
{
	async_process_output output = { 0 };
	char *line = arg;
	int code = 0;

	await_holding (&slots)
		async_timeout (seconds)
			code = await_process_run(NULL, ASYNC_ARGV("/bin/sh", "-c", line), NULL, 0,
						 &output);
	if (code == -ETIMEDOUT)
		printf("[timed out] %s\n", line);
	else if (code < 0)
		printf("[%s] %s\n", async_error(), line);
	else
		printf("[%d] %s\n", code, line);
	fwrite(output.out, 1, output.out_size, stdout);
	fwrite(output.err, 1, output.err_size, stdout);
	async_process_output_free(&output);
	free(line);
	return 0;
}

static int run_all(void *arg)
{
	AWAIT_GROUP(lines);
	async_stream *input = async_stream_open(0, NULL);
	const char *line;
	ssize_t n;

	(void)arg;
	while ((n = await_stream_readline(input, &line)) > 0) {
		char *copy =
			strndup(line, strcspn(line, "\n") < (size_t)n ? (size_t)n - 1 : (size_t)n);

		if (!copy || async_spawn(&lines, run_line, copy))
			free(copy);
	}
	await_stream_close(input);
	return n;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		slots = (async_semaphore)ASYNC_SEMAPHORE((size_t)atoi(argv[1]));
	if (argc > 2)
		seconds = atof(argv[2]);
	return async_run(run_all, NULL) < 0;
}
