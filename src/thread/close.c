/* SPDX-License-Identifier: MIT */
/* Closing a pool for good: wait until its jobs are done and its threads have ended. */
#include <stdio.h>
#include "thread/pool.h"

static void close_told(struct letter *letter, bool arrived)
{
	struct pool_closer *closer = container_of(letter, struct pool_closer, letter);

	(void)arrived;
	closer->wait.task->loop->operations--;
	wait_trigger(&closer->wait, 0);
}

static void close_cancel(struct wait *wait, int error)
{
	struct pool_closer *closer = container_of(wait, struct pool_closer, wait);
	bool late;

	pthread_mutex_lock(&closer->pool->mutex);
	late = closer->told;
	if (!late)
		list_remove(&closer->pool->closers, &closer->link);
	pthread_mutex_unlock(&closer->pool->mutex);
	if (late)
		return; /* the letter is on its way, and must find the record */
	wait->task->loop->operations--;
	wait_trigger(wait, error);
}

static void describe_pool(const struct wait *wait, char *text, size_t size)
{
	const struct pool_closer *closer = container_of(wait, struct pool_closer, wait);

	snprintf(text, size, "pool %s", closer->pool->settings.name);
}

/* Who holds it up: the job that runs longest. */
static int tell_stuck(struct pool *pool, int error)
{
	const struct job *job;
	char site[128] = "nothing";
	double seconds = 0;
	unsigned threads;
	size_t queued;

	pthread_mutex_lock(&pool->mutex);
	job = list_empty(&pool->running) ? NULL :
					   container_of(pool->running.first, struct job, link);
	if (job) {
		snprintf(site, sizeof site, "%s", job->site);
		seconds = seconds_of(loop_clock(loop_current) - job->began_ns);
	}
	threads = pool->threads;
	queued = pool->queued;
	pthread_mutex_unlock(&pool->mutex);
	async_report_error(error,
			   "pool %s is closed, but %u of its threads work on, and %zu jobs wait;"
			   " longest %s, for %.3f s",
			   pool->settings.name, threads, queued, site, seconds);
	return error;
}

int await_pool_close(async_pool *of)
{
	static const struct wait_kind close_kind = { "await_pool_close", close_cancel,
						     describe_pool };
	struct async_task *self = task_self("await_pool_close");
	struct pool_closer closer = { .wait = { .task = self, .kind = &close_kind } };
	struct pool *pool;
	int error = 0;
	bool wait;

	if (self->cancel_error)
		return self->cancel_error;
	if (!of)
		of = async_default_pool();
	closer.mailbox = mailbox_of(self->loop, &error);
	if (!closer.mailbox)
		return error;
	pool = closer.pool = pool_close_begin(of);
	if (!pool)
		return 0;
	closer.letter.deliver = close_told;
	pthread_mutex_lock(&pool->mutex);
	/* A simulation stands still for what is not simulated, as it does for jobs. */
	while (pool->threads && self->loop->backend->virtual_clock)
		pthread_cond_wait(&pool->emptied, &pool->mutex);
	wait = pool->threads;
	if (wait)
		list_append(&pool->closers, &closer.link);
	pthread_mutex_unlock(&pool->mutex);
	if (wait) {
		self->loop->operations++;
		error = (int)task_suspend(&closer.wait);
	}
	if (error)
		tell_stuck(pool, error);
	else
		pool_join(pool);
	pool_release(of, pool);
	return error;
}
