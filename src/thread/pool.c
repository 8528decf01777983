/* SPDX-License-Identifier: MIT */
/* Pools: who uses them, what goes in. See pool.h; the threads are in worker.c. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include "thread/pool.h"

enum { THREADS_DEFAULT_MAX = 32, THREADS_BEYOND_CPUS = 4, IDLE_SECONDS = 10, STUCK_SECONDS = 10 };
enum { EXIT_SECONDS = 300 /* asyncio's */ };

/* What links async_pools to their states, and the count of users. Held for moments. */
static pthread_mutex_t pools_mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned forks;
static async_pool default_pool = ASYNC_POOL("await", 0);

async_pool *async_default_pool(void)
{
	return &default_pool;
}

static void before_fork(void)
{
	pthread_mutex_lock(&pools_mutex);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&pools_mutex);
}

/* The parent's threads, and whatever they were doing, are not in the child. */
static void after_fork_in_child(void)
{
	forks++;
	pthread_mutex_unlock(&pools_mutex);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static unsigned cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static unsigned threads_default(void)
{
	unsigned threads = cpus() + THREADS_BEYOND_CPUS;

	return threads < THREADS_DEFAULT_MAX ? threads : THREADS_DEFAULT_MAX;
}

static struct pool *pool_make(const async_pool *of)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	pool->of = of;
	pool->settings = *of;
	if (!of->name)
		pool->settings.name = "pool";
	if (!of->threads)
		pool->settings.threads = threads_default();
	if (of->idle_seconds <= 0)
		pool->settings.idle_seconds = IDLE_SECONDS;
	if (of->stuck_seconds <= 0)
		pool->settings.stuck_seconds = STUCK_SECONDS;
	if (of->exit_seconds <= 0)
		pool->settings.exit_seconds = EXIT_SECONDS;
	pool->generation = forks;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->emptied, NULL);
	return pool;
}

void pool_free(struct pool *pool)
{
	pthread_cond_destroy(&pool->emptied);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

/* One more user; makes the state for the first. */
static struct pool *pool_hold(async_pool *of, int *error)
{
	struct pool *pool = NULL;

	pthread_mutex_lock(&pools_mutex);
	if (of->closed_) {
		*error = -ESHUTDOWN;
	} else {
		pool = of->state_;
		if (!pool || pool->generation != forks)
			pool = of->state_ = pool_make(of);
		*error = pool ? 0 : -ENOMEM;
		if (pool)
			pool->users++;
	}
	pthread_mutex_unlock(&pools_mutex);
	return pool;
}

void pool_join(struct pool *pool)
{
	pthread_t ended;
	bool join;

	pthread_mutex_lock(&pool->mutex);
	join = pool->has_ended && !pool->threads;
	ended = pool->ended;
	pool->has_ended = pool->has_ended && !join;
	pthread_mutex_unlock(&pool->mutex);
	if (join)
		pthread_join(ended, NULL);
}

/* No loop is left that uses it. Its threads are idle and end at once, unless a loop left a job
 * behind that is stuck: then the last thread cleans up. */
static void pool_end(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->closed = pool->ending = true;
	workers_wake(pool);
	if (!list_empty(&pool->running)) {
		pool->orphaned = true;
		pthread_mutex_unlock(&pool->mutex);
		return;
	}
	while (pool->threads)
		pthread_cond_wait(&pool->emptied, &pool->mutex);
	pthread_mutex_unlock(&pool->mutex);
	pool_join(pool);
	pool_free(pool);
}

struct pool *pool_close_begin(async_pool *of)
{
	struct pool *pool;

	pthread_mutex_lock(&pools_mutex);
	of->closed_ = true;
	pool = of->state_;
	if (pool && pool->generation != forks)
		pool = NULL;
	if (pool)
		pool->users++;
	pthread_mutex_unlock(&pools_mutex);
	if (!pool)
		return NULL;
	pthread_mutex_lock(&pool->mutex);
	pool->closed = pool->ending = true;
	workers_wake(pool);
	pthread_mutex_unlock(&pool->mutex);
	return pool;
}

void pool_release(async_pool *of, struct pool *pool)
{
	bool last;

	pthread_mutex_lock(&pools_mutex);
	last = --pool->users == 0;
	if (last && of->state_ == pool)
		of->state_ = NULL;
	pthread_mutex_unlock(&pools_mutex);
	if (last)
		pool_end(pool);
}

struct pool *pool_use(struct mailbox *mailbox, async_pool *of, int *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct pool_use *use;

	if (!of)
		of = &default_pool;
	for (use = mailbox->uses; use; use = use->next)
		if (use->of == of)
			return use->pool;
	pthread_once(&once, watch_forks);
	use = malloc(sizeof *use);
	*error = -ENOMEM;
	if (use)
		use->pool = pool_hold(of, error);
	if (!use || !use->pool) {
		free(use);
		async_fail(*error, "pool %s", of->name ? of->name : "pool");
		return NULL;
	}
	use->of = of;
	use->next = mailbox->uses;
	mailbox->uses = use;
	return use->pool;
}

void pool_uses_end(struct mailbox *mailbox)
{
	while (mailbox->uses) {
		struct pool_use *use = mailbox->uses;

		mailbox->uses = use->next;
		pool_release(use->of, use->pool);
		free(use);
	}
}

/* Signals are the business of the program's other threads; faults of their own are not kept off. */
static int start_thread(struct pool *pool)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, worker_main, pool);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error) {
		pool->threads++;
		pool->starting++;
	}
	return -error;
}

/* Jobs for which a thread is about to begin do not count as waiting. */
static bool is_full(const struct pool *pool)
{
	size_t limit = pool->settings.queue_limit;

	return limit && pool->queued >= limit + pool->starting;
}

static int grow_or_queue(struct pool *pool, struct job *job)
{
	bool grown = pool->threads < pool->settings.threads;
	int error = grown ? start_thread(pool) : 0;

	if (error && !pool->threads)
		return async_fail(error, "pool %s: not one thread can be made (threads %u)",
				  pool->settings.name, pool->settings.threads);
	if ((error || !grown) && is_full(pool))
		return async_fail(-ENOBUFS,
				  "pool %s: %zu jobs wait for its %u threads (queue_limit %zu)",
				  pool->settings.name, pool->queued, pool->settings.threads,
				  pool->settings.queue_limit);
	list_append(&pool->queue, &job->link);
	pool->queued++;
	return 0;
}

int pool_submit(struct pool *pool, struct job *job)
{
	int error = 0;

	job->state = JOB_QUEUED;
	job->pool = pool;
	pthread_mutex_lock(&pool->mutex);
	if (pool->closed)
		error = async_fail(-ESHUTDOWN, "pool %s is closed", pool->settings.name);
	else if (!worker_take(pool, job))
		error = grow_or_queue(pool, job);
	pthread_mutex_unlock(&pool->mutex);
	return error;
}

void pool_withdraw(struct pool *pool, struct job *job)
{
	list_remove(&pool->queue, &job->link);
	pool->queued--;
}
