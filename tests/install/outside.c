/* SPDX-License-Identifier: MIT */
/* A program outside the tree: it sees only what was installed. */
#include <await.h>

#include <stdio.h>

/* Names that the library uses inside too; a static library must not collide with them. */
int task_suspend(void);
int loop_run(void);

int task_suspend(void)
{
	return 1;
}

int loop_run(void)
{
	return 2;
}

static int hello(void *arg)
{
	await_sleep(0.001);
	return printf("hello from %s\n", (const char *)arg) < 0;
}

int main(void)
{
	return async_run(hello, "outside") + task_suspend() + loop_run() - 3;
}
