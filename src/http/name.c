/* SPDX-License-Identifier: MIT */
/* The tables behind http_name_find. */
#include "http/name.h"

_Static_assert(HTTP_NAME_COUNT <= 64, "http_fields.seen has a bit for each name");

const struct http_name_text http_name_texts[HTTP_NAME_COUNT] = { [HTTP_NAME_OTHER] = { "", 0 },
#define HTTP_NAME_TEXT(id, text, first, last) [HTTP_NAME_##id] = { text, sizeof(text) - 1 },
								 HTTP_NAMES(HTTP_NAME_TEXT)
#undef HTTP_NAME_TEXT
};

const uint8_t http_name_slots[HTTP_NAME_SLOTS] = {
#define HTTP_NAME_PLACE(id, text, first, last) \
	[HTTP_NAME_SLOT(sizeof(text) - 1, first, last)] = HTTP_NAME_##id,
	HTTP_NAMES(HTTP_NAME_PLACE)
#undef HTTP_NAME_PLACE
};
