/* SPDX-License-Identifier: MIT */
/* Which cookies are kept, and which go with a request (RFC 6265bis, 5.7 and 5.8). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "client/jar.h"
#include "http/bytes.h"
#include "http/clock.h"
#include "http/html.h"

enum { SHOWN_BYTES = 80 };

static bool is_secure(const struct async_cookie_jar *jar, const async_url *url)
{
	if (async_url_is_secure(url))
		return true;
	for (size_t i = 0; i < jar->secure_count; i++) {
		if (async_url_same_origin(url, &jar->secure_origins[i]))
			return true;
	}
	return false;
}

static int refuse(const struct jar_entry *entry, const async_url *url, const char *why)
{
	async_url_part host = async_url_host(url);
	char name[SHOWN_BYTES];

	http_log_escape(name, sizeof name, entry->name, entry->name_size);
	return async_fail(-EACCES, "cookie \"%s\" of %.*s is not kept: %s", name,
			  ASYNC_URL_PART(host), why);
}

/* ---- Domains ---- */

/* The domain attribute of an address is the address, or no cookie is kept. */
static bool is_same_address(async_url_part host, const char *domain, size_t size)
{
	if (size > 2 && *domain == '[' && domain[size - 1] == ']') {
		domain++;
		size -= 2;
	}
	return size == host.size && bytes_same(host.data, domain, size);
}

/* What the domain attribute makes of the entry; `lowered` has room for it. NULL, or why not. */
static const char *take_domain(struct jar_entry *entry, const async_url *url, const char *domain,
			       size_t size, char *lowered)
{
	async_url_part host = async_url_host_bare(url);

	entry->domain = host.data;
	entry->domain_size = host.size;
	entry->host_only = true;
	if (!size)
		return NULL;
	if (url->host_kind != ASYNC_HOST_DOMAIN)
		return is_same_address(host, domain, size) ? NULL :
							     "its domain is not the host's address";
	if (!http_cookie_domain_match(host.data, host.size, domain, size))
		return "its domain is neither the host nor above it";
	for (size_t i = 0; i < size; i++)
		lowered[i] = byte_lower(domain[i]);
	lowered[size] = '\0';
	if (jar_is_public_suffix(lowered)) {
		return size == host.size ? NULL : "its domain is a public suffix";
	}
	entry->domain = lowered;
	entry->domain_size = size;
	entry->host_only = false;
	return NULL;
}

/* ---- What must not be touched ---- */

/* Whether a Secure cookie would go with some request in whose place this one, which came without
 * TLS, would be taken for it: RFC 6265bis, 5.7, "leave secure cookies alone". */
static bool shadows(const struct jar_cookie *guarded, const struct jar_entry *entry)
{
	return guarded->secure && guarded->name_size == entry->name_size &&
	       !memcmp(jar_name(guarded), entry->name, entry->name_size) &&
	       http_cookie_path_match(entry->path, entry->path_size, jar_path(guarded),
				      guarded->path_size);
}

static bool shadows_in(const struct jar_domain *domain, const struct jar_entry *entry)
{
	list_for_each (&domain->cookies, link, following) {
		if (shadows(container_of(link, struct jar_cookie, in_domain), entry))
			return true;
	}
	return false;
}

/* The domains that end `*at`, itself first. false: there are no more. */
static bool next_domain(const char **at, const char *end)
{
	const char *dot = memchr(*at, '.', (size_t)(end - *at));

	*at = dot ? dot + 1 : end;
	return *at < end;
}

static bool shadows_any(const struct async_cookie_jar *jar, const struct jar_entry *entry)
{
	const char *at = entry->domain, *end = at + entry->domain_size;

	do {
		struct jar_domain *domain = jar_domain_find(jar, at, (size_t)(end - at));

		if (domain && shadows_in(domain, entry))
			return true;
	} while (next_domain(&at, end));
	if (entry->host_only)
		return false;
	list_for_each (&jar->by_age, link, following) {
		struct jar_cookie *cookie = container_of(link, struct jar_cookie, in_age);

		if (shadows(cookie, entry) &&
		    http_cookie_domain_match(cookie->domain->name, cookie->domain->size,
					     entry->domain, entry->domain_size))
			return true;
	}
	return false;
}

/* NULL, or why it is not kept. `named_path`: a Path attribute says it. */
static const char *objection(const struct async_cookie_jar *jar, const async_url *url,
			     const struct jar_entry *entry, bool named_path)
{
	bool secure = is_secure(jar, url);

	if (entry->secure && !secure)
		return "it is Secure, and came without TLS (option `secure_origins`)";
	if (jar_broken_promise(entry))
		return jar_broken_promise(entry);
	if (http_cookie_promise(entry->name, entry->name_size) == HTTP_COOKIE_HOST && !named_path)
		return "a __Host- name needs Path=/";
	if (!entry->secure && !secure && shadows_any(jar, entry))
		return "it came without TLS and would stand before one that is Secure";
	return NULL;
}

/* ---- Into the jar ---- */

/* 0 or -ENOMEM. One that has expired takes the old one along. */
static int put(struct async_cookie_jar *jar, const struct jar_entry *entry, double now)
{
	struct jar_cookie *old;
	int error;

	if (entry->expires > now) {
		error = jar_put(jar, entry);
		return error ? async_fail(error, "no memory for a cookie") : 0;
	}
	old = jar_find(jar, entry);
	if (old)
		jar_remove(jar, old);
	return 0;
}

static int check_arguments(const struct async_cookie_jar *jar, const async_url *url,
			   const void *text)
{
	if (!jar || !url || !url->href || !text)
		return async_fail(-EINVAL, "a cookie without a jar, a URL, or a text");
	return 0;
}

/* Max-Age before Expires. */
static double expiry_of(const struct http_set_cookie *cookie, double now)
{
	if (cookie->has_max_age)
		return cookie->max_age > 0 ? now + (double)cookie->max_age : -INFINITY;
	if (cookie->has_expires)
		return jar_until((double)cookie->expires, now);
	return INFINITY;
}

static void take_path(struct jar_entry *entry, const async_url *url,
		      const struct http_set_cookie *cookie, const char *text)
{
	async_url_part path = async_url_path(url);

	entry->path = text + cookie->path.at;
	entry->path_size = cookie->path.size;
	if (entry->path_size)
		return;
	entry->path = path.data;
	entry->path_size = http_cookie_default_path(path.data, path.size);
	if (!entry->path_size) {
		entry->path = "/";
		entry->path_size = 1;
	}
}

static int set(struct async_cookie_jar *jar, const async_url *url, const char *text,
	       const struct http_set_cookie *cookie)
{
	char lowered[HTTP_COOKIE_ATTRIBUTE_BYTES + 1];
	double now = http_wall_clock();
	struct jar_entry entry = { .name = text + cookie->name.at,
				   .name_size = cookie->name.size,
				   .value = text + cookie->value.at,
				   .value_size = cookie->value.size,
				   .secure = cookie->secure,
				   .http_only = cookie->http_only,
				   .partitioned = cookie->partitioned,
				   .same_site = (uint8_t)cookie->same_site };
	const char *why;

	jar_expire(jar, now);
	if (url->host_kind != ASYNC_HOST_DOMAIN && !jar->addresses)
		return refuse(&entry, url, "the host is an address (option `addresses`)");
	take_path(&entry, url, cookie, text);
	entry.expires = expiry_of(cookie, now);
	why = take_domain(&entry, url, text + cookie->domain.at, cookie->domain.size, lowered);
	if (!why)
		why = objection(jar, url, &entry, cookie->path.size);
	return why ? refuse(&entry, url, why) : put(jar, &entry, now);
}

int async_cookie_jar_set(async_cookie_jar *jar, const async_url *url, const char *set_cookie,
			 size_t size)
{
	struct http_set_cookie cookie;
	char shown[SHOWN_BYTES];
	int error = check_arguments(jar, url, set_cookie);

	if (error)
		return error;
	if (size <= UINT32_MAX && http_set_cookie_parse(set_cookie, size, &cookie))
		return set(jar, url, set_cookie, &cookie);
	http_log_escape(shown, sizeof shown, set_cookie, size < SHOWN_BYTES ? size : SHOWN_BYTES);
	return async_fail(-EINVAL,
			  "Set-Cookie of %.*s, \"%s\": empty, with control bytes, or more than %d "
			  "bytes of name and value (HTTP_COOKIE_BYTES, RFC 6265bis)",
			  ASYNC_URL_PART(async_url_host(url)), shown, HTTP_COOKIE_BYTES);
}

int async_cookie_jar_add(async_cookie_jar *jar, const async_url *url, const char *name,
			 const char *value)
{
	char text[HTTP_COOKIE_BYTES + sizeof "=; Path=/; Secure"];
	struct http_cookie_options options = { .name = name, .value = value };
	struct http_set_cookie cookie;
	ssize_t size;
	int error = check_arguments(jar, url, name);

	if (error)
		return error;
	options.secure = is_secure(jar, url);
	size = http_cookie_write(text, sizeof text, &options);
	if (size < 0)
		return (int)size;
	if (!http_set_cookie_parse(text, (size_t)size, &cookie))
		return async_fail(-EINVAL, "a cookie named \"%.80s\" cannot be kept", name);
	return set(jar, url, text, &cookie);
}

/* ---- Out of the jar ---- */

struct matches {
	struct jar_cookie **list;
	size_t count, capacity;
	size_t bytes; /* of the field */
};

static int match_add(struct matches *matches, struct jar_cookie *cookie)
{
	if (matches->count == matches->capacity) {
		size_t capacity = matches->capacity ? 2 * matches->capacity : 16;
		void *list = realloc(matches->list, capacity * sizeof *matches->list);

		if (!list)
			return -ENOMEM;
		matches->list = list;
		matches->capacity = capacity;
	}
	matches->list[matches->count++] = cookie;
	matches->bytes += cookie->name_size + cookie->value_size + strlen("=; ");
	return 0;
}

static int match_domain(const struct async_cookie_jar *jar, const async_url *url, const char *name,
			size_t size, bool host_itself, struct matches *matches)
{
	struct jar_domain *domain = jar_domain_find(jar, name, size);
	async_url_part path = async_url_path(url);
	int error = 0;

	if (!domain)
		return 0;
	list_for_each (&domain->cookies, link, following) {
		struct jar_cookie *cookie = container_of(link, struct jar_cookie, in_domain);

		if ((host_itself || !cookie->host_only) &&
		    (!cookie->secure || is_secure(jar, url)) &&
		    http_cookie_path_match(path.data, path.size, jar_path(cookie),
					   cookie->path_size))
			error = match_add(matches, cookie);
		if (error)
			break;
	}
	return error;
}

static int match(const struct async_cookie_jar *jar, const async_url *url, struct matches *matches)
{
	async_url_part host = async_url_host_bare(url);
	const char *at = host.data, *end = at + host.size;
	int error;

	do
		error = match_domain(jar, url, at, (size_t)(end - at), at == host.data, matches);
	while (!error && url->host_kind == ASYNC_HOST_DOMAIN && next_domain(&at, end));
	return error;
}

static int compare(const void *a, const void *b)
{
	const struct jar_cookie *left = *(struct jar_cookie *const *)a;
	const struct jar_cookie *right = *(struct jar_cookie *const *)b;

	if (left->path_size != right->path_size)
		return left->path_size > right->path_size ? -1 : 1;
	return left->serial < right->serial ? -1 : 1;
}

static char *write_field(struct async_cookie_jar *jar, const struct matches *matches)
{
	char *field = malloc(matches->bytes + 1), *at = field;

	for (size_t i = 0; field && i < matches->count; i++) {
		struct jar_cookie *cookie = matches->list[i];

		if (i)
			at = mempcpy(at, "; ", 2);
		at = mempcpy(at, jar_name(cookie), cookie->name_size);
		if (cookie->name_size)
			*at++ = '=';
		at = mempcpy(at, jar_value(cookie), cookie->value_size);
		*at = '\0';
		jar_used(jar, cookie);
	}
	return field;
}

int async_cookie_jar_field(async_cookie_jar *jar, const async_url *url, char **field)
{
	struct matches matches = { 0 };
	int error = check_arguments(jar, url, field);

	if (field)
		*field = NULL;
	if (error || !jar->count)
		return error;
	jar_expire(jar, http_wall_clock());
	error = match(jar, url, &matches);
	if (!error && matches.count) {
		qsort(matches.list, matches.count, sizeof *matches.list, compare);
		*field = write_field(jar, &matches);
		error = *field ? 0 : -ENOMEM;
	}
	free(matches.list);
	return error ? async_fail(error, "no memory for cookies of a request") : 0;
}
