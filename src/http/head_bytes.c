/* SPDX-License-Identifier: MIT */
/* The lines of a head without vectors: what head_base.c is on a machine that has none we know.
 * Nothing refers to it but the tests, so programs do not carry it; it is compiled everywhere so
 * that it is tested everywhere. */
#define SCAN_BYTES 1
#include "http/head_lines.h"

const struct head_parser head_parser_bytes = {
	.name = SCAN_NAME,
	.request = lines_request,
	.response = lines_response,
	.fields = lines_fields,
};
