/* SPDX-License-Identifier: MIT */
/*
 * Multipart bodies (RFC 2046, 5.1; forms: RFC 7578), read and written without I/O.
 *
 * The reader is called as the chunked decoder is: with what is there, as often as there is more; it
 * keeps nothing and allocates nothing. Results do not depend on how the body arrived. It is strict:
 * lines end in CRLF, and nothing but blanks may follow a boundary on its line, so that no two
 * readers can take one body for two. Parts that are multipart themselves are read by a reader of
 * their own, which is given their data.
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "http/head.h"

enum {
	HTTP_BOUNDARY_BYTES = 70, /* RFC 2046, 5.1.1 */
	HTTP_PARTS = 1000,	  /* of one body */
	HTTP_PADDING_BYTES = 64,  /* blanks behind a boundary, which nobody sends */
};

struct http_multipart {
	struct http_head *head;
	uint32_t parts, parts_max;
	uint8_t state;
	bool start; /* the data begins where a line does */
	uint8_t needle_size;
	char needle[sizeof "\r\n--" - 1 + HTTP_BOUNDARY_BYTES];
};

enum http_part_event {
	HTTP_PART_MORE, /* nothing further in the block */
	HTTP_PART_HEAD, /* a part begins: its fields are in head->fields, with offsets from
			   piece->at */
	HTTP_PART_DATA, /* `piece` is of its content */
	HTTP_PART_END,	/* its content is complete */
	HTTP_PART_DONE, /* the final boundary came; whatever follows does not count */
};

/* The boundary from a Content-Type, with a NUL. Its size; -EINVAL: not multipart, or no boundary of
 * 1 to 70 bytes that may be one. */
int http_multipart_boundary(const char *type, size_t size, char boundary[HTTP_BOUNDARY_BYTES + 1]);

/* `head` has been begun: its limits hold for the fields of each part, which go to its list.
 * `parts_max` 0: HTTP_PARTS. The boundary is as above. */
void http_multipart_begin(struct http_multipart *multipart, const char *boundary,
			  uint32_t parts_max, struct http_head *head);

/*
 * Reads on. *used is how many bytes at the block's beginning are done with: the next call's block
 * begins after them. What may be the beginning of a boundary stays, and fields do until they are
 * complete, so the block must be able to hold head_bytes of the limits, or 200 if that is less.
 * Returns enum http_part_event; -EBADMSG (malformed), -EMSGSIZE (a limit), or what
 * http_fields_parse says. Nothing more may be done with the reader then.
 */
int http_multipart_next(struct http_multipart *multipart, const char *data, size_t size,
			size_t *used, struct http_slice *piece);

/* The body is over: 0, or -EBADMSG without its final boundary. */
int http_multipart_eof(const struct http_multipart *multipart);

struct http_part_field {
	const char *name, *value;
};

/* What a part says of itself when it is written. Texts without control bytes. */
struct http_part {
	const char *name;     /* of the form's field; NULL: no Content-Disposition */
	const char *filename; /* NULL: none */
	const char *type;     /* Content-Type; NULL: none, so text/plain */
	const struct http_part_field *fields; /* more */
	size_t field_count;
};

/* A boundary of random numbers: 38 bytes and a NUL. */
enum { HTTP_BOUNDARY_TEXT_BYTES = 39 };
void http_boundary_make(char text[HTTP_BOUNDARY_TEXT_BYTES], uint64_t random, uint64_t more);

/*
 * What stands before a part's content, and after the last one's; `first`: no part was written yet.
 * Returns the size, which is written, without a NUL, only if it is at most `size`; so what a body
 * takes can be known beforehand. -EINVAL for a boundary that is none, fields that are none, and
 * control bytes, of which CR and LF would make more parts or fields than were asked for.
 */
ssize_t http_part_write(char *text, size_t size, const char *boundary, bool first,
			const struct http_part *part);
ssize_t http_part_write_end(char *text, size_t size, const char *boundary, bool first);

#endif
