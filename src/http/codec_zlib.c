/* SPDX-License-Identifier: MIT */
/* gzip and deflate. What is called deflate is zlib's format, but servers have been sending the bare
 * one for so long that everybody reads both; two bytes tell which it is. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include "http/codec_library.h"

enum {
	WINDOW_ZLIB = MAX_WBITS,
	WINDOW_RAW = -MAX_WBITS,
	WINDOW_GZIP = MAX_WBITS + 16,
	MEMORY_LEVEL = 8,
	HEADER_BYTES = 2,
	CARRY_BYTES = 64,
	ROOM_BYTES_MIN = 16,
};

struct zlib_decoder {
	z_stream stream;
	unsigned char header[HEADER_BYTES]; /* deflate: held until it is known what it begins */
	unsigned char held;
	bool sniffing, ready;
};

/* With less room than a flush's mark takes, zlib would write the mark again and again; so it gets
 * that much in any case, and what does not fit is carried to the next step. */
struct zlib_encoder {
	z_stream stream;
	bool ready;
	int after_carry; /* enum http_codec_result once the carry is given out */
	unsigned char carry_at, carry_size;
	unsigned char carry[CARRY_BYTES];
};

/* zlib's own would do the same; through here tests can make it fail. */
static void *zlib_allocate(void *unused, unsigned int count, unsigned int size)
{
	(void)unused;
	return calloc(count, size);
}

static void zlib_free(void *unused, void *block)
{
	(void)unused;
	free(block);
}

static int zlib_begin(struct zlib_decoder *decoder, int window)
{
	decoder->stream.zalloc = zlib_allocate;
	decoder->stream.zfree = zlib_free;
	if (inflateInit2(&decoder->stream, window) != Z_OK)
		return -ENOMEM;
	decoder->ready = true;
	return 0;
}

static int zlib_decoder_begin(void *state, enum http_coding coding)
{
	struct zlib_decoder *decoder = state;

	decoder->sniffing = coding == HTTP_CODING_DEFLATE;
	return decoder->sniffing ? 0 : zlib_begin(decoder, WINDOW_GZIP);
}

/* zlib counts in int; what does not fit comes with the next step. */
static unsigned int cut(size_t size)
{
	return size > INT_MAX ? INT_MAX : (unsigned int)size;
}

static int inflate_from(struct zlib_decoder *decoder, const unsigned char **in, size_t *in_size,
			struct codec_flow *flow, const char **why)
{
	z_stream *stream = &decoder->stream;
	unsigned int given = cut(*in_size), room = cut(flow->out_size);
	unsigned char empty;
	int result;

	stream->next_in = (unsigned char *)(uintptr_t)*in;
	stream->avail_in = given;
	stream->next_out = flow->out ? flow->out : &empty;
	stream->avail_out = room;
	result = inflate(stream, Z_NO_FLUSH);
	*in += given - stream->avail_in;
	*in_size -= given - stream->avail_in;
	flow->out += room - stream->avail_out;
	flow->out_size -= room - stream->avail_out;
	switch (result) {
	case Z_STREAM_END:
		return HTTP_CODEC_END;
	case Z_OK:
	case Z_BUF_ERROR: /* nothing to be done with what there is */
		return *in_size || !stream->avail_out ? HTTP_CODEC_ROOM : HTTP_CODEC_MORE;
	case Z_MEM_ERROR:
		return -ENOMEM;
	case Z_NEED_DICT:
		*why = "it needs a dictionary";
		return -EBADMSG;
	default:
		*why = stream->msg ? stream->msg : "malformed";
		return -EBADMSG;
	}
}

/* Method 8 and a check that 31 divides (RFC 1950, 2.2). */
static bool is_zlib_header(const unsigned char *header)
{
	return (header[0] & 0x0f) == 8 && (header[0] << 8 | header[1]) % 31 == 0;
}

static int sniff(struct zlib_decoder *decoder, struct codec_flow *flow)
{
	int result;

	while (decoder->held < HEADER_BYTES && flow->in_size) {
		decoder->header[decoder->held++] = *flow->in++;
		flow->in_size--;
	}
	if (decoder->held < HEADER_BYTES)
		return HTTP_CODEC_MORE;
	result = zlib_begin(decoder, is_zlib_header(decoder->header) ? WINDOW_ZLIB : WINDOW_RAW);
	decoder->sniffing = result < 0;
	return result < 0 ? result : HTTP_CODEC_ROOM;
}

static int zlib_decoder_step(void *state, struct codec_flow *flow, const char **why)
{
	struct zlib_decoder *decoder = state;
	int result;

	if (decoder->sniffing) {
		result = sniff(decoder, flow);
		if (result != HTTP_CODEC_ROOM)
			return result;
	}
	/* What was held goes first; a bare stream may even end in it. */
	if (decoder->held) {
		const unsigned char *in = decoder->header + HEADER_BYTES - decoder->held;
		size_t size = decoder->held;

		result = inflate_from(decoder, &in, &size, flow, why);
		decoder->held = (unsigned char)size;
		if (result == HTTP_CODEC_END && size) {
			*why = "data after its end";
			return -EBADMSG;
		}
		if (result != HTTP_CODEC_MORE)
			return result;
	}
	return inflate_from(decoder, &flow->in, &flow->in_size, flow, why);
}

static int zlib_decoder_next(void *state)
{
	struct zlib_decoder *decoder = state;

	return inflateReset(&decoder->stream) == Z_OK ? 0 : -EBADMSG;
}

static void zlib_decoder_end(void *state)
{
	struct zlib_decoder *decoder = state;

	if (decoder->ready)
		inflateEnd(&decoder->stream);
}

static int zlib_encoder_begin(void *state, enum http_coding coding, int level)
{
	struct zlib_encoder *encoder = state;

	encoder->stream.zalloc = zlib_allocate;
	encoder->stream.zfree = zlib_free;
	if (deflateInit2(&encoder->stream, level, Z_DEFLATED,
			 coding == HTTP_CODING_GZIP ? WINDOW_GZIP : WINDOW_ZLIB, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	encoder->ready = true;
	encoder->after_carry = HTTP_CODEC_ROOM;
	return 0;
}

static int deflate_to(z_stream *stream, struct codec_flow *flow, unsigned char **out,
		      size_t *out_size, enum http_encode_mode mode)
{
	static const int flushes[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	unsigned int given = cut(flow->in_size), room = cut(*out_size);
	int result;

	stream->next_in = (unsigned char *)(uintptr_t)flow->in;
	stream->avail_in = given;
	stream->next_out = *out;
	stream->avail_out = room;
	/* A part of what is left is not the end of it. */
	result = deflate(stream, given < flow->in_size ? Z_NO_FLUSH : flushes[mode]);
	flow->in += given - stream->avail_in;
	flow->in_size -= given - stream->avail_in;
	*out += room - stream->avail_out;
	*out_size -= room - stream->avail_out;
	if (result == Z_STREAM_END)
		return HTTP_CODEC_END;
	return flow->in_size || !stream->avail_out || mode == HTTP_ENCODE_FINISH ? HTTP_CODEC_ROOM :
										   HTTP_CODEC_MORE;
}

/* Returns whether all of it is out. */
static bool give_carry(struct zlib_encoder *encoder, struct codec_flow *flow)
{
	while (encoder->carry_at < encoder->carry_size && flow->out_size) {
		*flow->out++ = encoder->carry[encoder->carry_at++];
		flow->out_size--;
	}
	return encoder->carry_at == encoder->carry_size;
}

static int zlib_encoder_step(void *state, struct codec_flow *flow, enum http_encode_mode mode)
{
	struct zlib_encoder *encoder = state;
	unsigned char *out = encoder->carry;
	size_t size = CARRY_BYTES;

	if (!give_carry(encoder, flow))
		return HTTP_CODEC_ROOM;
	if (encoder->after_carry != HTTP_CODEC_ROOM) {
		int result = encoder->after_carry;

		encoder->after_carry = HTTP_CODEC_ROOM;
		/* The flush that was asked for is done; what is new is for another step. */
		if (result == HTTP_CODEC_END || !flow->in_size)
			return result;
	}
	if (flow->out_size >= ROOM_BYTES_MIN)
		return deflate_to(&encoder->stream, flow, &flow->out, &flow->out_size, mode);
	encoder->after_carry = deflate_to(&encoder->stream, flow, &out, &size, mode);
	encoder->carry_at = 0;
	encoder->carry_size = (unsigned char)(CARRY_BYTES - size);
	if (!give_carry(encoder, flow))
		return HTTP_CODEC_ROOM;
	size = (size_t)encoder->after_carry;
	encoder->after_carry = HTTP_CODEC_ROOM;
	return (int)size;
}

static void zlib_encoder_end(void *state)
{
	struct zlib_encoder *encoder = state;

	if (encoder->ready)
		deflateEnd(&encoder->stream);
}

const struct codec_library codec_zlib = {
	.name = "zlib",
	.decoder_bytes = sizeof(struct zlib_decoder),
	.encoder_bytes = sizeof(struct zlib_encoder),
	.level_default = 6,
	.level_max = 9,
	.members = true,
	.decoder_begin = zlib_decoder_begin,
	.decoder_step = zlib_decoder_step,
	.decoder_next = zlib_decoder_next,
	.decoder_end = zlib_decoder_end,
	.encoder_begin = zlib_encoder_begin,
	.encoder_step = zlib_encoder_step,
	.encoder_end = zlib_encoder_end,
};
