/* SPDX-License-Identifier: MIT */
/* Bodies that are text. */
#include <errno.h>
#include <stdlib.h>
#include "base/base.h"
#include "http/charset.h"
#include "server/server.h"

static ssize_t await_converted(struct async_request *request, const char *body, size_t size)
{
	char *text;
	ssize_t n = await_charset_convert(async_request_charset(request), body, size, &text);

	if (n < 0)
		return request_blame_body(request, (int)n);
	if (arena_on_end(&request->arena, free, text)) {
		free(text);
		return async_fail(-ENOMEM, "no memory for text of %zd bytes", n);
	}
	request->text = text;
	return n;
}

ssize_t await_request_text(async_request *request, const char **text)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	if (n < 0)
		return n;
	if (!request->text) {
		if (charset_is_utf8(async_request_charset(request))) {
			int error = charset_check_utf8(body, (size_t)n);

			if (error)
				return request_blame_body(request, error);
			request->text = body;
		} else {
			n = await_converted(request, body, (size_t)n);
			if (n < 0)
				return n;
		}
		request->text_size = (size_t)n;
	}
	*text = request->text;
	return (ssize_t)request->text_size;
}
