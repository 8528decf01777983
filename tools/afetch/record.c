/* SPDX-License-Identifier: MIT */
/* What came of a URL as JSON: see record.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "facts.h"
#include "record.h"
#include "text.h"

void result_free(struct result *result)
{
	free(result->final_url);
	json_decref(result->headers);
	result->final_url = NULL;
	result->headers = NULL;
}

/* JSON is UTF-8; what came over the network may be anything. */
static json_t *string_of(const char *data, size_t size)
{
	size_t length;
	char *text = text_to_utf8(data, size, &length);
	json_t *string = text ? json_stringn(text, length) : NULL;

	free(text);
	return string;
}

static int add_header(json_t *headers, const char *name, const char *value)
{
	char lower[256];
	size_t size = 0;
	json_t *before, *said = string_of(value, strlen(value));

	while (name[size] && size + 1 < sizeof lower) {
		bool capital = name[size] >= 'A' && name[size] <= 'Z';

		lower[size] = (char)(name[size] + (capital ? 'a' - 'A' : 0));
		size++;
	}
	lower[size] = 0;
	before = json_object_get(headers, lower);
	if (!strcmp(lower, "set-cookie")) {
		if (!before)
			json_object_set_new(headers, lower, json_array());
		return json_array_append_new(json_object_get(headers, lower), said);
	}
	if (before) {
		json_t *both =
			json_sprintf("%s, %s", json_string_value(before), json_string_value(said));

		json_decref(said);
		said = both;
	}
	return json_object_set_new(headers, lower, said);
}

json_t *record_headers(async_response *response)
{
	json_t *headers = json_object();
	const char *name, *value;

	for (size_t i = 0; (name = async_response_header_at(response, i, &value)); i++) {
		if (add_header(headers, name, value)) {
			json_decref(headers);
			return NULL;
		}
	}
	return headers;
}

/* ---- The record ---- */

/* Steals the value. A lack of memory shows in the count of members at the end. */
static void put(json_t *record, const char *name, json_t *value)
{
	json_object_set_new(record, name, value);
}

static json_t *moment_of(time_t time)
{
	struct tm tm;
	char text[32];

	if (!time || !gmtime_r(&time, &tm))
		return json_null();
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *or_null(const char *text)
{
	return text && *text ? string_of(text, strlen(text)) : json_null();
}

enum { MEMBERS = 16 };

char *record_line(const struct source *source, const struct result *result, size_t *size)
{
	json_t *record = json_object();
	char *line = NULL, *longer;

	put(record, "url", source->url ? string_of(source->url, source->size) : json_null());
	put(record, "line", source->line ? json_integer((json_int_t)source->line) : json_null());
	put(record, "final_url", or_null(result->final_url));
	put(record, "status", result->status ? json_integer(result->status) : json_null());
	put(record, "headers", result->headers ? json_incref(result->headers) : json_null());
	put(record, "size", json_integer((json_int_t)result->size));
	put(record, "received", json_integer((json_int_t)result->facts.received));
	put(record, "file", or_null(result->file));
	put(record, "tries", json_integer(source->tries));
	put(record, "redirects", json_integer(result->redirects));
	put(record, "begun", moment_of(source->begun));
	put(record, "times", facts_times(&result->facts));
	put(record, "ok", json_boolean(!result->error));
	put(record, "phase",
	    result->error && source->tries ?
		    json_string(async_call_phase_name(result->facts.phase)) :
		    json_null());
	put(record, "error", result->error ? or_null(result->text) : json_null());
	put(record, "error_code",
	    result->error ? or_null(strerrorname_np(-result->error)) : json_null());
	if (json_object_size(record) == MEMBERS)
		line = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(record);
	if (!line)
		return NULL;
	*size = strlen(line);
	longer = realloc(line, *size + 2);
	if (!longer) {
		free(line);
		return NULL;
	}
	memcpy(longer + *size, "\n", 2);
	++*size;
	return longer;
}
