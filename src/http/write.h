/* SPDX-License-Identifier: MIT */
/*
 * Writing heads, chunks and trailers into memory of the caller's.
 *
 * Nothing unsafe comes out: names and methods are tokens, targets, values and reasons hold no CR,
 * LF, NUL or other control, and a message says once how long it is, in the way its status, method
 * and version allow (RFC 9112, 6). The first thing wrong is kept, later calls do nothing, and
 * http_write_end tells; so callers check once.
 */
#ifndef HTTP_WRITE_H
#define HTTP_WRITE_H

#include <time.h>
#include "http/head.h"

struct http_writer {
	char *data;  /* the caller's */
	size_t size; /* its room */
	size_t used; /* written; or needed, when that is more than the room */
	int error;
	uint8_t stage;
	uint8_t minor;
	bool request, empty; /* a response whose status and method leave no room for a body */
	bool bodiless;	     /* a status that forbids saying a length: 1xx, 204 */
	uint8_t body;	     /* enum http_body_kind, as said so far */
	bool sized;	     /* a length or a coding was said */
	uint64_t length;
	uint64_t seen; /* HTTP_NAME_BIT of what was written */
};

/* What is still to be sent of a body whose head has been written. */
struct http_outgoing {
	uint8_t body;	 /* enum http_body_kind */
	bool keep_alive; /* false once a body was wrong: the peer waits, or reads on */
	uint64_t left, length;
};

void http_write_begin(struct http_writer *writer, char *data, size_t size);

/* The first line. `target` as RFC 9112, 3.2; `reason` NULL: the usual one. `asked`: the method of
 * the request that this answers. `minor` is 0 or 1. */
void http_write_request(struct http_writer *writer, int minor, const char *method,
			const char *target);
void http_write_response(struct http_writer *writer, int minor, enum http_method asked,
			 unsigned int status, const char *reason);

/* A field. Content-Length and Transfer-Encoding may be given here, too; they are understood. */
void http_write_field(struct http_writer *writer, const char *name, size_t name_size,
		      const char *value, size_t value_size);
void http_write_text(struct http_writer *writer, const char *name, const char *value);

/* Whole lines of fields that are known to be right, and say nothing about the body. */
void http_write_lines(struct http_writer *writer, const char *lines, size_t size);
/* A field whose name and value have been found right, not one about the body either. */
void http_write_known(struct http_writer *writer, const char *name, size_t name_size,
		      const char *value, size_t value_size);

/* How the body is delimited. Without either: a request has none, a response ends its connection. */
void http_write_length(struct http_writer *writer, uint64_t length);
void http_write_chunked(struct http_writer *writer);

/* "0" and what follows: the end of a chunked body. Fields may be added, then http_write_end. */
void http_write_trailers(struct http_writer *writer);

/*
 * The empty line. Returns the size of what was written; -ENOBUFS when it did not fit, writer->used
 * being the room needed; -EINVAL for what would not have been safe or consistent. `out`, which may
 * be NULL, is made ready for the body.
 */
ssize_t http_write_end(struct http_writer *writer, struct http_outgoing *out);

/* Before `size` bytes of body are sent: 0, or -EINVAL when that is more than was declared. */
int http_outgoing_send(struct http_outgoing *out, uint64_t size);
/* All was sent: 0, or -EINVAL when it was less than was declared. */
int http_outgoing_end(struct http_outgoing *out);

/* The line before a chunk of `size` bytes, without a NUL; CRLF goes after its data. Returns its
 * length, or -EINVAL for 0, which would end the body. */
enum { HTTP_CHUNK_HEAD_BYTES = 18 };
int http_chunk_head(char *text, uint64_t size);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) and a NUL; for years 0 to 9999. A server makes
 * it once a second and keeps it. */
enum { HTTP_DATE_BYTES = 30 };
void http_date(char *text, time_t time);

/* The usual reason phrase; "" for a status that has none. */
const char *http_reason(unsigned int status);

#endif
