/* SPDX-License-Identifier: MIT */
/*
 * A small service under ten thousand seeds: clients take jobs from a queue, ask a server over
 * connections that tear their data to pieces and come late, give up after a while, put the job back
 * and connect anew; answers are counted under a lock. Whatever the order, every job is done exactly
 * once and nothing is left. A mistake planted in the counting shows that such a hunt finds one, and
 * names the seed.
 *
 * LIBAWAIT_SEED=n hunts among the n-th ten thousand.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <await.h>
#include <await/sim.h>
#include "harness.h"

enum { JOBS = 12, CLIENTS = 4, SEEDS = 10000, SEEDS_SLOW = 500 };

static async_queue jobs;
static async_lock counting;
static async_semaphore busy;
static int done[JOBS], total;
static int planted;
static char fault[1024];
static uint64_t trace;

/* ---- The server: answers a number with its triple, two at a time ---- */

static int receive_exactly(int fd, void *data, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = await_recv(fd, (char *)data + at, size - at);

		if (n <= 0)
			return n ? (int)n : -EPIPE;
		at += (size_t)n;
	}
	return 0;
}

static int answer_one(int fd)
{
	int error, number = 0;

	error = receive_exactly(fd, &number, sizeof number);
	if (error)
		return error;
	await_holding (&busy) {
		error = await_sleep((double)async_random(100) / 1000);
		number *= 3;
	}
	if (error)
		return error;
	error = (int)await_sendall(fd, &number, sizeof number);
	return error < 0 ? error : 0;
}

static int serve_client(void *arg)
{
	int fd = async_int(arg);

	while (!answer_one(fd))
		continue;
	return async_close(fd);
}

static int server(void *arg)
{
	AWAIT_GROUP(clients, ASYNC_ISOLATED);
	int listener = async_int(arg), fd;

	while ((fd = await_accept(listener)) >= 0)
		if (async_spawn(&clients, serve_client, ASYNC_INT(fd)))
			async_close(fd);
	async_close(listener);
	async_group_cancel(&clients);
	return fd;
}

/* ---- The clients ---- */

static int ask(int fd, int number)
{
	int answer = 0, error = (int)await_sendall(fd, &number, sizeof number);

	if (error >= 0)
		error = receive_exactly(fd, &answer, sizeof answer);
	return error ? error : answer;
}

/* The planted mistake: towards the end, when nobody else seems to be counting, the lock is spared. */
static int count(int job)
{
	bool spared = planted && total == JOBS - 2 && !async_locked(&counting);
	int error = spared ? 0 : await_lock(&counting), before = total;

	if (error)
		return error;
	error = await_sleep((double)async_random(spared ? 2 : 20) / 1000);
	total = before + 1;
	done[job]++;
	if (!spared)
		async_unlock(&counting);
	return error;
}

static int do_job(int *fd, int job)
{
	int answer = 0;

	if (*fd < 0)
		*fd = await_tcp_connect("127.0.0.1:4000");
	if (*fd < 0)
		return *fd;
	async_timeout (0.3)
		answer = ask(*fd, job + 1);
	if (answer == (job + 1) * 3)
		return count(job);
	/* Late, and who knows what is still on its way: start over. */
	async_close(*fd);
	*fd = -1;
	if (answer != -ETIMEDOUT)
		return answer < 0 ? answer : -EBADMSG;
	return await_queue_put(&jobs, ASYNC_INT(job)) ? -EIO : -ETIMEDOUT;
}

static int client(void *arg)
{
	int fd = -1, error = 0;
	void *job;

	(void)arg;
	while (!error && !(error = await_queue_get(&jobs, &job))) {
		error = do_job(&fd, async_int(job));
		if (error == -ETIMEDOUT)
			error = 0;
		async_queue_task_done(&jobs);
	}
	if (fd >= 0)
		async_close(fd);
	return error == -ESHUTDOWN ? 0 : error;
}

static int run_clients(void)
{
	AWAIT_GROUP(clients);

	for (int i = 0; i < CLIENTS; i++)
		async_spawn(&clients, client, NULL);
	await_queue_join(&jobs);
	async_queue_shutdown(&jobs, false, NULL);
	return await_group(&clients);
}

static int service(void *arg)
{
	AWAIT_GROUP(group);
	int error;

	(void)arg;
	memset(done, 0, sizeof done);
	total = 0;
	jobs = (async_queue)ASYNC_QUEUE(0);
	counting = (async_lock)ASYNC_LOCK;
	busy = (async_semaphore)ASYNC_BOUNDED_SEMAPHORE(2);
	for (int i = 0; i < JOBS; i++)
		async_queue_try_put(&jobs, ASYNC_INT(i));
	async_spawn(&group, server, ASYNC_INT(await_tcp_listen(":4000")));
	error = run_clients();
	async_queue_free(&jobs);
	trace = async_sim_trace();
	async_group_cancel(&group);
	return error;
}

/* ---- The hunt ---- */

static void keep_report(const async_report *report, void *arg)
{
	(void)arg;
	snprintf(fault, sizeof fault, "%s: %s", report->kind, report->text);
}

/* 0 when the run was as it should be; else `fault` says what was not. */
static int run_seed(uint64_t seed)
{
	async_sim_options world = {
		.latency_min = 0.001,
		.latency_max = 0.1,
		.short_read = 0.3,
		.short_write = 0.3,
		.shuffle = 1,
	};
	async_options options = {
		.backend = "sim", .sim = &world, .seed = seed, .report = keep_report
	};
	int result;

	fault[0] = '\0';
	result = async_run_with(&options, service, NULL);
	if (result && !fault[0])
		snprintf(fault, sizeof fault, "the run returned %d", result);
	for (int i = 0; i < JOBS && !fault[0]; i++)
		if (done[i] != 1)
			snprintf(fault, sizeof fault, "job %d was done %d times", i, done[i]);
	if (total != JOBS && !fault[0])
		snprintf(fault, sizeof fault, "%d of %d jobs were counted", total, JOBS);
	if (async_semaphore_try(&busy) || async_semaphore_try(&busy) || async_locked(&counting))
		snprintf(fault, sizeof fault, "a permit or the lock was not given back");
	return fault[0] ? -1 : 0;
}

static uint64_t first_seed(void)
{
	const char *text = getenv("LIBAWAIT_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 1;

	return (seed ? seed - 1 : 0) * SEEDS + 1;
}

TEST_WITH(ten_thousand_seeds, "X13 T07 B17 D01 D05 E03 E06 F01 F02 F03", .backends = BACKEND_SIM,
	  .deadline = 60)
{
	int seeds = test_is_instrumented() ? SEEDS_SLOW : SEEDS;
	uint64_t first = first_seed();
	struct timespec before, after;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < seeds; i++)
		if (run_seed(first + (uint64_t)i))
			harness_fail(__FILE__, __LINE__, "seed %d: %s", (int)first + i, fault);
	clock_gettime(CLOCK_MONOTONIC, &after);
	seconds = (double)(after.tv_sec - before.tv_sec) +
		  (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	printf("%d seeds, %.0f a second\n", seeds, seeds / seconds);
}

TEST_WITH(a_planted_mistake_is_found, "X13 T07", .backends = BACKEND_SIM, .deadline = 60)
{
	uint64_t seed = first_seed(), last = seed + SEEDS, traces[2];
	char text[sizeof fault];

	planted = 1;
	while (seed < last && !run_seed(seed))
		seed++;
	CHECK(seed < last);
	printf("seed %d: %s\n", (int)seed, fault);
	CHECK_TEXT_HAS(fault, "jobs were counted");
	/* And it is found there again, in the very same run. */
	traces[0] = trace;
	strcpy(text, fault);
	CHECK_INT(run_seed(seed), -1);
	traces[1] = trace;
	CHECK_STR(fault, text);
	CHECK(traces[0] == traces[1]);
	planted = 0;
	CHECK_INT(run_seed(seed), 0);
}
