/* SPDX-License-Identifier: MIT */
/* Talking to a process: its input is fed and its output read at the same time, so that neither side
 * waits for the other. What was read lies with the caller at every moment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "os/process.h"

struct talk {
	struct async_process *process;
	const char *input;
	size_t size;
	async_process_output *output;
	struct async_group group; /* of those who feed and collect */
	int error;		  /* the first failure of one of them */
	const char *too_much;	  /* what ran over the limit, or NULL */
};

enum { FIRST_ROOM = 4096, PIECE_BYTES = 64 * 1024 };

/* One fails: the others need not go on. The caller's task puts it into words. */
static int give_up(struct talk *talk, int error)
{
	if (!talk->error && error != -ECANCELED)
		talk->error = error;
	async_group_cancel(&talk->group);
	return 0;
}

/* In pieces, so that a cancel knows how much went. A child that does not read is no failure. */
static int feed(void *arg)
{
	struct talk *talk = arg;
	struct async_process *process = talk->process;

	while (process->fed < talk->size && process->streams[0]) {
		size_t piece = talk->size - process->fed;
		ssize_t n;

		piece = piece < PIECE_BYTES ? piece : PIECE_BYTES;
		n = await_stream_write(process->streams[0], talk->input + process->fed, piece);
		if (n < 0 && n != -EPIPE)
			return give_up(talk, (int)n);
		process->fed += n < 0 ? talk->size - process->fed : piece;
	}
	await_process_end_input(process);
	return 0;
}

/* A block's room follows from how much it holds: a power of two. */
static size_t room_for(size_t size)
{
	size_t room = FIRST_ROOM;

	while (room < size + 1)
		room *= 2;
	return room;
}

static int keep(struct talk *talk, int which, const char *more, size_t n)
{
	char **data = which == 1 ? &talk->output->out : &talk->output->err;
	size_t *size = which == 1 ? &talk->output->out_size : &talk->output->err_size;
	size_t room = room_for(*size + n);

	if (n > talk->process->output_limit - *size) {
		talk->too_much = which == 1 ? "stdout" : "stderr";
		return -EMSGSIZE;
	}
	if (!*data || room != room_for(*size)) {
		char *grown = realloc(*data, room);

		if (!grown)
			return -ENOMEM;
		*data = grown;
	}
	memcpy(*data + *size, more, n);
	*size += n;
	(*data)[*size] = '\0';
	return 0;
}

static int collect(struct talk *talk, int which)
{
	struct async_process *process = talk->process;
	const char *chunk;
	ssize_t n;

	while ((n = await_stream_peek(process->streams[which], 1, &chunk)) > 0) {
		int error = keep(talk, which, chunk, (size_t)n);

		if (error)
			return give_up(talk, error);
		async_stream_consume(process->streams[which], (size_t)n);
	}
	return n ? give_up(talk, (int)n) : 0;
}

static int collect_out(void *arg)
{
	struct talk *talk = arg;

	return collect(talk, 1);
}

static int collect_err(void *arg)
{
	struct talk *talk = arg;

	return collect(talk, 2);
}

/* Once the child has ended, whoever else holds its pipes has pipe_seconds. */
static int limit_pipes(void *arg)
{
	struct talk *talk = arg;
	int error = await_process_wait(talk->process);

	if (error >= 0)
		error = await_sleep(talk->process->pipe_seconds);
	if (!error)
		async_group_cancel(&talk->group);
	return 0;
}

static int spawn_all(struct talk *talk)
{
	struct async_process *process = talk->process;
	int error = 0;

	if (process->streams[0])
		error = async_spawn(&talk->group, feed, talk);
	if (!error && process->streams[1])
		error = async_spawn(&talk->group, collect_out, talk);
	if (!error && process->streams[2])
		error = async_spawn(&talk->group, collect_err, talk);
	if (error)
		async_group_cancel(&talk->group);
	return error;
}

static int talk_all(struct talk *talk)
{
	async_task *limit;
	int error, ended;

	async_group_begin(&talk->group, ASYNC_ALL_OR_NOTHING);
	error = spawn_all(talk);
	limit = error ? NULL : async_create_task(limit_pipes, talk);
	if (!limit && !error) {
		async_group_cancel(&talk->group);
		error = -ENOMEM;
	}
	ended = await_group_end(&talk->group);
	if (limit) {
		async_task_cancel(limit);
		await_task(limit);
	}
	if (talk->too_much)
		return async_fail(-EMSGSIZE,
				  "process %d wrote more than %zu bytes to %s (process option"
				  " `output_limit`)",
				  (int)talk->process->pid, talk->process->output_limit,
				  talk->too_much);
	if (talk->error)
		return async_fail(talk->error, "talking to process %d", (int)talk->process->pid);
	return error ? error : ended;
}

int await_process_communicate(async_process *process, const void *input, size_t size,
			      async_process_output *output)
{
	struct async_task *self = task_self("await_process_communicate");
	async_process_output mine = { 0 };
	struct talk talk = { .process = process, .input = input, .size = size };
	int error = self->cancel_error;

	talk.output = output ? output : &mine;
	if (!error && !process)
		error = -EINVAL;
	if (!error && size && !process->streams[0] && !process->fed)
		error = async_fail(-EINVAL, "await_process_communicate: input for a process whose"
					    " option `in` is not ASYNC_PIPE");
	if (!error)
		error = talk_all(&talk);
	async_process_output_free(&mine);
	return error ? error : await_process_wait(process);
}

void async_process_output_free(async_process_output *output)
{
	free(output->out);
	free(output->err);
	*output = (async_process_output){ .out = NULL };
}

int await_process_run(const async_process_options *options, const char *const argv[],
		      const void *input, size_t size, async_process_output *output)
{
	struct async_task *self = task_self("await_process_run");
	async_process_options with_pipes = { 0 };
	struct async_process *process;
	int code;

	if (self->cancel_error)
		return self->cancel_error;
	if (options)
		with_pipes = *options;
	if (!with_pipes.in)
		with_pipes.in = size ? ASYNC_PIPE : ASYNC_DEVNULL;
	if (!with_pipes.out && output)
		with_pipes.out = ASYNC_PIPE;
	if (!with_pipes.err && output)
		with_pipes.err = ASYNC_PIPE;
	process = async_process_start(&with_pipes, argv);
	if (!process)
		return async_error_code();
	code = await_process_communicate(process, input, size, output);
	await_process_close(process);
	return code;
}
