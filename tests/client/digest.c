/* SPDX-License-Identifier: MIT */
/* Digest authentication: the examples of the standards, servers of all ages, hostile fields. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>
#include "base/base.h"
#include "client/digest.h"
#include "fault.h"
#include "harness.h"

/* By Python's hashlib, from the formulas of RFC 7616, 3.4. */
#define DIGEST_OF_HELLO	  "a415d7e9b0a6f58f6dc329fbc7d3b5f2"
#define DIGEST_OF_NOTHING "c0c95fb94cb32e48f8ff50b65227b9b5"
#define DIGEST_OF_SESSION "6b6e2ee9965be9ec46aa34aa2311f737"

static struct digest_challenge challenge;
static async_url url;
static const struct digest_login mufasa = { "Mufasa", "Circle of Life" };

static int take(const char *field, const char *base)
{
	int error;

	CHECK_INT(async_url_parse(base, NULL, &url), 0);
	error = digest_challenge_read(&challenge, field, strlen(field), &url);
	async_url_free(&url);
	return error;
}

/* The answer for that target with GET and no body. */
static const char *answer(const struct digest_login *login, const char *target)
{
	static char text[2000];
	struct digest_request request = { .method = "GET", .target = { target, strlen(target) } };
	char *value;

	CHECK_INT(digest_authorize(&challenge, &digest_library, login, &request, &value), 0);
	snprintf(text, sizeof text, "%s", value);
	free(value);
	return text;
}

/* What libcrypto keeps for good, it takes before a case counts. */
__attribute__((constructor)) static void load_hashes(void)
{
	char hex[DIGEST_HEX_BYTES];

	for (enum digest_algorithm i = DIGEST_MD5; i <= DIGEST_SHA_512; i++)
		digest_library.hash(i, NULL, 0, hex);
}

/* Where the hashes are missing, so are these tests. */
static void need_hashes(void)
{
	char hex[DIGEST_HEX_BYTES];

	if (digest_library.hash(DIGEST_MD5, NULL, 0, hex) == -EOPNOTSUPP) {
		CHECK_TEXT_HAS(async_error(), "libssl-dev");
		SKIP("built without libcrypto");
	}
}

TEST_TASK_WITH(example_of_rfc_7616, "H39", .backends = ONCE)
{
	static const char basis[] =
		"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
		"algorithm=%s, "
		"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
		"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
	char fields[3][1000];

	need_hashes();
	snprintf(fields[0], sizeof *fields, basis, "SHA-256");
	snprintf(fields[1], sizeof *fields, basis, "MD5");
	snprintf(fields[2], sizeof *fields, "%.400s, Basic realm=\"x\", %.400s", fields[1],
		 fields[0]);
	for (int i = 0; i < 3; i++) {
		const char *text;

		CHECK_INT(take(fields[i], "http://www.example.org/dir/index.html"), 0);
		strcpy(challenge.cnonce, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
		text = answer(&mufasa, "/dir/index.html");
		CHECK_TEXT_HAS(text, "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
				     "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
				     "uri=\"/dir/index.html\", ");
		CHECK_TEXT_HAS(text, i == 1 ? "algorithm=MD5, " : "algorithm=SHA-256, ");
		CHECK_TEXT_HAS(text, "qop=auth, nc=00000001, "
				     "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", ");
		CHECK_TEXT_HAS(text,
			       i == 1 ? "response=\"8ca523f5e9506fed4657c9700eebdbec\", " :
					"response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794"
					"697cf8db5856cb6c1\", ");
		CHECK_TEXT_HAS(text, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
		/* The next request counts on. */
		CHECK_TEXT_HAS(answer(&mufasa, "/"), "nc=00000002, ");
		digest_challenge_end(&challenge);
	}
}

/* With erratum 4897: the RFC's own hashes are of a truncated SHA-512. */
TEST_TASK_WITH(example_with_a_hidden_user, "H39", .backends = ONCE)
{
	static const struct digest_login doe = { "J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?" };
	const char *text;

	need_hashes();
	CHECK_INT(take("Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
		       "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
		       "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, "
		       "userhash=true",
		       "http://api.example.org/doe.json"),
		  0);
	strcpy(challenge.cnonce, "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
	text = answer(&doe, "/doe.json");
	CHECK_TEXT_HAS(text, "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06"
			     "ece9b0b\", ");
	CHECK_TEXT_HAS(text, "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1"
			     "cec68a5\", ");
	CHECK_TEXT_HAS(text, ", userhash=true");
	digest_challenge_end(&challenge);
}

TEST_TASK_WITH(example_of_rfc_2617, "H39", .backends = ONCE)
{
	static const struct digest_login login = { "Mufasa", "Circle Of Life" };
	static const char nonce[] = "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
	char field[300];
	const char *text;

	need_hashes();
	snprintf(field, sizeof field,
		 "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", %s, "
		 "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
		 nonce);
	CHECK_INT(take(field, "http://www.nowhere.org/dir/index.html"), 0);
	strcpy(challenge.cnonce, "0a4f113b");
	text = answer(&login, "/dir/index.html");
	CHECK_TEXT_HAS(text, "response=\"6629fae49393a05397450978507c4ef1\"");
	CHECK(!strstr(text, "algorithm"));
	digest_challenge_end(&challenge);
	/* RFC 2069: no qop. */
	snprintf(field, sizeof field, "Digest realm=\"testrealm@host.com\", %s", nonce);
	CHECK_INT(take(field, "http://www.nowhere.org/dir/index.html"), 0);
	text = answer(&login, "/dir/index.html");
	CHECK_STR(text, "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
			"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
			"response=\"670fd8c2df070c60b045671b8b24ff02\"");
	digest_challenge_end(&challenge);
}

TEST_TASK_WITH(all_algorithms, "H39", .backends = ONCE)
{
	static const struct {
		const char *name, *auth;
	} cases[] = {
#include "digest_vectors.h"
	};

	need_hashes();
	for (size_t i = 0; i < array_length(cases); i++) {
		struct digest_login login = { "user", "pass:word" };
		char field[300], expected[300];

		snprintf(field, sizeof field, "digest qop=auth,realm=r,nonce=n,algorithm=\"%s\"",
			 cases[i].name);
		CHECK_INT(take(field, "http://a.org/"), 0);
		strcpy(challenge.cnonce, "c");
		snprintf(expected, sizeof expected,
			 "algorithm=%s, qop=auth, nc=00000001, "
			 "cnonce=\"c\", response=\"%s\"",
			 cases[i].name, cases[i].auth);
		CHECK_TEXT_HAS(answer(&login, "/x?y=z"), expected);
		digest_challenge_end(&challenge);
	}
}

TEST_TASK_WITH(the_strongest_is_taken, "H39", .backends = ONCE)
{
	CHECK_INT(take("Digest realm=a, nonce=1, algorithm=SHA-256, Digest realm=b, nonce=2, "
		       "algorithm=SHA-999, Digest realm=c, nonce=3, algorithm=MD5, "
		       "Digest realm=d, nonce=4, algorithm=SHA-512-256-sess, "
		       "Digest realm=e, nonce=5, algorithm=SHA-512-256, Digest realm=f, "
		       "algorithm=SHA-512, Digest realm=g, nonce=6, algorithm=SHA-512, "
		       "qop=auth-conf",
		       "http://a.org/"),
		  0);
	CHECK_STR(challenge.realm, "d");
	CHECK(challenge.session && challenge.algorithm == DIGEST_SHA_512_256);
	digest_challenge_end(&challenge);
	/* What cannot be read does not take along what came before. */
	CHECK_INT(take("Digest realm=a, nonce=1, Digest realm=b, nonce=\"2", "http://a.org/"), 0);
	CHECK_STR(challenge.realm, "a");
	digest_challenge_end(&challenge);
}

TEST_TASK_WITH(several_fields, "H39", .backends = ONCE)
{
	static const char text[] =
		"WWW-Authenticate: Negotiate\r\n"
		"WWW-Authenticate: Digest realm=a, nonce=1\r\nX: y\r\n"
		"WWW-Authenticate: Basic realm=b\r\n"
		"WWW-Authenticate: Digest realm=c, nonce=2, algorithm=sha-256\r\n"
		"Proxy-Authenticate: Digest realm=p, nonce=3\r\n\r\n";
	struct http_field list[128];
	struct http_head head;

	http_head_begin(&head, NULL, list);
	CHECK_INT(http_fields_parse(&head, text, sizeof text - 1), sizeof text - 1);
	CHECK_INT(async_url_parse("http://a.org/", NULL, &url), 0);
	CHECK_INT(digest_challenge_take(&challenge, &head.fields, text, HTTP_NAME_WWW_AUTHENTICATE,
					&url),
		  0);
	CHECK_STR(challenge.realm, "c");
	CHECK_STR(challenge.algorithm_name, "sha-256");
	digest_challenge_end(&challenge);
	CHECK_INT(digest_challenge_take(&challenge, &head.fields, text,
					HTTP_NAME_PROXY_AUTHENTICATE, NULL),
		  0);
	CHECK_STR(challenge.realm, "p");
	CHECK(!digest_covers(&challenge, &url));
	digest_challenge_end(&challenge);
	CHECK_INT(digest_challenge_take(&challenge, &head.fields, text, HTTP_NAME_AGE, &url),
		  -ENOENT);
	async_url_free(&url);
}

TEST_TASK_WITH(challenges_that_are_none, "H39", .backends = ONCE)
{
	CHECK_INT(take("", "http://a.org/"), -ENOENT);
	CHECK_INT(take("Basic realm=a, nonce=1", "http://a.org/"), -ENOENT);
	CHECK_INT(take("Digest realm=a", "http://a.org/"), -ENOENT);
	CHECK_INT(take("Digest nonce=a", "http://a.org/"), -ENOENT);
	CHECK_INT(take("Digest realm=a, nonce=\"b", "http://a.org/"), -ENOENT);
	CHECK_INT(take("Digest realm=a, nonce=b, algorithm=md6", "http://a.org/"), -EOPNOTSUPP);
	CHECK_TEXT_HAS(async_error(), "SHA-512-256");
	CHECK_INT(take("Digest realm=a, nonce=b, algorithm=-sess", "http://a.org/"), -EOPNOTSUPP);
	CHECK_INT(take("Digest realm=a, nonce=b, qop=\"\"", "http://a.org/"), -EOPNOTSUPP);
	CHECK_INT(take("Digest realm=a, nonce=b, qop=\"authority, int\"", "http://a.org/"),
		  -EOPNOTSUPP);
	CHECK(!challenge.texts && !challenge.domains);
	CHECK_INT(take("DIGEST Realm=a, NONCE=b, STALE=TRUE, opaque=\"\"", "http://a.org/"), 0);
	CHECK(challenge.stale && !challenge.user_hash && !*challenge.opaque);
	digest_challenge_end(&challenge);
}

static bool covers(const char *text)
{
	bool result;

	CHECK_INT(async_url_parse(text, NULL, &url), 0);
	result = digest_covers(&challenge, &url);
	async_url_free(&url);
	return result;
}

TEST_TASK_WITH(where_it_is_good, "H39", .backends = ONCE)
{
	char field[2000];
	size_t used;

	CHECK_INT(take("Digest realm=a, nonce=b", "https://a.org/x/y"), 0);
	CHECK(covers("https://a.org/") && covers("https://a.org:443/z?q"));
	CHECK(!covers("http://a.org/") && !covers("https://b.org/") &&
	      !covers("https://a.org:444/"));
	digest_challenge_end(&challenge);

	CHECK_INT(take("Digest realm=a, nonce=b, domain=\"/x  sub http://b.org/deep/ ftp://c\"",
		       "https://a.org/x/y"),
		  0);
	CHECK(covers("https://a.org/x") && covers("https://a.org/x/?q") &&
	      covers("https://a.org/x/sub/s"));
	CHECK(!covers("https://a.org/") && !covers("https://a.org/xx"));
	CHECK(covers("http://b.org/deep/") && !covers("http://b.org/deep") &&
	      !covers("https://b.org/deep/"));
	digest_challenge_end(&challenge);

	/* Nothing that can be used: as if it were not there. */
	CHECK_INT(take("Digest realm=a, nonce=b, domain=\"ftp://c mailto:x\"", "http://a.org/x"),
		  0);
	CHECK(covers("http://a.org/") && !covers("http://b.org/"));
	digest_challenge_end(&challenge);

	used = (size_t)snprintf(field, sizeof field, "Digest realm=a, nonce=b, domain=\"");
	for (int i = 0; i < 2 * DIGEST_DOMAINS; i++)
		used += (size_t)snprintf(field + used, sizeof field - used, "/%d/ ", i);
	snprintf(field + used, sizeof field - used, "\"");
	CHECK_INT(take(field, "http://a.org/"), 0);
	CHECK(covers("http://a.org/31/") && !covers("http://a.org/32/"));
	digest_challenge_end(&challenge);
}

static int authorize(const struct digest_login *login, const char *method, const void *body,
		     size_t size, bool streams, char **value)
{
	struct digest_request request = { .method = method,
					  .target = { "/", 1 },
					  .body = body,
					  .body_size = size,
					  .body_streams = streams };

	return digest_authorize(&challenge, &digest_library, login, &request, value);
}

TEST_TASK_WITH(bodies_under_protection, "H39", .backends = ONCE)
{
	char *value;

	need_hashes();
	CHECK_INT(take("Digest realm=r, nonce=n, qop=auth-int", "http://a.org/"), 0);
	strcpy(challenge.cnonce, "c");
	CHECK_INT(authorize(&mufasa, "POST", "hello", 5, false, &value), 0);
	CHECK_TEXT_HAS(value, "qop=auth-int");
	CHECK_TEXT_HAS(value, "response=\"" DIGEST_OF_HELLO "\"");
	free(value);
	CHECK_INT(authorize(&mufasa, "POST", NULL, 0, false, &value), 0);
	CHECK_TEXT_HAS(value, "response=\"" DIGEST_OF_NOTHING "\"");
	free(value);
	CHECK_INT(authorize(&mufasa, "POST", NULL, 0, true, &value), -EOPNOTSUPP);
	CHECK(!value);
	CHECK_TEXT_HAS(async_error(), "auth-int");
	CHECK_INT(challenge.count, 2);
	digest_challenge_end(&challenge);
	/* auth suffices, where it does. */
	CHECK_INT(take("Digest realm=r, nonce=n, qop=\"auth-int, auth\"", "http://a.org/"), 0);
	CHECK_INT(authorize(&mufasa, "POST", NULL, 0, true, &value), 0);
	CHECK_TEXT_HAS(value, "qop=auth,");
	free(value);
	digest_challenge_end(&challenge);
}

TEST_TASK_WITH(users_of_all_kinds, "H39", .backends = ONCE)
{
	static const struct digest_login quotes = { "a\\\"b", "" },
					 umlaut = { "\xc3\xbc (*'%)", "" },
					 control = { "a\nb", "" };
	char *value;

	need_hashes();
	CHECK_INT(take("Digest realm=\"\\\"r\\\\\", nonce=n", "http://a.org/"), 0);
	CHECK_STR(challenge.realm, "\"r\\");
	CHECK_TEXT_HAS(answer(&quotes, "/"), "username=\"a\\\\\\\"b\", realm=\"\\\"r\\\\\", ");
	CHECK_TEXT_HAS(answer(&umlaut, "/"), "username=\"\xc3\xbc (*'%)\"");
	CHECK_INT(authorize(&control, "GET", NULL, 0, false, &value), -EINVAL);
	digest_challenge_end(&challenge);
	CHECK_INT(take("Digest realm=r, nonce=n, charset=utf-8", "http://a.org/"), 0);
	CHECK_TEXT_HAS(answer(&umlaut, "/"), "username*=UTF-8''%C3%BC%20%28%2A%27%25%29, realm=");
	CHECK_TEXT_HAS(answer(&quotes, "/"), "username=\"a\\\\\\\"b\"");
	digest_challenge_end(&challenge);
}

TEST_TASK_WITH(a_session_and_its_next_nonce, "H39", .backends = ONCE)
{
	need_hashes();
	CHECK_INT(take("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess", "http://a.org/"),
		  0);
	strcpy(challenge.cnonce, "c");
	CHECK_TEXT_HAS(answer(&mufasa, "/"), "nc=00000001");
	CHECK_INT(digest_take_next_nonce(&challenge, "qop=auth, rspauth=\"x\"", 22), 0);
	CHECK_INT(digest_take_next_nonce(&challenge, "nextnonce=\"\"", 12), 0);
	CHECK_INT(digest_take_next_nonce(&challenge, "\"", 1), 0);
	CHECK_TEXT_HAS(answer(&mufasa, "/"),
		       "nonce=\"n\", uri=\"/\", algorithm=MD5-sess, qop=auth, "
		       "nc=00000002");
	CHECK_INT(digest_take_next_nonce(&challenge, "nextnonce=\"m\", qop=auth", 23), 1);
	/* The key stays that of the first nonce. */
	CHECK_TEXT_HAS(answer(&mufasa, "/"),
		       "nonce=\"m\", uri=\"/\", algorithm=MD5-sess, qop=auth, nc=00000001, "
		       "cnonce=\"c\", response=\"" DIGEST_OF_SESSION "\"");
	CHECK_INT(digest_take_next_nonce(&challenge, "nextnonce=l", 11), 1);
	CHECK_TEXT_HAS(answer(&mufasa, "/"), "nonce=\"l\"");
	digest_challenge_end(&challenge);
}

TEST_TASK_WITH(chosen_by_chance, "H39", .backends = ONCE)
{
	char first[DIGEST_CNONCE_BYTES];

	CHECK_INT(take("Digest realm=r, nonce=n", "http://a.org/"), 0);
	CHECK_INT(strlen(challenge.cnonce), 32);
	strcpy(first, challenge.cnonce);
	digest_challenge_end(&challenge);
	CHECK_INT(take("Digest realm=r, nonce=n", "http://a.org/"), 0);
	CHECK(strcmp(first, challenge.cnonce) != 0);
	digest_challenge_end(&challenge);
}

static void short_of_memory(const char *call)
{
	static const char field[] = "Digest realm=r, nonce=n, domain=\"/a /b\"";

	for (int nth = 1, failed = 1; failed; nth++) {
		char *value = NULL;
		int error;

		CHECK_INT(async_url_parse("http://a.org/", NULL, &url), 0);
		fault_clear();
		if (!fault_inject(call, nth, ENOMEM))
			SKIP("this build cannot inject into that call");
		error = digest_challenge_read(&challenge, field, sizeof field - 1, &url);
		if (!error)
			error = authorize(&mufasa, "GET", NULL, 0, false, &value);
		if (!error)
			error = digest_take_next_nonce(&challenge, "nextnonce=m", 11);
		failed = fault_count(call) >= nth;
		fault_clear();
		CHECK_INT(error, failed ? -ENOMEM : 1);
		CHECK(!failed || strstr(async_error(), "no memory"));
		free(value);
		digest_challenge_end(&challenge);
		async_url_free(&url);
	}
}

TEST_TASK_WITH(no_memory, "H39", .backends = ONCE)
{
	need_hashes();
	short_of_memory("malloc");
	short_of_memory("calloc");
	short_of_memory("realloc");
}
