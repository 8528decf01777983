/* SPDX-License-Identifier: MIT */
/* The body of a message, however it is delimited (RFC 9112, 6.3), and what may follow it. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/chunked.h"

struct http_body {
	uint8_t kind; /* enum http_body_kind */
	bool done;
	uint64_t left; /* HTTP_LENGTH */
	struct http_chunked chunked;
};

/* The body that `framing` announces. Its trailers and errors go to `trailers`, a head that has been
 * begun for them; the message's own may be begun again for it once it is no longer needed. */
void http_body_begin(struct http_body *body, const struct http_framing *framing,
		     struct http_head *trailers);

/* As http_chunked_next, for every kind. A tunnel is data without end. */
int http_body_next(struct http_body *body, const char *data, size_t size, size_t *used,
		   struct http_slice *piece);

/* The connection ended: HTTP_END where that ends the body, else the error TRUNCATED. */
int http_body_eof(struct http_body *body);

/*
 * After the body: `size` bytes have arrived beyond it. They are the next message's where the
 * connection goes on (0 is returned), and a tunnel's where an upgrade was agreed upon. After a
 * message that closes the connection they are nobody's: the error AFTER_CLOSE, in *error, too.
 */
int http_body_leftover(const struct http_framing *framing, const char *data, size_t size,
		       struct http_error *error);

#endif
