/* SPDX-License-Identifier: MIT */
/* The two ends of an await_holding block, for everything that can be held. */
#include <await/sync.h>

static int take(const struct async_hold_ *hold)
{
	switch (hold->kind) {
	case ASYNC_HOLD_LOCK_:
		return await_lock(hold->object);
	case ASYNC_HOLD_SEMAPHORE_:
		return await_semaphore(hold->object);
	default:
		return await_limiter(hold->object);
	}
}

struct async_hold_ *await_hold_begin_(struct async_hold_ *hold)
{
	if (take(hold) == 0)
		return hold;
	hold->kind = 0;
	return NULL;
}

/* A failure would mean that the block itself gave the thing away, which is its right. */
void async_hold_end_(struct async_hold_ *hold)
{
	switch (hold->kind) {
	case ASYNC_HOLD_LOCK_:
		async_unlock(hold->object);
		break;
	case ASYNC_HOLD_SEMAPHORE_:
		async_semaphore_release(hold->object);
		break;
	case ASYNC_HOLD_LIMITER_:
		async_limiter_release(hold->object);
		break;
	}
}
