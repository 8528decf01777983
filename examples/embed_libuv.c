/* SPDX-License-Identifier: MIT */
/* The loop as guest of another event loop, which owns the thread: here libuv's, in an application a
 * GUI's. The host watches one descriptor and one timer; that is all it takes. */
#include <await.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <sys/socket.h>
#include <uv.h>

static struct guest {
	async_loop *loop;
	async_remote *main; /* the guest's first task */
	uv_poll_t ready;
	uv_timer_t due;
} guest;

/* ---- The guest's tasks: ordinary ones ---- */

static long fib(void *arg)
{
	int n = async_int(arg);

	return n < 2 ? n : fib(ASYNC_INT(n - 1)) + fib(ASYNC_INT(n - 2));
}

static int talker(void *arg)
{
	char line[16];

	for (int i = 1; i <= 3; i++) {
		await_sleep(0.02);
		await_sendall(async_int(arg), line,
			      (size_t)snprintf(line, sizeof line, "hello %d", i));
	}
	return async_close(async_int(arg));
}

static int listener(void *arg)
{
	AWAIT_GROUP(talkers);
	char line[16];
	ssize_t n;
	int fds[2];

	(void)arg;
	async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	async_spawn(&talkers, talker, ASYNC_INT(fds[1]));
	while ((n = await_recv(fds[0], line, sizeof line)) > 0)
		printf("guest: heard \"%.*s\"\n", (int)n, line);
	printf("guest: fib(20) = %ld\n", await_thread(fib, ASYNC_INT(20)));
	return async_close(fds[0]);
}

/* ---- The host ---- */

static void on_due(uv_timer_t *timer);

static void run_guest(void)
{
	double seconds;

	async_loop_run_ready(guest.loop, &seconds);
	if (seconds == INFINITY)
		uv_timer_stop(&guest.due);
	else
		uv_timer_start(&guest.due, on_due, (uint64_t)(seconds * 1000) + 1, 0);
	if (async_remote_result(guest.main, 0) == -ETIMEDOUT)
		return;
	printf("host: the guest ended with %d\n", async_remote_result(guest.main, 0));
	uv_close((uv_handle_t *)&guest.ready, NULL);
	uv_close((uv_handle_t *)&guest.due, NULL);
}

static void on_due(uv_timer_t *timer)
{
	(void)timer;
	run_guest();
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)poll, (void)status, (void)events;
	run_guest();
}

static void on_tick(uv_timer_t *timer)
{
	static int ticks;

	printf("host: tick %d\n", ++ticks);
	if (ticks == 3)
		uv_close((uv_handle_t *)timer, NULL);
}

int main(void)
{
	uv_loop_t *host = uv_default_loop();
	uv_timer_t tick;

	guest.loop = async_loop_new(NULL);
	guest.main = async_loop_run_task(guest.loop, listener, NULL);
	if (!guest.main)
		return 1;
	uv_poll_init(host, &guest.ready, async_loop_descriptor(guest.loop));
	uv_poll_start(&guest.ready, UV_READABLE, on_ready);
	uv_timer_init(host, &guest.due);
	uv_timer_init(host, &tick);
	uv_timer_start(&tick, on_tick, 10, 25);
	uv_run(host, UV_RUN_DEFAULT);
	async_remote_detach(guest.main);
	async_loop_free(guest.loop);
	return uv_loop_close(host);
}
