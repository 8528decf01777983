/* SPDX-License-Identifier: MIT */
/* The same request twice: whose answer comes first, and what becomes of the other. */
#include <errno.h>
#include <math.h>
#include "fault.h"
#include "server/serving.h"
#include "talker.h"

static struct {
	async_http_server *http;
	async_session *session;
	async_event over;
	int asked;
} site;

/* Takes the seconds that the target has for each request in turn, "/0.5,0", and says which it was;
 * refuses at "x". */
static int slowly(async_request *request, void *arg)
{
	const char *at = async_request_target(request) + 1;
	int nth = ++site.asked;

	(void)arg;
	for (int i = 1; i < nth && strchr(at, ','); i++)
		at = strchr(at, ',') + 1;
	async_timeout (atof(at))
		await_event(&site.over);
	return *at == 'x' ? 503 : await_respond_printf(request, "%d", nth);
}

static void begin(const async_session_options *options)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "*", "/{seconds:.*}", slowly, NULL);
	site.http = serve_app(app, NULL);
	site.session = async_session_new(options);
}

static void end(void)
{
	async_event_set(&site.over);
	CHECK_INT(await_session_close(site.session), 0);
	await_http_close(site.http);
}

static async_response *hedge(const char *target, const async_call *call, double seconds)
{
	char url[120];

	site.asked = 0;
	snprintf(url, sizeof url, "http://%s/%s", async_http_address(site.http, 0), target);
	return await_http_hedge(site.session, "GET", url, call, seconds);
}

TEST_TASK(a_quick_answer_is_asked_for_once, "X09")
{
	async_call_facts facts;

	begin(NULL);
	CHECK_STR(take_answer(hedge("0", &(async_call){ .facts = &facts }, 5)), "1");
	CHECK_INT(site.asked, 1);
	CHECK_INT(facts.phase, ASYNC_CALL_DONE);
	CHECK_INT(facts.received, 1);
	CHECK_STR(take_answer(hedge("0", NULL, INFINITY)), "1");
	end();
}

TEST_TASK(the_second_one_wins, "X09")
{
	async_call_facts facts;

	begin(NULL);
	CHECK_STR(take_answer(hedge("5,0", &(async_call){ .facts = &facts }, 0.02)), "2");
	CHECK_INT(site.asked, 2);
	CHECK_INT(facts.phase, ASYNC_CALL_DONE);
	CHECK(facts.total < 4);
	end();
}

TEST_TASK(the_first_one_wins_after_all, "X09")
{
	begin(NULL);
	CHECK_STR(take_answer(hedge("0.1,5", NULL, 0.02)), "1");
	CHECK_INT(site.asked, 2);
	/* At once both, and both done: one of them is freed. */
	CHECK(take_answer(hedge("0", NULL, 0)));
	end();
}

/* An answer that says no is an answer. */
TEST_TASK(statuses_are_answers, "X09")
{
	async_response *answer;

	begin(NULL);
	answer = hedge("5,x", NULL, 0.02);
	CHECK_INT(async_response_status(answer), 503);
	async_response_free(answer);
	end();
}

TEST_TASK(failures_wait_for_the_other, "X09")
{
	/* The first is cut off once the second is on its way; or both are. */
	static const char *const answers[] = { talker_hangs_up, talker_hangs_up };
	async_session *session = async_session_new(NULL);
	struct talker talker = { .answers = answers };
	async_call_facts facts;
	async_call call = { .facts = &facts };

	talker_begin(&talker);
	CHECK(!await_http_hedge(session, "GET", talker.url, &call, 5));
	CHECK_INT(async_error_code(), -ECONNRESET);
	CHECK_INT(talker.connections, 1); /* too early for another one */
	CHECK_INT(facts.error, -ECONNRESET);
	talker.answers = answers;
	CHECK(!await_http_hedge(session, "GET", talker.url, NULL, 0));
	CHECK_INT(async_error_code(), -ECONNRESET);
	CHECK_TEXT_HAS(async_error(), "hung up before it answered");
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}

TEST_TASK(hedges_are_on_the_budget, "X09 H27")
{
	async_session_options options = { .retry_ratio = -1 };

	begin(&options);
	CHECK_STR(take_answer(hedge("0.1,0", NULL, 0.01)), "1");
	CHECK_INT(site.asked, 1);
	end();
}

TEST_TASK(cancelled_both_end, "X09 B14 H46")
{
	async_call_facts facts = { 0 };
	async_call call = { .facts = &facts };
	async_response *answer = NULL;

	begin(NULL);
	async_timeout (0.2)
		answer = hedge("5,5", &call, 0.02);
	CHECK(!answer);
	CHECK_INT(async_error_code(), -ETIMEDOUT);
	CHECK_INT(site.asked, 2);
	CHECK_INT(facts.phase, ASYNC_CALL_HEAD);
	async_timeout (0.02) /* before there are two */
		answer = hedge("5,5", NULL, 5);
	CHECK(!answer);
	end();
}

TEST_TASK(what_cannot_be_asked_twice, "X09")
{
	async_source source = { 0 };
	async_session *session = async_session_new(NULL);
	static const char *const url = "http://127.0.0.1:1/";

	CHECK(!await_http_hedge(session, "POST", url, NULL, 1));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "POST may do harm twice");
	CHECK(!await_http_hedge(session, "PUT", url, &(async_call){ .source = &source }, 1));
	CHECK_TEXT_HAS(async_error(), "cannot be read by two");
	CHECK(!await_http_hedge(session, "GET", url, NULL, -1));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK(!await_http_hedge(NULL, "GET", url, NULL, 1));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK(!await_http_hedge(session, "POST", url, &(async_call){ .repeatable = true }, 1));
	CHECK_INT(async_error_code(), -ECONNREFUSED);
	CHECK_INT(await_session_close(session), 0);
}

/* ---- Faults ---- */

/* The server's memory may be what runs out: a limit ends what it does not answer. */
static void fail_each(const char *call)
{
	async_call limited = { .total_seconds = 0.3 };
	int uses;

	begin(NULL);
	take_answer(hedge("0.01,0", &limited, 0.002));
	fault_clear();
	take_answer(hedge("0.01,0", &limited, 0.002));
	uses = fault_count(call);
	for (int nth = 1; nth <= uses + 2; nth++) {
		async_response *answer;

		if (!fault_inject(call, nth, ENOMEM))
			SKIP("this build cannot inject into that call");
		FORGET_ERROR();
		answer = hedge("0.01,0", &limited, 0.002);
		fault_clear();
		CHECK(answer || (async_error_code() < 0 && *async_error()));
		async_response_free(answer);
	}
	CHECK(*take_answer(hedge("0.01,0", NULL, 0.002)) < '3');
	end();
}

TEST_TASK_WITH(no_memory, "X09 X20", .deadline = 60)
{
	fail_each("malloc");
}

TEST_TASK_WITH(no_cleared_memory, "X09 X20", .deadline = 60)
{
	fail_each("calloc");
}

/* ---- Threads ---- */

static long hedge_on_a_thread(void *url)
{
	async_session *session = async_session_new(NULL);
	const char *text = take_answer(await_http_hedge(session, "GET", url, NULL, 0.02));
	long good = !strcmp(text, "2");

	await_session_close(session);
	return good;
}

TEST_TASK_WITH(on_a_thread_without_a_loop, "X09 Z22", .backends = REAL_BACKENDS)
{
	char url[80];

	begin(NULL);
	snprintf(url, sizeof url, "http://%s/5,0", async_http_address(site.http, 0));
	CHECK_INT(await_thread(hedge_on_a_thread, url), 1);
	end();
}
