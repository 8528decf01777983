/* SPDX-License-Identifier: MIT */
/* Sending answers, whole and in pieces. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "server/compress.h"
#include "server/server.h"

enum { PRINT_BYTES = 1024 }; /* most printed pieces are shorter */

static int run_hooks(struct async_request *request)
{
	const async_app *app = request->app;
	int error = 0;

	for (size_t i = 0; app && i < app->respond_size && error >= 0; i++)
		error = app->respond_chain[i]->hook(request, app->respond_chain[i]->arg);
	for (const struct answer_hook *hook = request->answer.hooks; hook && error >= 0;
	     hook = hook->next)
		error = hook->call(request, hook->arg);
	return error < 0 ? error : 0;
}

/* 0, or why this cannot be answered; then nothing has been sent. */
static int prepare(struct async_request *request, const char *what)
{
	int error;

	if (unlikely(!request))
		return -EINVAL;
	if (unlikely(request->answer.begun))
		return async_fail(-EALREADY, "%s: the request is being answered", what);
	error = request->answer.error;
	if (unlikely(error))
		return error;
	if (likely((!request->app || !request->app->respond_size) && !request->answer.hooks))
		return 0;
	error = run_hooks(request);
	return error ? error : request->answer.error;
}

static int set_type(struct async_request *request, const char *type, size_t size)
{
	if (request->answer.typed)
		return 0;
	return answer_known(request, "Content-Type", 12, type, size);
}

int await_respond_known(struct async_request *request, const char *type, size_t type_size,
			const void *data, size_t size)
{
	int error = prepare(request, "await_respond");
	char *compressed = NULL;

	if (!error && type)
		error = set_type(request, type, type_size);
	if (unlikely(error))
		return error;
	if (unlikely(request->answer.length >= 0 && (uint64_t)request->answer.length != size))
		return request->answer.error =
			       async_fail(-EINVAL, "an answer of %zu bytes, declared with %lld",
					  size, (long long)request->answer.length);
	if (unlikely(request->answer.compress)) {
		size_t compressed_size;

		error = await_compressed(request, data, size, &compressed, &compressed_size);
		if (error)
			return error;
		if (compressed) {
			data = compressed;
			size = compressed_size;
		}
	}
	error = request->carrier->head(request, data, size, true);
	request->answer.ended = request->answer.begun;
	request->answer.sent = size;
	free(compressed);
	return error;
}

#define TEXT_TYPE "text/plain; charset=utf-8"
#define HTML_TYPE "text/html; charset=utf-8"

/* A text that could not be had, most likely: what it is the answer of has failed. */
static int no_text(const char *what)
{
	return async_fail(-EINVAL, "%s: the text is NULL", what);
}

int await_respond_text(async_request *request, const char *text)
{
	if (unlikely(!text))
		return no_text("await_respond_text");
	return await_respond_known(request, TEXT_TYPE, sizeof TEXT_TYPE - 1, text, strlen(text));
}

int await_respond_html(async_request *request, const char *html)
{
	if (unlikely(!html))
		return no_text("await_respond_html");
	return await_respond_known(request, HTML_TYPE, sizeof HTML_TYPE - 1, html, strlen(html));
}

int await_respond_data(async_request *request, const char *type, const void *data, size_t size)
{
	if (!type)
		return await_respond_known(request, "application/octet-stream", 24, data, size);
	if (request && !request->answer.begun) {
		int error = async_respond_type(request, type);

		if (error)
			return error;
	}
	return await_respond_known(request, NULL, 0, data, size);
}

/* Printed into `room` if it fits, else into memory from malloc. NULL: -ENOMEM. */
static char *print(char *room, size_t room_size, size_t *size, const char *format, va_list list)
{
	va_list again;
	char *text = room;
	int n;

	va_copy(again, list);
	n = vsnprintf(room, room_size, format, list);
	if (n >= 0 && (size_t)n >= room_size) {
		text = malloc((size_t)n + 1);
		if (text)
			vsnprintf(text, (size_t)n + 1, format, again);
	}
	va_end(again);
	*size = n < 0 ? 0 : (size_t)n;
	if (n < 0 || !text) {
		async_fail(-ENOMEM, "no memory to print an answer");
		return NULL;
	}
	return text;
}

/* Print, and send what was printed by one of the two ways. */
static int await_printed(async_request *request, const char *format, va_list list,
			 int (*send)(async_request *request, const void *data, size_t size))
{
	char room[PRINT_BYTES], *text;
	size_t size;
	int error;

	text = print(room, sizeof room, &size, format, list);
	if (!text)
		return -ENOMEM;
	error = send(request, text, size);
	if (text != room)
		free(text);
	return error;
}

static int await_text(async_request *request, const void *data, size_t size)
{
	return await_respond_known(request, TEXT_TYPE, sizeof TEXT_TYPE - 1, data, size);
}

int await_respond_printf(async_request *request, const char *format, ...)
{
	va_list list;
	int error;

	va_start(list, format);
	error = await_printed(request, format, list, await_text);
	va_end(list);
	return error;
}

/* ---- In pieces ---- */

int await_respond_begin(async_request *request)
{
	int error = prepare(request, "await_respond_begin");

	if (!error)
		error = set_type(request, "application/octet-stream", 24);
	if (!error && request->answer.compress)
		error = http_compress_begin(request);
	if (error)
		return error;
	return request->carrier->head(request, NULL, 0, false);
}

int await_respond_write(async_request *request, const void *data, size_t size)
{
	int error;

	if (unlikely(!request))
		return -EINVAL;
	if (!request->answer.begun) {
		error = await_respond_begin(request);
		if (error)
			return error;
	}
	if (request->answer.ended)
		return async_fail(-EINVAL, "await_respond_write: the answer has ended");
	if (!size)
		return 0;
	if (request->compressor)
		return await_write_compressed(request, HTTP_ENCODE_FLUSH, data, size);
	error = request->carrier->write(request, data, size);
	if (!error)
		request->answer.sent += size;
	return error;
}

int await_respond_writef(async_request *request, const char *format, ...)
{
	va_list list;
	int error;

	va_start(list, format);
	error = await_printed(request, format, list, await_respond_write);
	va_end(list);
	return error;
}

int await_respond_end(async_request *request)
{
	int error = 0;

	if (!request)
		return -EINVAL;
	if (!request->answer.begun)
		error = await_respond_begin(request);
	if (error || request->answer.ended)
		return error;
	if (request->compressor)
		error = await_write_compressed(request, HTTP_ENCODE_FINISH, "", 0);
	request->answer.ended = true;
	return error ? error : request->carrier->end(request);
}
