/* SPDX-License-Identifier: MIT */
/* Middlewares of the client, and what sessions add to requests. */
#include <errno.h>
#include "server/serving.h"
#include "talker.h"

/* Method, target, the fields that the tests care for, and the body. */
static int echo(async_request *request, void *arg)
{
	const char *x = async_request_header(request, "X-Mark");
	const char *agent = async_request_header(request, "User-Agent");
	const char *auth = async_request_header(request, "Authorization");
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	return await_respond_printf(request, "%s %s mark=%s agent=%s auth=%s %.*s",
				    async_request_method(request), async_request_target(request),
				    x ? x : "-", agent ? agent : "-", auth ? auth : "-", (int)n,
				    body);
}

static int flaky(async_request *request, void *arg)
{
	static int asked;

	(void)arg;
	return ++asked % 3 ? 503 : await_respond_text(request, "at last");
}

static int moved(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 302, "/echo");
}

static struct {
	async_http_server *http;
	char base[64];
} site;

static void begin(void)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "*", "/echo", echo, NULL);
	async_route(app, "*", "/flaky", flaky, NULL);
	async_route(app, "*", "/moved", moved, NULL);
	site.http = serve_app(app, NULL);
	snprintf(site.base, sizeof site.base, "http://%s/", async_http_address(site.http, 0));
}

static const char *ask_for(async_session *session, const char *method, const char *target,
			   const async_call *call)
{
	return take_answer(await_http_request(session, method, target, call));
}

/* ---- Middlewares ---- */

static char order[100];

static async_response *await_named(async_outgoing *request, void *name)
{
	async_response *answer;

	strcat(order, name);
	answer = await_outgoing_next(request);
	strcat(order, "/");
	strcat(order, name);
	return answer;
}

static async_response *await_mark(async_outgoing *request, void *mark)
{
	CHECK_INT(async_outgoing_set_header(request, "x-mark", mark), 0);
	CHECK_STR(async_outgoing_header(request, "X-Mark"), mark);
	return await_outgoing_next(request);
}

static async_response *await_change(async_outgoing *request, void *arg)
{
	size_t size;

	CHECK(!async_outgoing_body(request, &size) && !size);
	CHECK_STR(async_outgoing_method(request), "GET");
	CHECK(async_outgoing_context(request) == arg);
	CHECK_INT(async_outgoing_redirects(request), 0);
	CHECK_INT(async_outgoing_set_method(request, "not a token"), -EINVAL);
	CHECK_INT(async_outgoing_set_method(request, "POST"), 0);
	CHECK_INT(async_outgoing_set_url(request, "/echo?changed"), 0);
	CHECK_TEXT_HAS(async_outgoing_url(request)->href, "/echo?changed");
	CHECK_INT(async_outgoing_set_body(request, "text/plain", "new", 3), 0);
	return await_outgoing_next(request);
}

static async_response *await_retry(async_outgoing *request, void *arg)
{
	async_response *answer = await_outgoing_next(request);

	while (async_response_status(answer) == 503) {
		++*(int *)arg;
		async_response_free(answer);
		answer = await_outgoing_next(request);
	}
	return answer;
}

static async_response *await_made_up(async_outgoing *request, void *arg)
{
	async_http_field fields[] = { { "Content-Type", "text/plain" }, { "X-From", "nowhere" } };

	(void)arg;
	return async_outgoing_answer(request, 299, fields, 2, "made up", 7);
}

TEST_TASK(middlewares_wrap_each_request, "H42")
{
	async_client_middleware list[] = { { await_named, (char[]){ "a" } },
					   { await_named, (char[]){ "b" } } };
	async_client_middleware mine[] = { { await_named, (char[]){ "c" } } };
	async_session_options options = { .base_url = site.base,
					  .middlewares = list,
					  .middleware_count = 2 };
	async_call call = { .middlewares = mine, .middleware_count = 1 };
	async_session *session;

	begin();
	session = async_session_new(&options);
	ask_for(session, "GET", "echo", NULL);
	CHECK_STR(order, "ab/b/a");
	*order = '\0';
	ask_for(session, "GET", "echo", &call); /* in place of the session's */
	CHECK_STR(order, "c/c");
	*order = '\0';
	ask_for(session, "GET", "moved", NULL); /* for each redirect */
	CHECK_STR(order, "ab/b/aab/b/a");
	await_session_close(session);
	await_http_close(site.http);
}

TEST_TASK(a_middleware_changes_what_is_asked, "H42")
{
	int tries = 0;
	async_client_middleware mark = { await_mark, (char[]){ "m" } },
				change = { await_change, &tries };
	async_client_middleware retry = { await_retry, &tries };
	async_session_options options = { .base_url = site.base };
	async_call call = { .middlewares = &mark, .middleware_count = 1 };
	async_session *session;

	begin();
	session = async_session_new(&options);
	CHECK_STR(ask_for(session, "GET", "echo", &call),
		  "GET /echo mark=m agent=libawait auth=- ");
	call = (async_call){ .middlewares = &change, .middleware_count = 1, .context = &tries };
	CHECK_STR(ask_for(session, "GET", "nowhere", &call),
		  "POST /echo?changed mark=- agent=libawait auth=- new");
	call = (async_call){ .middlewares = &retry, .middleware_count = 1 };
	CHECK_STR(ask_for(session, "GET", "flaky", &call), "at last");
	CHECK_INT(tries, 2);
	await_session_close(session);
	await_http_close(site.http);
}

static async_response *await_half(async_outgoing *request, void *arg)
{
	async_http_field field = { "X-From", NULL };

	(void)arg;
	return async_outgoing_answer(request, 200, &field, 1, NULL, 0);
}

TEST_TASK(fields_and_pairs_have_two_halves, "H42 H05")
{
	async_client_middleware half = { await_half, NULL };
	async_http_field field = { "a", NULL };
	async_session *session = async_session_new(NULL);
	async_call call = { .query = &field, .query_count = 1 };

	CHECK(!await_http_request(session, "GET", "http://nowhere.invalid/", &call));
	CHECK_INT(async_error_code(), -EINVAL);
	call = (async_call){ .middlewares = &half, .middleware_count = 1 };
	CHECK(!await_http_request(session, "GET", "http://nowhere.invalid/", &call));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_INT(await_session_close(session), 0);
}

TEST_TASK(a_middleware_answers, "H42")
{
	async_client_middleware made_up = { await_made_up, NULL };
	async_session_options options = { .middlewares = &made_up, .middleware_count = 1 };
	async_session *session = async_session_new(&options);
	async_response *answer = await_session_get(session, "http://nowhere.invalid/");

	CHECK_INT(async_response_status(answer), 299);
	CHECK_STR(async_response_header(answer, "x-from"), "nowhere");
	CHECK_STR(await_response_text(answer), "made up");
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
}

/* ---- What sessions add ---- */

TEST_TASK(a_session_has_fields_and_a_base, "H04 H05 H07 H24")
{
	async_http_field own[] = { { "X-Mark", "session" }, { "Authorization", "secret" } };
	async_http_field other = { "x-mark", "call" }, none = { "User-Agent", NULL };
	async_http_field query[] = { { "a", "1 2" }, { "b", "&" }, { "a", "" } };
	async_session_options options = {
		.base_url = site.base, .fields = own, .field_count = 2, .user_agent = "me/1"
	};
	async_call call = { .fields = &other, .field_count = 1 };
	async_session *session;

	begin();
	session = async_session_new(&options);
	own[0].value = "changed"; /* it has a copy */
	CHECK_STR(ask_for(session, "GET", "echo", NULL),
		  "GET /echo mark=session agent=me/1 auth=secret ");
	CHECK_STR(ask_for(session, "GET", "echo", &call),
		  "GET /echo mark=call agent=me/1 auth=secret ");
	call.fields = &none;
	CHECK_STR(ask_for(session, "GET", "/echo", &call),
		  "GET /echo mark=session agent=- auth=secret ");
	call = (async_call){ .query = query, .query_count = 3 };
	CHECK_STR(ask_for(session, "GET", "echo?x=y", &call),
		  "GET /echo?x=y&a=1+2&b=%26&a= mark=session agent=me/1 auth=secret ");
	CHECK_STR(ask_for(session, "GET", "moved", &call),
		  "GET /echo mark=session agent=me/1 auth=secret ");
	await_session_close(session);

	options.base_url = "http://me:secret@example.org/deep";
	CHECK(!async_session_new(&options));
	CHECK_TEXT_HAS(async_error(), "does not end in a slash");
	CHECK(!strstr(async_error(), "secret"));
	options.base_url = "nonsense";
	CHECK(!async_session_new(&options));
	await_http_close(site.http);
}

static async_response *await_nothing(async_outgoing *request, void *arg)
{
	(void)request, (void)arg;
	async_fail(-EPERM, "not there: %s", async_outgoing_url(request)->href);
	return NULL;
}

TEST_TASK(a_middleware_refuses, "H42 H45")
{
	async_client_middleware never = { await_nothing, NULL };
	async_session *session = async_session_new(NULL);
	async_call_facts facts;
	async_call call = { .middlewares = &never, .middleware_count = 1, .facts = &facts };

	CHECK(!await_http_request(session, "GET", "http://10.0.0.1/", &call));
	CHECK_INT(async_error_code(), -EPERM);
	CHECK_TEXT_HAS(async_error(), "not there: http://10.0.0.1/");
	CHECK_INT(facts.phase, ASYNC_CALL_REQUEST);
	CHECK_INT(facts.tries, 0);
	await_session_close(session);
}
