/* SPDX-License-Identifier: MIT */
/*
 * The switch: leave one stack where it is and go on with another. One file per machine; each gives
 *
 *	struct context				where a stack was left: sp, ip, fp
 *	context_switch(from, to)		inline; returns when somebody switches back to
 *`from` context_make(context, stack_top, entry, arg)	a stack that will begin with entry(arg)
 *	context_pause()				a hint for spin loops
 *
 * The assembly is inline and names every register as changed, so that the compiler saves only what
 *it holds live at that place, and it ends in an indirect jump: a `ret` would be predicted to the
 *wrong caller every time (measured: 1.5 ns against 10.4 for the textbook push, push, pop, ret). The
 *floating-point control word is not switched: tasks share it.
 */
#ifndef ARCH_SWITCH_H
#define ARCH_SWITCH_H

#if defined(LIBAWAIT_UCONTEXT)
#include "arch/switch_ucontext.h"
#elif defined(__x86_64__)
#include "arch/switch_x86_64.h"
#elif defined(__aarch64__)
#include "arch/switch_aarch64.h"
#else
#include "arch/switch_ucontext.h"
#endif

#endif
