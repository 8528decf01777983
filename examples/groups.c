/* SPDX-License-Identifier: MIT */
/* A group waits for all its tasks, and one failure calls the others off: groups [WHO_FAILS] */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int lost; /* the walker who does not find the way; 0: everybody does */

static int walker(void *arg)
{
	int number = async_int(arg), error = await_sleep(number * 0.1);

	if (error) {
		printf("walker %d was called off\n", number);
		return error;
	}
	if (number == lost)
		return async_fail(-EHOSTUNREACH, "lost in the fog");
	printf("walker %d arrived\n", number);
	return 0;
}

static int walk(void *arg)
{
	const struct async_group_failure *failure;
	AWAIT_GROUP(walkers);

	lost = async_int(arg);
	for (int i = 1; i <= 5; i++)
		async_spawn(&walkers, walker, ASYNC_INT(i));
	if (await_group(&walkers) == 0)
		printf("all arrived\n");
	for (size_t i = 0; (failure = async_group_failure(&walkers, i)); i++)
		printf("%s failed: %s\n", failure->task, failure->text);
	return 0;
}

int main(int argc, char **argv)
{
	return async_run(walk, ASYNC_INT(argc > 1 ? atoi(argv[1]) : 3));
}
