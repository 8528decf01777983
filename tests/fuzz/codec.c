/* SPDX-License-Identifier: MIT */
/*
 * Decoders: the first byte picks the coding, the next two how the rest is cut and how much room
 * there is. However it is cut the same comes out, no more than the limit; and what was decoded can
 * be encoded and decoded again.
 */
#include "h1.h"
#include "http/codec.h"

enum { LIMIT = 100000 };

static const struct http_decode_limits limits = { .decoded_bytes = LIMIT, .decoded_members = 5 };

struct run {
	char *out;
	size_t size;
	int result;
};

static struct run decode(enum http_coding coding, const char *data, size_t size, size_t piece,
			 size_t room)
{
	struct http_decoder *decoder = http_decoder_new(coding, &limits);
	struct run run = { malloc(LIMIT + 1), 0, 0 };
	size_t at = 0;

	h1_check(decoder);
	do {
		size_t given = size - at < piece ? size - at : piece, used, made;
		char *copy = h1_copy(data + at, given), *out = malloc(room);

		run.result = http_decoder_step(decoder, copy, given, &used, out, room, &made);
		h1_check(used <= given && made <= room && run.size + made <= LIMIT);
		memcpy(run.out + run.size, out, made);
		run.size += made;
		at += used;
		free(copy);
		free(out);
	} while (run.result == HTTP_CODEC_ROOM || (run.result >= 0 && at < size));
	if (run.result >= 0)
		run.result = http_decoder_finish(decoder);
	http_decoder_free(decoder);
	return run;
}

static void encode_again(enum http_coding coding, const struct run *run)
{
	struct http_encoder *encoder = http_encoder_new(coding, 1);
	size_t room = run->size * 2 + 10000, used, made;
	char *body = malloc(room);
	struct run again;

	h1_check(http_encoder_step(encoder, HTTP_ENCODE_FINISH, run->out, run->size, &used, body,
				   room, &made) == HTTP_CODEC_END);
	again = decode(coding, body, made, made + 1, LIMIT);
	h1_check(!again.result && again.size == run->size);
	h1_check(!memcmp(again.out, run->out, run->size));
	free(again.out);
	free(body);
	http_encoder_free(encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_coding coding;
	struct run whole, pieces;

	if (size < 3)
		return 0;
	coding = (enum http_coding)(data[0] % HTTP_CODING_COUNT);
	if (!http_coding_available(coding))
		return 0;
	whole = decode(coding, (const char *)data + 3, size - 3, size, LIMIT);
	pieces = decode(coding, (const char *)data + 3, size - 3, data[1] + 1, data[2] * 37 + 1);
	h1_check((whole.result < 0) == (pieces.result < 0));
	if (!whole.result) {
		h1_check(whole.size == pieces.size);
		h1_check(!memcmp(whole.out, pieces.out, whole.size));
		encode_again(coding, &whole);
	}
	free(whole.out);
	free(pieces.out);
	return 0;
}
