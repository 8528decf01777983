/* SPDX-License-Identifier: MIT */
/*
 * Signals: the handler sets a bit in every set that takes the signal and calls its loop
 * (async_call_threadsafe, which a handler may); everything else happens on the loop.
 *
 * The handler walks the list of sets, which other threads change. They do so with all signals
 * blocked and under a lock; a handler on yet another thread is told by a counter to be waited for.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <await/signal.h>
#include "core/handle.h"
#include "core/loop.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static async_signals *sets;   /* changed under the lock, read by handlers */
static unsigned handlers;     /* that run at this moment */
static unsigned takers[NSIG]; /* open sets, by signal */
static struct sigaction before[NSIG];

static const struct wait_kind signal_kind = { "await_signal", wait_cancel, NULL };

static void tell(async_signals *set)
{
	uint64_t pending = __atomic_load_n(&set->pending_, __ATOMIC_RELAXED);

	while (pending && set->callback_) {
		int signo = __builtin_ctzll(pending) + 1;

		__atomic_fetch_and(&set->pending_, ~(1ULL << (signo - 1)), __ATOMIC_ACQ_REL);
		set->callback_(signo, set->arg_);
		if (!set->taken_)
			return; /* closed by the callback */
		pending = __atomic_load_n(&set->pending_, __ATOMIC_RELAXED);
	}
	if (pending)
		wait_wake_all(&set->waiters_, 0);
}

static void on_loop(void *arg)
{
	tell(arg);
}

static void handler(int signo)
{
	uint64_t bit = 1ULL << (signo - 1);
	int saved = errno;

	__atomic_fetch_add(&handlers, 1, __ATOMIC_SEQ_CST);
	for (async_signals *set = __atomic_load_n(&sets, __ATOMIC_SEQ_CST); set;
	     set = __atomic_load_n(&set->next_, __ATOMIC_ACQUIRE)) {
		if (!(set->taken_ & bit))
			continue;
		__atomic_fetch_or(&set->pending_, bit, __ATOMIC_ACQ_REL);
		/* -EBUSY: its loop is on its way already, and will find the bit. */
		async_call_threadsafe(set->loop_, &set->handle_, on_loop, set);
	}
	__atomic_fetch_sub(&handlers, 1, __ATOMIC_SEQ_CST);
	errno = saved;
}

static bool can_be_taken(int signo)
{
	switch (signo) {
	case SIGKILL:
	case SIGSTOP:
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
		return false;
	default:
		return signo > 0 && signo < NSIG && signo <= 64;
	}
}

static int set_of(int first, va_list rest, uint64_t *taken)
{
	*taken = 0;
	for (int signo = first; signo; signo = va_arg(rest, int)) {
		if (!can_be_taken(signo))
			return async_fail(-EINVAL, "async_signals_open: signal %d cannot be taken",
					  signo);
		*taken |= 1ULL << (signo - 1);
	}
	return *taken ? 0 : async_fail(-EINVAL, "async_signals_open: no signal given");
}

static void lock_signals(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, old);
	pthread_mutex_lock(&lock);
}

static void unlock_signals(const sigset_t *old)
{
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void take(int signo)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	if (takers[signo]++)
		return;
	sigfillset(&action.sa_mask);
	sigaction(signo, &action, &before[signo]);
}

static void give_back(int signo)
{
	if (!--takers[signo])
		sigaction(signo, &before[signo], NULL);
}

int async_signals_open(async_signals *signals, int first, ...)
{
	struct async_loop *loop = loop_of_thread();
	sigset_t old;
	va_list rest;
	int error;

	*signals = (async_signals){ .loop_ = loop };
	if (!loop)
		return -ENOMEM;
	va_start(rest, first);
	error = set_of(first, rest, &signals->taken_);
	va_end(rest);
	if (error) {
		signals->taken_ = 0;
		return error;
	}
	loop->outside = true; /* a signal may come whenever it likes: nothing is a deadlock */
	lock_signals(&old);
	signals->next_ = sets;
	__atomic_store_n(&sets, signals, __ATOMIC_SEQ_CST);
	for (int signo = 1; signo <= 64; signo++)
		if (signals->taken_ & 1ULL << (signo - 1))
			take(signo);
	unlock_signals(&old);
	return 0;
}

bool async_signals_close(async_signals *signals)
{
	async_signals **place = &sets;
	sigset_t old;

	if (!signals->taken_)
		return false;
	lock_signals(&old);
	while (*place != signals)
		place = &(*place)->next_;
	__atomic_store_n(place, signals->next_, __ATOMIC_SEQ_CST);
	for (int signo = 1; signo <= 64; signo++)
		if (signals->taken_ & 1ULL << (signo - 1))
			give_back(signo);
	/* A handler on another thread may still stand on this set. */
	while (__atomic_load_n(&handlers, __ATOMIC_SEQ_CST))
		sched_yield();
	unlock_signals(&old);
	async_handle_cancel(&signals->handle_);
	signals->taken_ = signals->pending_ = 0;
	wait_wake_all(&signals->waiters_, -EBADF);
	return true;
}

int await_signal(async_signals *signals)
{
	struct async_task *self = task_self("await_signal");
	int64_t error = self->cancel_error;

	while (!error && signals->taken_) {
		uint64_t pending = __atomic_load_n(&signals->pending_, __ATOMIC_ACQUIRE);

		if (pending) {
			int signo = __builtin_ctzll(pending) + 1;

			__atomic_fetch_and(&signals->pending_, ~(1ULL << (signo - 1)),
					   __ATOMIC_ACQ_REL);
			return signo;
		}
		error = wait_or_cancel(&signals->waiters_, &signal_kind, signals);
	}
	return error ? (int)error : -EBADF;
}

void async_signals_call(async_signals *signals, void (*callback)(int signo, void *arg), void *arg)
{
	signals->callback_ = callback;
	signals->arg_ = arg;
	if (signals->taken_)
		tell(signals);
}
