/* SPDX-License-Identifier: MIT */
/* What follows a redirect and a second try, and what does not. */
#include <errno.h>
#include "base/base.h"
#include "talker.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One server leads on, to itself or to the other; what the one led to hears is looked at. */
static struct {
	struct talker from, to;
	char moved[300];
	const char *answers[3];
	const char *const *to_answers;
	async_session *session;
} site;

static const char *const ok_answers[] = { OK, NULL };

static void begin(const async_session_options *options, const char *status, bool elsewhere,
		  const char *rest)
{
	memset(&site, 0, sizeof site);
	site.to.answers = ok_answers;
	talker_begin(&site.to);
	snprintf(site.moved, sizeof site.moved, "HTTP/1.1 %s\r\nLocation: %s\r\n%s", status,
		 elsewhere ? site.to.url : "/there", rest);
	site.answers[0] = site.moved;
	site.answers[1] = OK;
	site.from.answers = site.answers;
	talker_begin(&site.from);
	site.session = async_session_new(options);
	CHECK(site.session);
}

static void end(void)
{
	CHECK_INT(await_session_close(site.session), 0);
	talker_end(&site.from);
	talker_end(&site.to);
}

/* The head that came last, "" before that. */
static const char *last_heard(const struct talker *talker)
{
	const char *at = talker->heard, *next;

	while ((next = strstr(at, "\r\n\r\n")) && next[4])
		at = next + 4;
	return at;
}

/* ---- What is about a body goes with it ---- */

TEST_TASK(fields_of_a_body_go_with_it, "H23 H07")
{
	static const async_http_field fields[] = { { "Content-Type", "text/x" },
						   { "content-language", "en" },
						   { "Content-MD5", "x" },
						   { "X-Mark", "stays" } };
	async_call call = { .fields = fields, .field_count = 4, .body = "new", .size = 3 };

	begin(NULL, "303 See", false, "Content-Length: 0\r\n\r\n");
	CHECK_INT(talk(site.session, "POST", site.from.url, &call).status, 200);
	CHECK_TEXT_HAS(last_heard(&site.from), "GET /there ");
	CHECK_TEXT_HAS(last_heard(&site.from), "X-Mark: stays\r\n");
	CHECK(!strstr(last_heard(&site.from), "ontent-"));
	end();
	/* The body goes again, and so do they. */
	begin(NULL, "307 Again", false, "Content-Length: 0\r\n\r\n");
	CHECK_INT(talk(site.session, "POST", site.from.url, &call).status, 200);
	CHECK_TEXT_HAS(site.from.heard, "POST /there ");
	CHECK_TEXT_HAS(strstr(site.from.heard, "/there"), "Content-Type: text/x\r\n");
	CHECK_TEXT_HAS(strstr(site.from.heard, "/there"), "Content-MD5: x\r\n");
	end();
}

/* ---- What is about a host stays there ---- */

TEST_TASK(a_host_of_ones_own_stays_there, "H23 H24")
{
	static const async_http_field host = { "Host", "virtual.test" };
	async_call call = { .fields = &host, .field_count = 1 };

	begin(NULL, "302 Found", false, "Content-Length: 0\r\n\r\n");
	CHECK_INT(talk(site.session, "GET", site.from.url, &call).status, 200);
	CHECK_TEXT_HAS(last_heard(&site.from), "Host: virtual.test\r\n");
	end();
	begin(NULL, "302 Found", true, "Content-Length: 0\r\n\r\n");
	CHECK_INT(talk(site.session, "GET", site.from.url, &call).status, 200);
	CHECK_TEXT_HAS(site.to.heard, "Host: 127.0.0.1:");
	end();
}

/* What was left out on purpose stays out. */
TEST_TASK(fields_that_are_left_out_stay_so, "H07 H24 H40")
{
	static const async_http_field none = { "Cookie", NULL };
	async_cookie_jar_options jar_options = { .addresses = true };
	async_cookie_jar *jar = async_cookie_jar_new(&jar_options);
	async_session_options options = { .cookies = jar };
	async_call call = { .fields = &none, .field_count = 1 };

	begin(&options, "302 Found", true, "Set-Cookie: a=1\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(talk(site.session, "GET", site.from.url, &call).status, 200);
	CHECK_INT(async_cookie_jar_count(jar), 1);
	CHECK(!strstr(site.to.heard, "Cookie"));
	CHECK_INT(talk(site.session, "GET", site.from.url, &call).status, 200);
	CHECK(!strstr(site.from.heard, "Cookie"));
	end();
	async_cookie_jar_free(jar);
}

/* ---- Facts ---- */

/* That what led on broke off is no failure of the request. */
TEST_TASK(a_broken_redirect_is_no_failure, "H23 H45")
{
	struct talked talked;

	begin(NULL, "302 Found", true, "Content-Length: 5\r\n\r\nha");
	site.answers[1] = NULL;
	talked = talk(site.session, "GET", site.from.url, NULL);
	CHECK_INT(talked.status, 200);
	CHECK_INT(talked.facts.error, 0);
	CHECK_INT(talked.facts.phase, ASYNC_CALL_DONE);
	end();
}

/* ---- Fields that are none ---- */

TEST_TASK(fields_without_a_name, "H07 H36 H45")
{
	static const async_http_field own = { "X-Mark", "1" }, none = { NULL, "2" };
	async_session_options options = { .fields = &own, .field_count = 1 };
	async_call call = { .fields = &none, .field_count = 1 };
	async_session *session = async_session_new(&options);

	CHECK(!await_http_request(session, "GET", "http://nowhere.invalid/", &call));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "without a name");
	CHECK_INT(await_session_close(session), 0);
	options = (async_session_options){ .proxy_fields = &none, .proxy_field_count = 1 };
	CHECK(!async_session_new(&options));
	CHECK_INT(async_error_code(), -EINVAL);
	options = (async_session_options){ .fields = &none, .field_count = 1 };
	CHECK(!async_session_new(&options));
	CHECK_INT(async_error_code(), -EINVAL);
}

/* ---- Middlewares that lead elsewhere ---- */

static int resolve(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	struct sockaddr_storage address;
	socklen_t length;
	char text[40];

	(void)host, (void)arg;
	snprintf(text, sizeof text, "127.0.0.1:%d", port);
	async_address_parse(text, &address, &length);
	return async_addresses_add(addresses, (struct sockaddr *)&address, length);
}

static const char *port_of(const struct talker *talker)
{
	return strrchr(talker->url, ':');
}

static async_response *await_elsewhere(async_outgoing *request, void *url)
{
	/* Twice is once. */
	if (async_outgoing_set_url(request, url) || async_outgoing_set_url(request, url))
		return NULL;
	return await_outgoing_next(request);
}

/* The first answer leaves a connection that is closed when the second request comes, which is then
 * sent again. */
static const char *const twice_answers[] = { OK, talker_hangs_up, OK, NULL };

TEST_TASK(what_is_meant_for_a_host_does_not_leave_it, "H24 H42 H27")
{
	static const async_http_field secret = { "Proxy-Authorization", "secret" };
	async_client_middleware elsewhere = { await_elsewhere, NULL };
	async_session_options options = { .await_resolve = resolve };
	async_call call = { .fields = &secret,
			    .field_count = 1,
			    .middlewares = &elsewhere,
			    .middleware_count = 1 };
	char url[100], there[100];
	async_url here, other;

	begin(&options, "200 OK", false, "\r\n");
	site.to.answers = twice_answers;
	snprintf(url, sizeof url, "http://me:secret@a.test%s", port_of(&site.from));
	snprintf(there, sizeof there, "http://b.test%s", port_of(&site.to));
	elsewhere.arg = there;
	CHECK_INT(async_url_parse(url, NULL, &here), 0);
	CHECK_INT(async_url_parse(there, NULL, &other), 0);
	CHECK_INT(async_cookie_jar_add(async_session_cookies(site.session), &here, "mine", "1"), 0);
	CHECK_INT(async_cookie_jar_add(async_session_cookies(site.session), &other, "its", "2"), 0);
	for (int i = 0; i < 2; i++) {
		struct talked talked = talk(site.session, "GET", url, &call);

		CHECK_INT(talked.status, 200);
		CHECK_INT(talked.facts.tries, i + 1);
	}
	CHECK_INT(site.to.requests, 3);
	CHECK_TEXT_HAS(site.to.heard, "Host: b.test");
	CHECK_TEXT_HAS(site.to.heard, "Cookie: its=2\r\n");
	CHECK(!strstr(site.to.heard, "mine"));
	CHECK(!strstr(site.to.heard, "uthorization"));
	async_url_free(&here);
	async_url_free(&other);
	end();
}

TEST_TASK(a_login_that_a_middleware_names, "H38 H42")
{
	async_client_middleware elsewhere = { await_elsewhere, NULL };
	async_session_options options = { .await_resolve = resolve };
	async_call call = { .middlewares = &elsewhere, .middleware_count = 1 };
	async_response *answer;
	char there[100];

	begin(&options, "200 OK", false, "\r\n");
	snprintf(there, sizeof there, "http://me:secret@b.test%s", port_of(&site.to));
	elsewhere.arg = there;
	answer = await_http_request(site.session, "GET", site.from.url, &call);
	CHECK_INT(async_response_status(answer), 200);
	CHECK(!strstr(async_response_url(answer), "secret"));
	CHECK_TEXT_HAS(site.to.heard, "Authorization: Basic bWU6c2VjcmV0\r\n");
	async_response_free(answer);
	elsewhere.arg = NULL;
	CHECK(!await_http_request(site.session, "GET", site.from.url, &call));
	CHECK_INT(async_error_code(), -EINVAL);
	end();
}

/* ---- Cancelled before it began ---- */

TEST_TASK(a_request_of_a_cancelled_task, "H28 X02")
{
	async_session *session = async_session_new(NULL);
	async_call_facts facts;
	async_call call = { .facts = &facts };

	async_timeout (60) {
		async_scope_cancel(async_current_scope());
		CHECK(!await_http_request(session, "GET", "http://nowhere.invalid/", &call));
		CHECK_INT(async_error_code(), -ECANCELED);
	}
	CHECK_INT(facts.error, -ECANCELED);
	CHECK_INT(facts.phase, ASYNC_CALL_REQUEST);
	CHECK_INT(await_session_close(session), 0);
}
