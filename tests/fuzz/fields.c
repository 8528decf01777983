/* SPDX-License-Identifier: MIT */
/* Field values with a grammar of their own: preferences, tags, ranges, dates, forms, parameters.
 * Whatever they hold, parts lie where they should and what is written comes back. And paths: their
 * canonical form is one. */
#define _GNU_SOURCE
#include "h1.h"
#include "http/accept.h"
#include "http/form.h"
#include "server/route.h"
#include "http/validator.h"
#include "http/write.h"

static struct http_field field;
static struct http_fields fields;

static void is_field(enum http_name name, size_t size)
{
	field = (struct http_field){ .name = (uint16_t)name, .value = { 0, (uint32_t)size } };
	fields = (struct http_fields){ .list = &field, .count = 1, .seen = HTTP_NAME_BIT(name) };
}

static void read_preferences(const char *data, size_t size)
{
	static const char *const types[] = { "text/html", "a/b;c=d" };
	static const char *const tags[] = { "en-GB", "de" };
	static const enum http_coding offers[] = { HTTP_CODING_GZIP, HTTP_CODING_BR };
	struct http_preferences preferences;
	struct http_preference preference;

	is_field(HTTP_NAME_ACCEPT, size);
	http_preferences_begin(&preferences, &fields, data, HTTP_NAME_ACCEPT);
	while (http_preference_next(&preferences, &preference)) {
		h1_check(preference.quality <= HTTP_QUALITY_MAX && preference.value.size);
		h1_check(preference.value.at + preference.value.size <= size);
		h1_check(preference.parameters.at + preference.parameters.size <= size);
	}
	h1_check(http_accept_best_type(&fields, data, types, 2) < 2);
	is_field(HTTP_NAME_ACCEPT_ENCODING, size);
	http_accept_coding(&fields, data, offers, 2);
	is_field(HTTP_NAME_ACCEPT_LANGUAGE, size);
	h1_check(http_accept_language(&fields, data, tags, 2) < 2);
}

static void read_validators(const char *data, size_t size)
{
	char text[HTTP_DATE_BYTES], room[70];
	struct http_range range;
	struct http_tags tags;
	struct http_tag tag;
	time_t time, again;

	is_field(HTTP_NAME_IF_NONE_MATCH, size);
	http_tags_begin(&tags, &fields, data, HTTP_NAME_IF_NONE_MATCH);
	while (http_tags_next(&tags, &tag)) {
		ssize_t written = tag.size < 60 ? http_tag_write(room, sizeof room, &tag) : 0;
		struct http_tag same;

		h1_check(tag.text >= data && tag.text + tag.size < data + size);
		if (written) {
			h1_check(http_tag_parse(room, (size_t)written, &same));
			h1_check(http_tag_equal(&tag, &same, false) && tag.weak == same.weak);
		}
	}
	if (http_date_parse(data, size, &time)) {
		http_date(text, time);
		h1_check(http_date_parse(text, strlen(text), &again) && again == time);
	}
	if (http_range_parse(data, size, 1000, &range) == HTTP_RANGE_PART)
		h1_check(range.size && range.first < 1000 && range.size <= 1000 - range.first);
}

static void read_parameters(const char *data, size_t size)
{
	struct http_parameters parameters;
	struct http_parameter parameter;
	struct http_pairs form;
	struct arena arena;
	struct http_slice value;
	char *room = malloc(size ? size : 1);
	size_t used;

	http_parameters_begin(&parameters, data, size, &value);
	h1_check(value.at + value.size <= size);
	while (http_parameters_next(&parameters, &parameter)) {
		h1_check(http_is_token(parameter.name, parameter.name_size));
		h1_check(parameter.value >= data &&
			 parameter.value + parameter.value_size <= data + size);
	}
	if (size && http_parameter_find(data, size, "n", room, &used))
		h1_check(used <= size);
	arena_begin(&arena, NULL, 0);
	if (!http_pairs_parse(&form, &arena, data, size, 20))
		h1_check(form.count <= 20);
	arena_end(&arena);
	free(room);
}

static void read_path(const char *data, size_t size)
{
	char *room = malloc(3 * size + 1), *again;
	size_t used = http_path_canonical(data, size, room);

	h1_check(used <= 3 * size + 1 && room[0] == '/' && http_path_is_canonical(room, used));
	again = malloc(3 * used + 1);
	h1_check(http_path_canonical(room, used, again) == used && !memcmp(room, again, used));
	h1_check(!memmem(room, used, "/../", 4) && !memmem(room, used, "/./", 3));
	if (http_path_is_canonical(data, size))
		h1_check(used == size && !memcmp(room, data, size));
	free(again);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = h1_copy(data, size);

	read_preferences(copy, size);
	read_validators(copy, size);
	read_parameters(copy, size);
	read_path(copy, size);
	free(copy);
	return 0;
}
