/* SPDX-License-Identifier: MIT */
/*
 * The lines of a head with AVX2. Only these functions may use it: head.c calls them where the
 * processor and the kernel have it. The options are set here and not in the build, which knows no
 * file by name; everything that is compiled under them is static.
 */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi")
#endif
#define SCAN_AVX2 1
#include "http/head_lines.h"

const struct head_parser head_parser_avx2 = {
	.name = SCAN_NAME,
	.request = lines_request,
	.response = lines_response,
	.fields = lines_fields,
};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
extern int head_avx2_nothing; /* A source file must not be empty. */
#endif
