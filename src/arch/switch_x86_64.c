/* SPDX-License-Identifier: MIT */
/* Where a new stack begins on x86-64. The unwind information says that rip is undefined here:
 * debuggers and the unwinder stop, and every backtrace is whole. */
#include "arch/switch.h"

#if defined(__x86_64__) && !defined(LIBAWAIT_UCONTEXT)

__asm__(".text\n"
	".globl context_entry\n"
	".hidden context_entry\n"
	".type context_entry, @function\n"
	"context_entry:\n\t"
	".cfi_startproc\n\t"
	".cfi_undefined rip\n\t"
	"popq %rax\n\t"
	"popq %rdi\n\t"
	"xorl %ebp, %ebp\n\t"
	"callq *%rax\n\t"
	"ud2\n\t"
	".cfi_endproc\n"
	".size context_entry, .-context_entry\n");

#endif
