/* SPDX-License-Identifier: MIT */
/* Watches on descriptors, for callbacks: one poll operation after the other, each made anew when
 * the last has been told, which makes the watch level-triggered on every backend. */
#include <errno.h>
#include <stdlib.h>
#include "core/loop.h"

struct watch {
	struct operation operation;
	struct async_watcher *watcher; /* NULL once it was taken back */
	struct async_loop *loop;
	struct async_handle handle;
	int events;   /* to be told */
	bool polling; /* the operation is under way */
	bool orphan;  /* and nobody waits for it any more: counted in loop->orphans */
};

static void watch_end(struct watch *watch)
{
	if (watch->watcher)
		watch->watcher->operation_ = NULL;
	free(watch);
}

static void watch_call(void *arg);

/* An end of the poll. Ready at once does not mean called at once: the callback runs at the loop's
 * next turn. */
static void watch_told(struct operation *operation, int64_t result)
{
	struct watch *watch = container_of(operation, struct watch, operation);

	watch->polling = false;
	watch->loop->orphans -= watch->orphan;
	watch->events = (int)result;
	if (!watch->watcher || result < 0)
		watch_end(watch);
	else
		async_call_soon(&watch->handle, watch_call, watch);
}

/* Poll, or poll again. The first failure is returned; a later one ends the watch. */
static int64_t watch_start(struct watch *watch)
{
	struct async_watcher *watcher = watch->watcher;
	int64_t result;

	watch->operation = (struct operation){
		.completed = watch_told,
		.code = OP_POLL,
		.direction = watcher->events_ & POLLOUT ? DIRECTION_WRITE : DIRECTION_READ,
		.fd = watcher->fd_,
		.events = watcher->events_,
	};
	result = watch->loop->backend->start(watch->loop, &watch->operation);
	watch->polling = result == OPERATION_STARTED;
	if (watch->polling)
		return 0;
	watch_told(&watch->operation, result);
	return result < 0 ? result : 0;
}

static void watch_call(void *arg)
{
	struct watch *watch = arg;
	struct async_watcher *watcher = watch->watcher;

	if (watcher)
		watcher->callback_(watcher->fd_, watch->events, watcher->arg_);
	if (watch->watcher)
		watch_start(watch);
	else
		watch_end(watch);
}

int async_watch(async_watcher *watcher, int fd, int events, async_watch_fn *callback, void *arg)
{
	struct async_loop *loop = loop_of_thread();
	struct watch *watch;

	if (!loop)
		return -ENOMEM;
	if (fd < 0)
		return fd;
	if (events != POLLIN && events != POLLOUT)
		return async_fail(
			-EINVAL,
			"async_watch: events is POLLIN or POLLOUT; use two watchers for both");
	watch = calloc(1, sizeof *watch);
	if (!watch)
		return async_fail(-ENOMEM, "async_watch on descriptor %d", fd);
	*watcher = (async_watcher){ watch, fd, events, callback, arg };
	watch->watcher = watcher;
	watch->loop = loop;
	return (int)watch_start(watch);
}

bool async_unwatch(async_watcher *watcher)
{
	struct watch *watch = watcher->operation_;

	if (!watch)
		return false;
	watch->watcher = NULL;
	watcher->operation_ = NULL;
	if (watch->polling) {
		watch->orphan = true;
		watch->loop->orphans++;
		watch->operation.cancelling = true;
		watch->loop->backend->cancel(watch->loop, &watch->operation, -ECANCELED);
	} else if (async_handle_cancel(&watch->handle)) {
		watch_end(watch); /* the callback was due, and the loop may end before its turn */
	}
	return true;
}
