/* SPDX-License-Identifier: MIT */
/* Bodies of requests in content codings: decoded wherever they are read, and within limits. */
#include <errno.h>
#include <limits.h>
#include <await/http_test.h>
#include "fault.h"
#include "http/codec.h"
#include "serving.h"

enum { ROOM = 1 << 20 };
static char coded[ROOM];
static size_t coded_size;

/* `data` in a coding. */
static void encode(enum http_coding coding, const char *data, size_t size)
{
	struct http_encoder *encoder = http_encoder_new(coding, 0);
	size_t used;

	if (!encoder)
		SKIP("built without its library");
	CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE_FINISH, data, size, &used, coded, ROOM,
				    &coded_size),
		  HTTP_CODEC_END);
	http_encoder_free(encoder);
}

static char *text_of(size_t size)
{
	char *text = malloc(size + 1);

	CHECK(text);
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + i * i % 7);
	text[size] = '\0';
	return text;
}

static int echo(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	return n < 0 ? (int)n : await_respond_data(request, "text/plain", body, (size_t)n);
}

/* As it comes: tells how much, and by which steps. */
static int count(async_request *request, void *most)
{
	const char *piece;
	size_t all = 0;
	ssize_t n;

	while ((n = await_request_chunk(request, &piece)) > 0) {
		all += (size_t)n;
		if ((size_t)n > *(size_t *)most)
			*(size_t *)most = (size_t)n;
	}
	return n < 0 ? (int)n : await_respond_printf(request, "%zu", all);
}

static async_request *request_of(const char *coding)
{
	char fields[100];

	snprintf(fields, sizeof fields, "Content-Encoding: %s\r\n", coding);
	return async_fake_request("POST", "/", fields, coded, coded_size);
}

TEST_TASK(a_coded_body_is_decoded, "W21 W22 M14")
{
	static const enum http_coding codings[] = { HTTP_CODING_GZIP, HTTP_CODING_DEFLATE,
						    HTTP_CODING_BR, HTTP_CODING_ZSTD };
	char *text = text_of(100000);

	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		async_request *request;
		size_t size, most = 0;

		if (!http_coding_available(codings[i]))
			continue;
		encode(codings[i], text, 100000);
		request = request_of(http_coding_name(codings[i]));
		CHECK_INT(await_fake_call(request, echo, NULL), 200);
		CHECK(!strcmp(async_fake_body(request, &size), text));
		CHECK_INT((long)size, 100000);
		async_fake_free(request);
		request = request_of(http_coding_name(codings[i]));
		CHECK_INT(await_fake_call(request, count, &most), 200);
		CHECK_STR(async_fake_body(request, NULL), "100000");
		CHECK(most <= 16384);
		async_fake_free(request);
	}
	free(text);
}

static void refused(const char *coding, int status, const char *why)
{
	async_request *request = request_of(coding);

	CHECK_INT(await_fake_call(request, echo, NULL), status);
	CHECK_TEXT_HAS(async_fake_body(request, NULL), why);
	async_fake_free(request);
}

TEST_TASK(a_coded_body_that_cannot_be_read_is_answered, "W22 M14")
{
	async_request *request;

	encode(HTTP_CODING_GZIP, "hello", 5);
	refused("x-unknown", 415, "content coding");
	refused("gzip, gzip", 415, "content coding");
	refused("deflate", 400, "a body in deflate");
	coded_size -= 9;
	refused("gzip", 400, "it ends in the middle");
	coded_size += 9;
	memcpy(coded + coded_size, "more", 4);
	coded_size += 4;
	refused("gzip", 400, "gzip");
	/* Nothing to decode, and no coding at all. */
	request = async_fake_request("POST", "/", "Content-Encoding: identity\r\n", "abc", 3);
	CHECK_INT(await_fake_call(request, echo, NULL), 200);
	CHECK_STR(async_fake_body(request, NULL), "abc");
	async_fake_free(request);
	request = async_fake_request("GET", "/", "Content-Encoding: gzip\r\n", NULL, 0);
	CHECK_INT(await_fake_call(request, echo, NULL), 200);
	async_fake_free(request);
	request = async_fake_request(
		"POST", "/", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "abc", 3);
	CHECK_INT(await_fake_call(request, echo, NULL), 415);
	async_fake_free(request);
}

/* CVE-2025-69223: a small body that becomes a large one. */
TEST_TASK(a_body_that_explodes_meets_its_limits, "W22 M14 M16")
{
	async_app *app = async_app_new(&(async_route_options){ .body_bytes = 1000 });
	async_request *request;
	char *zeros = calloc(1, 4 << 20);
	size_t most = 0;

	CHECK(zeros && app);
	async_route(app, "POST", "/", echo, NULL);
	async_route(app, "POST", "/count", count, &most);
	async_route_with(app, &(async_route_options){ .body_ratio = 100 }, "POST", "/small", count,
			 &most);
	async_route_with(app, &(async_route_options){ .body_ratio = UINT_MAX }, "POST", "/any",
			 count, &most);
	encode(HTTP_CODING_GZIP, zeros, 4 << 20);
	request = request_of("gzip");
	CHECK_INT(await_fake_answer(request, app), 413);
	CHECK_TEXT_HAS(async_fake_body(request, NULL), "larger than 1000 bytes");
	async_fake_free(request);
	request = async_fake_request("POST", "/count", "Content-Encoding: gzip\r\n", coded,
				     coded_size);
	CHECK_INT(await_fake_answer(request, app), 200);
	async_fake_free(request);
	request = async_fake_request("POST", "/small", "Content-Encoding: gzip\r\n", coded,
				     coded_size);
	CHECK_INT(await_fake_answer(request, app), 413);
	CHECK_TEXT_HAS(async_fake_body(request, NULL), "more than 100 times as large");
	async_fake_free(request);
	if (http_coding_available(HTTP_CODING_BR)) {
		encode(HTTP_CODING_BR, zeros, 4 << 20);
		request = async_fake_request("POST", "/count", "Content-Encoding: br\r\n", coded,
					     coded_size);
		CHECK_INT(await_fake_answer(request, app), 413);
		async_fake_free(request);
		request = async_fake_request("POST", "/any", "Content-Encoding: br\r\n", coded,
					     coded_size);
		CHECK_INT(await_fake_answer(request, app), 200);
		CHECK_STR(async_fake_body(request, NULL), "4194304");
		async_fake_free(request);
	}
	CHECK(most <= 16384);
	free(zeros);
	async_app_free(app);
}

TEST_TASK(members_of_a_coded_body_are_counted, "M14 M16")
{
	async_request *request;

	encode(HTTP_CODING_GZIP, "", 0);
	for (size_t one = coded_size; coded_size < 1030 * one; coded_size += one)
		memcpy(coded + coded_size, coded, one);
	request = request_of("gzip");
	CHECK_INT(await_fake_call(request, echo, NULL), 413);
	CHECK_TEXT_HAS(async_fake_body(request, NULL), "more than 1024 members");
	async_fake_free(request);
}

TEST_TASK(a_coded_body_in_pieces_over_a_connection, "W22 M14 W34")
{
	async_app *app = async_app_new(NULL);
	char *text = text_of(5000), head[200];
	async_http_server *server;
	async_stream *stream;
	int head_size;

	async_route(app, "POST", "/", echo, NULL);
	server = serve_app(app, NULL);
	stream = connect_http(server);
	encode(HTTP_CODING_GZIP, text, 5000);
	head_size = snprintf(head, sizeof head,
			     "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
			     "Content-Length: %zu\r\n\r\n",
			     coded_size);
	for (int again = 0; again < 2; again++) {
		CHECK_INT(await_stream_write(stream, head, (size_t)head_size), head_size);
		for (size_t i = 0; i < coded_size; i++) {
			CHECK_INT(await_stream_write(stream, coded + i, 1), 1);
			await_sleep(0);
		}
		CHECK_TEXT_HAS(read_answer(stream, true), text);
	}
	/* Refused before it was read: the rest of it is dropped, and the connection goes on. */
	send_text(stream, "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: x\r\nContent-Length: "
			  "3\r\n\r\nabcPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
	CHECK_TEXT_HAS(read_answer(stream, true), "415 Unsupported Media Type");
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\nok");
	await_stream_close(stream);
	free(text);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(no_memory_for_a_coded_body, "W22 M14", .backends = ONCE,
	       .expect_stderr = "no memory")
{
	encode(HTTP_CODING_GZIP, "hello", 5);
	for (int nth = 1, failed = 1; failed; nth++) {
		async_request *request = request_of("gzip");
		int status;

		CHECK(request);
		fault_inject("malloc", nth, ENOMEM);
		status = await_fake_call(request, echo, NULL);
		fault_clear();
		failed = status != 200;
		CHECK(status == 200 || status == 500 || status == -ENOMEM);
		async_fake_free(request);
	}
}
