/* SPDX-License-Identifier: MIT */
/*
 * One pattern of a route, taken apart. Patterns without regular expressions are matched here,
 * segment by segment and from the right within each: since what stands between variables is fixed,
 * the latest place for each literal is what a greedy expression would find, and no backtracking is
 * needed. The expressions that nearly all others consist of are known by sight: \d+ alone in its
 * segment, and .* or .+ at the end. Anything else makes the whole pattern one expression of PCRE2.
 */
#ifndef SERVER_ROUTE_PATTERN_H
#define SERVER_ROUTE_PATTERN_H

#include "base/base.h"
#include "server/route.h"

enum variable_kind {
	VARIABLE_PART,	 /* at least one byte, no slash */
	VARIABLE_DIGITS, /* \d+ or [0-9]+, the only one of its segment */
	VARIABLE_REST,	 /* .*, at the end */
	VARIABLE_REST_1, /* .+, at the end */
	VARIABLE_REGEX,
};

struct route_variable {
	char *name;
	char *regex; /* NULL without one */
	uint8_t kind;
	uint16_t group; /* VARIABLE_REGEX: its number in the whole expression */
	char *literal;	/* what follows it up to the next variable or the end, canonical */
	size_t literal_size;
};

struct route_pattern {
	char *text;    /* as given */
	char *literal; /* what stands before the first variable, canonical */
	size_t literal_size;
	size_t prefix_size; /* of `literal`, up to the last slash: what the index knows it by */
	char *shape; /* the canonical pattern with names left out: equal for equal patterns */
	unsigned int count;
	bool trailing; /* one variable of one segment, at the end */
	struct route_variable variables[HTTP_ROUTE_VARIABLES];
	void *regex; /* the whole, compiled; NULL: none is needed */
};

/* 0, -EINVAL, -ENOMEM, -EOPNOTSUPP with a text. On failure there is nothing to free. */
int route_pattern_parse(struct route_pattern *pattern, const char *text);
void route_pattern_free(struct route_pattern *pattern);

/* Where regular expressions are tried: made when one is needed, kept for the next. */
struct route_scratch {
	struct http_route_limits limits;
	void *spare; /* struct regex_scratch; taken and given back atomically */
};

/* 1, 0 or a negative error. `path` is canonical. */
int route_pattern_match(const struct route_pattern *pattern, struct route_scratch *scratch,
			const char *path, size_t size, struct http_slice *values);

/*
 * The parts in route_pcre.c; route_nopcre.c refuses.
 */
/* Compiles pattern->variables[...].regex and the whole. -EINVAL, -ENOMEM, -EOPNOTSUPP. */
int route_regex_compile(struct route_pattern *pattern);
void route_regex_free(struct route_pattern *pattern);
int route_regex_match(const struct route_pattern *pattern, struct route_scratch *scratch,
		      const char *path, size_t size, struct http_slice *values);
void route_scratch_free(struct route_scratch *scratch);

#endif
