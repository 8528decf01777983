/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes: blocking or long work beside the loop, calls from other threads into a
 * loop, and a loop as the guest of another event loop.
 */
#ifndef AWAIT_THREAD_H
#define AWAIT_THREAD_H

#include <await/base.h>

ASYNC_BEGIN_DECLS

/* What runs on a thread of a pool: its result is >= 0, or a negative errno for failure. */
typedef long async_job_fn(void *arg);

/*
 * A pool of threads. Declare it static and use it: `static async_pool dns = ASYNC_POOL("dns", 4);`.
 * Threads are made when there is work and none is idle, and end after idle_seconds without work.
 * The last loop that used a pool ends its threads as it closes, and the pool is as new: nothing
 * need be closed by hand. Signals stay away from its threads. Zero in a field is its default; set
 * the fields before the first use.
 */
typedef struct async_pool {
	const char *name;     /* its threads are called "name-1", ...; the system shows 15 bytes */
	unsigned threads;     /* at most; 0: one per CPU and 4 more, 32 at most */
	double idle_seconds;  /* 0: 10 s */
	size_t queue_limit;   /* jobs that wait for a thread; 0: none (each is a waiting task) */
	double stuck_seconds; /* a cancelled job that runs on is reported after this; 0: 10 s */
	double exit_seconds;  /* how long the end of a loop waits for abandoned jobs; 0: 300 s */
	void *state_;
	bool closed_;
} async_pool;
#define ASYNC_POOL(name, threads)                       \
	{                                               \
		name, threads, 0, 0, 0, 0, NULL, false, \
	}

/* The pool of await_thread, called "await": to change a limit before its first use, or to close. */
ASYNC_API async_pool *async_default_pool(void);

/*
 * Run fn(arg) on a thread of the default pool, or of a pool of one's own, and return its result.
 * The other tasks go on meanwhile. The job sees the values of the caller's async_locals; await_
 * functions work in it (they block its thread; what it leaves behind on that thread's loop is
 * cancelled when it returns). A failure of the call itself is a negative errno, like a job's;
 * await_thread_with keeps the two apart. async_error() then has the job's own text.
 *
 * A cancel removes a job that no thread has begun. One that runs is told (async_thread_cancelled,
 * and its await_ calls fail), and the call waits for its end and returns its result, since the
 * argument usually lies on the caller's stack: a job that does not listen holds up whoever waits
 * for it, and after the pool's stuck_seconds the loop's owner gets a report that names it.
 *
 * From a thread of the same pool the job runs right there: jobs that wait for jobs cannot lock up
 * the pool. In simulation the whole loop waits for the job, as virtual time stands still for what
 * is not simulated; so a run stays repeatable.
 *
 * Errors: the cancel's; -EAGAIN, -ENOMEM when not a single thread could be made; -ENOBUFS when
 * the pool's queue_limit is reached; -ESHUTDOWN when the pool is closed.
 */
#define await_thread(fn, arg)	       await_thread_in_(NULL, fn, (void *)(arg), ASYNC_SITE_(#fn))
#define await_thread_in(pool, fn, arg) await_thread_in_(pool, fn, (void *)(arg), ASYNC_SITE_(#fn))
ASYNC_API long await_thread_in_(async_pool *pool, async_job_fn *fn, void *arg, const char *site);

/* More about one job. Zero-filled is the default. */
typedef struct async_job_options {
	async_pool *pool; /* NULL: the default pool */
	/*
	 * Set, a cancel does not wait for a job that runs: the call returns the cancel's error at
	 * once, and when the job ends at last, its thread calls abandoned(arg, result), which owns
	 * both from the cancel on (so the argument must not lie on the caller's stack). Called
	 * once, or not at all when the call returned 0 or took the job out of the queue. The loop,
	 * as it closes, waits for such jobs for the pool's exit_seconds; past that it reports them
	 * and leaves them behind.
	 */
	void (*abandoned)(void *arg, long result);
} async_job_options;

/* The same with options; 0 and the job's result in *result, or why there is none: the errors above.
 * -ENOMEM also when an abandonable job could not be recorded. */
#define await_thread_with(options, fn, arg, result) \
	await_thread_with_(options, fn, (void *)(arg), result, ASYNC_SITE_(#fn))
ASYNC_API int await_thread_with_(const async_job_options *options, async_job_fn *fn, void *arg,
				 long *result, const char *site);

/* Inside a job: 0, or the error with which whoever waits for it was cancelled. Cheap: poll it
 * often. 0 elsewhere. */
ASYNC_API int async_thread_cancelled(void);

/*
 * Close a pool (NULL: the default one) for good: later jobs are refused with -ESHUTDOWN, jobs that
 * were accepted are finished, then its threads end. Returns when they have, or with a cancel's or
 * timeout's error and a text that names the job running longest; the pool is closed all the same.
 */
ASYNC_API int await_pool_close(async_pool *pool);

/*
 * Run fn(arg, output, size) in a forked child process: CPU work with memory of its own. The child
 * sees the caller's memory as it was and may use arg; what it writes to output[0..size) is copied
 * to the caller's `output` when fn returned (size 0: there is none). Returns fn's result. The child
 * has no loop; it may make one, and await. As after any fork of a program with threads, locks that
 * other threads held stay held in it. A cancel kills it. Ctrl-C is left to the parent.
 *
 * Errors: the cancel's; -EOWNERDEAD when the child died before fn returned (async_error() names the
 * signal or status); -EAGAIN, -ENOMEM as fork(2); -ENOTSUP in simulation.
 */
typedef long async_fork_fn(void *arg, void *output, size_t size);
#define await_fork(fn, arg, output, size) \
	await_fork_(fn, (void *)(arg), output, size, ASYNC_SITE_(#fn))
ASYNC_API long await_fork_(async_fork_fn *fn, void *arg, void *output, size_t size,
			   const char *site);

/*
 * Call fn(arg) on `loop`'s thread, soon, from any thread; it runs as a callback and must not await.
 * Dropped when the loop closes first. A signal handler takes async_call_threadsafe. -ENOMEM;
 * -ESHUTDOWN when the loop is closing. Here and below the loop must outlive the call.
 */
ASYNC_API int async_loop_call(async_loop *loop, async_callback *fn, void *arg);

/*
 * A result that comes from another thread. Made by async_loop_run_task, or by async_remote_new for
 * a thread that is none of the library's. Every function below may be called from any thread.
 */
typedef struct async_remote async_remote;

/*
 * Run fn(arg) as a task of `loop`, from any thread. The caller owns the handle: end it with
 * await_remote or async_remote_detach. NULL: no memory, or the loop is closing (-ESHUTDOWN in
 * async_error()). When the loop closes before the task began, the result is -ESHUTDOWN, and fn
 * never ran.
 */
#define async_loop_run_task(loop, fn, arg) \
	async_loop_run_task_(loop, fn, (void *)(arg), ASYNC_SITE_(#fn))
ASYNC_API async_remote *async_loop_run_task_(async_loop *loop, async_fn *fn, void *arg,
					     const char *site);

/* A handle whose result a thread gives with async_remote_finish, once; NULL: no memory. It is freed
 * when it was finished and awaited or detached. */
ASYNC_API async_remote *async_remote_new(void);
/* False when it had been cancelled: nobody will see the result. */
ASYNC_API bool async_remote_finish(async_remote *remote, int result);
/* Whether it was cancelled: then the result is not wanted any more. */
ASYNC_API bool async_remote_cancelled(const async_remote *remote);

/*
 * Wait for the result and free the handle. A cancel of the caller goes on to the task, whose result
 * is still awaited, as await_task does; one made by async_remote_new is cancelled at once.
 */
ASYNC_API int await_remote(async_remote *remote);

/*
 * Block this thread until the result is there, at most so many seconds (INFINITY: no limit; <= 0:
 * just look), and return it; the handle stays. -ETIMEDOUT: not yet. For threads without a running
 * loop, which this would stop: there it is -EDEADLK unless the result is there.
 */
ASYNC_API int async_remote_result(async_remote *remote, double seconds);

/* Cancel the task, as async_task_cancel. False when it had ended. */
ASYNC_API bool async_remote_cancel(async_remote *remote);
/* Leave it alone: the handle is gone, the task's failure is reported by its loop. NULL is allowed. */
ASYNC_API void async_remote_detach(async_remote *remote);

/*
 * A loop as guest of another event loop (a GUI's, libuv's), which owns the thread. Make it with
 * async_loop_new; give it work with async_loop_run_task. The host watches the descriptor for
 * reading, and calls async_loop_run_ready when it is readable or when the time is up.
 *
 * The descriptor belongs to the loop. A loop on io_uring changes to epoll here, since a ring does
 * not tell all: ask before it has run anything and before other threads know it. -ENOTSUP in
 * simulation; -EBUSY while the loop runs or its tasks wait for input or output; -EMFILE, -ENOMEM.
 */
ASYNC_API int async_loop_descriptor(async_loop *loop);

/*
 * Run what is ready, without waiting: callbacks, timers, tasks. *seconds: call again after that at
 * the latest, whatever the descriptor says (0: at once; INFINITY: no timer is set). Tasks run on
 * this thread and may call the host's functions. The watchdog's signal may end a wait of the host's
 * with EINTR (option slow_step_seconds; < 0: no watchdog). -EBUSY inside a task or callback of a
 * loop.
 */
ASYNC_API int async_loop_run_ready(async_loop *loop, double *seconds);

ASYNC_END_DECLS

#endif
