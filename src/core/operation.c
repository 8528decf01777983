/* SPDX-License-Identifier: MIT */
/* Operations of tasks: begun, awaited, cancelled, completed. What they do is the backends'
 * business. */
#include <errno.h>
#include <stdio.h>
#include "core/loop.h"
#include "core/report.h"

const char *operation_name(const struct operation *operation)
{
	static const char *const names[OP_CODES] = {
		[OP_RECV] = "await_recv",	[OP_SEND] = "await_send",
		[OP_SENDALL] = "await_sendall", [OP_RECVMSG] = "await_recvmsg",
		[OP_SENDMSG] = "await_sendmsg", [OP_ACCEPT] = "await_accept",
		[OP_CONNECT] = "await_connect", [OP_READ] = "await_read",
		[OP_WRITE] = "await_write",	[OP_READV] = "await_readv",
		[OP_WRITEV] = "await_writev",	[OP_POLL] = "await_poll",
		[OP_READABLE] = "await_recv",
	};

	return names[operation->code];
}

/* The backend completes it: with the cancel's error, or with what it got before. */
static void operation_cancel(struct wait *wait, int error)
{
	struct operation *operation = container_of(wait, struct operation, wait);

	operation->cancel_error = error;
	if (operation->cancelling)
		return;
	operation->cancelling = true;
	wait->task->loop->backend->cancel(wait->task->loop, operation, error);
}

static void describe_operation(const struct wait *wait, char *text, size_t size)
{
	const struct operation *operation = container_of(wait, struct operation, wait);

	snprintf(text, size, "descriptor %d (%s)", operation->fd, operation_name(operation));
}

const struct wait_kind operation_kind = { "input/output", operation_cancel, describe_operation };

int64_t operation_failed(struct async_task *task, const struct operation *operation, int64_t result)
{
	/* These two come with a text of their own, unless they are the kernel's. */
	if ((result == -EBUSY || result == -ENOMEM) && !task->failed_error &&
	    task->error_code == result)
		return result;
	task->failed_error = (int)result;
	task->failed_fd = operation->fd;
	task->failed_code = operation->code;
	return result;
}

int64_t operation_run(struct async_task *self, struct operation *operation)
{
	struct async_loop *loop = self->loop;
	int64_t result = loop->backend->start(loop, operation);

	if (result == OPERATION_STARTED)
		return task_suspend(&operation->wait);
	operation->begun = false;
	return unlikely(result < 0) ? operation_failed(self, operation, result) : result;
}

int64_t recv_plainly(struct async_loop *loop, struct operation *operation)
{
	(void)loop;
	return operation_run(operation->wait.task, operation);
}

int64_t lend_plainly(struct async_loop *loop, struct operation *operation)
{
	struct async_task *self = operation->wait.task;
	uint8_t code = operation->code;
	int64_t n;

	operation->code = OP_POLL;
	operation->events = POLLIN;
	n = operation_run(self, operation);
	operation->code = code;
	if (n < 0)
		return n;
	operation->data = buffer_take(loop);
	operation->size = LENT_BYTES;
	if (!operation->data)
		return async_fail(-ENOMEM, "no memory for a buffer of %d bytes", LENT_BYTES);
	n = operation_run(self, operation);
	if (n <= 0)
		buffer_give(loop, operation->data);
	return n;
}

int64_t sendall_plainly(struct async_loop *loop, struct operation *operation)
{
	(void)loop;
	operation->code = OP_SENDALL;
	operation->direction = DIRECTION_WRITE;
	return operation_run(operation->wait.task, operation);
}

void operation_complete(struct async_loop *loop, struct operation *operation, int64_t result)
{
	struct async_task *task = operation->wait.task;

	loop->operations--;
	if (operation->cancelling && result == -ECANCELED)
		result = operation->cancel_error;
	operation->cancelling = operation->begun = operation->polling = false;
	if (!task) {
		operation->completed(operation, result);
		return;
	}
	if (result < 0)
		operation_failed(task, operation, result);
	wait_trigger(&operation->wait, result);
}
