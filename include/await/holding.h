/* SPDX-License-Identifier: MIT */
/* await_holding: a block that holds a lock, a permit or a condition's lock. Included by
 * <await/sync.h>. */
#ifndef AWAIT_HOLDING_H
#define AWAIT_HOLDING_H

#include <await/sync.h>

ASYNC_BEGIN_DECLS

/*
 * await_holding (&x) { ... }: take a lock, semaphore, limiter, or a condition's lock, and give it
 * back on every way out of the block (end, break, return, goto). When it cannot be taken, because
 * of a cancel or timeout, the block is not entered; async_cancelled() or async_error() tells.
 */
#ifdef __cplusplus
#define ASYNC_HOLDER_(x) async_holder_of_(x)
#else
#define ASYNC_HOLDER_(x)                                    \
	_Generic((x), async_lock *                          \
		 : async_hold_lock_, async_condition *      \
		 : async_hold_condition_, async_semaphore * \
		 : async_hold_semaphore_, async_limiter *   \
		 : async_hold_limiter_)(x)
#endif
#define await_holding(x) ASYNC_HOLDING_(x, ASYNC_PASTE_(async_holding_, __LINE__))
#define ASYNC_HOLDING_(x, name)                                                             \
	for (struct async_hold_ name ASYNC_CLEANUP_(async_hold_end_) = ASYNC_HOLDER_(x),    \
				     *ASYNC_PASTE_(name, _once) = await_hold_begin_(&name); \
	     ASYNC_PASTE_(name, _once); ASYNC_PASTE_(name, _once) = NULL)

struct async_hold_ {
	void *object;
	int kind; /* 0 once nothing is held */
};
enum { ASYNC_HOLD_LOCK_ = 1, ASYNC_HOLD_SEMAPHORE_, ASYNC_HOLD_LIMITER_ };
ASYNC_API struct async_hold_ *await_hold_begin_(struct async_hold_ *hold);
ASYNC_API void async_hold_end_(struct async_hold_ *hold);

static inline struct async_hold_ async_hold_lock_(async_lock *lock)
{
	struct async_hold_ hold = { lock, ASYNC_HOLD_LOCK_ };
	return hold;
}

static inline struct async_hold_ async_hold_condition_(async_condition *condition)
{
	return async_hold_lock_(condition->lock_);
}

static inline struct async_hold_ async_hold_semaphore_(async_semaphore *semaphore)
{
	struct async_hold_ hold = { semaphore, ASYNC_HOLD_SEMAPHORE_ };
	return hold;
}

static inline struct async_hold_ async_hold_limiter_(async_limiter *limiter)
{
	struct async_hold_ hold = { limiter, ASYNC_HOLD_LIMITER_ };
	return hold;
}

ASYNC_END_DECLS

#ifdef __cplusplus
static inline async_hold_ async_holder_of_(async_lock *x)
{
	return async_hold_lock_(x);
}
static inline async_hold_ async_holder_of_(async_condition *x)
{
	return async_hold_condition_(x);
}
static inline async_hold_ async_holder_of_(async_semaphore *x)
{
	return async_hold_semaphore_(x);
}
static inline async_hold_ async_holder_of_(async_limiter *x)
{
	return async_hold_limiter_(x);
}
#endif

#endif
