/* SPDX-License-Identifier: MIT */
/* Two senders, each at its own pace, and one reader who takes whatever is there: select [COUNT] */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>

struct source {
	const char *name;
	double pause;
	int count;
	async_sender *sender;
};

static int produce(void *arg)
{
	struct source *source = arg;

	for (int i = 1; i <= source->count; i++) {
		await_sleep(source->pause);
		await_channel_send(source->sender, &i);
	}
	async_sender_close(source->sender);
	return 0;
}

static int consume(void *count)
{
	struct source sources[] = {
		{ .name = "fast", .pause = 0.05 },
		{ .name = "slow", .pause = 0.13 },
	};
	struct async_select_case cases[2] = { { 0 } };
	int value, open = 2;
	ssize_t i;
	AWAIT_GROUP(producers);

	for (i = 0; i < 2; i++) {
		async_channel(sizeof value, 0, &sources[i].sender, &cases[i].receiver);
		cases[i].item = &value;
		sources[i].count = async_int(count);
		async_spawn(&producers, produce, &sources[i]);
	}
	while (open && (i = await_select(cases, 2)) >= 0) {
		if (cases[i].result == 0) {
			printf("%s: %d\n", sources[i].name, value);
			continue;
		}
		printf("%s: closed\n", sources[i].name);
		async_receiver_close(cases[i].receiver);
		cases[i].receiver = NULL;
		open--;
	}
	return 0;
}

int main(int argc, char **argv)
{
	return async_run(consume, ASYNC_INT(argc > 1 ? atoi(argv[1]) : 5));
}
