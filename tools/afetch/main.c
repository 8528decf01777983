/* SPDX-License-Identifier: MIT */
/* afetch: URLs, many at a time, from the shell. See docs/afetch.md for a tour. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "run.h"

/* A fetch takes a socket, perhaps a second while addresses race, and a file. */
enum { DESCRIPTORS_EACH = 2, DESCRIPTORS_ELSE = 24 };

/* Where one of the three is closed, the next file that is opened takes its place, and gets what is
 * said on standard error. Something that fails stands there instead. */
static void keep_standard_places(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return;
	}
}

/* All descriptors that may be had; fewer fetches at a time where they do not suffice. */
static void prepare_descriptors(struct options *options)
{
	struct rlimit limit;
	rlim_t each = DESCRIPTORS_EACH, enough;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			return;
	}
	enough = limit.rlim_cur > DESCRIPTORS_ELSE + each ?
			 (limit.rlim_cur - DESCRIPTORS_ELSE) / each :
			 1;
	if (limit.rlim_cur == RLIM_INFINITY || enough >= options->concurrency)
		return;
	if (!options->quiet)
		fprintf(stderr,
			"afetch: %zu at a time instead of %zu: only %llu descriptors (ulimit -n)\n",
			(size_t)enough, options->concurrency, (unsigned long long)limit.rlim_cur);
	options->concurrency = (size_t)enough;
}

static int take_log(struct run *run)
{
	int error = log_take(&run->log, run->options, &run->done);

	if (error)
		fprintf(stderr, "afetch: %s\n", async_error());
	return error;
}

static int exit_status(const struct run *run)
{
	if (run->error)
		fprintf(stderr, "afetch: %s\n", run->text);
	if (run->signal)
		return 128 + run->signal;
	if (run->error)
		return EXIT_LOCAL;
	return run->stats.failed ? EXIT_FAILED : EXIT_FETCHED;
}

/* A disk that hangs is no error of the program. */
static const async_options loop_options = { .slow_step_seconds = -1 };

static int await_fetches(struct run *run)
{
	int result = take_log(run);

	if (!result)
		result = async_run_with(&loop_options, await_run, run);
	if (result < 0 && result != -EINTR)
		return EXIT_LOCAL; /* told already */
	if (!run->options->quiet && run->seconds > 0)
		stats_print(&run->stats, run->seconds, run->given_up, stderr);
	return exit_status(run);
}

int main(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof *run);
	struct options options = { 0 };
	int status;

	keep_standard_places();
	status = run ? options_parse(&options, argc, argv) : EXIT_LOCAL;
	if (status < 0) {
		/* Both are errors of the call that meets them. */
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		run->options = &options;
		prepare_descriptors(&options);
		status = await_fetches(run);
		done_free(&run->done);
	}
	options_free(&options);
	free(run);
	return status;
}
