/* SPDX-License-Identifier: MIT */
/* What may be kept in a jar, whoever says so: a server, or a file. It goes into requests. */
#include "client/jar.h"
#include "http/cookie.h"

const char *jar_broken_promise(const struct jar_entry *entry)
{
	enum http_cookie_promise promise = http_cookie_promise(entry->name, entry->name_size);

	if (promise == HTTP_COOKIE_SECURE && !entry->secure)
		return "a __Secure- name needs Secure";
	if (promise == HTTP_COOKIE_HOST &&
	    (!entry->secure || !entry->host_only || entry->path_size != 1))
		return "a __Host- name needs Secure, Path=/ and no Domain";
	return NULL;
}

static bool is_sound_text(const char *text, size_t size, char forbidden)
{
	for (size_t i = 0; i < size; i++) {
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f ||
		    text[i] == ';' || (forbidden && text[i] == forbidden))
			return false;
	}
	return true;
}

bool jar_entry_is_sound(const struct jar_entry *entry)
{
	return entry->name_size + entry->value_size > 0 &&
	       entry->name_size + entry->value_size <= HTTP_COOKIE_BYTES && entry->path_size &&
	       *entry->path == '/' && entry->domain_size &&
	       is_sound_text(entry->name, entry->name_size, '=') &&
	       is_sound_text(entry->value, entry->value_size, '\0') &&
	       is_sound_text(entry->path, entry->path_size, '\0') &&
	       is_sound_text(entry->domain, entry->domain_size, '\0') &&
	       !http_cookie_is_disguised(entry->name_size, entry->value, entry->value_size) &&
	       !jar_broken_promise(entry);
}
