/* SPDX-License-Identifier: MIT */
/* Asking again: what, when, how often, and on whose account. */
#include <errno.h>
#include <math.h>
#include <time.h>
#include "talker.h"

#define OK	     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BUSY(fields) "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n" fields "\r\nbusy"

/* ---- What, and when ---- */

TEST_WITH(what_may_go_away_is_worth_it, "X09 H46", .backends = ONCE)
{
	CHECK(async_retry_is_worth(-ECONNREFUSED, 0, false));
	CHECK(async_retry_is_worth(-EHOSTUNREACH, 0, false));
	CHECK(async_retry_is_worth(-ETIMEDOUT, 0, true));
	CHECK(!async_retry_is_worth(-ETIMEDOUT, 0, false));
	CHECK(async_retry_is_worth(-ECONNRESET, 0, true));
	CHECK(!async_retry_is_worth(-ECONNRESET, 0, false));
	CHECK(async_retry_is_worth(-ENODATA, 200, true));
	CHECK(!async_retry_is_worth(-ENODATA, 200, false));
	CHECK(async_retry_is_worth(0, 429, false) && async_retry_is_worth(0, 503, false));
	CHECK(async_retry_is_worth(0, 502, true) && !async_retry_is_worth(0, 502, false));
	CHECK(async_retry_is_worth(0, 408, true) && async_retry_is_worth(0, 504, true));
}

TEST_WITH(what_stays_is_not, "X09 H46", .backends = ONCE)
{
	static const int errors[] = { -EKEYREJECTED, -EKEYEXPIRED, -EPROTO,   -ENXIO,	 -EINVAL,
				      -ELOOP,	     -EBADMSG,	   -EMSGSIZE, -ECANCELED };

	for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
		CHECK(!async_retry_is_worth(errors[i], 0, true));
	CHECK(!async_retry_is_worth(0, 200, true) && !async_retry_is_worth(0, 404, true));
	CHECK(!async_retry_is_worth(0, 500, true) && !async_retry_is_worth(0, 501, true));
	CHECK(async_method_is_idempotent("GET") && async_method_is_idempotent("PUT"));
	CHECK(async_method_is_idempotent("HEAD") && async_method_is_idempotent("QUERY"));
	CHECK(!async_method_is_idempotent("POST") && !async_method_is_idempotent("PATCH"));
	CHECK(!async_method_is_idempotent("get"));
}

TEST_TASK_WITH(delays_double_up_to_a_limit, "X09 H46", .backends = ONCE)
{
	static const double wanted[] = { 0.5, 1, 2, 4, 8, 16, 32, 60, 60 };
	static const async_retry_options quick = { .first_seconds = 0.001, .most_seconds = 0.003 };
	double least = 1;

	for (int tries = 1; tries <= 9; tries++) {
		for (int i = 0; i < 100; i++) {
			double part = async_retry_delay(NULL, tries) / wanted[tries - 1];

			CHECK(part > 0.4999 && part <= 1);
			least = part < least ? part : least;
		}
	}
	CHECK(least < 0.6); /* at random */
	CHECK(async_retry_delay(NULL, 1000000000) <= 60);
	CHECK(async_retry_delay(&quick, 3) <= 0.003);
}

static async_response *await_busy(async_outgoing *request, void *value)
{
	async_http_field field = { "Retry-After", value };

	return async_outgoing_answer(request, 503, &field, 1, NULL, 0);
}

static double asked(const char *value)
{
	async_client_middleware busy = { await_busy, (void *)value };
	async_call call = { .middlewares = &busy, .middleware_count = 1 };
	async_session *session = async_session_new(NULL);
	async_response *answer = await_http_request(session, "GET", "http://x/", &call);
	double seconds = async_response_retry_after(answer);

	CHECK_INT(async_response_status(answer), 503);
	async_response_free(answer);
	await_session_close(session);
	return seconds;
}

/* The C library keeps its time zone. */
TEST_TASK_WITH(servers_say_when, "X09 H46", .backends = ONCE, .may_leak = 1)
{
	static const char *const nothing[] = { "", "-1", "1.5", "soon",
					       "Sun, 06 Nov 1994 08:49:47 GMT and more" };
	time_t soon = time(NULL) + 100;
	char date[64];
	struct tm tm;

	CHECK(asked("0") == 0);
	CHECK(asked("120") == 120);
	CHECK(asked("99999999999999999999999999") > 1e25);
	CHECK(asked("Sun, 06 Nov 1994 08:49:47 GMT") == 0);
	CHECK(asked("Sunday, 06-Nov-94 08:50:37 GMT") == 0);
	CHECK(asked("Sun Nov  6 08:49:38 1994") == 0);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&soon, &tm));
	CHECK(asked(date) > 50 && asked(date) <= 100);
	for (unsigned i = 0; i < sizeof nothing / sizeof *nothing; i++)
		CHECK(asked(nothing[i]) < 0);
	CHECK(async_response_retry_after(NULL) < 0);
}

/* ---- The middleware ---- */

static async_retry_options quick = { .first_seconds = 0.001, .most_seconds = 0.01 };

static struct talked ask(struct talker *talker, const char *method, async_call *call,
			 const async_retry_options *how)
{
	async_client_middleware retry = { await_http_retry, (void *)how };
	async_call own = call ? *call : (async_call){ 0 };

	own.middlewares = &retry;
	own.middleware_count = 1;
	return talk_once(talker, NULL, method, &own);
}

TEST_TASK(busy_servers_are_asked_again, "X09 H42")
{
	static const char *const answers[] = { BUSY(""), BUSY("Retry-After: 0\r\n"), OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	struct talked talked = ask(&talker, "GET", NULL, &quick);

	CHECK_INT(talked.status, 200);
	CHECK_STR(talked.text, "ok");
	CHECK_INT(talker.requests, 3);
	CHECK_INT(talker.connections, 1); /* short bodies are read */
	CHECK_INT(talked.facts.tries, 3);
	CHECK(talked.facts.seconds[ASYNC_CALL_RETRY] >= 0.0004);
	CHECK_STR(async_call_phase_name(ASYNC_CALL_RETRY), "retry");
}

TEST_TASK(tries_come_to_an_end, "X09")
{
	static const char *const answers[] = { BUSY(""), BUSY(""), BUSY(""), BUSY(""), OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	struct talked talked = ask(&talker, "POST", NULL, &quick);

	CHECK_INT(talked.status, 503);
	CHECK_STR(talked.text, "busy");
	CHECK_INT(talker.requests, 4);
	CHECK_INT(talked.facts.error, 0);
}

TEST_TASK(what_may_do_harm_is_asked_once, "X09")
{
	static const char gateway[] = "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n";
	static const char *const answers[] = { gateway, OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };

	CHECK_INT(ask(&talker, "POST", NULL, &quick).status, 502);
	CHECK_INT(talker.requests, 1);
	talker.answers = answers;
	CHECK_INT(ask(&talker, "POST", &(async_call){ .repeatable = true }, &quick).status, 200);
	talker.answers = answers;
	CHECK_INT(ask(&talker, "PUT", &(async_call){ .body = "x", .size = 1 }, &quick).status, 200);
	CHECK_INT(talker.requests, 5);
	CHECK_TEXT_HAS(talker.heard, "\r\n\r\nx");
}

TEST_TASK(broken_connections_are_made_again, "X09 H27")
{
	static const char *const answers[] = { talker_hangs_up, talker_slams, OK, NULL };
	static const char *const never[] = { talker_hangs_up, talker_hangs_up, talker_hangs_up,
					     talker_hangs_up, talker_hangs_up, talker_hangs_up };
	struct talker talker = { .answers = answers, .stalls = true };
	struct talked talked = ask(&talker, "GET", NULL, &quick);

	CHECK_INT(talked.status, 200);
	CHECK_INT(talker.connections, 3);
	talker = (struct talker){ .answers = never };
	talked = ask(&talker, "GET", NULL, &quick);
	CHECK_INT(talked.status, -ECONNRESET);
	CHECK_INT(talker.connections, 4);
	CHECK_INT(talked.facts.error, -ECONNRESET);
	talker = (struct talker){ .answers = never };
	CHECK_INT(ask(&talker, "POST", NULL, &quick).status, -ECONNRESET);
	CHECK_INT(talker.connections, 1);
}

/* Each answer on a connection that was kept is followed by a hang-up: the second try of the
 * middleware is the session's, too, and comes at once. */
TEST_TASK(a_connection_closed_meanwhile_costs_no_wait, "X09 H27")
{
	static const char *const answers[] = { OK, talker_hangs_up, OK, NULL };
	async_client_middleware retry = { await_http_retry, NULL };
	async_session_options options = { .middlewares = &retry, .middleware_count = 1 };
	async_session *session = async_session_new(&options);
	struct talker talker = { .answers = answers, .stalls = true };
	struct talked talked;

	talker_begin(&talker);
	CHECK_INT(talk(session, "GET", talker.url, NULL).status, 200);
	talked = talk(session, "GET", talker.url, NULL);
	CHECK_INT(talked.status, 200);
	CHECK_INT(talked.facts.tries, 2);
	CHECK(talked.facts.seconds[ASYNC_CALL_RETRY] < 0.2); /* 0.25 at the least otherwise */
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}

TEST_TASK(refused_connections_are_tried_again, "X09")
{
	async_client_middleware retry = { await_http_retry, &quick };
	async_call call = { .middlewares = &retry, .middleware_count = 1 };
	async_session *session = async_session_new(NULL);
	struct talked talked = talk(session, "POST", "http://127.0.0.1:1/", &call);

	CHECK_INT(talked.status, -ECONNREFUSED);
	CHECK_INT(talked.facts.tries, 0); /* none was sent */
	CHECK(talked.facts.seconds[ASYNC_CALL_RETRY] >= 0.003);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_CONNECT);
	CHECK_INT(await_session_close(session), 0);
}

TEST_TASK(long_waits_are_not_waited_for, "X09 H25")
{
	static const char *const later[] = { BUSY("Retry-After: 61\r\n"), OK, NULL };
	static const char *const soon[] = { BUSY("Retry-After: 30\r\n"), OK, NULL };
	struct talker talker = { .answers = later, .stalls = true };
	struct talked talked = ask(&talker, "GET", NULL, NULL);

	CHECK_INT(talked.status, 503);
	CHECK_INT(talker.requests, 1);
	/* The request has no time for it. */
	talker.answers = soon;
	talked = ask(&talker, "GET", &(async_call){ .total_seconds = 20 }, NULL);
	CHECK_INT(talked.status, 503);
	CHECK_INT(talker.requests, 2);
}

TEST_TASK(a_cancel_ends_the_waiting, "X09 B14")
{
	static const char *const answers[] = { BUSY("Retry-After: 30\r\n"), OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	async_client_middleware retry = { await_http_retry, NULL };
	async_call call = { .middlewares = &retry, .middleware_count = 1 };
	async_session *session = async_session_new(NULL);
	struct talked talked = { 0 };

	talker_begin(&talker);
	async_timeout (0.2)
		talked = talk(session, "GET", talker.url, &call);
	CHECK_INT(talked.status, -ETIMEDOUT);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_RETRY);
	CHECK_INT(talked.facts.error, -ETIMEDOUT);
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}

TEST_TASK(the_budget_is_the_sessions, "X09 H27")
{
	static const char *const answers[] = { BUSY(""), BUSY(""), OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	async_client_middleware retry = { await_http_retry, &quick };
	async_session_options options = { .retry_ratio = -1,
					  .middlewares = &retry,
					  .middleware_count = 1 };
	struct talked talked = talk_once(&talker, &options, "GET", NULL);

	CHECK_INT(talked.status, 503);
	CHECK_INT(talker.requests, 1);
	talked = talk_once(&(struct talker){ .answers = (const char *[]){ talker_hangs_up, NULL } },
			   &options, "GET", NULL);
	CHECK_INT(talked.status, -ECONNRESET);
	CHECK_TEXT_HAS(talked.text, "not asked again (session option `retry_ratio`: -1)");
}

static ssize_t await_once(void *arg, const char **data)
{
	*data = "once";
	return ++*(int *)arg > 1 ? 0 : 4;
}

TEST_TASK(a_body_that_is_gone_ends_it, "X09 H10")
{
	static const char *const answers[] = { BUSY(""), OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	int reads = 0;
	async_source source = { .await_next = await_once, .arg = &reads, .sized = true, .size = 4 };
	async_call call = { .source = &source };

	CHECK_INT(ask(&talker, "PUT", &call, &quick).status, 503);
	CHECK_INT(talker.requests, 1);
}

TEST_TASK(options_that_are_none, "X09")
{
	static const async_retry_options wrong[] = { { .tries = -1 },
						     { .first_seconds = -1 },
						     { .most_seconds = NAN } };

	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		async_client_middleware retry = { await_http_retry, (void *)&wrong[i] };
		async_call call = { .middlewares = &retry, .middleware_count = 1 };
		async_session *session = async_session_new(NULL);

		CHECK_INT(talk(session, "GET", "http://127.0.0.1:1/", &call).status, -EINVAL);
		CHECK_TEXT_HAS(async_error(), "await_http_retry: `tries`");
		retry = (async_client_middleware){ await_http_throttle, NULL };
		CHECK_INT(talk(session, "GET", "http://127.0.0.1:1/", &call).status, -EINVAL);
		CHECK_INT(await_session_close(session), 0);
	}
}

/* ---- Rates ---- */

TEST_TASK(each_try_counts, "X09 H42")
{
	static const char *const answers[] = { BUSY(""), BUSY(""), OK, NULL };
	struct talker talker = { .answers = answers, .stalls = true };
	async_rate rate = ASYNC_RATE(20, 1);
	async_client_middleware list[] = { { await_http_retry, &quick },
					   { await_http_throttle, &rate } };
	async_call call = { .middlewares = list, .middleware_count = 2 };
	double began = async_now();

	CHECK_INT(talk_once(&talker, NULL, "GET", &call).status, 200);
	CHECK_INT(talker.requests, 3);
	CHECK(async_now() - began >= 0.0999);
}
