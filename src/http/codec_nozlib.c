/* SPDX-License-Identifier: MIT */
/* In place of codec_zlib.c in a library that was built without zlib. */
#include "http/codec_library.h"

const struct codec_library codec_zlib = { .name = "zlib" };
