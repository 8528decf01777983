/* SPDX-License-Identifier: MIT */
/* The rules of the simulated world: random numbers, latency, faults, partitions; and the calls that
 * change them. */
#include <errno.h>
#include <stdlib.h>
#include "backend/sim.h"

/* xoshiro256** (Blackman, Vigna), its state filled by splitmix64 so that seeds that differ by a bit
 * have nothing in common. */
void sim_random_seed(struct async_loop *loop, uint64_t seed)
{
	for (size_t i = 0; i < array_length(loop->random_state); i++) {
		uint64_t x = seed += 0x9e3779b97f4a7c15;

		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
		x = (x ^ x >> 27) * 0x94d049bb133111eb;
		loop->random_state[i] = x ^ x >> 31;
	}
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

uint64_t sim_random(struct async_loop *loop)
{
	uint64_t *s = loop->random_state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* The high half of a product: even enough for a simulation, and always one draw. */
static uint64_t scale(uint64_t number, uint64_t limit)
{
	return (uint64_t)((unsigned __int128)number * limit >> 64);
}

uint64_t sim_below(struct sim *sim, uint64_t limit)
{
	return scale(sim_random(sim->loop), limit);
}

/* What cannot happen, and what must, draws no number: a run without faults is not shifted by their
 * being there. */
bool sim_chance(struct sim *sim, double probability)
{
	if (probability <= 0)
		return false;
	if (probability >= 1)
		return true;
	return (double)(sim_random(sim->loop) >> 11) * 0x1p-53 < probability;
}

uint64_t sim_latency(struct sim *sim)
{
	if (sim->latency_max_ns == sim->latency_min_ns)
		return sim->latency_min_ns;
	return sim->latency_min_ns + sim_below(sim, sim->latency_max_ns - sim->latency_min_ns + 1);
}

size_t sim_shorten(struct sim *sim, double probability, size_t size)
{
	if (size > 1 && sim_chance(sim, probability))
		return 1 + (size_t)sim_below(sim, size - 1);
	return size;
}

static bool is_probability(double value)
{
	return value >= 0 && value <= 1;
}

int sim_world_set(struct sim *sim, const struct async_sim_options *world)
{
	if (!is_probability(world->short_read) || !is_probability(world->short_write) ||
	    !is_probability(world->reset) || !is_probability(world->refuse) ||
	    !is_probability(world->drop) || !is_probability(world->duplicate))
		return async_fail(-EINVAL,
				  "simulation: the probability of a fault must be from 0 to 1");
	if (!(world->latency_min >= 0) || !(world->latency_max >= world->latency_min))
		return async_fail(
			-EINVAL,
			"simulation: latency from %g to %g s: it must be 0 or more, and not end "
			"before it begins",
			world->latency_min, world->latency_max);
	sim->world = *world;
	sim->latency_min_ns = deadline_after(0, world->latency_min);
	sim->latency_max_ns = deadline_after(0, world->latency_max);
	return 0;
}

bool sim_is_cut(const struct sim *sim, uint16_t port, uint16_t other)
{
	const uint64_t *cut = sim->cut_ports;

	if (likely(!cut))
		return false;
	return (cut[port / 64] >> port % 64 | cut[other / 64] >> other % 64) & 1;
}

/* The running simulation, or NULL with the reason in async_error(). */
static struct sim *simulation(const char *caller)
{
	struct async_loop *loop = loop_of_thread();

	if (loop && loop->backend == &backend_sim)
		return sim_of(loop);
	if (loop)
		async_fail(
			-ENOTSUP,
			"%s: this loop stands on %s, not on a simulation (LIBAWAIT_BACKEND or option "
			"backend)",
			caller, loop->backend->name);
	return NULL;
}

int async_sim_set(const async_sim_options *options)
{
	struct sim *sim = simulation("async_sim_set");

	return sim ? sim_world_set(sim, options) : -ENOTSUP;
}

static int partition(int port, bool cut, const char *caller)
{
	struct sim *sim = simulation(caller);
	uint64_t bit = UINT64_C(1) << (port & 63);

	if (!sim)
		return -ENOTSUP;
	if (port <= 0 || port >= SIM_PORTS)
		return async_fail(-EINVAL, "%s: %d is no port number from 1 to 65535", caller,
				  port);
	if (!sim->cut_ports)
		sim->cut_ports = calloc(SIM_PORTS / 64, sizeof *sim->cut_ports);
	if (!sim->cut_ports)
		return async_fail(-ENOMEM, "%s", caller);
	if (cut)
		sim->cut_ports[port / 64] |= bit;
	else
		sim->cut_ports[port / 64] &= ~bit;
	if (!cut)
		sim_events_release(sim);
	return 0;
}

int async_sim_partition(int port)
{
	return partition(port, true, "async_sim_partition");
}

int async_sim_heal(int port)
{
	return partition(port, false, "async_sim_heal");
}

uint64_t async_random(uint64_t limit)
{
	struct async_loop *loop = loop_of_thread();

	return loop ? scale(loop->backend->random(loop), limit) : 0;
}

uint64_t async_sim_trace(void)
{
	struct async_loop *loop = loop_of_thread();

	return loop && loop->backend == &backend_sim ? loop->trace : 0;
}
