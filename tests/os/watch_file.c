/* SPDX-License-Identifier: MIT */
/* The stream of changes to files. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "settle.h"

static char folder[] = "/tmp/libawait-watch-XXXXXX";
static async_file_watch *watch;
static async_file_change change;

static const char *in(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static void begin(void)
{
	CHECK(mkdtemp(folder) != NULL);
	watch = async_file_watch_open();
	CHECK(watch != NULL);
}

static void end(void)
{
	async_file_watch_close(watch);
	CHECK(!rmdir(folder));
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect(unsigned what, const char *path, const char *name)
{
	CHECK_INT(await_file_change(watch, &change), 0);
	CHECK_INT(change.what, what);
	CHECK_STR(change.path, path);
	CHECK_STR(change.name, name);
}

TEST_TASK_WITH(directory_tells_of_its_entries, "X21", .backends = REAL_BACKENDS)
{
	uint32_t pair;

	begin();
	CHECK_INT(async_file_watch_add(watch, folder, ASYNC_FILE_ALL & ~ASYNC_FILE_ATTRIBUTES), 0);
	append(in("a"), "x");
	expect(ASYNC_FILE_CREATED, folder, "a");
	CHECK(!change.is_directory);
	expect(ASYNC_FILE_MODIFIED, folder, "a");
	expect(ASYNC_FILE_WRITTEN, folder, "a");
	CHECK(!rename(in("a"), in("b")));
	expect(ASYNC_FILE_MOVED_AWAY, folder, "a");
	pair = change.pair;
	expect(ASYNC_FILE_MOVED_HERE, folder, "b");
	CHECK(pair && pair == change.pair);
	CHECK(!mkdir(in("d"), 0700));
	expect(ASYNC_FILE_CREATED, folder, "d");
	CHECK(change.is_directory);
	CHECK(!rmdir(in("d")) && !unlink(in("b")));
	expect(ASYNC_FILE_DELETED, folder, "d");
	expect(ASYNC_FILE_DELETED, folder, "b");
	end();
}

static int append_later(void *path)
{
	int error = await_sleep(0.01);

	append(path, "y");
	return error;
}

TEST_TASK_WITH(change_wakes_who_waits, "X21", .backends = REAL_BACKENDS)
{
	char path[128];
	async_task *task;

	begin();
	snprintf(path, sizeof path, "%s", in("a"));
	append(path, "x");
	CHECK_INT(async_file_watch_add(watch, path, ASYNC_FILE_MODIFIED), 0);
	task = async_create_task(append_later, path);
	expect(ASYNC_FILE_MODIFIED, path, "");
	CHECK_INT(await_task(task), 0);
	/* A cancel loses nothing. */
	append(path, "z");
	async_timeout (0)
		CHECK_INT(await_file_change(watch, &change), -ETIMEDOUT);
	async_timeout (0.01)
		expect(ASYNC_FILE_MODIFIED, path, "");
	async_timeout (0.01)
		CHECK_INT(await_file_change(watch, &change), -ETIMEDOUT);
	CHECK(!unlink(path));
	end();
}

TEST_TASK_WITH(path_that_goes_is_told, "X21", .backends = REAL_BACKENDS)
{
	char removed[128], renamed[128];

	begin();
	snprintf(removed, sizeof removed, "%s", in("removed"));
	snprintf(renamed, sizeof renamed, "%s", in("renamed"));
	append(removed, "x");
	append(renamed, "x");
	CHECK_INT(async_file_watch_add(watch, removed, ASYNC_FILE_MODIFIED), 0);
	CHECK_INT(async_file_watch_add(watch, renamed, ASYNC_FILE_MODIFIED), 0);
	CHECK_INT(async_file_watch_add(watch, removed, ASYNC_FILE_MODIFIED), -EEXIST);
	CHECK(!unlink(removed));
	expect(ASYNC_FILE_GONE, removed, "");
	CHECK(!rename(renamed, in("new")));
	expect(ASYNC_FILE_GONE, renamed, "");
	/* The file that moved is not followed, and the path may be watched anew. */
	append(in("new"), "y");
	append(renamed, "x");
	CHECK_INT(async_file_watch_add(watch, renamed, ASYNC_FILE_MODIFIED), 0);
	append(renamed, "x");
	expect(ASYNC_FILE_MODIFIED, renamed, "");
	CHECK_INT(async_file_watch_remove(watch, renamed), 0);
	CHECK_INT(async_file_watch_remove(watch, renamed), -ENOENT);
	CHECK_TEXT_HAS(async_error(), "is not watched");
	append(renamed, "x");
	async_timeout (0.01)
		CHECK_INT(await_file_change(watch, &change), -ETIMEDOUT);
	CHECK(!unlink(renamed) && !unlink(in("new")));
	end();
}

enum { CHANGES = 20000 }; /* more than fs.inotify.max_queued_events, unless that was raised */

TEST_TASK_WITH(overflow_is_told, "X21", .backends = REAL_BACKENDS, .deadline = 30)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	int most = 0, told = 0, fd;

	if (!file || fscanf(file, "%d", &most) != 1 || most >= CHANGES)
		SKIP("fs.inotify.max_queued_events is unknown or large");
	fclose(file);
	begin();
	CHECK_INT(async_file_watch_add(watch, folder, ASYNC_FILE_MODIFIED), 0);
	append(in("a"), "x");
	append(in("b"), "x");
	/* Two files in turn: equal neighbours become one change. */
	fd = open(in("a"), O_WRONLY);
	for (int i = 0; i < CHANGES; i++) {
		int other = open(in("b"), O_WRONLY);

		CHECK_INT(write(fd, "x", 1), 1);
		CHECK_INT(write(other, "x", 1), 1);
		close(other);
	}
	close(fd);
	do {
		CHECK_INT(await_file_change(watch, &change), 0);
		told++;
	} while (change.what != ASYNC_FILE_OVERFLOW);
	CHECK(!change.path);
	CHECK(told <= most + 1);
	CHECK(!unlink(in("a")) && !unlink(in("b")));
	end();
}

static int wait_on_watch(void *arg)
{
	(void)arg;
	return await_file_change(watch, &change);
}

TEST_TASK_WITH(close_wakes_the_waiter, "X21", .backends = REAL_BACKENDS)
{
	async_task *task;

	begin();
	CHECK_INT(async_file_watch_add(watch, folder, ASYNC_FILE_CREATED), 0);
	task = async_create_task(wait_on_watch, NULL);
	settle();
	CHECK_INT(await_file_change(watch, &change), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "another task");
	end();
	CHECK_INT(await_task(task), -EBADF);
	async_file_watch_close(NULL);
}

TEST_TASK_WITH(watch_refuses_nonsense, "X21", .backends = REAL_BACKENDS)
{
	fault_inject("calloc", 1, ENOMEM);
	CHECK(!async_file_watch_open());
	fault_inject("inotify_init1", 1, EMFILE);
	CHECK(!async_file_watch_open());
	CHECK_TEXT_HAS(async_error(), "max_user_instances");
	begin();
	CHECK_INT(async_file_watch_add(watch, folder, 0), -EINVAL);
	CHECK_INT(async_file_watch_add(watch, folder, 1 << 20), -EINVAL);
	CHECK_INT(async_file_watch_add(watch, in("none"), ASYNC_FILE_ALL), -ENOENT);
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(async_file_watch_add(watch, folder, ASYNC_FILE_ALL), -ENOMEM);
	fault_inject("inotify_add_watch", 1, ENOSPC);
	CHECK_INT(async_file_watch_add(watch, folder, ASYNC_FILE_ALL), -ENOSPC);
	CHECK_TEXT_HAS(async_error(), "max_user_watches");
	end();
}

TEST_TASK_WITH(simulation_has_no_file_system, "X21", .backends = BACKEND_SIM)
{
	CHECK(!async_file_watch_open());
	CHECK_TEXT_HAS(async_error(), "simulation");
}
