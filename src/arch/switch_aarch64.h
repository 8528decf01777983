/* SPDX-License-Identifier: MIT */
/* The switch on aarch64 (AAPCS64). See switch.h. */
#ifndef ARCH_SWITCH_AARCH64_H
#define ARCH_SWITCH_AARCH64_H

struct context {
	void *sp;
	void *ip; /* where to go on */
	void *fp; /* x29, which an asm statement cannot name as changed */
};

/* x18 belongs to the platform, and where the platform has no use for it, to the compiler. */
#if defined(__linux__) && !defined(__ANDROID__)
#define CONTEXT_X18 , "x18"
#else
#define CONTEXT_X18
#endif

__attribute__((always_inline)) static inline void context_switch(struct context *from,
								 struct context *to)
{
	register struct context *x0 __asm__("x0") = from;
	register struct context *x1 __asm__("x1") = to;

	/* d8 to d15 are the callee's to keep: naming v8 to v15 makes the compiler save them where
	 * it uses them. */
	__asm__ volatile("adr x9, 1f\n\t"
			 "mov x10, sp\n\t"
			 "stp x10, x9, [x0]\n\t"
			 "str x29, [x0, #16]\n\t"
			 "ldp x10, x9, [x1]\n\t"
			 "ldr x29, [x1, #16]\n\t"
			 "mov sp, x10\n\t"
			 "br x9\n"
			 "1:\n\t"
			 : "+r"(x0), "+r"(x1)
			 :
			 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
			   "x13", "x14", "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23",
			   "x24", "x25", "x26", "x27", "x28", "x30", "cc", "memory", "v0", "v1",
			   "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
			   "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22",
			   "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
			   "v31" CONTEXT_X18);
}

/* In switch_aarch64.c: loads the function and its argument; the end of every backtrace. */
void context_entry(void);

static inline void context_make(struct context *context, void *stack_top, void (*entry)(void *),
				void *arg)
{
	void **sp = stack_top;

	*--sp = arg;
	*--sp = (void *)entry;
	context->sp = sp;
	context->ip = (void *)context_entry;
	context->fp = (void *)0;
}

static inline void context_pause(void)
{
	__asm__ volatile("yield");
}

#endif
