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
