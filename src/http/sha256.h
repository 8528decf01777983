/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), for versions of files: nothing here needs a library for that. */
#ifndef HTTP_SHA256_H
#define HTTP_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t size; /* taken so far */
	unsigned char block[64];
};

void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *data, size_t size);
void sha256_end(struct sha256 *sha, unsigned char digest[32]);

#endif
