/* SPDX-License-Identifier: MIT */
/*
 * Synchronisation between the tasks of one loop. All of it may be declared static and initialised before any loop
 * exists; it binds to a loop while tasks wait on it, and refuses another loop's tasks meanwhile (-EXDEV; a call
 * without a result, such as async_event_set, aborts on the wrong thread). Waiting is first come, first served. An
 * uncontended call does not suspend. A cancelled waiter takes nothing: no permit, item or notification is lost.
 */
#ifndef AWAIT_SYNC_H
#define AWAIT_SYNC_H

#include <await/base.h>
#include <await/queue.h>
#include <await/channel.h>

ASYNC_BEGIN_DECLS

/* All fields of the structs here are private. */

typedef struct async_lock {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	bool locked_;
} async_lock;
#define ASYNC_LOCK { { NULL, NULL }, NULL, false }

/* Take the lock. It is not owned: another task may release it. 0, or the cancel error. */
ASYNC_API int await_lock(async_lock *lock);
ASYNC_API int async_try_lock(async_lock *lock);		/* -EAGAIN when taken */
ASYNC_API int async_unlock(async_lock *lock);		/* -EPERM when it is free */
ASYNC_API bool async_locked(const async_lock *lock);

typedef struct async_event {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	bool set_;
} async_event;
#define ASYNC_EVENT { { NULL, NULL }, NULL, false }

/* Wait until the event is set. Setting releases all who wait now, even if it is cleared right after. */
ASYNC_API int await_event(async_event *event);
ASYNC_API void async_event_set(async_event *event);
ASYNC_API void async_event_clear(async_event *event);
ASYNC_API bool async_event_is_set(const async_event *event);

typedef struct async_condition {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	async_lock *lock_;
} async_condition;
#define ASYNC_CONDITION(lock) { { NULL, NULL }, NULL, lock }

/* Give up the condition's lock, wait for a notification, take the lock again: it is held on return whatever the
 * result, even a cancel. Spurious wake-ups are allowed. -EPERM when the lock is free. */
ASYNC_API int await_condition(async_condition *condition);
/* Wait until predicate(arg) is not 0 and return its value. */
ASYNC_API int await_condition_for(async_condition *condition, int (*predicate)(void *arg), void *arg);
/* Wake up to n waiters, or all. A woken but cancelled waiter passes the notification on. -EPERM when the lock is
 * free. */
ASYNC_API int async_condition_notify(async_condition *condition, size_t n);
ASYNC_API int async_condition_notify_all(async_condition *condition);

typedef struct async_semaphore {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	int value_;
	bool bounded_;
	int bound_;
} async_semaphore;
#define ASYNC_SEMAPHORE(value) { { NULL, NULL }, NULL, (int)(value), false, 0 }
/* A semaphore whose releases above its initial value are refused (-EOVERFLOW). */
#define ASYNC_BOUNDED_SEMAPHORE(value) { { NULL, NULL }, NULL, (int)(value), true, (int)(value) }

/* Take a permit. While anyone waits, newcomers queue up even if a permit is free. -EINVAL for a semaphore
 * that was started below zero (the other calls too). */
ASYNC_API int await_semaphore(async_semaphore *semaphore);
ASYNC_API int async_semaphore_try(async_semaphore *semaphore);	/* -EAGAIN */
/* Give a permit back; -EOVERFLOW above the bound (or INT_MAX). */
ASYNC_API int async_semaphore_release(async_semaphore *semaphore);
/* True when await_semaphore would wait. */
ASYNC_API bool async_semaphore_locked(const async_semaphore *semaphore);

typedef struct async_barrier {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	unsigned parties_, waiting_;
	bool broken_;
} async_barrier;
#define ASYNC_BARRIER(parties) { { NULL, NULL }, NULL, (unsigned)(parties), 0, false }

/* Wait until `parties` tasks are here; each gets a different index 0..parties-1 (the last to come is
 * parties-1). Reusable. -EPIPE when the barrier is broken or gets reset; -EINVAL for less than one party. */
ASYNC_API int await_barrier(async_barrier *barrier);
/* Send the present waiters away with -EPIPE; the barrier is fresh afterwards. */
ASYNC_API void async_barrier_reset(async_barrier *barrier);
/* Break it until it is reset. */
ASYNC_API void async_barrier_abort(async_barrier *barrier);
ASYNC_API unsigned async_barrier_waiting(const async_barrier *barrier);
ASYNC_API unsigned async_barrier_parties(const async_barrier *barrier);
ASYNC_API bool async_barrier_broken(const async_barrier *barrier);

struct async_borrower_;
/* A semaphore whose permits belong to the tasks that hold them, and whose size can change. */
typedef struct async_limiter {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	unsigned total_, borrowed_, waiting_;
	size_t capacity_;
	struct async_borrower_ *borrowers_;
} async_limiter;
#define ASYNC_LIMITER(total) { { NULL, NULL }, NULL, (unsigned)(total), 0, 0, 0, NULL }

/* Borrow a permit for the running task. -EDEADLK when it holds one already; -ENOMEM. */
ASYNC_API int await_limiter(async_limiter *limiter);
/* Give the running task's permit back; -EPERM when it holds none. */
ASYNC_API int async_limiter_release(async_limiter *limiter);
/* Change the size: waiters are served when it grows; when it shrinks, permits run out as they come back. */
ASYNC_API void async_limiter_resize(async_limiter *limiter, unsigned total);
ASYNC_API unsigned async_limiter_total(const async_limiter *limiter);
ASYNC_API unsigned async_limiter_borrowed(const async_limiter *limiter);
ASYNC_API unsigned async_limiter_waiting(const async_limiter *limiter);

/*
 * await_holding (&x) { ... }: take a lock, semaphore, limiter, or a condition's lock, and give it back on every way
 * out of the block (end, break, return, goto). When it cannot be taken, because of a cancel or timeout, the
 * block is not entered; async_cancelled() or async_error() tells.
 */
#ifdef __cplusplus
#define ASYNC_HOLDER_(x) async_holder_of_(x)
#else
#define ASYNC_HOLDER_(x)                                                                             \
	_Generic((x),                                                                                \
		async_lock *: async_hold_lock_,                                                      \
		async_condition *: async_hold_condition_,                                            \
		async_semaphore *: async_hold_semaphore_,                                            \
		async_limiter *: async_hold_limiter_)(x)
#endif
#define await_holding(x) ASYNC_HOLDING_(x, ASYNC_PASTE_(async_holding_, __LINE__))
#define ASYNC_HOLDING_(x, name)                                                                      \
	for (struct async_hold_ name ASYNC_CLEANUP_(async_hold_end_) = ASYNC_HOLDER_(x),             \
		     *ASYNC_PASTE_(name, _once) = await_hold_begin_(&name);                          \
	     ASYNC_PASTE_(name, _once); ASYNC_PASTE_(name, _once) = NULL)

struct async_hold_ {
	void *object;
	int kind;	/* 0 once nothing is held */
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
static inline async_hold_ async_holder_of_(async_lock *x) { return async_hold_lock_(x); }
static inline async_hold_ async_holder_of_(async_condition *x) { return async_hold_condition_(x); }
static inline async_hold_ async_holder_of_(async_semaphore *x) { return async_hold_semaphore_(x); }
static inline async_hold_ async_holder_of_(async_limiter *x) { return async_hold_limiter_(x); }
#endif

#endif
