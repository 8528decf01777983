/* SPDX-License-Identifier: MIT */
/* Where the body of one fetch goes: see sink.h. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "descriptor.h"
#include "sink.h"

/*
 * Bodies come at the same time, but standard output takes one after the other. Up to so much of
 * each is kept in memory; a longer one waits for its turn with the rest still at its server.
 */
enum { HELD_BYTES = 256 << 10 };

/* ---- What fetches share ---- */

int outlet_open(struct outlet *outlet, const struct options *options)
{
	struct stat status;

	*outlet = (struct outlet){ .kind = options->sink,
				   .directory = options->directory,
				   .turn = ASYNC_LOCK };
	if (outlet->kind == SINK_STDOUT) {
		outlet->standard = descriptor_stream(1, NULL);
		return outlet->standard ? 0 : async_error_code();
	}
	if (outlet->kind == SINK_NOTHING)
		return 0;
	if (mkdir(outlet->directory, 0777) && errno != EEXIST)
		return async_fail(-errno, "cannot make the directory %s", outlet->directory);
	if (stat(outlet->directory, &status))
		return async_fail(-errno, "%s", outlet->directory);
	if (!S_ISDIR(status.st_mode))
		return async_fail(-ENOTDIR, "%s", outlet->directory);
	if (access(outlet->directory, W_OK | X_OK))
		return async_fail(-errno, "cannot write to the directory %s", outlet->directory);
	return 0;
}

int await_outlet_close(struct outlet *outlet, bool ended)
{
	int error = 0;

	if (outlet->standard)
		error = await_descriptor_close(outlet->standard, STDOUT_FILENO, ended);
	outlet->standard = NULL;
	return error ? async_fail(error, "standard output") : 0;
}

void sink_begin(struct sink *sink, struct outlet *outlet, async_scope *limit)
{
	*sink = (struct sink){ .outlet = outlet, .limit = limit, .fd = -1 };
}

/* ---- Files ---- */

static int await_file_begin(struct sink *sink)
{
	static unsigned long count;

	if (sink->fd >= 0)
		return 0;
	/* One that was killed, in a container or on another machine, may have had our number. */
	do {
		free(sink->part);
		if (asprintf(&sink->part, "%s/.afetch-%d-%lu.part", sink->outlet->directory,
			     (int)getpid(), ++count) < 0) {
			sink->part = NULL;
			return async_fail(-ENOMEM, "no memory for a file's name");
		}
		sink->fd = await_open(sink->part, O_WRONLY | O_CREAT | O_EXCL, 0666);
	} while (sink->fd == -EEXIST);
	return sink->fd < 0 ? async_fail(sink->fd, "cannot make %s", sink->part) : 0;
}

static int await_file_add(struct sink *sink, const char *data, size_t size)
{
	int error = await_file_begin(sink);

	while (!error && size) {
		ssize_t n = await_pwrite(sink->fd, data, size, sink->written);

		if (n <= 0)
			return async_fail(n ? (int)n : -EIO, "cannot write to %s", sink->part);
		data += n;
		size -= (size_t)n;
		sink->written += n;
	}
	return error;
}

static int await_file_finish(struct sink *sink, const char *name)
{
	int error = await_file_begin(sink);
	char *path;

	if (error)
		return error;
	/* Network file systems tell of a full disk only now. */
	error = async_close(sink->fd);
	sink->fd = -1;
	if (error)
		return async_fail(error, "cannot write to %s", sink->part);
	if (asprintf(&path, "%s/%s", sink->outlet->directory, name) < 0)
		return async_fail(-ENOMEM, "no memory for a file's name");
	error = await_rename(sink->part, path);
	if (error) {
		async_fail(error, "cannot make %s", path);
	} else {
		free(sink->part);
		sink->part = NULL;
	}
	free(path);
	return error;
}

/* ---- Standard output ---- */

static int await_out(struct sink *sink, const char *data, size_t size)
{
	ssize_t n = 0;

	if (!sink->writing) {
		n = await_lock(&sink->outlet->turn);
		if (n)
			return (int)n;
		sink->writing = true;
		if (sink->held_size)
			n = await_stream_write(sink->outlet->standard, sink->held, sink->held_size);
	}
	if (n >= 0 && size)
		n = await_stream_write(sink->outlet->standard, data, size);
	return n < 0 ? async_fail((int)n, "standard output") : 0;
}

static int hold(struct sink *sink, const char *data, size_t size)
{
	size_t room = sink->held_room ? sink->held_room : 4096;
	char *larger = sink->held;

	while (room < sink->held_size + size)
		room *= 2;
	if (room > sink->held_room)
		larger = realloc(sink->held, room);
	if (!larger)
		return async_fail(-ENOMEM, "no memory for a body");
	sink->held = larger;
	sink->held_room = room;
	memcpy(sink->held + sink->held_size, data, size);
	sink->held_size += size;
	return 0;
}

/* ---- Any ---- */

int await_sink_write(struct sink *sink, const char *data, size_t size)
{
	double left = async_scope_deadline(sink->limit) - async_now();
	int error;

	if (sink->outlet->kind == SINK_NOTHING)
		return 0;
	if (sink->outlet->kind == SINK_STDOUT && !sink->writing &&
	    sink->held_size + size <= HELD_BYTES)
		return hold(sink, data, size);
	async_scope_reschedule(sink->limit, INFINITY);
	error = sink->outlet->kind == SINK_FILES ? await_file_add(sink, data, size) :
						   await_out(sink, data, size);
	async_scope_reschedule(sink->limit, left);
	return error;
}

int await_sink_finish(struct sink *sink, const char *name)
{
	if (sink->outlet->kind == SINK_NOTHING)
		return 0;
	async_scope_reschedule(sink->limit, INFINITY);
	if (sink->outlet->kind == SINK_FILES)
		return await_file_finish(sink, name);
	return sink->held_size || sink->writing ? await_out(sink, NULL, 0) : 0;
}

void sink_drop(struct sink *sink)
{
	if (sink->fd >= 0)
		async_close(sink->fd);
	/* Not in the background: whoever presses Ctrl-C shall find no half files. */
	if (sink->part)
		unlink(sink->part);
	if (sink->writing)
		async_unlock(&sink->outlet->turn);
	free(sink->part);
	free(sink->held);
	*sink = (struct sink){ .outlet = sink->outlet, .fd = -1 };
}
