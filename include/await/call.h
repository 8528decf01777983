/* SPDX-License-Identifier: MIT */
/*
 * What a request of the HTTP client may bring beyond its method and URL.
 *
 *	async_call call = { .file = "photo.jpg", .type = "image/jpeg" };
 *	async_response *answer = await_http_request(session, "PUT", url, &call);
 */
#ifndef AWAIT_CALL_H
#define AWAIT_CALL_H

#include <await/source.h>
#include <await/tls.h>
#include <await/url.h>

ASYNC_BEGIN_DECLS

typedef struct async_http_field {
	const char *name, *value; /* value NULL: the automatic field of that name is left out */
} async_http_field;

/* Where a request is, or was when it failed. */
enum async_call_phase {
	ASYNC_CALL_REQUEST, /* being made from what was given: method, URL, fields, body */
	ASYNC_CALL_QUEUE,   /* waits for its turn in the pool */
	ASYNC_CALL_RESOLVE, /* the name of the host, or of its proxy */
	ASYNC_CALL_CONNECT,
	ASYNC_CALL_PROXY, /* asks the proxy for a tunnel */
	ASYNC_CALL_TLS,
	ASYNC_CALL_SEND,
	ASYNC_CALL_HEAD,     /* waits for the answer, and reads its head */
	ASYNC_CALL_REDIRECT, /* the answer led somewhere that it should not */
	ASYNC_CALL_RETRY,    /* waits before it is asked again, in await_http_retry */
	ASYNC_CALL_BODY,
	ASYNC_CALL_DONE, /* the body has been read to its end */
	ASYNC_CALL_PHASES
};
/* "connect" */
ASYNC_API const char *async_call_phase_name(enum async_call_phase phase);

/* What became of a request, for logs and to tell failures apart. */
typedef struct async_call_facts {
	enum async_call_phase phase;
	int error;			   /* what it failed with, a negative errno; or 0 */
	double seconds[ASYNC_CALL_PHASES]; /* in each phase, redirects and tries together */
	double total;			   /* of these */
	uint64_t sent, received;	   /* bytes of bodies: before coding, as they came */
	int tries, redirects;		   /* requests sent; redirects followed */
	bool reused;			   /* the last one went over a connection that was kept */
	bool upload_complete;		   /* the body was sent to its end */
	double since_;
} async_call_facts;

/*
 * Zero-filled is nothing. At most one of body, file, source and form; each is read again for a
 * redirect or a second try, unless it is a source that cannot be. What is pointed to stays the
 * caller's and is not used any more when the call returns, `facts` and `context` excepted.
 */
typedef struct async_call {
	/* In place of the session's and of automatic ones. Connection is written here; Upgrade is
	 * asked for by its field: async_response_take_stream. */
	const async_http_field *fields;
	size_t field_count;
	const async_http_field *query; /* added to the URL's; encoded here */
	size_t query_count;

	const void *body; /* `size` bytes */
	size_t size;
	const char *file; /* the path of a regular file, streamed */
	const async_source *source;
	struct async_form_data *form;
	const char *type; /* of the body; NULL: the form's, else application/octet-stream */
	/* Compress it: "gzip", "deflate", "br", "zstd"; it then goes in chunks. */
	const char *coding;
	bool chunked;	 /* in chunks though its size is known */
	bool repeatable; /* it does no harm twice, though it is a POST, say */
	bool expect;	 /* send it only after the server's 100 Continue, a 417, or 1 s */

	/* In place of the session's; 0 or NULL: as the session. */
	double total_seconds, stall_seconds, queue_seconds, connect_seconds, resolve_seconds;
	double tls_seconds, head_seconds, read_seconds;
	int redirects;
	async_tls *tls;		 /* it must outlive the session */
	const char *server_name; /* for TLS, in place of the URL's host */
	const char *proxy;	 /* as the session's; "": none */
	const struct async_client_middleware *middlewares;
	size_t middleware_count;

	void *context;		 /* the user's own, for traces and middlewares */
	async_call_facts *facts; /* kept up to date until the answer is freed, or the call failed */
} async_call;

/*
 * Fields and files of a form (WHATWG HTML 4.10.21), in their order. It is sent as
 * application/x-www-form-urlencoded, or, with a file or a type in it, as multipart/form-data (RFC
 * 7578). It can be sent several times. Texts are copied. -EINVAL: control bytes in a name; -ENOMEM.
 */
typedef struct async_form_data async_form_data;
typedef struct async_form_part {
	const char *name;
	const char *filename; /* NULL: a field, or the last part of `file` */
	const char *type;     /* NULL: guessed from the name of a file; none of a field */
	const void *data;     /* `size` bytes, copied */
	size_t size;
	const char *file;	    /* or the path of a file, opened when it is sent */
	const async_source *source; /* or of what is pointed to until the form is freed */
} async_form_part;

ASYNC_API async_form_data *async_form_data_new(void);
ASYNC_API int async_form_data_add(async_form_data *form, const char *name, const char *value);
ASYNC_API int async_form_data_add_file(async_form_data *form, const char *name, const char *path);
ASYNC_API int async_form_data_add_part(async_form_data *form, const async_form_part *part);
/* As multipart/form-data in any case. */
ASYNC_API void async_form_data_multipart(async_form_data *form);
/* NULL is allowed. */
ASYNC_API void async_form_data_free(async_form_data *form);

ASYNC_END_DECLS

#endif
