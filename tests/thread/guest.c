/* SPDX-License-Identifier: MIT */
/* A loop as the guest of another: here the host is poll(2). */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

/* Run the guest until the result is there; how often it was called. */
static int host(async_loop *loop, async_remote *remote)
{
	int fd = async_loop_descriptor(loop), calls = 0;

	CHECK(fd >= 0);
	while (async_remote_result(remote, 0) == -ETIMEDOUT) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		double seconds = -1;

		CHECK_INT(async_loop_run_ready(loop, &seconds), 0);
		calls++;
		CHECK(seconds >= 0);
		if (async_remote_result(remote, 0) != -ETIMEDOUT)
			break;
		/* EINTR: the watchdog's signal. */
		CHECK(poll(&ready, 1, seconds == INFINITY ? -1 : (int)(seconds * 1000) + 1) >= 0 ||
		      errno == EINTR);
	}
	return calls;
}

static int run_as_guest(async_fn *fn, void *arg, int *calls)
{
	/* Under a sanitizer a step is slow, which is not what this is about. */
	async_options options = { .slow_step_seconds = -1 };
	async_loop *loop = async_loop_new(&options);
	async_remote *remote = async_loop_run_task(loop, fn, arg);
	int n, result;

	CHECK(remote != NULL);
	n = host(loop, remote);
	result = async_remote_result(remote, 0);
	async_remote_detach(remote);
	async_loop_free(loop);
	if (calls)
		*calls = n;
	return result;
}

static int sleep_thrice(void *arg)
{
	double before = async_now();

	for (int i = 0; i < 3; i++)
		CHECK_INT(await_sleep(0.01), 0);
	CHECK(async_now() - before >= 0.03);
	return async_int(arg);
}

TEST_WITH(timers_of_a_guest, "X11", .backends = REAL_BACKENDS)
{
	int calls;

	CHECK_INT(run_as_guest(sleep_thrice, ASYNC_INT(7), &calls), 7);
	/* It sleeps in the host, not in a loop of its own. */
	CHECK(calls >= 4);
	CHECK(calls < 200);
}

static int reader(void *arg)
{
	char data[8];
	int sum = 0;
	ssize_t n;

	while ((n = await_recv(async_int(arg), data, sizeof data)) > 0)
		sum += (int)n;
	async_close(async_int(arg));
	return n ? (int)n : sum;
}

static void *write_slowly(void *arg)
{
	for (int i = 0; i < 5; i++) {
		usleep(3000);
		CHECK_INT(write(async_int(arg), "abcde", 5), 5);
	}
	close(async_int(arg));
	return NULL;
}

TEST_WITH(input_wakes_the_host, "X11", .backends = REAL_BACKENDS)
{
	pthread_t thread;
	int fds[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	CHECK(!pthread_create(&thread, NULL, write_slowly, ASYNC_INT(fds[1])));
	CHECK_INT(run_as_guest(reader, ASYNC_INT(fds[0]), NULL), 25);
	pthread_join(thread, NULL);
}

static long work(void *arg)
{
	usleep(3000);
	return async_int(arg);
}

static int jobs(void *arg)
{
	long sum = 0;

	(void)arg;
	for (int i = 0; i < 20; i++)
		sum += await_thread(work, ASYNC_INT(i));
	return (int)sum;
}

TEST_WITH(threads_wake_the_host, "X11 A18", .backends = REAL_BACKENDS)
{
	CHECK_INT(run_as_guest(jobs, NULL, NULL), 190);
}

enum { PAIRS = 150 };

static int echo(void *arg)
{
	char data[4];
	ssize_t n;

	while ((n = await_recv(async_int(arg), data, sizeof data)) > 0)
		await_sendall(async_int(arg), data, (size_t)n);
	return async_close(async_int(arg));
}

static int client(void *arg)
{
	char data[4] = "abc";

	for (int i = 0; i < 5; i++) {
		CHECK_INT(await_sendall(async_int(arg), data, 4), 4);
		CHECK_INT(await_recv(async_int(arg), data, 4), 4);
	}
	return async_close(async_int(arg));
}

/* More at once than one look at the kernel takes. */
static int crowd(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	for (int i = 0; i < PAIRS; i++) {
		int fds[2];

		CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		async_spawn(&group, echo, ASYNC_INT(fds[0]));
		async_spawn(&group, client, ASYNC_INT(fds[1]));
	}
	return await_group(&group);
}

TEST_WITH(nothing_is_overlooked_in_a_crowd, "X11", .backends = REAL_BACKENDS, .deadline = 20)
{
	CHECK_INT(run_as_guest(crowd, NULL, NULL), 0);
}

static int nested(void *loop)
{
	double seconds;

	CHECK_INT(async_loop_run_ready(loop, &seconds), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "runs in this thread already");
	CHECK_INT(async_loop_descriptor(loop), -EBUSY);
	return 1;
}

TEST_WITH(guest_refuses_to_run_inside_itself, "X11", .backends = REAL_BACKENDS)
{
	async_loop *loop = async_loop_new(NULL);
	async_remote *remote = async_loop_run_task(loop, nested, loop);

	host(loop, remote);
	CHECK_INT(async_remote_result(remote, 0), 1);
	async_remote_detach(remote);
	/* It may also run by itself, before and after. */
	CHECK_INT(async_loop_run(loop, sleep_thrice, ASYNC_INT(2)), 2);
	async_loop_free(loop);
}

TEST_WITH(simulation_is_no_guest, "X11", .backends = BACKEND_SIM)
{
	async_loop *loop = async_loop_new(NULL);
	double seconds;

	CHECK_INT(async_loop_descriptor(loop), -ENOTSUP);
	CHECK_INT(async_loop_run_ready(loop, &seconds), -ENOTSUP);
	async_loop_free(loop);
}

TEST_WITH(guest_without_descriptors, "X11", .backends = BACKEND_URING)
{
	async_loop *loop = async_loop_new(NULL);

	fault_inject("eventfd", 1, EMFILE);
	CHECK_INT(async_loop_descriptor(loop), -EMFILE);
	fault_inject("epoll_create1", 1, EMFILE);
	CHECK_INT(async_loop_descriptor(loop), -EMFILE);
	CHECK_INT(async_loop_run(loop, sleep_thrice, ASYNC_INT(2)), 2);
	CHECK(async_loop_descriptor(loop) >= 0);
	async_loop_free(loop);
}
