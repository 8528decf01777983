/* SPDX-License-Identifier: MIT */
/*
 * Synchronisation between the tasks of one loop. All of it may be declared static and initialised
 * before any loop exists; it binds to a loop while tasks wait on it, and refuses another loop's
 * tasks meanwhile (-EXDEV; a call without a result, such as async_event_set, aborts on the wrong
 * thread). Waiting is first come, first served. An uncontended call does not suspend. A cancelled
 * waiter takes nothing: no permit, item or notification is lost.
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
#define ASYNC_LOCK                          \
	{                                   \
		{ NULL, NULL }, NULL, false \
	}

/* Take the lock. It is not owned: another task may release it. 0, or the cancel error. */
ASYNC_API int await_lock(async_lock *lock);
ASYNC_API int async_try_lock(async_lock *lock); /* -EAGAIN when taken */
ASYNC_API int async_unlock(async_lock *lock);	/* -EPERM when it is free */
ASYNC_API bool async_locked(const async_lock *lock);

typedef struct async_event {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	bool set_;
} async_event;
#define ASYNC_EVENT                         \
	{                                   \
		{ NULL, NULL }, NULL, false \
	}

/* Wait until the event is set. Setting releases all who wait now, even if it is cleared right
 * after. */
ASYNC_API int await_event(async_event *event);
ASYNC_API void async_event_set(async_event *event);
ASYNC_API void async_event_clear(async_event *event);
ASYNC_API bool async_event_is_set(const async_event *event);

typedef struct async_condition {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	async_lock *lock_;
} async_condition;
#define ASYNC_CONDITION(lock)              \
	{                                  \
		{ NULL, NULL }, NULL, lock \
	}

/* Give up the condition's lock, wait for a notification, take the lock again: it is held on return
 * whatever the result, even a cancel. Spurious wake-ups are allowed. -EPERM when the lock is free. */
ASYNC_API int await_condition(async_condition *condition);
/* Wait until predicate(arg) is not 0 and return its value. */
ASYNC_API int await_condition_for(async_condition *condition, int (*predicate)(void *arg),
				  void *arg);
/* Wake up to n waiters, or all. A woken but cancelled waiter passes the notification on. -EPERM
 * when the lock is free. */
ASYNC_API int async_condition_notify(async_condition *condition, size_t n);
ASYNC_API int async_condition_notify_all(async_condition *condition);

typedef struct async_semaphore {
	struct async_waiters_ waiters_;
	async_loop *loop_;
	int value_;
	bool bounded_;
	int bound_;
} async_semaphore;
#define ASYNC_SEMAPHORE(value)                               \
	{                                                    \
		{ NULL, NULL }, NULL, (int)(value), false, 0 \
	}
/* A semaphore whose releases above its initial value are refused (-EOVERFLOW). */
#define ASYNC_BOUNDED_SEMAPHORE(value)                                 \
	{                                                              \
		{ NULL, NULL }, NULL, (int)(value), true, (int)(value) \
	}

/* Take a permit. While anyone waits, newcomers queue up even if a permit is free. -EINVAL for a
 * semaphore that was started below zero (the other calls too). */
ASYNC_API int await_semaphore(async_semaphore *semaphore);
ASYNC_API int async_semaphore_try(async_semaphore *semaphore); /* -EAGAIN */
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
#define ASYNC_BARRIER(parties)                                      \
	{                                                           \
		{ NULL, NULL }, NULL, (unsigned)(parties), 0, false \
	}

/* Wait until `parties` tasks are here; each gets a different index 0..parties-1 (the last to come
 * is parties-1). Reusable. -EPIPE when the barrier is broken or gets reset; -EINVAL for less than
 * one party. */
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
#define ASYNC_LIMITER(total)                                           \
	{                                                              \
		{ NULL, NULL }, NULL, (unsigned)(total), 0, 0, 0, NULL \
	}

/* Borrow a permit for the running task. -EDEADLK when it holds one already; -ENOMEM. */
ASYNC_API int await_limiter(async_limiter *limiter);
/* Give the running task's permit back; -EPERM when it holds none. */
ASYNC_API int async_limiter_release(async_limiter *limiter);
/* Change the size: waiters are served when it grows; when it shrinks, permits run out as they come
 * back. */
ASYNC_API void async_limiter_resize(async_limiter *limiter, unsigned total);
ASYNC_API unsigned async_limiter_total(const async_limiter *limiter);
ASYNC_API unsigned async_limiter_borrowed(const async_limiter *limiter);
ASYNC_API unsigned async_limiter_waiting(const async_limiter *limiter);

/* So much in a time, whoever asks: a token bucket. It fills by `per_second` and holds at most
 * `burst`, which it begins with. */
typedef struct async_rate {
	async_lock turn_;
	double per_second_, burst_;
	double full_at_; /* on async_now()'s clock */
} async_rate;
#define ASYNC_RATE(per_second, burst)            \
	{                                        \
		ASYNC_LOCK, per_second, burst, 0 \
	}

/* Take that much out of it, as soon as it is there: bytes of a transfer, or 1 for a request. A
 * large amount holds up smaller ones behind it. -EINVAL: more than the burst, no number, or a rate
 * that lets nothing through. */
ASYNC_API int await_rate(async_rate *rate, double amount);
ASYNC_API int async_rate_try(async_rate *rate, double amount); /* -EAGAIN: not now */
/* What is in it. */
ASYNC_API double async_rate_available(const async_rate *rate);

ASYNC_END_DECLS

#include <await/holding.h>

#endif
