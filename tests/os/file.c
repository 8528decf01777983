/* SPDX-License-Identifier: MIT */
/* Calls on files. Without the ring's requests to files they go through the pool: on epoll. */
#define _GNU_SOURCE
#include <await.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

static char folder[] = "/tmp/libawait-file-XXXXXX";

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
}

static void end(void)
{
	CHECK(!rmdir(folder));
}

TEST_TASK(open_read_write, "X06")
{
	struct stat status;
	char data[16] = "";
	int fd;

	begin();
	fd = await_open(in("a"), O_RDWR | O_CREAT | O_EXCL, 0640);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(await_pwrite(fd, "hello", 5, 0), 5);
	CHECK_INT(await_pwrite(fd, "there", 5, 6), 5);
	CHECK_INT(await_pread(fd, data, sizeof data, 0), 11);
	CHECK(!memcmp(data, "hello\0there", 11));
	CHECK_INT(await_pread(fd, data, sizeof data, 11), 0);
	CHECK_INT(await_file_write(fd, "HE", 2), 2);
	CHECK_INT(await_file_read(fd, data, 3), 3);
	CHECK(!memcmp(data, "llo", 3));
	CHECK_INT(await_fsync(fd), 0);
	CHECK_INT(await_fdatasync(fd), 0);
	CHECK_INT(await_ftruncate(fd, 4), 0);
	CHECK_INT(await_fstat(fd, &status), 0);
	CHECK_INT(status.st_size, 4);
	CHECK_INT(status.st_mode & 07777, 0640);
	CHECK_INT(async_close(fd), 0);
	CHECK_INT(await_unlink(in("a")), 0);
	end();
}

/* A disk that is full after 100,000 bytes. */
static void fill_up_at(rlim_t bytes)
{
	const struct rlimit limit = { bytes, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What a write that was cut short left over must not be written over what came before. */
TEST_TASK(a_full_disk_loses_nothing_that_was_taken, "X06")
{
	static const int flags[] = { 0, O_APPEND };
	char *data = malloc(100000), *found;
	int fd;

	begin();
	memset(data, 'a', 100000);
	for (int i = 0; i < 2; i++) {
		fd = await_open(in("a"), O_WRONLY | O_CREAT | O_TRUNC | flags[i], 0600);
		fill_up_at(100000);
		CHECK_INT(await_file_write(fd, data, 65536), 65536);
		CHECK_INT(await_file_write(fd, data, 65536), 100000 - 65536);
		CHECK_INT(await_file_write(fd, "bbb", 3), -EFBIG);
		fill_up_at(RLIM_INFINITY);
		CHECK_INT(await_file_write(fd, "ccc", 3), 3);
		CHECK_INT(async_close(fd), 0);
		CHECK_INT(await_read_file(in("a"), &found, 0), 100003);
		CHECK(!memcmp(found, data, 100000));
		CHECK_STR(found + 100000, "ccc");
		free(found);
	}
	free(data);
	CHECK_INT(await_unlink(in("a")), 0);
	end();
}

static int write_some(void *arg)
{
	const int *fd = arg;

	for (int i = 0; i < 50; i++)
		CHECK_INT(await_file_write(*fd, "0123456789", 10), 10);
	return 0;
}

/* Each call takes its place in the file, also among tasks. */
TEST_TASK(writers_share_a_position, "X06")
{
	async_task *writers[4];
	struct stat status;
	int fd;

	begin();
	fd = await_open(in("a"), O_RDWR | O_CREAT, 0600);
	for (int i = 0; i < 4; i++)
		writers[i] = async_create_task(write_some, &fd);
	for (int i = 0; i < 4; i++)
		CHECK_INT(await_task(writers[i]), 0);
	CHECK_INT(await_fstat(fd, &status), 0);
	CHECK_INT(status.st_size, 4 * 50 * 10);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 4 * 50 * 10);
	async_close(fd);
	CHECK_INT(await_unlink(in("a")), 0);
	end();
}

TEST_WITH(files_without_a_loop, "X06", .in_thread = 1)
{
	char *data;

	begin();
	CHECK_INT(await_write_file(in("a"), "xyz", 3, 0600), 0);
	CHECK_INT(await_read_file(in("a"), &data, 0), 3);
	CHECK_STR(data, "xyz");
	free(data);
	CHECK_INT(await_unlink(in("a")), 0);
	end();
}

TEST_TASK(names_and_status, "X06")
{
	struct stat mine, theirs;
	struct statx more;

	begin();
	CHECK_INT(await_mkdir(in("d"), 0700), 0);
	CHECK_INT(await_mkdir(in("d"), 0700), -EEXIST);
	CHECK_TEXT_HAS(async_error(), "await_mkdir");
	CHECK_TEXT_HAS(async_error(), in("d"));
	CHECK_INT(await_write_file(in("d/a"), "abc", 3, 0600), 0);
	CHECK_INT(await_rename(in("d/a"), in("d/b")), 0);
	CHECK_INT(await_stat(in("d/a"), &mine), -ENOENT);
	CHECK_INT(await_stat(in("d/b"), &mine), 0);
	CHECK(!stat(in("d/b"), &theirs));
	CHECK(mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino);
	CHECK(mine.st_size == theirs.st_size && mine.st_mode == theirs.st_mode);
	CHECK(mine.st_mtim.tv_sec == theirs.st_mtim.tv_sec && mine.st_uid == theirs.st_uid);
	CHECK(mine.st_nlink == theirs.st_nlink && mine.st_blocks == theirs.st_blocks);
	CHECK(!symlink("b", in("d/link")));
	CHECK_INT(await_lstat(in("d/link"), &mine), 0);
	CHECK(S_ISLNK(mine.st_mode));
	CHECK_INT(await_statx(AT_FDCWD, in("d/link"), 0, STATX_SIZE, &more), 0);
	CHECK_INT(more.stx_size, 3);
	CHECK_INT(await_rmdir(in("d")), -ENOTEMPTY);
	CHECK_INT(await_unlink(in("d")), -EISDIR);
	CHECK_INT(await_unlink(in("d/link")), 0);
	CHECK_INT(await_unlink(in("d/b")), 0);
	CHECK_INT(await_rmdir(in("d")), 0);
	end();
}

TEST_TASK(failed_descriptors_and_arguments, "X06")
{
	struct stat status;
	char data[4];

	CHECK_INT(await_pread(-EMFILE, data, 4, 0), -EMFILE);
	CHECK_INT(await_fsync(-ENOENT), -ENOENT);
	CHECK_INT(await_fstat(-ENOENT, &status), -ENOENT);
	CHECK_INT(await_pread(0, data, 4, -1), -EINVAL);
	CHECK_INT(await_pread(899, data, 4, 0), -EBADF);
	CHECK_TEXT_HAS(async_error(), "descriptor 899");
	CHECK_INT(await_open("/nowhere/at all", O_RDONLY, 0), -ENOENT);
	CHECK_TEXT_HAS(async_error(), "await_open: /nowhere/at all");
	async_timeout (0) {
		CHECK_INT(await_open("/dev/null", O_RDONLY, 0), -ETIMEDOUT);
		CHECK_INT(await_unlink("/nowhere"), -ETIMEDOUT);
	}
}

/* ---- Several at once, and cancels ---- */

static int shared_fd;

static int read_block(void *arg)
{
	char data[512];
	int block = async_int(arg);

	for (int i = 0; i < 20; i++) {
		ssize_t n = await_pread(shared_fd, data, sizeof data, block * 512);

		if (n < 0)
			return (int)n;
		CHECK_INT(n, 512);
		CHECK_INT(data[7], 'a' + block);
	}
	return 0;
}

static void make_blocks(void)
{
	char data[512];

	shared_fd = await_open(in("blocks"), O_RDWR | O_CREAT, 0600);
	for (int i = 0; i < 8; i++) {
		memset(data, 'a' + i, sizeof data);
		CHECK_INT(await_pwrite(shared_fd, data, sizeof data, i * 512), 512);
	}
}

TEST_TASK(many_reads_of_one_file_at_once, "X06")
{
	AWAIT_GROUP(group);

	begin();
	make_blocks();
	for (int i = 0; i < 8; i++)
		async_spawn(&group, read_block, ASYNC_INT(i));
	CHECK_INT(await_group(&group), 0);
	async_close(shared_fd);
	CHECK_INT(await_unlink(in("blocks")), 0);
	end();
}

static int open_and_close(void *arg)
{
	(void)arg;
	for (;;) {
		int fd = await_open("/dev/null", O_RDONLY, 0);

		if (fd < 0)
			return fd;
		async_close(fd);
	}
}

/* The leak count of the harness is the check. */
TEST_TASK_WITH(cancelled_calls_lose_nothing, "X06 B08", .deadline = 30)
{
	begin();
	make_blocks();
	for (int i = 0; i < 40; i++) {
		AWAIT_GROUP(group);

		async_spawn(&group, open_and_close, NULL);
		async_spawn(&group, open_and_close, NULL);
		async_spawn(&group, read_block, ASYNC_INT(i % 8));
		await_sleep(i * 0.00002);
		async_group_cancel(&group);
		await_group(&group);
	}
	async_close(shared_fd);
	CHECK_INT(await_unlink(in("blocks")), 0);
	end();
}

/* ---- The pool ---- */

TEST_TASK_WITH(files_on_threads, "X06", .backends = BACKEND_EPOLL)
{
	struct stat status;

	async_file_pool()->threads = 1;
	CHECK_INT(await_stat("/", &status), 0);
	CHECK_INT(fault_count("pthread_create"), 1);
	CHECK_INT(await_pool_close(async_file_pool()), 0);
	CHECK_INT(await_stat("/", &status), -ESHUTDOWN);
}

TEST_TASK_WITH(no_thread_for_files, "X06", .backends = BACKEND_EPOLL)
{
	struct stat status;

	fault_inject("pthread_create", 1, EAGAIN);
	CHECK_INT(await_stat("/", &status), -EAGAIN);
	CHECK_TEXT_HAS(async_error(), "pool files: not one thread");
}

/* A kernel that does not say what it knows: everything goes to the pool. */
TEST_TASK_WITH(ring_without_files, "X06", .backends = BACKEND_URING)
{
	struct stat status;

	fault_inject("io_uring_register", 1, EINVAL);
	CHECK_INT(await_stat("/", &status), 0);
	CHECK_INT(fault_count("pthread_create"), 1);
}

TEST_TASK_WITH(ring_needs_no_thread, "X06", .backends = BACKEND_URING)
{
	char *data;

	begin();
	CHECK_INT(await_write_file(in("a"), "xyz", 3, 0600), 0);
	CHECK_INT(await_read_file(in("a"), &data, 0), 3);
	free(data);
	CHECK_INT(await_unlink(in("a")), 0);
	CHECK_INT(fault_count("pthread_create"), 0);
	end();
}
