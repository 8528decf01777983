/* SPDX-License-Identifier: MIT */
/* Doing something on another thread while the calling one stands still: the two never touch
 * anything at the same time, so what a case shows is the refusal, not a race. */
#ifndef TESTS_SYNC_OTHER_THREAD_H
#define TESTS_SYNC_OTHER_THREAD_H

#include <pthread.h>
#include <await.h>
#include "harness.h"

struct other_thread {
	async_fn *fn;
	void *arg;
	int result;
};

static inline void *other_thread_loop(void *arg)
{
	struct other_thread *other = arg;

	other->result = async_run(other->fn, other->arg);
	return NULL;
}

static inline void *other_thread_plain(void *arg)
{
	struct other_thread *other = arg;

	other->result = other->fn(other->arg);
	return NULL;
}

static inline int other_thread(void *(*start)(void *), async_fn *fn, void *arg)
{
	struct other_thread other = { fn, arg, 0 };
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, start, &other), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	return other.result;
}

/* The result of fn(arg) as the main task of another thread's loop. */
static inline int on_other_loop(async_fn *fn, void *arg)
{
	return other_thread(other_thread_loop, fn, arg);
}

/* The result of fn(arg) on another thread, which has no loop before fn makes it one. */
static inline int on_other_thread(async_fn *fn, void *arg)
{
	return other_thread(other_thread_plain, fn, arg);
}

#endif
