/* SPDX-License-Identifier: MIT */
/*
 * HTTP client (RFC 9110, 9112).
 *
 *	async_response *answer = await_http_get("https://example.org/");
 *
 *	printf("%d\n%s", async_response_status(answer), await_response_text(answer));
 *	async_response_free(answer);
 *
 * A session keeps connections, cookies and limits. Requests follow redirects, decode compressed
 * bodies, and are tried once more where that is safe: when a connection that was kept had been
 * closed meanwhile. <await/retry.h> has more tries.
 */
#ifndef AWAIT_CLIENT_H
#define AWAIT_CLIENT_H

#include <await/call.h>
#include <await/connect.h>
#include <await/hook.h>
#include <await/response.h>

ASYNC_BEGIN_DECLS

typedef struct async_session async_session;

/* Zero-filled is the default; every field may also be left out. Seconds: INFINITY is no limit.
 * Texts are copied; other things pointed to stay the caller's and must outlive the session. A
 * session is one loop's, the first that it is used on. */
typedef struct async_session_options {
	size_t connections;	/* at a time, the others wait in order; 0: 100 */
	size_t per_host;	/* ... to one host and port; 0: no limit of its own */
	double idle_seconds;	/* a connection is kept for so long; 0: 15; < 0: not at all */
	double total_seconds;	/* for a request, redirects and its body included; 0: no limit */
	double stall_seconds;	/* in which nothing moves, its turn in the pool apart; 0: 300 */
	double queue_seconds;	/* for its turn in the pool; 0: no limit */
	double connect_seconds; /* for connecting, what is in the next two included; 0: 30 */
	double resolve_seconds; /* for a name; 0: no limit of its own */
	double tls_seconds;	/* for a handshake; 0: no limit of its own */
	double head_seconds;	/* until the head of the answer, once all is sent; 0: the next */
	double read_seconds;	/* for each next piece of an answer; 0: no limit */
	int redirects;		/* so many are too many; -1: none are followed; 0: 10 */
	size_t body_bytes;	/* of an answer read as a whole, decoded; 0: 64 MiB */
	unsigned body_ratio;	/* how many times as large decoding may make it; 0: 1100 */
	size_t line_bytes;	/* of an answer's first line; 0: 8190 */
	size_t field_bytes;	/* of a field's line; 0: 8190 */
	size_t head_bytes;	/* of its head, and of all 1xx before it; 0: 65536 */
	size_t head_fields;	/* at most 128; 0: 128 */
	/* Second tries, those of <await/retry.h> too, as a part of all requests beyond the first 10
	 * of them; 0: 0.1; < 0: none. */
	double retry_ratio;
	bool keep_encoded;	/* Content-Encoding is left to the caller */
	bool check;		/* a status of 400 or more is an error, as async_response_check */
	const char *user_agent; /* NULL: "libawait" */
	const char *charset;	/* of texts that do not say; NULL: utf-8 */
	const char *base_url;	/* what URLs are relative to; its path ends in a slash */
	const async_http_field *fields; /* for every request; copied */
	size_t field_count;

	struct async_cookie_jar *cookies; /* <await/cookies.h>; NULL: one of its own */
	bool no_cookies;		  /* none are kept, none are sent */
	/* "http://[user:password@]host:port", https:, socks5:, socks4:; socks5h: and
	 * socks4a: resolve names themselves. */
	const char *proxy;
	const async_http_field *proxy_fields; /* for the proxy's CONNECT alone; copied */
	size_t proxy_field_count;
	/* Where nothing else is said: proxies by http_proxy, https_proxy, all_proxy but for
	 * no_proxy; logins by .netrc, or the file that NETRC names. */
	bool environment;

	const char *unix_path;		      /* connect there, whatever the URL says */
	const async_connect_options *connect; /* addresses: not for more than one host */
	/* In place of await_resolve. */
	int (*await_resolve)(const char *host, uint16_t port, async_addresses *addresses,
			     void *arg);
	void *resolve_arg;

	const async_client_middleware *middlewares; /* copied */
	size_t middleware_count;
	const async_trace *traces; /* copied; told in their order */
	size_t trace_count;

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
/* Close idle connections and wait until answers that are still open have been freed; requests that
 * wait for a connection fail with -ESHUTDOWN. Frees the session; after a cancel, which ends the
 * waiting, the last of its answers does, and what its options point to must live so long. NULL is
 * allowed. */
ASYNC_API int await_session_close(async_session *session);

/* Its cookies; NULL with `no_cookies`. */
ASYNC_API struct async_cookie_jar *async_session_cookies(async_session *session);

/*
 * Ask, and wait for the head of the answer. `method` is a token; `call` may be NULL. A user and
 * password in the URL are sent as basic authentication (RFC 7617), and taken out of the URL. The
 * caller frees the answer, also one of status 404. NULL, with async_error() and async_error_code();
 * where it failed is in the call's facts:
 *	-EINVAL, -EPROTONOSUPPORT	the URL, the method, a field
 *	-ETIMEDOUT	a limit, which the text names, as it does what was waited for
 *	-ELOOP		more redirects than allowed
 *	-EBADMSG, -EMSGSIZE	no HTTP, or more than is good
 *	-ECONNRESET, -ENODATA	the server hung up before it answered
 *	-EKEYREJECTED, -EKEYEXPIRED	its certificate
 *	-EREMOTEIO	its status, with the option `check`; a proxy's refusal
 *	-EACCES		a proxy wants a login, or another one
 *	others	of connecting, of names, of TLS, of the body's file or source
 */
ASYNC_API async_response *await_http_request(async_session *session, const char *method,
					     const char *url, const async_call *call);
/* GET in a session of this loop that all callers share, with the default options, without cookies.
 * It goes with the loop: what of an answer has not been read by then is -ESHUTDOWN. */
#define await_http_get(url) await_http_get_(url, await_stream_start_tls)
ASYNC_API async_response *
await_http_get_(const char *url, int (*start_tls)(async_stream *, async_tls *, const char *));
/* Any request in that session. */
#define await_http_fetch(method, url, call) \
	await_http_fetch_(method, url, call, await_stream_start_tls)
ASYNC_API async_response *
await_http_fetch_(const char *method, const char *url, const async_call *call,
		  int (*start_tls)(async_stream *, async_tls *, const char *));
/* In a session: GET, and POST of bytes. */
ASYNC_API async_response *await_session_get(async_session *session, const char *url);
ASYNC_API async_response *await_session_post(async_session *session, const char *url,
					     const char *type, const void *body, size_t size);
/* POST of JSON. Takes the reference, also on failure; NULL is -EINVAL. */
ASYNC_API async_response *await_session_post_json(async_session *session, const char *url,
						  struct json_t *json);

ASYNC_END_DECLS

#endif
