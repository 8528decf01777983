/* SPDX-License-Identifier: MIT */
/*
 * A multipart body of a request as it is read: request_multipart.c finds the parts and their
 * content, part.c is what users see of a part. Parts that are multipart themselves are read by one
 * of these that takes its bytes from the part.
 */
#ifndef SERVER_MULTIPART_READ_H
#define SERVER_MULTIPART_READ_H

#include <await/form.h>
#include "http/body_coding.h"
#include "http/multipart.h"
#include "http/part_coding.h"
#include "server/request.h"

struct async_part {
	async_multipart *multipart;
	char *block; /* the part's head; zero bytes are put behind values */
	size_t block_room;
	const char *name, *filename;
	const char *type, *charset;
	bool begun; /* something was read */
	bool ended; /* its content is complete */
	bool decode;
	struct part_coding transfer;
	struct body_coding *coding;
	const char *piece; /* of the content, of which so much is unread */
	size_t piece_size;
	char *body; /* what was kept of it: a line, or all that was left */
	size_t body_size, body_room;
	bool unfinished;    /* ... the beginning of it: then came a cancel */
	bool whole;	    /* ... all that was left */
	struct arena arena; /* texts, gone with the part */
};

struct async_multipart {
	async_request *request;
	async_part *outer; /* that this is the content of, or NULL */
	async_multipart_options options;
	int error; /* nothing more can be read */
	bool done;
	bool inside; /* a part has begun, and its end was not seen */
	/* What came and was not looked at, and where more of it comes from. */
	const char *source;
	size_t source_size;
	uint64_t taken, most; /* how much came, and how much may */
	char *data;
	size_t at, size, room;
	struct http_multipart reader;
	struct http_head head;
	struct http_field *fields;
	async_part part;
};

/* The next piece of the part's content as it was sent, in memory that may be written to. */
ssize_t await_part_sent(async_part *part, char **data);
/* One whose bytes come from the request, or from a part. NULL: async_error_code(). */
async_multipart *multipart_new(async_request *request, async_part *outer, const char *type,
			       const async_multipart_options *options);
/* Nothing more can be read; answered as failures of reading are. */
int multipart_broken(async_multipart *multipart, int error);
/* part.c */
int part_begin(async_part *part);
/* Decode it, if nothing was read of it: for what works on decoded content only. */
int part_decode_first(async_part *part);
/* Forget what the part holds. */
void part_end(async_part *part);

#endif
