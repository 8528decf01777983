/* SPDX-License-Identifier: MIT */
/* zstd. Frames follow each other without being told; larger windows than RFC 9659 allows in HTTP
 * are refused, since a window is memory that a few bytes can ask for. */
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>
#include "http/codec_library.h"

enum { DECODER_WINDOW_BITS_MAX = 23, ENCODER_WINDOW_BITS = 18 };

struct zstd_decoder {
	ZSTD_DCtx *context;
	unsigned int seen; /* bytes of the frame's magic number */
	bool skippable;
};

static int zstd_decoder_begin(void *state, enum http_coding coding)
{
	struct zstd_decoder *decoder = state;

	(void)coding;
	decoder->context = ZSTD_createDCtx();
	if (!decoder->context)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(decoder->context, ZSTD_d_windowLogMax, DECODER_WINDOW_BITS_MAX);
	return 0;
}

/* Only what RFC 8878 knows. The library may have been built with decoders of formats from before
 * it, which nobody looks after. */
static bool magic_right(struct zstd_decoder *decoder, const struct codec_flow *flow)
{
	static const unsigned char frame[] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const unsigned char skippable[] = { 0x50, 0x2a, 0x4d, 0x18 };
	const unsigned char *expected;

	for (size_t i = 0; decoder->seen < sizeof frame && i < flow->in_size; i++) {
		unsigned int byte = flow->in[i];

		if (!decoder->seen && (byte & 0xf0) == 0x50) {
			decoder->skippable = true;
			byte = 0x50;
		}
		expected = decoder->skippable ? skippable : frame;
		if (byte != expected[decoder->seen++])
			return false;
	}
	return true;
}

static int zstd_decoder_step(void *state, struct codec_flow *flow, const char **why)
{
	struct zstd_decoder *decoder = state;
	ZSTD_inBuffer in = { flow->in, flow->in_size, 0 };
	ZSTD_outBuffer out = { flow->out, flow->out_size, 0 };
	size_t result;

	if (!magic_right(decoder, flow)) {
		*why = "no frame of zstd";
		return -EBADMSG;
	}
	result = ZSTD_decompressStream(decoder->context, &out, &in);
	flow->in += in.pos;
	flow->in_size -= in.pos;
	flow->out += out.pos;
	flow->out_size -= out.pos;
	if (!ZSTD_isError(result))
		return !result				    ? HTTP_CODEC_END :
		       flow->in_size || out.pos == out.size ? HTTP_CODEC_ROOM :
							      HTTP_CODEC_MORE;
	*why = ZSTD_getErrorName(result);
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		*why = "its window is larger than the 8 MiB of RFC 9659";
		return -EMSGSIZE;
	default:
		return -EBADMSG;
	}
}

static int zstd_decoder_next(void *state)
{
	struct zstd_decoder *decoder = state;

	decoder->seen = 0;
	decoder->skippable = false;
	return 0;
}

static void zstd_decoder_end(void *state)
{
	struct zstd_decoder *decoder = state;

	ZSTD_freeDCtx(decoder->context);
}

static int zstd_encoder_begin(void *state, enum http_coding coding, int level)
{
	ZSTD_CCtx **encoder = state;

	(void)coding;
	*encoder = ZSTD_createCCtx();
	if (!*encoder)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(*encoder, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(*encoder, ZSTD_c_windowLog, ENCODER_WINDOW_BITS);
	return 0;
}

static int zstd_encoder_step(void *state, struct codec_flow *flow, enum http_encode_mode mode)
{
	static const ZSTD_EndDirective directives[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
	ZSTD_inBuffer in = { flow->in, flow->in_size, 0 };
	ZSTD_outBuffer out = { flow->out, flow->out_size, 0 };
	size_t left = ZSTD_compressStream2(*(ZSTD_CCtx **)state, &out, &in, directives[mode]);

	if (ZSTD_isError(left))
		return -ENOMEM; /* the only failure there is when it is called properly */
	flow->in += in.pos;
	flow->in_size -= in.pos;
	flow->out += out.pos;
	flow->out_size -= out.pos;
	if (mode != HTTP_ENCODE)
		return left			  ? HTTP_CODEC_ROOM :
		       mode == HTTP_ENCODE_FINISH ? HTTP_CODEC_END :
						    HTTP_CODEC_MORE;
	return flow->in_size || out.pos == out.size ? HTTP_CODEC_ROOM : HTTP_CODEC_MORE;
}

static void zstd_encoder_end(void *state)
{
	ZSTD_freeCCtx(*(ZSTD_CCtx **)state);
}

const struct codec_library codec_zstd = {
	.name = "libzstd",
	.decoder_bytes = sizeof(struct zstd_decoder),
	.encoder_bytes = sizeof(ZSTD_CCtx *),
	.level_default = 3,
	.level_max = 19,
	.members = true,
	.decoder_begin = zstd_decoder_begin,
	.decoder_step = zstd_decoder_step,
	.decoder_next = zstd_decoder_next,
	.decoder_end = zstd_decoder_end,
	.encoder_begin = zstd_encoder_begin,
	.encoder_step = zstd_encoder_step,
	.encoder_end = zstd_encoder_end,
};
