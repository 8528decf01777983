/* SPDX-License-Identifier: MIT */
/* The harness watches itself: what must fail a case does, with the text a reader needs. */
#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Volatile, or the compiler sees that nobody uses the memory and leaves the calls out. */
static void *volatile kept;

TEST_WITH(failed_check_shows_the_error_name, "", .backends = ONCE, .expect_status = 1,
	  .expect_stderr = "got -110 ETIMEDOUT, expected 0")
{
	CHECK_INT(-ETIMEDOUT, 0);
}

TEST_WITH(failed_text_check_shows_both, "", .backends = ONCE, .expect_status = 1,
	  .expect_stderr = "got \"left\"\nexpected \"right\"")
{
	CHECK_STR("left", "right");
}

TEST_TASK_WITH(check_fails_on_the_stack_of_a_task, "", .expect_status = 1,
	       .expect_stderr = "CHECK(1 > 2)")
{
	CHECK(1 > 2);
}

TEST_WITH(descriptor_left_open, "", .backends = ONCE, .expect_status = 1,
	  .expect_stderr = "was left open: /dev/null")
{
	CHECK(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
}

TEST_WITH(memory_left_allocated, "", .backends = ONCE, .expect_status = 1,
	  .expect_stderr = "leak: ")
{
	if (test_is_instrumented() || !getenv("GLIBC_TUNABLES"))
		SKIP("the heap is counted in a plain build only");
	kept = malloc(17);
}

TEST_WITH(large_memory_left_allocated, "", .backends = ONCE, .expect_status = 1,
	  .expect_stderr = "leak: ")
{
	if (test_is_instrumented() || !getenv("GLIBC_TUNABLES"))
		SKIP("the heap is counted in a plain build only");
	kept = malloc(16 << 20);
}

TEST_WITH(leak_allowed, "", .backends = ONCE, .may_leak = 1)
{
	kept = malloc(17);
	CHECK(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
}

static void *use_memory(void *arg)
{
	void *volatile block = malloc(100000);

	free(block);
	return arg;
}

TEST_WITH(ended_threads_are_no_leak, "", .backends = ONCE)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, use_memory, NULL), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	kept = malloc(200);
	free(kept);
}

TEST_WITH(child_process_left, "", .backends = ONCE, .expect_status = 1,
	  .expect_stderr = "a child process was left")
{
	if (fork() == 0)
		pause();
}

TEST_WITH(expected_signal, "", .backends = ONCE, .expect_signal = SIGABRT, .expect_stderr = "last")
{
	fprintf(stderr, "last words\n");
	abort();
}

TEST(backend_is_in_the_environment, "")
{
	CHECK_STR(getenv("LIBAWAIT_BACKEND"), test_backend());
}

TEST_WITH(bare_status_of_a_skip_is_none, "", .backends = ONCE, .expect_status = 77)
{
	/* The parent takes this status for a skip only with its mark. */
	_exit(77);
}
