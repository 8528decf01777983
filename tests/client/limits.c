/* SPDX-License-Identifier: MIT */
/* Limits of each phase, what they say, and what they leave alone; second tries and their budget. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include "talker.h"

static async_call_facts facts;

/* NULL, or the answer's body as text. */
static const char *fetch(async_session *session, const char *url, const async_call *given)
{
	static char text[200];
	async_call call = given ? *given : (async_call){ 0 };
	async_response *answer;
	const char *body;

	call.facts = &facts;
	answer = await_http_request(session, "GET", url, &call);
	body = await_response_text(answer);
	if (body)
		snprintf(text, sizeof text, "%s", body);
	async_response_free(answer);
	return body ? text : NULL;
}

/* What one limit says; everything else takes its time. */
static void expect_limit(const async_session_options *options, const char *url, const char *option,
			 enum async_call_phase phase)
{
	async_session *session = async_session_new(options);
	char expected[100];

	CHECK(!fetch(session, url, NULL));
	CHECK_INT(async_error_code(), -ETIMEDOUT);
	snprintf(expected, sizeof expected, "longer than 0.02 s (option `%s`", option);
	CHECK_TEXT_HAS(async_error(), expected);
	snprintf(expected, sizeof expected, "%s 0.02", async_call_phase_name(phase));
	CHECK_STR(async_call_phase_name(facts.phase), async_call_phase_name(phase));
	CHECK(facts.seconds[phase] > 0 && facts.total >= 0.019);
	CHECK_INT(await_session_close(session), 0);
}

static int sleep_long(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	(void)host, (void)port, (void)addresses, (void)arg;
	return await_sleep(30);
}

static int sleep_in_tls(async_stream *stream, async_tls *tls, const char *host)
{
	(void)stream, (void)tls, (void)host;
	return await_sleep(30);
}

TEST_TASK(each_phase_has_its_limit, "H25 H26")
{
	static const char *const silent[] = { "", "", "", "", "", "", NULL };
	struct talker talker = { .answers = silent, .deaf = true, .stalls = true };
	char secure[120];

	talker_begin(&talker);
	snprintf(secure, sizeof secure, "https%s", talker.url + 4);
	expect_limit(&(async_session_options){ .head_seconds = 0.02 }, talker.url, "head_seconds",
		     ASYNC_CALL_HEAD);
	expect_limit(&(async_session_options){ .read_seconds = 0.02 }, talker.url, "read_seconds",
		     ASYNC_CALL_HEAD);
	expect_limit(&(async_session_options){ .stall_seconds = 0.02 }, talker.url, "stall_seconds",
		     ASYNC_CALL_HEAD);
	expect_limit(&(async_session_options){ .total_seconds = 0.02 }, talker.url, "total_seconds",
		     ASYNC_CALL_HEAD);
	expect_limit(&(async_session_options){ .resolve_seconds = 0.02,
					       .await_resolve = sleep_long },
		     "http://a.test/", "resolve_seconds", ASYNC_CALL_RESOLVE);
	expect_limit(&(async_session_options){ .connect_seconds = 0.02,
					       .await_resolve = sleep_long },
		     "http://a.test/", "connect_seconds", ASYNC_CALL_RESOLVE);
	expect_limit(&(async_session_options){ .tls_seconds = 0.02, .start_tls = sleep_in_tls },
		     secure, "tls_seconds", ASYNC_CALL_TLS);
	talker_end(&talker);
}

TEST_TASK(the_text_says_where_the_time_went, "H26")
{
	static const char *const half[] = { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
					    NULL };
	struct talker talker = { .answers = half, .stalls = true };
	async_session_options options = { .read_seconds = 0.05 };
	async_session *session = async_session_new(&options);

	talker_begin(&talker);
	CHECK(!fetch(session, talker.url, NULL));
	CHECK_TEXT_HAS(async_error(), "waiting for the body took longer than 0.05 s (option "
				      "`read_seconds` of the session or the call); seconds: ");
	CHECK_TEXT_HAS(async_error(), "body 0.0");
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}

/* A piece each 20 ms, six of them. */
static int drip(async_stream *stream, void *arg)
{
	const char *head;

	(void)arg;
	await_stream_readuntil(stream, "\r\n\r\n", &head);
	await_stream_write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", 38);
	for (int i = 0; i < 6; i++) {
		await_sleep(0.02);
		await_stream_write(stream, "x", 1);
	}
	return 0;
}

TEST_TASK_WITH(nothing_ends_what_moves, "H25", .backends = BACKEND_SIM)
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", drip, NULL);
	async_session_options options = { .stall_seconds = 0.03 };
	async_call call = { .total_seconds = 0.1 };
	async_session *session = async_session_new(&options);
	char url[80];

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	CHECK_STR(fetch(session, url, NULL), "xxxxxx");
	CHECK(facts.seconds[ASYNC_CALL_BODY] > 0.1);
	CHECK(!fetch(session, url, &call));
	CHECK_TEXT_HAS(async_error(), "`total_seconds`");
	/* One limit given leaves the others as they were (Q16). */
	call = (async_call){ .read_seconds = 1 };
	CHECK_STR(fetch(session, url, &call), "xxxxxx");
	call = (async_call){ .stall_seconds = 0.01 };
	CHECK(!fetch(session, url, &call));
	CHECK_TEXT_HAS(async_error(), "`stall_seconds`");
	CHECK_INT(await_session_close(session), 0);
	await_server_close(server, NULL);
}

/* Takes a little now and then, for 0.12 s in all. */
static int sip(async_stream *stream, void *arg)
{
	const char *data;
	ssize_t n;
	int64_t left = 0;

	(void)arg;
	await_stream_readuntil(stream, "\r\n\r\n", &data);
	sscanf(strstr(data, "Content-Length: "), "Content-Length: %" SCNd64, &left);
	while (left > 0 && (n = await_stream_chunk(stream, &data)) > 0) {
		left -= n;
		await_sleep(0.02);
	}
	await_stream_write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40);
	return 0;
}

TEST_TASK_WITH(nothing_ends_an_upload_that_moves, "H25 H43", .backends = BACKEND_SIM)
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", sip, NULL);
	async_session_options options = { .stall_seconds = 0.1 };
	async_session *session = async_session_new(&options);
	char *large = calloc(1, 3 << 20), url[80];
	async_call call = { .body = large, .size = 3 << 20 };

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	CHECK_STR(fetch(session, url, &call), "ok");
	CHECK(facts.total > 0.12);
	free(large);
	CHECK_INT(await_session_close(session), 0);
	await_server_close(server, NULL);
}

/* ---- A turn in the pool ---- */

static int hold(void *arg)
{
	async_response *answer = await_session_get(arg, "/");

	await_sleep(0.1);
	async_response_free(answer);
	return 0;
}

TEST_TASK(a_turn_in_the_pool_counts_by_itself, "H25 H28")
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
					       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
					       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
					       NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	async_session_options options = { .connections = 1, .stall_seconds = 0.03 };
	async_call call = { .queue_seconds = 0.02 };
	async_session *session;
	async_task *holder;

	talker_begin(&talker);
	options.base_url = talker.url;
	session = async_session_new(&options);
	holder = async_create_task(hold, session);
	await_sleep(0.01);
	CHECK(!fetch(session, "/", &call));
	CHECK_TEXT_HAS(async_error(), "`queue_seconds`");
	CHECK_TEXT_HAS(async_error(), "`connections`, `per_host`");
	/* Waiting for a turn is no stall. */
	CHECK_STR(fetch(session, "/", NULL), "ok");
	CHECK(facts.seconds[ASYNC_CALL_QUEUE] > 0.03);
	await_task(holder);
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}

/* ---- Kept connections ---- */

TEST_TASK(a_server_says_how_long_it_keeps_one, "H29")
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=5\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=100\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nKeep-Alive: what\r\nContent-Length: 2\r\n\r\nok", NULL
	};
	struct talker talker = { .answers = answers, .stalls = true };
	async_session *session = async_session_new(NULL);

	talker_begin(&talker);
	CHECK_STR(fetch(session, talker.url, NULL), "ok");
	await_sleep(0.6); /* half a second is what is made of one */
	CHECK_STR(fetch(session, talker.url, NULL), "ok");
	CHECK_INT(talker.connections, 2);
	CHECK_STR(fetch(session, talker.url, NULL), "ok");
	CHECK_INT(talker.connections, 2);
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}

/* Answers the first request on each connection, and hangs up on the second one. */
static int once(async_stream *stream, void *arg)
{
	const char *head;

	++*(int *)arg;
	if (await_stream_readuntil(stream, "\r\n\r\n", &head) > 0)
		await_stream_write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40);
	await_stream_readuntil(stream, "\r\n\r\n", &head);
	return 0;
}

static void ask_twice(const async_session_options *options, const char *url, const char *method,
		      bool repeatable, int expected)
{
	async_session *session = async_session_new(options);
	async_call call = { .repeatable = repeatable, .facts = &facts };

	for (int i = 0; i < 2; i++) {
		async_response *answer = await_http_request(session, method, url, &call);

		CHECK_INT(async_response_status(answer), i ? expected : 200);
		await_response_text(answer);
		async_response_free(answer);
	}
	CHECK_INT(await_session_close(session), 0);
}

TEST_TASK(second_tries_are_for_what_does_no_harm, "H27 X09")
{
	async_session_options none = { .retry_ratio = -1 };
	int connections = 0;
	async_server *server = await_server_start(NULL, "127.0.0.1:0", once, &connections);
	char url[80];

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	ask_twice(NULL, url, "GET", false, 200);
	CHECK_INT(facts.tries, 2);
	CHECK_INT(connections, 2);
	ask_twice(NULL, url, "POST", false, -ECONNRESET);
	ask_twice(NULL, url, "POST", true, 200);
	ask_twice(&none, url, "GET", false, -ECONNRESET);
	CHECK_TEXT_HAS(async_error(), "not asked again (session option `retry_ratio`: -1)");
	await_server_close(server, NULL);
}

TEST_TASK(second_tries_are_on_a_budget, "H27 X09")
{
	int connections = 0, failed = 0;
	async_server *server = await_server_start(NULL, "127.0.0.1:0", once, &connections);
	async_session *session = async_session_new(NULL);
	char url[80];

	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	for (int i = 0; i < 60; i++)
		failed += !fetch(session, url, NULL);
	/* Ten were saved up, and each request earns a tenth. */
	CHECK(failed >= 15 && failed <= 30);
	CHECK_INT(await_session_close(session), 0);
	await_server_close(server, NULL);
}

/* ---- Idle connections ---- */

static int resolve_here(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	struct sockaddr_storage address;
	socklen_t length;
	char text[40];

	(void)host, (void)arg;
	snprintf(text, sizeof text, "127.0.0.1:%d", port);
	async_address_parse(text, &address, &length);
	return async_addresses_add(addresses, (struct sockaddr *)&address, length);
}

static int open_now, open_most;

static int count_open(async_stream *stream, void *arg)
{
	const char *head;

	(void)arg;
	open_most = ++open_now > open_most ? open_now : open_most;
	while (await_stream_readuntil(stream, "\r\n\r\n", &head) > 0)
		await_stream_write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40);
	open_now--;
	return 0;
}

TEST_TASK(kept_connections_count, "H28 H29 H46")
{
	async_session_options options = { .connections = 3, .await_resolve = resolve_here };
	async_server *server = await_server_start(NULL, "127.0.0.1:0", count_open, NULL);
	async_session *session = async_session_new(&options);
	const char *port = strrchr(async_server_address(server, 0), ':') + 1;
	char url[80];

	for (int i = 0; i < 20; i++) {
		snprintf(url, sizeof url, "http://host-%d.test:%s/", i, port);
		CHECK_STR(fetch(session, url, NULL), "ok");
	}
	await_sleep(0.01);
	CHECK(open_now <= 3);
	/* The latest are kept. */
	CHECK_STR(fetch(session, url, NULL), "ok");
	CHECK(facts.reused);
	CHECK_INT(await_session_close(session), 0);
	await_server_close(server, NULL);
}

TEST_TASK(seconds_that_are_no_limit, "H25 H45")
{
	static const double wrong[] = { NAN, -1, -INFINITY };

	for (size_t i = 0; i < 3; i++) {
		async_session_options options = { .stall_seconds = wrong[i] };
		async_call call = { .read_seconds = wrong[i] };

		CHECK(!async_session_new(&options));
		CHECK_INT(async_error_code(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "`stall_seconds`");
		CHECK(!await_http_fetch("GET", "http://nowhere.invalid/", &call));
		CHECK_INT(async_error_code(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "`read_seconds`");
	}
	CHECK(!async_session_new(&(async_session_options){ .idle_seconds = NAN }));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK(!async_session_new(&(async_session_options){ .retry_ratio = NAN }));
	CHECK_INT(async_error_code(), -EINVAL);
}

/* ---- The session that all share, and the end of its loop ---- */

static async_response *forgotten;
static int reports;

static void count_reports(const async_report *report, void *arg)
{
	(void)arg;
	(void)report;
	reports++; /* of a deadlock, say, or of a stream that was left open */
}

static int forget_an_answer(void *arg)
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha",
					       NULL };
	struct talker talker = { .answers = answers };

	(void)arg;
	talker_begin(&talker);
	forgotten = await_http_get(talker.url);
	CHECK(async_response_stream(forgotten));
	talker_end(&talker);
	return async_response_status(forgotten);
}

/* Nobody is left to free it, so the loop does not wait for that; later is not too late. */
TEST_WITH(an_answer_outlives_its_loop, "H01 H30 Z22", .in_thread = 1)
{
	async_options options = { .report = count_reports };
	const char *data;

	CHECK_INT(async_run_with(&options, forget_an_answer, NULL), 200);
	CHECK_INT(reports, 0);
	CHECK_INT(async_response_status(forgotten), 200);
	CHECK_INT(await_response_chunk(forgotten, &data), -ESHUTDOWN);
	async_response_free(forgotten);
}
