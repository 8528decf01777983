/* SPDX-License-Identifier: MIT */
/* The simulation as a backend: clock and steps. sim.h says what it promises. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "backend/sim.h"
#include "core/group.h"
#include "core/report.h"

enum {
	/* The clock begins as that of a machine that has been up for a while: 0 often means "never"
	 * in programs. */
	CLOCK_START_S = 1000,
	/* Every so many steps without a pause a microsecond passes; the first sixty thousand steps
	 * take 1 ms that way. From then on it doubles as often: even a task that spins for an hour
	 * gets there within seconds. */
	CREEP_STEPS = 64,
	CREEP_NS = 1000,
	CREEP_DOUBLES_SHIFT = 16,
	CREEP_DOUBLES_MAX = 32,
};

/* ---- The trace ---- */

void sim_trace(struct async_loop *loop, uint64_t what, uint64_t value)
{
	uint64_t hash = loop->trace ^ (what << 56 ^ value);

	hash *= 0x9e3779b97f4a7c15;
	loop->trace = hash ^ hash >> 29;
}

/* ---- Open and close ---- */

static int sim_open(struct async_loop *loop, const char *without)
{
	struct sim *sim = calloc(1, sizeof *sim);
	int error;

	(void)without;
	if (!sim)
		return async_fail(-ENOMEM, "no memory for a simulation");
	sim->loop = loop;
	error = loop->options.sim ? sim_world_set(sim, loop->options.sim) : 0;
	if (!error)
		error = posix_open(&sim->posix);
	if (error) {
		free(sim);
		return error;
	}
	if (!loop->options.seed)
		loop->options.seed = 1;
	sim_random_seed(loop, loop->options.seed);
	loop->now_ns = CLOCK_START_S * NS_PER_SECOND;
	loop->trace = 1;
	loop->backend_state = sim;
	return 0;
}

static void tell_left(struct sim *sim)
{
	int first = 0;

	if (!sim->socket_count || sim->loop->is_private)
		return;
	while (!sim->sockets[first])
		first++;
	loop_report(sim->loop, "left", 0, NULL,
		    "%d descriptors of the simulation were left open; the first is %d (%s)",
		    sim->socket_count, SIM_FIRST_FD + first,
		    sim->sockets[first]->type == SOCK_STREAM ? "stream" : "datagram");
}

static void sim_close(struct async_loop *loop)
{
	struct sim *sim = sim_of(loop);

	tell_left(sim);
	for (int i = 0; i < sim->socket_room; i++)
		if (sim->sockets[i])
			sim_socket_free(sim, sim->sockets[i]);
	/* Only datagrams are still under way. */
	while (sim->event_count) {
		struct sim_event *event = sim->events[0].event;

		sim_event_end(sim, event);
		free(container_of(event, struct sim_datagram, event));
	}
	posix_close(loop, &sim->posix);
	free(sim->events);
	free(sim->sockets);
	free(sim->cut_ports);
	free(sim->real_polls);
	free(sim);
	loop->backend_state = NULL;
}

/* ---- Time ---- */

static bool can_wake(const struct async_loop *loop)
{
	const struct sim *sim = loop->backend_state;

	return sim->event_count || sim->real_count;
}

static bool anyone_ready(const struct async_loop *loop)
{
	return loop->ready_first || loop->soon.first || loop->calls ||
	       __atomic_load_n(&loop->foreign, __ATOMIC_RELAXED);
}

static void creep(struct sim *sim)
{
	uint64_t doubles = ++sim->busy_polls >> CREEP_DOUBLES_SHIFT;

	if (sim->busy_polls % CREEP_STEPS == 0)
		sim->loop->now_ns += (uint64_t)CREEP_NS
				     << (doubles < CREEP_DOUBLES_MAX ? doubles : CREEP_DOUBLES_MAX);
}

/* Nothing is under way and nothing is due: only other threads, or the real world, can go on. */
static void wait_really(struct sim *sim)
{
	if (!sim->loop->outside && !sim->real_count)
		die("simulation: nothing can happen any more, and the deadlock was told before: some task waits on,"
		    " whatever cancels it (a shield without a limit?)");
	sim_real_poll(sim, true);
}

static void first_turn(struct sim *sim);

static void sim_poll(struct async_loop *loop, uint64_t deadline_ns)
{
	struct sim *sim = sim_of(loop);
	uint64_t next_ns;

	if (unlikely(!sim->begun))
		first_turn(sim);
	/* Again, as long as something went on without a task: that may be what another waits for. */
	while (sim->real_count && sim_real_poll(sim, false) && !anyone_ready(loop))
		continue;
	if (anyone_ready(loop)) {
		creep(sim);
	} else {
		/* Timers are noticed a nanosecond late: what was slept is then never less than what
		 * was asked, even where both are doubles that were rounded. */
		next_ns = sim_events_next(sim);
		if (deadline_ns < next_ns)
			next_ns = deadline_ns + 1;
		sim->busy_polls = 0;
		if (next_ns == NS_NEVER)
			wait_really(sim);
		else if (next_ns > loop->now_ns)
			loop->now_ns = next_ns;
	}
	sim_events_run(sim, loop->now_ns);
}

/* ---- Steps ---- */

/* Bring one of those that are ready to the front, each with the same chance. */
static void shuffle(struct sim *sim, struct async_loop *loop)
{
	struct async_task **at = &loop->ready_first, *chosen;
	uint64_t count = 0;

	for (const struct async_task *task = loop->ready_first; task; task = task->next_ready)
		count++;
	if (count < 2)
		return;
	for (uint64_t index = sim_below(sim, count); index; index--)
		at = &(*at)->next_ready;
	chosen = *at;
	*at = chosen->next_ready;
	if (!chosen->next_ready)
		loop->ready_last = at;
	chosen->next_ready = loop->ready_first;
	loop->ready_first = chosen;
	if (!chosen->next_ready)
		loop->ready_last = &chosen->next_ready;
}

static void stands_still(struct sim *sim, struct async_task *task, bool before)
{
	if (!task->number)
		task->number = ++sim->tasks_numbered;
	if (sim->observer)
		sim->observer(task, before, sim->observer_arg);
}

/* How the main task, or a task it made eagerly, came here the first time: not by a step of ours. */
static void first_turn(struct sim *sim)
{
	struct async_loop *loop = sim->loop;

	sim->begun = true;
	if (!loop->ended)
		stands_still(sim, loop->stepping ? loop->stepping : &loop->root, false);
}

static void sim_step(struct async_loop *loop)
{
	struct sim *sim = sim_of(loop);
	uint64_t ended = loop->ended;

	if (!loop->ready_first)
		return;
	if (sim->world.shuffle)
		shuffle(sim, loop);
	loop->stepping = loop->ready_first;
	stands_still(sim, loop->stepping, true);
	sim_trace(loop, SIM_TRACE_STEP, loop->stepping->number);
	sim_trace(loop, SIM_TRACE_TIME, loop->now_ns);
	task_run_ready(loop);
	/* Somebody stopped: by ending, then there is nobody to look at, or by waiting. */
	if (loop->ended == ended)
		stands_still(sim, loop->stepping, false);
}

void sim_observe(struct async_loop *loop, sim_observer *observer, void *arg)
{
	struct sim *sim = sim_of(loop);

	sim->observer = observer;
	sim->observer_arg = arg;
}

const struct backend backend_sim = {
	.name = "sim",
	.virtual_clock = true,
	.open = sim_open,
	.close = sim_close,
	.start = sim_start,
	.cancel = sim_cancel,
	.poll = sim_poll,
	.wake = posix_wake,
	.step = sim_step,
	.can_wake = can_wake,
	.socket = sim_socket,
	.socketpair = sim_socketpair,
	.bind = sim_bind,
	.listen = sim_listen,
	.shutdown = sim_shutdown,
	.getname = sim_getname,
	.setsockopt = sim_setsockopt,
	.getsockopt = sim_getsockopt,
	.try_poll = sim_try_poll,
	.shut = sim_shut,
	.random = sim_random,
};
