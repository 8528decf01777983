/* SPDX-License-Identifier: MIT */
/*
 * Stack overflow: the guard below a stack makes the fault, a handler on an alternate stack says
 * whose it was, and the process then dies of the same fault with nobody in the way. Under the
 * sanitizers their own handler stays.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/overflow.h"
#include "core/report.h"

enum { HANDLER_STACK_BYTES = 64 * 1024 };

static struct sigaction old_segv, old_bus;
static bool handler_installed;
static __thread void *handler_stack;

static void tell_overflow(const struct async_task *task)
{
	char name[64], text[512];
	int length = snprintf(
		text, sizeof text,
		"libawait: stack overflow in task %s (%s): its stack of %zu bytes is too small"
		" (options stack_bytes of async_task_options and async_options)\n",
		task_name_in(task, name, sizeof name), task->site, stack_bytes(&task->stack));

	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		return;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const struct async_task *task = loop_current ? loop_current->running : NULL;

	(void)context;
	if (task && stack_guard_hit(&task->stack, info->si_addr))
		tell_overflow(task);
	/* Back to whoever was there before; the fault happens again as we return. */
	sigaction(number, number == SIGSEGV ? &old_segv : &old_bus, NULL);
}

static void install_handler(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (handler_installed)
		return;
	handler_installed = true;
	sigaction(SIGSEGV, &action, &old_segv);
	sigaction(SIGBUS, &action, &old_bus);
}

int overflow_watch_thread(void)
{
	stack_t stack = { 0 };

#ifdef FIBER_SANITIZED
	return 0;
#endif
	if (sigaltstack(NULL, &stack) || !(stack.ss_flags & SS_DISABLE))
		return 0;
	handler_stack = mmap(NULL, HANDLER_STACK_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (handler_stack == MAP_FAILED) {
		handler_stack = NULL;
		return async_fail(-ENOMEM, "no memory for the stack of signal handlers");
	}
	stack = (stack_t){ .ss_sp = handler_stack, .ss_size = HANDLER_STACK_BYTES };
	sigaltstack(&stack, NULL);
	install_handler();
	return 0;
}

void overflow_unwatch_thread(void)
{
	stack_t off = { .ss_flags = SS_DISABLE };

	if (!handler_stack)
		return;
	sigaltstack(&off, NULL);
	munmap(handler_stack, HANDLER_STACK_BYTES);
	handler_stack = NULL;
}
