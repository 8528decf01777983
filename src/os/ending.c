/* SPDX-License-Identifier: MIT */
/* The end of a process and of everything that it started: TERM, a while, KILL. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "os/process.h"

/* A stat file of /proc: "pid (name) state parent group ..."; the name may hold anything. */
static bool lives_in_group(const char *number, pid_t group)
{
	char path[64], text[512];
	const char *end;
	int fd, found;
	ssize_t n;
	char state;

	snprintf(path, sizeof path, "/proc/%.20s/stat", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (!end || end + 4 > text + n)
		return false;
	state = end[2];
	end = strchr(end + 4, ' ');
	found = end ? atoi(end + 1) : 0;
	return found == group && state != 'Z' && state != 'X';
}

/* Descendants whose parent does not reap them, as in containers without an init, keep the group's
 * number taken though nothing runs there any more. */
static bool any_lives(pid_t group)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	if (!folder)
		return true;
	while (!found && (entry = readdir(folder)))
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			lives_in_group(entry->d_name, group);
	closedir(folder);
	return found;
}

/* Whether somebody of the group runs, the child itself apart. */
static bool group_lives(const struct async_process *process)
{
	return process->own_group && !kill(-process->pid, 0) && any_lives(process->pid);
}

/* Descendants are no children of ours and cannot be waited for, only looked for,
 * less and less often. */
void process_end_group(struct async_process *process)
{
	double pause = 0.002;
	int error = 0;

	if (process->ended && !group_lives(process))
		return;
	async_process_kill_group(process, SIGTERM);
	async_process_kill_group(process, SIGCONT);
	async_shield (process->kill_seconds) {
		error = await_process_wait(process) < 0;
		for (; !error && group_lives(process); pause *= 1.5)
			error = await_sleep(pause);
	}
	if (!process->ended || group_lives(process))
		async_process_kill_group(process, SIGKILL);
	async_shield (INFINITY)
		await_process_wait(process);
}
