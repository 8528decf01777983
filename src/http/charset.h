/* SPDX-License-Identifier: MIT */
/* Text in other charsets, into UTF-8. */
#ifndef HTTP_CHARSET_H
#define HTTP_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* "" and "utf-8", and ASCII, which is part of it. Small letters. */
bool charset_is_utf8(const char *charset);
/* -EILSEQ, or 0. */
int charset_check_utf8(const char *text, size_t size);

/* The text in UTF-8, from malloc, with a zero byte behind: its size. Worked on by a thread.
 * -EINVAL: not one of the charsets of the WHATWG Encoding Standard; -EILSEQ; -ENOMEM. */
ssize_t await_charset_convert(const char *charset, const char *data, size_t size, char **text);

#endif
