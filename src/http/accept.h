/* SPDX-License-Identifier: MIT */
/*
 * What a client prefers: Accept, Accept-Encoding, Accept-Language (RFC 9110, 12.4 and 12.5).
 * Qualities are thousandths: 1000 for "q=1", 0 for what must not be sent. An element that is
 * malformed is passed over, and the others count.
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "http/codec.h"
#include "http/head.h"

enum { HTTP_QUALITY_MAX = 1000 };

/* One element of such a list. Parts lie in the block that the fields refer to. */
struct http_preference {
	struct http_slice value;      /* "text/html", "gzip", "en-GB", "*" */
	struct http_slice parameters; /* ";level=1", up to and without ";q=" */
	unsigned int quality;
};

struct http_preferences {
	const struct http_fields *fields;
	const char *data;
	const struct http_field *field;
	uint32_t at;
};

/* All fields of that name, one after the other. */
void http_preferences_begin(struct http_preferences *preferences, const struct http_fields *fields,
			    const char *data, enum http_name name);
bool http_preference_next(struct http_preferences *preferences, struct http_preference *preference);

/* The quality of a media type, "text/html" or "text/html;level=1": that of the range that says most
 * about it. HTTP_QUALITY_MAX without Accept. */
unsigned int http_accept_type(const struct http_fields *fields, const char *data, const char *type);
/* The index of the type with the highest quality, the first among equals; -1: none will do. */
int http_accept_best_type(const struct http_fields *fields, const char *data,
			  const char *const *types, size_t count);

/*
 * The coding to use of those on offer, in the order of the server's preference; identity need not
 * be among them. HTTP_CODING_IDENTITY without Accept-Encoding, or where nothing on offer is better;
 * HTTP_CODING_OTHER where even that is refused: answer 406, or send it all the same.
 */
enum http_coding http_accept_coding(const struct http_fields *fields, const char *data,
				    const enum http_coding *offers, size_t count);

/*
 * The index of the language tag to use: the highest quality by the longest range that is the tag or
 * begins it ("en" fits "en-GB"); if none does, the one that a range falls back to ("en" for
 * "en-GB": RFC 4647, 3.4). -1: none, the server's default is as good as any. 0 without
 * Accept-Language.
 */
int http_accept_language(const struct http_fields *fields, const char *data,
			 const char *const *tags, size_t count);

#endif
