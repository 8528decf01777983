/* SPDX-License-Identifier: MIT */
/*
 * Answers that the HTTP client got. Calls given NULL for one, as from a request that failed, fail
 * with what that failed with, so that one look at the end is enough: async_response_status(NULL) is
 * the error. Texts are valid until the answer is freed.
 */
#ifndef AWAIT_RESPONSE_H
#define AWAIT_RESPONSE_H

#include <await/source.h>

ASYNC_BEGIN_DECLS

typedef struct async_response async_response;
struct json_t; /* <jansson.h> */

/* Give the answer back. Its connection is kept if the body has been read, else closed. NULL is
 * allowed. */
ASYNC_API void async_response_free(async_response *response);

/* 100 to 999; of NULL: the error of the request that failed. */
ASYNC_API int async_response_status(const async_response *response);
/* 0 below 400; else -EREMOTEIO, with a text that has URL, status and reason. */
ASYNC_API int async_response_check(async_response *response);
ASYNC_API const char *async_response_reason(async_response *response);
/* 10 or 11, for HTTP/1.0 and 1.1. */
ASYNC_API int async_response_version(const async_response *response);

/* The first field of that name, or NULL; the i-th line, as async_request_header_at. */
ASYNC_API const char *async_response_header(async_response *response, const char *name);
ASYNC_API const char *async_response_header_at(async_response *response, size_t i,
					       const char **value);
/* The i-th field of that name, from 0. */
ASYNC_API const char *async_response_header_nth(async_response *response, const char *name,
						size_t i);
/* Behind a body in chunks, once it was read to its end: as async_response_header. */
ASYNC_API const char *async_response_trailer(async_response *response, const char *name);

/* "text/html", in small letters; "application/octet-stream" when it does not say. Its charset in
 * small letters; "" without. */
ASYNC_API const char *async_response_content_type(async_response *response);
ASYNC_API const char *async_response_charset(async_response *response);
/* The file name of Content-Disposition (RFC 6266), without directories; NULL: none. */
ASYNC_API const char *async_response_filename(async_response *response);
/* Where a Link field of that relation leads (RFC 8288), joined to the answer's URL; NULL: none. */
ASYNC_API const char *async_response_link(async_response *response, const char *relation);
/* Content-Length as sent; -1: not said. */
ASYNC_API int64_t async_response_length(const async_response *response);

/* Where it came from in the end, by which method. */
ASYNC_API const char *async_response_url(const async_response *response);
ASYNC_API const char *async_response_method(const async_response *response);
/* How many redirects that took; the status and URL of the i-th answer on the way; NULL past them. */
ASYNC_API int async_response_redirects(const async_response *response);
ASYNC_API const char *async_response_history(const async_response *response, int i, int *status);
/* The server's address, "127.0.0.1:80", as long as there is something to read; then "". */
ASYNC_API const char *async_response_peer(async_response *response);

/*
 * The body, decoded. -ETIMEDOUT: a limit; -ENODATA: it was cut short; -EBADMSG: malformed, in its
 * framing or its coding; -EMSGSIZE: larger than the session's `body_bytes` or `body_ratio` allow.
 */
/* At least 1 byte; 0 at the end. Any size of body, in constant memory. */
ASYNC_API ssize_t await_response_read(async_response *response, void *data, size_t size);
/* The same without a copy: valid until the next call. */
ASYNC_API ssize_t await_response_chunk(async_response *response, const char **data);
/* For reading by line, by amount, up to a separator: a stream that is the answer's own. */
ASYNC_API async_stream *async_response_stream(async_response *response);
/* What has not been read of it, as the body of another request; all of it, and more than once,
 * after it was read as a whole. */
ASYNC_API async_source async_response_source(async_response *response);

/*
 * After 101 (RFC 9110, 7.8), or 2xx to CONNECT, which have no body: the connection, with what came
 * behind the head, now the caller's to close. No limit of the request or session counts for it any
 * more, and it may outlive both; a TLS context of one's own must outlive it. Untaken, it is closed
 * with the answer. NULL: -EINVAL of other answers, and when it was taken before.
 */
ASYNC_API async_stream *async_response_take_stream(async_response *response);

/* All of it, kept until the answer is freed, a zero byte behind. */
ASYNC_API ssize_t await_response_body(async_response *response, const char **data);
/* The same as text in UTF-8, whatever its charset is, without a byte order mark; an unknown one, and
 * none, is the session's `charset`. NULL: async_error(); -EILSEQ: it is no text in that charset. */
ASYNC_API const char *await_response_text(async_response *response);
/* The body as JSON, the answer's own. NULL, and async_error_code(): -EINVAL when it does not say
 * that it is application/json or ends in +json, -EBADMSG for what is no JSON. */
ASYNC_API struct json_t *await_response_json(async_response *response);
/* The same whatever type it says; an empty body is null. */
ASYNC_API struct json_t *await_response_any_json(async_response *response);
/* Write it to a file as it comes, in one step and as await_write_file does: whoever reads the file
 * sees all of it or what was there before. How many bytes. */
ASYNC_API int64_t await_response_save(async_response *response, const char *path);

ASYNC_END_DECLS

#endif
