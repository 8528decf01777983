/* SPDX-License-Identifier: MIT */
/*
 * The router: which of an application's routes answers a method and a path. Pure data, no I/O.
 * Routes are added first, by one thread; then any number of threads may match.
 *
 * A pattern is a path with variables in braces:
 *
 *	/users/{name}		one segment or a part of one: at least one byte, no slash
 *	/posts/{id:\d+}.json	what the regular expression (PCRE2) says
 *	/files/{path:.*}	the rest, slashes included
 *
 * Patterns and paths meet in one canonical form: whatever need not be percent-encoded is not, the
 * rest is, in capitals; "." and ".." are resolved (WHATWG URL, 4.4). An encoded slash stays inside
 * its segment. Regular expressions see that form, too.
 *
 * Which route answers: the one with the longest fixed beginning, counted in whole segments; among
 * these fixed paths before those with variables, then the order they were added in. What is fixed
 * is found by hashing, so the number of routes does not matter; only variable routes with the same
 * beginning are tried one after the other.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "http/head.h"

enum {
	/* Of one pattern. Not to be changed: a match has a place for each. */
	HTTP_ROUTE_VARIABLES = 16,
	/* What one regular expression may spend on one path before that is an error; members of
	 * http_route_limits. A sane expression needs tens. */
	HTTP_ROUTE_STEPS = 100000,
	HTTP_ROUTE_DEPTH = 1000,
};

struct http_router;
struct http_route;

struct http_route_limits {
	uint32_t steps; /* HTTP_ROUTE_STEPS */
	uint32_t depth; /* HTTP_ROUTE_DEPTH; how deep the expression backtracks */
};

/* `limits` and members that are 0: the defaults. NULL: -ENOMEM. */
struct http_router *http_router_new(const struct http_route_limits *limits);
void http_router_free(struct http_router *router);

struct http_route_options {
	const char *method;  /* a token, letters of either case counting; "*": any other */
	const char *pattern; /* begins with a slash */
	const char *name;    /* NULL: none. Identifiers joined by '.', '-' or ':' */
	void *data;	     /* the caller's */
	bool no_head;	     /* a GET that does not answer HEAD as well */
};

/*
 * Adds a route; all texts are copied. 0, -ENOMEM, -EOPNOTSUPP (a regular expression, and the
 * library was built without PCRE2), -EEXIST (the same method and pattern, or the name of another
 * pattern), -EINVAL with a text that says what is wrong and where. Patterns that differ in the
 * names of variables only are the same; a name may be given to one pattern several times.
 */
int http_router_add(struct http_router *router, const struct http_route_options *options);

struct http_route_match {
	const struct http_route *route;
	const char *path; /* canonical: the caller's, or `owned` */
	size_t size;
	char *owned;
	struct http_slice values[HTTP_ROUTE_VARIABLES]; /* in path, still encoded */
};

enum http_route_result {
	HTTP_ROUTE_NONE, /* 404 */
	HTTP_ROUTE_FOUND,
	HTTP_ROUTE_METHOD, /* 405: the path is known under other methods, see http_router_allow */
};

/*
 * Finds the route. `path` is as it was sent, without query; empty means "/". It is referred to, not
 * copied, where it is canonical already. Returns enum http_route_result, or -ENOMEM, -EMSGSIZE (a
 * limit of http_route_limits). http_route_match_end after HTTP_ROUTE_FOUND, and only then.
 */
int http_router_match(struct http_router *router, const char *method, size_t method_size,
		      const char *path, size_t size, struct http_route_match *match);
void http_route_match_end(struct http_route_match *match);

/* The value of Allow: the methods of all routes that know the path, sorted, "GET, HEAD, POST", and
 * a NUL. Empty: none. Returns its length, -ENOBUFS when it does not fit; else as above. */
ssize_t http_router_allow(struct http_router *router, const char *path, size_t path_size,
			  char *text, size_t size);

void *http_route_data(const struct http_route *route);
const char *http_route_method(const struct http_route *route);
const char *http_route_pattern(const struct http_route *route);
const char *http_route_name(const struct http_route *route);   /* NULL: none */
unsigned int http_route_count(const struct http_route *route); /* of variables */
const char *http_route_variable(const struct http_route *route, unsigned int index);

/* The index of a variable, or -1. */
int http_route_find(const struct http_route *route, const char *name);

/* Writes what a variable's value stands for, decoded, without a NUL. `room` has at least
 * match->values[index].size bytes. Returns its size. */
size_t http_route_value(const struct http_route_match *match, unsigned int index, char *room);

/*
 * The path of a named route: `parts` are `count` pairs of variable and value, values not encoded.
 * The caller frees it. NULL: -ENOENT (no such name), -EINVAL (a variable without value, a value
 * without variable, or one that the pattern would not take back), -ENOMEM, -EMSGSIZE.
 */
struct http_route_part {
	const char *name, *value;
};
char *http_router_build(struct http_router *router, const char *name,
			const struct http_route_part *parts, size_t count);

/* The canonical form of a path; `room` has 3 * size + 1 bytes. Returns its size. */
size_t http_path_canonical(const char *path, size_t size, char *room);
/* The same for the one byte or escape at `at`: how many bytes that is, and in *written of those
 * that stand for it. */
size_t http_path_byte(const char *at, const char *end, char room[3], size_t *written);
/* Whether it is canonical as it stands. */
bool http_path_is_canonical(const char *path, size_t size);

/*
 * Host masks: "example.com", "*.example.com", "a-*.example.com:8080"; a star stands for any bytes,
 * also none. Letters of either case; a mask without a port takes any port. `host` as in Host.
 */
bool http_host_mask_match(const char *mask, const char *host, size_t size);
/* 0, or -EINVAL with a text. */
int http_host_mask_check(const char *mask);

#endif
