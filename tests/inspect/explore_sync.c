/* SPDX-License-Identifier: MIT */
/* Every lock of await/sync.h under the cancellation explorer: nothing is lost, nobody waits for ever. */
#define _GNU_SOURCE
#include "inspect/explore.h"

static int spawn_all(async_group *group, async_fn *fn, int count)
{
	for (int i = 0; i < count; i++)
		async_spawn(group, fn, ASYNC_INT(i));
	return await_group(group);
}

/* ---- Lock, condition, event ---- */

static async_lock lock;
static int inside;

static int locks(void *arg)
{
	int error = await_lock(&lock);

	(void)arg;
	if (error)
		return error;
	CHECK_INT(inside++, 0);
	error = await_sleep(0.1);
	inside--;
	CHECK_INT(async_unlock(&lock), 0);
	return error;
}

static int scenario_lock(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	lock = (async_lock)ASYNC_LOCK;
	inside = 0;
	return spawn_all(&group, locks, 3);
}

static int lock_is_free(void *arg)
{
	(void)arg;
	return async_locked(&lock) || inside;
}

TEST_WITH(explore_lock, "D01 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_lock, lock_is_free);
}

static int holds(void *arg)
{
	(void)arg;
	await_holding (&lock) {
		CHECK_INT(inside++, 0);
		await_sleep(0.1);
		inside--;
	}
	return async_cancelled();
}

static int scenario_holding(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	lock = (async_lock)ASYNC_LOCK;
	inside = 0;
	return spawn_all(&group, holds, 3);
}

TEST_WITH(explore_holding, "D01 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_holding, lock_is_free);
}

static async_condition condition;
static int stock, wanting;

/* Takes one piece; a notification that reaches someone who is cancelled must reach the next. */
static int takes_piece(void *arg)
{
	int error = await_lock(&lock);

	(void)arg;
	if (error)
		return error;
	wanting++;
	while (!stock && !error)
		error = await_condition(&condition);
	wanting--;
	CHECK(async_locked(&lock));
	if (!error)
		stock--;
	async_unlock(&lock);
	return error;
}

static int brings_pieces(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++) {
		async_shield (10) {
			await_sleep(0.1);
			await_lock(&lock);
			stock++;
			async_condition_notify(&condition, 1);
			async_unlock(&lock);
		}
	}
	return async_cancelled();
}

static int scenario_condition(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	lock = (async_lock)ASYNC_LOCK;
	condition = (async_condition)ASYNC_CONDITION(&lock);
	stock = wanting = 0;
	async_spawn(&group, brings_pieces, NULL);
	return spawn_all(&group, takes_piece, 3);
}

static int nobody_wants(void *arg)
{
	(void)arg;
	return async_locked(&lock) || wanting || stock < 1 || stock > 4;
}

/* One piece for two: once all is quiet, nobody may want what is there. */
static int scenario_one_piece(void *arg)
{
	AWAIT_GROUP(group);
	int error;

	(void)arg;
	lock = (async_lock)ASYNC_LOCK;
	condition = (async_condition)ASYNC_CONDITION(&lock);
	stock = wanting = 0;
	async_spawn(&group, takes_piece, NULL);
	async_spawn(&group, takes_piece, NULL);
	error = await_sleep(1);
	if (!error)
		error = await_lock(&lock);
	if (!error) {
		stock = 1;
		async_condition_notify(&condition, 1);
		async_unlock(&lock);
		error = await_sleep(1);
	}
	if (!error && wanting)
		stock *= 100;
	async_group_cancel(&group);
	await_group(&group);
	return error;
}

static int nobody_was_forgotten(void *arg)
{
	(void)arg;
	return stock > 1 || wanting;
}

TEST_WITH(explore_condition, "D03 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_condition, nobody_wants);
	explore(scenario_one_piece, nobody_was_forgotten);
}

static int has_stock(void *arg)
{
	(void)arg;
	return stock;
}

static int takes_when_there(void *arg)
{
	int error = await_lock(&lock);

	(void)arg;
	if (error)
		return error;
	error = await_condition_for(&condition, has_stock, NULL);
	if (error > 0)
		stock--;
	async_unlock(&lock);
	return excused(error);
}

static int scenario_condition_for(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	lock = (async_lock)ASYNC_LOCK;
	condition = (async_condition)ASYNC_CONDITION(&lock);
	stock = wanting = 0;
	async_spawn(&group, brings_pieces, NULL);
	return spawn_all(&group, takes_when_there, 3);
}

TEST_WITH(explore_condition_for, "D04 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_condition_for, nobody_wants);
}

static async_event event;

static int waits_for_event(void *arg)
{
	(void)arg;
	return await_event(&event);
}

static int sets_event(void *arg)
{
	int error = await_sleep(0.1);

	(void)arg;
	async_event_set(&event);
	return error;
}

static int scenario_event(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	event = (async_event)ASYNC_EVENT;
	async_spawn(&group, sets_event, NULL);
	return spawn_all(&group, waits_for_event, 3);
}

TEST_WITH(explore_event, "D02 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_event, NULL);
}

/* ---- Semaphore, limiter, barrier ---- */

static async_semaphore semaphore;

static int takes_permit(void *arg)
{
	int error = await_semaphore(&semaphore);

	(void)arg;
	if (error)
		return error;
	error = await_sleep(0.1);
	CHECK_INT(async_semaphore_release(&semaphore), 0);
	return error;
}

static int scenario_semaphore(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	semaphore = (async_semaphore)ASYNC_BOUNDED_SEMAPHORE(2);
	return spawn_all(&group, takes_permit, 5);
}

static int two_permits(void *arg)
{
	(void)arg;
	return async_semaphore_try(&semaphore) || async_semaphore_try(&semaphore) ||
	       !async_semaphore_locked(&semaphore);
}

TEST_WITH(explore_semaphore, "D05 D06 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_semaphore, two_permits);
}

static async_limiter limiter;

static int borrows(void *arg)
{
	int error = await_limiter(&limiter);

	if (error)
		return error;
	if (async_int(arg) == 1)
		async_limiter_resize(&limiter, 3);
	error = await_sleep(0.1);
	CHECK_INT(async_limiter_release(&limiter), 0);
	return error;
}

static int scenario_limiter(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	limiter = (async_limiter)ASYNC_LIMITER(2);
	return spawn_all(&group, borrows, 5);
}

static int nothing_borrowed(void *arg)
{
	(void)arg;
	return async_limiter_borrowed(&limiter) || async_limiter_waiting(&limiter);
}

TEST_WITH(explore_limiter, "X04 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_limiter, nothing_borrowed);
}

static async_barrier barrier;

/* Who cannot come tells the others not to wait. */
static int meets(void *arg)
{
	int index = await_barrier(&barrier);

	(void)arg;
	if (index < 0)
		async_barrier_abort(&barrier);
	return index == -EPIPE ? 0 : excused(index);
}

static int scenario_barrier(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	barrier = (async_barrier)ASYNC_BARRIER(3);
	return spawn_all(&group, meets, 3);
}

static int nobody_at_barrier(void *arg)
{
	(void)arg;
	return (int)async_barrier_waiting(&barrier);
}

TEST_WITH(explore_barrier, "D07 D08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_barrier, nobody_at_barrier);
}
