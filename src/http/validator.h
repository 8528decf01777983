/* SPDX-License-Identifier: MIT */
/*
 * Validators of a representation, its entity tag and its date, and what requests ask of them:
 * conditions (RFC 9110, 13) and ranges of bytes (14).
 */
#ifndef HTTP_VALIDATOR_H
#define HTTP_VALIDATOR_H

#include <time.h>
#include "http/head.h"

/* An entity tag, without its quotes. */
struct http_tag {
	const char *text;
	size_t size;
	bool weak;
};

/* etagc of RFC 9110, 8.8.3: visible ASCII without quotes, and all above. An empty tag is one. */
bool http_tag_valid(const char *text, size_t size);
/* "xyz" or W/"xyz" and a NUL. Returns its length; -EINVAL for what no tag may hold, -ENOBUFS. */
ssize_t http_tag_write(char *room, size_t size, const struct http_tag *tag);
/* Exactly one tag, blanks around it left out already. */
bool http_tag_parse(const char *text, size_t size, struct http_tag *tag);
/* RFC 9110, 8.8.3.2. Strong: neither may be weak. */
bool http_tag_equal(const struct http_tag *a, const struct http_tag *b, bool strong);

/* The tags of If-Match and If-None-Match, all fields of that name. */
struct http_tags {
	const struct http_fields *fields;
	const char *data;
	const struct http_field *field;
	uint32_t at;
	bool any; /* the value is "*" */
};

void http_tags_begin(struct http_tags *tags, const struct http_fields *fields, const char *data,
		     enum http_name name);
/* false: no more. What is malformed ends its field. */
bool http_tags_next(struct http_tags *tags, struct http_tag *tag);

/* A date in one of the three forms of RFC 9110, 5.6.7; false: it is in none. The century of two
 * digits is the one that is at most 50 years ahead of today. */
bool http_date_parse(const char *text, size_t size, time_t *time);

/* A field of that name with a date: exactly one, and in a form that is known. */
bool http_date_field(const struct http_fields *fields, const char *data, enum http_name name,
		     time_t *time);

/* What there is of a representation. */
struct http_validators {
	bool exists;
	bool tagged, dated;
	struct http_tag tag;
	time_t modified; /* in whole seconds, rounded up as Last-Modified is */
	uint64_t size;	 /* for ranges */
};

enum http_condition {
	HTTP_CONDITION_MET,	     /* go on */
	HTTP_CONDITION_NOT_MODIFIED, /* 304 */
	HTTP_CONDITION_FAILED,	     /* 412 */
};

/* If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of RFC
 * 9110, 13.2.2: a tag's condition makes the date's void. */
enum http_condition http_condition_check(const struct http_fields *fields, const char *data,
					 enum http_method method,
					 const struct http_validators *validators);

struct http_range {
	uint64_t first, size; /* of the bytes to send; at least one */
};

enum http_range_result {
	HTTP_RANGE_WHOLE, /* 200: nothing was asked for, or not in a way that is known here */
	HTTP_RANGE_PART,  /* 206 */
	HTTP_RANGE_UNSATISFIABLE, /* 416: beyond the end */
	HTTP_RANGE_BAD,		  /* 416, or 400: no range at all */
};

/* The value of Range against a representation of that size. Several ranges, and units other than
 * bytes, give the whole, as RFC 9110, 14.2 allows. */
enum http_range_result http_range_parse(const char *text, size_t text_size, uint64_t size,
					struct http_range *range);

/* Range and If-Range of a GET. The whole where If-Range names another representation: tags are
 * compared strongly, dates must be the same. */
enum http_range_result http_range_asked(const struct http_fields *fields, const char *data,
					enum http_method method,
					const struct http_validators *validators,
					struct http_range *range);

/* The value of Content-Range, "bytes 0-4/10", and a NUL; `range` NULL: that of a 416, with a star
 * in place of the range. Returns its length. */
enum { HTTP_CONTENT_RANGE_BYTES = 70 };
int http_content_range(char text[HTTP_CONTENT_RANGE_BYTES], const struct http_range *range,
		       uint64_t size);

#endif
