/* SPDX-License-Identifier: MIT */
/* Bodies: by length, chunked, until the connection ends, or none. */
#include "http/body.h"

void http_body_begin(struct http_body *body, const struct http_framing *framing,
		     struct http_head *trailers)
{
	body->kind = framing->body;
	body->done = framing->body == HTTP_NO_BODY;
	body->left = framing->length;
	http_chunked_begin(&body->chunked, trailers);
}

static int take(size_t size, size_t *used, struct http_slice *piece)
{
	if (!size)
		return HTTP_MORE;
	if (size > UINT32_MAX)
		size = UINT32_MAX;
	*piece = (struct http_slice){ 0, (uint32_t)size };
	*used = size;
	return HTTP_DATA;
}

int http_body_next(struct http_body *body, const char *data, size_t size, size_t *used,
		   struct http_slice *piece)
{
	int what;

	*used = 0;
	if (body->done)
		return HTTP_END;
	switch (body->kind) {
	case HTTP_CHUNKED:
		what = http_chunked_next(&body->chunked, data, size, used, piece);
		body->done = what == HTTP_END;
		return what;
	case HTTP_LENGTH:
		what = take(size < body->left ? size : (size_t)body->left, used, piece);
		body->left -= *used;
		body->done = !body->left;
		return what;
	default:
		return take(size, used, piece);
	}
}

int http_body_eof(struct http_body *body)
{
	struct http_head *head = body->chunked.head;

	if (body->done || body->kind == HTTP_UNTIL_CLOSE || body->kind == HTTP_TUNNEL) {
		body->done = true;
		return HTTP_END;
	}
	head->error = (struct http_error){ .rule = HTTP_TRUNCATED };
	return http_refuse(&head->error, "body", NULL, 0);
}

int http_body_leftover(const struct http_framing *framing, const char *data, size_t size,
		       struct http_error *error)
{
	if (!size || framing->keep_alive || framing->body == HTTP_TUNNEL)
		return 0;
	*error = (struct http_error){ .rule = HTTP_AFTER_CLOSE };
	return http_refuse(error, "message", data, size);
}
