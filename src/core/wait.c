/* SPDX-License-Identifier: MIT */
/* Waiting in queues: what locks, queues and groups stand on. See wait.h. */
#include "core/loop.h"
#include "core/wait.h"

void wait_cancel(struct wait *wait, int error)
{
	list_remove(wait->queue, &wait->link);
	wait_trigger(wait, error);
}

int64_t wait_in(struct async_waiters_ *queue, const struct wait_kind *kind, const void *object)
{
	struct wait wait;

	wait.task = loop_current->running;
	wait.kind = kind;
	wait.queue = queue;
	wait.object = object;
	list_append(queue, &wait.link);
	return task_suspend(&wait);
}

int64_t wait_or_cancel(struct async_waiters_ *queue, const struct wait_kind *kind,
		       const void *object)
{
	int error = loop_current->running->cancel_error;

	return error ? error : wait_in(queue, kind, object);
}

struct wait *wait_wake_first(struct async_waiters_ *queue, int64_t result)
{
	struct async_link_ *link = list_pop(queue);
	struct wait *wait;

	if (!link)
		return NULL;
	wait = container_of(link, struct wait, link);
	wait_trigger(wait, result);
	return wait;
}

void wait_wake_all(struct async_waiters_ *queue, int64_t result)
{
	while (wait_wake_first(queue, result))
		continue;
}
