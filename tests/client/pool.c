/* SPDX-License-Identifier: MIT */
/* Whose turn it is for a connection. */
#include <errno.h>
#include "talker.h"

struct holder {
	async_session *session;
	const char *url;
	async_event let_go;
	int status;
};

static int hold(void *arg)
{
	struct holder *holder = arg;
	async_response *answer = await_session_get(holder->session, holder->url);

	holder->status = async_response_status(answer);
	await_event(&holder->let_go);
	async_response_free(answer);
	return 0;
}

/* Two turns come back at once: the second is not kept from who comes before the first, who waits
 * for his, has run. */
TEST_TASK(no_turn_is_lost, "H28")
{
	static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
	static const char *const answers[] = { half, half, half, half, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	async_session_options options = { .connections = 2, .queue_seconds = 5 };
	struct holder holder = { .let_go = ASYNC_EVENT };
	async_response *first, *second, *third;
	async_task *task;

	talker_begin(&talker);
	holder.session = async_session_new(&options);
	holder.url = talker.url;
	first = await_session_get(holder.session, talker.url);
	second = await_session_get(holder.session, talker.url);
	task = async_create_task(hold, &holder);
	await_sleep(0.01);
	async_response_free(first);
	async_response_free(second);
	third = await_session_get(holder.session, talker.url);
	CHECK_INT(async_response_status(third), 200);
	async_event_set(&holder.let_go);
	CHECK_INT(await_task(task), 0);
	CHECK_INT(holder.status, 200);
	async_response_free(third);
	CHECK_INT(await_session_close(holder.session), 0);
	talker_end(&talker);
}

/* ---- Threads ---- */

static const char *threads_url;

/* On a thread without a loop; its session goes with the job. */
static long get_on_a_thread(void *arg)
{
	long good = 0;

	(void)arg;
	for (int i = 0; i < 5; i++) {
		async_response *answer = await_http_get(threads_url);
		const char *text = await_response_text(answer);

		good += text && !strcmp(text, "ok");
		async_response_free(answer);
	}
	return good;
}

static int get_there(void *good)
{
	*(long *)good += await_thread(get_on_a_thread, NULL);
	return 0;
}

static int say_ok(async_stream *stream, void *connections)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	const char *head;

	++*(int *)connections;
	while (await_stream_readuntil(stream, "\r\n\r\n", &head) > 0)
		await_stream_write(stream, ok, strlen(ok));
	return 0;
}

TEST_TASK_WITH(each_thread_has_a_session, "H02 Z22", .backends = REAL_BACKENDS)
{
	int connections = 0;
	long good = 0;
	async_server *server = await_server_start(NULL, "127.0.0.1:0", say_ok, &connections);
	char url[60];

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	threads_url = url;
	{
		AWAIT_GROUP(tasks);
		for (int i = 0; i < 4; i++)
			async_spawn(&tasks, get_there, &good);
	}
	CHECK_INT(good, 20);
	CHECK_INT(connections, 4); /* kept within a thread, shared with no other */
	await_server_close(server, NULL);
}
