/* SPDX-License-Identifier: MIT */
/* Timers: see timer.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/timer.h"

enum {
	ARITY = 4,
	CACHE_LINE = 64,
	SHIFT = 3,	     /* unused entries before the first: entry 1 then begins a cache line */
	CAPACITY_FIRST = 61, /* with the shift: 1 KiB */
};

void timers_term(struct timer_heap *heap)
{
	free(heap->memory);
	memset(heap, 0, sizeof *heap);
}

static int resize(struct timer_heap *heap, uint32_t capacity)
{
	size_t bytes = (capacity + SHIFT) * sizeof(struct timer_entry);
	struct timer_entry *memory =
		aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);

	if (!memory)
		return -ENOMEM;
	if (heap->count)
		memcpy(memory + SHIFT, heap->entries, heap->count * sizeof(struct timer_entry));
	free(heap->memory);
	heap->memory = memory;
	heap->entries = memory + SHIFT;
	heap->capacity = capacity;
	return 0;
}

static inline void place(struct timer_heap *heap, uint32_t index, struct timer_entry entry)
{
	heap->entries[index] = entry;
	entry.timer->index = index + 1;
}

/* Fill the hole at `index` with `entry`, moving earlier deadlines towards the root. */
static void sift_up(struct timer_heap *heap, uint32_t index, struct timer_entry entry)
{
	while (index) {
		uint32_t parent = (index - 1) / ARITY;

		if (heap->entries[parent].deadline_ns <= entry.deadline_ns)
			break;
		place(heap, index, heap->entries[parent]);
		index = parent;
	}
	place(heap, index, entry);
}

static void sift_down(struct timer_heap *heap, uint32_t index, struct timer_entry entry)
{
	for (;;) {
		uint32_t child = index * ARITY + 1, end = child + ARITY, least = child;

		if (child >= heap->count)
			break;
		if (end > heap->count)
			end = heap->count;
		while (++child < end)
			if (heap->entries[child].deadline_ns < heap->entries[least].deadline_ns)
				least = child;
		if (entry.deadline_ns <= heap->entries[least].deadline_ns)
			break;
		place(heap, index, heap->entries[least]);
		index = least;
	}
	place(heap, index, entry);
}

static void sift(struct timer_heap *heap, uint32_t index, struct timer_entry entry)
{
	if (index && entry.deadline_ns < heap->entries[(index - 1) / ARITY].deadline_ns)
		sift_up(heap, index, entry);
	else
		sift_down(heap, index, entry);
}

int timer_set(struct timer_heap *heap, struct async_timer_ *timer, uint64_t deadline_ns)
{
	struct timer_entry entry = { deadline_ns, timer };

	timer->deadline_ns = deadline_ns;
	if (timer->index || heap->hole) {
		uint32_t index = timer->index ? timer->index : heap->hole;

		if (!timer->index) {
			heap->hole = 0;
		} else if (unlikely(heap->hole)) {
			timers_settle(heap);
			index = timer->index; /* it may have moved */
		}
		sift(heap, index - 1, entry);
		return 0;
	}
	if (unlikely(heap->count == heap->capacity) &&
	    resize(heap, heap->capacity ? (heap->capacity + SHIFT) * 2 - SHIFT : CAPACITY_FIRST))
		return -ENOMEM;
	sift_up(heap, heap->count++, entry);
	return 0;
}

/* Fill the place of an entry that is gone with the last one. */
static void take_out(struct timer_heap *heap, uint32_t index)
{
	if (index != --heap->count)
		sift(heap, index, heap->entries[heap->count]);
	/* A quarter full: give memory back. Failing to is no failure. */
	if (unlikely(heap->count * 4 < heap->capacity) && heap->capacity > CAPACITY_FIRST)
		resize(heap, (heap->capacity + SHIFT) / 2 - SHIFT);
}

void timers_settle(struct timer_heap *heap)
{
	uint32_t index = heap->hole;

	if (!index)
		return;
	heap->hole = 0;
	take_out(heap, index - 1);
}

void timer_cancel(struct timer_heap *heap, struct async_timer_ *timer)
{
	if (!timer->index)
		return;
	if (unlikely(heap->hole))
		timers_settle(heap);
	heap->hole = timer->index;
	timer->index = 0;
}

struct async_timer_ *timers_pop_due(struct timer_heap *heap, uint64_t now_ns)
{
	struct async_timer_ *timer;

	if (!heap->count || heap->entries[0].deadline_ns > now_ns)
		return NULL;
	if (unlikely(heap->hole)) {
		timers_settle(heap);
		return timers_pop_due(heap, now_ns);
	}
	timer = heap->entries[0].timer;
	timer->index = 0;
	take_out(heap, 0);
	return timer;
}

uint64_t deadline_after(uint64_t now_ns, double seconds)
{
	double ns = seconds * (double)NS_PER_SECOND;

	if (!(ns > 0))
		return now_ns;
	if (ns >= (double)(NS_NEVER - now_ns))
		return NS_NEVER;
	return now_ns + (uint64_t)ns;
}

uint64_t deadline_at(double when)
{
	return deadline_after(0, when);
}

double seconds_of(uint64_t ns)
{
	return ns == NS_NEVER ? INFINITY : (double)ns / (double)NS_PER_SECOND;
}
