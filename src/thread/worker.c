/* SPDX-License-Identifier: MIT */
/* The threads of a pool. One that is idle sleeps on a condition of its own and is handed its next
 * job there; its record lies on its stack. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "thread/pool.h"

struct worker {
	pthread_cond_t woken;
	struct worker *next_idle;
	struct job *job; /* what it was handed */
	bool idle;
};

static void job_begins(struct pool *pool, struct job *job)
{
	job->state = JOB_RUNNING;
	list_append(&pool->running, &job->link);
}

bool worker_take(struct pool *pool, struct job *job)
{
	struct worker *worker = pool->idle;

	if (!worker)
		return false;
	pool->idle = worker->next_idle;
	worker->idle = false;
	worker->job = job;
	job_begins(pool, job);
	pthread_cond_signal(&worker->woken);
	return true;
}

void workers_wake(struct pool *pool)
{
	for (struct worker *worker = pool->idle; worker; worker = worker->next_idle)
		pthread_cond_signal(&worker->woken);
}

static void leave_idle(struct pool *pool, struct worker *self)
{
	struct worker **at = &pool->idle;

	while (*at != self)
		at = &(*at)->next_idle;
	*at = self->next_idle;
	self->idle = false;
}

static struct timespec time_after(double seconds)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = deadline_after((uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec, seconds);
	return (struct timespec){ (time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND) };
}

/* The next job; NULL: the thread shall end. */
static struct job *next_job(struct pool *pool, struct worker *self)
{
	struct async_link_ *link = list_pop(&pool->queue);
	struct timespec until;
	int error = 0;

	if (link) {
		struct job *job = container_of(link, struct job, link);

		pool->queued--;
		job_begins(pool, job);
		return job;
	}
	if (pool->ending)
		return NULL;
	self->job = NULL;
	self->idle = true;
	self->next_idle = pool->idle;
	pool->idle = self;
	until = time_after(pool->settings.idle_seconds);
	while (self->idle && !pool->ending && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&self->woken, &pool->mutex, &until);
	if (self->idle)
		leave_idle(pool, self);
	return self->job;
}

static void name_thread(struct pool *pool)
{
	char name[16]; /* what the kernel keeps */

	snprintf(name, sizeof name, "%.10s-%u", pool->settings.name, ++pool->named);
	pthread_setname_np(pthread_self(), name);
}

/* A closer is gone as soon as it was told. */
static void tell_closers(struct pool *pool)
{
	struct async_link_ *link;

	while ((link = list_pop(&pool->closers))) {
		struct pool_closer *closer = container_of(link, struct pool_closer, link);

		closer->told = true;
		mailbox_post(closer->mailbox, &closer->letter);
	}
}

/* Threads are joined, so that none is half alive when a pool is gone: each by the next to end. */
static void worker_end(struct pool *pool)
{
	bool join = pool->has_ended, last = --pool->threads == 0, orphaned = pool->orphaned;
	pthread_t before = pool->ended;

	pool->has_ended = true;
	pool->ended = pthread_self();
	if (orphaned && last) {
		pthread_detach(pthread_self());
	} else if (last) {
		tell_closers(pool);
		pthread_cond_broadcast(&pool->emptied);
	}
	pthread_mutex_unlock(&pool->mutex);
	if (join)
		pthread_join(before, NULL);
	if (orphaned && last)
		pool_free(pool);
}

/* A private loop was made in a job: the cancel of whoever waits shall reach it. */
static void on_loop_made(struct async_loop *loop)
{
	struct job *job = job_current;
	int error;

	if (!job)
		return;
	pthread_mutex_lock(&job->pool->mutex);
	job->loop = loop;
	error = job->cancel_error;
	pthread_mutex_unlock(&job->pool->mutex);
	if (error)
		task_cancel_with(&loop->root, error);
}

void *worker_main(void *arg)
{
	struct pool *pool = arg;
	struct worker self = { .idle = false };
	pthread_condattr_t monotonic;
	struct job *job;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&self.woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
	loop_made = on_loop_made;
	pthread_mutex_lock(&pool->mutex);
	name_thread(pool);
	pool->starting--;
	while ((job = next_job(pool, &self))) {
		pthread_mutex_unlock(&pool->mutex);
		job_run(pool, job);
		pthread_mutex_lock(&pool->mutex);
	}
	pthread_cond_destroy(&self.woken);
	worker_end(pool);
	return NULL;
}
