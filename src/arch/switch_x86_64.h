/* SPDX-License-Identifier: MIT */
/* The switch on x86-64 (System V ABI). See switch.h. */
#ifndef ARCH_SWITCH_X86_64_H
#define ARCH_SWITCH_X86_64_H

#include <stddef.h>

struct context {
	void *sp; /* rsp */
	void *ip; /* where to go on */
	void *fp; /* rbp, which an asm statement cannot name as changed */
};

#ifdef __AVX512F__
#define CONTEXT_AVX512                                                                           \
	, "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24",       \
		"zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31", "k1", "k2", "k3", \
		"k4", "k5", "k6", "k7"
#else
#define CONTEXT_AVX512
#endif

/* Callers are compiled with -mno-red-zone (see the build file): another stack may be entered by a
 * push. */
__attribute__((always_inline)) static inline void context_switch(struct context *from,
								 struct context *to)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "movq %%rsp, 0(%%rdi)\n\t"
			 "movq %%rax, 8(%%rdi)\n\t"
			 "movq %%rbp, 16(%%rdi)\n\t"
			 "movq 0(%%rsi), %%rsp\n\t"
			 "movq 16(%%rsi), %%rbp\n\t"
			 "jmpq *8(%%rsi)\n"
			 "1:\n\t"
			 : "+D"(from), "+S"(to)
			 :
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
			   "r14", "r15", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
			   "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
			   "xmm13", "xmm14", "xmm15" CONTEXT_AVX512);
}

/* In switch_x86_64.c: pops the function and its argument; the end of every backtrace. */
void context_entry(void);

static inline void context_make(struct context *context, void *stack_top, void (*entry)(void *),
				void *arg)
{
	void **sp = stack_top;

	*--sp = NULL; /* the return address that ends a walk by frame pointers */
	*--sp = NULL;
	*--sp = arg;
	*--sp = (void *)entry;
	context->sp = sp;
	context->ip = (void *)context_entry;
	context->fp = NULL;
}

/* Make `context` call function(arg) on its own stack before it goes on, as if the place where it
 * was left had called: for reading the stack of a parked task. function must switch away at its end
 * and never return. */
static inline void context_call(const struct context *context, struct context *call,
				void (*function)(void))
{
	void **sp = context->sp;

	*--sp = context->ip;
	call->sp = sp;
	call->ip = (void *)function;
	call->fp = context->fp;
}

static inline void context_pause(void)
{
	__builtin_ia32_pause();
}

#endif
