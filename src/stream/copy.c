/* SPDX-License-Identifier: MIT */
/* Files and streams into streams. */
#include <errno.h>
#include <unistd.h>
#include "stream/stream.h"

/* Memory has no descriptor to send to, and a pipe may be a blocking one. What was read and not
 * written goes back to the file. */
static ssize_t copy_file(struct async_stream *stream, int file, off_t *offset, size_t count)
{
	off_t at = offset ? *offset : lseek(file, 0, SEEK_CUR);
	char *buffer = buffer_take(stream->loop);
	size_t sent = 0;
	ssize_t n = 0;

	if (!buffer)
		return async_fail(-ENOMEM, "no memory for a buffer of %d bytes", LENT_BYTES);
	while (!count || sent < count) {
		struct iovec part = { buffer, LENT_BYTES };
		size_t done = 0;

		if (count && count - sent < LENT_BYTES)
			part.iov_len = count - sent;
		n = pread(file, buffer, part.iov_len, at + (off_t)sent);
		if (n < 0)
			n = async_fail(-errno, "await_stream_sendfile: reading descriptor %d",
				       file);
		if (n <= 0)
			break;
		part.iov_len = (size_t)n;
		n = stream->transport->write(stream, &part, 1, &done);
		sent += done;
		if (n < 0)
			break;
	}
	buffer_give(stream->loop, buffer);
	if (offset)
		*offset = at + (off_t)sent;
	else
		lseek(file, at + (off_t)sent, SEEK_SET);
	return n < 0 ? n : (ssize_t)sent;
}

/* As the writer. */
static ssize_t send_file(struct async_stream *stream, int file, off_t *offset, size_t count)
{
	int error = output_write_chunks(stream);

	if (error)
		return error;
	return stream->code_write == OP_SEND ? await_sendfile(stream->fd, file, offset, count) :
					       copy_file(stream, file, offset, count);
}

ssize_t await_stream_sendfile(async_stream *stream, int file, off_t *offset, size_t count)
{
	struct async_task *self = task_self("await_stream_sendfile");
	ssize_t n = stream_check(stream, self);

	if (n)
		return n;
	if (file < 0)
		return file;
	stream_enter(stream);
	stream->output.used = true;
	n = output_refused(stream);
	if (!n)
		n = output_take_turn(stream, self);
	if (!n) {
		n = send_file(stream, file, offset, count);
		if (!stream->closed) {
			stream->output.writer = NULL;
			if (n < 0 && (n == -EPIPE || n == -ECONNRESET))
				output_fail(stream, (int)n);
			output_next(stream);
		}
	}
	return stream_leave(stream) ? -EBADF : n;
}

ssize_t await_stream_copy(async_stream *to, async_stream *from)
{
	ssize_t copied = 0, n, written;
	const char *data;

	while ((n = await_stream_chunk(from, &data)) > 0) {
		written = await_stream_write(to, data, (size_t)n);
		if (written < 0) {
			input_undo(from, (size_t)n);
			return written;
		}
		copied += n;
	}
	return n < 0 ? n : copied;
}
