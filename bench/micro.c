/* SPDX-License-Identifier: MIT */
/*
 * What the pieces cost, each by itself: micro TEST N prints one line of JSON with "ns" per
 * operation (for mem "bytes" and "us" per task). One run measures once; bench/run repeats and takes
 * the median.
 *
 *   switch   leave one stack for another, nothing else (the engine's own primitive, from src/arch)
 *   yield    a task gives its turn to another through the scheduler, later gets it back: one turn
 *   spawn    start a task that returns at once and wait for it, in a group, a hundred at a time
 *   chan     one value through a channel of 128, from one task to another
 *   chan0    the same through a rendezvous
 *   lock     take and release a free lock; "contended_ns": when another task waits each time
 *   timer    cancel a timer and insert another, a million pending; "scope_ns": a timeout block
 *   mem      N sleeping tasks: memory of each, time to start and to end each
 *   parse    the head of a browser's HTTP request; "sse2_ns": without wider vectors
 *   events   N tasks that sleep again and again: "ns" per wake-up when the loop never idles;
 *            "paced_ns": CPU time, waiting included, at 200,000 wake-ups a second for any N
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include "micro.h"
#include "micro_parse.h"
/* By path, one by one: the library gives its users neither its sources nor its internal symbols. */
#if defined(__x86_64__)
#include "../src/arch/switch_x86_64.h"
#define CALL_PUSHES 8 /* bytes: the return address */
#elif defined(__aarch64__)
#include "../src/arch/switch_aarch64.h"
#define CALL_PUSHES 0
#else
#define NO_SWITCH 1
#endif

enum {
	SPAWN_BATCH = 100,
	CHANNEL_SIZE = 128,
	TIMERS_PENDING = 1000 * 1000,
	TIMERS_MOVING = 1024, /* of them are cancelled and set again, oldest first */
	SWITCH_STACK = 64 * 1024,
	EVENTS_COUNTED = 500 * 1000,
};

/* How often the measuring task looks whether enough has happened: seldom enough to cost nothing. */
static const double EVENTS_CHECK_S = 0.02;

static long count; /* N */

static void print_ns(const char *test, double ns)
{
	printf("{\"test\": \"%s\", \"n\": %ld, \"ns\": %.3f}\n", test, count, ns);
}

/* switch */

#ifdef NO_SWITCH
static int test_switch(void *arg)
{
	(void)arg;
	fprintf(stderr, "micro: the engine has no switch of its own for this machine\n");
	return -ENOTSUP;
}
#else
static struct context here, there;

static void switch_back(void)
{
	for (;;)
		context_switch(&there, &here);
}

static int test_switch(void *arg)
{
	char *stack = allocate(1, SWITCH_STACK);
	uintptr_t top = ((uintptr_t)stack + SWITCH_STACK) & ~(uintptr_t)15;
	double start_ns;
	long i;

	(void)arg;
	/* As right after a call: the ABI aligns the stack before it. */
	there.sp = (void *)(top - 16 - CALL_PUSHES);
	there.ip = (void *)switch_back;
	start_ns = wall_ns();
	for (i = 0; i < count; i += 2)
		context_switch(&here, &there);
	print_ns("switch", (wall_ns() - start_ns) / i);
	free(stack);
	return 0;
}
#endif

/* yield */

static int yield_often(void *arg)
{
	long i;

	(void)arg;
	for (i = 0; i < count / 2; i++)
		await_sleep(0);
	return 0;
}

static int test_yield(void *arg)
{
	double start_ns = wall_ns();
	AWAIT_GROUP(group);

	(void)arg;
	must(async_spawn(&group, yield_often, NULL), "spawn");
	must(async_spawn(&group, yield_often, NULL), "spawn");
	must(await_group(&group), "yield");
	print_ns("yield", (wall_ns() - start_ns) / count);
	return 0;
}

/* spawn */

static int return_at_once(void *arg)
{
	(void)arg;
	return 0;
}

static int test_spawn(void *arg)
{
	double start_ns = wall_ns();
	long done = 0;
	int i;
	AWAIT_GROUP(group);

	(void)arg;
	while (done < count) {
		for (i = 0; i < SPAWN_BATCH; i++, done++)
			must(async_spawn(&group, return_at_once, NULL), "spawn");
		must(await_group(&group), "group");
	}
	print_ns("spawn", (wall_ns() - start_ns) / done);
	return 0;
}

/* chan, chan0 */

static int send_many(void *arg)
{
	async_sender *sender = arg;
	long i;

	for (i = 0; i < count; i++)
		must(await_channel_send(sender, &i), "send");
	async_sender_close(sender);
	return 0;
}

static int channel_test(const char *name, size_t capacity)
{
	async_receiver *receiver;
	async_sender *sender;
	long value, expected = 0;
	double start_ns;
	AWAIT_GROUP(group);

	must(async_channel(sizeof value, capacity, &sender, &receiver), "channel");
	start_ns = wall_ns();
	must(async_spawn(&group, send_many, sender), "spawn");
	while (!await_channel_receive(receiver, &value))
		must(value == expected++ ? 0 : -1, "a value came out of order");
	must(expected == count ? 0 : -1, "values are missing");
	print_ns(name, (wall_ns() - start_ns) / count);
	async_receiver_close(receiver);
	return 0;
}

static int test_chan(void *arg)
{
	(void)arg;
	return channel_test("chan", CHANNEL_SIZE);
}

static int test_chan0(void *arg)
{
	(void)arg;
	return channel_test("chan0", 0);
}

/* lock */

static async_lock lock = ASYNC_LOCK;

/* Holding it over a turn makes the other task find it taken every time. */
static int lock_often(void *arg)
{
	long i;

	(void)arg;
	for (i = 0; i < count / 2; i++) {
		must(await_lock(&lock), "lock");
		await_sleep(0);
		async_unlock(&lock);
	}
	return 0;
}

static int test_lock(void *arg)
{
	double free_ns, contended_ns, start_ns = wall_ns();
	long i;
	AWAIT_GROUP(group);

	(void)arg;
	for (i = 0; i < count; i++) {
		must(await_lock(&lock), "lock");
		async_unlock(&lock);
	}
	free_ns = (wall_ns() - start_ns) / count;
	start_ns = wall_ns();
	must(async_spawn(&group, lock_often, NULL), "spawn");
	must(async_spawn(&group, lock_often, NULL), "spawn");
	must(await_group(&group), "lock");
	contended_ns = (wall_ns() - start_ns) / count;
	printf("{\"test\": \"lock\", \"n\": %ld, \"ns\": %.3f, \"contended_ns\": %.3f}\n", count,
	       free_ns, contended_ns);
	return 0;
}

/* timer */

static void never(void *arg)
{
	(void)arg;
	must(-1, "a timer fired that was not due");
}

/* Far enough that none fires, spread so that the order of insertion is not the order of time. */
static double far_away(uint64_t *random)
{
	return 1000 + 1000 * next_fraction(random);
}

static double time_scopes(uint64_t *random)
{
	double start_ns = wall_ns();
	long i;

	for (i = 0; i < count; i++) {
		async_timeout (far_away(random)) {}
	}
	return (wall_ns() - start_ns) / count;
}

static int test_timer(void *arg)
{
	async_handle *handles = allocate(TIMERS_PENDING, sizeof *handles);
	uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
	double start_ns, ns;
	long i;

	(void)arg;
	for (i = 0; i < TIMERS_PENDING; i++)
		must(async_call_later(&handles[i], far_away(&random), never, NULL), "call_later");
	await_sleep(0);
	start_ns = wall_ns();
	for (i = 0; i < count; i++) {
		async_handle *handle = &handles[i % TIMERS_MOVING];

		async_handle_cancel(handle);
		must(async_call_later(handle, far_away(&random), never, NULL), "call_later");
		/* Let the loop turn, should it have put work off. */
		if (i % TIMERS_MOVING == 0)
			await_sleep(0);
	}
	ns = (wall_ns() - start_ns) / count;
	printf("{\"test\": \"timer\", \"n\": %ld, \"pending\": %d, \"ns\": %.3f, "
	       "\"scope_ns\": %.3f}\n",
	       count, TIMERS_PENDING, ns, time_scopes(&random));
	for (i = 0; i < TIMERS_PENDING; i++)
		async_handle_cancel(&handles[i]);
	free(handles);
	return 0;
}

/* mem */

static long asleep;

static int sleep_long(void *arg)
{
	(void)arg;
	asleep++;
	return await_sleep(3600);
}

static int test_mem(void *arg)
{
	double rss = status_bytes("VmRSS:"), tables = status_bytes("VmPTE:");
	double start_ns, started_ns, ended_ns;
	long i;
	AWAIT_GROUP(group);

	(void)arg;
	start_ns = wall_ns();
	for (i = 0; i < count; i++)
		must(async_spawn(&group, sleep_long, NULL), "spawn");
	while (asleep < count)
		await_sleep(0);
	started_ns = wall_ns();
	rss = status_bytes("VmRSS:") - rss;
	tables = status_bytes("VmPTE:") - tables;
	ended_ns = wall_ns();
	async_group_cancel(&group);
	await_group(&group);
	printf("{\"test\": \"mem\", \"n\": %ld, \"bytes\": %.1f, \"page_table_bytes\": %.1f, "
	       "\"us\": %.4f, \"end_us\": %.4f}\n",
	       count, rss / count, tables / count, (started_ns - start_ns) / count / 1000,
	       (wall_ns() - ended_ns) / count / 1000);
	return 0;
}

/* events */

static struct {
	double seconds; /* each sleep takes from nothing to twice that, at random */
	long started;
	uint64_t seen;
} events;

static int sleep_again(void *arg)
{
	uint64_t random = UINT64_C(0x9e3779b97f4a7c15) * (1 + (uintptr_t)arg);

	events.started++;
	while (!await_sleep(events.seconds * 2 * next_fraction(&random)))
		events.seen++;
	return 0;
}

/* N tasks; once all of them sleep, `wanted` wake-ups: returns ns for each by `clock`. */
static double time_events(double seconds, uint64_t wanted, clockid_t clock)
{
	double start_ns, ns;
	uint64_t seen;
	long i;
	AWAIT_GROUP(group);

	events.seconds = seconds;
	events.started = events.seen = 0;
	for (i = 0; i < count; i++)
		must(async_spawn(&group, sleep_again, (void *)(intptr_t)i), "spawn");
	while (events.started < count)
		await_sleep(0);
	seen = events.seen;
	start_ns = clock_ns(clock);
	while (events.seen < seen + wanted)
		await_sleep(EVENTS_CHECK_S);
	ns = (clock_ns(clock) - start_ns) / (events.seen - seen);
	async_group_cancel(&group);
	return ns;
}

static int test_events(void *arg)
{
	double saturated_s = count * 10e-9; /* a wake-up every 10 ns: more than any loop can do */
	double paced_s = count * 5e-6;	    /* every 5 us */
	double ns = time_events(saturated_s, 2 * count + EVENTS_COUNTED, CLOCK_MONOTONIC);
	double paced_ns = time_events(paced_s, EVENTS_COUNTED, CLOCK_THREAD_CPUTIME_ID);

	(void)arg;
	printf("{\"test\": \"events\", \"n\": %ld, \"ns\": %.3f, \"paced_ns\": %.3f}\n", count, ns,
	       paced_ns);
	return 0;
}

/* parse */

static int test_parse(void *arg)
{
	(void)arg;
	return parse_often(count);
}

static const struct {
	const char *name;
	async_fn *run;
} tests[] = {
	{ "switch", test_switch }, { "yield", test_yield }, { "spawn", test_spawn },
	{ "chan", test_chan },	   { "chan0", test_chan0 }, { "lock", test_lock },
	{ "timer", test_timer },   { "mem", test_mem },	    { "events", test_events },
	{ "parse", test_parse },
};

int main(int argc, char **argv)
{
	/* Starting a million tasks in one step is what some tests are about, not a stall. */
	async_options options = { .slow_step_seconds = 60 };
	char *end = NULL;
	size_t i;

	if (argc == 3)
		count = strtol(argv[2], &end, 10);
	for (i = 0; i < sizeof tests / sizeof *tests; i++) {
		if (end && !*end && count > 0 && !strcmp(argv[1], tests[i].name))
			return async_run_with(&options, tests[i].run, NULL) < 0;
	}
	fprintf(stderr, "usage: micro TEST N\n  TEST:");
	for (i = 0; i < sizeof tests / sizeof *tests; i++)
		fprintf(stderr, " %s", tests[i].name);
	fprintf(stderr, "\n  N: how many operations; for mem and events, how many tasks\n");
	return 2;
}
