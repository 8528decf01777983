/* SPDX-License-Identifier: MIT */
/*
 * A job: a function on its way through a pool. Its record usually lies on the stack of the task
 * that waits for it, so a job needs no memory and handing back its result cannot fail; one that may
 * be abandoned lies in the heap. Who may touch what: `state` and what is marked so belong to the
 * pool's mutex, `wait` to the loop's thread, the rest to the job's thread while it runs.
 */
#ifndef THREAD_JOB_H
#define THREAD_JOB_H

#include <await/thread.h>
#include "core/report.h"
#include "thread/mailbox.h"

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE };

struct job {
	struct letter letter;	 /* its end, to the loop */
	struct async_link_ link; /* in pool->queue or pool->running; mutex */
	enum job_state state;	 /* mutex */
	struct pool *pool;
	async_job_fn *fn;
	void *arg;
	const char *site;
	long result;
	uint64_t began_ns;
	struct local_value *locals; /* of the task that waits; read by the job */

	int cancel_error;			   /* written with the mutex held, read anywhere */
	void (*abandoned)(void *arg, long result); /* NULL: it is waited for whatever comes */
	bool is_abandoned;			   /* mutex */
	struct async_loop *loop; /* its thread's private loop while there is one; mutex */
	async_handle cancel;	 /* on its way to that loop */

	struct mailbox
		*mailbox; /* of the loop that waits; NULL: its thread stands still meanwhile */
	pthread_cond_t *standing;
	struct wait wait;
	struct async_link_ in_abandoned; /* in mailbox->abandoned */
	struct async_timer_ stuck;
	char error[ERROR_TEXT_BYTES]; /* of a failure */
};

/* The job that this thread runs, or NULL. */
extern __thread struct job *job_current __attribute__((tls_model("initial-exec")));

/* On a pool's thread: from the beginning to the letter. */
void job_run(struct pool *pool, struct job *job);

/* In the main task of a loop that closes: wait for jobs without a waiter, for a while. */
void jobs_await_abandoned(struct mailbox *mailbox);

#endif
