/* SPDX-License-Identifier: MIT */
/* Cookies of requests, and Set-Cookie as it is written. */
#include <await/base.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "http/bytes.h"
#include "http/cookie.h"
#include "http/field.h"
#include "http/write.h"

void http_cookies_begin(struct http_cookies *cookies, const struct http_fields *fields,
			const char *data)
{
	*cookies = (struct http_cookies){ .fields = fields, .data = data };
	cookies->field = http_field_known(fields, HTTP_NAME_COOKIE);
	if (cookies->field)
		cookies->at = cookies->field->value.at;
}

/* The pair [at, end); false: it is none. */
static bool split_pair(const char *at, const char *end, struct http_cookie *cookie)
{
	const char *equals = memchr(at, '=', (size_t)(end - at)), *name_end = equals;

	if (!equals)
		return false;
	while (at < name_end && is_blank(*at))
		at++;
	while (name_end > at && is_blank(name_end[-1]))
		name_end--;
	cookie->name = at;
	cookie->name_size = (size_t)(name_end - at);
	at = equals + 1;
	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	cookie->value = at;
	cookie->value_size = (size_t)(end - at);
	return http_is_token(cookie->name, cookie->name_size);
}

bool http_cookies_next(struct http_cookies *cookies, struct http_cookie *cookie)
{
	while (cookies->field) {
		const struct http_slice *value = &cookies->field->value;
		const char *at = cookies->data + cookies->at;
		const char *end = cookies->data + value->at + value->size;

		while (at < end) {
			/* In quotes, too: clients know no quotes, and a value that somebody could
			 * set must not swallow the cookies behind it. */
			const char *next = memchr(at, ';', (size_t)(end - at));
			bool right;

			next = next ? next : end;
			right = split_pair(at, next, cookie);
			at = next + (next < end);
			cookies->at = (uint32_t)(at - cookies->data);
			if (right)
				return true;
		}
		cookies->field = http_field_next(cookies->fields, cookies->field);
		if (cookies->field)
			cookies->at = cookies->field->value.at;
	}
	return false;
}

bool http_cookie_find(const struct http_fields *fields, const char *data, const char *name,
		      struct http_cookie *cookie)
{
	struct http_cookies cookies;
	size_t size = strlen(name);

	http_cookies_begin(&cookies, fields, data);
	while (http_cookies_next(&cookies, cookie)) {
		if (cookie->name_size == size && !memcmp(cookie->name, name, size))
			return true;
	}
	return false;
}

static bool is_octal(char byte)
{
	return byte >= '0' && byte <= '7';
}

/* What follows a backslash: three octal digits, or one byte that means itself. */
static const char *unescape(const char *at, const char *end, char *byte)
{
	if (end - at >= 3 && at[0] <= '3' && is_octal(at[0]) && is_octal(at[1]) &&
	    is_octal(at[2])) {
		*byte = (char)((at[0] - '0') << 6 | (at[1] - '0') << 3 | (at[2] - '0'));
		return at + 3;
	}
	*byte = *at;
	return at + 1;
}

size_t http_cookie_value(const struct http_cookie *cookie, char *room)
{
	const char *at = cookie->value, *end = at + cookie->value_size;
	char *to = room;

	if (cookie->value_size < 2 || *at != '"' || end[-1] != '"') {
		if (cookie->value_size)
			memcpy(room, at, cookie->value_size);
		return cookie->value_size;
	}
	for (at++, end--; at < end; to++) {
		if (*at == '\\' && at + 1 < end)
			at = unescape(at + 1, end, to);
		else
			*to = *at++;
	}
	return (size_t)(to - room);
}

/* What goes to the caller's room as far as there is any. */
struct cookie_output {
	char *text;
	size_t size, used;
};

static void put(struct cookie_output *out, char byte)
{
	if (out->used < out->size)
		out->text[out->used] = byte;
	out->used++;
}

static __attribute__((format(printf, 2, 3))) void put_text(struct cookie_output *out,
							   const char *format, ...)
{
	size_t left = out->used < out->size ? out->size - out->used : 0;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(left ? out->text + out->used : NULL, left, format, arguments);
	va_end(arguments);
	out->used += (size_t)size;
}

/* cookie-octet of RFC 6265, 4.1.1. */
static bool is_cookie_byte(char byte)
{
	unsigned char value = (unsigned char)byte;

	return value > ' ' && value < 0x7f && value != '"' && value != ',' && value != ';' &&
	       value != '\\';
}

static bool is_control(char byte)
{
	return (unsigned char)byte < ' ' || byte == 0x7f;
}

static void put_value(struct cookie_output *out, const char *value)
{
	const char *at = value;

	while (is_cookie_byte(*at))
		at++;
	if (!*at) {
		put_text(out, "%s", value);
		return;
	}
	put(out, '"');
	for (at = value; *at; at++) {
		if (*at == '"' || *at == '\\')
			put_text(out, "\\%c", *at);
		else if (is_cookie_byte(*at) || *at == ' ')
			put(out, *at);
		else
			put_text(out, "\\%03o", (unsigned char)*at);
	}
	put(out, '"');
}

static int refuse(const struct http_cookie_options *options, const char *why)
{
	return async_fail(-EINVAL, "cookie \"%.80s\": %s", options->name, why);
}

static bool has_control(const char *text)
{
	while (*text && !is_control(*text))
		text++;
	return *text;
}

static int check_attributes(const struct http_cookie_options *options)
{
	const char *path = options->path ? options->path : "/";
	const char *domain = options->domain ? options->domain : "";
	enum http_cookie_promise promise =
		http_cookie_promise(options->name, strlen(options->name));

	if (has_control(path) || strchr(path, ';'))
		return refuse(options, "its path holds a control byte or a semicolon");
	if (*path && *path != '/')
		return refuse(options, "its path does not begin with a slash");
	if (has_control(domain) || strpbrk(domain, "; ,"))
		return refuse(options, "its domain holds a control byte, a blank, a comma or a "
				       "semicolon");
	if (options->same_site == HTTP_SAME_SITE_NONE && !options->secure)
		return refuse(options, "SameSite=None without Secure, which clients drop");
	if (options->partitioned && !options->secure)
		return refuse(options, "Partitioned without Secure, which clients drop");
	if (promise == HTTP_COOKIE_SECURE && !options->secure)
		return refuse(options, "a __Secure- name without Secure, which clients drop");
	if (promise == HTTP_COOKIE_HOST && (!options->secure || *domain || strcmp(path, "/") != 0))
		return refuse(options, "a __Host- name needs Secure, Path=/ and no Domain, or "
				       "clients drop it");
	return 0;
}

static int check_options(const struct http_cookie_options *options)
{
	if (!options->name || !options->value)
		return async_fail(-EINVAL, "a cookie without a name or a value");
	if (!http_is_token(options->name, strlen(options->name)))
		return async_fail(-EINVAL, "a cookie's name is no token (RFC 9110, 5.6.2)");
	if (has_control(options->value))
		return refuse(options, "its value holds a control byte");
	return check_attributes(options);
}

static void put_attributes(struct cookie_output *out, const struct http_cookie_options *options)
{
	static const char *const same_site[] = { "", "Strict", "Lax", "None" };
	const char *path = options->path ? options->path : "/";
	char date[HTTP_DATE_BYTES];

	if (options->domain && *options->domain)
		put_text(out, "; Domain=%s", options->domain);
	if (*path)
		put_text(out, "; Path=%s", path);
	if (options->has_expires) {
		http_date(date, options->expires);
		put_text(out, "; Expires=%s", date);
	}
	if (options->has_max_age)
		put_text(out, "; Max-Age=%" PRId64, options->max_age > 0 ? options->max_age : 0);
	if (options->secure)
		put_text(out, "; Secure");
	if (options->http_only)
		put_text(out, "; HttpOnly");
	if (options->same_site)
		put_text(out, "; SameSite=%s", same_site[options->same_site]);
	if (options->partitioned)
		put_text(out, "; Partitioned");
}

ssize_t http_cookie_write(char *text, size_t size, const struct http_cookie_options *options)
{
	struct cookie_output out = { text, size, 0 };
	int result = check_options(options);

	if (result)
		return result;
	put_text(&out, "%s=", options->name);
	put_value(&out, options->value);
	if (out.used - 1 > HTTP_COOKIE_BYTES)
		return async_fail(
			-EMSGSIZE,
			"cookie \"%.80s\": name and value take %zu bytes, and clients keep "
			"no more than %d (HTTP_COOKIE_BYTES, RFC 6265bis)",
			options->name, out.used - 1, HTTP_COOKIE_BYTES);
	put_attributes(&out, options);
	if (out.used >= size)
		return async_fail(-ENOBUFS, "cookie \"%.80s\": %zu bytes in %zu", options->name,
				  out.used + 1, size);
	text[out.used] = '\0';
	return (ssize_t)out.used;
}
