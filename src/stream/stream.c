/* SPDX-License-Identifier: MIT */
/* Streams are made, named and closed. Those left open are told of when their loop ends. */
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/report.h"
#include "core/sigpipe.h"
#include "net/address.h"
#include "stream/layer.h"
#include "stream/source.h"
#include "stream/stream.h"

enum { LIMIT_BYTES = 64 * 1024, HIGH_BYTES = 64 * 1024, CLOSE_SECONDS = 30 };

/* The open streams of a loop: a value of the loop's under this key. */
static const char streams_key;

static struct async_stream *stream_below(const struct async_stream *stream)
{
	return stream->layer ? &stream->layer->inner : NULL;
}

static const char *kind_name(const struct async_stream *stream)
{
	return stream->layer ? stream->layer->kind->name : stream->transport->name;
}

/* At the end of a loop. What its tasks left open is told, and closed. */
static void streams_end(void *list)
{
	struct async_waiters_ *streams = list;

	list_for_each (streams, link, following) {
		struct async_stream *stream = container_of(link, struct async_stream, link);

		loop_report(stream->loop, "left", 0, NULL,
			    "a stream (%s, descriptor %d) was never closed: it is closed now",
			    kind_name(stream), stream->fd);
		async_stream_abort(stream);
	}
	free(streams);
}

static int take_options(struct async_stream *stream, const async_stream_options *options)
{
	static const async_stream_options defaults;
	struct output *output = &stream->output;

	if (!options)
		options = &defaults;
	stream->limit = options->limit ? options->limit : LIMIT_BYTES;
	output->high = options->write_high	  ? options->write_high :
		       options->write_low * 4 > 0 ? options->write_low * 4 :
						    HIGH_BYTES;
	output->low = options->write_low ? options->write_low : output->high / 4;
	stream->close_seconds = options->close_seconds ? options->close_seconds : CLOSE_SECONDS;
	if (output->low > output->high)
		return async_fail(-EINVAL,
				  "stream option write_low (%zu) is above write_high (%zu)",
				  output->low, output->high);
	if (!(stream->close_seconds > 0))
		return async_fail(-EINVAL, "stream option close_seconds is %g: it must be positive",
				  stream->close_seconds);
	return 0;
}

int stream_init(struct async_stream *stream, const struct transport *transport,
		const async_stream_options *options)
{
	*stream = (struct async_stream){ .transport = transport, .fd = -1 };
	stream->loop = loop_of_thread();
	return stream->loop ? take_options(stream, options) : -ENOMEM;
}

int stream_init_socket(struct async_stream *stream, int fd, const async_stream_options *options)
{
	int error = stream_init(stream, &transport_socket, options);

	stream->fd = fd;
	stream->code_read = OP_RECV;
	stream->code_write = OP_SEND;
	return error;
}

struct async_stream *stream_new(const struct transport *transport,
				const async_stream_options *options)
{
	struct async_stream *stream = malloc(sizeof *stream);
	struct async_waiters_ *streams = stream ? loop_list(&streams_key, streams_end) : NULL;

	if (!streams || stream_init(stream, transport, options)) {
		if (!streams)
			async_fail(-ENOMEM, "no memory for a stream");
		free(stream);
		return NULL;
	}
	stream->streams = streams;
	list_append(streams, &stream->link);
	return stream;
}

void stream_free(struct async_stream *stream)
{
	input_release(stream);
	output_release(stream);
	if (stream->memory)
		memory_free(stream);
	if (stream->source)
		source_free(stream);
	if (stream->layer)
		layer_free(stream);
	free(stream->peer);
	free(stream->name);
	stream->peer = stream->name = NULL;
	if (stream->pinned)
		return;
	list_remove(stream->streams, &stream->link);
	free(stream);
}

/* What a descriptor is good for: 0 for a socket, 1 for what is read and written. */
static int kind_of(int fd)
{
	socklen_t length = sizeof(int);
	struct stat status;
	int type, error = async_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);

	if (!error && type == SOCK_STREAM)
		return 0;
	if (!error)
		return async_fail(-EINVAL,
				  "descriptor %d is a socket for datagrams: a stream needs one of"
				  " type SOCK_STREAM",
				  fd);
	if (fstat(fd, &status))
		return async_fail(-errno, "cannot make a stream of descriptor %d", fd);
	if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISREG(status.st_mode))
		return 1;
	return async_fail(-EINVAL,
			  "descriptor %d is neither a socket nor a pipe, a character device or a"
			  " regular file",
			  fd);
}

async_stream *async_stream_open(int fd, const async_stream_options *options)
{
	struct async_stream *stream;
	int kind = fd < 0 ? fd : kind_of(fd), on = 1;

	if (kind < 0)
		return NULL;
	stream = stream_new(kind ? &transport_pipe : &transport_socket, options);
	if (!stream)
		return NULL;
	stream->fd = fd;
	stream->code_read = kind ? OP_READ : OP_RECV;
	stream->code_write = kind ? OP_WRITE : OP_SEND;
	if (kind)
		sigpipe_ignore();
	else /* -EOPNOTSUPP on unix sockets, which wait for nobody anyway */
		async_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return stream;
}

void stream_close_now(struct async_stream *stream, bool abort)
{
	stream->closed = true;
	if (stream->output.sender && stream->output.writer == SENDER)
		output_release(stream);
	stream->transport->close(stream, abort);
	wait_wake_all(&stream->output.writers, -EBADF);
	wait_wake_all(&stream->output.drainers, -EBADF);
	wait_wake_all(&stream->output.flushers, -EBADF);
}

/* The last one to leave a closed stream frees it, unless somebody waits to do that. */
void stream_left(struct async_stream *stream)
{
	if (stream->users)
		return;
	if (stream->gone.first)
		wait_wake_all(&stream->gone, 0);
	else if (!stream->pinned)
		stream_free(stream);
}

static void wait_until_gone(struct async_stream *stream)
{
	static const struct wait_kind kind = { .name = "tasks to leave a closed stream" };

	async_shield (INFINITY)
		while (stream->users)
			wait_or_cancel(&stream->gone, &kind, stream);
}

/* Write out what is buffered; below a layer that has failed, its last words. */
static int flush_to_close(struct async_stream *stream)
{
	struct async_stream *from = stream;
	int error;

	while (from->output.error && from->layer)
		from = stream_below(from);
	stream_enter(stream);
	error = await_stream_flush(from);
	return stream_leave(stream) ? -EBADF : error;
}

/* 0 or why not all that was written arrives; -EBADF: somebody else closed the stream. */
static int close_gently(struct async_stream *stream, double seconds)
{
	int cancel_error = stream->loop->running->cancel_error, error = 0;
	bool is_busy = async_stream_buffered(stream) || stream->output.writer;

	/* Cancelled: nobody waits for the peer any more, but the stream is gone all the same. */
	if (cancel_error)
		return async_stream_buffered(stream) ? cancel_error : 0;
	if (is_busy)
		async_timeout (seconds)
			error = flush_to_close(stream);
	if (error == -ETIMEDOUT)
		async_fail(error,
			   "closing a stream: %zu bytes were not taken within %g s (stream"
			   " option `close_seconds`)",
			   async_stream_buffered(stream), seconds);
	return error || !stream->layer ? error : layer_part(stream);
}

/* What failed in the background has emptied the buffers; it is still to be told. */
static int lost_before(const struct async_stream *stream)
{
	while (stream && !stream->output.lost)
		stream = stream_below(stream);
	return stream ? stream->output.lost : 0;
}

int stream_close_with(struct async_stream *stream, double seconds)
{
	bool pinned = stream->pinned;
	int lost = lost_before(stream), error = 0;

	if (stream->closed) {
		/* A connection's, closed by its handler or under it. */
		wait_until_gone(stream);
		stream_free(stream);
		return 0;
	}
	error = close_gently(stream, seconds);
	if (error == -EBADF && !pinned)
		return error; /* closed by somebody else meanwhile: it may be gone */
	if (!stream->closed)
		stream_close_now(stream, error < 0);
	wait_until_gone(stream);
	stream_free(stream);
	if (lost && !error)
		error = async_fail(lost, "closing a stream: what was written before was lost");
	return error;
}

int await_stream_close(async_stream *stream)
{
	task_self("await_stream_close");
	if (!stream)
		return -EINVAL;
	return stream_close_with(stream, stream->close_seconds);
}

static void close_at_once(struct async_stream *stream, bool abort)
{
	if (!stream || stream->closed)
		return;
	stream_close_now(stream, abort);
	if (!stream->users && !stream->pinned)
		stream_free(stream);
}

void async_stream_abort(async_stream *stream)
{
	close_at_once(stream, true);
}

void async_stream_drop(async_stream *stream)
{
	close_at_once(stream, false);
}

void stream_drain(struct async_stream *stream)
{
	struct wait *wait = stream->reader ? stream->reader->wait : NULL;

	for (struct async_stream *below = stream; below; below = stream_below(below))
		below->draining = true;
	if (stream->idle && wait)
		wait->kind->cancel(wait, -ESHUTDOWN);
}

void stream_drain_off(struct async_stream *stream)
{
	stream->eof = false;
	for (; stream; stream = stream_below(stream))
		stream->draining = false;
}

bool stream_is_idle(const struct async_stream *stream)
{
	return !stream->closed && !stream->users && !input_bytes(stream) && !stream->eof &&
	       !stream->output.chunks.bytes && !stream->output.writer &&
	       (!stream->layer || layer_is_idle(stream));
}

void stream_slim(struct async_stream *stream)
{
	for (; stream; stream = stream_below(stream)) {
		input_release(stream);
		output_release(stream);
		free(stream->peer);
		free(stream->name);
		stream->peer = stream->name = NULL;
	}
}

static const char *address_text(struct async_stream *stream, bool peer, char **text)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	char name[ADDRESS_BYTES];

	if (!stream)
		return "";
	if (*text)
		return *text;
	if (peer && stream->peer_address)
		*text = strdup(async_address_format(stream->peer_address, stream->peer_length, name,
						    sizeof name));
	if (*text)
		return *text;
	if (!stream->transport->address ||
	    stream->transport->address(stream, peer, (struct sockaddr *)&address, &length))
		return "";
	*text = strdup(
		async_address_format((struct sockaddr *)&address, length, name, sizeof name));
	return *text ? *text : "";
}

const char *async_stream_peer(async_stream *stream)
{
	return address_text(stream, true, &stream->peer);
}

const char *async_stream_name(async_stream *stream)
{
	return address_text(stream, false, &stream->name);
}

int async_stream_descriptor(const async_stream *stream)
{
	return stream ? stream->fd : -1;
}

const char *async_stream_fact(async_stream *stream, const char *name)
{
	if (!stream || !name)
		return NULL;
	if (!strcmp(name, "transport"))
		return kind_name(stream);
	if (!strcmp(name, "peername"))
		return async_stream_peer(stream);
	if (!strcmp(name, "sockname"))
		return async_stream_name(stream);
	if (stream->layer)
		return layer_fact(stream, name);
	return NULL;
}

void async_stream_set_limit(async_stream *stream, size_t limit)
{
	if (stream)
		stream->limit = limit ? limit : LIMIT_BYTES;
}

bool async_stream_is_ending(const async_stream *stream)
{
	return stream && stream->draining;
}

void *async_stream_user(const async_stream *stream)
{
	return stream ? stream->user : NULL;
}

void async_stream_set_user(async_stream *stream, void *user)
{
	if (stream)
		stream->user = user;
}
