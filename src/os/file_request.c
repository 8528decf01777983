/* SPDX-License-Identifier: MIT */
/* A request to a file on its way: into the backend, to a thread, or, in simulation, right here. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backend/posix.h"
#include "os/file_request.h"

static async_pool file_pool = ASYNC_POOL("files", 0);

async_pool *async_file_pool(void)
{
	return &file_pool;
}

static ssize_t transfer(const struct file_request *request)
{
	if (request->code == FILE_READ)
		return request->offset < 0 ?
			       read(request->fd, request->data, request->size) :
			       pread(request->fd, request->data, request->size, request->offset);
	return request->offset < 0 ?
		       write(request->fd, request->data, request->size) :
		       pwrite(request->fd, request->data, request->size, request->offset);
}

static int64_t call(const struct file_request *request)
{
	switch (request->code) {
	case FILE_OPEN:
		return openat(request->fd, request->path, request->flags, request->mode);
	case FILE_READ:
	case FILE_WRITE:
		return transfer(request);
	case FILE_SYNC:
		return request->flags ? fdatasync(request->fd) : fsync(request->fd);
	case FILE_STATX:
		return statx(request->fd, request->path, request->flags, request->mask,
			     request->statx);
	case FILE_RENAME:
		return rename(request->path, request->target);
	case FILE_UNLINK:
		return unlinkat(AT_FDCWD, request->path, request->flags);
	case FILE_MKDIR:
		return mkdir(request->path, request->mode);
	case FILE_TRUNCATE:
		return ftruncate(request->fd, request->offset);
	case FILE_LIST:
		return syscall(SYS_getdents64, request->fd, request->data, request->size);
	default:
		return copy_file_range(request->from, NULL, request->fd, NULL, request->size, 0);
	}
}

static long perform(void *arg)
{
	int64_t result;

	do
		result = call(arg);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : result;
}

/* The kernel may be using the caller's memory: the wait ends when it has told. */
static void request_cancel(struct wait *wait, int error)
{
	struct file_request *request = container_of(wait, struct file_request, wait);
	struct async_loop *loop = wait->task->loop;

	if (!request->cancel_error)
		loop->backend->file_cancel(loop, request);
	request->cancel_error = error;
}

static void describe_request(const struct wait *wait, char *text, size_t size)
{
	const struct file_request *request = container_of(wait, struct file_request, wait);

	if (request->path && *request->path)
		snprintf(text, size, "%s", request->path);
	else
		snprintf(text, size, "descriptor %d", request->fd);
}

/* The pool's own failures come with a text: then *told. */
static int64_t run_on_thread(struct file_request *request, const char *caller, bool *told)
{
	const async_job_options options = { .pool = &file_pool };
	long result = 0;
	int error = await_thread_with_(&options, perform, request, &result, caller);

	*told = error != 0;
	return error ? error : result;
}

static int64_t run(struct async_task *self, struct file_request *request, const char *caller,
		   bool *told)
{
	static const struct wait_kind file_kind = { "a file", request_cancel, describe_request };
	struct async_loop *loop = self->loop;
	int64_t result;

	if (loop->backend->virtual_clock) {
		/* Others have their turn, as they would have while the disk works. */
		task_yield(self);
		return self->cancel_error ? self->cancel_error : perform(request);
	}
	if (loop->backend->file && !loop->backend->file(loop, request)) {
		request->wait.task = self;
		request->wait.kind = &file_kind;
		loop->operations++;
		result = task_suspend(&request->wait);
		loop->operations--;
		if (request->cancel_error && (result == -ECANCELED || result == -EINTR))
			result = request->cancel_error;
		return result;
	}
	return run_on_thread(request, caller, told);
}

int64_t file_run(struct file_request *request, const char *caller)
{
	struct async_task *self = task_self(caller);
	char what[160];
	bool told = false;
	int64_t result;

	if (self->cancel_error)
		return self->cancel_error;
	if (request->fd < 0 && request->fd != AT_FDCWD)
		return request->fd;
	request->cancel_error = 0;
	do
		result = run(self, request, caller, &told);
	while (result == -EINTR); /* the kernel's own affairs */
	if (result < 0 && !told && result != self->cancel_error) {
		request->wait.task = self;
		describe_request(&request->wait, what, sizeof what);
		async_fail((int)result, "%s: %s", caller, what);
	}
	if (request->code == FILE_OPEN && result >= 0 && !self->loop->backend->virtual_clock)
		descriptor_born(&((struct posix_state *)self->loop->backend_state)->descriptors,
				(int)result, 0);
	return result;
}
