/* SPDX-License-Identifier: MIT */
/* Many guests, two seats, first come first served: semaphore [GUESTS] */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>

static async_semaphore seats = ASYNC_SEMAPHORE(2);

static int guest(void *number)
{
	await_holding (&seats) {
		printf("guest %d sits down\n", async_int(number));
		await_sleep(0.1);
		printf("guest %d leaves\n", async_int(number));
	}
	return 0;
}

static int evening(void *count)
{
	AWAIT_GROUP(guests);

	for (int i = 1; i <= async_int(count); i++)
		async_spawn(&guests, guest, ASYNC_INT(i));
	return 0;
}

int main(int argc, char **argv)
{
	return async_run(evening, ASYNC_INT(argc > 1 ? atoi(argv[1]) : 6));
}
