/* SPDX-License-Identifier: MIT */
/* Who asks: cookies, logins of URLs, of .netrc, by digest, with a server that checks. */
#include <errno.h>
#include "client/digest.h"
#include "server/serving.h"

static async_http_server *http, *other;
static char base[64], other_base[64];
static int challenges;

/* ---- A server that wants Digest, and computes it as RFC 7616 has it ---- */

static bool parameter_of(const char *field, const char *name, char *value, size_t room)
{
	size_t length = strlen(name);

	for (const char *at = field; (at = strstr(at, name)); at++) {
		const char *from = at + length;
		size_t n;

		if ((at > field && at[-1] != ' ' && at[-1] != ',') || *from++ != '=')
			continue;
		n = *from == '"' ? strcspn(++from, "\"") : strcspn(from, ", ");
		snprintf(value, room, "%.*s", (int)n, from);
		return true;
	}
	return false;
}

static void hash_text(const char *text, char hex[DIGEST_HEX_BYTES])
{
	async_url_part piece = { text, strlen(text) };

	CHECK_INT(digest_library.hash(DIGEST_SHA_256, &piece, 1, hex), 0);
}

/* For a field: `rspauth` as the server should say it, or another one. */
static char info[300];
static bool lies;
static int nonces = 1;
static char heard[1000];

static bool is_right(async_request *request, const char *field)
{
	char nonce[100], cnonce[100], nc[20], uri[200], response[200], text[800];
	char a1[DIGEST_HEX_BYTES], a2[DIGEST_HEX_BYTES], all[DIGEST_HEX_BYTES];
	char proof[DIGEST_HEX_BYTES];

	if (!parameter_of(field, "nonce", nonce, sizeof nonce) ||
	    !parameter_of(field, "cnonce", cnonce, sizeof cnonce) ||
	    !parameter_of(field, "nc", nc, sizeof nc) ||
	    !parameter_of(field, "uri", uri, sizeof uri) ||
	    !parameter_of(field, "response", response, sizeof response))
		return false;
	hash_text("me:here:secret", a1);
	snprintf(text, sizeof text, "%s:%s", async_request_method(request), uri);
	hash_text(text, a2);
	snprintf(text, sizeof text, "%s:%s:%s:%s:auth:%s", a1, nonce, nc, cnonce, a2);
	hash_text(text, all);
	snprintf(text, sizeof text, ":%s", uri);
	hash_text(text, a2);
	snprintf(text, sizeof text, "%s:%s:%s:%s:auth:%s", a1, nonce, nc, cnonce, a2);
	hash_text(text, proof);
	*proof ^= lies;
	snprintf(info, sizeof info,
		 "rspauth=\"%s\", cnonce=\"%.90s\", nc=%.8s, qop=auth, "
		 "nextnonce=\"fresh%d\"",
		 proof, cnonce, nc, ++nonces);
	return !strcmp(all, response) && !strcmp(uri, async_request_target(request)) &&
	       !strncmp(nonce, "fresh", 5);
}

static int digest_only(async_request *request, void *arg)
{
	const char *field = async_request_header(request, "Authorization");
	const char *body;

	(void)arg;
	if (await_request_body(request, &body) < 0)
		return 400;
	snprintf(heard, sizeof heard, "%s", field ? field : "");
	if (field && is_right(request, field)) {
		async_respond_header(request, "Authentication-Info", info);
		return await_respond_printf(request, "welcome %s", body);
	}
	challenges++;
	async_respond_header(request, "WWW-Authenticate",
			     "Digest realm=\"here\", nonce=\"fresh1\", algorithm=SHA-256, "
			     "qop=\"auth\", opaque=\"x\"");
	return 401;
}

static int show(async_request *request, void *arg)
{
	const char *cookie = async_request_header(request, "Cookie");
	const char *login = async_request_header(request, "Authorization");

	(void)arg;
	return await_respond_printf(request, "%s %s", cookie ? cookie : "-", login ? login : "-");
}

static int set(async_request *request, void *arg)
{
	(void)arg;
	async_respond_add(request, "Set-Cookie", "a=1; Path=/");
	async_respond_add(request, "Set-Cookie", "__Host-bad=1; Path=/");
	async_respond_add(request, "Set-Cookie", "evil=1; Domain=example.org");
	async_respond_add(request, "Set-Cookie", "b=2; Path=/deep");
	return async_redirect(request, 302, "/show");
}

static int away(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 302, other_base);
}

static void begin(void)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "*", "/digest", digest_only, NULL);
	async_route(app, "*", "/show", show, NULL);
	async_route(app, "*", "/deep/show", show, NULL);
	async_route(app, "*", "/set", set, NULL);
	async_route(app, "*", "/away", away, NULL);
	http = serve_app(app, NULL);
	app = async_app_new(NULL);
	async_route(app, "*", "/", show, NULL);
	other = serve_app(app, NULL);
	snprintf(base, sizeof base, "http://localhost%s",
		 strrchr(async_http_address(http, 0), ':'));
	snprintf(other_base, sizeof other_base, "http://%s/", async_http_address(other, 0));
	strcat(base, "/");
	challenges = 0;
}

static void end(async_session *session)
{
	CHECK_INT(await_session_close(session), 0);
	await_http_close(http);
	await_http_close(other);
}

static const char *fetch(async_session *session, const char *method, const char *target,
			 const async_call *call)
{
	static char text[400];
	async_response *answer = await_http_request(session, method, target, call);
	const char *body = await_response_text(answer);

	snprintf(text, sizeof text, "%d %s", async_response_status(answer),
		 body ? body : async_error());
	async_response_free(answer);
	return text;
}

/* ---- Cookies ---- */

TEST_TASK(a_session_keeps_cookies, "H40 H01 H24")
{
	async_session_options options = { .base_url = base };
	async_http_field given = { "Cookie", "mine=3" };
	async_call call = { .fields = &given, .field_count = 1 };
	async_session *session;

	begin();
	session = async_session_new(&options);
	/* Set by the redirect, sent to where it leads; what is bad or foreign is not kept. */
	CHECK_STR(fetch(session, "GET", "set", NULL), "200 a=1 -");
	CHECK_INT(async_cookie_jar_count(async_session_cookies(session)), 2);
	CHECK_STR(fetch(session, "GET", "deep/show", NULL), "200 b=2; a=1 -");
	CHECK_STR(fetch(session, "GET", "deep/show", &call), "200 b=2; a=1; mine=3 -");
	CHECK_STR(fetch(session, "GET", "away", &call), "200 - -"); /* another host */
	end(session);
}

TEST_TASK(jars_are_shared_or_left_out, "H40")
{
	async_cookie_jar *jar = async_cookie_jar_new(NULL);
	async_session_options options = { .base_url = base, .cookies = jar };
	async_session_options none = { .base_url = base, .no_cookies = true };
	async_session *one, *two;

	begin();
	one = async_session_new(&options);
	two = async_session_new(&options);
	CHECK(async_session_cookies(one) == jar);
	fetch(one, "GET", "set", NULL);
	CHECK_STR(fetch(two, "GET", "show", NULL), "200 a=1 -");
	await_session_close(two);
	two = async_session_new(&none);
	CHECK(!async_session_cookies(two));
	CHECK_STR(fetch(two, "GET", "set", NULL), "200 - -");
	await_session_close(two);
	none.cookies = jar;
	CHECK(!async_session_new(&none));
	CHECK_INT(async_cookie_jar_count(jar), 2);
	end(one);
	async_cookie_jar_free(jar);
}

/* ---- .netrc ---- */

TEST_TASK_WITH(logins_of_netrc, "H37 H38 H24", .may_leak = 1)
{
	char *directory = make_site();
	async_session_options options = { .base_url = base, .environment = true };
	async_http_field given = { "Authorization", "mine" };
	async_call call = { .fields = &given, .field_count = 1 };
	async_session *session;
	char url[100];

	put_text(directory, "netrc", "machine localhost login me password secret\n");
	setenv("NETRC", site_path(directory, "netrc"), 1);
	begin();
	session = async_session_new(&options);
	CHECK_STR(fetch(session, "GET", "show", NULL), "200 - Basic bWU6c2VjcmV0");
	CHECK_STR(fetch(session, "GET", "show", &call), "200 - mine");
	snprintf(url, sizeof url, "http://a:b@%sshow", base + 7);
	CHECK_STR(fetch(session, "GET", url, NULL), "200 - Basic YTpi");
	CHECK_STR(fetch(session, "GET", "away", NULL), "200 - -"); /* not its host */
	await_session_close(session);

	options.environment = false;
	session = async_session_new(&options);
	CHECK_STR(fetch(session, "GET", "show", NULL), "200 - -");
	await_session_close(session);

	/* One without a login is none. */
	put_text(directory, "netrc", "machine localhost account x\n");
	options.environment = true;
	session = async_session_new(&options);
	CHECK_STR(fetch(session, "GET", "show", NULL), "200 - -");
	await_session_close(session);

	put_text(directory, "netrc", "machine localhost login");
	options.environment = true;
	session = async_session_new(&options);
	CHECK_TEXT_HAS(fetch(session, "GET", "show", NULL), "netrc");
	setenv("NETRC", "/nowhere/at/all", 1);
	CHECK_STR(fetch(session, "GET", "show", NULL), "200 - -");
	end(session);
	unsetenv("NETRC");
	remove_site(directory);
}

/* ---- Digest ---- */

TEST_TASK_WITH(a_login_by_digest, "H39", .may_leak = 1)
{
	async_digest *digest = async_digest_new("me", "secret");
	async_client_middleware middleware = { await_digest, digest };
	async_session_options options = { .base_url = base,
					  .middlewares = &middleware,
					  .middleware_count = 1 };
	async_call call = { .body = "with a body", .size = 11 };
	async_session *session;

	if (!digest) {
		CHECK_INT(async_error_code(), -EOPNOTSUPP);
		return;
	}
	begin();
	session = async_session_new(&options);
	CHECK_STR(fetch(session, "POST", "digest", &call), "200 welcome with a body");
	CHECK_INT(challenges, 1);
	/* From now on it brings the login along. */
	CHECK_STR(fetch(session, "GET", "digest?x=1", NULL), "200 welcome ");
	CHECK_INT(challenges, 1);
	CHECK_TEXT_HAS(heard, "nonce=\"fresh2\"");
	CHECK_STR(fetch(session, "GET", "digest?x=2", NULL), "200 welcome ");
	CHECK_TEXT_HAS(heard, "nonce=\"fresh3\"");
	CHECK_STR(fetch(session, "GET", "away", NULL), "200 - -"); /* another origin */
	end(session);
	async_digest_free(digest);
	async_digest_free(NULL);
}

/* Who answers for the server does not know the password. */
TEST_TASK_WITH(a_server_proves_itself, "H39", .may_leak = 1)
{
	async_digest *digest = async_digest_new("me", "secret");
	async_client_middleware middleware = { await_digest, digest };
	async_session_options options = { .base_url = base,
					  .middlewares = &middleware,
					  .middleware_count = 1 };
	async_session *session;

	if (!digest)
		return;
	begin();
	lies = true;
	session = async_session_new(&options);
	CHECK(!await_session_get(session, "digest"));
	CHECK_INT(async_error_code(), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "localhost:");
	CHECK_TEXT_HAS(async_error(), "rspauth is wrong");
	lies = false;
	CHECK_STR(fetch(session, "GET", "digest", NULL), "200 welcome ");
	end(session);
	async_digest_free(digest);
}

TEST_TASK_WITH(a_login_that_is_wrong_is_tried_once, "H39", .may_leak = 1)
{
	async_digest *digest = async_digest_new("me", "wrong");
	async_client_middleware middleware = { await_digest, digest };
	async_session_options options = { .base_url = base,
					  .middlewares = &middleware,
					  .middleware_count = 1 };
	async_session *session;

	if (!digest)
		return;
	begin();
	session = async_session_new(&options);
	CHECK(!strncmp(fetch(session, "GET", "digest", NULL), "401 ", 4));
	CHECK_INT(challenges, 2);
	CHECK(!async_digest_new(NULL, "x"));
	end(session);
	async_digest_free(digest);
}
