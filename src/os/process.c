/* SPDX-License-Identifier: MIT */
/* Child processes: started, watched through a pidfd, signalled, ended with their group, reaped. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <await/net.h>
#include "core/report.h"
#include "os/process.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static const double KILL_SECONDS = 5, PIPE_SECONDS = 1;
static const char processes_key;

static void note_end(struct async_process *process)
{
	process->ended = true;
	async_unwatch(&process->watcher);
	wait_wake_all(&process->waiters, 0);
}

/* True once it has ended; its code is known then. */
static bool reap(struct async_process *process)
{
	siginfo_t info = { .si_pid = 0 };

	if (process->ended)
		return true;
	if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG)) {
		if (errno == EINTR)
			return false;
		process->code = CODE_LOST;
		loop_report(process->loop, "failure", -ECHILD, NULL,
			    "process %d was reaped by somebody else: its status is lost, and taken"
			    " for %d",
			    (int)process->pid, CODE_LOST);
	} else if (!info.si_pid) {
		return false;
	} else if (info.si_code == CLD_EXITED) {
		process->code = info.si_status;
	} else {
		process->signo = info.si_status;
		process->code = CODE_SIGNAL + info.si_status;
	}
	note_end(process);
	return true;
}

static void on_exit_event(int fd, int events, void *arg)
{
	(void)fd, (void)events;
	reap(arg);
}

/* At the end of a loop: nothing that it started survives it. */
static void processes_end(void *list)
{
	struct async_waiters_ *processes = list;

	while (processes->first) {
		struct async_process *process =
			container_of(processes->first, struct async_process, link);

		loop_report(process->loop, "left", 0, NULL,
			    "process %d was never closed: it is ended now", (int)process->pid);
		await_process_close(process);
	}
	free(processes);
}

/* The child's end of a standard stream, and ours as a stream. */
static int open_standard(struct async_process *process, const async_process_options *options,
			 int which, int wanted, int *theirs)
{
	int ends[2], ours;

	if (wanted >= 0) {
		*theirs = wanted ? wanted : -1;
		return 0;
	}
	if (wanted == ASYNC_DEVNULL) {
		*theirs = open("/dev/null", O_RDWR | O_CLOEXEC);
		return *theirs < 0 ? async_fail(-errno, "cannot open /dev/null") : 0;
	}
	if (wanted != ASYNC_PIPE)
		return async_fail(-EINVAL,
				  "process option `%s` is %d: it must be 0, ASYNC_PIPE,"
				  " ASYNC_DEVNULL or a descriptor",
				  which == 0 ? "in" :
				  which == 1 ? "out" :
					       "err",
				  wanted);
	if (pipe2(ends, O_CLOEXEC))
		return async_fail(-errno, "cannot make a pipe for a process");
	*theirs = ends[which != 0];
	ours = ends[which == 0];
	process->streams[which] = async_stream_open(ours, &options->stream);
	if (process->streams[which])
		return 0;
	close(ours);
	return async_error_code();
}

static void close_theirs(const async_process_options *options, const int fds[3])
{
	const int wanted[3] = { options->in, options->out, options->err };

	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && wanted[i] < 0 && wanted[i] != ASYNC_TO_STDOUT)
			close(fds[i]);
}

static int open_all(struct async_process *process, const async_process_options *options, int fds[3])
{
	int error = open_standard(process, options, 0, options->in, &fds[0]);

	if (!error)
		error = open_standard(process, options, 1, options->out, &fds[1]);
	if (error || options->err != ASYNC_TO_STDOUT)
		return error ? error : open_standard(process, options, 2, options->err, &fds[2]);
	fds[2] = fds[1] >= 0 ? fds[1] : STDOUT_FILENO;
	return 0;
}

static int watch(struct async_process *process)
{
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (process->pidfd < 0)
		return async_fail(-errno, "cannot watch process %d (pidfd_open needs Linux 5.3)",
				  (int)process->pid);
	return async_watch(&process->watcher, process->pidfd, POLLIN, on_exit_event, process);
}

static void process_free(struct async_process *process)
{
	for (int i = 0; i < 3; i++)
		async_stream_abort(process->streams[i]);
	if (process->pidfd >= 0)
		async_close(process->pidfd);
	if (process->processes)
		list_remove(process->processes, &process->link);
	free(process);
}

static struct async_process *process_new(const async_process_options *options)
{
	struct async_process *process = calloc(1, sizeof *process);

	if (process)
		process->processes = loop_list(&processes_key, processes_end);
	if (!process || !process->processes) {
		async_fail(-ENOMEM, "no memory for a process");
		free(process);
		return NULL;
	}
	process->loop = loop_current;
	process->pidfd = -1;
	process->own_group = !options->keep_group;
	process->kill_seconds = options->kill_seconds > 0 ? options->kill_seconds : KILL_SECONDS;
	process->pipe_seconds = options->pipe_seconds > 0 ? options->pipe_seconds : PIPE_SECONDS;
	process->output_limit = options->output_limit ? options->output_limit : OUTPUT_LIMIT;
	list_append(process->processes, &process->link);
	return process;
}

/* It runs and cannot be watched: it must go before anyone has seen it. */
static void end_unwatched(const struct async_process *process)
{
	kill(process->own_group ? -process->pid : process->pid, SIGKILL);
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

async_process *async_process_start(const async_process_options *options, const char *const argv[])
{
	static const async_process_options defaults;
	struct spawn how = { options ? options : &defaults, argv, { -1, -1, -1 }, false };
	struct async_process *process;
	int error;

	if (!argv || !argv[0]) {
		async_fail(-EINVAL, "async_process_start: no program named");
		return NULL;
	}
	process = process_new(how.options);
	if (!process)
		return NULL;
	how.own_group = process->own_group;
	error = open_all(process, how.options, how.fds);
	if (!error) {
		error = spawn(&how, &process->pid);
		if (error)
			async_fail(error, "cannot start %s", argv[0]);
	}
	close_theirs(how.options, how.fds);
	if (!error) {
		error = watch(process);
		if (error)
			end_unwatched(process);
	}
	if (!error)
		return process;
	process_free(process);
	return NULL;
}

async_process *async_shell_start(const async_process_options *options, const char *line)
{
	return async_process_start(options, ASYNC_ARGV("/bin/sh", "-c", line));
}

async_stream *async_process_in(const async_process *process)
{
	return process ? process->streams[0] : NULL;
}

async_stream *async_process_out(const async_process *process)
{
	return process ? process->streams[1] : NULL;
}

async_stream *async_process_err(const async_process *process)
{
	return process ? process->streams[2] : NULL;
}

pid_t async_process_pid(const async_process *process)
{
	return process ? process->pid : -1;
}

int async_process_code(const async_process *process)
{
	if (!process)
		return -EINVAL;
	return process->ended ? process->code : -EINPROGRESS;
}

int async_process_signal(const async_process *process)
{
	return process ? process->signo : 0;
}

int await_process_wait(async_process *process)
{
	static const struct wait_kind kind = { "await_process_wait", wait_cancel, NULL };
	struct async_task *self = task_self("await_process_wait");
	int64_t error = self->cancel_error;

	if (error || !process)
		return error ? (int)error : -EINVAL;
	while (!error && !process->ended)
		error = wait_or_cancel(&process->waiters, &kind, process);
	return error ? (int)error : process->code;
}

int async_process_kill(async_process *process, int signo)
{
	if (!process)
		return -EINVAL;
	if (reap(process)) /* its number may be another's by now */
		return 0;
	return kill(process->pid, signo) ?
		       async_fail(-errno, "signal %d to process %d", signo, (int)process->pid) :
		       0;
}

int async_process_kill_group(async_process *process, int signo)
{
	if (!process)
		return -EINVAL;
	if (!process->own_group)
		return async_process_kill(process, signo);
	/* The group's number stays taken as long as it has members. */
	if (!kill(-process->pid, signo) || errno == ESRCH)
		return 0;
	return async_fail(-errno, "signal %d to process group %d", signo, (int)process->pid);
}

int await_process_end_input(async_process *process)
{
	async_stream *stream = async_process_in(process);

	if (!stream)
		return 0;
	process->streams[0] = NULL;
	return await_stream_close(stream);
}

int await_process_close(async_process *process)
{
	int code;

	task_self("await_process_close");
	if (!process)
		return -EINVAL;
	process_end_group(process);
	code = process->code;
	process_free(process);
	return code;
}

void await_process_leave_(async_process **process)
{
	if (*process)
		await_process_close(*process);
}
