/* SPDX-License-Identifier: MIT */
/* Stacks: see stack.h. The list of free stacks is an array in the slab's record and not in the
 * stacks, so that a stack whose memory was given back is not touched just to remember that it is
 * free. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include "arch/fiber.h"
#include "core/stack.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13: a guard without a mapping of its own */
#endif

enum {
	SLAB_BYTES = 16 * 1024 * 1024, /* 256 stacks of the default size */
	GUARD_BYTES_MIN = 4096,
	GUARD_BYTES_MAX = 64 * 1024,
	GUARD_SHARE = 16,  /* this part of a stack is its guard: 4 KiB of 64 KiB */
	UNUSED_KEPT = 256, /* free stacks that keep their memory */
	COLOURS = 16,	   /* tops are shifted, lest all tasks' records fall into one cache set */
	COLOUR_BYTES = 64,
	FREE_END = 0xffff,
};

struct stack_slab {
	struct async_link_ link; /* in the pool's list of its class, while it has a free stack */
	struct stack_pool *pool;
	char *memory;
	size_t bytes, stack_bytes, guard_bytes;
	uint32_t count, carved, used;
	uint32_t warm; /* how many of the free ones, from the first on, hold memory */
	uint16_t first_free;
	unsigned size_class;
	uint16_t next_free[];
};

/* The smallest power of two that holds so many bytes, counted from STACK_BYTES_MIN. */
static inline unsigned class_of(size_t bytes)
{
	if (bytes <= STACK_BYTES_MIN)
		return 0;
	return (unsigned)(__builtin_clzl(STACK_BYTES_MIN - 1) - __builtin_clzl(bytes - 1));
}

static size_t guard_bytes(size_t stack_bytes)
{
	size_t bytes = stack_bytes / GUARD_SHARE;

	if (bytes < GUARD_BYTES_MIN)
		return GUARD_BYTES_MIN;
	return bytes > GUARD_BYTES_MAX ? GUARD_BYTES_MAX : bytes;
}

/* Half of what the kernel allows, since each guard splits a mapping in two and the program needs
 * some too. */
static size_t mprotect_budget(void)
{
	size_t maps = 65530; /* the kernel's own default */
	char text[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);

	/* Not fscanf: it would bring sixty kilobytes of floating-point parsing into a static
	 * program. */
	if (fd >= 0) {
		if (read(fd, text, sizeof text - 1) > 0)
			maps = strtoul(text, NULL, 10);
		close(fd);
	}
	return maps / 4;
}

static bool guard_install_works(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool works;

	if (probe == MAP_FAILED)
		return false;
	/* Some emulators nod at advice they do not know: ask the kernel to write there, and see. */
	works = madvise(probe, page, MADV_GUARD_INSTALL) == 0 && getrandom(probe, 1, 0) < 0;
	munmap(probe, page);
	return works;
}

void stack_pool_init(struct stack_pool *pool, const char *without)
{
	memset(pool, 0, sizeof *pool);
	pool->guard_none = without && strstr(without, "guards");
	pool->guard_install = !(without && strstr(without, "no-guard-install")) &&
			      guard_install_works();
	if (!pool->guard_install)
		pool->guards_left = mprotect_budget();
}

static void slab_free(struct stack_slab *slab)
{
	list_remove(&slab->pool->open[slab->size_class], &slab->link);
	munmap(slab->memory, slab->bytes);
	free(slab);
}

void stack_pool_term(struct stack_pool *pool)
{
	for (unsigned size_class = 0; size_class < STACK_CLASSES; size_class++)
		while (!list_empty(&pool->open[size_class]))
			slab_free(container_of(pool->open[size_class].first, struct stack_slab,
					       link));
}

static struct stack_slab *slab_new(struct stack_pool *pool, unsigned size_class)
{
	size_t stack_bytes = (size_t)STACK_BYTES_MIN << size_class;
	size_t count = stack_bytes < SLAB_BYTES ? SLAB_BYTES / stack_bytes : 1;
	struct stack_slab *slab = malloc(sizeof *slab + count * sizeof slab->next_free[0]);

	if (!slab)
		return NULL;
	*slab = (struct stack_slab){
		.pool = pool,
		.size_class = size_class,
		.stack_bytes = stack_bytes,
		.guard_bytes = guard_bytes(stack_bytes),
		.count = (uint32_t)count,
		.bytes = count * stack_bytes,
		.first_free = FREE_END,
	};
	slab->memory = mmap(NULL, slab->bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (slab->memory == MAP_FAILED) {
		free(slab);
		return NULL;
	}
	/* One touched page must not become a huge one: that would be 2 MiB for eight idle tasks. */
	madvise(slab->memory, slab->bytes, MADV_NOHUGEPAGE);
	list_prepend(&pool->open[size_class], &slab->link);
	return slab;
}

/* A stack of this slab for the first time. Beyond the budget of mappings it goes without a guard. */
static int carve(struct stack_pool *pool, struct stack_slab *slab, uint32_t index)
{
	char *low = slab->memory + index * slab->stack_bytes;
	size_t guard = slab->guard_bytes;

	if (pool->guard_none)
		return 0;
	if (pool->guard_install)
		return madvise(low, guard, MADV_GUARD_INSTALL) ? -ENOMEM : 0;
	if (pool->guards_left && !mprotect(low, guard, PROT_NONE))
		pool->guards_left--;
	return 0;
}

static inline void describe(const struct stack_slab *slab, uint32_t index, struct stack *stack)
{
	char *low = slab->memory + index * slab->stack_bytes;

	stack->slab = (struct stack_slab *)slab;
	stack->index = index;
	stack->low = low + slab->guard_bytes;
	stack->top = low + slab->stack_bytes - index % COLOURS * COLOUR_BYTES;
}

/* Off the common path: a slab that has no stack yet that was used before, or none at all. */
__attribute__((noinline)) static int take_fresh(struct stack_pool *pool, unsigned size_class,
						struct stack *stack)
{
	struct stack_slab *slab;
	uint32_t index;

	if (list_empty(&pool->open[size_class]) && !slab_new(pool, size_class))
		return -ENOMEM;
	slab = container_of(pool->open[size_class].first, struct stack_slab, link);
	index = slab->carved;
	if (carve(pool, slab, index))
		return -ENOMEM;
	slab->carved++;
	slab->used++;
	fiber_stack_register(slab->memory + index * slab->stack_bytes, slab->stack_bytes);
	if (slab->carved == slab->count)
		list_remove(&pool->open[size_class], &slab->link);
	describe(slab, index, stack);
	return 0;
}

int stack_take(struct stack_pool *pool, size_t bytes, struct stack *stack)
{
	unsigned size_class = class_of(bytes);
	struct async_link_ *link;
	struct stack_slab *slab;
	uint32_t index;

	if (unlikely(bytes > STACK_BYTES_MAX))
		return -ENOMEM;
	link = pool->open[size_class].first;
	slab = link ? container_of(link, struct stack_slab, link) : NULL;
	if (unlikely(!slab || slab->first_free == FREE_END)) {
		int error = take_fresh(pool, size_class, stack);

		pool->used += !error;
		return error;
	}
	index = slab->first_free;
	slab->first_free = slab->next_free[index];
	slab->used++;
	pool->used++;
	if (likely(slab->warm)) {
		slab->warm--;
		pool->unused--;
	}
	if (unlikely(slab->first_free == FREE_END && slab->carved == slab->count))
		list_remove(&pool->open[size_class], &slab->link);
	describe(slab, index, stack);
	return 0;
}

void stack_give(struct stack_pool *pool, const struct stack *stack)
{
	struct stack_slab *slab = stack->slab;

	if (slab->first_free == FREE_END && slab->carved == slab->count)
		list_prepend(&pool->open[slab->size_class], &slab->link);
	slab->next_free[stack->index] = slab->first_free;
	slab->first_free = (uint16_t)stack->index;
	slab->used--;
	slab->warm++;
	pool->used--;
	pool->unused++;
}

/* A wholly unused slab goes back as a whole; else the unused stacks lose their pages, one call
 * each. */
static void slab_trim(struct stack_pool *pool, struct stack_slab *slab)
{
	size_t guard = slab->guard_bytes;
	uint16_t index = slab->first_free;

	pool->unused -= slab->warm;
	if (!slab->used) {
		slab_free(slab);
		return;
	}
	for (; slab->warm; slab->warm--, index = slab->next_free[index])
		madvise(slab->memory + index * slab->stack_bytes + guard, slab->stack_bytes - guard,
			MADV_DONTNEED);
}

/*
 * Called between tasks. Keeps as many warm stacks as there are tasks, and a few in any case: a
 * server whose load swings keeps its memory, one whose load has gone gives it back. The slabs at
 * the end of the list were used longest ago.
 */
void stack_pool_trim(struct stack_pool *pool)
{
	size_t kept = pool->used > UNUSED_KEPT ? pool->used : UNUSED_KEPT;

	if (likely(pool->unused <= kept))
		return;
	for (unsigned size_class = 0; size_class < STACK_CLASSES; size_class++) {
		struct async_link_ *link = pool->open[size_class].last;

		while (link && pool->unused > kept / 2) {
			struct async_link_ *before = link->prev;

			slab_trim(pool, container_of(link, struct stack_slab, link));
			link = before;
		}
	}
}

bool stack_guard_hit(const struct stack *stack, const void *address)
{
	const char *at = address;

	return stack->slab && at < stack->low && at >= stack->low - stack->slab->guard_bytes;
}

size_t stack_bytes(const struct stack *stack)
{
	return stack->slab ? stack->slab->stack_bytes : 0;
}
