/* SPDX-License-Identifier: MIT */
/* What the sanitizers and Valgrind must be told about stacks and switches; nothing at all in an
 * ordinary build. */
#ifndef ARCH_FIBER_H
#define ARCH_FIBER_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

#if defined(FIBER_ASAN) || defined(FIBER_TSAN)
#define FIBER_SANITIZED 1
#endif

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
static inline void fiber_stack_register(const void *low, size_t bytes)
{
	(void)VALGRIND_STACK_REGISTER(low, (const char *)low + bytes);
}
#else
static inline void fiber_stack_register(const void *low, size_t bytes)
{
	(void)low;
	(void)bytes;
}
#endif

struct fiber {
#ifdef FIBER_SANITIZED
	const void *low; /* the stack, for ASan; NULL until known for a thread's own */
	size_t bytes;
	void *fake_stack;
	void *tsan;
#else
	char unused[0];
#endif
};

#ifdef FIBER_SANITIZED

static inline void fiber_init(struct fiber *fiber, const void *low, size_t bytes)
{
	fiber->low = low;
	fiber->bytes = bytes;
	fiber->fake_stack = NULL;
	fiber->tsan = NULL;
#ifdef FIBER_TSAN
	fiber->tsan = low ? __tsan_create_fiber(0) : __tsan_get_current_fiber();
#endif
}

/* The fiber will not run again; called by another one. */
static inline void fiber_term(struct fiber *fiber)
{
#ifdef FIBER_TSAN
	if (fiber->low && fiber->tsan)
		__tsan_destroy_fiber(fiber->tsan);
#endif
#ifdef FIBER_ASAN
	if (fiber->low)
		__asan_unpoison_memory_region(fiber->low, fiber->bytes);
#endif
	fiber->tsan = NULL;
}

/* Right before a switch; from NULL: the fiber that leaves has ended. */
static inline void fiber_leave(struct fiber *from, struct fiber *to)
{
	(void)from;
	(void)to;
#ifdef FIBER_ASAN
	__sanitizer_start_switch_fiber(from ? &from->fake_stack : NULL, to->low, to->bytes);
#endif
#ifdef FIBER_TSAN
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
}

/* Right after a switch, on the new stack; `previous` was left. */
static inline void fiber_enter(struct fiber *self, struct fiber *previous)
{
	(void)self;
	(void)previous;
#ifdef FIBER_ASAN
	{
		const void *low;
		size_t bytes;

		__sanitizer_finish_switch_fiber(self->fake_stack, &low, &bytes);
		if (previous && !previous->low) {
			previous->low = low;
			previous->bytes = bytes;
		}
	}
#endif
}

#else

static inline void fiber_init(struct fiber *fiber, const void *low, size_t bytes)
{
	(void)fiber;
	(void)low;
	(void)bytes;
}

static inline void fiber_term(struct fiber *fiber)
{
	(void)fiber;
}

static inline void fiber_leave(struct fiber *from, struct fiber *to)
{
	(void)from;
	(void)to;
}

static inline void fiber_enter(struct fiber *self, struct fiber *previous)
{
	(void)self;
	(void)previous;
}

#endif

#endif
