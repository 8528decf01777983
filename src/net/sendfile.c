/* SPDX-License-Identifier: MIT */
/* Files to sockets: sendfile(2), or copies where the kernel or the backend has none. */
#include <errno.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <await/net.h>
#include "core/loop.h"
#include "core/sigpipe.h"

enum {
	COPY_BYTES = 16 * 1024, /* fits a task's stack */
	CHUNK_BYTES = 1 << 30,	/* of one call: the others on this loop wait meanwhile */
};

/* Where to read, and how much of what was asked for is left. */
struct file_part {
	int file;
	off_t *offset;
	size_t left, sent;
	bool to_end;
};

static size_t chunk_of(const struct file_part *part, size_t most)
{
	return part->to_end || part->left > most ? most : part->left;
}

static void account(struct file_part *part, size_t n)
{
	part->sent += n;
	if (!part->to_end)
		part->left -= n;
}

static ssize_t read_part(const struct file_part *part, char *data, size_t size)
{
	ssize_t n = part->offset ? pread(part->file, data, size, *part->offset) :
				   read(part->file, data, size);

	return n < 0 ? -errno : n;
}

/* Read and send. What was read and could not be sent is given back to the file's position. */
static ssize_t copy_part(int fd, struct file_part *part)
{
	char data[COPY_BYTES];
	ssize_t n, sent = 0;

	while (part->to_end || part->left) {
		ssize_t done = 0;

		n = read_part(part, data, chunk_of(part, sizeof data));
		if (n <= 0)
			return n ? async_fail((int)n, "await_sendfile: reading descriptor %d",
					      part->file) :
				   0;
		for (; done < n; done += sent) {
			sent = await_send(fd, data + done, (size_t)(n - done));
			if (sent < 0)
				break;
		}
		if (part->offset)
			*part->offset += done;
		else if (done < n)
			lseek(part->file, done - n, SEEK_CUR);
		account(part, (size_t)done);
		if (sent < 0)
			return sent;
	}
	return 0;
}

static ssize_t kernel_part(int fd, struct file_part *part)
{
	struct async_task *self = loop_current->running;

	while (part->to_end || part->left) {
		ssize_t n = sendfile(fd, part->file, part->offset, chunk_of(part, CHUNK_BYTES));
		int events;

		if (n > 0) {
			account(part, (size_t)n);
			continue;
		}
		if (!n)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		events = await_poll(fd, POLLOUT);
		if (events < 0)
			return events;
		if (self->cancel_error)
			return self->cancel_error;
	}
	return 0;
}

ssize_t await_sendfile(int fd, int file, off_t *offset, size_t count)
{
	struct async_task *self = task_self("await_sendfile");
	struct file_part part = { .file = file, .offset = offset, .left = count, .to_end = !count };
	ssize_t error;

	if (self->cancel_error)
		return self->cancel_error;
	if (fd < 0)
		return fd;
	if (file < 0)
		return file;
	sigpipe_ignore();
	error = self->loop->backend->virtual_clock ? -EINVAL : kernel_part(fd, &part);
	if (error == -EINVAL || error == -ENOSYS)
		error = copy_part(fd, &part);
	return error ? error : (ssize_t)part.sent;
}
