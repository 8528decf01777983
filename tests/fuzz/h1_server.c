/* SPDX-License-Identifier: MIT */
/*
 * A whole server on a connection of memory: the first two bytes say where the rest is cut in two.
 * Cut or not, the answers are the same, each looks like one, and all is given back. The handlers
 * read bodies in every way there is. In simulation, so that nothing waits for a clock.
 */
#define _GNU_SOURCE
#include <await.h>
#include "h1.h"
#include <stdio.h>

enum { ANSWER_BYTES = 1 << 20 };

static async_http_server *server;

static int body(async_request *request, void *arg)
{
	const char *data;
	ssize_t n = await_request_body(request, &data);

	(void)arg;
	return n < 0 ? (int)n : await_respond_data(request, NULL, data, (size_t)n);
}

static int form(async_request *request, void *arg)
{
	async_form *form = await_request_form(request);
	const async_field *field;
	size_t bytes = 0;

	(void)arg;
	if (!form)
		return async_error_code();
	for (size_t i = 0; (field = async_form_at(form, i)); i++) {
		h1_check(!field->name[strlen(field->name)] && !field->value[field->size]);
		bytes += field->size;
	}
	return await_respond_printf(request, "%zu", bytes);
}

static int parts(async_request *request, void *arg)
{
	async_multipart *multipart = async_request_multipart(request), *inner;
	async_part *part, *inside;
	const char *line;
	int more = 0, lines = 0, error;

	(void)arg;
	while (multipart && (more = await_multipart_next(multipart, &part)) > 0) {
		inner = strncmp(async_part_content_type(part), "multipart/", 10) ?
				NULL :
				async_part_multipart(part);
		while (inner && (error = await_multipart_next(inner, &inside)) > 0)
			lines++;
		if (!inner)
			async_part_decode(part);
		while (!inner && await_part_readline(part, &line) > 0)
			lines++;
	}
	if (!multipart)
		return async_error_code();
	return more < 0 ? more : await_respond_printf(request, "%d", lines);
}

static int facts(async_request *request, void *arg)
{
	const char *value;

	(void)arg;
	if (!strcmp(async_request_method(request), "CONNECT"))
		return 405;
	for (size_t i = 0; async_request_header_at(request, i, &value); i++)
		h1_check(value != NULL);
	async_request_query_value(request, "a");
	async_request_cookie(request, "a");
	async_respond_etag(request, "a", false);
	return await_respond_text(request, async_request_url(request));
}

static void begin(void)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "POST", "/body", body, NULL);
	async_route(app, "POST", "/form", form, NULL);
	async_route(app, "POST", "/parts", parts, NULL);
	async_route(app, "GET", "/facts/{what}", facts, NULL);
	async_fallback(app, facts, NULL);
	server = await_http_open(NULL, app);
	h1_check(server != NULL);
}

static int serve(void *stream)
{
	await_http_connection(stream, server);
	await_stream_close(stream);
	return 0;
}

/* Dates may be a second apart. */
static void hide_dates(char *answer, size_t size)
{
	char *at = answer;

	while ((at = memmem(at, (size_t)(answer + size - at), "\r\nDate: ", 8))) {
		size_t left = (size_t)(answer + size - at);

		memset(at + 8, '-', left < 37 ? left - 8 : 29);
		at += left < 37 ? left : 37;
	}
}

/* Up to the first refusal, with its status: its text tells places that depend on the cut. */
static ssize_t comparable(const char *answer, ssize_t n)
{
	const char *at = answer, *end;

	if (n <= 0)
		return n;
	end = answer + n;
	while ((at = memmem(at, (size_t)(end - at), "HTTP/1.1 ", 9))) {
		if (end - at >= 12 && at[9] >= '4')
			return at + 12 - answer;
		at += 9;
	}
	return n;
}

static ssize_t converse(const char *data, size_t size, size_t split, char **answer)
{
	async_stream *ends[2];
	async_task *task;
	ssize_t n;

	h1_check(!async_stream_pair(ends, NULL));
	task = async_create_task(serve, ends[1]);
	h1_check(task != NULL);
	if (await_stream_write(ends[0], data, split) >= 0) {
		await_sleep(0);
		await_sleep(0);
		if (await_stream_write(ends[0], data + split, size - split) >= 0)
			await_stream_end(ends[0]);
	}
	n = await_stream_readall(ends[0], answer, ANSWER_BYTES);
	h1_check(!await_task(task));
	await_stream_close(ends[0]);
	if (n > 0)
		hide_dates(*answer, (size_t)n);
	h1_check(n <= 0 || (n > 12 && !memcmp(*answer, "HTTP/1.", 7)));
	return comparable(*answer, n);
}

struct input {
	const char *data;
	size_t size, split;
};

static int one(void *arg)
{
	const struct input *input = arg;
	char *whole = NULL, *cut = NULL;
	ssize_t n, m;

	begin();
	n = converse(input->data, input->size, 0, &whole);
	m = converse(input->data, input->size, input->split, &cut);
	/* A connection that is cut may lose the end of what was sent. */
	if (n >= 0 && m >= 0 && (n != m || memcmp(whole, cut, (size_t)n))) {
		fprintf(stderr, "whole: %.*s\ncut: %.*s\n", (int)n, whole, (int)m, cut);
		abort();
	}
	free(whole);
	free(cut);
	return await_http_close(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { (const char *)data + 2, size - 2, 0 };
	static const async_options options = { .backend = "sim" };

	if (size < 2)
		return 0;
	input.split = (size_t)(data[0] | data[1] << 8) % (input.size + 1);
	h1_check(!async_run_with(&options, one, &input));
	return 0;
}
