/* SPDX-License-Identifier: MIT */
/* Patterns of routes: taking them apart, and matching those that need no regular expression. */
#include <await/base.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "http/bytes.h"
#include "server/route_pattern.h"

/* The canonical form of a literal that a programmer wrote. Dots stay: whether they are a segment
 * depends on what stands beside them. NULL: no memory. */
static char *literal_of(const char *at, const char *end, size_t *size)
{
	char *literal = malloc(3 * (size_t)(end - at) + 1);
	size_t used = 0, written;

	if (!literal)
		return NULL;
	for (; at < end; used += written)
		at += http_path_byte(at, end, literal + used, &written);
	literal[used] = '\0';
	*size = used;
	return literal;
}

struct pattern_parser {
	struct route_pattern *pattern;
	const char *text, *at;
};

static int refuse(const struct pattern_parser *parser, const char *what)
{
	return async_fail(-EINVAL, "route pattern \"%.200s\": %s (offset %td)", parser->text, what,
			  parser->at - parser->text);
}

static int out_of_memory(const struct pattern_parser *parser)
{
	return async_fail(-ENOMEM, "route pattern \"%.200s\"", parser->text);
}

static bool is_identifier(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char folded = (char)(text[i] | 0x20);

		if (!(folded >= 'a' && folded <= 'z') && text[i] != '_' &&
		    !(i && byte_is(text[i], BYTE_DIGIT)))
			return false;
	}
	return size;
}

/* A whole segment of dots would never match: paths have none left. `open`: a variable follows. */
static bool has_dots(const char *literal, bool open)
{
	const char *at = literal;

	while ((at = strstr(at, "/."))) {
		at += 2;
		at += *at == '.';
		if (*at == '/' || (!*at && !open))
			return true;
	}
	return false;
}

/* Up to the next brace. */
static int parse_literal(struct pattern_parser *parser, char **literal, size_t *literal_size)
{
	const char *from = parser->at;

	parser->at += strcspn(parser->at, "{}");
	if (*parser->at == '}')
		return refuse(parser, "\"}\" without \"{\"");
	*literal = literal_of(from, parser->at, literal_size);
	if (!*literal)
		return out_of_memory(parser);
	if (has_dots(*literal, *parser->at)) {
		parser->at = from;
		return refuse(parser, "a segment \".\" or \"..\", which no path has once it is "
				      "resolved");
	}
	return 0;
}

/* `at` is behind the colon; returns the closing brace, or NULL. Braces that a backslash precedes
 * belong to the expression, others must match each other: {n:\d{4}}. */
static const char *regex_end(const char *at)
{
	int depth = 1;

	for (; *at; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '{')
			depth++;
		else if (*at == '}' && --depth == 0)
			return at;
	}
	return NULL;
}

static int parse_name(struct pattern_parser *parser, const char *name, size_t size)
{
	struct route_pattern *pattern = parser->pattern;
	struct route_variable *variable = &pattern->variables[pattern->count];

	if (!size)
		return refuse(parser, "a variable without a name");
	if (!is_identifier(name, size))
		return refuse(parser, "a variable's name consists of letters, digits and "
				      "underscores, and begins with no digit");
	for (unsigned int i = 0; i < pattern->count; i++) {
		const char *other = pattern->variables[i].name;

		if (strlen(other) == size && !memcmp(other, name, size))
			return refuse(parser, "two variables of the same name");
	}
	variable->name = strndup(name, size);
	if (!variable->name)
		return out_of_memory(parser);
	pattern->count++;
	return 0;
}

/* parser->at is at "{". */
static int parse_variable(struct pattern_parser *parser)
{
	struct route_pattern *pattern = parser->pattern;
	const char *name = ++parser->at, *end = name + strcspn(name, ":{}");
	int result;

	if (pattern->count == HTTP_ROUTE_VARIABLES)
		return refuse(parser, "more than 16 variables (HTTP_ROUTE_VARIABLES)");
	if (!*end || *end == '{')
		return refuse(parser, "\"{\" without \"}\"");
	result = parse_name(parser, name, (size_t)(end - name));
	if (result)
		return result;
	if (*end == ':') {
		const char *regex = end + 1;

		end = regex_end(regex);
		if (!end)
			return refuse(parser, "\"{\" without \"}\"");
		parser->at = regex;
		if (end == regex)
			return refuse(parser, "an empty regular expression");
		pattern->variables[pattern->count - 1].regex =
			strndup(regex, (size_t)(end - regex));
		if (!pattern->variables[pattern->count - 1].regex)
			return out_of_memory(parser);
	}
	parser->at = end + 1;
	return 0;
}

/* Whether the variable shares its segment with another one. */
static bool is_alone(const struct route_pattern *pattern, unsigned int index)
{
	const char *before = index ? pattern->variables[index - 1].literal : "/";

	return strchr(before, '/') &&
	       (index + 1 == pattern->count || strchr(pattern->variables[index].literal, '/'));
}

/* Returns whether all variables are of kinds that need no regular expression. */
static bool find_kinds(struct route_pattern *pattern)
{
	bool plain = true;

	for (unsigned int i = 0; i < pattern->count; i++) {
		struct route_variable *variable = &pattern->variables[i];
		const char *regex = variable->regex;
		bool last = i + 1 == pattern->count && !variable->literal_size;

		if (!regex)
			variable->kind = VARIABLE_PART;
		else if ((!strcmp(regex, "\\d+") || !strcmp(regex, "[0-9]+")) &&
			 is_alone(pattern, i))
			variable->kind = VARIABLE_DIGITS;
		else if (!strcmp(regex, ".*") && last && is_alone(pattern, i))
			variable->kind = VARIABLE_REST;
		else if (!strcmp(regex, ".+") && last && is_alone(pattern, i))
			variable->kind = VARIABLE_REST_1;
		else
			variable->kind = VARIABLE_REGEX;
		plain = plain && variable->kind != VARIABLE_REGEX;
	}
	return plain;
}

static char *make_shape(const struct route_pattern *pattern)
{
	size_t size = pattern->literal_size + 1;
	char *shape, *at;

	for (unsigned int i = 0; i < pattern->count; i++) {
		const char *regex = pattern->variables[i].regex;

		size += 2 + pattern->variables[i].literal_size + (regex ? strlen(regex) : 0);
	}
	shape = malloc(size);
	if (!shape)
		return NULL;
	at = stpcpy(shape, pattern->literal);
	for (unsigned int i = 0; i < pattern->count; i++) {
		const struct route_variable *variable = &pattern->variables[i];

		at = stpcpy(at, "{");
		at = stpcpy(at, variable->regex ? variable->regex : "");
		at = stpcpy(stpcpy(at, "}"), variable->literal);
	}
	return shape;
}

static int parse_parts(struct pattern_parser *parser)
{
	struct route_pattern *pattern = parser->pattern;
	int result = parse_literal(parser, &pattern->literal, &pattern->literal_size);

	while (!result && *parser->at) {
		result = parse_variable(parser);
		if (!result) {
			struct route_variable *variable = &pattern->variables[pattern->count - 1];

			result = parse_literal(parser, &variable->literal, &variable->literal_size);
		}
	}
	if (result)
		return result;
	pattern->prefix_size = pattern->literal_size;
	while (pattern->count && pattern->literal[pattern->prefix_size - 1] != '/')
		pattern->prefix_size--;
	pattern->text = strdup(parser->text);
	pattern->shape = make_shape(pattern);
	if (!pattern->text || !pattern->shape)
		return out_of_memory(parser);
	if (!find_kinds(pattern))
		return route_regex_compile(pattern);
	pattern->trailing = pattern->count == 1 && pattern->variables[0].kind == VARIABLE_PART &&
			    !pattern->variables[0].literal_size;
	return 0;
}

int route_pattern_parse(struct route_pattern *pattern, const char *text)
{
	struct pattern_parser parser = { pattern, text, text };
	int result;

	memset(pattern, 0, sizeof *pattern);
	if (*text != '/')
		return refuse(&parser, "it must begin with a slash");
	result = parse_parts(&parser);
	if (result)
		route_pattern_free(pattern);
	return result;
}

void route_pattern_free(struct route_pattern *pattern)
{
	route_regex_free(pattern);
	/* One more than were counted may have begun. */
	for (unsigned int i = 0; i < HTTP_ROUTE_VARIABLES; i++) {
		free(pattern->variables[i].name);
		free(pattern->variables[i].regex);
		free(pattern->variables[i].literal);
	}
	free(pattern->text);
	free(pattern->literal);
	free(pattern->shape);
	memset(pattern, 0, sizeof *pattern);
}

/* The last place in [low, high) where the literal fits; NULL: nowhere. */
static const char *find_last(const char *low, const char *high, const char *literal, size_t size)
{
	const char *at;

	if ((size_t)(high - low) < size)
		return NULL;
	for (at = high - size; at >= low; at--) {
		if (!memcmp(at, literal, size))
			return at;
	}
	return NULL;
}

static bool is_digits(const char *at, const char *end)
{
	while (at < end && byte_is(*at, BYTE_DIGIT))
		at++;
	return at == end;
}

/*
 * Variables [first, last] share the segment [at, end); each but the last is followed by its whole
 * literal, the last by the first `tail` bytes of its own.
 */
static bool match_segment(const struct route_pattern *pattern, unsigned int first,
			  unsigned int last, const char *at, const char *end, size_t tail,
			  const char *path, struct http_slice *values)
{
	const struct route_variable *variable = &pattern->variables[last];

	if ((size_t)(end - at) < tail || memcmp(end - tail, variable->literal, tail))
		return false;
	end -= tail;
	for (unsigned int i = last;; i--) {
		const char *from = at;

		if (i > first) {
			const struct route_variable *before = &pattern->variables[i - 1];

			if (end - 1 < at)
				return false;
			from = find_last(at, end - 1, before->literal, before->literal_size);
			if (!from)
				return false;
			from += before->literal_size;
		}
		if (from >= end ||
		    (pattern->variables[i].kind == VARIABLE_DIGITS && !is_digits(from, end)))
			return false;
		values[i] = (struct http_slice){ (uint32_t)(from - path), (uint32_t)(end - from) };
		if (i == first)
			return true;
		end = from - pattern->variables[i - 1].literal_size;
	}
}

static int match_plain(const struct route_pattern *pattern, const char *at, const char *end,
		       const char *path, struct http_slice *values)
{
	unsigned int i = 0;

	while (i < pattern->count) {
		const struct route_variable *variable = &pattern->variables[i];
		unsigned int first = i;
		const char *slash, *literal_slash;
		size_t tail;

		if (variable->kind >= VARIABLE_REST) {
			values[i] =
				(struct http_slice){ (uint32_t)(at - path), (uint32_t)(end - at) };
			return variable->kind == VARIABLE_REST || at < end;
		}
		/* Those that share a segment: up to a literal with a slash. */
		while (!(literal_slash = memchr(variable->literal, '/', variable->literal_size)) &&
		       i + 1 < pattern->count)
			variable = &pattern->variables[++i];
		slash = memchr(at, '/', (size_t)(end - at));
		if (!slash)
			slash = end;
		tail = literal_slash ? (size_t)(literal_slash - variable->literal) :
				       variable->literal_size;
		if (!match_segment(pattern, first, i, at, slash, tail, path, values))
			return false;
		at = slash;
		if (literal_slash) {
			size_t rest = variable->literal_size - tail;

			if ((size_t)(end - at) < rest || memcmp(at, literal_slash, rest))
				return false;
			at += rest;
		}
		i++;
	}
	return at == end;
}

/* One segment at the end, what most patterns have. */
static inline int match_trailing(const char *at, const char *end, const char *path,
				 struct http_slice *values)
{
	values[0] = (struct http_slice){ (uint32_t)(at - path), (uint32_t)(end - at) };
	while (at < end && *at != '/')
		at++;
	return values[0].size && at == end;
}

int route_pattern_match(const struct route_pattern *pattern, struct route_scratch *scratch,
			const char *path, size_t size, struct http_slice *values)
{
	if (size < pattern->literal_size || memcmp(path, pattern->literal, pattern->literal_size))
		return 0;
	if (likely(pattern->trailing))
		return match_trailing(path + pattern->literal_size, path + size, path, values);
	if (unlikely(pattern->regex))
		return route_regex_match(pattern, scratch, path, size, values);
	return match_plain(pattern, path + pattern->literal_size, path + size, path, values);
}
