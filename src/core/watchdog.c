/* SPDX-License-Identifier: MIT */
/*
 * The stall watchdog: see watchdog.h. The signal is SIGURG, whose default is to be ignored and which
 * blocking system calls survive (SA_RESTART). What the handler calls is safe there in practice:
 * write(2), snprintf of integers and strings, and the unwinder, which is loaded beforehand.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "core/report.h"
#include "core/watchdog.h"

enum { FRAMES_MAX = 48 };
#ifdef __SANITIZE_THREAD__
static const long SLOW_STEP_NS =
	1000 * 1000 * 1000; /* everything is ten times slower */
#else
static const long SLOW_STEP_NS = 100 * 1000 * 1000;
#endif

/* glibc's, where they are linked in: a static program that never asks for backtraces goes without. */
extern int backtrace(void **frames, int size) __attribute__((weak));
extern void backtrace_symbols_fd(void *const *frames, int size, int fd) __attribute__((weak));

/* Timers by the system calls themselves: the C library's bring in the making of threads, and with
 * it twenty kilobytes of a static program. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

void watchdog_arm(struct watchdog *watchdog)
{
	struct itimerspec in = { .it_value = { watchdog->slow_ns / 1000000000,
					       watchdog->slow_ns % 1000000000 } };

	watchdog->armed = true;
	watchdog->steps_seen = watchdog->loop->steps;
	syscall(SYS_timer_settime, watchdog->timer, 0, &in, NULL);
}

static void tell_stall(struct watchdog *watchdog)
{
	struct async_task *task = watchdog->loop->running;
	char name[64], line[416] = "libawait: stall: ", *text = line + strlen(line);
	size_t room = sizeof line - strlen(line) - 1;
	void *frames[FRAMES_MAX];
	async_report report = { .kind = "stall", .text = text, .task = task };

	snprintf(
		text, room,
		"task %s (%s) has kept the loop busy for more than %ld ms and still does; other tasks wait"
		" (option slow_step_seconds)",
		task ? task_name_in(task, name, sizeof name) : "loop callback",
		task ? task->site : "-", watchdog->slow_ns / 1000000);
	if (watchdog->loop->options.report) {
		watchdog->loop->options.report(&report, watchdog->loop->options.report_arg);
		return;
	}
	strcat(line, "\n");
	/* Nothing here may allocate: the handler interrupts whatever is stuck. */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return;
	if (backtrace && backtrace_symbols_fd)
		backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	struct watchdog *watchdog = info->si_value.sival_ptr;
	int saved = errno;

	(void)number;
	(void)context;
	if (info->si_code != SI_TIMER || !watchdog)
		return;
	if (watchdog->idle) {
		watchdog->armed = false;
	} else if (watchdog->steps_seen != watchdog->loop->steps) {
		watchdog->told = false;
		watchdog_arm(watchdog);
	} else {
		if (!watchdog->told)
			tell_stall(watchdog);
		watchdog->told = true;
		watchdog_arm(watchdog);
	}
	errno = saved;
}

/* Once per process; a program that uses SIGURG itself keeps it, and there is no watchdog. */
static bool signal_taken(void)
{
	static bool taken;
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK },
			 old;
	void *frames[1];

	if (__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
		return true;
	if (sigaction(SIGURG, NULL, &old))
		return false;
	if ((old.sa_flags & SA_SIGINFO) && old.sa_sigaction == on_signal)
		return true;
	if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN)
		return false;
	if (backtrace)
		backtrace(frames, 1); /* loads the unwinder: not in a handler */
	if (sigaction(SIGURG, &action, NULL))
		return false;
	__atomic_store_n(&taken, true, __ATOMIC_RELEASE);
	return true;
}

int watchdog_start(struct async_loop *loop)
{
	double seconds = loop->options.slow_step_seconds;
	struct watchdog *watchdog;
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG };

	if (seconds < 0 || loop->backend->virtual_clock || !signal_taken())
		return 0;
	watchdog = calloc(1, sizeof *watchdog);
	if (!watchdog)
		return -ENOMEM;
	watchdog->loop = loop;
	watchdog->idle = true;
	watchdog->slow_ns = seconds > 0 ? (long)(seconds * 1e9) : SLOW_STEP_NS;
	event.sigev_value.sival_ptr = watchdog;
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &watchdog->timer)) {
		free(watchdog); /* no timers here (some sandboxes): go without */
		return 0;
	}
	loop->watchdog = watchdog;
	return 0;
}

void watchdog_stop(struct async_loop *loop)
{
	struct watchdog *watchdog = loop->watchdog;
	sigset_t urgent, before;

	if (!watchdog)
		return;
	/* A signal that is on its way must not find the record gone: block it and take it off the
	 * queue. */
	sigemptyset(&urgent);
	sigaddset(&urgent, SIGURG);
	pthread_sigmask(SIG_BLOCK, &urgent, &before);
	syscall(SYS_timer_delete, watchdog->timer);
	sigtimedwait(&urgent, NULL, &(struct timespec){ 0 });
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	loop->watchdog = NULL;
	free(watchdog);
}
