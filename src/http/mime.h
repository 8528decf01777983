/* SPDX-License-Identifier: MIT */
/* What a file is by its name: the type to send it as, and the coding its last suffix stands for. A
 * table of our own, since the system's is not the same anywhere. */
#ifndef HTTP_MIME_H
#define HTTP_MIME_H

#include "http/codec.h"

/* By the last suffix, letters of either case: "text/html; charset=utf-8", "image/png". Text is
 * taken for UTF-8. "application/octet-stream" for what is not known, and for names that begin with
 * their only dot. */
const char *http_mime_type(const char *name, size_t size);

/* ".gz", ".br", ".zst": the coding of a file beside the one that was asked for.
 * HTTP_CODING_IDENTITY for other names. */
enum http_coding http_mime_coding(const char *name, size_t size);
/* And the way back; "" for codings without a suffix. */
const char *http_mime_suffix(enum http_coding coding);

/* application/json, or anything that ends in +json (RFC 6839, 3.1): `type` without parameters,
 * letters of either case. */
bool http_mime_is_json(const char *type, size_t size);

#endif
