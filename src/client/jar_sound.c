/* SPDX-License-Identifier: MIT */
/* What may be kept in a jar, whoever says so: a server, or a file. It goes into requests. */
#include <string.h>
#include "client/jar.h"
#include "http/bytes.h"

bool jar_has_prefix(const struct jar_entry *entry, const char *lower)
{
	size_t size = strlen(lower);

	return entry->name_size >= size && bytes_same(entry->name, lower, size);
}

const char *jar_broken_promise(const struct jar_entry *entry)
{
	if (jar_has_prefix(entry, "__secure-") && !entry->secure)
		return "a __Secure- name needs Secure";
	if (jar_has_prefix(entry, "__host-") &&
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

/* Without a name it would be sent as if its value began with one. */
static bool is_disguised(const struct jar_entry *entry)
{
	struct jar_entry as_sent = { .name = entry->value, .name_size = entry->value_size };

	return !entry->name_size &&
	       (jar_has_prefix(&as_sent, "__secure-") || jar_has_prefix(&as_sent, "__host-"));
}

bool jar_entry_is_sound(const struct jar_entry *entry)
{
	return entry->name_size + entry->value_size > 0 &&
	       entry->name_size + entry->value_size <= HTTP_COOKIE_BYTES && entry->path_size &&
	       *entry->path == '/' && entry->domain_size &&
	       is_sound_text(entry->name, entry->name_size, '=') &&
	       is_sound_text(entry->value, entry->value_size, '\0') &&
	       is_sound_text(entry->path, entry->path_size, '\0') &&
	       is_sound_text(entry->domain, entry->domain_size, '\0') && !is_disguised(entry) &&
	       !jar_broken_promise(entry);
}
