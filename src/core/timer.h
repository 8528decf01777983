/* SPDX-License-Identifier: MIT */
/*
 * Timers: a heap with four children to a node, whose entries hold the deadline beside the pointer,
 * so that finding the next one touches one cache line a level and no timer. Cancelling leaves a
 * hole that the next timer to be set fills, usually without moving any other: a timeout around
 * every operation costs a few compares whatever the number pending. Deadlines are nanoseconds;
 * nothing is rounded and nothing ticks.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <await/base.h>
#include "base/base.h"

struct timer_entry {
	uint64_t deadline_ns;
	struct async_timer_ *timer;
};

struct timer_heap {
	struct timer_entry *entries; /* entry i has the children 4i+1 .. 4i+4 */
	void *memory; /* entries, before the shift that puts children into one cache line */
	uint32_t count, capacity;
	uint32_t hole; /* index + 1 of an entry whose timer was cancelled; 0: none */
};

void timers_term(struct timer_heap *heap);

/* Put a timer in, or move one that is in. 0 or -ENOMEM (only when it was not in). */
int timer_set(struct timer_heap *heap, struct async_timer_ *timer, uint64_t deadline_ns);
/* Take it out if it is in. */
void timer_cancel(struct timer_heap *heap, struct async_timer_ *timer);

static inline bool timer_is_set(const struct async_timer_ *timer)
{
	return timer->index != 0;
}

/* Close the hole, if there is one. */
void timers_settle(struct timer_heap *heap);

/* The earliest deadline; NS_NEVER for none. */
static inline uint64_t timers_next(struct timer_heap *heap)
{
	if (unlikely(heap->hole == 1))
		timers_settle(heap);
	return heap->count ? heap->entries[0].deadline_ns : NS_NEVER;
}

static inline uint32_t timers_pending(const struct timer_heap *heap)
{
	return heap->count - (heap->hole != 0);
}

/* Take out the earliest timer if it is due, else NULL. */
struct async_timer_ *timers_pop_due(struct timer_heap *heap, uint64_t now_ns);

/* Seconds to a deadline from now_ns on: NS_NEVER for infinity, at least now. */
uint64_t deadline_after(uint64_t now_ns, double seconds);
/* A time on the loop's clock to a deadline. */
uint64_t deadline_at(double when);
double seconds_of(uint64_t ns);

#endif
