/* SPDX-License-Identifier: MIT */
/* What came of a URL, and its line of JSON. */
#ifndef AFETCH_RECORD_H
#define AFETCH_RECORD_H

#include <await.h>
#include <jansson.h>
#include <time.h>
#include "name.h"

enum { ERROR_TEXT_BYTES = 400 };

/* The last try of a URL. Zero-filled, it has not begun. */
struct result {
	int error;		     /* negative errno; 0: fetched */
	char text[ERROR_TEXT_BYTES]; /* what it says in words */
	int status;		     /* 0: no answer */
	char *final_url;	     /* or NULL */
	json_t *headers;	     /* or NULL */
	uint64_t size;		     /* of the body, decoded */
	int redirects;
	double retry_after;	    /* seconds that the server asks for; < 0: it does not */
	bool spoiled;		    /* no other try: part of the body has gone out */
	bool local;		    /* output failed: no other URL will do better */
	char file[FILE_NAME_BYTES]; /* "": none */
	async_call_facts facts;
};

void result_free(struct result *result);

/* The fields of an answer as an object: names in small letters, those sent several times joined by
 * ", ", "set-cookie" always an array. NULL: no memory. */
json_t *record_headers(async_response *response);

/* Where a record comes from. */
struct source {
	const char *url; /* NULL: it could not be read */
	size_t size;
	uint64_t line;
	unsigned tries;
	time_t begun;
};

/* The line, from malloc, with its newline. NULL: no memory. */
char *record_line(const struct source *source, const struct result *result, size_t *size);

#endif
