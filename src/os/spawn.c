/* SPDX-License-Identifier: MIT */
/*
 * Starting a program. The child is made by vfork(2): it borrows our memory and stack until it runs
 * its program, and so costs the same however large we are. All signals are blocked meanwhile, since
 * a handler would run on borrowed memory; and what the child calls allocates nothing.
 *
 * The number of what failed comes back through a pipe that execve closes, not through the borrowed
 * memory, so that it also works where vfork is a plain fork (emulators).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/process.h"

enum { FIRST_OTHER = 3, DESCRIPTORS_MAX = 1 << 16 };
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* The rest of these functions run in the child: they return 0, or -1 with errno. */

/* Above the standard numbers first, so that none of them is overwritten before it was used. */
static int set_standard(const struct spawn *spawn)
{
	int fds[3];

	for (int i = 0; i < 3; i++) {
		fds[i] = spawn->fds[i];
		if (fds[i] >= 0 && fds[i] < FIRST_OTHER)
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_OTHER);
		if (spawn->fds[i] >= 0 && fds[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && dup2(fds[i], i) < 0)
			return -1;
	return 0;
}

static int set_descriptors(const struct spawn *spawn)
{
	const async_process_options *options = spawn->options;

	if (set_standard(spawn))
		return -1;
	if (syscall(SYS_close_range, FIRST_OTHER, UINT_MAX, CLOSE_RANGE_CLOEXEC))
		for (int fd = FIRST_OTHER; fd < DESCRIPTORS_MAX; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < options->pass_fd_count; i++)
		if (fcntl(options->pass_fds[i], F_SETFD, 0))
			return -1;
	return 0;
}

static int set_identity(const async_process_options *options)
{
	if (options->gid && (setgroups(0, NULL) || setgid(*options->gid)))
		return -1;
	if (options->uid && setuid(*options->uid))
		return -1;
	if (options->umask)
		umask(*options->umask);
	return options->cwd && chdir(options->cwd) ? -1 : 0;
}

/* Handlers end with execve; what is ignored would stay so. */
static void reset_signals(const sigset_t *mask)
{
	struct sigaction action = { .sa_handler = SIG_DFL }, now;

	for (int signo = 1; signo < NSIG; signo++)
		if (!sigaction(signo, NULL, &now) && now.sa_handler != SIG_DFL &&
		    (now.sa_handler != SIG_IGN || signo == SIGPIPE))
			sigaction(signo, &action, NULL);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static _Noreturn void child(const struct spawn *spawn, const sigset_t *mask, int error_pipe)
{
	int error;

	if (spawn->options->new_session ? setsid() < 0 : spawn->own_group && setpgid(0, 0))
		goto failed;
	if (set_descriptors(spawn) || set_identity(spawn->options))
		goto failed;
	reset_signals(mask);
	if (spawn->options->env)
		execvpe(spawn->argv[0], (char *const *)spawn->argv,
			(char *const *)spawn->options->env);
	else
		execvp(spawn->argv[0], (char *const *)spawn->argv);
failed:
	error = errno;
	while (write(error_pipe, &error, sizeof error) < 0 && errno == EINTR)
		continue;
	_exit(127);
}

/* A frame of its own: nothing of the caller's may change in the child. */
__attribute__((noinline)) static pid_t start(const struct spawn *spawn, int error_pipe)
{
	sigset_t all, mask;
	pid_t pid;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	pid = vfork();
	if (!pid)
		child(spawn, &mask, error_pipe);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return pid < 0 ? -error : pid;
}

int spawn(const struct spawn *spawn, pid_t *pid)
{
	int error = 0, ends[2], status;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	/* Out of the way of the standard numbers. */
	if (ends[1] < FIRST_OTHER) {
		int high = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_OTHER);

		error = high < 0 ? -errno : 0;
		close(ends[1]);
		ends[1] = high;
	}
	*pid = error ? error : start(spawn, ends[1]);
	if (ends[1] >= 0)
		close(ends[1]);
	if (*pid < 0) {
		close(ends[0]);
		return *pid;
	}
	do
		n = read(ends[0], &error, sizeof error);
	while (n < 0 && errno == EINTR);
	close(ends[0]);
	if (n != sizeof error)
		return 0;
	while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return -error;
}
