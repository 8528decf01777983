/* SPDX-License-Identifier: MIT */
/*
 * Everything at once, at random: tasks take and give locks, permits, items, notifications, while
 * another one cancels whatever it likes, in the very turn in which something was handed over or
 * just before. Whatever happened, two things hold: nothing is counted twice or lost, and when all
 * is quiet nobody waits for something that is there.
 *
 * LIBAWAIT_SEED chooses another run. The numbers are the test's own, so that a seed means the same
 * on every backend; in simulation the order of the tasks is drawn as well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <await/sim.h>
#include "harness.h"
#include "sync/trace.h"

enum { ACTORS = 24, STEPS = 300, ROUNDS = 20, ITEMS_MAX = ACTORS * STEPS };
enum { PERMITS = 3, LIMIT_MAX = 4, QUEUE_SIZE = 2, CHANNEL_SIZE = 3 };

/* What an actor is about; the last one: nothing. */
enum doing {
	LOCK, SEMAPHORE, LIMITER, PRODUCE, CONSUME, EVENT, BARRIER, PUT, GET, SEND, RECEIVE, SELECT,
	IDLE,
};

static uint64_t random_state;

static async_lock lock;
static async_lock condition_lock;
static async_condition condition;
static async_semaphore semaphore;
static async_limiter limiter;
static async_event event;
static async_barrier barrier;
static async_queue queue;
static async_sender *senders[2];
static async_receiver *receivers[2];

static struct actor {
	async_scope scope;
	enum doing doing;
} actors[ACTORS];

static int in_lock, in_semaphore, in_limiter, in_condition;
static int tokens;
static int indices[2];		/* how often the barrier gave 0 and 1 */
static int running;
static unsigned long progress;

/* Every item that was ever put or sent: by number, whether it went in and how often it came out. */
static struct item {
	bool in;
	int out;
} items[ITEMS_MAX];
static int item_count;

static unsigned below(unsigned limit)
{
	random_state ^= random_state << 13; /* xorshift64 */
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)((random_state >> 11) % limit);
}

static void linger(void)
{
	for (unsigned n = below(3); n; n--)
		await_sleep(0);
}

static void use_lock(void)
{
	await_holding (&lock) {
		CHECK_INT(++in_lock, 1);
		linger();
		in_lock--;
	}
}

static void use_semaphore(void)
{
	await_holding (&semaphore) {
		CHECK(++in_semaphore <= PERMITS);
		linger();
		in_semaphore--;
	}
}

static void use_limiter(void)
{
	await_holding (&limiter) {
		CHECK(++in_limiter <= LIMIT_MAX);
		CHECK((int)async_limiter_borrowed(&limiter) >= in_limiter);
		linger();
		in_limiter--;
	}
	if (below(4) == 0)
		async_limiter_resize(&limiter, 1 + below(LIMIT_MAX));
}

static void linger_with_the_condition(void)
{
	CHECK_INT(++in_condition, 1);
	linger();
	in_condition--;
}

static int any_token(void *arg)
{
	(void)arg;
	return tokens > 0;
}

static void produce(void)
{
	await_holding (&condition) {
		tokens++;
		CHECK_INT(async_condition_notify(&condition, 1), 0);
		linger_with_the_condition();
	}
}

static void consume(void)
{
	await_holding (&condition) {
		if (await_condition_for(&condition, any_token, NULL) == 1)
			tokens--;
		linger_with_the_condition();
	}
}

static void use_event(void)
{
	switch (below(3)) {
	case 0:
		async_event_set(&event);
		break;
	case 1:
		async_event_clear(&event);
		break;
	default:
		await_event(&event);
	}
}

static void use_barrier(void)
{
	int index = await_barrier(&barrier);

	CHECK(index < 2);
	if (index >= 0)
		indices[index]++;
}

static int item_new(void)
{
	CHECK(item_count < ITEMS_MAX);
	return item_count++;
}

static void item_came_out(int item)
{
	CHECK(item >= 0 && item < item_count);
	CHECK_INT(++items[item].out, 1);
}

static void put(void)
{
	int item = item_new();

	if (await_queue_put(&queue, ASYNC_INT(item)) == 0)
		items[item].in = true;
}

static void get(void)
{
	void *item;

	if (await_queue_get(&queue, &item) == 0) {
		item_came_out(async_int(item));
		CHECK_INT(async_queue_task_done(&queue), 0);
	}
}

static void give(void)
{
	int item = item_new();

	if (await_channel_send(senders[below(2)], &item) == 0)
		items[item].in = true;
}

static void receive(void)
{
	int item;

	if (await_channel_receive(receivers[below(2)], &item) == 0)
		item_came_out(item);
}

static void use_select(void)
{
	int item = item_new(), got = -1;
	unsigned way = below(2);
	struct async_select_case cases[] = {
		{ .sender = senders[way], .item = &item },
		{ .receiver = receivers[!way], .item = &got },
	};
	ssize_t index = await_select(cases, 2);

	CHECK(index < 0 || cases[index].result == 0);
	if (index == 0)
		items[item].in = true;
	else if (index == 1)
		item_came_out(got);
}

static void (*const uses[])(void) = {
	[LOCK] = use_lock,
	[SEMAPHORE] = use_semaphore,
	[LIMITER] = use_limiter,
	[PRODUCE] = produce,
	[CONSUME] = consume,
	[EVENT] = use_event,
	[BARRIER] = use_barrier,
	[PUT] = put,
	[GET] = get,
	[SEND] = give,
	[RECEIVE] = receive,
	[SELECT] = use_select,
};

static int act(void *arg)
{
	struct actor *actor = arg;

	for (int step = 0; step < STEPS; step++) {
		actor->doing = below(IDLE);
		async_scope_begin(&actor->scope, INFINITY);
		uses[actor->doing]();
		async_scope_end(&actor->scope);
		actor->doing = IDLE;
		progress++;
		if (below(4) == 0)
			await_sleep(0);
	}
	running--;
	return 0;
}

static void check_nobody_does(enum doing doing)
{
	for (int i = 0; i < ACTORS; i++)
		if (actors[i].doing == doing)
			harness_fail(__FILE__, __LINE__, "actor %d is stranded at %d", i, doing);
}

/* Nobody runs: then nobody may wait for what is there. */
static void check_quiet(void)
{
	check_nobody_does(LOCK);
	CHECK(!async_locked(&lock));
	check_nobody_does(SEMAPHORE);
	CHECK_INT(semaphore.value_, PERMITS);
	check_nobody_does(LIMITER);
	CHECK_INT((int)async_limiter_borrowed(&limiter), 0);
	CHECK_INT((int)async_limiter_waiting(&limiter), 0);
	check_nobody_does(PRODUCE);
	CHECK(!async_locked(&condition_lock));
	if (tokens)
		check_nobody_does(CONSUME);
	if (async_event_is_set(&event))
		check_nobody_does(EVENT);
	CHECK(async_barrier_waiting(&barrier) < 2);
	CHECK_INT(indices[0], indices[1]);
	if (!async_queue_empty(&queue))
		check_nobody_does(GET);
	if (!async_queue_full(&queue))
		check_nobody_does(PUT);
	/* Channel 1 is a rendezvous. */
	CHECK(async_channel_length(receivers[0]) <= CHANNEL_SIZE);
	CHECK_INT((int)async_channel_length(receivers[1]), 0);
}

static void cancel_someone(void)
{
	struct actor *actor = &actors[below(ACTORS)];

	if (actor->doing != IDLE)
		async_scope_cancel(&actor->scope);
}

/* Let everyone run until all stand still. A hundred turns are more than a lock needs to go through
 * every hand. */
static void calm(void)
{
	unsigned long before;

	do {
		before = progress;
		for (int i = 0; i < 100; i++)
			await_sleep(0);
	} while (progress != before);
	check_quiet();
}

static void disturb(void)
{
	for (unsigned n = below(300); n; n--) {
		cancel_someone();
		if (below(2))
			await_sleep(0);
	}
}

/* What is still inside comes out now. */
static void drain(void)
{
	void *pointer;
	int item;

	while (async_queue_try_get(&queue, &pointer) == 0) {
		item_came_out(async_int(pointer));
		CHECK_INT(async_queue_task_done(&queue), 0);
	}
	CHECK_INT(await_queue_join(&queue), 0);
	for (int i = 0; i < 2; i++) {
		while (async_channel_try_receive(receivers[i], &item) == 0)
			item_came_out(item);
		async_sender_close(senders[i]);
		async_receiver_close(receivers[i]);
	}
	for (int i = 0; i < item_count; i++)
		CHECK_INT(items[i].out, items[i].in);
	async_queue_free(&queue);
}

static void begin(uint64_t seed)
{
	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	lock = (async_lock)ASYNC_LOCK;
	condition_lock = (async_lock)ASYNC_LOCK;
	condition = (async_condition)ASYNC_CONDITION(&condition_lock);
	semaphore = (async_semaphore)ASYNC_BOUNDED_SEMAPHORE(PERMITS);
	limiter = (async_limiter)ASYNC_LIMITER(LIMIT_MAX);
	event = (async_event)ASYNC_EVENT;
	barrier = (async_barrier)ASYNC_BARRIER(2);
	queue = (async_queue)ASYNC_QUEUE(QUEUE_SIZE);
	CHECK_INT(async_channel(sizeof(int), CHANNEL_SIZE, &senders[0], &receivers[0]), 0);
	CHECK_INT(async_channel(sizeof(int), 0, &senders[1], &receivers[1]), 0);
	memset(items, 0, sizeof items);
	memset(actors, 0, sizeof actors);
	item_count = tokens = indices[0] = indices[1] = 0;
	running = ACTORS;
}

TEST_TASK_WITH(random_cancels_lose_nothing, "D01 D03 D05 D07 D08 E06 X04 X05", .deadline = 60)
{
	const char *seed = getenv("LIBAWAIT_SEED");
	uint64_t first = seed ? strtoull(seed, NULL, 0) : 1;
	async_sim_options shuffled = { .shuffle = 1 };

	if (!strcmp(test_backend(), "sim"))
		CHECK_INT(async_sim_set(&shuffled), 0);

	for (int round = 0; round < (test_is_instrumented() ? 3 : ROUNDS); round++) {
		begin(first * 1000 + (uint64_t)round);
		{
			AWAIT_GROUP(group);

			for (int i = 0; i < ACTORS; i++)
				async_spawn(&group, act, &actors[i]);
			while (running) {
				calm();
				disturb();
			}
		}
		check_quiet();
		drain();
	}
}
