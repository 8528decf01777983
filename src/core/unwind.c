/* SPDX-License-Identifier: MIT */
/*
 * The stack of a parked task. The C library's unwinder reads the stack it stands on, so it is made
 * to stand on the task's: a function is entered there as if the place where the task stopped had
 * called it, it collects the frames and switches back. The task notices nothing; what is written
 * lies below its stack pointer.
 *
 * Where there is no unwinder (a static program without one), too little room below, or a sanitizer
 * that watches stacks, the chain of frame pointers is followed instead, which is whole only in code
 * compiled with them.
 */
#include <execinfo.h>
#include <stdlib.h>
#include "core/loop.h"
#include "core/unwind.h"

enum {
	UNWINDER_BYTES = 24 * 1024
}; /* of stack, with room to spare: it loads itself at its first use */

extern int backtrace(void **frames, int size) __attribute__((weak));
extern char **backtrace_symbols(void *const *frames, int size) __attribute__((weak));

static int follow_frame_pointers(const struct async_task *task, void *frames[], int count)
{
	const uintptr_t low = (uintptr_t)task->stack.low, high = (uintptr_t)task->stack.top;
	const uintptr_t *frame = task->context.fp;
	int found = 0;

	frames[found++] = task->context.ip;
	while (found < count && low && (uintptr_t)frame >= low &&
	       (uintptr_t)frame < high - 2 * sizeof *frame) {
		if (!frame[1])
			break;
		frames[found++] = (void *)frame[1];
		frame = (const uintptr_t *)frame[0];
	}
	return found;
}

#if defined(__x86_64__) && !defined(LIBAWAIT_UCONTEXT) && !defined(FIBER_SANITIZED)

static __thread struct probe {
	void **frames;
	int count, found;
	struct context back, gone;
} probe;

/* Stands on the parked stack. The first frame is its own: it is left out. */
__attribute__((noinline, force_align_arg_pointer)) static void collect(void)
{
	enum { FRAMES_MAX = 64 };
	void *frames[FRAMES_MAX];
	int n = backtrace(frames, probe.count < FRAMES_MAX ? probe.count + 1 : FRAMES_MAX);

	for (int i = 1; i < n; i++)
		probe.frames[i - 1] = frames[i];
	probe.found = n - 1;
	context_switch(&probe.gone, &probe.back);
}

int stack_frames(const struct async_task *task, void *frames[], int count)
{
	struct context call;
	void *warm[1];

	if (!backtrace || (char *)task->context.sp - task->stack.low < UNWINDER_BYTES ||
	    !task->stack.low)
		return follow_frame_pointers(task, frames, count);
	backtrace(warm, 1);
	probe.frames = frames;
	probe.count = count;
	context_call(&task->context, &call, collect);
	context_switch(&probe.back, &call);
	return probe.found;
}

#else

int stack_frames(const struct async_task *task, void *frames[], int count)
{
	return follow_frame_pointers(task, frames, count);
}

#endif

void stack_print(FILE *out, void *const frames[], int count, int indent)
{
	char **names = backtrace_symbols ? backtrace_symbols(frames, count) : NULL;

	for (int i = 0; i < count; i++) {
		if (names)
			fprintf(out, "%*sat %s\n", indent, "", names[i]);
		else
			fprintf(out, "%*sat %p\n", indent, "", frames[i]);
	}
	free(names);
}
