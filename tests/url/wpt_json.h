/* SPDX-License-Identifier: MIT */
/* As much JSON (RFC 8259) as the suites of web-platform-tests need: a text becomes a tree. Lone
 * surrogates become U+FFFD, as a browser's URL sees them. Memory stays until the process ends. */
#ifndef TESTS_HTTP_WPT_JSON_H
#define TESTS_HTTP_WPT_JSON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

struct json {
	char kind;    /* { [ " 0 n t f */
	char *string; /* UTF-8, may hold zeros, and one follows */
	size_t size;
	char *key;	    /* in an object */
	struct json *first; /* of an object or array */
	struct json *next;  /* beside it */
};

static const char *json_at;

static void json_space(void)
{
	json_at += strspn(json_at, " \t\r\n,:");
}

static unsigned int json_hex4(void)
{
	char digits[5] = { 0 };

	memcpy(digits, json_at, 4);
	json_at += 4;
	return (unsigned int)strtoul(digits, NULL, 16);
}

static char *json_utf8(char *to, unsigned int code)
{
	if (code >= 0xd800 && code <= 0xdbff && json_at[0] == '\\' && json_at[1] == 'u') {
		const char *back = json_at;
		unsigned int low;

		json_at += 2;
		low = json_hex4();
		if (low >= 0xdc00 && low <= 0xdfff)
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		else
			json_at = back;
	}
	if (code >= 0xd800 && code <= 0xdfff)
		code = 0xfffd;
	if (code < 0x80)
		*to++ = (char)code;
	else if (code < 0x800)
		*to++ = (char)(0xc0 | code >> 6);
	else if (code < 0x10000)
		*to++ = (char)(0xe0 | code >> 12);
	else
		*to++ = (char)(0xf0 | code >> 18);
	if (code >= 0x10000)
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
	if (code >= 0x800)
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	if (code >= 0x80)
		*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

static char *json_string(size_t *size)
{
	char *text, *to;

	CHECK_INT(*json_at++, '"');
	text = to = malloc(strlen(json_at) < 65536 ? strlen(json_at) + 1 : 65536);
	while (*json_at != '"') {
		static const char escapes[] = "bfnrt", meanings[] = "\b\f\n\r\t";
		const char *escape;

		CHECK(*json_at);
		if (*json_at != '\\') {
			*to++ = *json_at++;
			continue;
		}
		json_at++;
		escape = strchr(escapes, *json_at);
		if (*json_at++ == 'u')
			to = json_utf8(to, json_hex4());
		else
			*to++ = escape ? meanings[escape - escapes] : json_at[-1];
	}
	json_at++;
	*to = '\0';
	*size = (size_t)(to - text);
	return realloc(text, *size + 1);
}

static struct json *json_value(void)
{
	struct json *value = calloc(1, sizeof *value), **last = &value->first;
	size_t size;

	json_space();
	value->kind = *json_at;
	if (*json_at == '"') {
		value->string = json_string(&value->size);
	} else if (*json_at == '{' || *json_at == '[') {
		json_at++;
		for (json_space(); *json_at != ']' && *json_at != '}'; json_space()) {
			char *key = value->kind == '{' ? json_string(&size) : NULL;

			*last = json_value();
			(*last)->key = key;
			last = &(*last)->next;
		}
		json_at++;
	} else {
		CHECK(strspn(json_at, "-+.0123456789truefalsn"));
		json_at += strspn(json_at, "-+.0123456789truefalsnE");
	}
	return value;
}

static const struct json *json_member(const struct json *object, const char *key)
{
	const struct json *member = object->first;

	while (member && strcmp(member->key, key))
		member = member->next;
	return member;
}

/* A file of the folder, or of tests/wpt in it. NULL: it is not there. */
static const struct json *json_file(const char *folder, const char *name)
{
	static const char *const places[] = { "", "tests/wpt/", "wpt-url/tests/wpt/" };
	char path[4096], *text;
	FILE *file = NULL;
	size_t size;

	for (size_t i = 0; i < sizeof places / sizeof *places && !file; i++) {
		snprintf(path, sizeof path, "%s/%s%s", folder, places[i], name);
		file = fopen(path, "r");
	}
	if (!file)
		return NULL;
	text = malloc(1 << 22);
	size = fread(text, 1, (1 << 22) - 1, file);
	text[size] = '\0';
	fclose(file);
	json_at = text;
	return json_value();
}

#endif
