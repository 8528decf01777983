/* SPDX-License-Identifier: MIT */
/* Bodies as text: whatever charset they come in, UTF-8 comes out, or a refusal. */
#include <errno.h>
#include <await/http_test.h>
#include "fault.h"
#include "serving.h"

static int text(async_request *request, void *arg)
{
	const char *body, *again;
	ssize_t n = await_request_text(request, &body);

	(void)arg;
	if (n < 0)
		return (int)n;
	CHECK_INT(await_request_text(request, &again), n);
	CHECK(again == body);
	CHECK_INT(body[n], 0);
	return await_respond_data(request, "text/plain; charset=utf-8", body, (size_t)n);
}

static int status_of(const char *charset, const char *body, size_t size, char *answer)
{
	char type[400];
	async_request *request;
	int status;

	snprintf(type, sizeof type, "Content-Type: text/plain%s%s\r\n",
		 *charset ? "; charset=" : "", charset);
	request = async_fake_request("POST", "/", type, body, size);
	CHECK(request);
	status = await_fake_call(request, text, NULL);
	if (answer)
		strcpy(answer, async_fake_body(request, NULL));
	async_fake_free(request);
	return status;
}

/* Converters are loaded when they are first asked for, and stay. */
TEST_TASK_WITH(text_of_any_charset, "W21", .may_leak = 1)
{
	static const struct {
		const char *charset, *body;
		size_t size;
		const char *text;
	} vectors[] = {
		{ "", "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
		{ "UTF-8", "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" },
		{ "us-ascii", "plain", 5, "plain" },
		{ "ISO-8859-1", "gr\xfc\xdf", 4, "gr\xc3\xbc\xc3\x9f" },
		{ "\"windows-1252\"", "\x80", 1, "\xe2\x82\xac" },
		{ "utf-16le", "a\0\xac\x20", 4, "a\xe2\x82\xac" },
		{ "shift_jis", "\x93\xfa\x96\x7b", 4, "\xe6\x97\xa5\xe6\x9c\xac" },
		{ "iso-2022-jp", "\x1b$BF|K\\\x1b(B", 10, "\xe6\x97\xa5\xe6\x9c\xac" },
		{ "gb18030", "\xc4\xe3", 2, "\xe4\xbd\xa0" },
		{ "latin1", "", 0, "" },
	};
	char answer[1000];

	if (!has_charsets())
		SKIP("no converters of charsets here");
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		CHECK_INT(status_of(vectors[i].charset, vectors[i].body, vectors[i].size, answer),
			  200);
		CHECK_STR(answer, vectors[i].text);
	}
}

TEST_TASK_WITH(text_that_is_none, "W21", .may_leak = 1)
{
	char answer[1000], many[300];

	if (!has_charsets())
		SKIP("no converters of charsets here");
	CHECK_INT(status_of("klingon", "x", 1, answer), 415);
	CHECK_TEXT_HAS(answer, "klingon");
	/* What iconv would take for an order, for a path, or for its own list. */
	CHECK_INT(status_of("utf-8//IGNORE", "x", 1, NULL), 415);
	CHECK_INT(status_of("../../etc/x", "x", 1, NULL), 415);
	CHECK_INT(status_of("iso-2022-cn-ext", "x", 1, NULL), 415);
	CHECK_INT(status_of("utf-7", "x", 1, NULL), 415);
	CHECK_INT(status_of("8859-1", "x", 1, NULL), 415);
	memset(many, 'x', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	CHECK_INT(status_of(many, "x", 1, NULL), 415);
	CHECK_INT(status_of("", "ab\xff", 3, answer), 400);
	CHECK_TEXT_HAS(answer, "not UTF-8: its byte 2");
	CHECK_INT(status_of("", "0123456789\xed\xa0\x80", 13, NULL), 400);
	CHECK_INT(status_of("", "0123456\xc3", 8, NULL), 400);
	CHECK_INT(status_of("shift_jis", "ab\x93", 3, answer), 400);
	CHECK_TEXT_HAS(answer, "not shift_jis: its byte 2");
	CHECK_INT(status_of("utf-16le", "a\0b", 3, NULL), 400);
}

TEST_TASK_WITH(text_without_memory, "W21", .backends = ONCE, .may_leak = 1,
	       .expect_stderr = "no memory")
{
	char body[600];

	if (!has_charsets())
		SKIP("no converters of charsets here");
	memset(body, '\x80', sizeof body);
	CHECK_INT(status_of("windows-1252", body, sizeof body, NULL), 200);
	fault_inject_from("realloc", 1, ENOMEM);
	CHECK_INT(status_of("", "abc", 3, NULL) == 200, 0);
	fault_clear();
	for (int nth = 1, failed = 1; failed; nth++) {
		int status;

		fault_inject("realloc", nth, ENOMEM);
		status = status_of("windows-1252", body, sizeof body, NULL);
		fault_clear();
		failed = status != 200;
		CHECK(status == 200 || status == 500 || status == -ENOMEM);
	}
}
