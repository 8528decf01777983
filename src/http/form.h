/* SPDX-License-Identifier: MIT */
/*
 * What describes a form: its fields, application/x-www-form-urlencoded (WHATWG URL, 5), and the
 * parameters of Content-Type and Content-Disposition that come with parts of multipart ones.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include <await/url.h>
#include "http/arena.h"
#include "http/head.h"

enum { HTTP_FORM_FIELDS = 1000 };

/* Pairs in their order, repeated names kept, decoded; each text ends in a zero that is not counted.
 * Zero-filled is empty. */
struct http_pairs {
	async_query_pair *list;
	size_t count;
};

/* Of a form, or of a query. All memory is the arena's. `most` 0: HTTP_FORM_FIELDS. -EMSGSIZE when
 * there are more, found before anything is kept; -ENOMEM. On failure there are none. */
int http_pairs_parse(struct http_pairs *pairs, struct arena *arena, const char *data, size_t size,
		     size_t most);
/* The i-th of that name, from 0, or NULL. */
const async_query_pair *http_pairs_find(const struct http_pairs *pairs, const char *name, size_t i);

/* One by one: "form-data; name=\"a\"; filename=x". What is no parameter is passed over. */
struct http_parameters {
	const char *at, *end;
};

struct http_parameter {
	const char *name, *value; /* in the text; the value without quotes, with its escapes */
	size_t name_size, value_size;
	bool quoted;
};

/* Sets `value` to what stands before the first semicolon. */
void http_parameters_begin(struct http_parameters *parameters, const char *text, size_t size,
			   struct http_slice *value);
bool http_parameters_next(struct http_parameters *parameters, struct http_parameter *parameter);

/*
 * The value of the parameter of that name (lower case), decoded: as name*= with a character set
 * (RFC 8187; UTF-8, US-ASCII and ISO-8859-1, which becomes UTF-8), in pieces name*0= and on (RFC
 * 2231), or plainly; better ones first. In quotes a backslash counts before a quote or a backslash
 * only, since browsers send paths. `room` has `size` bytes; no NUL is added. false: there is none.
 */
bool http_parameter_find(const char *text, size_t size, const char *name, char *room,
			 size_t *room_used);

/* The name of an uploaded file, for showing and for storing: filename without directories of any
 * system, "." and "..", and control bytes. May be empty. false: not a file. `room` has `size`. */
bool http_filename_find(const char *text, size_t size, char *room, size_t *room_used);

/* Content-Type apart: the type in small letters, `usual` without one or when it is none; its charset
 * in small letters, "" without. `value` may be NULL; both are "" when there is no memory. */
void http_content_type_split(struct arena *arena, const char *value, const char *usual,
			     const char **type, const char **charset);

/* "type/subtype", both tokens. */
bool http_media_type_valid(const char *text, size_t size);

#endif
