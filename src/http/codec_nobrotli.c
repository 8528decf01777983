/* SPDX-License-Identifier: MIT */
/* In place of codec_brotli.c in a library that was built without brotli. */
#include "http/codec_library.h"

const struct codec_library codec_brotli = { .name = "brotli" };
