/* SPDX-License-Identifier: MIT */
/* The task's side of a job: handing it over, waiting, cancelling, abandoning. */
#include <errno.h>
#include <stdlib.h>
#include "thread/job.h"
#include "thread/pool.h"

static void report_stuck(struct async_loop *loop, struct async_timer_ *timer)
{
	const struct job *job = container_of(timer, struct job, stuck);
	char name[64];

	loop_report(
		loop, "stall", 0, job->wait.task,
		"job %s runs on, %.3f s after it was handed to pool %s and %.0f s after its cancel;"
		" task %s waits for it (async_thread_cancelled tells a job; field stuck_seconds of"
		" async_pool; an abandonable job would not be waited for)",
		job->site, seconds_of(loop_clock(loop) - job->began_ns), job->pool->settings.name,
		job->pool->settings.stuck_seconds, task_name_in(job->wait.task, name, sizeof name));
}

static void cancel_in_loop(void *arg)
{
	struct async_loop *loop = arg;

	task_cancel_with(&loop->root, -ECANCELED);
}

/* With the mutex held. What the job awaits ends too. */
static void tell_job(struct job *job, int error)
{
	if (job->cancel_error)
		return;
	__atomic_store_n(&job->cancel_error, error, __ATOMIC_RELAXED);
	if (job->loop)
		async_call_threadsafe(job->loop, &job->cancel, cancel_in_loop, job->loop);
}

static void abandon(struct job *job)
{
	job->is_abandoned = true;
	list_append(&job->mailbox->abandoned, &job->in_abandoned);
	if (job->locals)
		job->locals->references++;
}

static void job_cancel(struct wait *wait, int error)
{
	struct job *job = container_of(wait, struct job, wait);
	struct async_loop *loop = wait->task->loop;
	struct pool *pool = job->pool;
	bool withdrawn, given_up = false;

	pthread_mutex_lock(&pool->mutex);
	withdrawn = job->state == JOB_QUEUED;
	if (withdrawn) {
		pool_withdraw(pool, job);
	} else if (job->state == JOB_RUNNING) {
		tell_job(job, error);
		given_up = job->abandoned;
		if (given_up)
			abandon(job);
	}
	pthread_mutex_unlock(&pool->mutex);
	if (withdrawn)
		mailbox_release(job->mailbox);
	if (withdrawn || given_up)
		wait_trigger(wait, given_up ? -error : error);
	else if (!timer_is_set(&job->stuck))
		timer_set(&loop->timers, &job->stuck,
			  deadline_after(loop_clock(loop), pool->settings.stuck_seconds));
}

static void describe_job(const struct wait *wait, char *text, size_t size)
{
	const struct job *job = container_of(wait, struct job, wait);

	snprintf(text, size, "%s in pool %s", job->site, job->pool->settings.name);
}

static const struct wait_kind job_kind = { "await_thread", job_cancel, describe_job };

/* Nobody waits for it any more: its record and the values it was lent are the loop's to free. */
static void abandoned_ended(struct job *job)
{
	struct mailbox *mailbox = job->mailbox;

	list_remove(&mailbox->abandoned, &job->in_abandoned);
	locals_release(job->locals);
	loop_current->operations--;
	wait_wake_all(&mailbox->exit_waits, 0);
	free(job);
}

static void job_ended(struct letter *letter, bool arrived)
{
	struct job *job = container_of(letter, struct job, letter);

	(void)arrived;
	if (job->is_abandoned)
		abandoned_ended(job);
	else
		wait_trigger(&job->wait, 0);
}

/* 0: it ended. < 0: it never began. > 0: it was abandoned with this errno, and its record belongs
 * to others now. */
static int job_wait(struct async_task *self, struct job *job)
{
	struct async_loop *loop = self->loop;
	int outcome;

	job->letter.deliver = job_ended;
	job->wait.task = self;
	job->wait.kind = &job_kind;
	job->stuck.fire = report_stuck;
	mailbox_hold(job->mailbox);
	outcome = pool_submit(job->pool, job);
	if (outcome) {
		mailbox_release(job->mailbox);
		return outcome;
	}
	loop->operations++;
	outcome = (int)task_suspend(&job->wait);
	if (outcome > 0)
		return outcome;
	loop->operations--;
	timer_cancel(&loop->timers, &job->stuck);
	return outcome;
}

/* Simulation: its time must not pass while the job runs. */
static int job_stand(struct async_task *self, struct job *job)
{
	pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
	struct pool *pool = job->pool;
	int error;

	/* Others have their turn first, as they would have while it runs. */
	task_yield(self);
	if (self->cancel_error)
		return self->cancel_error;
	job->mailbox = NULL;
	job->standing = &ended;
	error = pool_submit(pool, job);
	if (error)
		return error;
	pthread_mutex_lock(&pool->mutex);
	while (job->state != JOB_DONE)
		pthread_cond_wait(&ended, &pool->mutex);
	pthread_mutex_unlock(&pool->mutex);
	pthread_cond_destroy(&ended);
	return 0;
}

/* Run a job whose function is set; returns as job_wait. */
static int job_await(struct async_task *self, struct job *job, async_pool *of)
{
	int error = 0;

	job->mailbox = mailbox_of(self->loop, &error);
	if (!job->mailbox)
		return error;
	job->pool = pool_use(job->mailbox, of, &error);
	if (!job->pool)
		return error;
	job->began_ns = loop_clock(self->loop);
	job->locals = self->locals;
	error = self->loop->backend->virtual_clock ? job_stand(self, job) : job_wait(self, job);
	if (!error && job->result < 0 && *job->error)
		task_take_error(self, job->error);
	return error;
}

/* On a thread of the very pool: one job in place of the other, or all threads might end up waiting
 * for jobs that none of them is free to run. */
static bool is_inside(const async_pool *of)
{
	return job_current && job_current->pool->of == (of ? of : async_default_pool());
}

/* It may outlive the call. */
static int await_abandonable(struct async_task *self, const async_job_options *options,
			     async_job_fn *fn, void *arg, long *result, const char *site)
{
	struct job *job = calloc(1, sizeof *job);
	int error;

	if (!job)
		return async_fail(-ENOMEM, "await_thread_with: no memory for job %s", site);
	job->fn = fn;
	job->arg = arg;
	job->site = site;
	job->abandoned = options->abandoned;
	error = job_await(self, job, options->pool);
	if (error > 0)
		return -error;
	if (!error)
		*result = job->result;
	free(job);
	return error;
}

int await_thread_with_(const async_job_options *options, async_job_fn *fn, void *arg, long *result,
		       const char *site)
{
	struct async_task *self = task_self("await_thread");
	struct job job = { .fn = fn, .arg = arg, .site = site };
	async_pool *of = options ? options->pool : NULL;
	int error;

	if (self->cancel_error)
		return self->cancel_error;
	if (is_inside(of)) {
		*result = fn(arg);
		return 0;
	}
	if (options && options->abandoned)
		return await_abandonable(self, options, fn, arg, result, site);
	error = job_await(self, &job, of);
	if (!error)
		*result = job.result;
	return error;
}

long await_thread_in_(async_pool *pool, async_job_fn *fn, void *arg, const char *site)
{
	async_job_options options = { .pool = pool };
	long result = 0;
	int error = await_thread_with_(&options, fn, arg, &result, site);

	return error ? error : result;
}

/* ---- The end of a loop ---- */

static double patience(const struct mailbox *mailbox)
{
	double longest = 0;

	list_for_each (&mailbox->abandoned, link, following) {
		const struct job *job = container_of(link, struct job, in_abandoned);

		if (job->pool->settings.exit_seconds > longest)
			longest = job->pool->settings.exit_seconds;
	}
	return longest;
}

void jobs_await_abandoned(struct mailbox *mailbox)
{
	static const struct wait_kind exit_kind = { "the end of abandoned jobs", wait_cancel,
						    NULL };
	struct async_scope scope;
	int64_t error = 0;

	if (list_empty(&mailbox->abandoned))
		return;
	async_scope_begin(&scope, patience(mailbox));
	while (!error && !list_empty(&mailbox->abandoned))
		error = wait_in(&mailbox->exit_waits, &exit_kind, mailbox);
	async_scope_end(&scope);
	list_for_each (&mailbox->abandoned, link, following) {
		const struct job *job = container_of(link, struct job, in_abandoned);

		loop_report(
			mailbox->loop, "left", 0, NULL,
			"job %s still runs in pool %s, for %.3f s, and is left behind (exit_seconds %.0f"
			" of async_pool)",
			job->site, job->pool->settings.name,
			seconds_of(loop_clock(mailbox->loop) - job->began_ns),
			job->pool->settings.exit_seconds);
	}
}
