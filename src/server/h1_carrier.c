/* SPDX-License-Identifier: MIT */
/* Bodies and answers of HTTP/1: what a request's carrier does. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "server/h1.h"

enum {
	HEAD_BYTES = 4096,     /* heads and small answers are put together on the stack */
	PIECE_BYTES = 1 << 18, /* of a large answer: for each the peer has `write_seconds` */
	FILE_BYTES = 1 << 21,  /* of a file to a socket: the others on this loop wait meanwhile */
};

static struct http1 *h1_of(struct async_request *request)
{
	return container_of(request, struct http1, request);
}

/* ---- Sending, in time ---- */

struct write {
	struct http_wait wait;
	async_scope scope;
};

static void writing(struct http1 *h1, struct write *write)
{
	h1_gather_flush(h1);
	async_scope_begin(&write->scope, INFINITY);
	http_wait_begin(h1->loop, &write->wait, &write->scope, h1->server->options.write_seconds);
}

static int written(struct http1 *h1, struct write *write, ssize_t n)
{
	async_scope_end(&write->scope);
	if (http_wait_end(h1->loop, &write->wait))
		n = async_fail(-ETIMEDOUT,
			       "the peer took nothing of an answer for %g s (HTTP option "
			       "`write_seconds`)",
			       h1->server->options.write_seconds);
	if (likely(n >= 0))
		return 0;
	h1->cut = true;
	return (int)n;
}

/* Time was up, but not for nothing: again. */
static int unfinished(struct http1 *h1, struct write *write)
{
	async_scope_end(&write->scope);
	http_wait_end(h1->loop, &write->wait);
	return 1;
}

static int await_send(struct http1 *h1, const void *data, size_t size)
{
	struct write write;

	writing(h1, &write);
	return written(h1, &write, await_stream_write(h1->stream, data, size));
}

static int await_sendv(struct http1 *h1, const struct iovec *parts, int count)
{
	struct write write;

	writing(h1, &write);
	return written(h1, &write, await_stream_writev(h1->stream, parts, count));
}

static int await_send_large(struct http1 *h1, const char *data, size_t size)
{
	int error = 0;

	for (size_t at = 0; at < size && !error; at += PIECE_BYTES)
		error = await_send(h1, data + at,
				   size - at < PIECE_BYTES ? size - at : PIECE_BYTES);
	return error;
}

/* ---- Reading ---- */

static int lost(struct http1 *h1, ssize_t n)
{
	h1->cut = true;
	if (n < 0)
		return (int)n;
	return async_fail(-ENODATA, "the peer closed the connection in the middle of a body");
}

/* At least `least` bytes, or why not. */
static ssize_t await_body_bytes(struct http1 *h1, size_t least, const char **data)
{
	struct http_wait wait;
	async_scope scope;
	ssize_t n;

	if (async_stream_readable(h1->stream) >= least)
		return await_stream_peek(h1->stream, least, data);
	async_scope_begin(&scope, INFINITY);
	http_wait_begin(h1->loop, &wait, &scope, h1->server->options.body_seconds);
	n = await_stream_peek(h1->stream, least, data);
	async_scope_end(&scope);
	if (http_wait_end(h1->loop, &wait)) {
		h1->closing = true;
		return request_blame(&h1->request, 408,
				     async_fail(-ETIME,
						"nothing of a body came for %g s (HTTP option "
						"`body_seconds`)",
						h1->server->options.body_seconds));
	}
	if (n == -ECANCELED || n == -ETIMEDOUT)
		return n; /* the handler's own: nothing is lost */
	return n >= (ssize_t)least ? n : lost(h1, n);
}

static int await_continue(struct http1 *h1)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	h1->continued = true;
	return h1->request.answer.begun ? 0 : await_send(h1, go_on, sizeof go_on - 1);
}

static ssize_t h1_read(struct async_request *request, const char **data)
{
	struct http1 *h1 = h1_of(request);
	struct http_slice piece;
	size_t least = 1, used;
	const char *bytes;
	int what, error = h1->continued || h1->body.done ? 0 : await_continue(h1);

	while (!error && !h1->body.done) {
		ssize_t n = await_body_bytes(h1, least, &bytes);

		if (n < 0)
			return n;
		what = http_body_next(&h1->body, bytes, (size_t)n, &used, &piece);
		if (what < 0) {
			h1->closing = true;
			return request_blame(request, http_rule_status(h1->trailers->error.rule),
					     what);
		}
		async_stream_consume(h1->stream, used);
		request->body_ended = h1->body.done;
		if (what == HTTP_DATA) {
			*data = bytes + piece.at;
			return piece.size;
		}
		least = (size_t)n - used + 1;
	}
	request->body_ended = !error;
	return error;
}

/* ---- Writing ---- */

/* A whole answer that is small. */
static int await_send_small(struct http1 *h1, const char *data, size_t size)
{
	bool more = async_stream_readable(h1->stream) && !h1->closing;

	if (likely(!more && !h1->gathered_size))
		return await_send(h1, data, size);
	if (!h1_gather(h1, data, size))
		return await_send(h1, data, size);
	if (more)
		return 0;
	/* The last one. */
	size = h1->gathered_size;
	h1->gathered_size = 0;
	async_handle_cancel(&h1->soon);
	return await_send(h1, h1->gathered, size);
}

/* Whether the peer gets no body, whatever the handler says. */
static bool is_bodiless(const struct http1 *h1)
{
	unsigned int status = h1->request.answer.status;

	return status < 200 || status == 204 || status == 304 ||
	       h1->head.method == HTTP_METHOD_HEAD;
}

static void say_length(struct http1 *h1, struct http_writer *writer, size_t size, bool whole)
{
	const struct answer *answer = &h1->request.answer;

	if (answer->status < 200 || answer->status == 204)
		return;
	if (whole || answer->length >= 0) {
		/* Without a body it would say how long that of a 200 is, which nobody knows. */
		if (answer->status != 304 || answer->length >= 0)
			http_write_length(writer, whole ? size : (uint64_t)answer->length);
	} else if (writer->minor) {
		http_write_chunked(writer);
	}
}

static void say_connection(struct http1 *h1, struct http_writer *writer)
{
	/* A body that only its connection's end delimits. */
	if (!writer->sized && !writer->empty)
		h1->closing = true;
	if (h1->closing)
		http_write_lines(writer, "Connection: close\r\n", 19);
	else if (!writer->minor)
		http_write_lines(writer, "Connection: keep-alive\r\n", 24);
}

static ssize_t write_head(struct http1 *h1, char *room, size_t room_size, size_t size, bool whole)
{
	const struct answer *answer = &h1->request.answer;
	struct http_writer writer;
	ssize_t used;

	http_write_begin(&writer, room, room_size);
	http_write_response(&writer, h1->head.minor, h1->head.method, answer->status,
			    answer->reason);
	for (uint32_t i = 0; i < answer->count; i++) {
		const struct answer_field *field = &answer->fields[i];

		http_write_known(&writer, field->name, field->name_size, field->value,
				 field->value_size);
	}
	say_length(h1, &writer, size, whole);
	if (!answer->dated)
		http_write_lines(&writer, http_loop_date(h1->loop), DATE_LINE_BYTES);
	if (!answer->named)
		http_write_lines(&writer, h1->server->name, h1->server->name_size);
	say_connection(h1, &writer);
	used = http_write_end(&writer, &h1->out);
	return used;
}

static size_t head_room(const struct http1 *h1)
{
	const struct answer *answer = &h1->request.answer;
	size_t size = 256 + h1->server->name_size + (answer->reason ? strlen(answer->reason) : 0);

	for (uint32_t i = 0; i < answer->count; i++)
		size += answer->fields[i].name_size + answer->fields[i].value_size + 4u;
	return size;
}

static int await_head_and_body(struct http1 *h1, char *head, size_t head_size, size_t room,
			       const void *data, size_t size)
{
	struct iovec parts[2] = { { head, head_size }, { (void *)data, size } };
	int error;

	if (size <= room - head_size) {
		if (size)
			memcpy(head + head_size, data, size);
		return await_send_small(h1, head, head_size + size);
	}
	if (size <= PIECE_BYTES)
		return await_sendv(h1, parts, 2);
	error = await_send(h1, head, head_size);
	return error ? error : await_send_large(h1, data, size);
}

static int await_chunk(struct http1 *h1, const char *head, size_t head_size, const void *data,
		       size_t size)
{
	char line[HTTP_CHUNK_HEAD_BYTES];
	struct iovec parts[4] = {
		{ (void *)head, head_size },
		{ line, (size_t)http_chunk_head(line, size) },
		{ (void *)data, size },
		{ (void *)"\r\n", 2 },
	};

	return await_sendv(h1, head_size ? parts : parts + 1, head_size ? 4 : 3);
}

static int h1_head(struct async_request *request, const void *data, size_t size, bool whole)
{
	struct http1 *h1 = h1_of(request);
	char small[HEAD_BYTES], *room = small;
	size_t room_size = head_room(h1);
	ssize_t head_size;
	int error;

	if (room_size > sizeof small)
		room = malloc(room_size);
	else
		room_size = sizeof small;
	if (!room)
		return async_fail(-ENOMEM, "no memory for the head of an answer");
	/* A peer that was not told to go on may send the body, or not. */
	h1->closing |= request->answer.close || (!h1->continued && !h1->body.done) ||
		       async_request_is_ending(request);
	head_size = write_head(h1, room, room_size, size, whole);
	if (head_size < 0) {
		error = (int)head_size;
	} else {
		request->answer.begun = true;
		if (is_bodiless(h1))
			size = 0;
		error = http_outgoing_send(&h1->out, size);
		if (!error && size && h1->out.body == HTTP_CHUNKED)
			error = await_chunk(h1, room, (size_t)head_size, data, size);
		else if (!error)
			error = await_head_and_body(h1, room, (size_t)head_size, room_size, data,
						    size);
	}
	if (room != small)
		free(room);
	return error;
}

static int h1_write(struct async_request *request, const void *data, size_t size)
{
	struct http1 *h1 = h1_of(request);
	int error;

	if (is_bodiless(h1))
		return 0;
	error = http_outgoing_send(&h1->out, size);
	if (error) {
		h1->cut = true;
		return error;
	}
	if (h1->out.body == HTTP_CHUNKED)
		return await_chunk(h1, NULL, 0, data, size);
	return await_send_large(h1, data, size);
}

static int h1_end(struct async_request *request)
{
	struct http1 *h1 = h1_of(request);
	int error = http_outgoing_end(&h1->out);

	if (error && !is_bodiless(h1)) {
		h1->cut = true;
		return error;
	}
	if (h1->out.body == HTTP_CHUNKED)
		return await_send_small(h1, "0\r\n\r\n", 5);
	return 0;
}

/* Some of the file, for as long as the peer takes any of it: a large piece at a time costs least,
 * and a slow peer has `write_seconds` for whatever it takes, not for the piece. */
static ssize_t await_send_file(struct http1 *h1, int file, off_t offset, size_t size)
{
	off_t at = offset, before;
	struct write write;
	ssize_t n;

	do {
		before = at;
		writing(h1, &write);
		n = await_stream_sendfile(h1->stream, file, &at, size - (size_t)(at - offset));
		if (!write.wait.late || at == before)
			n = written(h1, &write, n);
		else
			n = unfinished(h1, &write);
	} while (n > 0);
	return n < 0 ? n : at - offset;
}

static ssize_t h1_sendfile(struct async_request *request, int file, off_t offset, size_t size)
{
	struct http1 *h1 = h1_of(request);
	bool tls = h1->server->options.start_tls;
	size_t most = tls ? PIECE_BYTES : FILE_BYTES;
	ssize_t n;

	if (h1->out.body == HTTP_CHUNKED)
		return -EOPNOTSUPP;
	if (is_bodiless(h1))
		return (ssize_t)size;
	n = await_send_file(h1, file, offset, size < most ? size : most);
	if (n < 0)
		return n;
	return http_outgoing_send(&h1->out, (uint64_t)n) ? -EINVAL : n;
}

static void h1_cut(struct async_request *request)
{
	h1_of(request)->cut = h1_of(request)->closing = true;
}

const struct http_carrier http1_carrier = {
	.read = h1_read,
	.head = h1_head,
	.write = h1_write,
	.end = h1_end,
	.sendfile = h1_sendfile,
	.cut = h1_cut,
};
