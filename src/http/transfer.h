/* SPDX-License-Identifier: MIT */
/* Content-Transfer-Encoding of parts (RFC 2045, 6): mail's ways of sending bytes as text, which
 * forms may use and hardly ever do (RFC 7578, 4.7). Decoded piece by piece. */
#ifndef HTTP_TRANSFER_H
#define HTTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_transfer_kind {
	HTTP_TRANSFER_PLAIN, /* 7bit, 8bit, binary: as it is */
	HTTP_TRANSFER_BASE64,
	HTTP_TRANSFER_QUOTED, /* quoted-printable */
};

struct http_transfer {
	uint8_t kind, state;
	uint8_t bits_held, padding;
	uint32_t bits;
	uint64_t characters;
};

/* By the field's value, letters of either case. 0, or -EOPNOTSUPP for any other. */
int http_transfer_begin(struct http_transfer *transfer, const char *text, size_t size);

/* Takes *used of `size` bytes and makes *made of at most `room`; all are taken where there is room.
 * 0, or -EBADMSG. */
int http_transfer_step(struct http_transfer *transfer, const char *data, size_t size, size_t *used,
		       char *out, size_t room, size_t *made);

/* The part is over: 0, or -EBADMSG in the middle of something. */
int http_transfer_finish(const struct http_transfer *transfer);

#endif
