/* SPDX-License-Identifier: MIT */
/* Unix signals on the loop. */
#include <await.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "harness.h"

#ifdef __SANITIZE_THREAD__
static const bool under_tsan = true;
#else
static const bool under_tsan = false;
#endif

static int taken;

static int count(void *signals)
{
	int signo, sum = 0;

	while ((signo = await_signal(signals)) > 0 && signo != SIGTERM) {
		sum += signo;
		taken++;
	}
	return signo < 0 ? signo : sum;
}

TEST_TASK_WITH(signals_come_as_a_stream, "A16 X21", .backends = REAL_BACKENDS)
{
	async_signals signals;
	async_task *counter;

	CHECK_INT(async_signals_open(&signals, SIGUSR1, SIGUSR2, SIGTERM, 0), 0);
	counter = async_create_task(count, &signals);
	for (int i = 0; i < 4; i++) {
		kill(getpid(), i < 3 ? SIGUSR1 : SIGUSR2);
		while (taken == i)
			await_sleep(0.001);
	}
	kill(getpid(), SIGTERM);
	CHECK_INT(await_task(counter), 3 * SIGUSR1 + SIGUSR2);
	CHECK(async_signals_close(&signals));
	CHECK(!async_signals_close(&signals));
}

TEST_TASK_WITH(before_it_is_taken_a_signal_counts_once, "A16 X21", .backends = REAL_BACKENDS)
{
	async_signals signals;

	CHECK_INT(async_signals_open(&signals, SIGUSR1, SIGUSR2, 0), 0);
	for (int i = 0; i < 5; i++)
		raise(SIGUSR2);
	raise(SIGUSR1);
	CHECK_INT(await_signal(&signals), SIGUSR1); /* the lowest first */
	CHECK_INT(await_signal(&signals), SIGUSR2);
	async_timeout (0.01)
		CHECK_INT(await_signal(&signals), -ETIMEDOUT);
	raise(SIGUSR1);
	async_timeout (0)
		CHECK_INT(await_signal(&signals), -ETIMEDOUT);
	CHECK_INT(await_signal(&signals), SIGUSR1); /* the cancel lost nothing */
	async_signals_close(&signals);
	CHECK_INT(await_signal(&signals), -EBADF);
}

TEST_TASK(what_cannot_be_taken_is_refused, "A16")
{
	static const int never[] = {
		SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, -1, 65, 1000
	};
	async_signals signals;

	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		CHECK_INT(async_signals_open(&signals, SIGUSR1, never[i], 0), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "cannot be taken");
	}
	CHECK_INT(async_signals_open(&signals, 0), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "no signal given");
	CHECK(!async_signals_close(&signals));
}

static int seen[3];

static void note(int signo, void *arg)
{
	(void)signo;
	seen[async_int(arg)]++;
}

TEST_TASK_WITH(callbacks_and_several_sets, "A16 A07", .backends = REAL_BACKENDS)
{
	async_signals first, second;

	CHECK_INT(async_signals_open(&first, SIGUSR1, 0), 0);
	CHECK_INT(async_signals_open(&second, SIGUSR1, SIGUSR2, 0), 0);
	async_signals_call(&first, note, ASYNC_INT(1));
	async_signals_call(&second, note, ASYNC_INT(2));
	raise(SIGUSR1);
	await_sleep(0.005);
	CHECK_INT(seen[1], 1);
	CHECK_INT(seen[2], 1);
	async_signals_close(&first);
	raise(SIGUSR1);
	await_sleep(0.005);
	CHECK_INT(seen[1], 1);
	CHECK_INT(seen[2], 2);
	/* What came while nobody called is still there. */
	async_signals_call(&second, NULL, NULL);
	raise(SIGUSR2);
	await_sleep(0.005);
	async_signals_call(&second, note, ASYNC_INT(2));
	CHECK_INT(seen[2], 3);
	async_signals_close(&second);
}

static void stop(int signo, void *arg)
{
	(void)signo, (void)arg;
	async_stop();
}

static int serve_until_told(void *arg)
{
	async_signals signals;
	int result;

	(void)arg;
	CHECK_INT(async_signals_open(&signals, SIGTERM, 0), 0);
	async_signals_call(&signals, stop, NULL);
	raise(SIGTERM);
	result = await_sleep(3600);
	async_signals_close(&signals);
	return result == -ECANCELED ? 7 : result;
}

TEST_WITH(a_signal_stops_the_main_task, "A05 A16", .backends = REAL_BACKENDS)
{
	CHECK_INT(async_run(serve_until_told, NULL), 7);
}

static volatile sig_atomic_t own;

static void own_handler(int signo)
{
	own += signo;
}

TEST_TASK_WITH(the_former_action_comes_back, "A16", .backends = REAL_BACKENDS)
{
	async_signals signals;

	signal(SIGUSR1, own_handler);
	CHECK_INT(async_signals_open(&signals, SIGUSR1, 0), 0);
	raise(SIGUSR1);
	CHECK_INT(own, 0);
	async_signals_close(&signals);
	raise(SIGUSR1);
	CHECK_INT(own, SIGUSR1);
}

TEST_TASK_WITH(closing_wakes_who_waits, "A16", .backends = REAL_BACKENDS)
{
	async_signals signals;
	async_task *waiter;

	CHECK_INT(async_signals_open(&signals, SIGUSR1, 0), 0);
	waiter = async_create_task(count, &signals);
	await_sleep(0);
	async_signals_close(&signals);
	CHECK_INT(await_task(waiter), -EBADF);
}

/* TSan holds a signal back while its thread is in a system call, or about to enter one, until that
 * thread and task call something of libc again; if they end before, it is lost. So the wait is a
 * row of short ones there, and after a second of them the signal is sent again. */
static int take_signal(async_signals *signals)
{
	int signo = -ETIMEDOUT;

	for (int naps = 1; signo == -ETIMEDOUT; naps++) {
		async_timeout (under_tsan ? 0.01 : INFINITY)
			signo = await_signal(signals);
		if (naps % 100 == 0)
			kill(getpid(), SIGUSR1);
	}
	return signo;
}

/* Sets on two threads, opened and closed all the time, while signals rain on both. */
static int rain(void *arg)
{
	for (int i = 0; i < 200; i++) {
		async_signals signals;

		CHECK_INT(async_signals_open(&signals, SIGUSR1, 0), 0);
		kill(getpid(), SIGUSR1);
		CHECK_INT(take_signal(&signals), SIGUSR1);
		async_signals_close(&signals);
	}
	(void)arg;
	return 0;
}

static void *rain_thread(void *arg)
{
	(void)arg;
	CHECK_INT(async_run(rain, NULL), 0);
	return NULL;
}

TEST_WITH(sets_of_several_threads, "A16 A24", .backends = REAL_BACKENDS, .deadline = 20)
{
	pthread_t threads[2];

	signal(SIGUSR1, SIG_IGN); /* a signal may come when no set is open */
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, rain_thread, NULL), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

TEST_TASK_WITH(ctrl_c_can_be_taken_too, "A17 A16", .backends = REAL_BACKENDS)
{
	async_signals signals;

	CHECK_INT(async_signals_open(&signals, SIGINT, SIGHUP, 0), 0);
	raise(SIGINT);
	CHECK_INT(await_signal(&signals), SIGINT);
	raise(SIGHUP);
	CHECK_INT(await_signal(&signals), SIGHUP);
	CHECK_INT(async_cancelled(), 0);
	async_signals_close(&signals);
}
