/* SPDX-License-Identifier: MIT */
/*
 * A cookie jar inside. jar.c decides what is kept and sent (RFC 6265bis, 5.7 and 5.8), jar_store.c
 * keeps it, jar_sound.c says what it may hold, jar_list.c shows it, jar_json.c makes a file of it,
 * jar_psl.c knows public suffixes.
 *
 * A request looks at the domains that are its host or end it, each a list of its own, so it never
 * looks at other sites' cookies. Whatever expires stands in a heap; the calls of users take out
 * what is due before they look (jar_expire), so the jar needs no timer and no loop.
 */
#ifndef CLIENT_JAR_H
#define CLIENT_JAR_H

#include <await/cookies.h>
#include "base/list.h"
#include "http/cookie.h"

enum { JAR_PER_DOMAIN = 180, JAR_COOKIES = 3000, JAR_FILE_BYTES = 64 << 20 };

struct jar_domain {
	struct jar_domain *next;       /* in its bucket */
	struct async_waiters_ cookies; /* in_domain, the least recently used first */
	size_t count;
	uint32_t hash;
	uint32_t size;
	char name[]; /* small letters, a zero behind: "example.org", "::1" */
};

struct jar_cookie {
	struct async_link_ in_domain;
	struct async_link_ in_age; /* of all, the oldest first */
	struct async_link_ in_use; /* of all, the least recently used first */
	struct jar_domain *domain;
	uint64_t serial;   /* which of two is older */
	double expires;	   /* INFINITY: never */
	size_t heap_place; /* from 1; 0: in no heap */
	bool host_only, secure, http_only, partitioned;
	uint8_t same_site;
	uint32_t name_size, value_size, path_size;
	char *text; /* name, value and path, each with a zero behind; malloc's */
};

struct jar_heap {
	struct jar_cookie **list; /* the one that expires next is the first */
	size_t count, capacity;
};

struct async_cookie_jar {
	size_t per_domain, most, file_bytes;
	bool addresses;
	async_url *secure_origins;
	size_t secure_count;
	struct jar_domain **buckets;
	size_t bucket_count, domain_count; /* the first is a power of two */
	struct async_waiters_ by_age, by_use;
	size_t count;
	uint64_t serial;
	struct jar_heap heap;
};

/* A cookie on its way into the jar. */
struct jar_entry {
	const char *name, *value, *domain, *path; /* not terminated; the domain in small letters */
	size_t name_size, value_size, domain_size, path_size;
	double expires;
	bool host_only, secure, http_only, partitioned;
	uint8_t same_site;
};

static inline const char *jar_name(const struct jar_cookie *cookie)
{
	return cookie->text;
}

static inline const char *jar_value(const struct jar_cookie *cookie)
{
	return cookie->text + cookie->name_size + 1;
}

static inline const char *jar_path(const struct jar_cookie *cookie)
{
	return jar_value(cookie) + cookie->value_size + 1;
}

/* RFC 6265bis, 5.5: nothing lives longer than 400 days. */
static inline double jar_until(double expires, double now)
{
	double most = now + HTTP_COOKIE_AGE_MAX;

	return expires < most ? expires : most;
}

/* jar_store.c */
/* NULL: no cookie is of that domain. */
struct jar_domain *jar_domain_find(const struct async_cookie_jar *jar, const char *name,
				   size_t size);
/* The cookie with that name, domain and path, and for the host only or not. */
struct jar_cookie *jar_find(const struct async_cookie_jar *jar, const struct jar_entry *entry);
/* Keep it, in the place of one that is the same; make room where a limit is met. 0 or -ENOMEM:
 * then nothing has changed. */
int jar_put(struct async_cookie_jar *jar, const struct jar_entry *entry);
void jar_remove(struct async_cookie_jar *jar, struct jar_cookie *cookie);
void jar_used(struct async_cookie_jar *jar, struct jar_cookie *cookie);
/* Remove what has expired at that time. */
void jar_expire(struct async_cookie_jar *jar, double now);

/* jar_psl.c, jar_nopsl.c: whether everybody may have a domain of their own below it. */
bool jar_is_public_suffix(const char *domain);

/* jar_sound.c */
/* What __Host- and __Secure- promise to those who look at names: NULL, or what is not so. */
const char *jar_broken_promise(const struct jar_entry *entry);
/* Texts without control bytes and in their limits, and no promise that is broken. */
bool jar_entry_is_sound(const struct jar_entry *entry);

/* jar_list.c */
/* By enum http_same_site; NULL for what is not said. */
enum { JAR_SAME_SITES = HTTP_SAME_SITE_NONE + 1 };
extern const char *const jar_same_sites[JAR_SAME_SITES];
void jar_show(const struct jar_cookie *from, async_jar_cookie *to);

#endif
