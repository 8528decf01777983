/* SPDX-License-Identifier: MIT */
/*
 * The test harness. Every case runs once per backend in a forked child of its own: a case that
 * dies, hangs, or leaves the process in a strange state harms nobody, and a case that must die can
 * be tested like any other. The child counts descriptors, heap bytes and child processes before
 * and after the body; what is left over fails the case.
 *
 * Our own and not cmocka: checks fail on the stack of whichever task runs, from where a longjmp to
 * the main stack is undefined, so a failing check prints and leaves the process; and the suite is
 * cross-built, where one more library is one more obstacle.
 *
 *	TEST(name, "B02 B07") { ... }		a plain thread without a loop
 *	TEST_TASK(name, "A12") { ... }		the root task inside async_run
 *	TEST_WITH(name, "", .backends = ONCE, .expect_signal = SIGABRT, .expect_stderr = "twice") {}
 *	TEST_TASK_WITH(name, "", .deadline = 20) { ... }
 *
 * The second argument names the rows of docs/checklist.md that the case covers.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
/* A case names only the members it needs; C warns about that for other forms only, C++ for this. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

enum {
	BACKEND_URING = 1,
	BACKEND_EPOLL = 2,
	BACKEND_SIM = 4,
	/* Run once, with whatever backend the library chooses: for cases that never wait. */
	ONCE = 8,
	REAL_BACKENDS = BACKEND_URING | BACKEND_EPOLL,
	ALL_BACKENDS = REAL_BACKENDS | BACKEND_SIM,
};

struct test_case {
	const char *name;
	const char *rows;
	const char *file;
	int line;
	void (*body)(void);
	int in_task;
	/*
	 * The body runs on a thread that ends before the leaks are counted: for cases that call
	 * await_ functions without a loop, whose private loop lives as long as their thread.
	 */
	int in_thread;
	unsigned int backends; /* 0: ALL_BACKENDS */
	int deadline;	       /* seconds, 0: 10; LIBAWAIT_TEST_PATIENCE multiplies it */
	int expect_signal;
	int expect_status;
	const char *expect_stderr; /* text that the output, of both streams, must hold */
	int may_leak;
	struct test_case *next;
};

void harness_add(struct test_case *test);

#define HARNESS_CASE(name_, rows_, ...)                                      \
	static void test_##name_(void);                                      \
	__attribute__((constructor)) static void test_add_##name_(void)      \
	{                                                                    \
		static struct test_case test_case_ = { .name = #name_,       \
						       .rows = rows_,        \
						       .file = __FILE__,     \
						       .line = __LINE__,     \
						       .body = test_##name_, \
						       __VA_ARGS__ };        \
		harness_add(&test_case_);                                    \
	}                                                                    \
	static void test_##name_(void)

#define TEST(name_, rows_)		  HARNESS_CASE(name_, rows_, .in_task = 0)
#define TEST_TASK(name_, rows_)		  HARNESS_CASE(name_, rows_, .in_task = 1)
#define TEST_WITH(name_, rows_, ...)	  HARNESS_CASE(name_, rows_, __VA_ARGS__)
#define TEST_TASK_WITH(name_, rows_, ...) HARNESS_CASE(name_, rows_, .in_task = 1, __VA_ARGS__)

/* A check that fails prints where and what, and ends the process with status 1. */
#define CHECK(expression_)                                                           \
	do {                                                                         \
		if (!(expression_))                                                  \
			harness_fail(__FILE__, __LINE__, "CHECK(%s)", #expression_); \
	} while (0)
#define CHECK_INT(actual_, expected_) \
	harness_check_int(__FILE__, __LINE__, #actual_ " == " #expected_, (actual_), (expected_))
#define CHECK_STR(actual_, expected_) \
	harness_check_str(__FILE__, __LINE__, #actual_ " == " #expected_, (actual_), (expected_))
#define CHECK_TEXT_HAS(text_, part_) \
	harness_check_has(__FILE__, __LINE__, #text_ " has " #part_, (text_), (part_))
/* Ends the case as skipped: for what this machine cannot do. */
#define SKIP(why_) harness_skip(why_)

void harness_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void harness_check_int(const char *file, int line, const char *what, long long actual,
		       long long expected);
void harness_check_str(const char *file, int line, const char *what, const char *actual,
		       const char *expected);
void harness_check_has(const char *file, int line, const char *what, const char *text,
		       const char *part);
void harness_skip(const char *why) __attribute__((noreturn));

/* The backend this child runs with: "uring", "epoll", "sim", or "default" in a ONCE case. */
const char *test_backend(void);
/* What the deadline of this run is multiplied by; for limits inside a case. */
int test_patience(void);
/* Under a sanitizer or Valgrind, where memory and time mean something else. */
int test_is_instrumented(void);

#ifdef __cplusplus
}
#endif

#endif
