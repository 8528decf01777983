/* SPDX-License-Identifier: MIT */
/*
 * A whole server, and bytes that are nearly HTTP: requests, some of them wrong already, with pieces
 * changed, taken away, said twice, or taken from another. Whatever comes, it is answered or closed,
 * and nothing is left behind. LIBAWAIT_SEED makes other ones of the same number.
 */
#include <ctype.h>
#include <errno.h>
#include "serving.h"

enum { REQUESTS = 100000, FEW_REQUESTS = 5000, BYTES = 1500 };

#define SEED(text)                    \
	{                             \
		text, sizeof text - 1 \
	}
#define FORM "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"

/* What the mutations begin with. */
static const struct piece {
	const char *text;
	size_t size;
} seeds[] = {
	SEED("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	SEED("GET / HTTP/1.0\r\n\r\n"),
	SEED("GET /?a=1&b=%20&a=2 HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=\"d\"\r\n\r\n"),
	SEED("GET http://a:80/x%2fy HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"),
	SEED("HEAD / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, close\r\n\r\n"),
	SEED("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
	SEED("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n"
	     "Host: a\r\n\r\n"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "5;x=\"y\"\r\nhello\r\n0\r\nX-Trailer: z\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
	     "\r\n0\r\n\r\n"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\nContent-Length: 6\r\n\r\nhello"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
	SEED("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n"),
	SEED("GET / HTTP/1.1\nHost: a\n\n"),
	SEED("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
	SEED("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1,5-\r\nIf-None-Match: W/\"a\", *\r\n"
	     "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"),
	SEED("POST /text HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n"
	     "Content-Length: 4\r\n\r\ngr\xc3\xbc"),
	SEED("POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	     "Content-Length: 15\r\n\r\na=1&b=%26&a=2+3"),
	SEED(FORM "Content-Length: 96\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"a\"; "
		  "filename*=utf-8''x%2fy\r\n\r\n0123456789\r\n--b--\r\n"),
	SEED(FORM "Transfer-Encoding: chunked\r\n\r\n44\r\n--b\r\nContent-Disposition: form-data; "
		  "name=a\r\nContent-Transfer-Encoding: ba\r\n29\r\nse64\r\nContent-Encoding: "
		  "gzip\r\n\r\nH4sIAA\r\n--b--\r\n0\r\n\r\n"),
	SEED("POST /body HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n"
	     "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0"),
	SEED("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
	SEED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
};

/* What is put in somewhere. */
static const struct piece words[] = {
	SEED("\r\n"),
	SEED("\n"),
	SEED("\r"),
	SEED("\0"),
	SEED(":"),
	SEED(" "),
	SEED("\t"),
	SEED(","),
	SEED(";"),
	SEED("\""),
	SEED("%00"),
	SEED("%"),
	SEED("\r\n\r\n"),
	SEED("0\r\n\r\n"),
	SEED("Content-Length: 5\r\n"),
	SEED("Transfer-Encoding: chunked\r\n"),
	SEED("chunked"),
	SEED("Host: b\r\n"),
	SEED(" HTTP/1.1"),
	SEED("ffffffffffffffff"),
	SEED("18446744073709551616"),
	SEED("-1"),
	SEED("\xff\xfe"),
	SEED("\x7f"),
	SEED("--b\r\n"),
	SEED("--b--"),
	SEED("GET / HTTP/1.1\r\n"),
	SEED("Connection: close\r\n"),
	SEED("Expect: 100-continue\r\n"),
	SEED("Content-Encoding: br\r\n"),
};

static uint64_t state;

static size_t below(size_t limit)
{
	/* Marsaglia's xorshift. */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state >> 11) % limit;
}

/* In place of `gone` bytes at `at`. */
static void replace(char *text, size_t *size, size_t at, size_t gone, const char *with,
		    size_t count)
{
	if (*size - gone + count > BYTES)
		return;
	memmove(text + at + count, text + at + gone, *size - at - gone);
	memcpy(text + at, with, count);
	*size += count - gone;
}

static void mutate(char *text, size_t *size)
{
	const struct piece *piece;
	char again[BYTES];
	size_t at = below(*size + 1), some;

	switch (below(6)) {
	case 0:
		if (at < *size)
			text[at] = (char)(text[at] ^ 1 << below(8));
		break;
	case 1:
		if (at < *size)
			text[at] = (char)below(256);
		break;
	case 2:
		piece = &words[below(sizeof words / sizeof *words)];
		replace(text, size, at, 0, piece->text, piece->size);
		break;
	case 3:
		some = below(*size - at + 1);
		replace(text, size, at, some < 20 ? some : 20, "", 0);
		break;
	case 4:
		some = below(*size - at + 1);
		memcpy(again, text + at, some);
		replace(text, size, at, 0, again, some);
		break;
	default:
		piece = &seeds[below(sizeof seeds / sizeof *seeds)];
		some = below(piece->size);
		replace(text, size, at, *size - at, piece->text + some, piece->size - some);
	}
}

static int body(async_request *request, void *arg)
{
	const char *data;
	ssize_t n = await_request_body(request, &data);

	(void)arg;
	return n < 0 ? (int)n : await_respond_data(request, NULL, data, (size_t)n);
}

static int text(async_request *request, void *arg)
{
	const char *data;
	ssize_t n = await_request_text(request, &data);

	(void)arg;
	return n < 0 ? (int)n : await_respond_data(request, NULL, data, (size_t)n);
}

static int form(async_request *request, void *arg)
{
	static const async_form_options small = { .memory_bytes = 1000 };
	async_form *form = await_request_form_with(request, &small);
	const async_field *field;
	size_t i = 0;

	(void)arg;
	if (!form)
		return async_error_code();
	while ((field = async_form_at(form, i)))
		i += field->name != NULL;
	return await_respond_printf(request, "%zu fields", i);
}

/* All that a server may look at of a request. */
static int facts(async_request *request, void *arg)
{
	const char *value;

	(void)arg;
	for (size_t i = 0; async_request_header_at(request, i, &value); i++)
		CHECK(value);
	/* A 2xx would open a tunnel, which has no text. */
	if (!strcmp(async_request_method(request), "CONNECT"))
		return 405;
	async_request_query_value(request, "a");
	async_request_cookie(request, "c");
	async_respond_etag(request, "a", false);
	async_respond_condition(request);
	return await_respond_text(request, async_request_url(request));
}

struct conversation {
	async_http_server *server;
	async_stream *ends[2];
	int result;
};

static int serve(void *arg)
{
	struct conversation *conversation = arg;

	conversation->result = await_http_connection(conversation->ends[1], conversation->server);
	await_stream_close(conversation->ends[1]);
	return 0;
}

/* Answers follow each other, and each begins as one. The bodies are our own echoes. */
static void check_answer(const char *answer, ssize_t n)
{
	int status;

	if (!n)
		return;
	CHECK(n > 12 && !strncmp(answer, "HTTP/1.", 7) && isdigit((unsigned char)answer[7]) &&
	      answer[8] == ' ');
	status = atoi(answer + 9);
	CHECK(status >= 100 && status < 600);
	CHECK(status != 500 && status != 503 && status != 504);
}

static void converse(async_http_server *server, const char *data, size_t size, size_t split)
{
	struct conversation conversation = { .server = server };
	char *answer = NULL;
	async_task *task;
	ssize_t n;

	CHECK_INT(async_stream_pair(conversation.ends, NULL), 0);
	task = async_create_task(serve, &conversation);
	CHECK(task);
	if (split) {
		CHECK_INT(await_stream_write(conversation.ends[0], data, split), (long)split);
		await_sleep(0);
	}
	/* It may have closed by now. */
	if (await_stream_write(conversation.ends[0], data + split, size - split) >= 0)
		await_stream_end(conversation.ends[0]);
	n = await_stream_readall(conversation.ends[0], &answer, 1 << 20);
	if (n > 0)
		check_answer(answer, n);
	free(answer);
	CHECK_INT(await_task(task), 0);
	CHECK(conversation.result == 0 || conversation.result == ASYNC_PARK);
	await_stream_close(conversation.ends[0]);
}

TEST_TASK_WITH(nearly_requests, "M01 M05 M15 M16 W21 W23 W32 W36", .deadline = 60)
{
	int count = strcmp(test_backend(), "sim") != 0 && !test_is_instrumented() ? REQUESTS :
										    FEW_REQUESTS;
	const char *seed = getenv("LIBAWAIT_SEED");
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	char data[BYTES];

	state = 0x9e3779b97f4a7c15 * (seed ? strtoull(seed, NULL, 0) + 1 : 1);
	async_route(app, "POST", "/body", body, NULL);
	async_route(app, "POST", "/text", text, NULL);
	async_route(app, "POST", "/form", form, NULL);
	async_fallback(app, facts, NULL);
	server = await_http_open(NULL, app);
	CHECK(server);
	for (int i = 0; i < count; i++) {
		const struct piece *piece = &seeds[below(sizeof seeds / sizeof *seeds)];
		size_t size = piece->size;

		memcpy(data, piece->text, size);
		for (size_t times = i > 100 ? 1 + below(2) : 0; times; times--)
			mutate(data, &size);
		converse(server, data, size, below(3) ? 0 : below(size + 1));
	}
	CHECK_INT(await_http_close(server), 0);
}
