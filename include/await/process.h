/* SPDX-License-Identifier: MIT */
/*
 * Child processes. A process is owned: await_process_close ends its whole group, reaps it and frees
 * the handle, whatever way led there, so no zombie is left on any path.
 *
 *	async_process_output output = { 0 };
 *	int code = await_process_run(NULL, ASYNC_ARGV("sort", "-n"), "2\n1\n", 4, &output);
 *
 * A process group of its own, a pidfd to wait on, no SIGCHLD: children that other code has started
 * are left alone. In simulation processes are real, and virtual time does not wait for them.
 */
#ifndef AWAIT_PROCESS_H
#define AWAIT_PROCESS_H

#include <sys/types.h>
#include <await/stream.h>

ASYNC_BEGIN_DECLS

typedef struct async_process async_process;

/* What a standard stream of the child is: 0 inherits ours, a number above 0 is a descriptor. */
enum {
	ASYNC_PIPE = -1, /* a stream of ours */
	ASYNC_DEVNULL = -2,
	ASYNC_TO_STDOUT = -3, /* of stderr: where stdout goes */
};

/* Zero-filled is the default; every field may also be left out. */
typedef struct async_process_options {
	int in, out, err;
	const char *cwd;	/* NULL: ours */
	const char *const *env; /* "NAME=value" strings, ending with NULL; NULL: ours */
	const int *pass_fds;	/* stay open in the child, under the same number; all others of 3 */
	size_t pass_fd_count;	/* and above are closed */
	bool new_session;	/* setsid(2) */
	bool keep_group;  /* stay in our process group; then only the child itself is killed */
	const uid_t *uid; /* setuid(2), setgid(2) and umask(2) in the child; NULL: ours */
	const gid_t *gid; /* also drops supplementary groups */
	const mode_t *umask;
	double kill_seconds; /* from SIGTERM to SIGKILL; 0: 5 */
	double pipe_seconds; /* how long communicate reads on after the child has ended, when
			      * its descendants hold the pipes open; 0: 1 */
	size_t output_limit; /* bytes that communicate keeps of stdout, and of stderr; 0: 16 MiB */
	async_stream_options stream; /* of the pipes */
} async_process_options;

#define ASYNC_ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * Start a program (looked for in PATH), or a line of /bin/sh. NULL with async_error() and
 * async_error_code(): -ENOENT, -EACCES, -E2BIG, ... of execve(2), which then has left no process;
 * -EMFILE, -EAGAIN, -ENOMEM. Blocks until the child runs its program: well under a millisecond.
 */
ASYNC_API async_process *async_process_start(const async_process_options *options,
					     const char *const argv[]);
ASYNC_API async_process *async_shell_start(const async_process_options *options, const char *line);

/* A block-scoped owner: `AWAIT_PROCESS(child) = async_process_start(...);` is closed by every way
 * out of the block. */
#define AWAIT_PROCESS(name) async_process *name ASYNC_CLEANUP_(await_process_leave_)
ASYNC_API void await_process_leave_(async_process **process);

/* The pipes, as streams; NULL where there is none. The process owns them; await_process_end_input
 * closes stdin. */
ASYNC_API async_stream *async_process_in(const async_process *process);
ASYNC_API async_stream *async_process_out(const async_process *process);
ASYNC_API async_stream *async_process_err(const async_process *process);
ASYNC_API int await_process_end_input(async_process *process);

ASYNC_API pid_t async_process_pid(const async_process *process);
/* Its exit status (0 to 255; 128 + n when signal n ended it), or -EINPROGRESS. 255 with a report
 * when somebody else has reaped it. */
ASYNC_API int async_process_code(const async_process *process);
/* The signal that ended it, or 0. */
ASYNC_API int async_process_signal(const async_process *process);

/* Wait for its end: async_process_code. Any number of tasks. Full pipes that nobody reads stop it:
 * see await_process_communicate. */
ASYNC_API int await_process_wait(async_process *process);
/* kill(2): the child alone, or its group with everything that it started. Once it has ended (the
 * group: once it is empty) nothing happens. */
ASYNC_API int async_process_kill(async_process *process, int signo);
ASYNC_API int async_process_kill_group(async_process *process, int signo);

/* What a process wrote: from malloc, with a zero byte behind. Zero-filled is empty. */
typedef struct async_process_output {
	char *out, *err;
	size_t out_size, err_size;
} async_process_output;
ASYNC_API void async_process_output_free(async_process_output *output);

/*
 * Feed `size` bytes of input, read everything, wait for the end: its code. Safe to cancel and to
 * call again: what was fed is not fed again, what was read so far is in *output also after a
 * failure. A child that does not want its input is no failure. -EMSGSIZE: more than
 * output_limit; the rest stays in the pipe.
 */
ASYNC_API int await_process_communicate(async_process *process, const void *input, size_t size,
					async_process_output *output);

/* SIGTERM to the group if it still runs, SIGKILL after kill_seconds; reap, close the pipes, free.
 * A cancel of the caller does not shorten this. Its code; -EINVAL for NULL. */
ASYNC_API int await_process_close(async_process *process);

/* Start with pipes, communicate, close: the code. When it is cancelled or times out the group is
 * ended, and *output keeps what came. Options `in`, `out`, `err` are obeyed where set; else stdin is
 * the input, or /dev/null without any, and output and errors are inherited if `output` is NULL. */
ASYNC_API int await_process_run(const async_process_options *options, const char *const argv[],
				const void *input, size_t size, async_process_output *output);

ASYNC_END_DECLS

#endif
