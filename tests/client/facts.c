/* SPDX-License-Identifier: MIT */
/* What answers say of themselves. */
#include <errno.h>
#include "talker.h"

TEST_TASK(what_an_answer_says, "H14 H17")
{
	static const char *const answers[] = {
		"HTTP/1.0 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 201 Made\r\nContent-Type: Text/HTML; charset=\"UTF-8\"\r\n"
		"Link: </a?x,y>; rel=\"prev start\", <b>; title=\"rel=next, <\"; rel=next\r\n"
		"Link: <https://other.test/>; Rel=last\r\n"
		"Content-Disposition: attachment; filename=\"../etc/p\\\"w.txt\"\r\n"
		"X-Twice: one\r\nx-twice: two\r\nTransfer-Encoding: chunked\r\n"
		"Trailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\nX-More: yes\r\n\r\n",
		NULL
	};
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);
	async_response *answer;
	char expected[100];
	int status;

	talker_begin(&talker);
	answer = await_http_request(session, "OPTIONS", talker.url, NULL);
	CHECK_INT(async_response_status(answer), 201);
	CHECK_STR(async_response_reason(answer), "Made");
	CHECK_INT(async_response_version(answer), 11);
	CHECK_STR(async_response_method(answer), "OPTIONS");
	CHECK_STR(async_response_content_type(answer), "text/html");
	CHECK_STR(async_response_charset(answer), "utf-8");
	CHECK_STR(async_response_filename(answer), "p\"w.txt");
	CHECK_STR(async_response_header_nth(answer, "X-TWICE", 1), "two");
	CHECK(!async_response_header_nth(answer, "X-TWICE", 2));
	CHECK_INT(async_response_length(answer), -1);
	snprintf(expected, sizeof expected, "%sb", talker.url);
	CHECK_STR(async_response_link(answer, "next"), expected);
	snprintf(expected, sizeof expected, "%sa?x,y", talker.url);
	CHECK_STR(async_response_link(answer, "START"), expected);
	CHECK_STR(async_response_link(answer, "last"), "https://other.test/");
	CHECK(!async_response_link(answer, "first"));
	CHECK_TEXT_HAS(async_response_peer(answer), "127.0.0.1:");
	CHECK(!async_response_trailer(answer, "X-Sum"));
	CHECK_STR(await_response_text(answer), "hello");
	CHECK_STR(async_response_trailer(answer, "x-sum"), "42");
	CHECK_STR(async_response_trailer(answer, "X-More"), "yes");
	CHECK(!async_response_trailer(answer, "X-Twice"));
	CHECK_STR(async_response_peer(answer), "");
	CHECK_INT(async_response_redirects(answer), 1);
	CHECK_STR(async_response_history(answer, 0, &status), talker.url);
	CHECK_INT(status, 302);
	CHECK(!async_response_history(answer, 1, &status));
	async_response_free(answer);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(an_answer_that_says_nothing, "H14")
{
	static const char *const answers[] = { "HTTP/1.0 200 \r\n\r\nuntil the end", NULL };
	struct talker talker = { .answers = answers, .piece = 1 };
	async_session *session = async_session_new(NULL);
	async_response *answer;

	talker_begin(&talker);
	answer = await_session_get(session, talker.url);
	CHECK_INT(async_response_version(answer), 10);
	CHECK_STR(async_response_reason(answer), "");
	CHECK_STR(async_response_content_type(answer), "application/octet-stream");
	CHECK_STR(async_response_charset(answer), "");
	CHECK(!async_response_filename(answer));
	CHECK(!async_response_link(answer, "next"));
	CHECK_STR(await_response_text(answer), "until the end");
	async_response_free(answer);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(the_answer_that_is_none, "H45")
{
	async_session *session = async_session_new(NULL);
	async_response *none = await_session_get(session, "http://127.0.0.1:1/");
	const char *data;
	char byte;
	int status;

	CHECK(!none);
	CHECK_INT(async_response_status(none), -ECONNREFUSED);
	CHECK_INT(async_response_check(none), -ECONNREFUSED);
	CHECK_INT(await_response_read(none, &byte, 1), -ECONNREFUSED);
	CHECK_INT(await_response_body(none, &data), -ECONNREFUSED);
	CHECK_INT(await_response_save(none, "/nowhere"), -ECONNREFUSED);
	CHECK(!async_response_stream(none));
	CHECK(!await_response_text(none));
	CHECK_STR(async_response_url(none), "");
	CHECK_STR(async_response_method(none), "");
	CHECK_STR(async_response_content_type(none), "");
	CHECK_STR(async_response_charset(none), "");
	CHECK_STR(async_response_peer(none), "");
	CHECK(!async_response_filename(none));
	CHECK(!async_response_link(none, "next"));
	CHECK(!async_response_header_nth(none, "A", 0));
	CHECK(!async_response_trailer(none, "A"));
	CHECK(!async_response_history(none, 0, &status));
	CHECK_INT(async_response_version(none), 0);
	async_response_free(none);
	await_session_close(session);
}

TEST_TASK(statuses_as_errors, "H22")
{
	static const char *const answers[] = {
		"HTTP/1.1 404 Gone Away\r\nContent-Length: 0\r\n\r\n", NULL
	};
	async_session_options options = { .check = true };
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(&options);

	talker_begin(&talker);
	CHECK(!await_session_get(session, talker.url));
	CHECK_INT(async_error_code(), -EREMOTEIO);
	CHECK_TEXT_HAS(async_error(), "answers 404 Gone Away");
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(limits_of_a_head, "H44")
{
	static char line[9000], many[6000];
	const char *answers[] = { line, line, many, many, many, NULL };
	async_session_options strict = { .field_bytes = 100, .head_fields = 10 };
	async_session_options loose = { .field_bytes = 10000 };
	async_session_options small = { .head_bytes = 2000 };
	struct talker talker = { .answers = answers, .deaf = true };
	async_session *session = async_session_new(NULL);
	async_response *answer;
	size_t used;

	used = (size_t)sprintf(line, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ");
	memset(line + used, 'x', 8500);
	strcpy(line + used + 8500, "\r\n\r\n");
	used = (size_t)sprintf(many, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (int i = 0; i < 120; i++)
		used += (size_t)sprintf(many + used, "X-Field-%d: value that is here\r\n", i);
	strcpy(many + used, "\r\n");
	talker_begin(&talker);
	CHECK(!await_session_get(session, talker.url));
	CHECK_INT(async_error_code(), -EMSGSIZE);
	await_session_close(session);

	session = async_session_new(&loose);
	answer = await_session_get(session, talker.url);
	CHECK_INT(async_response_status(answer), 200);
	async_response_free(answer);
	answer = await_session_get(session, talker.url);
	CHECK_INT(async_response_status(answer), 200);
	async_response_free(answer);
	await_session_close(session);

	session = async_session_new(&strict);
	CHECK(!await_session_get(session, talker.url));
	CHECK_INT(async_error_code(), -EMSGSIZE);
	await_session_close(session);
	session = async_session_new(&small);
	CHECK(!await_session_get(session, talker.url));
	CHECK_INT(async_error_code(), -EMSGSIZE);
	await_session_close(session);
	talker_end(&talker);

	strict.head_fields = 1000;
	CHECK(!async_session_new(&strict));
	CHECK_TEXT_HAS(async_error(), "head_fields 128");
}

/* Leniency is what smuggling needs: docs/differences.md, M05. */
TEST_TASK(sloppy_servers_are_refused, "H44 M05")
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Folded: a\r\n b\r\n\r\nok", NULL
	};
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);

	talker_begin(&talker);
	CHECK(!await_session_get(session, talker.url));
	CHECK_INT(async_error_code(), -EBADMSG);
	CHECK(!await_session_get(session, talker.url));
	CHECK_INT(async_error_code(), -EBADMSG);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(links_that_only_look_like_it, "H14")
{
	static const struct {
		const char *field, *found; /* of "next" */
	} cases[] = {
		{ "<a>; title=\"x; rel=next\", <b>; rel=next", "b" },
		{ "<a>; title=\"\\\"; rel=next\"; rel=prev", NULL },
		{ "<a>; rel=prev; rel=next", NULL },
		{ "<a>; rel=\"x  next\"", "a" },
		{ "<a>; xrel=next, <b>; rel=nextx", NULL },
		{ "<a>;rel = next", "a" },
		{ "<a>; rel*=next; REL=NEXT", "a" },
		{ "<a>; ; rel=next", "a" },
		{ "<a>; title=\"never ends; rel=next", NULL },
		{ "<a, <b>; rel=next", "a,%20%3Cb" },
		{ "<a>; rel", NULL },
		{ "<", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char answer_text[300], expected[100];
		const char *const answers[] = { answer_text, NULL };
		struct talker talker = { .answers = answers };
		async_session *session = async_session_new(NULL);
		async_response *answer;
		const char *found;

		snprintf(answer_text, sizeof answer_text,
			 "HTTP/1.1 200 OK\r\nLink: %s\r\nContent-Length: 0\r\n\r\n",
			 cases[i].field);
		talker_begin(&talker);
		answer = await_session_get(session, talker.url);
		found = async_response_link(answer, "next");
		snprintf(expected, sizeof expected, "%s%s", talker.url,
			 cases[i].found ? cases[i].found : "");
		if (!found != !cases[i].found || (found && strcmp(found, expected) != 0))
			harness_fail(__FILE__, __LINE__, "%s: %s", cases[i].field,
				     found ? found : "none");
		async_response_free(answer);
		await_session_close(session);
		talker_end(&talker);
	}
}

TEST_TASK(names_that_are_none, "H14")
{
	static const char *const names[] = { "..", "/", "a/..", "" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char text[200];
		const char *const answers[] = { text, NULL };
		struct talker talker = { .answers = answers };
		async_response *answer;

		snprintf(text, sizeof text,
			 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
			 "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
			 names[i]);
		talker_begin(&talker);
		answer = await_http_get(talker.url);
		CHECK_INT(async_response_status(answer), 200);
		CHECK(!async_response_filename(answer));
		async_response_free(answer);
		talker_end(&talker);
	}
}
