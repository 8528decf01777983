/* SPDX-License-Identifier: MIT */
/* Three workers share the jobs of one queue: queue [JOBS] */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>

static async_queue jobs = ASYNC_QUEUE(2);

static int worker(void *number)
{
	void *job;

	while (await_queue_get(&jobs, &job) == 0) {
		await_sleep(0.1);
		printf("worker %d did job %d\n", async_int(number), async_int(job));
		async_queue_task_done(&jobs);
	}
	return 0;
}

static int share(void *count)
{
	AWAIT_GROUP(workers);

	for (int i = 1; i <= 3; i++)
		async_spawn(&workers, worker, ASYNC_INT(i));
	for (int i = 1; i <= async_int(count); i++)
		await_queue_put(&jobs, ASYNC_INT(i));
	await_queue_join(&jobs);
	printf("all jobs are done\n");
	async_queue_shutdown(&jobs, false, NULL);
	await_group(&workers);
	return async_queue_free(&jobs);
}

int main(int argc, char **argv)
{
	return async_run(share, ASYNC_INT(argc > 1 ? atoi(argv[1]) : 9));
}
