/* SPDX-License-Identifier: MIT */
/*
 * URLs of the schemes http, https, ws and wss, by the WHATWG URL standard: what a browser takes for
 * a URL is one here, and means the same. Percent-encoding and queries go with them. Nothing here
 * waits or needs a loop. In the library await-http, which `pkg-config await` and CMake's
 * await::await bring.
 *
 * A URL is kept as one text, normalised once: schemes and hosts in small letters, "." and ".."
 * resolved, default ports left out, IDNA applied, the standard's characters percent-encoded.
 * Percent signs that are there already stay, so nothing is ever encoded twice. Text is UTF-8; a
 * byte that is not is refused in a host and percent-encoded as it is elsewhere.
 */
#ifndef AWAIT_URL_H
#define AWAIT_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <await/base.h>

ASYNC_BEGIN_DECLS

/* The longest URL unless async_url_options says otherwise, in bytes, before and after normalising. */
#define ASYNC_URL_LIMIT_BYTES 65536

enum async_url_scheme { ASYNC_URL_HTTP, ASYNC_URL_HTTPS, ASYNC_URL_WS, ASYNC_URL_WSS };
enum async_host_kind { ASYNC_HOST_DOMAIN, ASYNC_HOST_IPV4, ASYNC_HOST_IPV6 };

/* A piece of a text that somebody else owns, not terminated. data is NULL where there is none: "/?"
 * has an empty query, "/" has none. */
typedef struct async_url_part {
	const char *data;
	size_t size;
} async_url_part;

/* For "%.*s": printf("%.*s\n", ASYNC_URL_PART(async_url_path(&url))). */
#define ASYNC_URL_PART(part_) (int)(part_).size, (part_).data

/* Read the fields, change them by functions. Zero-filled is no URL: async_url_free takes it,
 * nothing else does. */
typedef struct async_url {
	char *href;	   /* the whole, ending in a zero; the struct owns it */
	uint32_t size;	   /* of href, in bytes */
	uint16_t port;	   /* the scheme's where the text names none */
	uint8_t scheme;	   /* enum async_url_scheme */
	uint8_t host_kind; /* enum async_host_kind */
	/* Offsets in href. */
	uint32_t username_end_, host_, host_end_, path_, query_, fragment_;
	uint32_t limit_;
} async_url;

/* Zero-filled is the default. */
typedef struct async_url_options {
	const async_url *base; /* what a relative text is relative to; NULL: nothing */
	size_t limit_bytes;    /* 0: ASYNC_URL_LIMIT_BYTES; the URL keeps it for later changes */
} async_url_options;

/*
 * From text to a URL, relative to base, which may be NULL (WHATWG URL 4.4; for these schemes RFC
 * 3986 5.3 with more forgiveness). Spaces and control characters around the text, and tabs and
 * newlines inside, do not count. The base gives what the text leaves out, its limit included, but
 * never its fragment. On success *url is the caller's to free; on failure it is zero-filled. *url
 * must not be *base: see async_url_join.
 *
 * -EINVAL with a text that names the part and the byte; -EPROTONOSUPPORT for any other scheme;
 * -EMSGSIZE over the limit; -ENOTSUP for a host beyond ASCII when the library was built without
 * libidn2; -ENOMEM.
 */
ASYNC_API int async_url_parse(const char *text, const async_url *base, async_url *url);
/* The same for text with a length, which may hold zeros. options may be NULL. */
ASYNC_API int async_url_parse_bytes(const char *text, size_t size, const async_url_options *options,
				    async_url *url);
/* Make *url what text means when it stands in *url, as a link does. Failures as async_url_parse;
 * *url is then unchanged. */
ASYNC_API int async_url_join(async_url *url, const char *text);
/* The same for a redirect's Location, which keeps the fragment unless it has one (RFC 9110 10.2.2).
 */
ASYNC_API int async_url_redirect(async_url *url, const char *location);
ASYNC_API int async_url_copy(const async_url *from, async_url *url);
/* Free what it holds and make it zero-filled; NULL is allowed. */
ASYNC_API void async_url_free(async_url *url);

/*
 * Pieces of url->href, valid until url changes. All are as in the text, percent-encoded:
 * async_percent_decode for the bytes they stand for.
 */
ASYNC_API async_url_part async_url_scheme(const async_url *url);    /* "https" */
ASYNC_API async_url_part async_url_username(const async_url *url);  /* NULL: no credentials */
ASYNC_API async_url_part async_url_password(const async_url *url);  /* NULL: none */
ASYNC_API async_url_part async_url_host(const async_url *url);	    /* "a.example", "[::1]" */
ASYNC_API async_url_part async_url_host_bare(const async_url *url); /* "::1", without brackets */
ASYNC_API async_url_part async_url_authority(const async_url *url); /* for Host: "a.example:81" */
ASYNC_API async_url_part async_url_path(const async_url *url);	    /* "/x", never empty */
ASYNC_API async_url_part async_url_query(const async_url *url);	    /* without "?"; NULL: none */
ASYNC_API async_url_part async_url_fragment(const async_url *url);  /* without "#"; NULL: none */
ASYNC_API async_url_part async_url_target(const async_url *url);    /* "/x?y", what is requested */
ASYNC_API async_url_part async_url_unfragmented(const async_url *url); /* all but the fragment */

/* A copy of a piece, ending in a zero; the caller frees it. NULL with -ENOMEM's text. */
ASYNC_API char *async_url_part_copy(async_url_part part);
/* "https://a.example:81", without a default port; the caller frees it. NULL: -ENOMEM. */
ASYNC_API char *async_url_origin(const async_url *url);
/* "a.example:443", always with a port: what await_tcp_connect takes. The caller frees it. */
ASYNC_API char *async_url_address(const async_url *url);

/* https or wss. */
ASYNC_API bool async_url_is_secure(const async_url *url);
/* Same scheme, host and port: the border at which credentials and cookies stop. */
ASYNC_API bool async_url_same_origin(const async_url *a, const async_url *b);
/* The same text, so the same resource; fragments may be left out of it. */
ASYNC_API bool async_url_equal(const async_url *a, const async_url *b, bool without_fragments);

/*
 * Changes. What a URL may not hold is percent-encoded. 0, -ENOMEM or -EMSGSIZE; on failure the URL
 * is unchanged. Pieces got before are no longer valid.
 */
/* NULL or "": none. One leading "?" ("#") is skipped, tabs and newlines too, as the standard's
 * setters do. */
ASYNC_API int async_url_set_query(async_url *url, const char *query);
ASYNC_API int async_url_set_fragment(async_url *url, const char *fragment);
/* Behind the query that is there, joined by "&": an async_query's data. NULL or "": nothing. */
ASYNC_API int async_url_append_query(async_url *url, const char *query);
/* The same for one pair, encoded as a form field: nothing in name or value ends it early. */
ASYNC_API int async_url_add_query(async_url *url, const char *name, const char *value);
/* For showing it, and for a request's target: credentials travel in a header. */
ASYNC_API void async_url_remove_credentials(async_url *url);
ASYNC_API void async_url_remove_fragment(async_url *url);

/* What is encoded (WHATWG URL 1.3): control characters and all beyond "~", and these. Each set
 * contains the one before, QUERY apart, which has "#" for FRAGMENT's "`". */
enum async_percent_set {
	ASYNC_PERCENT_CONTROL,	     /* nothing else */
	ASYNC_PERCENT_FRAGMENT,	     /* space " < > ` */
	ASYNC_PERCENT_QUERY,	     /* space " # < > */
	ASYNC_PERCENT_SPECIAL_QUERY, /* and ' */
	ASYNC_PERCENT_PATH,	     /* QUERY and ? ^ ` { } */
	ASYNC_PERCENT_USERINFO,	     /* and / : ; = @ [ \ ] | */
	ASYNC_PERCENT_COMPONENT,     /* and $ % & + , as encodeURIComponent */
	ASYNC_PERCENT_FORM,	     /* and ! ' ( ) ~, and space as "+" */
};

/* Ends in a zero, the caller frees it. NULL: -ENOMEM, or -EINVAL for no such set. Only COMPONENT
 * and FORM encode "%" itself, so only they can be undone. */
ASYNC_API char *async_percent_encode(const char *data, size_t size, enum async_percent_set set);
/* Writes what data stands for to `to`, which holds size bytes and may be data itself, and returns
 * how many bytes that are. A "%" without two digits stays; no zero is appended. */
ASYNC_API size_t async_percent_decode(char *to, const char *data, size_t size);

/*
 * A query or a form's body being put together (application/x-www-form-urlencoded, WHATWG URL 5).
 * Zero-filled is empty. data ends in a zero and is NULL before the first pair. Failures: -ENOMEM.
 */
typedef struct async_query {
	char *data;
	size_t size, capacity_;
} async_query;

ASYNC_API int async_query_add(async_query *query, const char *name, const char *value);
ASYNC_API int async_query_add_bytes(async_query *query, const char *name, size_t name_size,
				    const char *value, size_t value_size);
/* For numbers: async_query_addf(&query, "page", "%d", 3). */
ASYNC_API int async_query_addf(async_query *query, const char *name, const char *format, ...)
	ASYNC_PRINTF_(3, 4);
ASYNC_API void async_query_free(async_query *query);

/* The way back: decoded pairs in their order. Each text ends in a zero that is not counted, and may
 * hold others. */
typedef struct async_query_pair {
	const char *name, *value;
	size_t name_size, value_size;
} async_query_pair;
typedef struct async_query_reader {
	char *text_, *next_, *end_;
} async_query_reader;

/* Copies data. 0 or -ENOMEM. */
ASYNC_API int async_query_read(async_query_reader *reader, const char *data, size_t size);
/* false: no more. A pair is valid until async_query_end. */
ASYNC_API bool async_query_next(async_query_reader *reader, async_query_pair *pair);
ASYNC_API void async_query_end(async_query_reader *reader);

ASYNC_END_DECLS

#endif
