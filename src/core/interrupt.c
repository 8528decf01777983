/* SPDX-License-Identifier: MIT */
/* Ctrl-C: see interrupt.h. The handler only sends a callback to the loop, which is safe in a signal
 * handler; the cancel then happens on the loop, never in the middle of a task's step. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/interrupt.h"
#include "core/report.h"

static struct async_loop *interrupted_loop;
static struct async_handle interrupt_handle;

static void on_interrupt(void *arg)
{
	struct async_loop *loop = arg;

	task_cancel_with(&loop->root, -ECANCELED);
}

static void on_sigint(int number)
{
	struct async_loop *loop = __atomic_load_n(&interrupted_loop, __ATOMIC_ACQUIRE);
	int saved = errno;

	if (!loop || loop->sigint.count++) {
		signal(number, SIG_DFL);
		raise(number);
	} else {
		async_call_threadsafe(loop, &interrupt_handle, on_interrupt, loop);
	}
	errno = saved;
}

void interrupt_watch(struct async_loop *loop)
{
	struct sigaction action = { .sa_handler = on_sigint, .sa_flags = SA_RESTART | SA_ONSTACK },
			 old;

	loop->sigint = (struct signal_state){ false, 0 };
	if (loop->options.ignore_sigint || getpid() != (pid_t)syscall(SYS_gettid) ||
	    interrupted_loop)
		return;
	if (sigaction(SIGINT, NULL, &old) || old.sa_handler != SIG_DFL)
		return;
	__atomic_store_n(&interrupted_loop, loop, __ATOMIC_RELEASE);
	loop->sigint.installed = !sigaction(SIGINT, &action, NULL);
}

bool interrupt_unwatch(struct async_loop *loop)
{
	if (!loop->sigint.installed)
		return false;
	signal(SIGINT, SIG_DFL);
	__atomic_store_n(&interrupted_loop, NULL, __ATOMIC_RELEASE);
	loop->sigint.installed = false;
	async_handle_cancel(&interrupt_handle);
	return loop->sigint.count > 0;
}

void async_stop(void)
{
	struct async_loop *loop = loop_of_thread();

	if (loop)
		task_cancel_with(&loop->root, -ECANCELED);
}
