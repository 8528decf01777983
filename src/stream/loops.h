/* SPDX-License-Identifier: MIT */
/*
 * A server on several loops, one thread each. The first loop is the caller's; the others run a
 * server of their own on the same addresses: TCP sockets of their own (SO_REUSEPORT: the kernel
 * spreads the connections), or a duplicate of a unix or inherited socket. A connection stays on the
 * loop that accepted it, so handlers notice nothing but that several run at the same time.
 *
 * The caller's server supervises: it starts the others, stops them when it is stopped, and stops
 * all when one of them ends early. Simulation has one thread: there the option has no effect.
 */
#ifndef STREAM_LOOPS_H
#define STREAM_LOOPS_H

#include "stream/server.h"

struct loops {
	struct async_server *server;
	struct async_loop *supervisor; /* the server's: outlives it */
	struct worker *workers;
	size_t count;
	size_t silent;	/* have not told yet how their start went */
	size_t running; /* threads that have not ended */
	size_t unclean; /* ended with connections cut short, or failed */
	bool stopping;
	int error; /* of a start */
	struct async_waiters_ told;
};

/* How many loops the options ask for. */
int loops_wanted(const async_server_options *options);
/* Start all but the first; 0 once every one of them listens, or the error of one that does not. */
int await_loops_start(struct loops *loops, struct async_server *server);
void async_loops_stop(struct loops *loops);
/* Wait until their threads are gone. How many did not end cleanly. */
size_t await_loops_end(struct loops *loops);

#endif
