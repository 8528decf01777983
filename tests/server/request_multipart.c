/* SPDX-License-Identifier: MIT */
/* Multipart bodies part by part: what parts say, how they are read, nested ones, encodings, limits.
 */
#include <errno.h>
#include <await/http_test.h>
#include "fault.h"
#include "http/codec.h"
#include "serving.h"

#define TYPE "Content-Type: multipart/mixed; boundary=b\r\n"
#define PART "Content-Disposition: form-data; name="

static char heard[20000];

static void hear(const char *format, ...)
{
	size_t used = strlen(heard);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(heard + used, sizeof heard - used, format, arguments);
	va_end(arguments);
}

static int status_with(const char *fields, const char *body, size_t size,
		       async_http_handler *handler)
{
	async_request *request = async_fake_request("POST", "/", fields, body, size);
	int status;

	CHECK(request);
	heard[0] = '\0';
	status = await_fake_call(request, handler, NULL);
	if (status != 200)
		hear("%s", async_fake_body(request, NULL));
	async_fake_free(request);
	return status;
}

static int status_of(const char *body, async_http_handler *handler)
{
	return status_with(TYPE, body, strlen(body), handler);
}

static ssize_t await_whole(async_part *part, char *room)
{
	const char *data;
	size_t size = 0;
	ssize_t n;

	while ((n = await_part_chunk(part, &data)) > 0) {
		memcpy(room + size, data, (size_t)n);
		size += (size_t)n;
	}
	room[size] = '\0';
	return n < 0 ? n : (ssize_t)size;
}

static int list(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart(request);
	char room[10000];
	async_part *part;
	int more;

	(void)arg;
	while ((more = await_multipart_next(multipart, &part)) > 0) {
		ssize_t n = await_whole(part, room);

		if (n < 0)
			return (int)n;
		hear("%s,%s,%s,%s=%s;", async_part_name(part) ? async_part_name(part) : "-",
		     async_part_filename(part) ? async_part_filename(part) : "-",
		     async_part_content_type(part), async_part_charset(part), room);
	}
	CHECK(more < 0 || !await_multipart_next(multipart, &part));
	return more < 0 ? more : await_respond_text(request, "");
}

static const char three[] = "preamble\r\n--b\r\n" PART "one\r\n\r\n1\r\n--b\r\n" PART
			    "\"t w o\"; filename=\"C:\\dir\\f.txt\"\r\n"
			    "Content-Type: Text/HTML; charset=\"UTF-8\"\r\n\r\n"
			    "two\r\n--\r\nlines\r\n--b \t\r\n\r\n\r\n--b--\r\nepilogue";

TEST_TASK(parts_one_after_the_other, "W24")
{
	CHECK_INT(status_of(three, list), 200);
	CHECK_STR(heard, "one,-,text/plain,=1;t w o,f.txt,text/html,utf-8=two\r\n--\r\nlines;"
			 "-,-,text/plain,=;");
	CHECK_INT(status_of("--b--", list), 200);
	CHECK_STR(heard, "");
}

/* The handler reads the first part in half, and not the second. */
static int skip(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart(request);
	async_part *part;
	char byte;

	(void)arg;
	CHECK_INT(await_multipart_next(multipart, &part), 1);
	CHECK_INT(await_multipart_next(multipart, &part), 1);
	CHECK_INT(await_part_read(part, &byte, 1), 1);
	CHECK_INT(byte, 't');
	CHECK_INT(await_multipart_next(multipart, &part), 1);
	CHECK_INT(await_part_read(part, &byte, 1), 0);
	CHECK_INT(await_part_read(part, &byte, 1), 0);
	CHECK_INT(await_multipart_next(multipart, &part), 0);
	CHECK_INT(await_multipart_next(multipart, &part), 0);
	return await_respond_text(request, "skipped");
}

TEST_TASK(what_is_not_read_is_skipped, "W24")
{
	CHECK_INT(status_of(three, skip), 200);
}

static int fields(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart(request);
	const char *name, *value;
	async_part *part;

	(void)arg;
	CHECK_INT(await_multipart_next(multipart, &part), 1);
	CHECK_STR(async_part_header(part, "x-a"), "1");
	CHECK(!async_part_header(part, "x-c"));
	for (size_t i = 0; (name = async_part_header_at(part, i, &value)); i++)
		hear("%s=%s;", name, value);
	return await_respond_text(request, "");
}

TEST_TASK(fields_of_a_part, "W24")
{
	CHECK_INT(status_of("--b\r\nX-A:  1 \r\nX-B:\r\nx-a: 2\r\n\r\n\r\n--b--", fields), 200);
	CHECK_STR(heard, "X-A=1;X-B=;x-a=2;");
}

static int lines(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart_with(
		request, &(async_multipart_options){ .line_bytes = 8 });
	const char *line, *rest;
	async_part *part;
	ssize_t n;

	(void)arg;
	CHECK_INT(await_multipart_next(multipart, &part), 1);
	while ((n = await_part_readline(part, &line)) > 0) {
		CHECK_INT(line[n], 0);
		hear("[%s]", line);
		if (!strcmp(line, "rest\n")) {
			CHECK_INT(await_part_body(part, &rest), 3);
			CHECK_STR(rest, "a\nb");
			CHECK_INT(await_part_body(part, &rest), 3);
			CHECK_INT(await_part_readline(part, &line), 0);
			CHECK_STR(rest, "a\nb");
		}
	}
	return n < 0 ? (int)n : await_respond_text(request, "");
}

TEST_TASK(lines_of_a_part, "W24")
{
	CHECK_INT(status_of("--b\r\n\r\none\n\r\ntwo\r\nend\r\n--b--", lines), 200);
	CHECK_STR(heard, "[one\n][\r\n][two\r\n][end]");
	CHECK_INT(status_of("--b\r\n\r\nrest\na\nb\r\n--b--", lines), 200);
	CHECK_INT(status_of("--b\r\n\r\n1234567\n\r\n--b--", lines), 200);
	CHECK_INT(status_of("--b\r\n\r\n12345678\n\r\n--b--", lines), 413);
	CHECK_TEXT_HAS(heard, "larger than 8 bytes (multipart option `line_bytes`)");
}

/* What each part is, is in its name. */
static int decode(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart_with(
		request, &(async_multipart_options){ .part_bytes = 20 });
	async_part *part;
	const char *text;
	int more;

	(void)arg;
	while ((more = await_multipart_next(multipart, &part)) > 0) {
		ssize_t n;
		int error = async_part_decode(part);

		if (error)
			return error;
		CHECK_INT(async_part_decode(part), 0);
		n = !strcmp(async_part_name(part), "text") ? await_part_text(part, &text) :
							     await_part_body(part, &text);
		if (n < 0)
			return (int)n;
		CHECK_INT(async_part_decode(part), -EBUSY);
		hear("%s;", text);
	}
	return more < 0 ? more : await_respond_text(request, "");
}

TEST_TASK_WITH(encodings_of_parts, "W24 W21", .may_leak = 1)
{
	if (!has_charsets())
		SKIP("no converters of charsets here");
	CHECK_INT(
		status_of("--b\r\n" PART "x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
			  "Zm9vYg==\r\n--b\r\n" PART "text\r\nContent-Type: text/plain; "
			  "charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
			  "gr=FC=DF=\r\ne\r\n--b--",
			  decode),
		200);
	CHECK_STR(heard, "foob;gr\xc3\xbc\xc3\x9f"
			 "e;");
	CHECK_INT(status_of("--b\r\n" PART
			    "x\r\nContent-Transfer-Encoding: base64\r\n\r\nZg\r\n--b--",
			    decode),
		  400);
	CHECK_INT(status_of("--b\r\n" PART "x\r\nContent-Transfer-Encoding: zip\r\n\r\nZg\r\n--b--",
			    decode),
		  415);
	CHECK_INT(status_of("--b\r\n" PART "x\r\nContent-Encoding: zip\r\n\r\nZg\r\n--b--", decode),
		  415);
	CHECK_INT(status_of("--b\r\n" PART "text\r\n\r\n\xff\r\n--b--", decode), 400);
	CHECK_INT(status_of("--b\r\n" PART "text\r\nContent-Type: text/plain; "
			    "charset=klingon\r\n\r\nx\r\n--b--",
			    decode),
		  415);
	CHECK_INT(status_of("--b\r\n" PART "x\r\n\r\n123456789012345678901\r\n--b--", decode), 413);
	CHECK_TEXT_HAS(heard, "larger than 20 bytes (multipart option `part_bytes`");
}

TEST_TASK(content_codings_of_parts, "W24 M14")
{
	static const char head[] = "--b\r\n" PART "x\r\nContent-Encoding: gzip\r\n\r\n";
	struct http_encoder *encoder = http_encoder_new(HTTP_CODING_GZIP, 0);
	char body[1000];
	size_t used, made, at = sizeof head - 1;

	if (!encoder)
		SKIP("built without zlib");
	memcpy(body, head, at);
	CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE_FINISH, "packed", 6, &used, body + at, 500,
				    &made),
		  HTTP_CODEC_END);
	http_encoder_free(encoder);
	memcpy(body + at + made, "\r\n--b--", 7);
	CHECK_INT(status_with(TYPE, body, at + made + 7, decode), 200);
	CHECK_STR(heard, "packed;");
	/* Cut short. */
	memcpy(body + at + made - 3, "\r\n--b--", 7);
	CHECK_INT(status_with(TYPE, body, at + made + 4, decode), 400);
}

static int nested(async_request *request, void *arg)
{
	async_multipart *outer = async_request_multipart(request), *inner;
	async_part *part, *inside;
	char room[100];
	int more;

	(void)arg;
	while ((more = await_multipart_next(outer, &part)) > 0) {
		inner = async_part_multipart(part);
		if (!inner)
			return async_error_code();
		hear("(");
		while ((more = await_multipart_next(inner, &inside)) > 0) {
			ssize_t n = await_whole(inside, room);

			if (n < 0)
				return (int)n;
			hear("%s;", room);
		}
		if (more < 0)
			return more;
		hear(")");
	}
	return more < 0 ? more : await_respond_text(request, "");
}

#define INNER "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n"

TEST_TASK(parts_of_parts, "W24")
{
	CHECK_INT(status_of(INNER "\r\n--c\r\n\r\n1\r\n--c\r\n\r\n2\r\n--c--\r\n" INNER
				  "Content-Transfer-Encoding: base64\r\n\r\n"
				  "LS1jDQoNCjMNCi0tYy0t\r\n--b--",
			    nested),
		  200);
	CHECK_STR(heard, "(1;2;)(3;)");
	/* The outer boundary inside of the inner body ends both. */
	CHECK_INT(status_of(INNER "\r\n--c\r\n\r\n1\r\n--b--", nested), 400);
	CHECK_TEXT_HAS(heard, "without its final boundary");
	CHECK_INT(status_of("--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b--", nested), 415);
}

TEST_TASK(bodies_that_are_none, "W24 M16")
{
	static const char text[] = "Content-Type: text/plain\r\n";
	static const char bare[] = "Content-Type: multipart/mixed\r\n";
	char body[4000] = "--b\r\n";

	CHECK_INT(status_with(text, "x", 1, list), 415);
	CHECK_INT(status_with(bare, "x", 1, list), 415);
	CHECK_INT(status_with(NULL, NULL, 0, list), 415);
	for (size_t size = 0; size < sizeof three - 11; size++)
		CHECK_INT(status_with(TYPE, three, size, list), 400);
	CHECK_INT(status_of("--b\r\nno field\r\n\r\nx\r\n--b--", list), 400);
	CHECK_INT(status_of("--b x\r\n\r\nx\r\n--b--", list), 400);
	for (int i = 0; i < 129; i++)
		strcat(body, "X: y\r\n");
	strcat(body, "\r\n\r\n--b--");
	CHECK_INT(status_of(body, list), 413);
	CHECK_TEXT_HAS(heard, "more than 128 fields");
}

static int two_parts(async_request *request, void *arg)
{
	async_multipart *multipart =
		async_request_multipart_with(request, &(async_multipart_options){ .parts = 2 });
	async_part *part;
	int more;

	(void)arg;
	while ((more = await_multipart_next(multipart, &part)) > 0)
		continue;
	CHECK_INT(await_multipart_next(multipart, &part), more);
	return more < 0 ? more : await_respond_text(request, "");
}

TEST_TASK(parts_are_counted, "W24 M12")
{
	CHECK_INT(status_of("--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b--", two_parts), 200);
	CHECK_INT(status_of(three, two_parts), 413);
	CHECK_TEXT_HAS(heard, "more than 2 parts");
}

/* 20 MiB in one part pass through a block of 16 KiB. */
static int big(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart(request);
	const char *data;
	async_part *part;
	size_t all = 0;
	ssize_t n;

	(void)arg;
	CHECK_INT(await_multipart_next(multipart, &part), 1);
	while ((n = await_part_chunk(part, &data)) > 0) {
		CHECK(n <= 16384);
		all += (size_t)n;
	}
	return n < 0 ? (int)n : await_respond_printf(request, "all %zu", all);
}

TEST_TASK(a_large_part_in_little_memory, "W24 W22")
{
	enum { MIB = 1 << 20, COUNT = 20 };
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	async_stream *stream;
	char *block = malloc(MIB);

	CHECK(block);
	memset(block, '\r', MIB);
	async_route(app, "POST", "/", big, NULL);
	server = serve_app(app, NULL);
	stream = connect_http(server);
	memset(heard, 0, sizeof heard);
	hear("POST / HTTP/1.1\r\nHost: a\r\n" TYPE "Content-Length: %d\r\n\r\n--b\r\n\r\n",
	     COUNT * MIB + 7 + 7);
	send_text(stream, heard);
	for (int i = 0; i < COUNT; i++)
		CHECK_INT(await_stream_write(stream, block, MIB), MIB);
	send_text(stream, "\r\n--b--");
	CHECK_TEXT_HAS(read_answer(stream, true), "all 20971520");
	await_stream_close(stream);
	free(block);
	CHECK_INT(await_http_close(server), 0);
}

/* The client leaves in the middle, and a limit of time: what was read stays, reading goes on. */
static int patient(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart(request);
	async_part *part = NULL;
	const char *line;
	ssize_t n = -ETIMEDOUT;

	(void)arg;
	while (!part) {
		async_timeout (0.01)
			n = await_multipart_next(multipart, &part);
		if (n < 0 && n != -ETIMEDOUT)
			return (int)n;
	}
	for (n = -ETIMEDOUT; n == -ETIMEDOUT;)
		async_timeout (0.01)
			n = await_part_readline(part, &line);
	return n < 0 ? (int)n : await_respond_text(request, line);
}

TEST_TASK(a_cancel_loses_nothing, "W24 W36")
{
	static const char body[] = "--b\r\nX-A: b\r\n\r\na whole line\nrest\r\n--b--";
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	async_stream *stream;

	async_route(app, "POST", "/", patient, NULL);
	server = serve_app(app, NULL);
	stream = connect_http(server);
	memset(heard, 0, sizeof heard);
	hear("POST / HTTP/1.1\r\nHost: a\r\n" TYPE "Content-Length: %zu\r\n\r\n", sizeof body - 1);
	send_text(stream, heard);
	for (size_t i = 0; i < sizeof body - 1; i++) {
		CHECK_INT(await_stream_write(stream, body + i, 1), 1);
		await_sleep(0.004);
	}
	CHECK_TEXT_HAS(read_answer(stream, true), "\r\n\r\na whole line\n");
	/* And one who leaves. */
	send_text(stream, heard);
	CHECK_INT(await_stream_write(stream, body, 20), 20);
	await_sleep(0.02);
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK_WITH(multipart_without_memory, "W24", .backends = ONCE, .expect_stderr = "no memory")
{
	static const char *const calls[] = { "malloc", "calloc", "realloc" };

	for (size_t i = 0; i < 3; i++) {
		for (int nth = 1, status = 0; status != 200; nth++) {
			async_request *request =
				async_fake_request("POST", "/", TYPE, three, sizeof three - 1);

			CHECK(request);
			fault_inject(calls[i], nth, ENOMEM);
			status = await_fake_call(request, list, NULL);
			fault_clear();
			CHECK(status == 200 || status == 500 || status == -ENOMEM);
			async_fake_free(request);
		}
	}
}
