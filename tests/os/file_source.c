/* SPDX-License-Identifier: MIT */
/* Files as sources. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await.h>
#include "harness.h"
#include "fault.h"

static int make_file(size_t size)
{
	char path[] = "/tmp/await-source-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	CHECK_INT(ftruncate(fd, (off_t)size), 0);
	CHECK_INT(pwrite(fd, "begin", 5, 0), 5);
	return fd;
}

static int64_t drain(const async_source *source)
{
	const char *data;
	int64_t sum = 0;
	ssize_t n;

	while ((n = source->await_next(source->arg, &data)) > 0)
		sum += n;
	return n < 0 ? n : sum;
}

TEST_TASK(a_file_is_read_in_pieces_and_again, "H10 X13")
{
	int fd = make_file(200000);
	async_file_source file;
	async_source source = async_source_file(&file, fd, 3, 150000);
	const char *data;

	CHECK(source.sized && source.size == 150000);
	CHECK_INT(drain(&source), 150000);
	CHECK_INT(source.await_rewind(source.arg), 0);
	CHECK(source.await_next(source.arg, &data) >= 2);
	CHECK(!memcmp(data, "in", 2));
	async_file_source_end(&file);
	close(fd);
}

TEST_TASK(a_file_that_is_shorter_is_told, "H10 H20")
{
	int fd = make_file(100);
	async_file_source file;
	async_source source = async_source_file(&file, fd, 0, 150);

	CHECK_INT(drain(&source), -ENODATA);
	CHECK_TEXT_HAS(async_error(), "50 bytes before the 150");
	source.await_rewind(source.arg);
	async_file_source_end(&file);
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(drain(&source), -ENOMEM);
	async_file_source_end(&file);
	close(fd);
}
