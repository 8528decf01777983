/* SPDX-License-Identifier: MIT */
/* What all codings have in common: limits, members that follow each other, errors that stay. */
#include <await/base.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "http/codec_library.h"
#include "http/name.h"

static const struct {
	const char *name;
	const struct codec_library *library;
} codings[HTTP_CODING_COUNT] = {
	[HTTP_CODING_IDENTITY] = { "identity", NULL },
	[HTTP_CODING_GZIP] = { "gzip", &codec_zlib },
	[HTTP_CODING_DEFLATE] = { "deflate", &codec_zlib },
	[HTTP_CODING_BR] = { "br", &codec_brotli },
	[HTTP_CODING_ZSTD] = { "zstd", &codec_zstd },
};

enum http_coding http_coding_find(const char *text, size_t size)
{
	if (size == 6 && http_token_equals(text, "x-gzip", 6))
		return HTTP_CODING_GZIP;
	for (int i = 0; i < HTTP_CODING_COUNT; i++) {
		if (strlen(codings[i].name) == size &&
		    http_token_equals(text, codings[i].name, size))
			return (enum http_coding)i;
	}
	return HTTP_CODING_OTHER;
}

const char *http_coding_name(enum http_coding coding)
{
	return (unsigned int)coding < HTTP_CODING_COUNT ? codings[coding].name : "unknown";
}

bool http_coding_available(enum http_coding coding)
{
	return coding == HTTP_CODING_IDENTITY ||
	       ((unsigned int)coding < HTTP_CODING_COUNT && codings[coding].library->decoder_step);
}

/* 0, or -EOPNOTSUPP with a text. */
static int check_available(enum http_coding coding)
{
	if (http_coding_available(coding))
		return 0;
	if ((unsigned int)coding >= HTTP_CODING_COUNT)
		return async_fail(-EOPNOTSUPP, "content coding %d is none that is known here",
				  (int)coding);
	return async_fail(-EOPNOTSUPP, "content coding %s: libawait was built without %s",
			  codings[coding].name, codings[coding].library->name);
}

/* Nothing is done: for identity. Returns how many bytes that was. */
static size_t copy(struct codec_flow *flow)
{
	size_t size = flow->in_size < flow->out_size ? flow->in_size : flow->out_size;

	if (size)
		memcpy(flow->out, flow->in, size);
	flow->in += size;
	flow->in_size -= size;
	flow->out += size;
	flow->out_size -= size;
	return size;
}

struct http_decoder {
	const struct codec_library *library;
	enum http_coding coding;
	struct http_decode_limits limits;
	uint64_t taken, made;
	uint32_t members;
	int error;
	bool inside;  /* a member has begun and not ended */
	bool pending; /* there may be more to give out without further input */
	_Alignas(max_align_t) char state[];
};

struct http_decoder *http_decoder_new(enum http_coding coding,
				      const struct http_decode_limits *limits)
{
	const struct codec_library *library;
	struct http_decoder *decoder;

	if (check_available(coding))
		return NULL;
	library = codings[coding].library;
	decoder = calloc(1, sizeof *decoder + (library ? library->decoder_bytes : 0));
	if (decoder) {
		decoder->library = library;
		decoder->coding = coding;
		if (limits)
			decoder->limits = *limits;
		if (!decoder->limits.decoded_members)
			decoder->limits.decoded_members = HTTP_CODEC_MEMBERS;
		if (!library || !library->decoder_begin(decoder->state, coding))
			return decoder;
		http_decoder_free(decoder);
	}
	async_fail(-ENOMEM, "a decoder of %s", codings[coding].name);
	return NULL;
}

void http_decoder_free(struct http_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->library)
		decoder->library->decoder_end(decoder->state);
	free(decoder);
}

static int decoder_refuse(struct http_decoder *decoder, int error, const char *why)
{
	const char *name = codings[decoder->coding].name;

	decoder->error = error;
	if (error == -ENOMEM)
		return async_fail(error, "decoding a body in %s", name);
	return async_fail(error, "a body in %s: %s (after %llu bytes of it)", name, why,
			  (unsigned long long)decoder->taken);
}

static int members_refuse(struct http_decoder *decoder)
{
	decoder->error = -EMSGSIZE;
	return async_fail(-EMSGSIZE,
			  "a body in %s: more than %u members (HTTP limit `decoded_members`)",
			  codings[decoder->coding].name, decoder->limits.decoded_members);
}

/* Before a byte of the next member is decoded. */
static int member_begins(struct http_decoder *decoder)
{
	if (decoder->members && !decoder->library->members)
		return decoder_refuse(decoder, -EBADMSG, "data after its end");
	/* deflate has no members, though its library does. */
	if (decoder->members && decoder->coding == HTTP_CODING_DEFLATE)
		return decoder_refuse(decoder, -EBADMSG, "data after its end");
	if (decoder->members == decoder->limits.decoded_members)
		return members_refuse(decoder);
	if (decoder->members && decoder->library->decoder_next(decoder->state))
		return decoder_refuse(decoder, -EBADMSG, "data after its end");
	decoder->members++;
	decoder->inside = true;
	return 0;
}

/* Until room or input is used up. */
static int decode(struct http_decoder *decoder, struct codec_flow *flow)
{
	const char *why = "malformed";
	int result;

	if (!decoder->library) {
		decoder->taken += copy(flow);
		return flow->in_size ? HTTP_CODEC_ROOM : HTTP_CODEC_MORE;
	}
	for (;;) {
		const unsigned char *from = flow->in;

		if (!flow->in_size && !decoder->pending)
			return HTTP_CODEC_MORE;
		if (!decoder->inside) {
			result = member_begins(decoder);
			if (result)
				return result;
		}
		result = decoder->library->decoder_step(decoder->state, flow, &why);
		decoder->taken += (size_t)(flow->in - from);
		decoder->pending = result == HTTP_CODEC_ROOM;
		if (result < 0)
			return decoder_refuse(decoder, result, why);
		if (result == HTTP_CODEC_END)
			decoder->inside = false;
		else if (result == HTTP_CODEC_MORE || !flow->out_size)
			return result;
	}
}

static int check_growth(struct http_decoder *decoder)
{
	const struct http_decode_limits *limits = &decoder->limits;

	if (likely(!limits->decoded_ratio || decoder->made <= HTTP_CODEC_RATIO_FREE_BYTES ||
		   decoder->made / limits->decoded_ratio <= decoder->taken))
		return 0;
	decoder->error = -EMSGSIZE;
	return async_fail(-EMSGSIZE,
			  "a body in %s: decoded it is more than %u times as large (HTTP limit "
			  "`decoded_ratio`; option `body_ratio` of routes and sessions)",
			  codings[decoder->coding].name, limits->decoded_ratio);
}

/* All that may come out has: whether there is more is tried with a byte that nobody gets. */
static int probe(struct http_decoder *decoder, struct codec_flow *flow)
{
	unsigned char beyond;
	struct codec_flow tried = { flow->in, flow->in_size, &beyond, 1 };
	int result = decode(decoder, &tried);

	flow->in = tried.in;
	flow->in_size = tried.in_size;
	if (result < 0 || tried.out_size)
		return result;
	decoder->error = -EMSGSIZE;
	return async_fail(-EMSGSIZE,
			  "a body in %s: decoded it is larger than %llu bytes (HTTP limit "
			  "`decoded_bytes`)",
			  codings[decoder->coding].name,
			  (unsigned long long)decoder->limits.decoded_bytes);
}

int http_decoder_step(struct http_decoder *decoder, const char *data, size_t size, size_t *used,
		      char *out, size_t room, size_t *made)
{
	struct codec_flow flow = { (const unsigned char *)data, size, (unsigned char *)out, room };
	uint64_t left = decoder->limits.decoded_bytes - decoder->made;
	int result;

	*used = *made = 0;
	if (decoder->error)
		return decoder->error; /* its text was given then */
	if (!decoder->limits.decoded_bytes || left > room) {
		result = decode(decoder, &flow);
	} else if (left) {
		room = flow.out_size = (size_t)left;
		result = decode(decoder, &flow);
	} else {
		result = probe(decoder, &flow);
	}
	*used = size - flow.in_size;
	*made = room - flow.out_size;
	decoder->made += *made;
	return result < 0 || check_growth(decoder) ? decoder->error : result;
}

int http_decoder_finish(struct http_decoder *decoder)
{
	if (decoder->error)
		return decoder->error;
	return decoder->inside ? decoder_refuse(decoder, -EBADMSG, "it ends in the middle") : 0;
}

struct http_encoder {
	const struct codec_library *library;
	bool ended;
	_Alignas(max_align_t) char state[];
};

struct http_encoder *http_encoder_new(enum http_coding coding, int level)
{
	const struct codec_library *library;
	struct http_encoder *encoder;

	if (check_available(coding))
		return NULL;
	library = codings[coding].library;
	if (library && (level < 0 || level > library->level_max)) {
		async_fail(-EINVAL, "an encoder of %s: the level %d is not one of 1 to %d",
			   codings[coding].name, level, library->level_max);
		return NULL;
	}
	encoder = calloc(1, sizeof *encoder + (library ? library->encoder_bytes : 0));
	if (encoder) {
		encoder->library = library;
		if (!library || !library->encoder_begin(encoder->state, coding,
							level ? level : library->level_default))
			return encoder;
		http_encoder_free(encoder);
	}
	async_fail(-ENOMEM, "an encoder of %s", codings[coding].name);
	return NULL;
}

void http_encoder_free(struct http_encoder *encoder)
{
	if (!encoder)
		return;
	if (encoder->library)
		encoder->library->encoder_end(encoder->state);
	free(encoder);
}

int http_encoder_step(struct http_encoder *encoder, enum http_encode_mode mode, const char *data,
		      size_t size, size_t *used, char *out, size_t room, size_t *made)
{
	struct codec_flow flow = { (const unsigned char *)data, size, (unsigned char *)out, room };
	int result;

	*used = *made = 0;
	if (encoder->ended)
		return size ? async_fail(-EINVAL, "an encoder: data after the end") :
			      HTTP_CODEC_END;
	if (encoder->library) {
		result = encoder->library->encoder_step(encoder->state, &flow, mode);
		if (result < 0)
			return async_fail(result, "encoding a body");
	} else {
		copy(&flow);
		result = flow.in_size		    ? HTTP_CODEC_ROOM :
			 mode == HTTP_ENCODE_FINISH ? HTTP_CODEC_END :
						      HTTP_CODEC_MORE;
	}
	encoder->ended = result == HTTP_CODEC_END;
	*used = size - flow.in_size;
	*made = room - flow.out_size;
	return result;
}
