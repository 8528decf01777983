/* SPDX-License-Identifier: MIT */
/* The switch where nobody wrote one: the C library's. Slow (it saves the signal mask with a system
 * call), and right. */
#ifndef ARCH_SWITCH_UCONTEXT_H
#define ARCH_SWITCH_UCONTEXT_H

#include <stdint.h>
#include <ucontext.h>

struct context {
	void *sp, *ip, *fp; /* not used here; the debugger script expects them */
	ucontext_t saved;
	void (*entry)(void *);
	void *arg;
};

static inline void context_switch(struct context *from, struct context *to)
{
	swapcontext(&from->saved, &to->saved);
}

/* makecontext passes ints only: a pointer goes in two halves. */
static inline void context_enter(unsigned high, unsigned low)
{
	struct context *context = (struct context *)(uintptr_t)((uint64_t)high << 32 | low);

	context->entry(context->arg);
	__builtin_trap();
}

static inline void context_make(struct context *context, void *stack_top, void (*entry)(void *),
				void *arg)
{
	enum {
		ROOM = 8192
	}; /* what makecontext needs to know of the stack: its top part is enough */
	uint64_t self = (uintptr_t)context;

	context->entry = entry;
	context->arg = arg;
	getcontext(&context->saved);
	context->saved.uc_stack.ss_sp = (char *)stack_top - ROOM;
	context->saved.uc_stack.ss_size = ROOM;
	context->saved.uc_link = NULL;
	makecontext(&context->saved, (void (*)(void))context_enter, 2, (unsigned)(self >> 32),
		    (unsigned)self);
}

static inline void context_pause(void)
{
}

#endif
