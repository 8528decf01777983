/* SPDX-License-Identifier: MIT */
/* What c-ares does not tell of an answer. */
#ifndef NAMES_REPLY_H
#define NAMES_REPLY_H

#include <stddef.h>
#include <stdint.h>

/* How long an answer may be kept (RFC 2181 5.2, RFC 2308 5): the least TTL among its records; for a
 * negative one its SOA's. -1: none, or no message. Seconds. */
int64_t reply_seconds(const unsigned char *data, size_t size);

#endif
