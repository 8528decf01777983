/* SPDX-License-Identifier: MIT */
/* Names of files for URLs: see name.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "name.h"
#include "text.h"

enum { STEM_BYTES = 120, EXTENSION_BYTES = 8 };

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ".html" of the last segment, without the dot; size 0: there is none. */
static async_url_part extension_of(async_url_part path)
{
	async_url_part none = { "", 0 }, found = { path.data + path.size, 0 };

	while (found.size < path.size && is_plain(found.data[-1])) {
		found.data--;
		found.size++;
	}
	if (found.size + 2 > path.size || found.size > EXTENSION_BYTES || found.data[-1] != '.' ||
	    found.data[-2] == '/')
		return none;
	return found;
}

/* What is no plain character becomes "_", several of them one. */
static size_t append(char *stem, size_t at, async_url_part part)
{
	for (size_t i = 0; i < part.size && at < STEM_BYTES; i++) {
		char c = part.data[i];
		bool kept = is_plain(c) || ((c == '.' || c == '-') && at);

		if (kept)
			stem[at++] = c;
		else if (at && stem[at - 1] != '_')
			stem[at++] = '_';
	}
	return at;
}

static uint64_t hash_of(const async_url *url)
{
	async_url copy;
	uint64_t hash;

	if (async_url_copy(url, &copy))
		return text_hash(url->href, url->size);
	async_url_remove_credentials(&copy);
	async_url_remove_fragment(&copy);
	hash = text_hash(copy.href, copy.size);
	async_url_free(&copy);
	return hash;
}

void name_of_url(const async_url *url, char name[FILE_NAME_BYTES])
{
	async_url_part path = async_url_path(url), extension = extension_of(path);
	async_url_part separator = { "_", 1 };
	char stem[STEM_BYTES + 1];
	size_t at = append(stem, 0, async_url_authority(url));

	if (extension.size)
		path.size -= extension.size + 1;
	at = append(stem, at, path);
	if (async_url_query(url).size) {
		at = append(stem, at, separator);
		at = append(stem, at, async_url_query(url));
	}
	while (at && (stem[at - 1] == '_' || stem[at - 1] == '.'))
		at--;
	snprintf(name, FILE_NAME_BYTES, "%.*s-%016" PRIx64 "%s%.*s", (int)at, stem, hash_of(url),
		 extension.size ? "." : "", ASYNC_URL_PART(extension));
}
