/* SPDX-License-Identifier: MIT */
/* Who looks on: traces, and the facts of a call. */
#include <errno.h>
#include <math.h>
#include "server/serving.h"
#include "talker.h"

static const char *const names[] = { "start",	   "headers",  "sent",	  "redirect",	"end",
				     "failed",	   "received", "queued",  "queue-end",	"create",
				     "create-end", "reuse",    "resolve", "resolve-end" };
static char told[2000];
static double last;

static void tell(const async_trace_event *event, void *arg)
{
	size_t used = strlen(told);

	CHECK(event->time >= last);
	last = event->time;
	if (event->what == ASYNC_TRACE_REQUEST_START)
		CHECK(event->url && event->method);
	used += (size_t)snprintf(told + used, sizeof told - used, "%s%s ", (char *)arg,
				 names[event->what]);
	if (event->size)
		snprintf(told + used - 1, sizeof told - used, "=%zu ", event->size);
	if (event->error)
		snprintf(told + used - 1, sizeof told - used, "! ");
}

static int moved(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 302, "/");
}

static int slow(async_request *request, void *arg)
{
	(void)arg;
	await_sleep(0.05);
	return await_respond_text(request, "slow");
}

static const char *fetch(async_session *session, const char *method, const char *url,
			 const async_call *call)
{
	async_response *answer = await_http_request(session, method, url, call);

	await_response_text(answer);
	async_response_free(answer);
	return told;
}

TEST_TASK(traces_see_each_step, "H41")
{
	async_trace traces[] = { { tell, (char[]){ "" } } };
	async_session_options options = { .traces = traces, .trace_count = 1, .connections = 1 };
	async_app *app = async_app_new(NULL);
	async_call call = { .body = "abc", .size = 3, .context = &call };
	async_http_server *http;
	async_session *session;
	char url[80];

	async_route(app, "*", "/", say, "hello");
	async_route(app, "*", "/moved", moved, NULL);
	http = serve_app(app, NULL);
	session = async_session_new(&options);
	last = 0;

	snprintf(url, sizeof url, "http://%s/", async_http_address(http, 0));
	CHECK_STR(fetch(session, "GET", url, NULL),
		  "start create create-end headers end received=5 ");
	*told = '\0';
	CHECK_STR(fetch(session, "POST", url, &call), "start reuse headers sent=3 end received=5 ");
	*told = '\0';
	strcat(url, "moved");
	CHECK_STR(fetch(session, "GET", url, NULL),
		  "start reuse headers received=11 redirect reuse headers end received=5 ");
	await_http_close(http);
	*told = '\0';
	CHECK_TEXT_HAS(fetch(session, "GET", "http://localhost:1/", NULL),
		       "start create resolve resolve-end create-end! failed! ");
	await_session_close(session);
}

static int fetch_it(void *arg)
{
	void **both = arg;
	async_response *answer = await_session_get(both[0], both[1]);
	int status = async_response_status(answer);

	async_response_free(answer);
	return status;
}

TEST_TASK(several_traces_and_a_queue, "H41")
{
	async_trace traces[] = { { tell, (char[]){ "1" } }, { tell, (char[]){ "2" } } };
	async_session_options options = { .traces = traces, .trace_count = 2, .connections = 1 };
	async_app *app = async_app_new(NULL);
	async_http_server *http;
	async_session *session;
	async_task *first;
	char url[80];
	void *both[2];

	async_route(app, "GET", "/", slow, NULL);
	http = serve_app(app, NULL);
	session = async_session_new(&options);
	last = 0;
	*told = '\0';
	snprintf(url, sizeof url, "http://%s/", async_http_address(http, 0));
	both[0] = session;
	both[1] = url;
	first = async_create_task(fetch_it, both);
	await_sleep(0.01);
	*told = '\0';
	fetch(session, "GET", url, NULL);
	CHECK(!strncmp(told, "1start 2start 1queued 2queued ", 30));
	CHECK_TEXT_HAS(told, "1queue-end 2queue-end ");
	CHECK_INT(await_task(first), 200);
	await_session_close(session);
	await_http_close(http);
}

/* ---- Facts ---- */

TEST_TASK(facts_of_a_call, "H26 H43 H45")
{
	async_app *app = async_app_new(NULL);
	async_session *session = async_session_new(NULL);
	async_call_facts facts;
	async_call call = { .body = "abc", .size = 3, .facts = &facts };
	async_http_server *http;
	async_response *answer;
	double sum = 0;
	char url[80];

	async_route(app, "*", "/", slow, NULL);
	async_route(app, "*", "/moved", moved, NULL);
	http = serve_app(app, NULL);
	snprintf(url, sizeof url, "http://%s/moved", async_http_address(http, 0));
	answer = await_http_request(session, "PUT", url, &call);
	CHECK_INT(facts.phase, ASYNC_CALL_BODY);
	CHECK_STR(await_response_text(answer), "slow");
	CHECK_INT(facts.phase, ASYNC_CALL_DONE);
	CHECK_INT(facts.error, 0);
	CHECK_INT(facts.sent, 6);
	CHECK_INT(facts.received, 15);
	CHECK_INT(facts.tries, 2);
	CHECK_INT(facts.redirects, 1);
	CHECK(facts.reused && facts.upload_complete);
	CHECK(facts.seconds[ASYNC_CALL_HEAD] >= 0.049);
	for (int i = 0; i < ASYNC_CALL_PHASES; i++)
		sum += facts.seconds[i];
	CHECK(fabs(sum - facts.total) < 1e-6);
	async_response_free(answer);
	await_session_close(session);
	await_http_close(http);
}

static void expect(const char *url, const async_session_options *options, int error,
		   enum async_call_phase phase)
{
	async_session *session = async_session_new(options);
	async_call_facts facts;
	async_call call = { .facts = &facts };
	async_response *answer = await_http_request(session, "GET", url, &call);
	const char *body;

	if (answer)
		CHECK(await_response_body(answer, &body) < 0);
	CHECK_INT(async_error_code(), error);
	CHECK_INT(facts.error, error);
	CHECK_STR(async_call_phase_name(facts.phase), async_call_phase_name(phase));
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
}

static int resolve(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	(void)port, (void)addresses, (void)arg;
	return async_fail(-ENXIO, "no such name: %s", host);
}

TEST_TASK(each_failure_has_its_phase, "H45 H26 H06")
{
	static const char *const cut[] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
					   NULL };
	static const char *const garbage[] = { "SSH-2.0-OpenSSH\r\n", NULL };
	static const char *const away[] = { "HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\n"
					    "Content-Length: 0\r\n\r\n",
					    NULL };
	async_session_options mine = { .await_resolve = resolve };
	struct talker talker = { .answers = cut };

	expect("http://[", NULL, -EINVAL, ASYNC_CALL_REQUEST);
	expect("ftp://example.org/", NULL, -EPROTONOSUPPORT, ASYNC_CALL_REQUEST);
	expect("http://nowhere.test/", &mine, -ENXIO, ASYNC_CALL_RESOLVE);
	expect("http://127.0.0.1:1/", NULL, -ECONNREFUSED, ASYNC_CALL_CONNECT);
	talker_begin(&talker);
	expect(talker.url, NULL, -ENODATA, ASYNC_CALL_BODY);
	talker.answers = garbage;
	expect(talker.url, NULL, -EBADMSG, ASYNC_CALL_HEAD);
	talker.answers = away;
	expect(talker.url, NULL, -EPROTONOSUPPORT, ASYNC_CALL_REDIRECT);
	talker_end(&talker);
	CHECK_STR(async_call_phase_name(ASYNC_CALL_PHASES), "?");
}
