/* SPDX-License-Identifier: MIT */
/* In place of codec_zstd.c in a library that was built without libzstd. */
#include "http/codec_library.h"

const struct codec_library codec_zstd = { .name = "libzstd" };
