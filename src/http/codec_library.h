/* SPDX-License-Identifier: MIT */
/* What codec.c wants of a compression library: one table each, in codec_zlib.c and the like. The
 * table of a library that is missing has its name alone. */
#ifndef HTTP_CODEC_LIBRARY_H
#define HTTP_CODEC_LIBRARY_H

#include "http/codec.h"

/* Like zlib's next_in and so on: moved by each step. */
struct codec_flow {
	const unsigned char *in;
	size_t in_size;
	unsigned char *out;
	size_t out_size;
};

struct codec_library {
	const char *name;
	size_t decoder_bytes, encoder_bytes; /* of state, zero-filled when it begins */
	int level_default, level_max;
	bool members; /* something may follow the end: another member */

	/* 0 or -ENOMEM. `end` is called in both cases. */
	int (*decoder_begin)(void *state, enum http_coding coding);
	/* enum http_codec_result, HTTP_CODEC_END for the end of a member; -EBADMSG, -EMSGSIZE with
	 * *why, -ENOMEM. There is input, or room, or both. */
	int (*decoder_step)(void *state, struct codec_flow *flow, const char **why);
	int (*decoder_next)(void *state); /* before the next member */
	void (*decoder_end)(void *state);

	int (*encoder_begin)(void *state, enum http_coding coding, int level);
	int (*encoder_step)(void *state, struct codec_flow *flow, enum http_encode_mode mode);
	void (*encoder_end)(void *state);
};

extern const struct codec_library codec_zlib, codec_brotli, codec_zstd;

#endif
