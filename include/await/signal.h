/* SPDX-License-Identifier: MIT */
/*
 * Unix signals on the loop: nothing runs inside a signal handler but the library's own few lines.
 *
 *	async_signals signals;
 *
 *	async_signals_open(&signals, SIGTERM, SIGHUP, 0);
 *	while ((signo = await_signal(&signals)) > 0)
 *		...
 *	async_signals_close(&signals);
 */
#ifndef AWAIT_SIGNAL_H
#define AWAIT_SIGNAL_H

#include <signal.h>
#include <await/loop.h>

ASYNC_BEGIN_DECLS

/* A set of signals that one loop takes. The caller's memory, in place until it is closed. */
typedef struct async_signals { /* all private */
	async_handle handle_;
	struct async_waiters_ waiters_;
	async_loop *loop_;
	struct async_signals *next_;
	void (*callback_)(int signo, void *arg);
	void *arg_;
	uint64_t taken_;   /* bit n: signal n is in the set */
	uint64_t pending_; /* and has come; written by signal handlers */
} async_signals;

/*
 * Take signals, the list ending with 0, until the set is closed; their former action comes back
 * then. Several sets, of several loops, may take the same signal: each gets it. May be called on
 * any thread that has a loop. -EINVAL for a number that is none or cannot be caught (SIGKILL,
 * SIGSTOP), or that reports a fault of the program (SIGSEGV, SIGBUS, SIGFPE, SIGILL).
 */
ASYNC_API int async_signals_open(async_signals *signals, int first, ...);
/* Tasks that wait get -EBADF. Idempotent; true when the set was open. */
ASYNC_API bool async_signals_close(async_signals *signals);

/* Wait for the next signal of the set: its number. One that comes several times before it is taken
 * comes once, as in the kernel; the lowest number first. -EBADF: closed. */
ASYNC_API int await_signal(async_signals *signals);
/* Call back on the loop instead, once for each signal that await_signal would return; NULL: no
 * more. */
ASYNC_API void async_signals_call(async_signals *signals, void (*callback)(int signo, void *arg),
				  void *arg);

ASYNC_END_DECLS

#endif
