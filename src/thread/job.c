/* SPDX-License-Identifier: MIT */
/* The thread's side of a job: running it, and handing its result back. */
#include <stdio.h>
#include <stdlib.h>
#include "thread/job.h"
#include "thread/pool.h"

__thread struct job *job_current __attribute__((tls_model("initial-exec")));

int async_thread_cancelled(void)
{
	return job_current ? __atomic_load_n(&job_current->cancel_error, __ATOMIC_RELAXED) : 0;
}

/* A job's loop, if it made one, goes with the job: what it left there is cancelled and awaited. */
static void end_private_loop(struct pool *pool, struct job *job)
{
	struct async_loop *loop;

	pthread_mutex_lock(&pool->mutex);
	loop = job->loop;
	job->loop = NULL;
	pthread_mutex_unlock(&pool->mutex);
	if (loop)
		loop_free(loop);
}

static void leave_pool(struct pool *pool, struct job *job, bool *abandoned)
{
	pthread_mutex_lock(&pool->mutex);
	job->state = JOB_DONE;
	*abandoned = job->is_abandoned;
	if (!*abandoned)
		list_remove(&pool->running, &job->link);
	/* Who stands and waits for it has the pool's mutex: the record lives until it is released. */
	if (job->standing)
		pthread_cond_signal(job->standing);
	pthread_mutex_unlock(&pool->mutex);
}

/* A stuck job's pool knows it until what it leaves has been taken over. */
static void hand_over(struct pool *pool, struct job *job)
{
	job->abandoned(job->arg, job->result);
	if (loop_current)
		loop_free(loop_current); /* it may have awaited, too */
	pthread_mutex_lock(&pool->mutex);
	list_remove(&pool->running, &job->link);
	pthread_mutex_unlock(&pool->mutex);
}

void job_run(struct pool *pool, struct job *job)
{
	struct mailbox *mailbox = job->mailbox;
	bool abandoned;

	thread_forget_error();
	job_current = job;
	locals_borrowed = job->locals;
	job->result = job->fn(job->arg);
	if (job->result < 0)
		snprintf(job->error, sizeof job->error, "%s", async_error());
	end_private_loop(pool, job);
	job_current = NULL;
	locals_borrowed = NULL;
	leave_pool(pool, job, &abandoned);
	if (!mailbox)
		return;
	if (abandoned)
		hand_over(pool, job);
	/* From here on the record may be gone. A letter that does not arrive is of an abandoned
	 * job: its loop has closed, and it is ours to free. The values it was lent stay: who counts
	 * them is gone. */
	if (!mailbox_post(mailbox, &job->letter))
		free(job);
	mailbox_release(mailbox);
}
