/* SPDX-License-Identifier: MIT */
/* Hooks into the HTTP client: middlewares, which may change what is asked and what is answered, and
 * traces, which look on. */
#ifndef AWAIT_HOOK_H
#define AWAIT_HOOK_H

#include <await/call.h>

ASYNC_BEGIN_DECLS

typedef struct async_response async_response;

/*
 * A request that is about to be sent, in the hands of a middleware. A middleware wraps each request,
 * also the ones that follow a redirect and second tries; the first of the list is the outermost.
 *
 *	static async_response *await_patiently(async_outgoing *request, void *arg)
 *	{
 *		async_response *answer = await_outgoing_next(request);
 *
 *		while (async_response_status(answer) == 503 && !await_sleep(1)) {
 *			async_response_free(answer);
 *			answer = await_outgoing_next(request);
 *		}
 *		return answer;
 *	}
 */
typedef struct async_outgoing async_outgoing;
typedef struct async_client_middleware {
	async_response *(*await_handle)(async_outgoing *request, void *arg);
	void *arg;
} async_client_middleware;

/* Pass it on, as often as is wanted; the answer is the caller's. NULL: it failed. */
ASYNC_API async_response *await_outgoing_next(async_outgoing *request);
/* An answer that nobody sent: texts and body are copied. NULL: -ENOMEM, -EINVAL. */
ASYNC_API async_response *async_outgoing_answer(async_outgoing *request, int status,
						const async_http_field *fields, size_t field_count,
						const void *body, size_t size);

ASYNC_API const char *async_outgoing_method(const async_outgoing *request);
ASYNC_API const async_url *async_outgoing_url(const async_outgoing *request);
/* The value of the first field of that name that was set, or NULL. Automatic ones are added later. */
ASYNC_API const char *async_outgoing_header(const async_outgoing *request, const char *name);
/* The bytes of a body that is in memory, and their number; NULL of others. */
ASYNC_API const void *async_outgoing_body(const async_outgoing *request, size_t *size);
/* async_call's. */
ASYNC_API void *async_outgoing_context(const async_outgoing *request);
/* Redirects that led here. */
ASYNC_API int async_outgoing_redirects(const async_outgoing *request);

/* Changes, from here on inwards. Texts are copied; a body is borrowed until the request has ended.
 * 0; -EINVAL, -ENOMEM and others of URLs. */
ASYNC_API int async_outgoing_set_method(async_outgoing *request, const char *method);
/* Relative to the one there is. To another origin Authorization, Proxy-Authorization, Host and
 * Cookie stay behind, as in a redirect, and the jar's cookies for that one come instead; what is
 * meant for it is set afterwards. */
ASYNC_API int async_outgoing_set_url(async_outgoing *request, const char *url);
/* Replace all of that name; value NULL: none. */
ASYNC_API int async_outgoing_set_header(async_outgoing *request, const char *name,
					const char *value);
ASYNC_API int async_outgoing_add_header(async_outgoing *request, const char *name,
					const char *value);
ASYNC_API int async_outgoing_set_body(async_outgoing *request, const char *type, const void *body,
				      size_t size);

/*
 * Digest authentication (RFC 7616; servers of RFC 2617, too) as a middleware:
 *
 *	async_client_middleware middleware = { await_digest, async_digest_new("me", "secret") };
 *
 * The first request is answered 401 and asked again; those that follow bring the login along, as
 * far as the server said that it is good for them. It goes to the first origin asked, and to those
 * that this one's challenge names (`domain`). A server that proves itself by a wrong `rspauth` is
 * -EBADMSG. NULL: -ENOMEM, -EOPNOTSUPP where the library was built without libcrypto.
 */
typedef struct async_digest async_digest;
ASYNC_API async_digest *async_digest_new(const char *user, const char *password);
ASYNC_API async_response *await_digest(async_outgoing *request, void *digest);
/* NULL is allowed. */
ASYNC_API void async_digest_free(async_digest *digest);

/* What a trace is told, in the order in which it happens. */
enum async_trace_what {
	ASYNC_TRACE_REQUEST_START,
	ASYNC_TRACE_REQUEST_HEADERS_SENT,
	ASYNC_TRACE_REQUEST_CHUNK_SENT, /* `size` bytes of the body */
	ASYNC_TRACE_REQUEST_REDIRECT,	/* `status`; `url` is where it leads */
	ASYNC_TRACE_REQUEST_END,	/* `status`: its head has come */
	ASYNC_TRACE_REQUEST_EXCEPTION,	/* `error` */
	ASYNC_TRACE_RESPONSE_CHUNK_RECEIVED,
	ASYNC_TRACE_CONNECTION_QUEUED_START,
	ASYNC_TRACE_CONNECTION_QUEUED_END,
	ASYNC_TRACE_CONNECTION_CREATE_START,
	ASYNC_TRACE_CONNECTION_CREATE_END,
	ASYNC_TRACE_CONNECTION_REUSE,
	ASYNC_TRACE_DNS_RESOLVE_START, /* `host` */
	ASYNC_TRACE_DNS_RESOLVE_END,
};
typedef struct async_trace_event {
	enum async_trace_what what;
	double time;   /* async_now() */
	void *context; /* async_call's */
	const char *method, *url;
	const char *host; /* of names */
	size_t size;	  /* of chunks */
	int status, error;
} async_trace_event;

/* Called in the request's task, and may wait. What an event points to is valid in the call only. */
typedef struct async_trace {
	void (*tell)(const async_trace_event *event, void *arg);
	void *arg;
} async_trace;

ASYNC_END_DECLS

#endif
