/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP server was asked: the message, whatever carried it. A request belongs to the task
 * that handles it, and to the time until its handler returns; so does every text here. Texts end in
 * a zero byte; they are never NULL unless it says so.
 */
#ifndef AWAIT_REQUEST_H
#define AWAIT_REQUEST_H

#include <time.h>
#include <await/source.h>

ASYNC_BEGIN_DECLS

typedef struct async_request async_request;
typedef struct async_app async_app;
struct json_t; /* <jansson.h> */

/* ---- The first line ---- */

/* "GET"; a token, case kept (RFC 9110, 9.1). */
ASYNC_API const char *async_request_method(const async_request *request);
/* As it was sent: "/caf%C3%A9?x=1", "http://host/path", "*". */
ASYNC_API const char *async_request_target(async_request *request);
/* The target's path, percent-decoded; with a zero byte inside it ends there: see target. */
ASYNC_API const char *async_request_path(async_request *request);
/* What follows the path's `?`, as sent; "". */
ASYNC_API const char *async_request_query(async_request *request);
/* The first value of that name in the query, decoded as forms are (+ is a blank); NULL: none. The
 * i-th of that name, from 0, by the second form. */
ASYNC_API const char *async_request_query_value(async_request *request, const char *name);
ASYNC_API const char *async_request_query_nth(async_request *request, const char *name, size_t i);
/* HTTP/1.minor: 0 or 1. */
ASYNC_API int async_request_minor(const async_request *request);

/* What the variable `name` of the route's pattern matched, decoded; NULL: no such variable. */
ASYNC_API const char *async_request_match(async_request *request, const char *name);
/* The same as a decimal number. -EINVAL when it is none or does not fit (a handler that returns
 * that answers 404: there is no such page). Numbers below zero: write them as text. */
ASYNC_API long async_request_match_int(async_request *request, const char *name);

/* ---- Fields ---- */

/* The value of the first field of that name (letters of either case), or NULL. */
ASYNC_API const char *async_request_header(async_request *request, const char *name);
/* The i-th field line as sent: its name, and its value in *value; NULL past the last. */
ASYNC_API const char *async_request_header_at(async_request *request, size_t i, const char **value);
/* A cookie of that name (RFC 6265, 5.4), or NULL. */
ASYNC_API const char *async_request_cookie(async_request *request, const char *name);
/* The first field of that name as a date, in any of the three forms (RFC 9110, 5.6.7). -ENOENT: no
 * such field; -EINVAL: no date. */
ASYNC_API int async_request_date(const async_request *request, const char *name, time_t *time);
/* "text/html", in small letters, without parameters; "application/octet-stream" without the field.
 */
ASYNC_API const char *async_request_content_type(async_request *request);
/* Its charset parameter in small letters; "" without. */
ASYNC_API const char *async_request_charset(async_request *request);
/* Content-Length; 0 without a body; -1 for a body of unknown length. */
ASYNC_API int64_t async_request_length(const async_request *request);
ASYNC_API bool async_request_has_body(const async_request *request);

/* ---- Where it came from ---- */

/* What was set by async_request_set_host; the target's own; the Host field; else the socket's name.
 * With its port, when that was given. */
ASYNC_API const char *async_request_host(async_request *request);
/* "http" or "https". */
ASYNC_API const char *async_request_scheme(async_request *request);
/* The peer's address without its port: "127.0.0.1", "::1"; "unix:" for unix sockets. */
ASYNC_API const char *async_request_remote(async_request *request);
/* scheme://host/target */
ASYNC_API const char *async_request_url(async_request *request);
/* For middlewares behind a proxy that they trust: what the three above tell from now on. NULL
 * leaves one as it is. Nothing is ever taken from Forwarded or X-Forwarded-For by itself. 0 or
 * -ENOMEM. */
ASYNC_API int async_request_set_origin(async_request *request, const char *scheme, const char *host,
				       const char *remote);
/* What proxies say (RFC 7239): a parameter ("for", "by", "host", "proto") of the i-th element of all
 * Forwarded fields, the nearest proxy's being the last; NULL: none. Anybody can send that: believe
 * only as many of the last elements as there are proxies of one's own. */
ASYNC_API const char *async_request_forwarded(async_request *request, size_t i,
					      const char *parameter);
/* The connection, for its facts only: reading or writing it breaks the framing. NULL in
 * async_request_fake. */
ASYNC_API async_stream *async_request_stream(const async_request *request);
/* The application whose route was found. */
ASYNC_API async_app *async_request_app(const async_request *request);

/* Values along with the request, for middlewares and handlers: keys are addresses of static
 * objects. 0 or -ENOMEM; NULL where none was set. */
ASYNC_API int async_request_set_value(async_request *request, const void *key, void *value);
ASYNC_API void *async_request_value(const async_request *request, const void *key);
/* Memory that is freed when the request has been answered. NULL: -ENOMEM. */
ASYNC_API void *async_request_alloc(async_request *request, size_t size);
/* Have a function called then, newest first. -ENOMEM. */
ASYNC_API int async_request_on_end(async_request *request, void (*call)(void *arg), void *arg);

/* True once the server closes: a handler that finds this ends its stream of events. */
ASYNC_API bool async_request_is_ending(const async_request *request);

/*
 * ---- The body ----
 *
 * It is read only when asked for; the first call sends `100 Continue` to a peer that waits for it
 * (RFC 9110, 10.1.1). What is left when the handler returns is read and dropped, for as long as
 * the server lingers. A body in a content coding (gzip, deflate, br, zstd) is decoded. Errors:
 * -EBADMSG malformed (answered 400 if the handler returns it), -EMSGSIZE over a limit (413),
 * -EOPNOTSUPP a coding that is not known here (415), -ENODATA and -ECONNRESET the peer is gone,
 * -ETIME the peer was too slow (408).
 */

/* At least 1 byte into the caller's memory; 0 at the end. Any size of body. */
ASYNC_API ssize_t await_request_read(async_request *request, void *data, size_t size);
/* The same without a copy: valid until the next call. */
ASYNC_API ssize_t await_request_chunk(async_request *request, const char **data);
/* What is left of it, as the body of a request that goes on from here. */
ASYNC_API async_source async_request_source(async_request *request);
/* All of it, and a zero byte behind; kept, so that it may be asked for again. -EMSGSIZE: more than
 * the route's `body_bytes`, decoded. */
ASYNC_API ssize_t await_request_body(async_request *request, const char **data);
/* The same as text in UTF-8, whatever its charset is (UTF-8 without one); its size, since it may
 * hold zero bytes. -EINVAL: a charset that is not known here (415); -EILSEQ: it is no text in that
 * charset (400). */
ASYNC_API ssize_t await_request_text(async_request *request, const char **text);
/* The body as JSON; it must say that it is application/json or ends in +json (else -EINVAL, 415).
 * The request's own; NULL: async_error_code(), -EBADMSG for what is no JSON (400). */
ASYNC_API struct json_t *await_request_json(async_request *request);

ASYNC_END_DECLS

#endif
