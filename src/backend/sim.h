/* SPDX-License-Identifier: MIT */
/*
 * The simulation: a backend whose clock, network and order of tasks are its own. Everything random
 *comes from one seeded generator, and nothing depends on addresses, on the real clock or on the
 *order of a hash table: one seed, one run. What falls on one moment happens in this order:
 *
 *	1. arrivals over the network: the one due first, of equal ones the one sent first (sequence)
 *	2. timers: the one due first, ties as the loop's heap has them, which follows from what was
 *set and taken out
 *	3. callbacks, the oldest first
 *	4. one step of one task: whoever has been ready longest, or with the option shuffle one
 *drawn from all that are ready; then again from 1.
 *
 * What takes no time arrives within the call that sends it. Time passes only when nobody is ready:
 *it then jumps to the next arrival or timer. So that a task which spins until a timer fires does
 *get there, the clock also creeps while tasks are ready, slowly at first (sim.c).
 *
 *	sim.c		the table of the backend, clock, steps
 *	sim_operation.c	operations: begun, tried again, cancelled
 *	sim_event.c	what is under way and when it arrives
 *	sim_world.c	random numbers, faults, partitions; the public calls of await/sim.h
 *	sim_address.c	addresses, and who is bound to which
 *	sim_socket.c	descriptors, names, options
 *	sim_connect.c	listen, connect, accept
 *	sim_stream.c	the two directions of a connection
 *	sim_datagram.c	datagrams
 *	sim_real.c	descriptors of the real world, served by the kernel
 */
#ifndef BACKEND_SIM_H
#define BACKEND_SIM_H

#include <await/net.h>
#include <await/sim.h>
#include "backend/posix.h"

enum {
	SIM_FIRST_FD = 1 << 20, /* above every number that the kernel gives */
	SIM_BUFFER_BYTES = 64 * 1024,
	SIM_DATAGRAM_MAX = 65507, /* of UDP over IPv4 */
	SIM_BUCKETS = 256,
	SIM_PORTS = 1 << 16,
};

struct sim;

/* Something that arrives later. Embedded in what arrives; see sim_event.c. */
struct sim_event {
	void (*arrive)(struct sim *sim, struct sim_event *event);
	uint32_t index;		 /* its place in the heap, from 1; 0: in none */
	bool held;		 /* by a partition, until it is healed: in sim->held */
	struct async_link_ link; /* there */
};

/* An entry of the heap of them. */
struct sim_due {
	uint64_t ns, sequence;
	struct sim_event *event;
};

/* An address of either family; IPv4 hosts are written as IPv6 does it, so that one compare serves
 * both. */
struct sim_address {
	uint16_t family; /* AF_INET, AF_INET6, AF_UNIX; 0: none */
	uint16_t port;
	uint8_t length; /* of a unix name; 0: unnamed */
	union {
		uint8_t host[16];
		char name[108]; /* abstract ones begin with a zero byte */
	};
};

/* Data under way, or arrived and not yet read. */
struct sim_chunk {
	struct sim_chunk *next;
	uint64_t due_ns;
	size_t size, offset;
	char data[];
};

enum sim_ending { SIM_OPEN, SIM_END, SIM_RESET };

/* One direction of a connection. It lives as long as one of its two ends. */
struct sim_pipe {
	struct sim_event arrival;	    /* of the first chunk under way, or of the ending */
	struct sim_socket *reader, *writer; /* NULL once closed */
	struct sim_chunk *arrived, **arrived_last;
	struct sim_chunk *flight, **flight_last;
	size_t bytes;	      /* in both: what the writer's buffer limit counts */
	size_t readable;      /* arrived */
	uint64_t last_due_ns; /* order is kept: nothing arrives before this */
	uint64_t ending_due_ns;
	uint8_t ending;	   /* what comes after all data; enum sim_ending */
	bool eof;	   /* it has come */
	uint16_t ports[2]; /* of the two ends, for partitions; 0 for unix sockets */
};

struct sim_datagram {
	struct sim_event event;
	struct sim_datagram *next;
	struct sim_address from, to;
	size_t size;
	char data[];
};

struct sim_option {
	struct sim_option *next;
	int level, name;
	socklen_t length;
	char value[];
};

enum sim_state { SIM_FRESH, SIM_LISTENING, SIM_CONNECTING, SIM_CONNECTED };

struct sim_socket {
	struct descriptor descriptor; /* who waits */
	int fd;			      /* -1: in a backlog */
	int domain, type, protocol;
	uint8_t state;
	bool bound;  /* in the table of names */
	bool told;   /* the end of its connect was */
	bool broken; /* reset: nothing will come or go any more */
	bool read_shut, write_shut;
	bool v6only, reuse_address, reuse_port;
	bool reset_on_close; /* SO_LINGER of 0 s */
	int error;	     /* SO_ERROR */
	struct sim_address local, peer;
	struct async_link_ in_names;
	struct sim_option *options;

	struct sim_pipe *in, *out; /* of a stream that is connected */
	struct sim_event event;	   /* of a connect: the request, then the answer */
	int answer;

	/* A place in somebody else's queue: as a connection in a listener's backlog, as a connect
	 * that waits for room there (crowd), as a sender that waits for a receiver of unix
	 * datagrams. */
	struct async_waiters_ *queue;
	struct sim_socket *host;
	struct async_link_ link;

	struct async_waiters_ backlog, crowd, blocked;
	size_t backlog_count, backlog_limit;

	struct sim_datagram *received, **received_last;
	size_t received_bytes;
	struct sim_socket *pair; /* the other one of a pair of datagram sockets */
};

/* Told of each moment at which a task stands still: about to go on (`before` its step), or
 * suspended by it. */
typedef void sim_observer(struct async_task *task, bool before, void *arg);

struct sim {
	struct posix_state posix; /* first: descriptors of the real world, and the eventfd */
	struct async_loop *loop;
	struct async_sim_options world;
	uint64_t latency_min_ns, latency_max_ns;

	struct sim_due *events; /* a heap; entry i has the children 4i+1 .. 4i+4 */
	uint32_t event_count, event_room, event_owners;
	uint64_t sequence;
	struct async_waiters_ held;
	uint64_t *cut_ports; /* a bit for each; NULL before the first partition */

	struct sim_socket **sockets;	       /* by descriptor - SIM_FIRST_FD */
	int socket_room, socket_count, lowest; /* no number below lowest is free */
	struct async_waiters_ names[SIM_BUCKETS];
	uint64_t next_port, next_name;

	struct async_waiters_ real; /* operations on real descriptors */
	struct pollfd *real_polls;
	size_t real_count, real_room;

	uint64_t busy_polls; /* since somebody is ready all the time */
	uint32_t tasks_numbered;
	bool begun; /* the hub had its first turn */
	sim_observer *observer;
	void *observer_arg;
};

/* What a receive or send moves, whatever call it is. */
struct sim_transfer {
	struct iovec one;
	const struct iovec *parts;
	size_t count, size;
	struct msghdr *message; /* or NULL */
	int flags;
	bool all; /* OP_SENDALL */
};

extern const struct backend backend_sim;

static inline struct sim *sim_of(struct async_loop *loop)
{
	return loop->backend_state;
}

/* sim.c */
enum { SIM_TRACE_STEP = 1, SIM_TRACE_TIME, SIM_TRACE_CALL, SIM_TRACE_RESULT };
void sim_trace(struct async_loop *loop, uint64_t what, uint64_t value);
void sim_observe(struct async_loop *loop, sim_observer *observer, void *arg);

/* sim_operation.c */
int64_t sim_start(struct async_loop *loop, struct operation *operation);
int sim_try_poll(struct async_loop *loop, int fd, int events);
void sim_cancel(struct async_loop *loop, struct operation *operation, int error);
int64_t sim_attempt(struct sim *sim, struct sim_socket *socket, struct operation *operation);
/* Something about the socket changed: complete what can be completed. */
void sim_kick(struct sim *sim, struct sim_socket *socket);
void sim_copy_out(const struct sim_transfer *transfer, size_t at, const char *data, size_t size);
void sim_copy_in(const struct sim_transfer *transfer, size_t at, char *data, size_t size);

/* sim_event.c. Whoever has an event owns room for it in the heap, so that scheduling cannot fail. */
int sim_event_room(struct sim *sim); /* 0 or -ENOMEM */
void sim_event_end(struct sim *sim,
		   struct sim_event *event); /* takes it out and gives the room back */
void sim_event_set(struct sim *sim, struct sim_event *event, uint64_t due_ns);
void sim_event_hold(struct sim *sim, struct sim_event *event);
void sim_event_stop(struct sim *sim, struct sim_event *event);
uint64_t sim_events_next(const struct sim *sim);
void sim_events_run(struct sim *sim, uint64_t now_ns);
void sim_events_release(struct sim *sim); /* those held: they arrive now, or are held again */

/* sim_world.c */
void sim_random_seed(struct async_loop *loop, uint64_t seed);
uint64_t sim_random(struct async_loop *loop);
uint64_t sim_below(struct sim *sim, uint64_t limit);
bool sim_chance(struct sim *sim, double probability);
uint64_t sim_latency(struct sim *sim);
/* How much of `size` is moved. */
size_t sim_shorten(struct sim *sim, double probability, size_t size);
int sim_world_set(struct sim *sim, const struct async_sim_options *world);
bool sim_is_cut(const struct sim *sim, uint16_t port, uint16_t other);
static inline size_t sim_buffer_bytes(const struct sim *sim)
{
	return sim->world.buffer_bytes ? sim->world.buffer_bytes : SIM_BUFFER_BYTES;
}

/* sim_address.c */
int sim_address_take(const struct sockaddr *from, socklen_t length, int domain,
		     struct sim_address *address);
void sim_address_give(const struct sim_address *address, struct sockaddr *to, socklen_t *length);
bool sim_address_equal(const struct sim_address *a, const struct sim_address *b);
bool sim_address_is_mapped(const struct sim_address *address);
/* No particular host means this one. */
void sim_address_settle(struct sim_address *address);
int sim_name_bind(struct sim *sim, struct sim_socket *socket, const struct sim_address *address);
int sim_name_any_port(struct sim *sim, struct sim_socket *socket);
void sim_name_drop(struct sim *sim, struct sim_socket *socket);
/* The source of a connection to `peer`, for a socket that did not bind, or bound to no particular
 * host. */
void sim_name_source(struct sim *sim, struct sim_socket *socket, const struct sim_address *peer);
/* Who listens at, or receives at, an address; NULL: nobody. `from` (may be NULL) chooses among
 * connected ones. */
struct sim_socket *sim_name_find(struct sim *sim, int type, const struct sim_address *to,
				 const struct sim_address *from);

/* sim_socket.c */
struct sim_socket *sim_socket_at(struct sim *sim, int fd);
struct sim_socket *sim_socket_new(struct sim *sim, int domain, int type, int protocol);
int sim_socket_number(struct sim *sim,
		      struct sim_socket *socket); /* gives it a descriptor; -EMFILE, -ENOMEM */
void sim_socket_free(struct sim *sim, struct sim_socket *socket);
void sim_queue_join(struct sim_socket *socket, struct sim_socket *host,
		    struct async_waiters_ *queue);
void sim_queue_leave(struct sim_socket *socket);
struct sim_socket *sim_queue_first(const struct async_waiters_ *queue);
static inline int sim_take_error(struct sim_socket *socket)
{
	int error = socket->error;

	socket->error = 0;
	return -error;
}

int sim_socket(struct async_loop *loop, int domain, int type, int protocol);
int sim_socketpair(struct async_loop *loop, int domain, int type, int protocol, int fds[2]);
int sim_bind(struct async_loop *loop, int fd, const struct sockaddr *address, socklen_t length);
int sim_listen(struct async_loop *loop, int fd, int backlog);
int sim_shutdown(struct async_loop *loop, int fd, int how);
int sim_getname(struct async_loop *loop, int fd, bool peer, struct sockaddr *address,
		socklen_t *length);
int sim_shut(struct async_loop *loop, int fd);

/* sim_option.c */
int sim_setsockopt(struct async_loop *loop, int fd, int level, int name, const void *value,
		   socklen_t length);
int sim_getsockopt(struct async_loop *loop, int fd, int level, int name, void *value,
		   socklen_t *length);
void sim_options_free(struct sim_socket *socket);

/* sim_connect.c */
int64_t sim_connect(struct sim *sim, struct sim_socket *socket, struct operation *operation);
int64_t sim_accept(struct sim *sim, struct sim_socket *listener, struct operation *operation);
void sim_connect_answer(struct sim *sim, struct sim_socket *socket, int error);
/* No longer listen: those in the backlog are reset, those who wait for room are refused. */
void sim_listen_end(struct sim *sim, struct sim_socket *listener);

/* sim_stream.c */
int sim_stream_join(struct sim *sim, struct sim_socket *a, struct sim_socket *b); /* -ENOMEM */
void sim_stream_close(struct sim *sim, struct sim_socket *socket);
void sim_stream_shut_write(struct sim *sim, struct sim_socket *socket);
int64_t sim_stream_read(struct sim *sim, struct sim_socket *socket,
			const struct sim_transfer *transfer);
int64_t sim_stream_write(struct sim *sim, struct sim_socket *socket,
			 const struct sim_transfer *transfer, size_t *done);
/* A fault: this end finds the connection reset, the other one will. */
int sim_stream_reset(struct sim *sim, struct sim_socket *socket);
int sim_stream_ready(const struct sim *sim, const struct sim_socket *socket);

/* sim_datagram.c */
int64_t sim_datagram_read(struct sim *sim, struct sim_socket *socket,
			  const struct sim_transfer *transfer);
int64_t sim_datagram_write(struct sim *sim, struct sim_socket *socket,
			   const struct sim_transfer *transfer);
void sim_datagram_close(struct sim *sim, struct sim_socket *socket);

/* sim_real.c */
int64_t sim_real_start(struct sim *sim, struct operation *operation);
void sim_real_cancel(struct sim *sim, struct operation *operation, int error);
int sim_real_shut(struct sim *sim, int fd);
/* Complete what is ready; wait: until something is, or until somebody wakes the loop. Whether an
 * operation completed. */
bool sim_real_poll(struct sim *sim, bool wait);

#endif
