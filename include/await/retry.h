/* SPDX-License-Identifier: MIT */
/*
 * Asking again: requests of the HTTP client that may do better at the next try, twice at once, or
 * no more often than a server likes. The first and the last are middlewares (<await/hook.h>):
 *
 *	async_rate rate = ASYNC_RATE(10, 10);
 *	async_client_middleware list[] = { { await_http_retry, NULL }, { await_http_throttle, &rate
 *} }; async_session_options options = { .middlewares = list, .middleware_count = 2 };
 */
#ifndef AWAIT_RETRY_H
#define AWAIT_RETRY_H

#include <await/client.h>
#include <await/sync.h>

ASYNC_BEGIN_DECLS

/* Zero-filled is the default. */
typedef struct async_retry_options {
	int tries;	      /* requests in all; 0: 4 */
	double first_seconds; /* before the second; then twice as long each time; 0: 0.5 */
	double most_seconds;  /* ... but no longer, Retry-After included; 0: 60 */
} async_retry_options;

/*
 * A middleware that asks again after what may go away by itself (async_retry_is_worth). It waits as
 * long as Retry-After says, or by the options, up to a half of it off at random: those who failed
 * together do not come back together. The last answer or failure is the caller's when the tries are
 * used up; when the wait would be longer than `most_seconds`, or than the time that the request
 * still has; when the body cannot be read again; and when the session has no second try left (its
 * option `retry_ratio`). `options`: async_retry_options that outlive the session; NULL: the
 * defaults. -EINVAL: options that are none.
 */
ASYNC_API async_response *await_http_retry(async_outgoing *request, void *options);

/*
 * A middleware for no more than so many requests in a time: each takes 1 out of the rate, which may
 * be shared by sessions of this loop. Inside of await_http_retry it counts each try.
 */
ASYNC_API async_response *await_http_throttle(async_outgoing *request, void *rate);

/*
 * As await_http_request, and asked a second time over another connection when `after_seconds` have
 * brought no answer: the first that comes is returned, the other is given up. Rare delays of a
 * server are cut short at the cost of a few more requests, which count as second tries (option
 * `retry_ratio`). A failure within that time is returned at once; afterwards the other one may
 * still do better. For what does no harm twice only, with no body, one in memory, or a file:
 * -EINVAL. The call's middlewares and traces see both, each in a task of its own.
 */
ASYNC_API async_response *await_http_hedge(async_session *session, const char *method,
					   const char *url, const async_call *call,
					   double after_seconds);

/* ---- For one's own loops ---- */

/* Whether a request with this method does no harm twice (RFC 9110, 9.2.2): GET, HEAD, OPTIONS,
 * TRACE, PUT, DELETE, QUERY. */
ASYNC_API bool async_method_is_idempotent(const char *method);
/*
 * After a failure (`error` < 0), or an answer of that status: whether it may go away by itself.
 * Always 429, 503, and connections that were refused or found no way: nothing was done. If it is
 * `safe`, which is to say that the request was not sent or does no harm twice, also 408, 502, 504,
 * connections that broke, and limits in time.
 */
ASYNC_API bool async_retry_is_worth(int error, int status, bool safe);
/* Seconds to wait after so many tries; at random, see await_http_retry. NULL: the defaults. */
ASYNC_API double async_retry_delay(const async_retry_options *options, int tries);
/* Seconds that the answer's Retry-After asks for (RFC 9110, 10.2.3), a number or a date; 0 for one
 * that has passed. < 0: it asks for nothing that can be understood. */
ASYNC_API double async_response_retry_after(async_response *response);

ASYNC_END_DECLS

#endif
