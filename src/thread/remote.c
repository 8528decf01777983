/* SPDX-License-Identifier: MIT */
/* Results between threads: given once, awaited on any loop or by a plain thread. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "thread/remote.h"

/* A task that waits; on its stack. */
struct remote_wait {
	struct async_link_ link; /* in remote->waits; mutex */
	struct letter letter;
	struct mailbox *mailbox;
	struct async_remote *remote;
	struct wait wait;
};

struct async_remote *remote_make(void)
{
	struct async_remote *remote = calloc(1, sizeof *remote);
	pthread_condattr_t monotonic;

	if (!remote)
		return NULL;
	pthread_mutex_init(&remote->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&remote->finished, &monotonic);
	pthread_condattr_destroy(&monotonic);
	remote->references = 2;
	return remote;
}

void remote_release(struct async_remote *remote)
{
	if (__atomic_sub_fetch(&remote->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (remote->mailbox)
		mailbox_release(remote->mailbox);
	pthread_cond_destroy(&remote->finished);
	pthread_mutex_destroy(&remote->mutex);
	free(remote);
}

/* A waiter's record is gone as soon as its letter is under way; its mailbox might be soon after. */
static void tell_waiter(struct remote_wait *waiter)
{
	struct mailbox *mailbox = mailbox_hold(waiter->mailbox);

	mailbox_post(mailbox, &waiter->letter);
	mailbox_release(mailbox);
}

bool remote_finish(struct async_remote *remote, int result, const char *text)
{
	struct async_link_ *link;
	bool first;

	pthread_mutex_lock(&remote->mutex);
	first = !remote->done;
	if (first) {
		remote->done = true;
		remote->result = result;
		if (text)
			snprintf(remote->error, sizeof remote->error, "%s", text);
		pthread_cond_broadcast(&remote->finished);
		while ((link = list_pop(&remote->waits)))
			tell_waiter(container_of(link, struct remote_wait, link));
	}
	pthread_mutex_unlock(&remote->mutex);
	return first;
}

async_remote *async_remote_new(void)
{
	struct async_remote *remote = remote_make();

	if (!remote)
		async_fail(-ENOMEM, "async_remote_new");
	return remote;
}

bool async_remote_finish(async_remote *remote, int result)
{
	bool first = remote_finish(remote, result, NULL);

	remote_release(remote);
	return first;
}

bool async_remote_cancelled(const async_remote *remote)
{
	return __atomic_load_n(&remote->cancelled, __ATOMIC_ACQUIRE);
}

/* On the task's loop. It may have ended meanwhile. */
static void stop_task(struct letter *letter, bool arrived)
{
	struct async_remote *remote = container_of(letter, struct async_remote, stop);

	if (arrived && remote->task)
		async_task_cancel(remote->task);
	remote_release(remote);
}

bool async_remote_cancel(async_remote *remote)
{
	bool done, first;

	pthread_mutex_lock(&remote->mutex);
	done = remote->done;
	first = !done && !remote->cancelled;
	if (first)
		__atomic_store_n(&remote->cancelled, true, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&remote->mutex);
	if (!first)
		return !done;
	if (!remote->mailbox) {
		remote_finish(remote, -ECANCELED, NULL);
		return true;
	}
	__atomic_add_fetch(&remote->references, 1, __ATOMIC_RELAXED);
	remote->stop.deliver = stop_task;
	if (!mailbox_post(remote->mailbox, &remote->stop))
		remote_release(remote);
	return true;
}

static void remote_finished(struct letter *letter, bool arrived)
{
	struct remote_wait *waiter = container_of(letter, struct remote_wait, letter);

	(void)arrived;
	wait_trigger(&waiter->wait, 0);
}

static void pass_cancel_on(struct wait *wait, int error)
{
	(void)error;
	async_remote_cancel(container_of(wait, struct remote_wait, wait)->remote);
}

static void describe_remote(const struct wait *wait, char *text, size_t size)
{
	const struct async_remote *remote = container_of(wait, struct remote_wait, wait)->remote;

	snprintf(text, size, "%s", remote->site ? remote->site : "another thread");
}

/* Suspend until the result is there, which no cancel changes: it only goes on to the task. */
static int wait_for_result(struct async_task *self, struct async_remote *remote)
{
	static const struct wait_kind remote_kind = { "await_remote", pass_cancel_on,
						      describe_remote };
	struct remote_wait waiter = { .remote = remote,
				      .wait = { .task = self, .kind = &remote_kind } };
	int error = 0;
	bool wait;

	waiter.letter.deliver = remote_finished;
	waiter.mailbox = mailbox_of(self->loop, &error);
	if (!waiter.mailbox)
		return error;
	if (self->loop->backend->virtual_clock)
		self->loop->outside = true; /* it really waits, for as long as it takes */
	if (self->cancel_error)
		async_remote_cancel(remote);
	pthread_mutex_lock(&remote->mutex);
	wait = !remote->done;
	if (wait)
		list_append(&remote->waits, &waiter.link);
	pthread_mutex_unlock(&remote->mutex);
	if (!wait)
		return 0;
	self->loop->operations++;
	task_suspend(&waiter.wait);
	self->loop->operations--;
	return 0;
}

int await_remote(async_remote *remote)
{
	struct async_task *self = task_self("await_remote");
	int result;

	if (!remote)
		return -EINVAL;
	result = wait_for_result(self, remote);
	if (result)
		return result;
	result = remote->result;
	if (result < 0 && *remote->error)
		task_take_error(self, remote->error);
	remote_release(remote);
	return result;
}

static struct timespec remote_deadline(double seconds)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = deadline_after((uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec, seconds);
	return (struct timespec){ (time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND) };
}

static bool would_stop_a_loop(void)
{
	const struct async_loop *loop = loop_current;

	return loop && !(loop->is_private && loop->running == &loop->root && !loop->tasks);
}

int async_remote_result(async_remote *remote, double seconds)
{
	struct timespec until;
	int result, error = 0;

	if (isnan(seconds))
		return async_fail(-EINVAL, "async_remote_result: a duration that is not a number");
	pthread_mutex_lock(&remote->mutex);
	if (!remote->done && seconds > 0 && would_stop_a_loop())
		error = async_fail(
			-EDEADLK,
			"async_remote_result would stop this thread's loop: use await_remote");
	until = remote_deadline(seconds);
	while (!remote->done && !error)
		error = seconds <= 0 ?
				ETIMEDOUT :
			seconds == INFINITY ?
				pthread_cond_wait(&remote->finished, &remote->mutex) :
				pthread_cond_timedwait(&remote->finished, &remote->mutex, &until);
	result = remote->done ? remote->result : error < 0 ? error : -error;
	pthread_mutex_unlock(&remote->mutex);
	return result;
}

void async_remote_detach(async_remote *remote)
{
	if (!remote)
		return;
	__atomic_store_n(&remote->detached, true, __ATOMIC_RELEASE);
	remote_release(remote);
}
