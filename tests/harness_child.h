/* SPDX-License-Identifier: MIT */
/* Between the two halves of the harness: harness_main.c starts children, harness.c is one. */
#ifndef TESTS_HARNESS_CHILD_H
#define TESTS_HARNESS_CHILD_H

#include "harness.h"

enum {
	STATUS_FAIL = 1,
	STATUS_SKIP = 77, /* the convention of automake and others */
};

#define SKIP_MARK "SKIP: "

/* The cases in the order of their file. */
struct test_case *harness_cases(void);
/*
 * Called in the forked child: runs the case with its output in the descriptor and ends the process.
 * backend: what the case is said to run with; chosen: what the library is told, or NULL.
 */
void harness_run_child(struct test_case *test, const char *backend, const char *chosen, int output)
	__attribute__((noreturn));
/* "ETIMEDOUT" for -ETIMEDOUT, "" for what is no negative errno. */
const char *harness_error_name(long long value);

#endif
