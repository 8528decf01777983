/* SPDX-License-Identifier: MIT */
/*
 * The chunked transfer coding (RFC 9112, 7.1), decoded where it lies: what comes out are pieces of
 * the block that went in.
 *
 * Sizes are hexadecimal digits and nothing else, followed by CRLF or by extensions of the exact
 * grammar; both have been ways to make two programs disagree about where a chunk ends. Extensions
 * are passed over, and bounded for the whole body: a body of one-byte chunks with long extensions
 * would cost much more than it carries.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "http/head.h"

struct http_chunked {
	uint64_t left;	     /* bytes of the current chunk, or its size so far */
	uint32_t extensions; /* bytes of extensions seen in this body */
	uint32_t trailers;   /* bytes of trailers and their empty line, at the end */
	uint8_t stage;
	uint8_t digits;
	struct http_head *head; /* takes the trailers: begun for them by the caller */
};

enum http_piece {
	HTTP_MORE, /* nothing further in the block */
	HTTP_DATA, /* `piece` holds bytes of the body */
	HTTP_END,  /* the body is complete, trailers are in head->fields */
};

/* HTTP_NAME_BIT of what may not be a trailer (RFC 9110, 6.5.1): framing, routing, and what decides
 * how the message is to be read or who may read it, which somebody may have acted upon already. */
extern const uint64_t http_trailers_forbidden;

/* `head` is where trailers and errors go; its limits hold for them and for extensions. It must have
 * been begun (http_head_begin) since its message's own head was needed last. */
void http_chunked_begin(struct http_chunked *chunked, struct http_head *head);

/*
 * Decodes on. *used is how many bytes at the block's beginning are done with: the next call's block
 * begins after them. A piece of data lies within these, at piece->at. Trailers are only taken whole,
 * as heads are: until they are complete, *used stops where they begin and the block must grow; the
 * offsets in head->fields are from there, and *used then counts them, too.
 * Returns enum http_piece, or a negative error as http_refuse makes it.
 */
int http_chunked_next(struct http_chunked *chunked, const char *data, size_t size, size_t *used,
		      struct http_slice *piece);

#endif
