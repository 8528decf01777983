/* SPDX-License-Identifier: MIT */
/*
 * The half of the harness that runs inside a case: checks, the count of what the case leaves
 * behind, and the child that runs the body. The other half is harness_main.c.
 */
#define _GNU_SOURCE
#include "harness_child.h"

#include <await.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

#ifdef UNDER_ASAN
#include <sanitizer/lsan_interface.h>
#endif
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAS_VALGRIND 1
#endif

enum {
	/* Above what cases use, so that those which count or exhaust numbers do not meet it. */
	SCAN_FD = 900,
	DESCRIPTORS_MAX = 4096,
	DESCRIPTORS_WANTED = 20000,
	/* Threads that were told to end, and closes under way in the kernel, get this long. */
	SETTLE_MS = 300,
};

static struct test_case *tests;
static const char *current_backend = "default";

/* ---- What a case calls ---- */

void harness_add(struct test_case *test)
{
	struct test_case **at = &tests;

	while (*at)
		at = &(*at)->next;
	*at = test;
}

struct test_case *harness_cases(void)
{
	return tests;
}

const char *test_backend(void)
{
	return current_backend;
}

int test_patience(void)
{
	const char *text = getenv("LIBAWAIT_TEST_PATIENCE");
	int factor = text ? atoi(text) : 1;

	return factor > 0 ? factor : 1;
}

int test_is_instrumented(void)
{
#if defined(UNDER_ASAN) || defined(UNDER_TSAN)
	return 1;
#else
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload") != NULL;
#endif
}

void harness_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	dprintf(STDERR_FILENO, "%s:%d: ", file, line);
	va_start(arguments, format);
	vdprintf(STDERR_FILENO, format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "\n");
	_exit(STATUS_FAIL);
}

/* Most integers of this library are results, so a negative one is shown with its error's name. */
const char *harness_error_name(long long value)
{
	const char *name = value < 0 && value > -4096 ? strerrorname_np((int)-value) : NULL;

	return name ? name : "";
}

void harness_check_int(const char *file, int line, const char *what, long long actual,
		       long long expected)
{
	if (actual == expected)
		return;
	harness_fail(file, line, "CHECK_INT(%s): got %lld %s, expected %lld %s", what, actual,
		     harness_error_name(actual), expected, harness_error_name(expected));
}

void harness_check_str(const char *file, int line, const char *what, const char *actual,
		       const char *expected)
{
	if (actual == expected || (actual && expected && strcmp(actual, expected) == 0))
		return;
	harness_fail(file, line, "CHECK_STR(%s):\n     got \"%s\"\nexpected \"%s\"", what,
		     actual ? actual : "(null)", expected ? expected : "(null)");
}

void harness_check_has(const char *file, int line, const char *what, const char *text,
		       const char *part)
{
	if (text && strstr(text, part))
		return;
	harness_fail(file, line, "CHECK_TEXT_HAS(%s):\n   text \"%s\"\nlacks  \"%s\"", what,
		     text ? text : "(null)", part);
}

void harness_skip(const char *why)
{
	fflush(stdout);
	dprintf(STDERR_FILENO, SKIP_MARK "%s\n", why);
	_exit(STATUS_SKIP);
}

/* ---- What the child counts ---- */

struct resources {
	unsigned char descriptor[DESCRIPTORS_MAX];
	size_t heap_bytes;
};

/* Not a local: a checker must find it reachable when a case dies on another stack. */
static DIR *descriptors;

static void open_descriptor_list(void)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int high = fcntl(fd, F_DUPFD_CLOEXEC, SCAN_FD);

	if (high >= 0) {
		close(fd);
		fd = high;
	}
	descriptors = fdopendir(fd);
	if (!descriptors)
		harness_fail(__FILE__, __LINE__, "cannot list descriptors: %s", strerror(errno));
}

static int heap_is_countable(void)
{
	const char *tunables = getenv("GLIBC_TUNABLES");

	/* A chunk in a thread's cache counts as in use: without this setting the sum means little. */
	return !test_is_instrumented() && tunables && strstr(tunables, "tcache_count=0");
}

static void count_resources(struct resources *count)
{
	struct dirent *entry;

	memset(count, 0, sizeof(*count));
	rewinddir(descriptors);
	while ((entry = readdir(descriptors))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd < DESCRIPTORS_MAX)
			count->descriptor[fd] = 1;
	}
	if (heap_is_countable()) {
		struct mallinfo2 heap = mallinfo2();

		count->heap_bytes = heap.uordblks + heap.hblkhd;
	}
}

static int report_descriptors(const struct resources *before, const struct resources *after,
			      int print)
{
	int differences = 0;

	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
		char path[64], target[256] = "";

		if (before->descriptor[fd] == after->descriptor[fd])
			continue;
		differences++;
		if (!print)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (after->descriptor[fd] && readlink(path, target, sizeof(target) - 1) < 0)
			target[0] = '\0';
		dprintf(STDERR_FILENO, "leak: descriptor %d %s %s\n", fd,
			after->descriptor[fd] ? "was left open:" : "of the harness was closed",
			target);
	}
	return differences;
}

static int report_children(void)
{
	siginfo_t info = { 0 };

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0; /* ECHILD: there are none */
	dprintf(STDERR_FILENO, "leak: a child process was left\n");
	return 1;
}

/* What the sanitizer or Valgrind knows of memory that nothing points to any more. */
static int count_lost_memory(void)
{
#ifdef UNDER_ASAN
	return __lsan_do_recoverable_leak_check() != 0;
#elif defined(HAS_VALGRIND)
	unsigned long lost = 0, dubious = 0, reachable = 0, suppressed = 0;

	if (RUNNING_ON_VALGRIND) {
		VALGRIND_DO_LEAK_CHECK;
		VALGRIND_COUNT_LEAKS(lost, dubious, reachable, suppressed);
		(void)dubious, (void)reachable, (void)suppressed;
	}
	return lost != 0;
#else
	return 0;
#endif
}

static void fail_on_leaks(const struct resources *before)
{
	static struct resources after;
	int leaks;

	for (int waited = 0;; waited += 10) {
		count_resources(&after);
		if (!report_descriptors(before, &after, 0) &&
		    after.heap_bytes <= before->heap_bytes)
			break;
		if (waited >= SETTLE_MS)
			break;
		usleep(10 * 1000);
	}
	leaks = report_descriptors(before, &after, 1) + report_children() + count_lost_memory();
	if (after.heap_bytes > before->heap_bytes) {
		dprintf(STDERR_FILENO, "leak: %zu bytes of heap were left allocated\n",
			after.heap_bytes - before->heap_bytes);
		leaks++;
	}
	if (leaks)
		_exit(STATUS_FAIL);
}

/* ---- The child ---- */

static int root_task(void *test)
{
	((struct test_case *)test)->body();
	return 0;
}

static void *thread_body(void *test)
{
	((struct test_case *)test)->body();
	return NULL;
}

static void run_body(struct test_case *test)
{
	if (test->in_task) {
		int result = async_run(root_task, test);

		if (result)
			harness_fail(test->file, test->line, "async_run returned %d %s", result,
				     harness_error_name(result));
	} else if (test->in_thread) {
		pthread_t thread;
		int error = pthread_create(&thread, NULL, thread_body, test);

		if (error)
			harness_fail(test->file, test->line, "pthread_create: %s", strerror(error));
		pthread_join(thread, NULL);
	} else {
		test->body();
	}
}

/* A login's 1,024 are too few for some cases; most may raise it. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= DESCRIPTORS_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void prepare_child(const char *backend, const char *chosen, int output)
{
	static char stdout_buffer[BUFSIZ];
	struct rlimit no_core = { 0, 0 };
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	raise_descriptors();
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	/* Outputs of cases that run beside this one are no business of it. */
	close_range(STDERR_FILENO + 1, DESCRIPTORS_MAX, 0);
	/* A buffer of our own: stdio's would be allocated in the middle of the case. */
	setvbuf(stdout, stdout_buffer, _IOLBF, sizeof(stdout_buffer));
	current_backend = backend;
	if (chosen)
		setenv("LIBAWAIT_BACKEND", chosen, 1);
	else
		unsetenv("LIBAWAIT_BACKEND");
	setenv("LIBAWAIT_SEED", "1", 0);
}

void harness_run_child(struct test_case *test, const char *backend, const char *chosen, int output)
{
	static struct resources before;

	prepare_child(backend, chosen, output);
	open_descriptor_list();
	/* Twice: the first reading allocates the directory's and the heap's own memory. */
	count_resources(&before);
	count_resources(&before);
	run_body(test);
	fflush(stdout);
	if (!test->may_leak)
		fail_on_leaks(&before);
	_exit(0);
}
