/* SPDX-License-Identifier: MIT */
/* Set-Cookie as clients read it (RFC 6265bis, 5.5 and 5.6), and which requests a cookie goes with
 * (5.1). */
#include <arpa/inet.h>
#include <string.h>
#include "http/bytes.h"
#include "http/cookie.h"
#include "http/field.h"

enum { ADDRESS_BYTES = 46 };

static bool is(const char *text, struct http_slice slice, const char *lower)
{
	return slice.size == strlen(lower) && http_token_equals(text + slice.at, lower, slice.size);
}

/* Controls other than HTAB end up in no cookie. */
static bool holds_control(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return true;
	}
	return false;
}

static void take_max_age(struct http_set_cookie *cookie, const char *text, struct http_slice value)
{
	const char *at = text + value.at, *end = at + value.size;
	bool negative = at < end && *at == '-';
	int64_t age = 0;

	at += negative;
	if (at == end)
		return;
	for (; at < end; at++) {
		if (!byte_is(*at, BYTE_DIGIT))
			return;
		if (age <= HTTP_COOKIE_AGE_MAX)
			age = age * 10 + (*at - '0');
	}
	cookie->has_max_age = true;
	cookie->max_age = negative ? 0 : age > HTTP_COOKIE_AGE_MAX ? HTTP_COOKIE_AGE_MAX : age;
}

/* The last attribute of a kind counts, one that makes no sense does not. */
static void take_attribute(struct http_set_cookie *cookie, const char *text, struct http_slice name,
			   struct http_slice value)
{
	time_t time;

	if (value.size > HTTP_COOKIE_ATTRIBUTE_BYTES)
		return;
	if (is(text, name, "expires")) {
		if (http_cookie_date_parse(text + value.at, value.size, &time)) {
			cookie->has_expires = true;
			cookie->expires = time;
		}
	} else if (is(text, name, "max-age")) {
		take_max_age(cookie, text, value);
	} else if (is(text, name, "domain")) {
		if (value.size && text[value.at] == '.')
			value = (struct http_slice){ value.at + 1, value.size - 1 };
		cookie->domain = value;
	} else if (is(text, name, "path")) {
		cookie->path = value.size && text[value.at] == '/' ? value :
								     (struct http_slice){ 0, 0 };
	} else if (is(text, name, "secure")) {
		cookie->secure = true;
	} else if (is(text, name, "httponly")) {
		cookie->http_only = true;
	} else if (is(text, name, "partitioned")) {
		cookie->partitioned = true;
	} else if (is(text, name, "samesite")) {
		cookie->same_site = is(text, value, "strict") ? HTTP_SAME_SITE_STRICT :
				    is(text, value, "lax")    ? HTTP_SAME_SITE_LAX :
				    is(text, value, "none")   ? HTTP_SAME_SITE_NONE :
								HTTP_SAME_SITE_DEFAULT;
	}
}

enum http_cookie_promise http_cookie_promise(const char *name, size_t size)
{
	if (size >= 9 && bytes_same(name, "__secure-", 9))
		return HTTP_COOKIE_SECURE;
	return size >= 7 && bytes_same(name, "__host-", 7) ? HTTP_COOKIE_HOST : HTTP_COOKIE_NOTHING;
}

bool http_cookie_is_disguised(size_t name_size, const char *value, size_t value_size)
{
	return !name_size && http_cookie_promise(value, value_size) != HTTP_COOKIE_NOTHING;
}

bool http_set_cookie_parse(const char *text, size_t size, struct http_set_cookie *cookie)
{
	const char *end = text + size, *pair_end, *equals;

	memset(cookie, 0, sizeof *cookie);
	if (!size || holds_control(text, size))
		return false;
	pair_end = memchr(text, ';', size);
	pair_end = pair_end ? pair_end : end;
	equals = memchr(text, '=', (size_t)(pair_end - text));
	if (equals)
		cookie->name = http_trimmed(text, text, equals);
	cookie->value = http_trimmed(text, equals ? equals + 1 : text, pair_end);
	if (!(cookie->name.size + cookie->value.size) ||
	    cookie->name.size + cookie->value.size > HTTP_COOKIE_BYTES)
		return false;
	while (pair_end < end) {
		const char *at = pair_end + 1;

		pair_end = memchr(at, ';', (size_t)(end - at));
		pair_end = pair_end ? pair_end : end;
		equals = memchr(at, '=', (size_t)(pair_end - at));
		take_attribute(cookie, text, http_trimmed(text, at, equals ? equals : pair_end),
			       http_trimmed(text, equals ? equals + 1 : pair_end, pair_end));
	}
	return !http_cookie_is_disguised(cookie->name.size, text + cookie->value.at,
					 cookie->value.size);
}

bool http_cookie_host_is_address(const char *host, size_t size)
{
	char copy[ADDRESS_BYTES];
	struct in_addr address;

	if (size && host[0] == '[')
		return true;
	if (size >= sizeof copy)
		return false;
	memcpy(copy, host, size);
	copy[size] = '\0';
	return memchr(copy, ':', size) || inet_pton(AF_INET, copy, &address) == 1;
}

bool http_cookie_domain_match(const char *host, size_t host_size, const char *domain,
			      size_t domain_size)
{
	const char *tail;

	if (!domain_size || domain_size > host_size)
		return false;
	tail = host + (host_size - domain_size);
	if (!bytes_same(tail, domain, domain_size))
		return false;
	return domain_size == host_size ||
	       (tail[-1] == '.' && !http_cookie_host_is_address(host, host_size));
}

bool http_cookie_path_match(const char *path, size_t path_size, const char *cookie_path,
			    size_t cookie_path_size)
{
	if (!cookie_path_size || cookie_path_size > path_size ||
	    memcmp(path, cookie_path, cookie_path_size) != 0)
		return false;
	return cookie_path_size == path_size || cookie_path[cookie_path_size - 1] == '/' ||
	       path[cookie_path_size] == '/';
}

size_t http_cookie_default_path(const char *path, size_t size)
{
	const char *slash = size && *path == '/' ? memrchr(path, '/', size) : NULL;

	return slash ? (size_t)(slash - path) : 0;
}
