/* SPDX-License-Identifier: MIT */
/* Patterns without regular expressions are matched by a loop of our own: it must find what the
 * expression that the pattern stands for finds, on patterns and paths at random. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "server/route_pattern.h"

static uint64_t state = 88172645463325252;

static unsigned int draw(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state >> 33) % below;
}

/* Few letters, so that much of it matches. */
static void draw_pattern(char *text)
{
	static const char *const pieces[] = { "/", "/", "a", "b", "-", "a/", "/b", "-a" };
	unsigned int count = 1 + draw(6), variable = 0;
	char *at = stpcpy(text, "/");

	while (count--) {
		if (draw(2))
			at = stpcpy(at, pieces[draw(8)]);
		else
			at += sprintf(at, draw(6) ? "{v%u}" : "{v%u:\\d+}", variable++);
	}
	if (!draw(5))
		sprintf(at, draw(2) ? "/{rest:.*}" : "/{rest:.+}");
}

static size_t draw_path(char *text)
{
	size_t size = draw(14), i;

	text[0] = '/';
	for (i = 1; i <= size; i++)
		text[i] = "ab-/a1/2"[draw(8)];
	return i;
}

TEST_WITH(loop_and_expression_agree, "W09 W10", .backends = ONCE)
{
	unsigned int rounds = test_is_instrumented() ? 3000 : 30000, matched = 0, plain = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		struct route_pattern ours, other;
		struct route_scratch scratch = { .limits = { 100000, 1000 } };
		char text[100], path[20];

		draw_pattern(text);
		CHECK_INT(route_pattern_parse(&ours, text), 0);
		CHECK_INT(route_pattern_parse(&other, text), 0);
		if (!other.regex && route_regex_compile(&other) == -EOPNOTSUPP)
			SKIP("built without PCRE2");
		plain += !ours.regex;
		for (int j = 0; j < 30; j++) {
			struct http_slice a[HTTP_ROUTE_VARIABLES], b[HTTP_ROUTE_VARIABLES];
			size_t size = draw_path(path);
			char *copy = malloc(size);
			int result;

			CHECK(copy);
			memcpy(copy, path, size);
			result = route_pattern_match(&ours, &scratch, copy, size, a);
			CHECK_INT(route_pattern_match(&other, &scratch, copy, size, b), result);
			if (result && memcmp(a, b, ours.count * sizeof *a))
				harness_fail(__FILE__, __LINE__, "%s on %.*s", text, (int)size,
					     path);
			matched += result > 0;
			free(copy);
		}
		route_pattern_free(&ours);
		route_pattern_free(&other);
		route_scratch_free(&scratch);
	}
	CHECK(matched > rounds);
	CHECK(plain > rounds / 2);
}
