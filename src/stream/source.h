/* SPDX-License-Identifier: MIT */
/* Streams that read a source. */
#ifndef STREAM_SOURCE_H
#define STREAM_SOURCE_H

#include "core/buffer.h"
#include "stream/stream.h"

void source_free(struct async_stream *stream);

#endif
