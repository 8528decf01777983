/* SPDX-License-Identifier: MIT */
/* Where a new stack begins on aarch64. The unwind information says that x30 is undefined here:
 * debuggers and the unwinder stop, and every backtrace is whole. */
#include "arch/switch.h"

#if defined(__aarch64__) && !defined(LIBAWAIT_UCONTEXT)

__asm__(".text\n"
	".globl context_entry\n"
	".hidden context_entry\n"
	".type context_entry, %function\n"
	"context_entry:\n\t"
	".cfi_startproc\n\t"
	".cfi_undefined x30\n\t"
	"ldp x9, x0, [sp], #16\n\t"
	"mov x29, #0\n\t"
	"mov x30, #0\n\t"
	"blr x9\n\t"
	"brk #1\n\t"
	".cfi_endproc\n"
	".size context_entry, .-context_entry\n");

#endif
