/* SPDX-License-Identifier: MIT */
/*
 * What is under way in the simulated network: a heap by time and, at one time, by the order of
 * sending. The loop's timers would nearly do; but their ties follow from the shape of the heap, and
 * here the order is a promise. As theirs, its entries hold what is compared, so that finding the
 * next one touches no event.
 */
#include <errno.h>
#include <stdlib.h>
#include "backend/sim.h"

enum { ROOM_FIRST = 64, ARITY = 4 };

int sim_event_room(struct sim *sim)
{
	if (sim->event_owners == sim->event_room) {
		uint32_t room = sim->event_room ? sim->event_room * 2 : ROOM_FIRST;
		struct sim_due *events = realloc(sim->events, room * sizeof *events);

		if (!events)
			return -ENOMEM;
		sim->events = events;
		sim->event_room = room;
	}
	sim->event_owners++;
	return 0;
}

static bool earlier(const struct sim_due *a, const struct sim_due *b)
{
	return a->ns != b->ns ? a->ns < b->ns : a->sequence < b->sequence;
}

static void place(struct sim *sim, uint32_t index, struct sim_due due)
{
	sim->events[index] = due;
	due.event->index = index + 1;
}

/* Fill the hole at `index`, moving earlier ones towards the root. */
static void sift_up(struct sim *sim, uint32_t index, struct sim_due due)
{
	while (index && earlier(&due, &sim->events[(index - 1) / ARITY])) {
		place(sim, index, sim->events[(index - 1) / ARITY]);
		index = (index - 1) / ARITY;
	}
	place(sim, index, due);
}

static void sift_down(struct sim *sim, uint32_t index, struct sim_due due)
{
	for (uint32_t child; (child = index * ARITY + 1) < sim->event_count;) {
		uint32_t end = child + ARITY < sim->event_count ? child + ARITY : sim->event_count,
			 first = child;

		while (++child < end)
			if (earlier(&sim->events[child], &sim->events[first]))
				first = child;
		if (!earlier(&sim->events[first], &due))
			break;
		place(sim, index, sim->events[first]);
		index = first;
	}
	place(sim, index, due);
}

void sim_event_stop(struct sim *sim, struct sim_event *event)
{
	uint32_t index = event->index - 1;
	struct sim_due last;

	if (event->held) {
		event->held = false;
		list_remove(&sim->held, &event->link);
	}
	if (!event->index)
		return;
	event->index = 0;
	last = sim->events[--sim->event_count];
	if (index == sim->event_count)
		return;
	if (index && earlier(&last, &sim->events[(index - 1) / ARITY]))
		sift_up(sim, index, last);
	else
		sift_down(sim, index, last);
}

void sim_event_set(struct sim *sim, struct sim_event *event, uint64_t due_ns)
{
	sim_event_stop(sim, event);
	sift_up(sim, sim->event_count++, (struct sim_due){ due_ns, ++sim->sequence, event });
}

void sim_event_hold(struct sim *sim, struct sim_event *event)
{
	sim_event_stop(sim, event);
	event->held = true;
	list_append(&sim->held, &event->link);
}

void sim_event_end(struct sim *sim, struct sim_event *event)
{
	sim_event_stop(sim, event);
	sim->event_owners--;
}

uint64_t sim_events_next(const struct sim *sim)
{
	return sim->event_count ? sim->events[0].ns : NS_NEVER;
}

void sim_events_run(struct sim *sim, uint64_t now_ns)
{
	while (sim->event_count && sim->events[0].ns <= now_ns) {
		struct sim_event *event = sim->events[0].event;

		sim_event_stop(sim, event);
		event->arrive(sim, event);
	}
}

void sim_events_release(struct sim *sim)
{
	list_for_each (&sim->held, link, following)
		sim_event_set(sim, container_of(link, struct sim_event, link), sim->loop->now_ns);
}
