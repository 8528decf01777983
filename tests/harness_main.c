/* SPDX-License-Identifier: MIT */
/*
 * The half of the harness that starts cases and judges how they ended. It stays single-threaded and
 * touches nothing of the library, so that every child starts from the same clean state; children
 * write to a memory file that is shown only when they fail.
 */
#define _GNU_SOURCE
#include "harness_child.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	DEADLINE_DEFAULT_S = 10,
	JOBS_MAX = 64,
};

static const struct backend {
	const char *name;
	unsigned int bit;
} backends[] = {
	{ "uring", BACKEND_URING },
	{ "epoll", BACKEND_EPOLL },
	{ "sim", BACKEND_SIM },
	{ "default", ONCE },
};

struct job {
	struct test_case *test;
	const struct backend *backend;
	pid_t pid;
	int output;
	int64_t deadline_ns;
	int timed_out;
};

struct options {
	const char *substring;
	const char *only;
	const char *backends; /* comma-separated, NULL for all */
	int jobs;
	int verbose;
	int list;
};

static struct options options = { .jobs = 1 };
static const char *program;
static const char *uring_refused; /* why, or NULL where it works */
static int passed, failed, skipped;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int deadline_s(const struct test_case *test)
{
	return (test->deadline ? test->deadline : DEADLINE_DEFAULT_S) * test_patience();
}

/* A ONCE case takes what the library would take, or the first of those this run is limited to. */
static const char *chosen_backend(const struct backend *backend)
{
	static char first[16];

	if (backend->bit != ONCE)
		return backend->name;
	if (!options.backends)
		return NULL;
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(options.backends, ","),
		 options.backends);
	return first;
}

static int start_job(struct job *job)
{
	job->timed_out = 0;
	job->output = memfd_create("output", MFD_CLOEXEC);
	if (job->output < 0) {
		perror("memfd_create");
		return -1;
	}
	fcntl(job->output, F_SETFL, O_APPEND);
	fflush(stdout);
	job->deadline_ns = now_ns() + deadline_s(job->test) * INT64_C(1000000000);
	job->pid = fork();
	if (job->pid == 0)
		harness_run_child(job->test, job->backend->name, chosen_backend(job->backend),
				  job->output);
	if (job->pid < 0) {
		perror("fork");
		close(job->output);
		return -1;
	}
	setpgid(job->pid, job->pid);
	return 0;
}

static char *read_output(struct job *job)
{
	off_t size = lseek(job->output, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	if (text && pread(job->output, text, (size_t)size, 0) < 0)
		text[0] = '\0';
	/* A text with a zero byte inside would end there; show the rest all the same. */
	for (off_t i = 0; text && i < size; i++)
		if (!text[i])
			text[i] = '?';
	return text;
}

/* Why the case failed, or NULL when it ended as it should. */
static const char *verdict(const struct job *job, int status, const char *output)
{
	static char text[256];
	const struct test_case *test = job->test;

	if (job->timed_out)
		snprintf(text, sizeof(text), "deadline of %d s passed", deadline_s(test));
	else if (WIFSIGNALED(status) && WTERMSIG(status) != test->expect_signal)
		snprintf(text, sizeof(text), "ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (!WIFSIGNALED(status) && test->expect_signal)
		snprintf(text, sizeof(text), "ended with status %d, expected signal %d (%s)",
			 WEXITSTATUS(status), test->expect_signal, strsignal(test->expect_signal));
	else if (!WIFSIGNALED(status) && WEXITSTATUS(status) != test->expect_status)
		snprintf(text, sizeof(text), "ended with status %d", WEXITSTATUS(status));
	else if (test->expect_stderr && !strstr(output, test->expect_stderr))
		snprintf(text, sizeof(text), "the output lacks \"%s\"", test->expect_stderr);
	else
		return NULL;
	return text;
}

static void print_indented(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		printf("        %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void print_failure(const struct job *job, const char *why, const char *output)
{
	const char *seed = getenv("LIBAWAIT_SEED"), *chosen = chosen_backend(job->backend);

	printf("FAIL  %s [%s]: %s (%s:%d)\n", job->test->name, job->backend->name, why,
	       job->test->file, job->test->line);
	print_indented(output);
	printf("        repeat: LIBAWAIT_SEED=%s %s --only %s", seed ? seed : "1", program,
	       job->test->name);
	if (chosen)
		printf(" --backend %s", chosen);
	printf("\n");
}

static void print_skip(const struct job *job, const char *why)
{
	skipped++;
	printf("SKIP  %s [%s]: %.*s\n", job->test->name, job->backend->name,
	       (int)strcspn(why, "\n"), why);
}

static void finish_job(struct job *job, int status)
{
	char *output = read_output(job);
	char *skip = output ? strstr(output, SKIP_MARK) : NULL;
	const char *why;

	/* Whatever the case left behind in its process group ends with it. */
	kill(-job->pid, SIGKILL);
	if (!job->timed_out && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP && skip) {
		print_skip(job, skip + strlen(SKIP_MARK));
	} else if ((why = verdict(job, status, output ? output : ""))) {
		failed++;
		print_failure(job, why, output ? output : "");
	} else {
		passed++;
		if (options.verbose)
			printf("ok    %s [%s]\n", job->test->name, job->backend->name);
	}
	fflush(stdout);
	free(output);
	close(job->output);
	job->pid = 0;
}

static void end_late_jobs(struct job *jobs)
{
	for (int i = 0; i < options.jobs; i++) {
		if (jobs[i].pid && !jobs[i].timed_out && now_ns() >= jobs[i].deadline_ns) {
			jobs[i].timed_out = 1;
			kill(-jobs[i].pid, SIGKILL);
			kill(jobs[i].pid, SIGKILL);
		}
	}
}

/* Waits until at least one job has ended. */
static void wait_for_job(struct job *jobs)
{
	/* Short, since the deadlines are looked at after it; SIGCHLD ends it at once. */
	const struct timespec interval = { .tv_nsec = 100 * 1000 * 1000 };
	sigset_t child;
	int ended = 0;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (!ended) {
		for (int i = 0; i < options.jobs; i++) {
			int status;

			if (jobs[i].pid && waitpid(jobs[i].pid, &status, WNOHANG) > 0) {
				finish_job(&jobs[i], status);
				ended = 1;
			}
		}
		if (!ended) {
			sigtimedwait(&child, NULL, &interval);
			end_late_jobs(jobs);
		}
	}
}

static struct job *idle_job(struct job *jobs)
{
	for (int i = 0; i < options.jobs; i++)
		if (!jobs[i].pid)
			return &jobs[i];
	return NULL;
}

static int is_busy(const struct job *jobs)
{
	for (int i = 0; i < options.jobs; i++)
		if (jobs[i].pid)
			return 1;
	return 0;
}

static int is_in_list(const char *name, const char *list)
{
	size_t length = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || !at[length]))
			return 1;
	return 0;
}

static int is_wanted(const struct test_case *test, const struct backend *backend)
{
	unsigned int mask = test->backends ? test->backends : ALL_BACKENDS;

	if (!(mask & backend->bit))
		return 0;
	if (options.substring && !strstr(test->name, options.substring))
		return 0;
	if (options.only && strcmp(test->name, options.only) != 0)
		return 0;
	return backend->bit == ONCE || !options.backends ||
	       is_in_list(backend->name, options.backends);
}

static void run_case(struct job *jobs, struct test_case *test, const struct backend *backend)
{
	struct job *job;

	if (backend->bit == BACKEND_URING && uring_refused) {
		struct job refused = { .test = test, .backend = backend };

		print_skip(&refused, uring_refused);
		return;
	}
	while (!(job = idle_job(jobs)))
		wait_for_job(jobs);
	job->test = test;
	job->backend = backend;
	if (start_job(job) < 0)
		failed++;
}

/*
 * Containers forbid io_uring with EPERM, old kernels and qemu-user do not know it: ENOSYS. That is
 * this machine's business and no failure.
 */
static const char *probe_uring(void)
{
	static char why[64];
	unsigned char parameters[120] = { 0 }; /* struct io_uring_params */
	long fd = syscall(SYS_io_uring_setup, 4, parameters);

	if (fd >= 0) {
		close((int)fd);
		return NULL;
	}
	snprintf(why, sizeof(why), "io_uring_setup: %s", strerrorname_np(errno));
	return why;
}

/*
 * glibc reads its tunables at start only, so the program starts itself again with those that make
 * the heap countable (tools/run-tests sets them too). Where that does not work, as under
 * qemu-user, the heap is not counted.
 */
static void restart_with_tunables(char **argv)
{
	if (test_is_instrumented() || getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES",
	       "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:"
	       "glibc.pthread.stack_cache_size=0",
	       1);
	execv("/proc/self/exe", argv);
}

static void usage(void)
{
	printf("usage: %s [--list] [-k SUBSTRING] [--only NAME] [--backend B[,B]] [-j N] [-v]\n",
	       program);
	exit(2);
}

static void parse_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--list") == 0)
			options.list = 1;
		else if (strcmp(argv[i], "-v") == 0)
			options.verbose = 1;
		else if (!value)
			usage();
		else if (i++, strcmp(argv[i - 1], "-k") == 0)
			options.substring = value;
		else if (strcmp(argv[i - 1], "--only") == 0)
			options.only = value;
		else if (strcmp(argv[i - 1], "--backend") == 0)
			options.backends = value;
		else if (strcmp(argv[i - 1], "-j") == 0)
			options.jobs = atoi(value);
		else
			usage();
	}
	if (options.jobs < 1 || options.jobs > JOBS_MAX)
		usage();
}

int main(int argc, char **argv)
{
	static struct job jobs[JOBS_MAX];
	sigset_t child;
	void *frame;

	program = argv[0];
	parse_options(argc, argv);
	restart_with_tunables(argv);
	backtrace(&frame, 1); /* loads the unwinder, once, before anybody counts the heap */
	uring_refused = probe_uring();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (struct test_case *test = harness_cases(); test; test = test->next) {
		for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
			if (!is_wanted(test, &backends[i]))
				continue;
			if (options.list)
				printf("%s %s %s\n", test->name, backends[i].name, test->rows);
			else
				run_case(jobs, test, &backends[i]);
		}
	}
	if (options.list)
		return 0;
	while (is_busy(jobs))
		wait_for_job(jobs);
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}
