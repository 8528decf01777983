/* SPDX-License-Identifier: MIT */
/* A one-shot result slot, set once, awaited by any number of tasks of one loop. */
#ifndef AWAIT_FUTURE_H
#define AWAIT_FUTURE_H

#include <await/base.h>

ASYNC_BEGIN_DECLS

typedef struct async_future { /* all private; zero-filled is pending */
	async_loop *loop_;
	struct async_waiters_ waiters_;
	struct async_call_ *callbacks_;
	void *value_;
	int error_;
	unsigned char state_;
	bool seen_;
} async_future;
#define ASYNC_FUTURE \
	{            \
		0    \
	}

/* Finish with a value, or with a negative errno. 0; -EALREADY when it was finished before. */
ASYNC_API int async_future_set(async_future *future, void *value);
ASYNC_API int async_future_fail(async_future *future, int error);
/* Finish with -ECANCELED; false when it was finished before. */
ASYNC_API bool async_future_cancel(async_future *future);

/* Wait until it is finished. 0 and its value (value may be NULL), or the error it failed with.
 * -EXDEV when it is awaited from two loops. */
ASYNC_API int await_future(async_future *future, void **value);

ASYNC_API bool async_future_done(const async_future *future);
/* As await_future, without waiting: -EINPROGRESS while it is pending. */
ASYNC_API int async_future_result(async_future *future, void **value);

/* Call back through the loop's ready queue once it is finished, in the order added; -ENOMEM. */
ASYNC_API int async_future_on_done(async_future *future, async_callback *callback, void *arg);
/* Take such calls back; returns how many. */
ASYNC_API int async_future_remove_on_done(async_future *future, async_callback *callback,
					  void *arg);

/* End of life: a failure that nobody ever looked at is reported; waiters, if any, get -ECANCELED.
 * The slot is pending again afterwards. */
ASYNC_API void async_future_drop(async_future *future);

ASYNC_END_DECLS

#endif
