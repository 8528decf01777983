/* SPDX-License-Identifier: MIT */
/*
 * Work in a forked child. The child has a copy of everything, so nothing needs to be packed up to
 * go in; what comes out goes through shared memory. The parent waits on a pidfd, which every
 * backend can poll. The fork happens in a task of its own, with a stack of the size that a thread
 * would have: the child goes on with that.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <await/net.h>
#include <await/thread.h>
#include "core/report.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { CHILD_STACK_BYTES = 8 << 20 };

/* Shared with the child; the output follows. */
struct answer {
	long result;
	bool given;
	char error[ERROR_TEXT_BYTES];
	_Alignas(16) char output[];
};

struct fork_call {
	async_fork_fn *fn;
	void *arg;
	size_t size;
	const char *site;
	struct answer *answer;
};

_Noreturn static void child_main(const struct fork_call *call)
{
	struct answer *answer = call->answer;

	signal(SIGINT, SIG_IGN);
	thread_forget_error();
	answer->result = call->fn(call->arg, answer->output, call->size);
	if (answer->result < 0)
		snprintf(answer->error, sizeof answer->error, "%s", async_error());
	answer->given = true;
	_exit(0);
}

static int tell_death(const struct fork_call *call, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return async_fail(-EOWNERDEAD,
				  "await_fork: the child running %s ended with status %d",
				  call->site, info->si_status);
	return async_fail(-EOWNERDEAD, "await_fork: the child running %s was killed by SIG%s",
			  call->site, sigabbrev_np(info->si_status));
}

/* The child is waited for whatever happens: it ends by itself or by our kill. */
static int reap(pid_t pid, int pidfd, siginfo_t *info)
{
	int ready = await_poll(pidfd, POLLIN), error = 0;

	if (ready < 0) {
		kill(pid, SIGKILL);
		error = ready;
		async_shield (INFINITY)
			await_poll(pidfd, POLLIN);
	}
	while (waitid(P_PID, (id_t)pid, info, WEXITED) < 0)
		if (errno != EINTR)
			return async_fail(-errno, "await_fork: somebody else took the child's end");
	return error;
}

/* In the task with the large stack. */
static int fork_and_wait(void *arg)
{
	struct fork_call *call = arg;
	siginfo_t info = { 0 };
	int pidfd, error = async_cancelled();
	pid_t pid;

	if (error)
		return error;
	pid = fork();
	if (!pid)
		child_main(call);
	if (pid < 0)
		return async_fail(-errno, "await_fork: no child for %s", call->site);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		error = async_fail(-errno, "await_fork: no pidfd (Linux 5.3)");
		kill(pid, SIGKILL);
		waitid(P_PID, (id_t)pid, &info, WEXITED);
		return error;
	}
	error = reap(pid, pidfd, &info);
	async_close(pidfd);
	if (call->answer->given)
		return 0;
	return error ? error : tell_death(call, &info);
}

static int run_child(struct fork_call *call)
{
	const async_task_options options = { .stack_bytes = CHILD_STACK_BYTES };
	async_task *task = async_create_task_at_(fork_and_wait, call, &options, call->site);

	return task ? await_task(task) : -ENOMEM;
}

long await_fork_(async_fork_fn *fn, void *arg, void *output, size_t size, const char *site)
{
	struct async_task *self = task_self("await_fork");
	struct fork_call call = { .fn = fn, .arg = arg, .size = size, .site = site };
	size_t bytes = sizeof(struct answer) + size;
	long result;

	if (self->cancel_error)
		return self->cancel_error;
	if (self->loop->backend->virtual_clock)
		return async_fail(-ENOTSUP, "await_fork: a simulation has no processes");
	call.answer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (call.answer == MAP_FAILED)
		return async_fail(-ENOMEM, "await_fork: %zu bytes to share with the child", bytes);
	result = run_child(&call);
	if (result == -ECANCELED && self->cancel_error)
		result = self->cancel_error;
	if (!result) {
		result = call.answer->result;
		if (size)
			memcpy(output, call.answer->output, size);
		if (result < 0 && *call.answer->error)
			task_take_error(self, call.answer->error);
	}
	munmap(call.answer, bytes);
	return result;
}
