/* SPDX-License-Identifier: MIT */
/*
 * The router: the first byte says how much of the rest is a pattern; what follows is a path. Our
 * loop finds what the expression that the pattern stands for finds; and the path that is built from
 * what was found leads to the same values.
 */
#define _GNU_SOURCE
#include "h1.h"
#include "server/route.h"
#include "server/route_pattern.h"

static void loop_and_expression(const char *text, const char *sent, size_t sent_size)
{
	char *path = malloc(3 * sent_size + 1);
	size_t size = http_path_canonical(sent, sent_size, path);
	struct route_scratch scratch = { .limits = { 10000, 100 } };
	struct http_slice a[HTTP_ROUTE_VARIABLES], b[HTTP_ROUTE_VARIABLES];
	struct route_pattern pattern;
	int result;

	if (route_pattern_parse(&pattern, text)) {
		free(path);
		return;
	}
	if (!pattern.regex) {
		result = route_pattern_match(&pattern, &scratch, path, size, a);
		h1_check(result >= 0);
		if (!route_regex_compile(&pattern)) {
			int other = route_pattern_match(&pattern, &scratch, path, size, b);

			h1_check(other < 0 || other == result);
			h1_check(result <= 0 || other < 0 ||
				 !memcmp(a, b, pattern.count * sizeof *a));
		}
	}
	route_pattern_free(&pattern);
	route_scratch_free(&scratch);
	free(path);
}

/* Values with a NUL cannot be given back as text. */
static bool take_values(const struct http_route_match *match, struct http_route_part *parts)
{
	bool whole = true;

	for (unsigned int i = 0; i < http_route_count(match->route); i++) {
		char *value = malloc(match->values[i].size + 1);
		size_t size = http_route_value(match, i, value);

		h1_check(match->values[i].at + match->values[i].size <= match->size);
		h1_check(size <= match->values[i].size);
		value[size] = '\0';
		whole = whole && strlen(value) == size;
		parts[i] = (struct http_route_part){ http_route_variable(match->route, i), value };
	}
	return whole;
}

static void match_and_build(const char *text, const char *path, size_t size)
{
	struct http_router *router =
		http_router_new(&(struct http_route_limits){ .steps = 10000, .depth = 100 });
	struct http_route_options options = { .method = "GET", .pattern = text, .name = "n" };
	struct http_route_part parts[HTTP_ROUTE_VARIABLES];
	struct http_route_match match, again;
	unsigned int count, i;

	if (!http_router_add(router, &options) &&
	    http_router_match(router, "HEAD", 4, path, size, &match) == HTTP_ROUTE_FOUND) {
		bool whole = take_values(&match, parts);
		char *built = NULL, room[1000];

		count = http_route_count(match.route);
		if (whole)
			built = http_router_build(router, "n", parts, count);
		if (built) {
			h1_check(http_router_match(router, "GET", 3, built, strlen(built),
						   &again) == HTTP_ROUTE_FOUND);
			for (i = 0; i < count && again.values[i].size < sizeof room; i++) {
				size_t used = http_route_value(&again, i, room);

				h1_check(used == strlen(parts[i].value));
				h1_check(!memcmp(room, parts[i].value, used));
			}
			http_route_match_end(&again);
		}
		for (i = 0; i < count; i++)
			free((char *)(uintptr_t)parts[i].value);
		free(built);
		http_route_match_end(&match);
	}
	http_router_free(router);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pattern, *path;
	size_t split;

	if (!size)
		return 0;
	split = data[0] % size;
	pattern = strndup((const char *)data + 1, split);
	size -= 1 + split;
	path = h1_copy(data + 1 + split, size);
	loop_and_expression(pattern, path, size);
	match_and_build(pattern, path, size);
	free(pattern);
	free(path);
	return 0;
}
