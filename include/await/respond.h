/* SPDX-License-Identifier: MIT */
/*
 * Answering a request. What starts with async_respond prepares: the head of the answer can be
 * changed until it goes out. What starts with await_respond sends, and suspends while the peer does
 * not take it. A handler that sends its answer by one of these returns their result.
 *
 *	return await_respond_text(request, "Hello, World!");
 *	return async_refuse(request, 404, "no item %ld", n);
 *
 * Date, Server and Content-Length are added; nothing unsafe goes out: a field with CR, LF or NUL in
 * it is refused, and so is more or less of a body than its declared length (-EINVAL; the connection
 * is cut, since its peer could not tell).
 */
#ifndef AWAIT_RESPOND_H
#define AWAIT_RESPOND_H

#include <time.h>
#include <await/request.h>

ASYNC_BEGIN_DECLS

/* ---- Preparing. 0; -EINVAL for what must not be sent; -EALREADY once the head is out; -ENOMEM.
 * A handler that ignores a failure and answers nonetheless fails then. ---- */

/* 200 to 599; 200 if nothing was said. `reason` may be NULL: the usual one. */
ASYNC_API int async_respond_status(async_request *request, int status);
ASYNC_API int async_respond_reason(async_request *request, int status, const char *reason);
/* Set a field, in place of all of that name; value NULL: take them away. Date, Server and
 * Content-Type as any other; Content-Length, Transfer-Encoding and Connection are the server's. */
ASYNC_API int async_respond_header(async_request *request, const char *name, const char *value);
/* Add a line. */
ASYNC_API int async_respond_add(async_request *request, const char *name, const char *value);
/* What was set, or NULL. */
ASYNC_API const char *async_respond_header_value(const async_request *request, const char *name);
ASYNC_API int async_respond_type(async_request *request, const char *content_type);
/* Declare the length of a streamed body. */
ASYNC_API int async_respond_length(async_request *request, uint64_t bytes);
/* Close the connection after the answer. */
ASYNC_API void async_respond_close(async_request *request);
/* Compress the body if the peer accepts it and it is worth it: br, gzip or deflate. `Vary` is
 * added. Whole bodies above 128 KiB are compressed in the thread pool. */
ASYNC_API int async_respond_compress(async_request *request);
/* Validators (RFC 9110, 8.8): ETag, `tag` without its quotes, and Last-Modified. */
ASYNC_API int async_respond_etag(async_request *request, const char *tag, bool weak);
ASYNC_API int async_respond_last_modified(async_request *request, time_t time);
/* What the request's conditions (If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since)
 * make of the validators prepared so far: 0, or what the handler returns: 304 or 412. */
ASYNC_API int async_respond_condition(async_request *request);
/* Which bytes of a body of `size` are asked for (Range, If-Range; RFC 9110, 14): 200 for all of
 * them; 206 for `count` from `first` on, status and Content-Range having been prepared; 416, which
 * the handler returns. Several ranges at once give all. */
ASYNC_API int async_respond_range(async_request *request, uint64_t size, uint64_t *first,
				  uint64_t *count);

/* Zero-filled: for this session, this host and all paths. Every field may be left out but the name.
 */
typedef struct async_cookie {
	const char *name, *value;
	const char *path;      /* NULL: "/" */
	const char *domain;    /* NULL: this host only */
	time_t expires;	       /* 0: not said */
	long max_age;	       /* seconds; 0: not said; < 0: it goes */
	const char *same_site; /* "Lax", "Strict" or "None"; NULL: not said */
	bool secure, http_only, partitioned;
} async_cookie;
/* Set-Cookie (RFC 6265bis). What clients would drop without a word is -EINVAL, too: SameSite=None
 * or Partitioned without Secure, names with __Host- or __Secure- without what they ask for. */
ASYNC_API int async_respond_cookie(async_request *request, const async_cookie *cookie);
ASYNC_API int async_respond_delete_cookie(async_request *request, const char *name);
/* Called just before the head goes out, oldest first: what it returns below 0 fails the answer. */
typedef int async_respond_hook(async_request *request, void *arg);
ASYNC_API int async_on_respond(async_request *request, async_respond_hook *hook, void *arg);

/* ---- What a handler returns in place of an answer ---- */

/* Text for the page of `status`, printf-like; returns the status. */
ASYNC_API int async_refuse(async_request *request, int status, const char *format, ...)
	ASYNC_PRINTF_(3, 4);
/* 301, 302, 303, 307 or 308 to `location`, which is percent-encoded where it must be. */
ASYNC_API int async_redirect(async_request *request, int status, const char *location);

/* ---- Sending a whole answer. 0, or an error: the peer is gone (-EPIPE, -ECONNRESET), it did not
 * take it in time, or it was prepared badly. ---- */

/* text/plain; charset=utf-8, unless another type was prepared. NULL is -EINVAL. */
ASYNC_API int await_respond_text(async_request *request, const char *text);
ASYNC_API int await_respond_html(async_request *request, const char *html);
/* The text may be cut by nothing but memory: -ENOMEM. */
ASYNC_API int await_respond_printf(async_request *request, const char *format, ...)
	ASYNC_PRINTF_(2, 3);
/* `size` bytes; type NULL: application/octet-stream. */
ASYNC_API int await_respond_data(async_request *request, const char *type, const void *data,
				 size_t size);
/* application/json (RFC 8259). Takes the reference, also on failure; NULL, as from a json_pack that
 * failed, is -EINVAL. */
ASYNC_API int await_respond_json(async_request *request, struct json_t *json);

/*
 * ---- Sending in pieces ----
 *
 * await_respond_begin sends the head: with the declared length, or else chunked (HTTP/1.1), or
 * until the connection closes (HTTP/1.0). await_respond_write suspends while the peer does not take
 * it. The body ends when the handler returns, if it has not been ended.
 */
ASYNC_API int await_respond_begin(async_request *request);
ASYNC_API int await_respond_write(async_request *request, const void *data, size_t size);
ASYNC_API int await_respond_writef(async_request *request, const char *format, ...)
	ASYNC_PRINTF_(2, 3);
ASYNC_API int await_respond_end(async_request *request);

/* Nothing was sent yet; all was. */
ASYNC_API bool async_respond_is_begun(const async_request *request);
ASYNC_API bool async_respond_is_ended(const async_request *request);
/* What was sent, for logs: the status, 0 before the head; bytes of body; seconds since the request
 * came, where the server has a log. */
ASYNC_API int async_answered_status(const async_request *request);
ASYNC_API uint64_t async_answered_bytes(const async_request *request);
ASYNC_API double async_answered_seconds(const async_request *request);

ASYNC_END_DECLS

#endif
