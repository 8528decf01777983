/* SPDX-License-Identifier: MIT */
/* A cancel at every point of ways through a proxy: nothing is left behind, and who was not
 * cancelled gets through. */
#include <stdlib.h>
#include "client/socks.h"
#include "client/tunnel.h"
#include "inspect/explore.h"

static int answer(void *stream)
{
	static const char socks[] = "\5\2\1\0\5\0\0\1\177\0\0\1\4\70";
	static const char http[] = "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
	const char *data;
	ssize_t n = await_stream_peek(stream, 1, &data);
	const char *text = n > 0 && *data == 5 ? socks : http;
	size_t size = text == socks ? sizeof socks - 1 : sizeof http - 1;

	for (size_t at = 0; at < size && n >= 0; at += 5) {
		n = await_stream_write(stream, text + at, size - at < 5 ? size - at : 5);
		if (n >= 0)
			n = await_sleep(0.001);
	}
	return excused((int)n);
}

static int through_socks(void *stream)
{
	static const struct socks_target target = {
		.host = "a.org", .port = 443, .user = "me", .password = "secret"
	};

	return excused(await_socks_connect(stream, &target));
}

static int through_http(void *stream)
{
	static const struct tunnel_request request = { .authority = "a.org:443" };
	struct tunnel_answer *head = malloc(sizeof *head);
	int result = await_tunnel_open(stream, &request, head);

	tunnel_answer_end(head);
	free(head);
	return excused(result);
}

static int both(void *arg)
{
	async_stream *ends[4] = { NULL };

	(void)arg;
	if (async_stream_pair(ends, NULL) || async_stream_pair(ends + 2, NULL))
		return -ENOMEM;
	{
		AWAIT_GROUP(tasks, ASYNC_ISOLATED);
		async_spawn(&tasks, answer, ends[1]);
		async_spawn(&tasks, through_socks, ends[0]);
		async_spawn(&tasks, answer, ends[3]);
		async_spawn(&tasks, through_http, ends[2]);
		/* A client whose proxy was cancelled would wait for ever. */
		async_timeout (5)
			await_group(&tasks);
	}
	for (int i = 0; i < 4; i++)
		async_stream_abort(ends[i]);
	return 0;
}

static int nothing_more(void *arg)
{
	(void)arg;
	return 0;
}

TEST_WITH(ways_through_proxies, "H36 X08 X02", .backends = BACKEND_SIM, .deadline = 120,
	  .in_thread = 1)
{
	explore(both, nothing_more);
}
