/* SPDX-License-Identifier: MIT */
/* Values by name in text that is encoded as forms are (WHATWG URL, 5.1): queries, bodies of forms. */
#ifndef HTTP_PAIRS_H
#define HTTP_PAIRS_H

#include <stdbool.h>
#include "http/arena.h"

/* The i-th value of that name, decoded, with a zero byte behind. NULL: there is none, or no memory.
 */
const char *pairs_value(struct arena *arena, const char *text, size_t size, const char *name,
			size_t i);
/* Percent-decoded; `plus`: a plus sign is a blank. NULL: no memory. */
const char *pairs_decode(struct arena *arena, const char *text, size_t size, bool plus);

#endif
