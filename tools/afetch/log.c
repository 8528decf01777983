/* SPDX-License-Identifier: MIT */
/* The log: see log.h. A stream gathers lines that are finished in one turn of the loop, and holds
 * up those who write when a pipe is not read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "descriptor.h"
#include "log.h"

/* For a reader of the log that does not read when the run is ended by a signal. */
static const double PATIENCE_SECONDS = 3;

/* Between looks at a FIFO that nobody reads yet. */
static const double READER_SECONDS = 0.1;

static const char STANDARD[] = "on standard output";

enum { LOG_BUFFERED_BYTES = 256 << 10 };

/* Where locks are not to be had, as on some network file systems, it goes without. */
static int take_file(const struct options *options, int fd, struct done_set *done)
{
	const char *path = options->log;
	struct stat status;
	off_t end;
	int error;

	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return async_fail(-EBUSY, "another afetch writes to the log %s", path);
	if (fstat(fd, &status))
		return async_fail(-errno, "the log %s", path);
	if (!options->resume)
		return status.st_size ? async_fail(-EEXIST,
						   "the log %s is there: --resume goes on with it;"
						   " else remove it",
						   path) :
					0;
	error = resume_read(done, fd, path, &end);
	if (!error && status.st_size > end && ftruncate(fd, end))
		error = async_fail(-errno, "cannot cut the log %s", path);
	return error;
}

static bool is_standard(const char *path)
{
	return !strcmp(path, "-");
}

int log_take(struct log *log, const struct options *options, struct done_set *done)
{
	int flags = (options->resume ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND | O_CLOEXEC, fd;
	const char *path = options->log;
	struct stat status;
	int error;

	if (!path || is_standard(path))
		return 0;
	if (!stat(path, &status) && !S_ISREG(status.st_mode))
		return options->resume ?
			       async_fail(-EINVAL,
					  "--resume reads the log, and %s is no regular file",
					  path) :
			       0;
	fd = open(path, flags, 0666);
	if (fd < 0)
		return async_fail(-errno, "cannot write the log %s", path);
	error = take_file(options, fd, done);
	if (error)
		close(fd);
	else
		log->fd = fd;
	return error;
}

/* Opening a FIFO that nobody reads would wait where Ctrl-C is not heard. */
static int await_open_other(const char *path, void (*waiting)(void *arg), void *arg)
{
	static const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	bool told = false;
	struct stat status;
	int fd, error;

	while ((fd = open(path, flags)) < 0 && errno == ENXIO && !stat(path, &status) &&
	       S_ISFIFO(status.st_mode)) {
		if (!told)
			waiting(arg);
		told = true;
		error = await_sleep(READER_SECONDS);
		if (error)
			return error;
	}
	return fd < 0 ? async_fail(-errno, "cannot write the log %s", path) : fd;
}

int await_log_open(struct log *log, const struct options *options, void (*waiting)(void *arg),
		   void *arg)
{
	async_stream_options marks = { .write_high = LOG_BUFFERED_BYTES };
	int fd = log->fd;

	log->path = options->log;
	log->fd = 0;
	if (!options->log)
		return 0;
	if (is_standard(options->log)) {
		log->path = STANDARD;
		log->stream = descriptor_stream(STDOUT_FILENO, &marks);
		return log->stream ? 0 : async_error_code();
	}
	if (!fd)
		fd = await_open_other(options->log, waiting, arg);
	if (fd < 0)
		return fd;
	log->stream = async_stream_open(fd, &marks);
	if (log->stream)
		return 0;
	async_close(fd);
	return async_fail(async_error_code(), "cannot write the log %s", options->log);
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

	if (log->fd)
		close(log->fd);
	log->stream = NULL;
	log->fd = 0;
	return error ? failed(log, error) : 0;
}
