/* SPDX-License-Identifier: MIT */
/* The input side: where bytes lie between their arrival and their reader. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stream/stream.h"

enum {
	OWN_BYTES = 4096
}; /* the first block of a stream's own: a line in pieces seldom is longer */

void input_release(struct async_stream *stream)
{
	struct input *input = &stream->input;

	if (input->lent)
		buffer_give(stream->loop, input->data);
	else
		free(input->data);
	*input = (struct input){ .data = NULL };
}

void input_undo(struct async_stream *stream, size_t size)
{
	stream->input.begin -= size;
	stream->input.scanned = 0;
}

/* Somebody reads already. */
__attribute__((cold)) static int refuse(const struct async_stream *stream,
					const struct async_task *self, const char *caller)
{
	if (stream->reader == self)
		return async_fail(-EBUSY, "%s: this task reads the stream already", caller);
	return async_fail(-EBUSY, "%s: task %s is already reading this stream; one at a time",
			  caller, async_task_name(stream->reader));
}

int input_begin(struct async_stream *stream, const char *caller)
{
	struct async_task *self = task_self(caller);
	int error = stream_check(stream, self);

	if (unlikely(error))
		return error;
	if (unlikely(stream->reader != NULL))
		return refuse(stream, self, caller);
	return unlikely(stream->closed) ? -EBADF : 0;
}

/* Move what is unread into a block of the stream's own with at least `more` bytes of room. */
static int own_memory(struct async_stream *stream, size_t more)
{
	struct input *input = &stream->input;
	size_t bytes = input_bytes(stream), room = OWN_BYTES;
	char *data;

	while (room < bytes + more)
		room *= 2;
	data = malloc(room);
	if (!data)
		return async_fail(-ENOMEM, "no memory for %zu bytes of input", room);
	memcpy(data, input->data + input->begin, bytes);
	if (input->lent)
		buffer_give(stream->loop, input->data);
	else
		free(input->data);
	input->data = data;
	input->begin = 0;
	input->end = bytes;
	input->room = room;
	input->lent = false;
	return 0;
}

/* Room behind what is unread, in the stream's own memory. */
static int make_room(struct async_stream *stream, size_t more)
{
	struct input *input = &stream->input;
	size_t bytes = input_bytes(stream);

	if (input->lent || input->room < bytes + more)
		return own_memory(stream, more);
	if (input->room - input->end < more) {
		memmove(input->data, input->data + input->begin, bytes);
		input->begin = 0;
		input->end = bytes;
	}
	return 0;
}

/* Nothing is unread: receive into a buffer of the loop's. */
static ssize_t receive(struct async_stream *stream)
{
	struct input *input = &stream->input;
	size_t begin = 0;
	char *data;
	ssize_t n;

	if (input->data)
		input_release(stream);
	stream->idle = !stream->begun;
	n = stream->transport->receive(stream, &data, &begin, !(stream->draining && stream->idle));
	stream->idle = false;
	if (likely(n > 0)) {
		input->data = data;
		input->begin = begin;
		input->end = begin + (size_t)n;
		input->room = LENT_BYTES;
		input->scanned = 0;
		input->lent = true;
	}
	return n;
}

/* For transports that only receive whole buffers. */
static ssize_t receive_and_copy(struct async_stream *stream)
{
	struct input *input = &stream->input;
	size_t begin = 0;
	char *data;
	ssize_t n = stream->transport->receive(stream, &data, &begin, true);
	int error;

	if (n <= 0)
		return n;
	error = make_room(stream, (size_t)n);
	if (!error) {
		memcpy(input->data + input->end, data + begin, (size_t)n);
		input->end += (size_t)n;
	}
	buffer_give(stream->loop, data);
	return error ? error : n;
}

static ssize_t fill(struct async_stream *stream, size_t more)
{
	struct input *input = &stream->input;
	ssize_t n;
	int error;

	if (likely(input->begin == input->end))
		return receive(stream);
	if (!stream->transport->read)
		return receive_and_copy(stream);
	error = make_room(stream, more ? more : 1);
	if (error)
		return error;
	n = stream->transport->read(stream, input->data + input->end, input->room - input->end);
	if (n > 0)
		input->end += (size_t)n;
	return n;
}

ssize_t input_ended(struct async_stream *stream, const struct async_task *self, ssize_t n)
{
	if (n == -ESHUTDOWN || (n == -EAGAIN && stream->draining))
		n = 0;
	if (!n)
		stream->eof = true;
	else if (n != self->cancel_error && n != -ENOMEM)
		stream->input_error = (int)n;
	return n;
}

ssize_t input_fill(struct async_stream *stream, size_t more)
{
	struct async_task *self = stream->loop->running;
	ssize_t n;

	if (stream->input_error)
		return async_fail(stream->input_error, "the stream has failed");
	if (stream->eof)
		return 0;
	stream_enter(stream);
	stream->reader = self;
	n = fill(stream, more);
	stream->reader = NULL;
	if (unlikely(n <= 0))
		n = input_ended(stream, self, n);
	return unlikely(stream_leave(stream)) ? -EBADF : n;
}
