/* SPDX-License-Identifier: MIT */
/* Let everything that is ready run, callbacks included: on a slow machine a millisecond's sleep may
 * be over before another task has had its turn. */
#ifndef TESTS_SETTLE_H
#define TESTS_SETTLE_H

#include <await.h>

static inline void settle(void)
{
	await_sleep(0.001);
	for (int i = 0; i < 20; i++)
		await_sleep(0);
}

#endif
