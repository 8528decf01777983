/* SPDX-License-Identifier: MIT */
/* Reading an answer's body: what a cancel, a limit of the caller's own and a lack of memory leave. */
#include <errno.h>
#include <math.h>
#include "base/base.h"
#include "fault.h"
#include "talker.h"

#define HEAD	"HTTP/1.1 200 OK\r\n"
#define NOTHING HEAD "Content-Length: 0\r\n\r\n"

/* ---- Cancels ---- */

/* The second half comes when it is asked for. */
static async_event go;

static int in_halves(async_stream *stream, void *arg)
{
	static const char first[] = HEAD "Content-Length: 10\r\n\r\nfirst";
	const char *data;

	(void)arg;
	if (await_stream_readuntil(stream, "\r\n\r\n", &data) <= 0)
		return 0;
	await_stream_write(stream, first, strlen(first));
	await_event(&go);
	await_stream_write(stream, "other", 5);
	return 0;
}

/* Whoever gives up waiting has lost nothing, whether by a limit of his own or by a cancel. */
TEST_TASK(a_wait_that_was_given_up_goes_on, "H17 H25")
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", in_halves, NULL);
	async_call_facts facts;
	async_call call = { .facts = &facts };
	async_response *answer;
	const char *data;
	char url[60];
	ssize_t n = 0;

	go = (async_event)ASYNC_EVENT;
	snprintf(url, sizeof url, "http://%s/", async_server_address(server, 0));
	answer = await_http_fetch("GET", url, &call);
	async_timeout (0.02)
		n = await_response_body(answer, &data);
	CHECK_INT(n, -ETIMEDOUT);
	async_timeout (INFINITY) {
		async_scope_cancel(async_current_scope());
		n = await_response_body(answer, &data);
	}
	CHECK_INT(n, -ECANCELED);
	CHECK_INT(facts.error, 0);
	async_event_set(&go);
	CHECK_INT(await_response_body(answer, &data), 10);
	CHECK_STR(data, "firstother");
	async_response_free(answer);
	await_server_close(server, NULL);
}

/* ---- No memory ---- */

/* A piece that there was no room for comes again. */
TEST_TASK(no_memory_for_a_piece, "H15 X20")
{
	enum { SIZE = 40000 };
	static char text[SIZE + 100];
	const char *answers[] = { text, NULL };
	struct talker talker = { .answers = answers };
	size_t head = (size_t)sprintf(text, HEAD "Content-Length: %d\r\n\r\n", SIZE);
	int failed = 0;

	for (int i = 0; i < SIZE; i++)
		text[head + (size_t)i] = (char)('a' + i % 26);
	talker_begin(&talker);
	for (int nth = 1; nth < 4; nth++) {
		async_response *answer;
		const char *data;
		ssize_t n;

		talker.answers = answers;
		answer = await_http_get(talker.url);
		if (!fault_inject("realloc", nth, ENOMEM))
			SKIP("this build cannot inject into realloc");
		n = await_response_body(answer, &data);
		fault_clear();
		failed += n == -ENOMEM;
		if (n == -ENOMEM)
			n = await_response_body(answer, &data);
		CHECK_INT(n, SIZE);
		CHECK(!memcmp(data, text + head, SIZE));
		async_response_free(answer);
	}
	CHECK(failed);
	talker_end(&talker);
}

/* ---- As a source ---- */

static const char *passed_on(async_response *answer, struct talker *to)
{
	async_source source = async_response_source(answer);
	async_call call = { .source = &source };
	async_response *second;

	to->heard_size = 0;
	second = await_http_fetch("PUT", to->url, &call);
	if (async_response_status(second) != 200)
		harness_fail(__FILE__, __LINE__, "%s", async_error());
	async_response_free(second);
	return to->heard;
}

/* What was read of it before is not in it, and not in its size. */
TEST_TASK(a_source_is_what_is_left, "H10 H17")
{
	static const char *const answers[] = { HEAD "Content-Length: 10\r\n\r\nfirstother",
					       HEAD "Content-Length: 10\r\n\r\nfirstother",
					       HEAD "Content-Length: 10\r\n\r\n", NULL };
	static const char *const taken[] = { NOTHING, NOTHING, NOTHING, NOTHING, NULL };
	struct talker from = { .answers = answers }, to = { .answers = taken };
	async_response *answer;
	char five[5];

	talker_begin(&from);
	talker_begin(&to);
	answer = await_http_get(from.url);
	CHECK_INT(await_response_read(answer, five, 5), 5);
	CHECK_TEXT_HAS(passed_on(answer, &to), "Content-Length: 5\r\n\r\nother");
	async_response_free(answer);
	answer = await_http_get(from.url);
	CHECK_STR(await_response_text(answer), "firstother");
	CHECK_TEXT_HAS(passed_on(answer, &to), "Content-Length: 10\r\n\r\nfirstother");
	CHECK_TEXT_HAS(passed_on(answer, &to), "Content-Length: 10\r\n\r\nfirstother");
	async_response_free(answer);
	answer = await_http_fetch("HEAD", from.url, NULL);
	CHECK_INT(async_response_length(answer), 10);
	CHECK_TEXT_HAS(passed_on(answer, &to), "Content-Length: 0\r\n\r\n");
	async_response_free(answer);
	talker_end(&to);
	talker_end(&from);
}

/* ---- Codings that are not undone ---- */

#define GZIPPED "\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xce\x4f\x49\x4d\xe1\x02\0\xe9\x12\xdc\x3f\x06\0\0"

/* Two, whatever way they are said, and a part of one that is coded. */
TEST_TASK(codings_that_cannot_be_undone, "H19")
{
	static const char *const heads[] = {
		HEAD "Content-Encoding: gzip\r\nContent-Encoding: br",
		HEAD "Content-Encoding: gzip, br",
		"HTTP/1.1 206 Part\r\nContent-Encoding: gzip",
	};
	static const async_http_field range = { "Range", "bytes=1-26" };
	async_call call = { .fields = &range, .field_count = 1 };

	for (size_t i = 0; i < array_length(heads); i++) {
		char text[300];
		const char *const answers[] = { text, NULL };
		size_t head = (size_t)sprintf(text, "%s\r\nContent-Length: 26\r\n\r\n", heads[i]);
		size_t size = head + 26;
		struct talker talker = { .answers = answers, .sizes = &size };
		async_response *answer;
		const char *data;

		memcpy(text + head, GZIPPED, 26);
		talker_begin(&talker);
		answer = await_http_fetch("GET", talker.url, &call);
		CHECK_INT(await_response_body(answer, &data), 26);
		CHECK(!memcmp(data, GZIPPED, 26));
		CHECK_TEXT_HAS(talker.heard, "Accept-Encoding: identity\r\n");
		async_response_free(answer);
		talker_end(&talker);
	}
}

/* Whatever the coding is, nothing is nothing. */
TEST_TASK(empty_bodies_that_are_coded, "H19 H20")
{
	static const char *const codings[] = { "gzip", "deflate", "br", "zstd" };
	static const char *const rests[] = { "Content-Length: 0\r\n\r\n",
					     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
					     "Connection: close\r\n\r\n" };

	for (size_t i = 0; i < array_length(codings) * array_length(rests); i++) {
		char text[300];
		const char *const answers[] = { text, NULL };
		struct talker talker = { .answers = answers };
		struct talked talked;

		snprintf(text, sizeof text, HEAD "Content-Encoding: %s\r\n%s", codings[i % 4],
			 rests[i / 4]);
		talked = talk_once(&talker, NULL, "GET", NULL);
		if (talked.status != 200 || *talked.text)
			harness_fail(__FILE__, __LINE__, "%s: %d %s", text, talked.status,
				     talked.text);
	}
}
