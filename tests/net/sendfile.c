/* SPDX-License-Identifier: MIT */
/* Files through sockets: whole, in part, copied where the kernel will not, cancelled. */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

enum { FILE_BYTES = 300000 };

static int pair[2], file;
static char *content, *received;
static size_t got;

static int receive_all(void *arg)
{
	ssize_t n;

	(void)arg;
	while ((n = await_recv(pair[1], received + got, FILE_BYTES + 100 - got)) > 0)
		got += (size_t)n;
	return (int)n;
}

static void begin(void)
{
	char path[] = "/tmp/await-sendfile-XXXXXX";

	file = mkstemp(path);
	CHECK(file >= 0);
	unlink(path);
	content = malloc(FILE_BYTES);
	received = malloc(FILE_BYTES + 100);
	got = 0;
	for (int i = 0; i < FILE_BYTES; i++)
		content[i] = (char)(i * 31 + i / 251);
	CHECK_INT(write(file, content, FILE_BYTES), FILE_BYTES);
	CHECK_INT(lseek(file, 0, SEEK_SET), 0);
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void end(async_task *task, size_t from, size_t count)
{
	async_shutdown(pair[0], SHUT_WR);
	CHECK_INT(await_task(task), 0);
	CHECK_INT((long long)got, (long long)count);
	CHECK(!memcmp(received, content + from, count));
	async_close(pair[0]);
	async_close(pair[1]);
	close(file);
	free(content);
	free(received);
}

TEST_TASK(whole_file_from_its_position, "F06 N02")
{
	async_task *task;

	begin();
	task = async_create_task(receive_all, NULL);
	CHECK_INT(await_sendfile(pair[0], file, NULL, 0), FILE_BYTES);
	CHECK_INT(lseek(file, 0, SEEK_CUR), FILE_BYTES);
	end(task, 0, FILE_BYTES);
}

TEST_TASK(part_of_a_file, "F06")
{
	off_t offset = 1000;
	async_task *task;

	begin();
	task = async_create_task(receive_all, NULL);
	CHECK_INT(await_sendfile(pair[0], file, &offset, 200000), 200000);
	CHECK_INT(offset, 201000);
	CHECK_INT(lseek(file, 0, SEEK_CUR), 0);
	end(task, 1000, 200000);
}

TEST_TASK(more_than_there_is, "F06")
{
	off_t offset = FILE_BYTES - 10;
	async_task *task;

	begin();
	task = async_create_task(receive_all, NULL);
	CHECK_INT(await_sendfile(pair[0], file, &offset, 1000), 10);
	CHECK_INT(offset, FILE_BYTES);
	end(task, FILE_BYTES - 10, 10);
}

TEST_TASK(copied_when_the_kernel_refuses, "F06 N02")
{
	async_task *task;

	begin();
	task = async_create_task(receive_all, NULL);
	fault_inject("sendfile", 1, EINVAL);
	CHECK_INT(await_sendfile(pair[0], file, NULL, 0), FILE_BYTES);
	fault_clear();
	CHECK_INT(lseek(file, 0, SEEK_CUR), FILE_BYTES);
	end(task, 0, FILE_BYTES);
}

TEST_TASK(cancelled_send_leaves_the_position_after_what_was_sent, "F06 F07")
{
	async_task *task;
	ssize_t n = 0;
	off_t sent;

	begin();
	async_timeout (0.02)
		n = await_sendfile(pair[0], file, NULL, 0);
	CHECK_INT(n, -ETIMEDOUT);
	sent = lseek(file, 0, SEEK_CUR);
	CHECK(sent > 0 && sent < FILE_BYTES);
	task = async_create_task(receive_all, NULL);
	CHECK_INT(await_sendfile(pair[0], file, NULL, 0), FILE_BYTES - sent);
	end(task, 0, FILE_BYTES);
}

TEST_TASK(bad_descriptors, "F06")
{
	CHECK_INT(await_sendfile(-EMFILE, 0, NULL, 0), -EMFILE);
	CHECK_INT(await_sendfile(1, -ENOENT, NULL, 0), -ENOENT);
}
