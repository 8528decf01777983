/* SPDX-License-Identifier: MIT */
/*
 * A cookie jar (RFC 6265bis): keeps what servers set, and says what goes with a request. Sessions
 *of one loop may share it, and it can be saved to a file.
 *
 *	async_cookie_jar *jar = async_cookie_jar_new(NULL);
 *
 *	await_cookie_jar_load(jar, "cookies.json");
 *	...
 *	await_cookie_jar_save(jar, "cookies.json");
 *	async_cookie_jar_free(jar);
 *
 * A jar belongs to one loop or thread at a time. Cookies that have expired are never seen.
 */
#ifndef AWAIT_COOKIES_H
#define AWAIT_COOKIES_H

#include <await/url.h>

ASYNC_BEGIN_DECLS

typedef struct async_cookie_jar async_cookie_jar;

/* Zero-filled is the default; every field may also be left out. Over a limit the cookies go that
 * were not used for the longest time; of one domain those that are not Secure go first. */
typedef struct async_cookie_jar_options {
	bool addresses;	   /* keep cookies of hosts that are IP addresses, too */
	size_t per_domain; /* cookies; 0: 180 */
	size_t cookies;	   /* in all; 0: 3000 */
	size_t file_bytes; /* of a file that is loaded; 0: 64 MiB */
	/* Origins that count as secure though they are http: "http://localhost:8080". NULL: none;
	 * else the last one is followed by NULL. Copied. */
	const char *const *secure_origins;
} async_cookie_jar_options;

/* A cookie in a jar. Texts are the jar's, as they came, and end in a zero. SameSite and HttpOnly
 * are about pages and scripts, and kept for those who look at them. */
typedef struct async_jar_cookie {
	const char *name, *value; /* the name may be empty */
	const char *domain;	  /* "example.org", "::1" */
	const char *path;	  /* begins with a slash */
	double expires;		  /* seconds since 1970; INFINITY: never by itself */
	bool host_only;		  /* goes to the domain itself only, not to what is below it */
	bool secure, http_only, partitioned;
	const char *same_site; /* "Lax", "Strict" or "None"; NULL: not said */
	void *at_;
} async_jar_cookie;

/* Options may be NULL. NULL: -ENOMEM, or the failure of async_url_parse for a secure origin. */
ASYNC_API async_cookie_jar *async_cookie_jar_new(const async_cookie_jar_options *options);
/* NULL is allowed. */
ASYNC_API void async_cookie_jar_free(async_cookie_jar *jar);

/*
 * What a Set-Cookie field in the answer to a request for `url` asks for: a cookie is kept, replaced,
 * or removed by a date in the past. Max-Age counts, or else Expires; both reach at most 400 days
 * ahead. 0, also for a cookie that has nothing to be removed; a cookie that is not kept leaves the
 * others alone:
 *	-EINVAL		it is none, has control bytes, or more than 4096 bytes of name and value
 *	-EACCES		its domain is not the URL's host or above it, is a public suffix such as
 *			"co.uk" (by libpsl; without it: has no dot), or an address without the
 *			option `addresses`; or __Host-, __Secure- or Secure ask for more
 *	-ENOMEM
 */
ASYNC_API int async_cookie_jar_set(async_cookie_jar *jar, const async_url *url,
				   const char *set_cookie, size_t size);
/*
 * By hand: a cookie of the URL's host for all its paths, until the jar is freed; Secure if the URL
 * is, so that it does not leave TLS. What a cookie may not hold is quoted, so that
 * async_request_cookie and the like read `value`. -EINVAL for names that are no token and control
 * bytes, -EMSGSIZE over 4096 bytes, -EACCES and -ENOMEM as above.
 */
ASYNC_API int async_cookie_jar_add(async_cookie_jar *jar, const async_url *url, const char *name,
				   const char *value);

/*
 * The Cookie field of a request for the URL, "a=1; b=2", the longest path first, then the oldest
 * (RFC 6265bis, 5.8.3): 0, and *field is the caller's to free, or NULL where none goes along.
 * -ENOMEM, -EINVAL without a jar or a URL.
 */
ASYNC_API int async_cookie_jar_field(async_cookie_jar *jar, const async_url *url, char **field);

/*
 * All cookies, the oldest first, while the jar is not changed:
 *
 *	async_jar_cookie cookie = { 0 };
 *	while (async_cookie_jar_next(jar, &cookie))
 *		printf("%s=%s\n", cookie.name, cookie.value);
 */
ASYNC_API bool async_cookie_jar_next(async_cookie_jar *jar, async_jar_cookie *cookie);
ASYNC_API size_t async_cookie_jar_count(async_cookie_jar *jar);

ASYNC_API void async_cookie_jar_clear(async_cookie_jar *jar);
/* Those for which `match` says so; it must not touch the jar. How many went. */
ASYNC_API size_t async_cookie_jar_clear_if(async_cookie_jar *jar,
					   bool (*match)(const async_jar_cookie *cookie, void *arg),
					   void *arg);
/* Those of a domain and what is below it. How many went. */
ASYNC_API size_t async_cookie_jar_clear_domain(async_cookie_jar *jar, const char *domain);

/*
 * The jar as a file of JSON that only its owner may read (mode 0600), replaced in one step as
 * await_write_file does: cookies are credentials. 0; that call's failures; -ENOMEM.
 * -EOPNOTSUPP when the library was built without jansson.
 */
ASYNC_API int await_cookie_jar_save(async_cookie_jar *jar, const char *path);
/*
 * Put the cookies of such a file into the jar, beside and in place of those it has. Returns how
 * many were kept; entries that are no cookies are passed over. -ENOENT and the other failures of
 * await_read_file; -EBADMSG for a file that is none of a jar; -EFBIG over `file_bytes`; -ENOMEM;
 * -EOPNOTSUPP.
 */
ASYNC_API ssize_t await_cookie_jar_load(async_cookie_jar *jar, const char *path);

ASYNC_END_DECLS

#endif
