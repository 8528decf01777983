/* SPDX-License-Identifier: MIT */
/* Running a loop, and all that tasks do: this header brings task, scope, group, future and loop. */
#ifndef AWAIT_RUN_H
#define AWAIT_RUN_H

#include <await/base.h>
#include <await/task.h>
#include <await/scope.h>
#include <await/group.h>
#include <await/future.h>
#include <await/loop.h>

ASYNC_BEGIN_DECLS

struct async_sim_options;

/* What the loop has to tell its owner: an error nobody took, a stall, a deadlock, something left
 * open. */
typedef struct async_report {
	const char *kind; /* "failure" "stall" "deadlock" "left" */
	int error;	  /* negative errno, or 0 */
	const char *text; /* one or more lines, without the final newline */
	async_task *task; /* whom it is about, or NULL; borrowed for the call */
} async_report;

typedef void async_report_fn(const async_report *report, void *arg);

/* How a loop is run. Zero-filled is the default; every field may also be left out. */
typedef struct async_options {
	/* "uring", "epoll" or "sim"; NULL: environment LIBAWAIT_BACKEND, else uring where the kernel
	 * allows it, else epoll. A name given here or there that cannot be had is -ENOTSUP. */
	const char *backend;
	/* Switches off kernel features, for tests: "no-guard-install no-poll-first ..."; NULL:
	 * environment LIBAWAIT_WITHOUT. docs/internals.md lists them. */
	const char *without;
	/* Address space of a task's stack, rounded up to a power of two, 16 KiB to 64 MiB; 0: 64
	 * KiB. Memory is taken page by page as a task touches it: an idle task costs one page. */
	size_t stack_bytes;
	/* 1: debug mode (also LIBAWAIT_DEBUG=1): descriptors left open are reported with who made
	 * them. Slow steps, wrong threads and deadlocks are found in any mode. */
	int debug;
	/* A step of a task longer than this is reported while it is still stuck; 0: 0.1 s; < 0:
	 * never. The watchdog uses SIGURG with SA_RESTART; a program that handles SIGURG itself
	 * keeps it and goes without. */
	double slow_step_seconds;
	/* 1: leave SIGINT alone. Otherwise, on the main thread and if nobody else took it, the first
	 * Ctrl-C cancels the main task and the run ends as -EINTR; the second ends the process. */
	int ignore_sigint;
	/* Seed of everything random (simulation); 0: environment LIBAWAIT_SEED, else 1 in
	 * simulation. */
	uint64_t seed;
	const struct async_sim_options *sim; /* see await/sim.h */
	async_report_fn *report;	     /* NULL: one line each on standard error */
	void *report_arg;
} async_options;

/*
 * Run fn(arg) as the main task of a fresh loop on this thread's own stack and return its result. On
 * the way out every task that is left is cancelled and awaited, what was left open is reported, the
 * loop is closed. Errors: -EBUSY when a loop already runs in this thread; -EINTR when Ctrl-C ended
 * it; -ENOTSUP for an unusable backend; -ENOMEM, -EMFILE when the loop could not be made. A failure
 * of fn that comes out here is reported, since main() seldom looks.
 */
#define async_run(fn, arg)		 async_run_at_(NULL, fn, (void *)(arg), ASYNC_SITE_(#fn))
#define async_run_with(options, fn, arg) async_run_at_(options, fn, (void *)(arg), ASYNC_SITE_(#fn))
ASYNC_API int async_run_at_(const async_options *options, async_fn *fn, void *arg,
			    const char *site);

/*
 * A loop of one's own, for several runs on it (asyncio's Runner). Whoever makes it frees it, on the
 * same thread. async_loop_run: as async_run, but tasks made in one run stay, frozen, for the next.
 * async_loop_free does what async_run does on the way out; NULL is allowed. Errors as async_run;
 * async_loop_new gives NULL.
 */
ASYNC_API async_loop *async_loop_new(const async_options *options);
#define async_loop_run(loop, fn, arg) async_loop_run_at_(loop, fn, (void *)(arg), ASYNC_SITE_(#fn))
ASYNC_API int async_loop_run_at_(async_loop *loop, async_fn *fn, void *arg, const char *site);
ASYNC_API void async_loop_free(async_loop *loop);

/* The loop running in this thread, or NULL. Taking it tells the loop that other threads may wake
 * it, so that it no longer speaks of deadlocks. */
ASYNC_API async_loop *async_current_loop(void);

/* "uring", "epoll" or "sim": what the running loop stands on. */
ASYNC_API const char *async_backend_name(void);

/* Seconds on the loop's monotonic clock, the base of every absolute deadline (virtual in
 * simulation). */
ASYNC_API double async_now(void);

/* Ask the main task to end: cancels it, as the first Ctrl-C does. From tasks and from callbacks of
 * the loop, such as async_signals_call's; from other threads: async_call_threadsafe. */
ASYNC_API void async_stop(void);

/* Hand a report to the loop's report function, printf-like. For libraries built on this one. */
ASYNC_API void async_report_error(int error, const char *format, ...) ASYNC_PRINTF_(2, 3);

/* The same for a call that is all of a main() without async_run, as await_serve may be: its failure
 * is reported, since nobody else does. Nothing happens under async_run. Returns `error`. */
ASYNC_API int async_report_main(int error);

/* The release, as "0.1.0". */
ASYNC_API const char *async_version(void);

ASYNC_END_DECLS

#endif
