/* SPDX-License-Identifier: MIT */
/* Servers that misbehave on a connection that is kept, or lead astray: nobody gets an answer that
 * was meant for another request, and what is tried again is what may be. */
#include <errno.h>
#include "base/base.h"
#include "talker.h"

#define OK	"HTTP/1.1 200 OK\r\n"
#define ANSWER	OK "Content-Length: 5\r\n\r\nright"
#define PLANTED OK "Content-Length: 5\r\n\r\nwrong"

/* ---- More than was asked for ---- */

/* Two requests in turn; the second must not get what came along with the answer to the first. */
static void ask_twice(const char *method, const char *first, size_t piece, double pause)
{
	const char *const answers[] = { first, ANSWER, NULL };
	struct talker talker = { .answers = answers, .piece = piece };
	async_session *session = async_session_new(NULL);
	struct talked talked;

	talker_begin(&talker);
	talked = talk(session, method, talker.url, NULL);
	CHECK(talked.status >= 200);
	CHECK(!strstr(talked.text, "wrong"));
	if (pause)
		await_sleep(pause);
	talked = talk(session, "GET", talker.url, NULL);
	CHECK_INT(talked.status, 200);
	CHECK_STR(talked.text, "right");
	CHECK(!talked.facts.reused);
	CHECK_INT(talker.connections, 2);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(what_lies_behind_an_answer, "H20 H29")
{
	ask_twice("GET", ANSWER PLANTED, 0, 0);
	ask_twice("GET", ANSWER "\r\n", 0, 0);
	ask_twice("GET", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" PLANTED, 0, 0);
	ask_twice("GET", OK "Content-Length: 0\r\n\r\n" PLANTED, 0, 0);
	ask_twice("HEAD", OK "Content-Length: 5\r\n\r\nright" PLANTED, 0, 0);
	ask_twice("GET", "HTTP/1.1 204 No Content\r\n\r\n" PLANTED, 0, 0);
	ask_twice("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" PLANTED, 0, 0);
	ask_twice("GET", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n" PLANTED, 0, 0);
}

/* It may come later, and is found when the connection is looked at before it is used again. */
TEST_TASK(what_comes_behind_an_answer, "H20 H29")
{
	ask_twice("GET", ANSWER PLANTED, 1, 0.3);
	ask_twice("HEAD", OK "Content-Length: 5\r\n\r\nright" PLANTED, 1, 0.3);
	ask_twice("GET", "HTTP/1.1 204 No Content\r\n\r\n" PLANTED, 1, 0.3);
}

TEST_TASK(answers_without_a_body_have_none, "H20 H29")
{
	static const char *const answers[] = {
		OK "Content-Length: 500\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		ANSWER,
		NULL
	};
	static const char *const methods[] = { "HEAD", "HEAD", "GET", "GET", "GET" };
	static const int statuses[] = { 200, 200, 304, 204, 200 };
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);

	talker_begin(&talker);
	for (size_t i = 0; i < array_length(methods); i++) {
		struct talked talked = talk(session, methods[i], talker.url, NULL);

		CHECK_INT(talked.status, statuses[i]);
		CHECK_STR(talked.text, i == 4 ? "right" : "");
		CHECK_INT(talked.facts.reused, i > 0);
	}
	CHECK_INT(talker.connections, 1);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(connections_that_say_they_close, "H29")
{
	static const char *const firsts[] = {
		OK "Connection: close\r\nContent-Length: 2\r\n\r\nok",
		OK "Connection: x, CLOSE\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	};

	for (size_t i = 0; i < array_length(firsts); i++)
		ask_twice("GET", firsts[i], 0, 0);
}

/* A switch that nobody asked for is handed out as it is, and nothing behind it is an answer. */
TEST_TASK(a_switch_that_nobody_asked_for, "H13 H29")
{
	static const char *const answers[] = {
		"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" PLANTED, NULL
	};
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);
	async_response *answer;

	talker_begin(&talker);
	answer = await_session_get(session, talker.url);
	CHECK_INT(async_response_status(answer), 101);
	async_response_free(answer);
	await_session_close(session);
	talker_end(&talker);
}

/* ---- The race of a server that closes and a client that asks ---- */

static ssize_t next_piece(void *arg, const char **data)
{
	*data = "once";
	return ++*(int *)arg == 1 ? 4 : 0;
}

static int await_again(void *arg)
{
	*(int *)arg = 0;
	return 0;
}

/* The first answer leaves a connection behind, on which the second request meets `end`. */
static struct talked race(const char *method, const async_call *call, const char *end,
			  const char *after, int connections)
{
	const char *const answers[] = { ANSWER, end, after, ANSWER, NULL };
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);
	struct talked talked;

	talker_begin(&talker);
	talked = talk(session, "GET", talker.url, NULL);
	CHECK_STR(talked.text, "right");
	talked = talk(session, method, talker.url, call);
	CHECK_INT(talker.connections, connections);
	await_session_close(session);
	talker_end(&talker);
	return talked;
}

TEST_TASK(what_may_be_asked_again_is, "H27 H29")
{
	static const char *const methods[] = { "GET", "HEAD",	"OPTIONS", "TRACE",
					       "PUT", "DELETE", "QUERY" };
	static const char *const ends[] = { talker_hangs_up, talker_slams };

	for (size_t i = 0; i < 2 * array_length(methods); i++) {
		struct talked talked = race(methods[i / 2], NULL, ends[i % 2], ANSWER, 2);

		CHECK_INT(talked.status, 200);
		CHECK_INT(talked.facts.tries, 2);
		CHECK(!talked.facts.reused);
	}
}

TEST_TASK(what_may_not_be_asked_again_is_not, "H27 H29")
{
	static const char *const methods[] = { "POST", "PATCH", "get" };
	static const char *const ends[] = { talker_hangs_up, talker_slams };

	for (size_t i = 0; i < 2 * array_length(methods); i++) {
		struct talked talked = race(methods[i / 2], NULL, ends[i % 2], ANSWER, 1);

		CHECK_INT(talked.status, -ECONNRESET);
		CHECK_INT(talked.facts.tries, 1);
		CHECK(talked.facts.reused);
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
		CHECK_TEXT_HAS(talked.text, "hung up before it answered");
	}
}

TEST_TASK(bodies_that_can_be_read_again, "H27 H10")
{
	int count = 0;
	async_source source = { .await_next = next_piece,
				.await_rewind = await_again,
				.arg = &count,
				.sized = true,
				.size = 4 };
	async_call call = { .source = &source };
	struct talked talked = race("PUT", &call, talker_hangs_up, ANSWER, 2);

	CHECK_INT(talked.status, 200);
	CHECK_INT(talked.facts.tries, 2);
	CHECK(talked.facts.upload_complete);
}

TEST_TASK(bodies_that_cannot, "H27 H10")
{
	int count = 0;
	async_source source = { .await_next = next_piece, .arg = &count, .sized = true, .size = 4 };
	async_call call = { .source = &source };
	struct talked talked = race("PUT", &call, talker_hangs_up, ANSWER, 1);

	CHECK_INT(talked.status, -ECONNRESET);
	CHECK_INT(talked.facts.tries, 1);
	CHECK_INT(count, 2); /* read to its end, once */
}

/* Once is enough; and whoever was heard is not asked again. */
TEST_TASK(one_second_try_and_no_third, "H27")
{
	struct talked talked = race("GET", NULL, talker_hangs_up, talker_hangs_up, 2);

	CHECK_INT(talked.status, -ECONNRESET);
	CHECK_INT(talked.facts.tries, 2);
	talked = race("GET", NULL, "HTTP/1.1 100 Continue\r\n\r\n", NULL, 1);
	CHECK_INT(talked.status, -ECONNRESET);
	CHECK_TEXT_HAS(talked.text, "hung up in the middle of its answer");
	CHECK_INT(talked.facts.tries, 1);
}

/* ---- Astray ---- */

static struct talked led_to(const char *location, const async_session_options *options)
{
	char text[300];
	const char *const answers[] = { text, ANSWER, NULL };
	struct talker talker = { .answers = answers };

	snprintf(text, sizeof text, "HTTP/1.1 302 Found\r\n%s%s%sContent-Length: 0\r\n\r\n",
		 location ? "Location: " : "", location ? location : "", location ? "\r\n" : "");
	return talk_once(&talker, options, "GET", NULL);
}

TEST_TASK(redirects_to_nowhere, "H23 H24 H45")
{
	async_session_options plain = { .start_tls = NULL };
	struct talked talked;
	static const struct {
		const char *location;
		int error;
		enum async_call_phase phase;
		const char *words;
	} cases[] = {
		{ "http://127.0.0.1:1/", -ECONNREFUSED, ASYNC_CALL_CONNECT, "127.0.0.1:1" },
		{ "http://[::1", -EINVAL, ASYNC_CALL_REDIRECT, "[::1" },
		{ "http://a b/", -EINVAL, ASYNC_CALL_REDIRECT, "" },
		{ "http://x:99999/", -EINVAL, ASYNC_CALL_REDIRECT, "99999" },
		{ "http://", -EINVAL, ASYNC_CALL_REDIRECT, "" },
		{ "ftp://127.0.0.1/", -EPROTONOSUPPORT, ASYNC_CALL_REDIRECT, "ftp" },
		{ "javascript:alert(1)", -EPROTONOSUPPORT, ASYNC_CALL_REDIRECT, "javascript" },
		{ "file:///etc/passwd", -EPROTONOSUPPORT, ASYNC_CALL_REDIRECT, "file" },
		{ "ws://127.0.0.1/", -EPROTONOSUPPORT, ASYNC_CALL_REDIRECT, "to ws" },
		{ "data:,hello", -EPROTONOSUPPORT, ASYNC_CALL_REDIRECT, "data" },
	};

	for (size_t i = 0; i < array_length(cases); i++) {
		talked = led_to(cases[i].location, &plain);
		if (talked.status != cases[i].error)
			harness_fail(__FILE__, __LINE__, "%s: %d, %s", cases[i].location,
				     talked.status, talked.text);
		CHECK_STR(async_call_phase_name(talked.facts.phase),
			  async_call_phase_name(cases[i].phase));
		CHECK_TEXT_HAS(talked.text, cases[i].words);
	}
	talked = led_to(NULL, NULL);
	CHECK_INT(talked.status, 302);
	talked = led_to("", NULL); /* where it came from */
	CHECK_STR(talked.text, "right");
	talked = led_to("\xc3\xa4?\xff#x", NULL);
	CHECK_STR(talked.text, "right");
}

TEST_TASK(redirects_in_circles, "H23 H45")
{
	static const char around[] =
		"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
	const char *const answers[] = { around, around, around, ANSWER, NULL };
	struct talker talker = { .answers = answers };
	async_call call = { .redirects = 3 };
	struct talked talked = talk_once(&talker, NULL, "GET", &call);

	CHECK_INT(talked.status, -ELOOP);
	CHECK_TEXT_HAS(talked.text, "3 redirects, the last to /again (option `redirects`");
	CHECK_INT(talker.requests, 3);
	CHECK_INT(talker.connections, 1);
	talker = (struct talker){ .answers = answers };
	call.redirects = 4;
	talked = talk_once(&talker, NULL, "GET", &call);
	CHECK_STR(talked.text, "right");
}

/* A login in a Location is used for where it leads, shown to nobody, and goes no further. */
TEST_TASK(redirects_with_credentials, "H23 H24 H38")
{
	char text[300];
	const char *const answers[] = {
		text, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", NULL
	};
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);
	struct talked talked;

	talker_begin(&talker);
	snprintf(text, sizeof text,
		 "HTTP/1.1 302 Found\r\nLocation: http://me:secret@%s\r\nContent-Length: 0\r\n\r\n",
		 talker.url + 7);
	talked = talk(session, "GET", talker.url, NULL);
	CHECK_INT(talked.status, -ECONNREFUSED);
	CHECK_TEXT_HAS(talker.heard, "Authorization: Basic bWU6c2VjcmV0\r\n");
	CHECK(!strstr(talked.text, "secret"));
	await_session_close(session);
	talker_end(&talker);
}
