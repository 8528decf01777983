/* SPDX-License-Identifier: MIT */
/* Compressed answers, checked by decoding them. */
#include <errno.h>
#include "http/codec.h"
#include "serving.h"

static char *text_of(size_t size)
{
	char *text = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + i * i / 7 % 13);
	text[size] = '\0';
	return text;
}

static int whole(async_request *request, void *size)
{
	char *text = text_of((size_t)async_int(size));
	int error;

	async_respond_compress(request);
	async_respond_header(request, "ETag", "\"abc\"");
	error = await_respond_text(request, text);
	free(text);
	return error;
}

static int in_pieces(async_request *request, void *size)
{
	char *text = text_of((size_t)async_int(size));
	int error = 0;

	for (int at = 0; at < async_int(size) && !error; at += 1000)
		error = await_respond_write(
			request, text + at,
			async_int(size) - at < 1000 ? (size_t)(async_int(size) - at) : 1000);
	free(text);
	return error;
}

/* Chunks joined; returns the size. */
static size_t unchunk(char *body, size_t size)
{
	size_t used = 0;
	char *at = body, *end = body + size;

	while (at < end) {
		size_t chunk = strtoul(at, &at, 16);

		CHECK(!memcmp(at, "\r\n", 2));
		at += 2;
		if (!chunk)
			break;
		memmove(body + used, at, chunk);
		used += chunk;
		at += chunk + 2;
	}
	return used;
}

static void check_answer(async_http_server *server, const char *target, const char *accept,
			 const char *coding, size_t size)
{
	async_stream *stream = connect_http(server);
	char request[300], *all = NULL, *body, *expected = text_of(size), *out = malloc(size + 1);
	size_t used, made, body_size;
	ssize_t n;

	snprintf(request, sizeof request,
		 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: %s\r\n\r\n",
		 target, accept);
	send_text(stream, request);
	n = await_stream_readall(stream, &all, 10 << 20);
	CHECK(n > 0);
	body = strstr(all, "\r\n\r\n") + 4;
	body_size = (size_t)(all + n - body);
	CHECK_TEXT_HAS(all, "Vary: Accept-Encoding\r\n");
	if (strstr(all, "chunked"))
		body_size = unchunk(body, body_size);
	if (*coding) {
		struct http_decoder *decoder =
			http_decoder_new(http_coding_find(coding, strlen(coding)), NULL);

		snprintf(request, sizeof request, "Content-Encoding: %s\r\n", coding);
		CHECK_TEXT_HAS(all, request);
		CHECK(body_size < size);
		CHECK(http_decoder_step(decoder, body, body_size, &used, out, size + 1, &made) >=
		      0);
		CHECK_INT(used, body_size);
		CHECK_INT(http_decoder_finish(decoder), 0);
		http_decoder_free(decoder);
		body = out;
		body_size = made;
	} else {
		CHECK(!strstr(all, "Content-Encoding"));
	}
	CHECK_INT(body_size, size);
	CHECK(!memcmp(body, expected, size));
	free(expected);
	free(out);
	free(all);
	await_stream_close(stream);
}

TEST_TASK(a_whole_answer_as_the_peer_takes_it, "W28")
{
	async_app *app;
	async_http_server *server;

	if (!http_coding_available(HTTP_CODING_GZIP))
		SKIP("built without zlib");
	app = async_app_new(NULL);
	async_route(app, "GET", "/", whole, ASYNC_INT(5000));
	async_route(app, "GET", "/small", whole, ASYNC_INT(100));
	async_route(app, "GET", "/large", whole, ASYNC_INT(1000000));
	server = serve_app(app, NULL);
	check_answer(server, "/", "gzip", "gzip", 5000);
	check_answer(server, "/", "deflate", "deflate", 5000);
	check_answer(server, "/", "gzip;q=0.5, deflate;q=0.9", "deflate", 5000);
	check_answer(server, "/", "gzip;q=0", "", 5000);
	check_answer(server, "/", "identity", "", 5000);
	check_answer(server, "/small", "gzip", "", 100);
	check_answer(server, "/large", "gzip", "gzip", 1000000);
	if (http_coding_available(HTTP_CODING_BR))
		check_answer(server, "/", "gzip, br", "br", 5000);
	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n"),
		       "ETag: W/\"abc\"\r\n");
	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.0\r\n\r\n"), "ETag: \"abc\"\r\n");
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(an_answer_in_pieces, "W28 W27")
{
	async_app *app;
	async_http_server *server;

	if (!http_coding_available(HTTP_CODING_GZIP))
		SKIP("built without zlib");
	app = async_app_new(NULL);
	async_route_with(app, &(async_route_options){ .compress = true }, "GET", "/", in_pieces,
			 ASYNC_INT(100000));
	server = serve_app(app, NULL);
	check_answer(server, "/", "gzip", "gzip", 100000);
	check_answer(server, "/", "", "", 100000);
	CHECK_INT(await_http_close(server), 0);
}
