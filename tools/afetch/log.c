/* SPDX-License-Identifier: MIT */
/* The log: see log.h. A stream gathers lines that are finished in one turn of the loop, and holds
 * up those who write when a pipe is not read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "descriptor.h"
#include "log.h"

/* For a reader of the log that does not read when the run is ended by a signal. */
static const double PATIENCE_SECONDS = 3;

static const char STANDARD[] = "on standard output";

enum { LOG_BUFFERED_BYTES = 256 << 10 };

static int open_file(const struct options *options, off_t end)
{
	int fd = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	struct stat status;
	int error = 0;

	if (fd < 0)
		return async_fail(-errno, "cannot write the log %s", options->log);
	if (fstat(fd, &status))
		error = async_fail(-errno, "the log %s", options->log);
	else if (S_ISREG(status.st_mode) && options->resume && status.st_size > end &&
		 ftruncate(fd, end))
		error = async_fail(-errno, "cannot cut the log %s", options->log);
	else if (S_ISREG(status.st_mode) && status.st_size && !options->resume)
		error = async_fail(-EEXIST,
				   "the log %s is there: --resume goes on with it; else remove it",
				   options->log);
	if (!error)
		return fd;
	close(fd);
	return error;
}

int log_open(struct log *log, const struct options *options, off_t end)
{
	async_stream_options marks = { .write_high = LOG_BUFFERED_BYTES };
	int fd;

	*log = (struct log){ .path = options->log };
	if (!options->log)
		return 0;
	if (!strcmp(options->log, "-")) {
		log->path = STANDARD;
		log->stream = descriptor_stream(1, &marks);
		return log->stream ? 0 : async_error_code();
	}
	fd = open_file(options, end);
	if (fd < 0)
		return fd;
	log->stream = async_stream_open(fd, &marks);
	if (log->stream)
		return 0;
	close(fd);
	return async_error_code();
}

static int failed(const struct log *log, int error)
{
	return async_fail(error, "cannot write the log %s", log->path);
}

int await_log_write(struct log *log, const char *line, size_t size)
{
	ssize_t n;

	if (!log->stream)
		return 0;
	while ((n = async_stream_buffer(log->stream, line, size)) == -EAGAIN) {
		int error = await_stream_drain(log->stream);

		if (error == -ECANCELED)
			async_shield (PATIENCE_SECONDS) {
				error = await_stream_drain(log->stream);
			}
		if (error)
			return failed(log, error);
	}
	return n < 0 ? failed(log, (int)n) : 0;
}

int await_log_close(struct log *log, bool ended)
{
	int fd = log->path && !strcmp(log->path, STANDARD) ? STDOUT_FILENO : -1;
	int error = log->stream ? await_descriptor_close(log->stream, fd, ended) : 0;

	log->stream = NULL;
	return error ? failed(log, error) : 0;
}
