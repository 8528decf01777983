/* SPDX-License-Identifier: MIT */
/*
 * br. The encoder's window is small: with the default of 4 MiB each response would hold more memory
 * than most of them have bytes.
 *
 * As it is usually built, the encoder ends the process when it gets no memory. So its allocator
 * does not return then but leaves the encoder altogether, whose blocks it has in a list: they are
 * freed one by one and the encoder is never touched again.
 */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include "base/list.h"
#include "http/codec_library.h"

enum { WINDOW_BITS = 18 };

static void *brotli_allocate(void *unused, size_t size)
{
	(void)unused;
	return malloc(size);
}

static void brotli_free(void *unused, void *block)
{
	(void)unused;
	free(block);
}

static int brotli_decoder_begin(void *state, enum http_coding coding)
{
	BrotliDecoderState **decoder = state;

	(void)coding;
	*decoder = BrotliDecoderCreateInstance(brotli_allocate, brotli_free, NULL);
	return *decoder ? 0 : -ENOMEM;
}

static int brotli_decoder_step(void *state, struct codec_flow *flow, const char **why)
{
	BrotliDecoderState *decoder = *(BrotliDecoderState **)state;
	BrotliDecoderErrorCode code;

	switch (BrotliDecoderDecompressStream(decoder, &flow->in_size, &flow->in, &flow->out_size,
					      &flow->out, NULL)) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		return HTTP_CODEC_END;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
		return HTTP_CODEC_MORE;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return HTTP_CODEC_ROOM;
	default:
		code = BrotliDecoderGetErrorCode(decoder);
		if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
		    code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
			return -ENOMEM;
		*why = BrotliDecoderErrorString(code);
		return -EBADMSG;
	}
}

static void brotli_decoder_end(void *state)
{
	BrotliDecoderState **decoder = state;

	if (*decoder)
		BrotliDecoderDestroyInstance(*decoder);
}

struct block {
	struct async_link_ link;
	_Alignas(max_align_t) char data[];
};

struct brotli_encoder {
	BrotliEncoderState *state; /* NULL once memory was short */
	struct async_waiters_ blocks;
	jmp_buf escape; /* set while the encoder runs */
};

static void *encoder_allocate(void *opaque, size_t size)
{
	struct brotli_encoder *encoder = opaque;
	struct block *block = malloc(sizeof *block + size);

	if (!block)
		_longjmp(encoder->escape, 1);
	list_prepend(&encoder->blocks, &block->link);
	return block->data;
}

static void encoder_free(void *opaque, void *data)
{
	struct brotli_encoder *encoder = opaque;
	struct block *block;

	if (!data)
		return;
	block = container_of(data, struct block, data);
	list_remove(&encoder->blocks, &block->link);
	free(block);
}

static int encoder_abandon(struct brotli_encoder *encoder)
{
	encoder->state = NULL;
	return -ENOMEM;
}

static int brotli_encoder_begin(void *state, enum http_coding coding, int level)
{
	struct brotli_encoder *encoder = state;

	(void)coding;
	if (_setjmp(encoder->escape))
		return encoder_abandon(encoder);
	encoder->state = BrotliEncoderCreateInstance(encoder_allocate, encoder_free, encoder);
	if (!encoder->state)
		return -ENOMEM;
	BrotliEncoderSetParameter(encoder->state, BROTLI_PARAM_QUALITY, (uint32_t)level);
	BrotliEncoderSetParameter(encoder->state, BROTLI_PARAM_LGWIN, WINDOW_BITS);
	return 0;
}

static int brotli_encoder_step(void *state, struct codec_flow *flow, enum http_encode_mode mode)
{
	static const BrotliEncoderOperation operations[] = { BROTLI_OPERATION_PROCESS,
							     BROTLI_OPERATION_FLUSH,
							     BROTLI_OPERATION_FINISH };
	struct brotli_encoder *encoder = state;

	if (!encoder->state || _setjmp(encoder->escape))
		return encoder_abandon(encoder);
	if (!BrotliEncoderCompressStream(encoder->state, operations[mode], &flow->in_size,
					 &flow->in, &flow->out_size, &flow->out, NULL))
		return -EINVAL; /* further input while a flush is under way */
	if (BrotliEncoderIsFinished(encoder->state))
		return HTTP_CODEC_END;
	return flow->in_size || BrotliEncoderHasMoreOutput(encoder->state) ||
			       mode == HTTP_ENCODE_FINISH ?
		       HTTP_CODEC_ROOM :
		       HTTP_CODEC_MORE;
}

static void brotli_encoder_end(void *state)
{
	struct brotli_encoder *encoder = state;
	struct async_link_ *link;

	if (encoder->state)
		BrotliEncoderDestroyInstance(encoder->state);
	while ((link = list_pop(&encoder->blocks)))
		free(container_of(link, struct block, link));
}

const struct codec_library codec_brotli = {
	.name = "brotli",
	.decoder_bytes = sizeof(BrotliDecoderState *),
	.encoder_bytes = sizeof(struct brotli_encoder),
	.level_default = 4,
	.level_max = 11,
	.decoder_begin = brotli_decoder_begin,
	.decoder_step = brotli_decoder_step,
	.decoder_end = brotli_decoder_end,
	.encoder_begin = brotli_encoder_begin,
	.encoder_step = brotli_encoder_step,
	.encoder_end = brotli_encoder_end,
};
