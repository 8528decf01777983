/* SPDX-License-Identifier: MIT */
/* From other threads into a loop: a callback, or a task with a result. */
#include <errno.h>
#include <stdlib.h>
#include "thread/remote.h"

struct call {
	struct letter letter;
	async_callback *fn;
	void *arg;
};

static void call_arrived(struct letter *letter, bool arrived)
{
	struct call *self = container_of(letter, struct call, letter), call = *self;

	free(self);
	if (arrived)
		call.fn(call.arg);
}

int async_loop_call(async_loop *loop, async_callback *fn, void *arg)
{
	int error = 0;
	struct mailbox *mailbox = mailbox_of(loop, &error);
	struct call *record;

	if (!mailbox)
		return error;
	record = malloc(sizeof *record);
	if (!record)
		return async_fail(-ENOMEM, "async_loop_call");
	*record = (struct call){ { NULL, call_arrived }, fn, arg };
	if (mailbox_post(mailbox, &record->letter))
		return 0;
	free(record);
	return async_fail(-ESHUTDOWN, "async_loop_call: the loop is closing");
}

/* The task. Its failure is the business of whoever has the handle; without one, of its loop. */
static int remote_main(void *arg)
{
	struct async_remote *remote = arg;
	int result = remote->fn(remote->arg);
	bool detached = __atomic_load_n(&remote->detached, __ATOMIC_ACQUIRE);

	remote->task = NULL;
	remote_finish(remote, result, result < 0 ? async_error() : NULL);
	remote_release(remote);
	return detached ? result : 0;
}

static void never_ran(struct async_remote *remote)
{
	remote_finish(remote, -ESHUTDOWN, "its loop closed before the task began");
	remote_release(remote);
}

static void start_task(struct letter *letter, bool arrived)
{
	struct async_remote *remote = container_of(letter, struct async_remote, start);

	remote->task = arrived ? async_create_task_at_(remote_main, remote, NULL, remote->site) :
				 NULL;
	if (remote->task)
		async_task_detach(remote->task);
	else
		never_ran(remote);
}

async_remote *async_loop_run_task_(async_loop *loop, async_fn *fn, void *arg, const char *site)
{
	int error = 0;
	struct mailbox *mailbox = mailbox_of(loop, &error);
	struct async_remote *remote = mailbox ? remote_make() : NULL;

	if (!remote) {
		if (mailbox)
			async_fail(-ENOMEM, "async_loop_run_task(%s)", site);
		return NULL;
	}
	remote->mailbox = mailbox_hold(mailbox);
	remote->fn = fn;
	remote->arg = arg;
	remote->site = site;
	remote->start.deliver = start_task;
	if (mailbox_post(mailbox, &remote->start))
		return remote;
	async_fail(-ESHUTDOWN, "async_loop_run_task(%s): the loop is closing", site);
	remote_release(remote);
	remote_release(remote);
	return NULL;
}
