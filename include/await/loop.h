/* SPDX-License-Identifier: MIT */
/*
 * Callbacks, for those who drive a foreign library on the loop; most programs never need this
 * layer. Callbacks run on the loop's own stack, between tasks: they may call any async_ function
 * and no await_ one (that aborts, naming itself). Handles are the caller's memory and stay in place
 * until they ran or were cancelled.
 */
#ifndef AWAIT_LOOP_H
#define AWAIT_LOOP_H

#include <poll.h>
#include <await/base.h>

ASYNC_BEGIN_DECLS

typedef struct async_handle { /* all private; zero-filled is idle */
	struct async_link_ link_;
	struct async_timer_ timer_;
	async_loop *loop_;
	async_callback *callback_;
	void *arg_;
	int state_;
} async_handle;

/* Call back once at the loop's next turn, first in first out. -EBUSY while the handle is scheduled.
 */
ASYNC_API int async_call_soon(async_handle *handle, async_callback *callback, void *arg);
/* Call back once after `seconds`, or at a time of async_now()'s clock. -EBUSY, -EINVAL (NaN),
 * -ENOMEM. */
ASYNC_API int async_call_later(async_handle *handle, double seconds, async_callback *callback,
			       void *arg);
ASYNC_API int async_call_at(async_handle *handle, double when, async_callback *callback, void *arg);
/* When a timed call is due; INFINITY if it is not scheduled. */
ASYNC_API double async_handle_when(const async_handle *handle);
/* Take the call back; idempotent. True when it had not run yet. For a call from another thread: any
 * thread. */
ASYNC_API bool async_handle_cancel(async_handle *handle);

/*
 * The one call that any thread, and any signal handler, may make: call back on `loop`'s thread,
 * soon. The loop must outlive the call. -EBUSY while the handle is scheduled; -ESHUTDOWN when the
 * loop is closing.
 */
ASYNC_API int async_call_threadsafe(async_loop *loop, async_handle *handle,
				    async_callback *callback, void *arg);

/*
 * For libraries that keep something per loop (a resolver, a cache): a value by a key of one's own,
 * usually a static variable's address. free_value runs as the loop closes, when its tasks have
 * ended, the newest entry first; it runs in the main task and may await. async_loop_value: NULL
 * when there is none. -EEXIST for a key in use, -ENOMEM.
 */
ASYNC_API void *async_loop_value(const void *key);
ASYNC_API int async_loop_set_value(const void *key, void *value, void (*free_value)(void *value));
/* Take it out again: it is the caller's now, and free_value does not run. NULL: there is none. */
ASYNC_API void *async_loop_take_value(const void *key);

typedef void async_watch_fn(int fd, int events, void *arg);

/* A watch on a descriptor, level-triggered: as long as `events` (POLLIN, POLLOUT) hold, once a
 * turn. */
typedef struct async_watcher { /* all private */
	void *operation_;
	int fd_, events_;
	async_watch_fn *callback_;
	void *arg_;
} async_watcher;

/* One reader and one writer per descriptor, waiting tasks included: -EBUSY. -EBADF, -ENOMEM. */
ASYNC_API int async_watch(async_watcher *watcher, int fd, int events, async_watch_fn *callback,
			  void *arg);
/* True when there was a watch. */
ASYNC_API bool async_unwatch(async_watcher *watcher);

ASYNC_END_DECLS

#endif
