/* SPDX-License-Identifier: MIT */
/* A child process, as the files of this directory see it. */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include <await/loop.h>
#include <await/process.h>
#include "core/loop.h"

enum { CODE_LOST = 255, CODE_SIGNAL = 128, OUTPUT_LIMIT = 16 * 1024 * 1024 };

struct async_process {
	struct async_loop *loop;
	pid_t pid;
	int pidfd;
	bool own_group, ended;
	int code, signo;
	async_stream *streams[3]; /* ours, by the child's descriptor */
	struct async_watcher watcher;
	struct async_waiters_ waiters;
	double kill_seconds, pipe_seconds;
	size_t output_limit;
	size_t fed; /* of communicate's input */
	struct async_link_ link;
	struct async_waiters_ *processes; /* the loop's list */
};

/* What the child is made with. */
struct spawn {
	const async_process_options *options;
	const char *const *argv;
	int fds[3]; /* its standard descriptors; -1: ours */
	bool own_group;
};

/* spawn.c: 0 and the pid, or the error of whatever failed, up to execve; then no process is left. */
int spawn(const struct spawn *spawn, pid_t *pid);

/* ending.c: end the group, and wait until the child itself has ended. */
void process_end_group(struct async_process *process);

#endif
