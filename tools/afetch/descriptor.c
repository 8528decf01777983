/* SPDX-License-Identifier: MIT */
/* Standard input and output as streams: see descriptor.h. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "descriptor.h"

static const double PATIENCE_SECONDS = 3;

/* Open it once more. Not a socket; and not a file that is written in its middle, whose position a
 * copy shares and a new open file does not. */
static int open_again(int fd, int flags)
{
	struct stat status;
	char path[40];

	if (fstat(fd, &status) || S_ISSOCK(status.st_mode))
		return -1;
	if (S_ISREG(status.st_mode)) {
		if (flags == O_RDONLY || lseek(fd, 0, SEEK_CUR) != status.st_size)
			return -1;
		flags |= O_APPEND;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Opened once more it might be what it is not. */
static bool is_open_for(int fd, int flags)
{
	int mode = fcntl(fd, F_GETFL);

	return mode >= 0 && ((mode & O_ACCMODE) == O_RDWR || (mode & O_ACCMODE) == flags);
}

async_stream *descriptor_stream(int fd, const async_stream_options *options)
{
	const char *name = fd ? "standard output" : "standard input";
	int flags = fd ? O_WRONLY : O_RDONLY, own;
	async_stream *stream;

	if (!is_open_for(fd, flags)) {
		async_fail(-EBADF, "%s is closed", name);
		return NULL;
	}
	own = open_again(fd, flags);

	if (own < 0)
		own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0) {
		async_fail(-errno, "%s", name);
		return NULL;
	}
	stream = async_stream_open(own, options);
	if (!stream) {
		async_close(own);
		async_fail(async_error_code(), "%s", name);
	}
	return stream;
}

static int await_flush(async_stream *stream, double seconds)
{
	int error = 0;

	async_timeout (seconds) {
		error = await_stream_flush(stream);
	}
	return error;
}

int await_descriptor_close(async_stream *stream, int fd, bool ended)
{
	struct stat status;
	int error = await_flush(stream, ended ? PATIENCE_SECONDS : INFINITY), closed = 0;

	async_shield (PATIENCE_SECONDS) {
		if (error == -ECANCELED)
			error = await_stream_flush(stream);
		closed = await_stream_close(stream);
	}
	if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode))
		lseek(fd, 0, SEEK_END);
	return error ? error : closed;
}
