/* SPDX-License-Identifier: MIT */
/*
 * A jar as a file:
 *
 *	{"version": 1, "cookies": [{"name": "a", "value": "1", "domain": "example.org", "path": "/",
 *	 "expires": 1893456000, "host_only": true, "secure": true, "same_site": "Lax"}]}
 *
 * The oldest comes first; what is false or not set is left out. JSON knows no bytes that are not
 * UTF-8, and cookies may have them: such a text is {"hex": "ff00"}. What is read is checked as what
 * a server sends is: it goes into requests.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/file.h>
#include <await/scope.h>
#include "client/jar.h"
#include "http/bytes.h"
#include "http/clock.h"

enum { VERSION = 1, FILE_MODE = 0600 };

/* ---- Writing ---- */

static json_t *hex_of(const char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = malloc(2 * size + 1), *at = hex;
	json_t *json;

	if (!hex)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		*at++ = digits[(unsigned char)text[i] >> 4];
		*at++ = digits[text[i] & 15];
	}
	json = json_pack("{s:s#}", "hex", hex, (int)(2 * size));
	free(hex);
	return json;
}

static json_t *text_of(const char *text, size_t size)
{
	json_t *json = json_stringn(text, size);

	return json ? json : hex_of(text, size);
}

static int put_flag(json_t *object, const char *name, bool value)
{
	return value ? json_object_set_new(object, name, json_true()) : 0;
}

static json_t *cookie_to_json(const struct jar_cookie *cookie)
{
	const struct jar_domain *domain = cookie->domain;
	json_t *object = json_object();
	int failed;

	failed = json_object_set_new(object, "name", text_of(jar_name(cookie), cookie->name_size));
	failed |= json_object_set_new(object, "value",
				      text_of(jar_value(cookie), cookie->value_size));
	failed |= json_object_set_new(object, "domain", text_of(domain->name, domain->size));
	failed |= json_object_set_new(object, "path", text_of(jar_path(cookie), cookie->path_size));
	if (cookie->expires < INFINITY)
		failed |= json_object_set_new(object, "expires",
					      json_integer((json_int_t)cookie->expires));
	failed |= put_flag(object, "host_only", cookie->host_only);
	failed |= put_flag(object, "secure", cookie->secure);
	failed |= put_flag(object, "http_only", cookie->http_only);
	failed |= put_flag(object, "partitioned", cookie->partitioned);
	if (cookie->same_site)
		failed |= json_object_set_new(object, "same_site",
					      json_string(jar_same_sites[cookie->same_site]));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* NULL: no memory. The text is the caller's to free. */
static char *jar_to_text(struct async_cookie_jar *jar)
{
	json_t *list = json_array();
	json_t *file = json_pack("{s:i, s:o}", "version", VERSION, "cookies", list);
	char *text;
	int failed = !file;

	jar_expire(jar, http_wall_clock());
	if (file) {
		list_for_each (&jar->by_age, link, following)
			failed |= json_array_append_new(
				list,
				cookie_to_json(container_of(link, struct jar_cookie, in_age)));
	}
	text = failed ? NULL : json_dumps(file, JSON_INDENT(1));
	json_decref(file);
	return text;
}

int await_cookie_jar_save(async_cookie_jar *jar, const char *path)
{
	int cancelled = async_cancelled();
	char *text;
	int error;

	if (cancelled)
		return cancelled;
	if (!jar || !path)
		return async_fail(-EINVAL, "await_cookie_jar_save: no jar, or no path");
	text = jar_to_text(jar);
	if (!text)
		return async_fail(-ENOMEM, "no memory to save %zu cookies", jar->count);
	error = await_write_file(path, text, strlen(text), FILE_MODE);
	explicit_bzero(text, strlen(text));
	free(text);
	return error;
}

/* ---- Reading ---- */

/* From hexadecimal in place; false: it is none. */
static bool undo_hex(char *text, size_t size)
{
	if (size % 2)
		return false;
	for (size_t i = 0; i < size; i += 2) {
		if (!byte_is(text[i], BYTE_HEX) || !byte_is(text[i + 1], BYTE_HEX))
			return false;
		text[i / 2] = (char)(byte_hex(text[i]) << 4 | byte_hex(text[i + 1]));
	}
	text[size / 2] = '\0';
	return true;
}

/* A member's bytes, the caller's to free, with a zero behind. 0; -EINVAL: there is none, -ENOMEM. */
static int take_text(const json_t *object, const char *name, char **text, size_t *size)
{
	const json_t *value = json_object_get(object, name);
	const json_t *hex = json_object_get(value, "hex");
	const char *from = json_string_value(hex ? hex : value);
	size_t length = json_string_length(hex ? hex : value);

	if (!from)
		return -EINVAL;
	*text = malloc(length + 1);
	if (!*text)
		return -ENOMEM;
	memcpy(*text, from, length + 1);
	*size = hex ? length / 2 : length;
	return hex && !undo_hex(*text, length) ? -EINVAL : 0;
}

static uint8_t same_site_of(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "same_site"));

	for (uint8_t i = 1; text && i < JAR_SAME_SITES; i++) {
		if (!strcmp(text, jar_same_sites[i]))
			return i;
	}
	return 0;
}

static double expiry_of(const json_t *object)
{
	const json_t *expires = json_object_get(object, "expires");

	return !expires ? INFINITY : json_is_number(expires) ? json_number_value(expires) : 0;
}

/* 1: it is kept, 0: it is none to keep; -ENOMEM. */
static int keep(struct async_cookie_jar *jar, struct jar_entry *entry, double now)
{
	if (!jar_entry_is_sound(entry) || !(entry->expires > now) ||
	    (!entry->host_only && jar_is_public_suffix(entry->domain)) ||
	    (!jar->addresses && http_cookie_host_is_address(entry->domain, entry->domain_size)))
		return 0;
	if (entry->expires < INFINITY)
		entry->expires = jar_until(entry->expires, now);
	return jar_put(jar, entry) ? -ENOMEM : 1;
}

enum { NAME, VALUE, DOMAIN, PATH, TEXTS };

static int load_cookie(struct async_cookie_jar *jar, const json_t *object, double now)
{
	static const char *const members[TEXTS] = { "name", "value", "domain", "path" };
	char *texts[TEXTS] = { NULL };
	size_t sizes[TEXTS] = { 0 };
	struct jar_entry entry = { .expires = expiry_of(object),
				   .host_only = json_is_true(json_object_get(object, "host_only")),
				   .secure = json_is_true(json_object_get(object, "secure")),
				   .http_only = json_is_true(json_object_get(object, "http_only")),
				   .partitioned =
					   json_is_true(json_object_get(object, "partitioned")),
				   .same_site = same_site_of(object) };
	int result = 0;

	for (int i = 0; !result && i < TEXTS; i++)
		result = take_text(object, members[i], &texts[i], &sizes[i]);
	if (!result) {
		for (size_t i = 0; i < sizes[DOMAIN]; i++)
			texts[DOMAIN][i] = byte_lower(texts[DOMAIN][i]);
		entry.name = texts[NAME];
		entry.name_size = sizes[NAME];
		entry.value = texts[VALUE];
		entry.value_size = sizes[VALUE];
		entry.domain = texts[DOMAIN];
		entry.domain_size = sizes[DOMAIN];
		entry.path = texts[PATH];
		entry.path_size = sizes[PATH];
		result = keep(jar, &entry, now);
	}
	for (int i = 0; i < TEXTS; i++)
		free(texts[i]);
	return result == -EINVAL ? 0 : result;
}

static ssize_t load(struct async_cookie_jar *jar, const json_t *file, const char *path)
{
	const json_t *list = json_object_get(file, "cookies");
	double now = http_wall_clock();
	ssize_t count = 0;
	size_t size = json_array_size(list);

	if (json_integer_value(json_object_get(file, "version")) != VERSION || !json_is_array(list))
		return async_fail(-EBADMSG,
				  "%s is no file of cookies: it has no \"version\": %d, or no list "
				  "of \"cookies\"",
				  path, VERSION);
	jar_expire(jar, now);
	for (size_t i = 0; i < size; i++) {
		int kept = load_cookie(jar, json_array_get(list, i), now);

		if (kept < 0)
			return async_fail(-ENOMEM, "no memory for the cookies of %s", path);
		count += kept;
	}
	return count;
}

ssize_t await_cookie_jar_load(async_cookie_jar *jar, const char *path)
{
	int cancelled = async_cancelled();
	json_error_t error;
	json_t *file;
	char *text;
	ssize_t n;

	if (cancelled)
		return cancelled;
	if (!jar || !path)
		return async_fail(-EINVAL, "await_cookie_jar_load: no jar, or no path");
	n = await_read_file(path, &text, jar->file_bytes);
	if (n < 0)
		return n;
	file = json_loadb(text, (size_t)n, 0, &error);
	explicit_bzero(text, (size_t)n);
	free(text);
	if (!file)
		return async_fail(-EBADMSG, "%s is no file of cookies: line %d, column %d: %s",
				  path, error.line, error.column, error.text);
	n = load(jar, file, path);
	json_decref(file);
	return n;
}
