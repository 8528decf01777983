/* SPDX-License-Identifier: MIT */
/*
 * A stream: input and output buffers over a transport.
 *
 * Input lies in one block of memory. It is a buffer lent by the loop, received as a whole and given
 * back when all of it has been read; or, when a reader waits for the rest of something whose
 * beginning has arrived, a block of the stream's own that grows. A stream that waits with nothing
 * to read holds neither.
 *
 * Output goes from the writer's memory to the transport without a copy, one writer at a time. Only
 * what cannot wait is copied: into a list of lent buffers, which a `sender`, an operation without a
 * task, empties in the background. Who writes is `writer`: a task, or the sender.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <await/net.h>
#include <await/stream.h>
#include "core/loop.h"
#include "stream/chunks.h"

/* Input: data[begin..end) are unread. */
struct input {
	char *data; /* NULL: no memory held */
	size_t begin, end, room;
	size_t scanned; /* bytes behind begin that hold no newline */
	bool lent;	/* data is the loop's buffer */
};

/* What sends in the background; made when there is something to send for the first time. */
struct sender {
	struct operation operation;
	struct async_handle soon;
	struct async_stream *stream; /* NULL: it is gone, and the operation's end frees this */
	struct chunk *orphan;	     /* what the operation then still works on */
	struct async_loop *loop;
};

struct output {
	struct chunks chunks;
	size_t high, low;
	struct async_waiters_ writers, drainers, flushers;
	struct async_task *writer; /* who writes; SENDER in the background */
	struct sender *sender;
	int error; /* nothing can be written any more */
	int lost;  /* to what bytes were lost that had been taken; the close tells */
	bool used; /* something was written once */
	bool ended;
};

/* How long the peer of a connection that the server ends may take to see it. */
#define LINGER_SECONDS 0.5

/* Stands for the background in output.writer. */
#define SENDER ((struct async_task *)1)

struct memory_end;

/*
 * What a stream stands on. Functions that may suspend run in the calling task, and return what a
 * cancel returns. All but close may be told that nobody else uses the same direction.
 */
struct transport {
	const char *name;
	/* Receive into a buffer lent by the loop: at least 1 byte from *begin of *data on, or 0 at
	 * the end. `wait` false: -EAGAIN when there is nothing. */
	ssize_t (*receive)(struct async_stream *stream, char **data, size_t *begin, bool wait);
	/* The same into memory of the caller's. NULL: only receive. */
	ssize_t (*read)(struct async_stream *stream, void *data, size_t size);
	/* All of it; *done tells how much went, also on failure. 0 or an error. */
	int (*write)(struct async_stream *stream, const struct iovec *parts, int count,
		     size_t *done);
	/* Send some of the first chunk without a task: how much, an error, or OPERATION_STARTED:
	 * stream_sent() will be called. */
	int64_t (*send)(struct async_stream *stream);
	int (*end)(struct async_stream *stream);
	void (*close)(struct async_stream *stream, bool abort);
	int (*address)(struct async_stream *stream, bool peer, struct sockaddr *address,
		       socklen_t *length);
};

struct async_stream {
	const struct transport *transport;
	struct async_loop *loop;
	int fd;
	bool eof;      /* the transport has said so */
	bool draining; /* the end, as soon as nothing is there to be read */
	bool idle;     /* the reader waits in receive, for the beginning of something */
	bool begun;    /* the reader has taken a part of what it wants */
	bool skipping; /* the rest of a line that was too long */
	bool pinned;   /* lies in its user's memory: not to be freed */
	bool closed;
	uint8_t code_read, code_write; /* OP_RECV or OP_READ, OP_SEND or OP_WRITE */
	size_t limit, partial;
	struct async_task *reader;
	unsigned users; /* tasks inside a call that waits: they are woken before it is freed */
	struct async_waiters_ gone; /* wait for them to leave */
	int input_error;
	struct input input;
	struct output output;
	struct memory_end *memory;
	struct source_end *source;
	struct async_layer *layer;  /* of transport_layer */
	struct async_stream *above; /* its background output waits for room in this one */
	void *user;
	char *peer, *name;		     /* made when somebody asks */
	const struct sockaddr *peer_address; /* as accept told, or NULL */
	socklen_t peer_length;
	double close_seconds;
	struct async_link_ link; /* in the loop's list of open streams: */
	struct async_waiters_ *streams;
};

/* stream.c */
int stream_init(struct async_stream *stream, const struct transport *transport,
		const async_stream_options *options);
struct async_stream *stream_new(const struct transport *transport,
				const async_stream_options *options);
/* Free what it holds, and itself unless it is pinned. */
void stream_free(struct async_stream *stream);
/* Everyone inside a call is woken and will leave. */
void stream_close_now(struct async_stream *stream, bool abort);
int stream_close_with(struct async_stream *stream, double seconds);
/* A listener's new connection, in memory of the caller's. */
int stream_init_socket(struct async_stream *stream, int fd, const async_stream_options *options);
/* Nothing new is read from the peer: its reader finds the end once all that has come is read. */
void stream_drain(struct async_stream *stream);
/* No more of that: what still comes can be read. */
void stream_drain_off(struct async_stream *stream);
/* Nothing is unread, unsent or under way. */
bool stream_is_idle(const struct async_stream *stream);
/* Give back what an idle stream may hold. */
void stream_slim(struct async_stream *stream);

/* Begin a call on a stream: 0, or why it cannot. */
static inline int stream_check(const struct async_stream *stream, const struct async_task *self)
{
	if (unlikely(self->cancel_error))
		return self->cancel_error;
	return unlikely(!stream) ? -EINVAL : 0;
}

/* Around whatever may wait. Leaving is -EBADF when the stream was closed meanwhile: it may be freed
 * by then. */
void stream_left(struct async_stream *stream);
static inline void stream_enter(struct async_stream *stream)
{
	stream->users++;
}
static inline int stream_leave(struct async_stream *stream)
{
	stream->users--;
	if (likely(!stream->closed))
		return 0;
	stream_left(stream);
	return -EBADF;
}

/* input.c */
/* What a read that brought nothing means for the stream; returns what it means for the reader. */
ssize_t input_ended(struct async_stream *stream, const struct async_task *self, ssize_t n);

/* Receive more behind what is unread; at least `more` bytes of room, if it must be own memory. How
 * much, 0 at the end, or an error. */
ssize_t input_fill(struct async_stream *stream, size_t more);
/* The last `size` bytes that were handed out have not been used after all. */
void input_undo(struct async_stream *stream, size_t size);
/* Hold no memory. */
void input_release(struct async_stream *stream);
static inline size_t input_bytes(const struct async_stream *stream)
{
	return stream->input.end - stream->input.begin;
}

/* Begin a reading call: 0, or why it cannot: a cancel, no stream, another reader (-EBUSY). */
int input_begin(struct async_stream *stream, const char *caller);

/* output.c */
/* `size` bytes of the chunks have been sent. */
void output_took(struct async_stream *stream, size_t size);
/* See to it that the chunks are sent: now, or at the loop's next turn. */
void output_kick(struct async_stream *stream);
int output_kick_soon(struct async_stream *stream);
/* The writer has ended: let the next one write, or the sender. */
void output_next(struct async_stream *stream);
/* write.c */
/* Become the writer: 0, or why not. Whoever is calls output_next at the end. */
int output_take_turn(struct async_stream *stream, struct async_task *self);
/* 0, or why nothing can be written. */
int output_refused(const struct async_stream *stream);
/* As the writer: send what is buffered. 0 or an error; what went is no longer buffered. */
int output_write_chunks(struct async_stream *stream);
/* Nothing can be written any more: everyone who waits learns it. */
void output_fail(struct async_stream *stream, int error);
void output_release(struct async_stream *stream);
/* The end of a background operation; of one whose stream is gone. */
void sender_ended(struct sender *sender);
void stream_sent(struct async_stream *stream, int64_t result);
static inline bool output_is_busy(const struct async_stream *stream)
{
	return stream->output.writer || stream->output.writers.first;
}

extern const struct transport transport_socket, transport_pipe, transport_memory;

/* memory.c */
void memory_free(struct async_stream *stream);
/* The stream lies elsewhere now. */
void memory_moved(struct async_stream *stream);

#endif
