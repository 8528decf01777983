/* SPDX-License-Identifier: MIT */
/* What an earlier run has fetched: see resume.h. Read before the loop begins, so simply. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "resume.h"
#include "text.h"

/* ---- The set ---- */

static uint64_t key_of(const char *url, size_t size)
{
	uint64_t hash = text_hash(url, size);

	return hash ? hash : 1;
}

static uint64_t *slot_of(const struct done_set *set, uint64_t key)
{
	size_t at = key & (set->capacity - 1);

	while (set->slots[at] && set->slots[at] != key)
		at = (at + 1) & (set->capacity - 1);
	return &set->slots[at];
}

static int grow(struct done_set *set)
{
	struct done_set larger = { .capacity = set->capacity ? 2 * set->capacity : 1024,
				   .count = set->count };

	larger.slots = calloc(larger.capacity, sizeof *larger.slots);
	if (!larger.slots)
		return async_fail(-ENOMEM, "no memory for %zu URLs that are fetched", set->count);
	for (size_t i = 0; i < set->capacity; i++) {
		if (set->slots[i])
			*slot_of(&larger, set->slots[i]) = set->slots[i];
	}
	free(set->slots);
	*set = larger;
	return 0;
}

int done_add(struct done_set *set, const char *url, size_t size)
{
	uint64_t key = key_of(url, size), *slot;

	if (set->count >= set->capacity / 4 * 3) {
		int error = grow(set);

		if (error)
			return error;
	}
	slot = slot_of(set, key);
	set->count += !*slot;
	*slot = key;
	return 0;
}

bool done_has(const struct done_set *set, const char *url, size_t size)
{
	return set->count && *slot_of(set, key_of(url, size));
}

void done_free(struct done_set *set)
{
	free(set->slots);
	*set = (struct done_set){ 0 };
}

/* ---- The log ---- */

/*
 * Most lines need no parser, which would take 10 us for each: the URL comes first, and has no
 * escapes; `"ok":true` cannot stand in a string, where its quotation marks would be escaped, nor
 * among the headers, whose values are no booleans.
 */
static bool is_plainly_fetched(const char *text, size_t size, const char **url, size_t *url_size)
{
	static const char begin[] = "{\"url\":\"", ok[] = ",\"ok\":true,";
	const char *end;

	if (size < sizeof begin || memcmp(text, begin, sizeof begin - 1))
		return false;
	*url = text + sizeof begin - 1;
	end = memchr(*url, '"', size - sizeof begin);
	if (!end || memchr(*url, '\\', (size_t)(end - *url)))
		return false;
	*url_size = (size_t)(end - *url);
	return memmem(end, size - (size_t)(end - text), ok, sizeof ok - 1);
}

/* What failed is tried again. */
static int take_record(struct done_set *set, const char *text, size_t size)
{
	json_t *record, *url, *ok;
	const char *plain;
	size_t plain_size;
	int error = 0;

	if (is_plainly_fetched(text, size, &plain, &plain_size))
		return done_add(set, plain, plain_size);
	record = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	url = json_object_get(record, "url");
	ok = json_object_get(record, "ok");
	if (!json_is_boolean(ok) || (!json_is_string(url) && !json_is_null(url)))
		error = -EBADMSG;
	else if (json_is_true(ok) && json_is_string(url))
		error = done_add(set, json_string_value(url), json_string_length(url));
	json_decref(record);
	return error;
}

int resume_read(struct done_set *set, int fd, const char *path, off_t *end)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t n;
	int error = 0;

	*end = 0;
	if (!file) {
		error = async_fail(-errno, "cannot read the log %s", path);
		if (copy >= 0)
			close(copy);
		return error;
	}
	while (!error && (n = getline(&line, &room, file)) > 0 && line[n - 1] == '\n') {
		number++;
		error = take_record(set, line, (size_t)n);
		*end += n;
	}
	if (error == -EBADMSG)
		async_fail(error, "--resume: %s:%zu: no record of afetch", path, number);
	else if (!error && ferror(file))
		error = async_fail(-EIO, "cannot read the log %s", path);
	free(line);
	fclose(file);
	return error;
}
