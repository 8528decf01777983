/* SPDX-License-Identifier: MIT */
/* Content-Transfer-Encoding of parts (RFC 2045, 6): base64 and quoted-printable, decoded in place
 * and in pieces. What comes out is never longer than what went in. */
#ifndef HTTP_PART_CODING_H
#define HTTP_PART_CODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum part_coding_kind { PART_PLAIN, PART_BASE64, PART_QUOTED };

struct part_coding {
	uint8_t kind;
	uint8_t count; /* base64: characters of the group so far; quoted: bytes since the `=` */
	uint8_t ended; /* base64: padding that was seen */
	uint32_t bits;
	char held; /* quoted: the first digit */
};

/* Letters of either case; 7bit, 8bit and binary are plain. -EOPNOTSUPP. */
int part_coding_begin(struct part_coding *coding, const char *value, size_t size);
/* How much is left of `size` bytes; -EBADMSG. */
ssize_t part_coding_step(struct part_coding *coding, char *data, size_t size);
/* The content is over: 0, or -EBADMSG in the middle of a group. */
int part_coding_end(const struct part_coding *coding);

#endif
