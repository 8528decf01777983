/* SPDX-License-Identifier: MIT */
/*
 * Connections: two pipes, one for each direction. What is written is a chunk under way until its
 * time has come, then data to be read; both count towards the writer's buffer, so that a reader
 * that does not read stops the writer. The end of a direction, or a reset, arrives behind all data
 * that was sent before it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "backend/sim.h"

static void chunks_free(struct sim_chunk *chunk)
{
	while (chunk) {
		struct sim_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

static void arrived_drop(struct sim_pipe *pipe)
{
	chunks_free(pipe->arrived);
	pipe->arrived = NULL;
	pipe->arrived_last = &pipe->arrived;
	pipe->bytes -= pipe->readable;
	pipe->readable = 0;
}

static void flight_drop(struct sim *sim, struct sim_pipe *pipe)
{
	sim_event_stop(sim, &pipe->arrival);
	chunks_free(pipe->flight);
	pipe->flight = NULL;
	pipe->flight_last = &pipe->flight;
	pipe->bytes = pipe->readable;
}

static void pipe_free(struct sim *sim, struct sim_pipe *pipe)
{
	flight_drop(sim, pipe);
	arrived_drop(pipe);
	sim_event_end(sim, &pipe->arrival);
	free(pipe);
}

static uint64_t due_next(const struct sim_pipe *pipe)
{
	return pipe->flight ? pipe->flight->due_ns : pipe->ending_due_ns;
}

static bool pipe_is_idle(const struct sim_pipe *pipe)
{
	return !pipe->flight && !pipe->ending;
}

static void pipe_end(struct sim *sim, struct sim_pipe *pipe, enum sim_ending ending);

/* Nothing more comes or goes at this end. What has arrived can still be read, as on Linux. */
static void end_broken(struct sim *sim, struct sim_socket *socket, int error)
{
	socket->broken = true;
	socket->error = error;
	if (socket->out) {
		flight_drop(sim, socket->out);
		socket->out->ending = SIM_OPEN;
	}
	sim_kick(sim, socket);
}

static void chunk_arrives(struct sim *sim, struct sim_pipe *pipe)
{
	struct sim_chunk *chunk = pipe->flight;

	pipe->flight = chunk->next;
	if (!pipe->flight)
		pipe->flight_last = &pipe->flight;
	if (pipe->reader && !pipe->reader->broken) {
		chunk->next = NULL;
		*pipe->arrived_last = chunk;
		pipe->arrived_last = &chunk->next;
		pipe->readable += chunk->size;
		return;
	}
	/* Data for somebody who has closed is answered by a reset. */
	pipe->bytes -= chunk->size;
	free(chunk);
	if (pipe->writer && pipe->writer->in && !pipe->writer->broken)
		pipe_end(sim, pipe->writer->in, SIM_RESET);
}

static void ending_arrives(struct sim *sim, struct sim_pipe *pipe)
{
	enum sim_ending ending = pipe->ending;

	pipe->ending = SIM_OPEN;
	if (ending == SIM_END)
		pipe->eof = true;
	else if (pipe->reader)
		end_broken(sim, pipe->reader, pipe->eof ? EPIPE : ECONNRESET);
}

/* Deliver what is due; see to it that the rest will be. */
static void pipe_run(struct sim *sim, struct sim_pipe *pipe)
{
	struct sim_socket *reader = pipe->reader;
	bool news = false;

	if (pipe->arrival.index || pipe->arrival.held || pipe_is_idle(pipe))
		return;
	if (sim_is_cut(sim, pipe->ports[0], pipe->ports[1])) {
		sim_event_hold(sim, &pipe->arrival);
		return;
	}
	for (; pipe->flight && pipe->flight->due_ns <= sim->loop->now_ns; news = true)
		chunk_arrives(sim, pipe);
	if (!pipe->flight && pipe->ending && pipe->ending_due_ns <= sim->loop->now_ns) {
		ending_arrives(sim, pipe);
		news = true;
	}
	if (!pipe_is_idle(pipe))
		sim_event_set(sim, &pipe->arrival, due_next(pipe));
	if (news && reader)
		sim_kick(sim, reader);
}

static void pipe_arrives(struct sim *sim, struct sim_event *event)
{
	pipe_run(sim, container_of(event, struct sim_pipe, arrival));
}

static uint64_t pipe_due(struct sim *sim, struct sim_pipe *pipe)
{
	uint64_t due_ns = sim->loop->now_ns + sim_latency(sim);

	if (due_ns < pipe->last_due_ns)
		due_ns = pipe->last_due_ns;
	pipe->last_due_ns = due_ns;
	return due_ns;
}

static void pipe_end(struct sim *sim, struct sim_pipe *pipe, enum sim_ending ending)
{
	if (!pipe->reader || pipe->reader->broken || pipe->ending >= ending)
		return;
	pipe->ending = (uint8_t)ending;
	pipe->ending_due_ns = pipe_due(sim, pipe);
	pipe_run(sim, pipe);
}

static struct sim_pipe *pipe_new(struct sim *sim, struct sim_socket *writer,
				 struct sim_socket *reader)
{
	struct sim_pipe *pipe = calloc(1, sizeof *pipe);

	if (!pipe || sim_event_room(sim)) {
		free(pipe);
		return NULL;
	}
	pipe->arrival.arrive = pipe_arrives;
	pipe->arrived_last = &pipe->arrived;
	pipe->flight_last = &pipe->flight;
	pipe->writer = writer;
	pipe->reader = reader;
	if (writer->domain != AF_UNIX) {
		pipe->ports[0] = writer->local.port;
		pipe->ports[1] = reader->local.port;
	}
	return pipe;
}

int sim_stream_join(struct sim *sim, struct sim_socket *a, struct sim_socket *b)
{
	struct sim_pipe *there = pipe_new(sim, a, b), *back = there ? pipe_new(sim, b, a) : NULL;

	if (!back) {
		if (there)
			pipe_free(sim, there);
		return -ENOMEM;
	}
	a->out = b->in = there;
	b->out = a->in = back;
	return 0;
}

void sim_stream_shut_write(struct sim *sim, struct sim_socket *socket)
{
	pipe_end(sim, socket->out, SIM_END);
}

/* Closing with data unread, or with a linger of nothing, is a reset to the other side. */
void sim_stream_close(struct sim *sim, struct sim_socket *socket)
{
	struct sim_pipe *in = socket->in, *out = socket->out;
	struct sim_socket *other = in->writer;

	if (!socket->broken)
		pipe_end(sim, out, in->readable || socket->reset_on_close ? SIM_RESET : SIM_END);
	in->reader = NULL;
	arrived_drop(in);
	out->writer = NULL;
	socket->in = socket->out = NULL;
	if (!in->writer)
		pipe_free(sim, in);
	if (!out->reader)
		pipe_free(sim, out);
	if (other)
		sim_kick(sim, other);
}

int sim_stream_reset(struct sim *sim, struct sim_socket *socket)
{
	socket->broken = true;
	flight_drop(sim, socket->in);
	arrived_drop(socket->in);
	socket->in->ending = SIM_OPEN;
	flight_drop(sim, socket->out);
	socket->out->ending = SIM_OPEN;
	pipe_end(sim, socket->out, SIM_RESET);
	return -ECONNRESET;
}

static size_t take_out(struct sim_pipe *pipe, const struct sim_transfer *transfer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		struct sim_chunk *chunk = pipe->arrived;
		size_t n = chunk->size - chunk->offset;

		if (n > size - done)
			n = size - done;
		sim_copy_out(transfer, done, chunk->data + chunk->offset, n);
		done += n;
		chunk->offset += n;
		if (chunk->offset < chunk->size)
			break;
		pipe->arrived = chunk->next;
		if (!pipe->arrived)
			pipe->arrived_last = &pipe->arrived;
		free(chunk);
	}
	pipe->bytes -= done;
	pipe->readable -= done;
	return done;
}

static void look_at(const struct sim_pipe *pipe, const struct sim_transfer *transfer, size_t size)
{
	const struct sim_chunk *chunk = pipe->arrived;

	for (size_t done = 0; done < size; chunk = chunk->next) {
		size_t n = chunk->size - chunk->offset;

		if (n > size - done)
			n = size - done;
		sim_copy_out(transfer, done, chunk->data + chunk->offset, n);
		done += n;
	}
}

int64_t sim_stream_read(struct sim *sim, struct sim_socket *socket,
			const struct sim_transfer *transfer)
{
	struct sim_pipe *in = socket->in;
	size_t n;

	if (socket->state != SIM_CONNECTED)
		return socket->error		 ? sim_take_error(socket) :
		       socket->domain == AF_UNIX ? -EINVAL :
						   -ENOTCONN;
	if (!in->readable) {
		if (socket->error && !in->eof)
			return sim_take_error(socket);
		return in->eof || socket->broken || socket->read_shut ? 0 : -EAGAIN;
	}
	n = transfer->size < in->readable ? transfer->size : in->readable;
	n = sim_shorten(sim, sim->world.short_read, n);
	if (transfer->flags & MSG_PEEK) {
		look_at(in, transfer, n);
		return (int64_t)n;
	}
	take_out(in, transfer, n);
	if (in->writer)
		sim_kick(sim, in->writer);
	return (int64_t)n;
}

static size_t room(const struct sim *sim, const struct sim_pipe *pipe)
{
	size_t limit = sim_buffer_bytes(sim);

	return pipe->bytes < limit ? limit - pipe->bytes : 0;
}

static bool peer_gone(const struct sim_socket *socket)
{
	return socket->domain == AF_UNIX &&
	       (!socket->out->reader || socket->out->reader->read_shut);
}

static int put_in(struct sim *sim, struct sim_pipe *pipe, const struct sim_transfer *transfer,
		  size_t at, size_t n)
{
	struct sim_chunk *chunk = malloc(sizeof *chunk + n);

	if (!chunk)
		return -ENOMEM;
	*chunk = (struct sim_chunk){ .size = n, .due_ns = pipe_due(sim, pipe) };
	sim_copy_in(transfer, at, chunk->data, n);
	*pipe->flight_last = chunk;
	pipe->flight_last = &chunk->next;
	pipe->bytes += n;
	pipe_run(sim, pipe);
	return 0;
}

/* One piece, or with transfer->all as many as there is room for; *done counts over several calls. */
int64_t sim_stream_write(struct sim *sim, struct sim_socket *socket,
			 const struct sim_transfer *transfer, size_t *done)
{
	size_t n;

	if (socket->state != SIM_CONNECTED)
		return socket->error		  ? sim_take_error(socket) :
		       socket->state == SIM_FRESH ? -EPIPE :
						    -ENOTCONN;
	do {
		if (socket->error)
			return sim_take_error(socket);
		if (socket->broken || socket->write_shut || peer_gone(socket))
			return -EPIPE;
		n = room(sim, socket->out);
		if (!n && *done < transfer->size)
			return -EAGAIN;
		if (n > transfer->size - *done)
			n = transfer->size - *done;
		if (!n)
			return (int64_t)*done;
		n = sim_shorten(sim, sim->world.short_write, n);
		if (put_in(sim, socket->out, transfer, *done, n))
			return -ENOMEM;
		*done += n;
	} while (transfer->all && *done < transfer->size);
	return (int64_t)*done;
}

int sim_stream_ready(const struct sim *sim, const struct sim_socket *socket)
{
	int events = 0;

	if (socket->state == SIM_CONNECTING)
		return 0;
	if (socket->state != SIM_CONNECTED)
		return POLLOUT | POLLHUP | (socket->error ? POLLERR | POLLIN : 0);
	if (socket->in->readable || socket->in->eof || socket->broken || socket->read_shut)
		events |= POLLIN;
	if (room(sim, socket->out) || socket->broken || socket->write_shut || peer_gone(socket))
		events |= POLLOUT;
	if (socket->in->eof || socket->broken || socket->read_shut)
		events |= POLLRDHUP;
	if (socket->broken || (socket->in->eof && socket->write_shut) ||
	    (socket->domain == AF_UNIX && !socket->out->reader))
		events |= POLLHUP;
	return socket->error ? events | POLLERR : events;
}
