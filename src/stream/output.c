/* SPDX-License-Identifier: MIT */
/*
 * The output side: pieces that wait to be sent, and the sender, which sends them in the background.
 *
 * One at a time writes: a task in await_stream_write, or the sender. Whoever ends hands over
 * (output_next): to the task that has waited longest, else to the sender if anything is buffered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "stream/layer.h"
#include "stream/stream.h"

static void wake_below_marks(struct output *output)
{
	if (output->drainers.first && output->chunks.bytes <= output->low)
		wait_wake_all(&output->drainers, 0);
	if (output->flushers.first && !output->chunks.bytes && !output->writer)
		wait_wake_all(&output->flushers, 0);
}

void output_took(struct async_stream *stream, size_t size)
{
	chunks_drop(stream->loop, &stream->output.chunks, size);
	wake_below_marks(&stream->output);
	if (stream->above && stream->output.chunks.bytes <= stream->output.low)
		layer_has_room(stream, 0);
}

void output_fail(struct async_stream *stream, int error)
{
	struct output *output = &stream->output;

	if (!output->error)
		output->error = error;
	if (!output->lost && output->chunks.bytes)
		output->lost = error;
	if (output->writer != SENDER)
		chunks_free(stream->loop, &output->chunks);
	wait_wake_all(&output->writers, error);
	wait_wake_all(&output->drainers, error);
	wait_wake_all(&output->flushers, error);
	if (stream->above)
		layer_has_room(stream, error);
}

static struct sender *sender_of(struct async_stream *stream)
{
	struct sender *sender = stream->output.sender;

	if (!sender) {
		sender = calloc(1, sizeof *sender);
		if (!sender) {
			async_fail(-ENOMEM, "no memory to send in the background");
			return NULL;
		}
		sender->stream = stream;
		stream->output.sender = sender;
	}
	return sender;
}

/* Send chunk after chunk, as long as that needs no waiting. */
static void send_chunks(struct async_stream *stream)
{
	struct output *output = &stream->output;

	output->writer = SENDER;
	while (output->chunks.first && output->writer == SENDER) {
		int64_t n = stream->transport->send(stream);

		if (n == OPERATION_STARTED)
			return;
		output->writer = NULL;
		if (n < 0) {
			output_fail(stream, (int)n);
			return;
		}
		output_took(stream, (size_t)n);
		output->writer = SENDER;
	}
	output->writer = NULL;
	output_next(stream);
}

void stream_sent(struct async_stream *stream, int64_t result)
{
	struct output *output = &stream->output;

	output->writer = NULL;
	if (result < 0) {
		output_fail(stream, (int)result);
		return;
	}
	output_took(stream, (size_t)result);
	if (output->writers.first)
		output_next(stream);
	else
		send_chunks(stream);
}

void output_next(struct async_stream *stream)
{
	struct output *output = &stream->output;
	struct async_link_ *first = output->writers.first;

	if (first) {
		/* It is the writer from now on, so that nobody gets in before it runs. */
		output->writer = container_of(first, struct wait, link)->task;
		wait_wake_first(&output->writers, 0);
		return;
	}
	if (output->chunks.bytes)
		output_kick(stream);
	else
		wake_below_marks(output);
}

void output_kick(struct async_stream *stream)
{
	if (stream->output.chunks.bytes && !output_is_busy(stream) && sender_of(stream))
		send_chunks(stream);
}

static void kick_now(void *arg)
{
	struct sender *sender = arg;

	if (sender->stream)
		output_kick(sender->stream);
}

int output_kick_soon(struct async_stream *stream)
{
	struct sender *sender = sender_of(stream);

	if (!sender)
		return -ENOMEM;
	async_call_soon(&sender->soon, kick_now, sender); /* -EBUSY: it is under way */
	return 0;
}

/* Background operations whose streams are gone, for the end of the loop to wait for. */
void sender_ended(struct sender *sender)
{
	sender->loop->orphans--;
	if (sender->orphan)
		buffer_give(sender->loop, (char *)sender->orphan);
	free(sender);
}

/* An operation under way keeps the piece that it works on, and ends by itself. */
static void sender_leave(struct async_stream *stream)
{
	struct sender *sender = stream->output.sender;

	async_handle_cancel(&sender->soon);
	stream->output.sender = NULL;
	sender->stream = NULL;
	if (stream->output.writer != SENDER || stream->memory || stream->layer) {
		free(sender);
		return;
	}
	sender->loop = stream->loop;
	sender->orphan = chunks_pop(&stream->output.chunks);
	stream->loop->orphans++;
	sender->operation.cancelling = true;
	stream->loop->backend->cancel(stream->loop, &sender->operation, -ECANCELED);
}

void output_release(struct async_stream *stream)
{
	if (stream->output.sender)
		sender_leave(stream);
	stream->output.writer = NULL;
	chunks_free(stream->loop, &stream->output.chunks);
}
