/* SPDX-License-Identifier: MIT */
/* Quality lists, and the best of what is on offer. Lists are read anew for each offer: they are
 * short, offers are few, and nothing needs to be kept. */
#include <string.h>
#include "base/base.h"
#include "http/accept.h"
#include "http/bytes.h"
#include "http/field.h"

void http_preferences_begin(struct http_preferences *preferences, const struct http_fields *fields,
			    const char *data, enum http_name name)
{
	*preferences = (struct http_preferences){ .fields = fields, .data = data };
	preferences->field = http_field_known(fields, name);
	if (preferences->field)
		preferences->at = preferences->field->value.at;
}

/* Up to `stop` or a comma, quoted strings being passed over as a whole. */
static const char *find_end(const char *at, const char *end, char stop)
{
	bool quoted = false;

	for (; at < end; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at + 1 < end)
			at++;
		else if (!quoted && (*at == ',' || *at == stop))
			break;
	}
	return at;
}

/* "0", "0.5", "1.000"; further digits are more precision than there is. -1: none of these. */
static int parse_quality(const char *text, size_t size)
{
	int quality, digit = 100;

	if (!size || (text[0] != '0' && text[0] != '1') || (size > 1 && text[1] != '.'))
		return -1;
	quality = (text[0] - '0') * HTTP_QUALITY_MAX;
	for (size_t i = 2; i < size; i++, digit /= 10) {
		if (!byte_is(text[i], BYTE_DIGIT))
			return -1;
		quality += (text[i] - '0') * digit;
	}
	return quality > HTTP_QUALITY_MAX ? -1 : quality;
}

/* The element [at, end); false: malformed. */
static bool parse_element(const char *data, const char *at, const char *end,
			  struct http_preference *preference)
{
	const char *semicolon = find_end(at, end, ';'), *first = semicolon;

	preference->value = http_trimmed(data, at, semicolon);
	preference->quality = HTTP_QUALITY_MAX;
	preference->parameters = http_trimmed(data, first, end);
	while (semicolon < end) {
		const char *next = find_end(semicolon + 1, end, ';');
		struct http_slice parameter = http_trimmed(data, semicolon + 1, next);
		const char *text = data + parameter.at;

		if (parameter.size >= 2 && (text[0] | 0x20) == 'q' && text[1] == '=') {
			int quality = parse_quality(text + 2, parameter.size - 2);

			preference->quality = (unsigned int)quality;
			preference->parameters = http_trimmed(data, first, semicolon);
			return quality >= 0 && preference->value.size;
		}
		semicolon = next;
	}
	return preference->value.size;
}

bool http_preference_next(struct http_preferences *preferences, struct http_preference *preference)
{
	while (preferences->field) {
		const struct http_slice *value = &preferences->field->value;
		const char *data = preferences->data, *end = data + value->at + value->size;
		const char *at = data + preferences->at;

		while (at < end) {
			const char *comma = find_end(at, end, ',');
			bool right = parse_element(data, at, comma, preference);

			at = comma + (comma < end);
			if (right) {
				preferences->at = (uint32_t)(at - data);
				return true;
			}
		}
		preferences->field = http_field_next(preferences->fields, preferences->field);
		if (preferences->field)
			preferences->at = preferences->field->value.at;
	}
	return false;
}

/* Without blanks, which RFC 9110 allows around semicolons. */
static bool parameters_equal(const char *a, const char *a_end, const char *b)
{
	for (;;) {
		while (a < a_end && is_blank(*a))
			a++;
		while (is_blank(*b))
			b++;
		if (a == a_end || !*b)
			return a == a_end && !*b;
		if (byte_lower(*a++) != byte_lower(*b++))
			return false;
	}
}

/* How much a range says about a type: 4 for its parameters, 3 for the type itself, 2 for "text" and
 * a star, 1 for stars alone; 0: it does not fit. */
static int type_fits(const struct http_preference *range, const char *data, const char *type)
{
	size_t size = strcspn(type, "; "), slash = strcspn(type, "/");
	const char *text = data + range->value.at;

	if (range->value.size == 3 && !memcmp(text, "*/*", 3))
		return 1;
	if (range->value.size == slash + 2 && slash < size && bytes_same(text, type, slash + 1) &&
	    text[slash + 1] == '*')
		return 2;
	if (range->value.size != size || !bytes_same(text, type, size))
		return 0;
	if (!range->parameters.size)
		return 3;
	text = data + range->parameters.at;
	return parameters_equal(text, text + range->parameters.size, type + size) ? 4 : 0;
}

unsigned int http_accept_type(const struct http_fields *fields, const char *data, const char *type)
{
	struct http_preferences preferences;
	struct http_preference range;
	unsigned int quality = 0;
	int best = 0;

	http_preferences_begin(&preferences, fields, data, HTTP_NAME_ACCEPT);
	if (!preferences.field)
		return HTTP_QUALITY_MAX;
	while (http_preference_next(&preferences, &range)) {
		int fit = type_fits(&range, data, type);

		if (fit > best) {
			best = fit;
			quality = range.quality;
		}
	}
	return quality;
}

int http_accept_best_type(const struct http_fields *fields, const char *data,
			  const char *const *types, size_t count)
{
	unsigned int best = 0;
	int index = -1;

	for (size_t i = 0; i < count; i++) {
		unsigned int quality = http_accept_type(fields, data, types[i]);

		if (quality > best) {
			best = quality;
			index = (int)i;
		}
	}
	return index;
}

/* What each coding was given: by its name, or by a star. -1: nothing was said. */
struct coding_qualities {
	int by_name[HTTP_CODING_COUNT], star;
};

static void read_codings(struct http_preferences *preferences, struct coding_qualities *qualities)
{
	struct http_preference preference;

	qualities->star = -1;
	for (int i = 0; i < HTTP_CODING_COUNT; i++)
		qualities->by_name[i] = -1;
	while (http_preference_next(preferences, &preference)) {
		const char *text = preferences->data + preference.value.at;
		enum http_coding coding = http_coding_find(text, preference.value.size);
		int *quality = preference.value.size == 1 && *text == '*' ? &qualities->star :
			       coding != HTTP_CODING_OTHER ? &qualities->by_name[coding] :
							     NULL;

		if (quality && *quality < 0)
			*quality = (int)preference.quality;
	}
}

enum http_coding http_accept_coding(const struct http_fields *fields, const char *data,
				    const enum http_coding *offers, size_t count)
{
	struct http_preferences preferences;
	struct coding_qualities qualities;
	enum http_coding best = HTTP_CODING_OTHER;
	int quality, most = 0;

	http_preferences_begin(&preferences, fields, data, HTTP_NAME_ACCEPT_ENCODING);
	if (!preferences.field)
		return HTTP_CODING_IDENTITY;
	read_codings(&preferences, &qualities);
	for (size_t i = 0; i < count; i++) {
		quality = qualities.by_name[offers[i]];
		if (quality < 0)
			quality = qualities.star;
		if (quality > most && offers[i] != HTTP_CODING_IDENTITY) {
			most = quality;
			best = offers[i];
		}
	}
	/* Nobody needs to name it; but who does not likes anything better that he names. */
	quality = qualities.by_name[HTTP_CODING_IDENTITY];
	if (quality < 0)
		quality = qualities.star < 0 ? 1 : qualities.star;
	return quality > most ? HTTP_CODING_IDENTITY : best;
}

/* The range is the tag, or begins it at a hyphen. A star fits everything, in no place. */
static int range_fits(const char *range, size_t size, const char *tag)
{
	size_t tag_size = strlen(tag);

	if (size == 1 && *range == '*')
		return 1;
	return size <= tag_size && bytes_same(range, tag, size) &&
			       (size == tag_size || tag[size] == '-') ?
		       (int)size + 1 :
		       0;
}

/* The quality of a tag; -1: nothing was said about it. */
static int language_quality(const struct http_fields *fields, const char *data, const char *tag,
			    bool fall_back)
{
	struct http_preferences preferences;
	struct http_preference range;
	int best = 0, quality = -1;

	http_preferences_begin(&preferences, fields, data, HTTP_NAME_ACCEPT_LANGUAGE);
	while (http_preference_next(&preferences, &range)) {
		const char *text = data + range.value.at;
		size_t size = range.value.size, tag_size = strlen(tag);
		int fit = range_fits(text, size, tag);

		/* "en" is what "en-GB" without its last part asks for. */
		if (fall_back && size > tag_size && text[tag_size] == '-' &&
		    bytes_same(text, tag, tag_size))
			fit = 1;
		if (fit > best) {
			best = fit;
			quality = (int)range.quality;
		}
	}
	return quality;
}

int http_accept_language(const struct http_fields *fields, const char *data,
			 const char *const *tags, size_t count)
{
	if (!http_field_known(fields, HTTP_NAME_ACCEPT_LANGUAGE))
		return count ? 0 : -1;
	for (int fall_back = 0; fall_back < 2; fall_back++) {
		int best = 0, index = -1;

		for (size_t i = 0; i < count; i++) {
			int quality = language_quality(fields, data, tags[i], fall_back);

			if (quality > best) {
				best = quality;
				index = (int)i;
			}
		}
		if (index >= 0)
			return index;
	}
	return -1;
}
