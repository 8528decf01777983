/* SPDX-License-Identifier: MIT */
/*
 * Simulation: the same program on a virtual clock that jumps when every task waits, and a network
 * in memory. One seed, one run, byte for byte. Chosen by the option or environment
 * LIBAWAIT_BACKEND=sim; LIBAWAIT_SEED replays. The clock (async_now) begins at 1000 s.
 *
 * Sockets made by the loop are simulated, with numbers from 1048576 up: TCP, UDP and unix ones.
 * Every IP address exists and is this machine; unix paths are names in the simulation, no file
 * appears. Other descriptors, of files and pipes, are the real ones. A run ends with the deadlock
 * report (-EDEADLK) once nothing can happen any more, whoever still waits for a connection; only
 * loops that other threads may wake (async_current_loop) really wait.
 */
#ifndef AWAIT_SIM_H
#define AWAIT_SIM_H

#include <await/run.h>

ASYNC_BEGIN_DECLS

/* How the simulated world behaves. Zero-filled: no latency, no faults, first in first out.
 * Probabilities are from 0 to 1. */
typedef struct async_sim_options {
	/* Seconds from a send to its arrival, drawn for each. A stream keeps its order, UDP does
	 * not; a connect takes two, there and back. Unix datagrams arrive at once. */
	double latency_min, latency_max;
	double short_read, short_write; /* a stream call moves fewer bytes than it could */
	double reset;		/* a stream call finds the connection reset; so does the peer */
	double refuse;		/* a connect is refused */
	double drop, duplicate; /* a datagram of UDP is lost, or comes twice */
	size_t buffer_bytes;	/* of a stream's direction, or a datagram socket; 0: 64 KiB */
	int descriptors;	/* how many may be open; 0: a million. Past it: -EMFILE */
	int shuffle;		/* 1: the next task is drawn among those that are ready */
} async_sim_options;

/* Change the world of the running simulation from now on: -EINVAL for what is no probability or
 * latency. -ENOTSUP on a real backend. */
ASYNC_API int async_sim_set(const async_sim_options *options);

/* Cut the network: data and connects between `port` and everyone else wait (stream) or are lost
 * (datagram) until it is healed. -ENOTSUP on a real backend; -EINVAL for no port. */
ASYNC_API int async_sim_partition(int port);
ASYNC_API int async_sim_heal(int port);

/* A random number below `limit` (> 0) from the loop's seeded generator; on a real backend from the
 * kernel's. */
ASYNC_API uint64_t async_random(uint64_t limit);

/* A hash over everything the loop did so far: which task ran when, and what each call on a
 * simulated socket returned. Equal seeds give equal hashes. 0 on a real backend. */
ASYNC_API uint64_t async_sim_trace(void);

/* What an exploration found. */
typedef struct async_exploration {
	unsigned points;   /* tried */
	unsigned failures; /* of those, points whose runs failed the check or left something behind */
	unsigned first_failure; /* the point, counted from 1; 0: none, or even the run without a
				   cancel */
	char text[512];		/* what was wrong there */
} async_exploration;

/*
 * The cancellation explorer: run fn(arg) once in simulation to count its points, then for every
 * point once more with a cancel there, and once with a timeout. A point is a moment at which one of
 * its tasks, the main one included, stands still: just suspended, or about to go on (made or
 * woken). After each run no task, simulated descriptor or, with glibc's allocator, byte of memory
 * may be left, nothing may have deadlocked, and check(arg) (may be NULL), called after the loop is
 * gone, must return 0. A failure makes the result -ENOTRECOVERABLE; the text names the first point.
 * fn starts from the same state each time: what it shares with check it resets itself. options may
 * be NULL
 * (`backend` is ignored; `report` sees the run without a cancel); found may be NULL. -EBUSY on a
 * thread that runs a loop; other errors as async_loop_new.
 */
#define async_explore(options, fn, arg, check, found) \
	async_explore_at_(options, fn, (void *)(arg), check, found, ASYNC_SITE_(#fn))
ASYNC_API int async_explore_at_(const async_options *options, async_fn *fn, void *arg,
				int (*check)(void *arg), async_exploration *found,
				const char *site);

ASYNC_END_DECLS

#endif
