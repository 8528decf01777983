/* SPDX-License-Identifier: MIT */
/* Files as a whole, and directories. */
#define _GNU_SOURCE
#include <await.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

static char folder[] = "/tmp/libawait-whole-XXXXXX";

static const char *in(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static int entries(const char *path)
{
	async_directory *directory = await_opendir(path);
	async_directory_entry entry;
	int n, count = 0;

	CHECK(directory != NULL);
	while ((n = await_readdir(directory, &entry)) > 0)
		count++;
	CHECK_INT(n, 0);
	CHECK_INT(await_readdir(directory, &entry), 0);
	async_directory_close(directory);
	return count;
}

TEST_TASK(read_file_knows_its_limit, "X06")
{
	char *data, *large = malloc(100000);

	CHECK(mkdtemp(folder) != NULL);
	memset(large, 'x', 100000);
	CHECK_INT(await_write_file(in("a"), large, 100000, 0600), 0);
	CHECK_INT(await_read_file(in("a"), &data, 0), 100000);
	CHECK(!memcmp(data, large, 100000));
	CHECK_INT(data[100000], 0);
	free(data);
	CHECK_INT(await_read_file(in("a"), &data, 100000), 100000);
	free(data);
	CHECK_INT(await_read_file(in("a"), &data, 99999), -EFBIG);
	CHECK(!data);
	CHECK_TEXT_HAS(async_error(), "limit of 99999 bytes");
	CHECK_INT(await_write_file(in("a"), "", 0, 0600), 0);
	CHECK_INT(await_read_file(in("a"), &data, 5), 0);
	CHECK_STR(data, "");
	free(data);
	/* A file that does not tell its size. */
	CHECK(await_read_file("/proc/self/status", &data, 0) > 100);
	free(data);
	CHECK_INT(await_read_file(in("none"), &data, 0), -ENOENT);
	CHECK(!data);
	CHECK_INT(await_read_file(folder, &data, 0), -EISDIR);
	CHECK_INT(await_unlink(in("a")), 0);
	free(large);
	rmdir(folder);
}

TEST_TASK(write_file_replaces_or_leaves_alone, "X06")
{
	char *data;

	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(await_write_file(in("a"), "old", 3, 0600), 0);
	CHECK_INT(await_write_file(in("a"), "new!", 4, 0600), 0);
	CHECK_INT(await_read_file(in("a"), &data, 0), 4);
	CHECK_STR(data, "new!");
	free(data);
	async_timeout (0)
		CHECK_INT(await_write_file(in("a"), "late", 4, 0600), -ETIMEDOUT);
	CHECK_INT(await_write_file(in("no/a"), "x", 1, 0600), -ENOENT);
	/* A rename that cannot be: nothing is left behind. */
	CHECK_INT(await_mkdir(in("d"), 0700), 0);
	CHECK_INT(await_write_file(in("d"), "x", 1, 0600), -EISDIR);
	CHECK_INT(entries(folder), 2);
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(await_write_file(in("a"), "x", 1, 0600), -ENOMEM);
	CHECK_INT(await_rmdir(in("d")), 0);
	CHECK_INT(await_unlink(in("a")), 0);
	rmdir(folder);
}

/* The simulation's writes go through libc, and nobody else's do meanwhile: they can be cut. */
TEST_TASK_WITH(short_and_failed_writes, "X06", .backends = BACKEND_SIM)
{
	char *data;

	CHECK(mkdtemp(folder) != NULL);
	fault_short("pwrite", 1, 3);
	CHECK_INT(await_write_file(in("a"), "abcdefgh", 8, 0600), 0);
	CHECK_INT(await_read_file(in("a"), &data, 0), 8);
	CHECK_STR(data, "abcdefgh");
	free(data);
	fault_inject("pwrite", 1, ENOSPC);
	CHECK_INT(await_write_file(in("a"), "x", 1, 0600), -ENOSPC);
	CHECK_INT(await_read_file(in("a"), &data, 0), 8);
	free(data);
	fault_inject("realloc", 1, ENOMEM);
	CHECK_INT(await_read_file(in("a"), &data, 0), -ENOMEM);
	CHECK_INT(await_unlink(in("a")), 0);
	CHECK_INT(entries(folder), 0);
	rmdir(folder);
}

TEST_TASK(copy_file, "X06")
{
	char *data, *large = malloc(3000000);

	CHECK(mkdtemp(folder) != NULL);
	memset(large, 'y', 3000000);
	CHECK_INT(await_write_file(in("a"), large, 3000000, 0600), 0);
	CHECK_INT(await_copy_file(in("a"), in("b"), 0600), 3000000);
	CHECK_INT(await_read_file(in("b"), &data, 0), 3000000);
	CHECK(!memcmp(data, large, 3000000));
	free(data);
	free(large);
	/* The kernel's files cannot be copied inside it. */
	CHECK(await_copy_file("/proc/self/status", in("b"), 0600) > 100);
	CHECK_INT(await_copy_file(in("none"), in("b"), 0600), -ENOENT);
	CHECK_INT(await_copy_file(in("a"), in("no/b"), 0600), -ENOENT);
	CHECK_INT(await_unlink(in("a")), 0);
	CHECK_INT(await_unlink(in("b")), 0);
	rmdir(folder);
}

/* ---- Directories ---- */

enum { FILES = 1500 }; /* more than one buffer */

TEST_TASK_WITH(directory_of_many, "X06", .deadline = 30)
{
	char name[32];

	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(entries(folder), 0);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "a-rather-long-name-%d", i);
		close(open(in(name), O_CREAT | O_WRONLY, 0600));
	}
	CHECK_INT(entries(folder), FILES);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "a-rather-long-name-%d", i);
		unlink(in(name));
	}
	rmdir(folder);
}

TEST_TASK(entries_have_names_and_types, "X06")
{
	async_directory_entry entry;
	async_directory *directory;
	struct stat status;

	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(await_mkdir(in("sub"), 0700), 0);
	directory = await_opendir(folder);
	CHECK(directory != NULL);
	CHECK_INT(await_readdir(directory, &entry), 1);
	CHECK_STR(entry.name, "sub");
	CHECK(entry.type == DT_DIR || entry.type == DT_UNKNOWN);
	CHECK_INT(await_stat(in("sub"), &status), 0);
	CHECK(entry.inode == status.st_ino);
	async_timeout (0)
		CHECK_INT(await_readdir(directory, &entry), -ETIMEDOUT);
	CHECK_INT(await_readdir(directory, &entry), 0);
	async_directory_close(directory);
	async_directory_close(NULL);
	CHECK(!await_opendir(in("none")));
	CHECK_TEXT_HAS(async_error(), "none");
	CHECK(!await_opendir("/dev/null"));
	fault_inject("malloc", 1, ENOMEM);
	CHECK(!await_opendir(folder));
	fault_clear();
	CHECK_INT(await_rmdir(in("sub")), 0);
	rmdir(folder);
}
