/* SPDX-License-Identifier: MIT */
/*
 * HTTP client (RFC 9110, 9112).
 *
 *	async_response *answer = await_http_get("https://example.org/");
 *
 *	printf("%d\n%s", async_response_status(answer), await_response_text(answer));
 *	async_response_free(answer);
 *
 * Calls given NULL for an answer, as from a request that failed, fail with what that failed with,
 *so that one look at the end is enough: async_response_status(NULL) is the error.
 *
 * A session keeps connections and limits. Requests follow redirects, decode compressed bodies, and
 * are tried once more where that is safe: when a connection that was kept had been closed
 *meanwhile.
 */
#ifndef AWAIT_CLIENT_H
#define AWAIT_CLIENT_H

#include <await/stream.h>
#include <await/tls.h>
#include <await/url.h>

ASYNC_BEGIN_DECLS

typedef struct async_session async_session;
typedef struct async_response async_response;
struct json_t; /* <jansson.h> */

typedef struct async_http_field {
	const char *name, *value;
} async_http_field;

/* Zero-filled is the default; every field may also be left out. Seconds: INFINITY is no limit. */
typedef struct async_session_options {
	size_t connections;	/* at a time, the others wait in order; 0: 100 */
	size_t per_host;	/* ... to one host and port; 0: no limit of its own */
	double idle_seconds;	/* a connection is kept for so long; 0: 15 */
	double total_seconds;	/* for a request, redirects and its body included; 0: 300 */
	double connect_seconds; /* for connecting, the TLS handshake included; 0: 30 */
	double read_seconds;	/* for each next piece of an answer; 0: no limit */
	int redirects;		/* -1: none are followed; 0: 10 */
	size_t body_bytes;	/* of an answer read as a whole, decoded; 0: 64 MiB */
	bool keep_encoded;	/* Content-Encoding is left to the caller */
	const char *user_agent; /* NULL: "libawait" */
	/* For https: ASYNC_CLIENT_TLS(tls), tls from async_tls_client, still the caller's, or NULL
	 * for the defaults: verified by the system's authorities. Without it https is refused. */
	async_tls *tls;
	int (*start_tls)(async_stream *stream, async_tls *tls, const char *host);
} async_session_options;
#define ASYNC_CLIENT_TLS(context) .tls = (context), .start_tls = await_stream_start_tls

/* Options may be NULL: then with ASYNC_CLIENT_TLS(NULL). NULL: -ENOMEM, -EINVAL. */
#define async_session_new(options) async_session_new_(options, await_stream_start_tls)
ASYNC_API async_session *async_session_new_(const async_session_options *options,
					    int (*start_tls)(async_stream *, async_tls *,
							     const char *));
/* Close idle connections and wait until answers that are still open have been freed. A cancel skips
 * the waiting: what is open then loses its connection. Frees the session. NULL is allowed. */
ASYNC_API int await_session_close(async_session *session);

/* What is asked for, beyond method and URL. Zero-filled is nothing. */
typedef struct async_call {
	const async_http_field *fields; /* in place of the automatic ones of the same name */
	size_t field_count;
	const void *body;
	size_t size;
	const char *type;     /* of the body; NULL: application/octet-stream */
	double total_seconds; /* 0: the session's */
} async_call;

/*
 * Ask, and wait for the head of the answer. `method` is a token; `call` may be NULL. A user and
 * password in the URL are sent as basic authentication (RFC 7617), and taken out of the URL. The
 *caller frees the answer, also one of status 404. NULL, with async_error() and async_error_code():
 *	-EINVAL, -EPROTONOSUPPORT	the URL, the method, a field
 *	-ETIMEDOUT	a limit, which the text names, as it does what was waited for
 *	-ELOOP		more redirects than allowed
 *	-EBADMSG, -EMSGSIZE	no HTTP, or more than is good
 *	-ECONNRESET, -ENODATA	the server hung up before it answered
 *	others	of connecting, of names, of TLS
 */
ASYNC_API async_response *await_http_request(async_session *session, const char *method,
					     const char *url, const async_call *call);
/* GET in a session of this loop that all callers share, with the default options. */
#define await_http_get(url) await_http_get_(url, await_stream_start_tls)
ASYNC_API async_response *
await_http_get_(const char *url, int (*start_tls)(async_stream *, async_tls *, const char *));
/* In a session: GET, and POST of bytes. */
ASYNC_API async_response *await_session_get(async_session *session, const char *url);
ASYNC_API async_response *await_session_post(async_session *session, const char *url,
					     const char *type, const void *body, size_t size);

/* POST of JSON. Takes the reference, also on failure; NULL is -EINVAL. */
ASYNC_API async_response *await_session_post_json(async_session *session, const char *url,
						  struct json_t *json);

/* Give the answer back. Its connection is kept if the body has been read, else closed. NULL is
 * allowed. */
ASYNC_API void async_response_free(async_response *response);

/* 100 to 999; of NULL: the error of the request that failed. */
ASYNC_API int async_response_status(const async_response *response);
/* 0 below 400; else -EREMOTEIO, with a text that has URL, status and reason. */
ASYNC_API int async_response_check(async_response *response);
ASYNC_API const char *async_response_reason(async_response *response);
/* The first field of that name, or NULL; the i-th line, as async_request_header_at. */
ASYNC_API const char *async_response_header(async_response *response, const char *name);
ASYNC_API const char *async_response_header_at(async_response *response, size_t i,
					       const char **value);
/* Where it came from in the end, and how many redirects that took. */
ASYNC_API const char *async_response_url(const async_response *response);
ASYNC_API int async_response_redirects(const async_response *response);
/* Content-Length as sent; -1: not said. */
ASYNC_API int64_t async_response_length(const async_response *response);

/*
 * The body, decoded. -ETIMEDOUT: a limit; -ENODATA: it was cut short; -EBADMSG: malformed, in its
 * framing or its coding; -EMSGSIZE: larger than `body_bytes`.
 */
/* At least 1 byte; 0 at the end. Any size of body, in constant memory. */
ASYNC_API ssize_t await_response_read(async_response *response, void *data, size_t size);
/* The same without a copy: valid until the next call. */
ASYNC_API ssize_t await_response_chunk(async_response *response, const char **data);
/* All of it, kept until the answer is freed, a zero byte behind. */
ASYNC_API ssize_t await_response_body(async_response *response, const char **data);
/* The same as text, as it was sent; NULL: async_error(). */
ASYNC_API const char *await_response_text(
	async_response
		*response); /* The body as JSON, the answer's own. NULL, and async_error_code():
			     * -EINVAL when it does not say that it is application/json or ends in
			     * +json, -EBADMSG for what is no JSON. */
ASYNC_API struct json_t *await_response_json(async_response *response);

ASYNC_END_DECLS

#endif
