/* SPDX-License-Identifier: MIT */
/*
 * Cookies on the wire (RFC 6265bis): reading the Cookie field, which never loses the others for one
 * that is bad; writing Set-Cookie, which refuses what would end up as something else; and reading
 * it, by the lenient rules that all clients follow. Keeping cookies is the client's business.
 */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <time.h>
#include "http/head.h"

enum {
	/* RFC 6265bis, 5.6: what is larger is not kept by clients. */
	HTTP_COOKIE_BYTES = 4096,	    /* of name and value together */
	HTTP_COOKIE_ATTRIBUTE_BYTES = 1024, /* of an attribute's value */
	HTTP_COOKIE_AGE_MAX = 400 * 86400,  /* seconds; 5.5 */
};

/* What a cookie's name promises, in letters of either case (RFC 6265bis, 4.1.3). */
enum http_cookie_promise {
	HTTP_COOKIE_NOTHING,
	HTTP_COOKIE_SECURE, /* __Secure- */
	HTTP_COOKIE_HOST,   /* __Host- */
};
enum http_cookie_promise http_cookie_promise(const char *name, size_t size);
/* Without a name it would be sent as if its value began with one: does that promise something? */
bool http_cookie_is_disguised(size_t name_size, const char *value, size_t value_size);

/* A cookie of a request. */
struct http_cookie {
	const char *name, *value; /* in the block; the value as it was sent, quotes included */
	size_t name_size, value_size;
};

struct http_cookies {
	const struct http_fields *fields;
	const char *data;
	const struct http_field *field;
	uint32_t at;
};

/* All cookies of all Cookie fields. What is no pair, or has a name that is no token, is passed
 * over. The same name may come again: the first one has the longest path. */
void http_cookies_begin(struct http_cookies *cookies, const struct http_fields *fields,
			const char *data);
bool http_cookies_next(struct http_cookies *cookies, struct http_cookie *cookie);
/* The first cookie of that name; case counts. */
bool http_cookie_find(const struct http_fields *fields, const char *data, const char *name,
		      struct http_cookie *cookie);
/* What the value stands for: without quotes and, inside them, escapes. `room` has value_size bytes.
 * Returns its size. */
size_t http_cookie_value(const struct http_cookie *cookie, char *room);

enum http_same_site {
	HTTP_SAME_SITE_DEFAULT, /* not said: clients take Lax */
	HTTP_SAME_SITE_STRICT,
	HTTP_SAME_SITE_LAX,
	HTTP_SAME_SITE_NONE,
};

/* A cookie of a response, to be written. */
struct http_cookie_options {
	const char *name, *value;
	const char *path;   /* NULL: "/"; "": not said, the request's directory */
	const char *domain; /* NULL: this host alone */
	bool has_expires, has_max_age;
	time_t expires;
	int64_t max_age; /* seconds; 0 or less: the cookie goes */
	bool secure, http_only, partitioned;
	enum http_same_site same_site;
};

/*
 * The value of Set-Cookie, and a NUL. A value with bytes that cookies may not hold is quoted and
 * escaped as http_cookie_value undoes. Returns its length; -ENOBUFS when it does not fit, -EMSGSIZE
 * over HTTP_COOKIE_BYTES, -EINVAL for control bytes, for semicolons in attributes, and for what
 * clients would drop without a word: __Secure- and __Host- names, SameSite=None or Partitioned
 * without what they need.
 */
ssize_t http_cookie_write(char *text, size_t size, const struct http_cookie_options *options);

/* A cookie of a response, as it was read. Texts lie in what was parsed. */
struct http_set_cookie {
	struct http_slice name, value; /* the name may be empty */
	struct http_slice domain; /* without a leading dot, not lowered; empty: this host alone */
	struct http_slice path;	  /* begins with a slash; empty: the default path */
	bool has_expires, has_max_age;
	time_t expires;
	int64_t max_age; /* at most HTTP_COOKIE_AGE_MAX */
	bool secure, http_only, partitioned;
	enum http_same_site same_site;
};

/* The value of one Set-Cookie field. false: such a cookie is not to be kept. */
bool http_set_cookie_parse(const char *text, size_t size, struct http_set_cookie *cookie);

/* RFC 6265, 5.1.1: any text with a time, a day, a month and a year. */
bool http_cookie_date_parse(const char *text, size_t size, time_t *time);

/* Whether a host is an address, an IPv6 one in brackets or not. */
bool http_cookie_host_is_address(const char *host, size_t size);
/* 5.1.3: the host is the domain or, not being an address, ends in it. Letters of either case. */
bool http_cookie_domain_match(const char *host, size_t host_size, const char *domain,
			      size_t domain_size);
/* 5.1.4: the request's path is the cookie's or lies below it. */
bool http_cookie_path_match(const char *path, size_t path_size, const char *cookie_path,
			    size_t cookie_path_size);
/* How many bytes of a request's path are its cookies' default path, which is "/" when that is 0. */
size_t http_cookie_default_path(const char *path, size_t size);

#endif
