/* SPDX-License-Identifier: MIT */
/* The lines of a head with what every machine of this kind has: SSE2, NEON, or bytes. */
#include "http/head_lines.h"

const struct head_parser head_parser_base = {
	.name = SCAN_NAME,
	.request = lines_request,
	.response = lines_response,
	.fields = lines_fields,
};
