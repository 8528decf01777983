/* SPDX-License-Identifier: MIT */
/* Content codings: round trips in pieces of all sizes, and bodies that are broken, endless, or much
 * larger than they look. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "http/codec.h"

enum { TEXT_BYTES = 20000 };

struct bytes {
	char *data;
	size_t size;
};

static void need(enum http_coding coding)
{
	if (!http_coding_available(coding))
		SKIP("built without its library");
}

/* Words of few kinds, so that it compresses, and noise, so that it does not too well. */
static struct bytes text_of(size_t size)
{
	struct bytes text = { malloc(size + 1), size };
	uint32_t state = 12345;

	CHECK(text.data);
	for (size_t i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		text.data[i] = (char)(state >> 29 ? "HTTP body "[i % 10] : (char)(state >> 16));
	}
	return text;
}

/* What is to be given in pieces of that size at most, each in memory of its own. */
static struct bytes encode(enum http_coding coding, struct bytes text, size_t piece, size_t room,
			   enum http_encode_mode mode)
{
	struct http_encoder *encoder = http_encoder_new(coding, 0);
	struct bytes out = { malloc(2 * text.size + 100000), 0 };
	size_t at = 0, end = 0;
	int result = HTTP_CODEC_MORE;

	CHECK(encoder && out.data);
	do {
		size_t size, used, made;
		char *copy, *made_here;
		bool last;

		if (result == HTTP_CODEC_MORE)
			end = text.size - at < piece ? text.size : at + piece;
		size = end - at;
		last = end == text.size;
		copy = malloc(size ? size : 1);
		made_here = malloc(room);
		memcpy(copy, text.data + at, size);
		result = http_encoder_step(encoder, last ? HTTP_ENCODE_FINISH : mode, copy, size,
					   &used, made_here, room, &made);
		CHECK(result >= 0 && used <= size && made <= room);
		CHECK(result == HTTP_CODEC_ROOM || used == size);
		memcpy(out.data + out.size, made_here, made);
		out.size += made;
		at += used;
		free(copy);
		free(made_here);
	} while (result != HTTP_CODEC_END);
	CHECK_INT(at, text.size);
	http_encoder_free(encoder);
	return out;
}

struct decoded {
	struct bytes out;
	int result; /* of the last step, or of the end */
};

static struct decoded decode_with(enum http_coding coding, const struct http_decode_limits *limits,
				  struct bytes body, size_t piece, size_t room, size_t out_max)
{
	struct http_decoder *decoder = http_decoder_new(coding, limits);
	struct decoded got = { { malloc(out_max + room), 0 }, 0 };
	size_t at = 0;

	CHECK(decoder && got.out.data);
	do {
		size_t size = body.size - at < piece ? body.size - at : piece, used, made;
		char *copy = malloc(size ? size : 1), *made_here = malloc(room);

		memcpy(copy, body.data + at, size);
		got.result = http_decoder_step(decoder, copy, size, &used, made_here, room, &made);
		CHECK(used <= size && made <= room);
		CHECK(got.result != HTTP_CODEC_MORE || used == size);
		memcpy(got.out.data + got.out.size, made_here, made);
		got.out.size += made;
		at += used;
		free(copy);
		free(made_here);
		CHECK(got.out.size <= out_max);
	} while (got.result == HTTP_CODEC_ROOM || (got.result >= 0 && at < body.size));
	if (got.result >= 0)
		got.result = http_decoder_finish(decoder);
	else
		CHECK_INT(http_decoder_finish(decoder), got.result);
	if (got.result < 0) {
		size_t used, made;
		char byte;

		CHECK_INT(http_decoder_step(decoder, "", 0, &used, &byte, 1, &made),
			  http_decoder_finish(decoder));
	}
	http_decoder_free(decoder);
	return got;
}

static void decodes_to(enum http_coding coding, struct bytes body, struct bytes text, size_t piece,
		       size_t room)
{
	struct decoded got = decode_with(coding, NULL, body, piece, room, text.size);

	CHECK_INT(got.result, 0);
	CHECK_INT(got.out.size, text.size);
	CHECK(!memcmp(got.out.data, text.data, text.size));
	free(got.out.data);
}

static int decode_error(enum http_coding coding, const struct http_decode_limits *limits,
			struct bytes body, size_t piece)
{
	struct decoded got = decode_with(coding, limits, body, piece, 100, 4 * TEXT_BYTES);

	free(got.out.data);
	return got.result;
}

static void round_trips(enum http_coding coding)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 100, 4096, 100000 };

	need(coding);
	for (size_t length = 0; length <= TEXT_BYTES; length = length ? 20 * length : 1) {
		struct bytes text = text_of(length);

		for (int i = 0; i < 7; i++) {
			struct bytes body = encode(coding, text, sizes[i], sizes[6 - i] + 1,
						   i == 4 ? HTTP_ENCODE_FLUSH : HTTP_ENCODE);

			CHECK(length < 8000 || coding == HTTP_CODING_IDENTITY ||
			      body.size < length || i == 4);
			for (int j = 0; j < 7; j++)
				decodes_to(coding, body, text, sizes[j], sizes[(i + j) % 7]);
			free(body.data);
		}
		free(text.data);
	}
}

TEST_WITH(identity_round_trips, "H19 W28", .backends = ONCE)
{
	round_trips(HTTP_CODING_IDENTITY);
}

TEST_WITH(gzip_round_trips, "H19 W28 H12", .backends = ONCE)
{
	round_trips(HTTP_CODING_GZIP);
}

TEST_WITH(deflate_round_trips, "H19 W28 H12", .backends = ONCE)
{
	round_trips(HTTP_CODING_DEFLATE);
}

TEST_WITH(br_round_trips, "H19", .backends = ONCE, .deadline = 30)
{
	round_trips(HTTP_CODING_BR);
}

TEST_WITH(zstd_round_trips, "H19", .backends = ONCE, .deadline = 30)
{
	round_trips(HTTP_CODING_ZSTD);
}

#define BYTES(text_) ((struct bytes){ (char *)(uintptr_t)(text_), sizeof(text_) - 1 })

#define GZIP_HELLO                                                                             \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36" \
	"\x05\x00\x00\x00"
#define ZLIB_HELLO "\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15"
#define RAW_HELLO  "\xcb\x48\xcd\xc9\xc9\x07\x00"
#define BR_HELLO   "\x0b\x02\x80hello\x03"

/* Made by others. */
TEST_WITH(known_bodies, "H19", .backends = ONCE)
{
	need(HTTP_CODING_GZIP);
	for (size_t piece = 1; piece < 40; piece++) {
		decodes_to(HTTP_CODING_GZIP, BYTES(GZIP_HELLO), BYTES("hello"), piece, 3);
		decodes_to(HTTP_CODING_GZIP, BYTES(""), BYTES(""), piece, 3);
		decodes_to(HTTP_CODING_DEFLATE, BYTES(ZLIB_HELLO), BYTES("hello"), piece, 1);
		decodes_to(HTTP_CODING_DEFLATE, BYTES(RAW_HELLO), BYTES("hello"), piece, 1);
		/* The shortest bare stream of all: nothing, in two bytes. */
		decodes_to(HTTP_CODING_DEFLATE, BYTES("\x03\x00"), BYTES(""), piece, 1);
	}
	need(HTTP_CODING_BR);
	for (size_t piece = 1; piece < 20; piece++)
		decodes_to(HTTP_CODING_BR, BYTES(BR_HELLO), BYTES("hello"), piece, 2);
}

TEST_WITH(members, "H19 M14", .backends = ONCE)
{
	static const struct http_decode_limits two = { .decoded_members = 2 };
	struct bytes body = BYTES(GZIP_HELLO GZIP_HELLO);

	need(HTTP_CODING_GZIP);
	for (size_t piece = 1; piece < 60; piece++)
		decodes_to(HTTP_CODING_GZIP, body, BYTES("hellohello"), piece, 4);
	CHECK_INT(decode_error(HTTP_CODING_GZIP, &two, body, 100), 0);
	CHECK_INT(decode_error(HTTP_CODING_GZIP, &two, BYTES(GZIP_HELLO GZIP_HELLO "\x1f"), 100),
		  -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "more than 2 members (HTTP limit `decoded_members`)");
}

/* A thousand members of nothing each are few bytes; the default ends that. */
TEST_WITH(many_members, "M14", .backends = ONCE)
{
	static const char empty[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
	struct bytes body = { malloc(1025 * 20), 1024 * 20 };

	need(HTTP_CODING_GZIP);
	for (int i = 0; i < 1025; i++)
		memcpy(body.data + 20 * i, empty, 20);
	CHECK_INT(decode_error(HTTP_CODING_GZIP, NULL, body, 1000), 0);
	body.size += 20;
	CHECK_INT(decode_error(HTTP_CODING_GZIP, NULL, body, 1000), -EMSGSIZE);
	free(body.data);
}

TEST_WITH(trailing_garbage, "H20", .backends = ONCE)
{
	need(HTTP_CODING_GZIP);
	for (size_t piece = 1; piece < 30; piece++) {
		CHECK_INT(decode_error(HTTP_CODING_GZIP, NULL, BYTES(GZIP_HELLO "ab"), piece),
			  -EBADMSG);
		CHECK_INT(decode_error(HTTP_CODING_DEFLATE, NULL, BYTES(ZLIB_HELLO "a"), piece),
			  -EBADMSG);
		CHECK_TEXT_HAS(async_error(), "deflate: ");
		CHECK_INT(decode_error(HTTP_CODING_DEFLATE, NULL, BYTES(ZLIB_HELLO ZLIB_HELLO),
				       piece),
			  -EBADMSG);
		CHECK_INT(decode_error(HTTP_CODING_DEFLATE, NULL, BYTES("\x03\x00x"), piece),
			  -EBADMSG);
	}
	need(HTTP_CODING_BR);
	CHECK_INT(decode_error(HTTP_CODING_BR, NULL, BYTES(BR_HELLO BR_HELLO), 100), -EBADMSG);
	CHECK_INT(decode_error(HTTP_CODING_BR, NULL, BYTES(BR_HELLO "x"), 1), -EBADMSG);
}

TEST_WITH(malformed, "H20", .backends = ONCE)
{
	need(HTTP_CODING_GZIP);
	CHECK_INT(decode_error(HTTP_CODING_GZIP, NULL, BYTES("hello, this is no gzip"), 5),
		  -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "a body in gzip: incorrect header check (after ");
	CHECK_INT(decode_error(HTTP_CODING_GZIP, NULL, BYTES(ZLIB_HELLO), 5), -EBADMSG);
	CHECK_INT(decode_error(HTTP_CODING_DEFLATE, NULL, BYTES("\x78\x9c\xff\xff"), 5), -EBADMSG);
	/* The check at the end. */
	CHECK_INT(decode_error(HTTP_CODING_DEFLATE, NULL,
			       BYTES("\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x16"), 5),
		  -EBADMSG);
	/* A preset dictionary: nobody agreed upon one. */
	CHECK_INT(decode_error(HTTP_CODING_DEFLATE, NULL, BYTES("\x78\xbb\x00\x00\x00\x01\x00"), 9),
		  -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "dictionary");
	need(HTTP_CODING_BR);
	CHECK_INT(decode_error(HTTP_CODING_BR, NULL, BYTES("\xff\xff\xff\xff\xff"), 5), -EBADMSG);
	need(HTTP_CODING_ZSTD);
	CHECK_INT(decode_error(HTTP_CODING_ZSTD, NULL, BYTES("\x28\xb5\x2f\xfe\x04"), 5), -EBADMSG);
	/* A format from before RFC 8878. */
	CHECK_INT(decode_error(HTTP_CODING_ZSTD, NULL, BYTES("\x27\xb5\x2f\xfd\x00"), 1), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "no frame of zstd");
	/* A frame to be skipped, and one with "hello". */
	decodes_to(HTTP_CODING_ZSTD,
		   BYTES("\x5a\x2a\x4d\x18\x02\0\0\0ab\x28\xb5\x2f\xfd\x20\x05\x29\0\0hello"),
		   BYTES("hello"), 1, 1);
	/* A kind of block that there is not. */
	CHECK_INT(decode_error(HTTP_CODING_ZSTD, NULL, BYTES("\x28\xb5\x2f\xfd\x20\x05\x2f\0\0"),
			       9),
		  -EBADMSG);
	/* A window of 16 MiB, in six bytes. */
	CHECK_INT(decode_error(HTTP_CODING_ZSTD, NULL, BYTES("\x28\xb5\x2f\xfd\x00\x70\x01\x00"),
			       9),
		  -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "8 MiB");
}

/* Cut anywhere it is an error; what came out until then is right. */
TEST_WITH(truncated, "H20", .backends = ONCE)
{
	struct bytes text = text_of(300);

	for (int coding = HTTP_CODING_GZIP; coding < HTTP_CODING_COUNT; coding++) {
		struct bytes body;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		body = encode((enum http_coding)coding, text, 100, 1000, HTTP_ENCODE_FLUSH);
		for (size_t size = 1; size < body.size; size++) {
			struct decoded got = decode_with((enum http_coding)coding, NULL,
							 (struct bytes){ body.data, size }, 50, 100,
							 text.size);

			CHECK_INT(got.result, -EBADMSG);
			CHECK_TEXT_HAS(async_error(), "in the middle");
			CHECK(!memcmp(got.out.data, text.data, got.out.size));
			free(got.out.data);
		}
		free(body.data);
	}
	free(text.data);
}

/* What flushing promises: all that went in comes out, before the end. */
TEST_WITH(flush, "W27 W28", .backends = ONCE)
{
	for (int coding = HTTP_CODING_IDENTITY; coding < HTTP_CODING_COUNT; coding++) {
		struct http_encoder *encoder;
		struct http_decoder *decoder;
		char text[] = "event: 1\n\n", body[200], again[100];
		size_t used, made, used_again, made_again;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		encoder = http_encoder_new((enum http_coding)coding, 1);
		decoder = http_decoder_new((enum http_coding)coding, NULL);
		for (int i = 0; i < 3; i++) {
			CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE_FLUSH, text, 10, &used,
						    body, sizeof body, &made),
				  HTTP_CODEC_MORE);
			CHECK_INT(used, 10);
			CHECK_INT(http_decoder_step(decoder, body, made, &used_again, again,
						    sizeof again, &made_again),
				  HTTP_CODEC_MORE);
			CHECK_INT(made_again, 10);
			CHECK(!memcmp(again, text, 10));
		}
		CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE_FINISH, NULL, 0, &used, body,
					    sizeof body, &made),
			  HTTP_CODEC_END);
		CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE_FINISH, NULL, 0, &used, body,
					    sizeof body, &made),
			  HTTP_CODEC_END);
		CHECK_INT(made, 0);
		CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE, text, 1, &used, body, sizeof body,
					    &made),
			  -EINVAL);
		http_encoder_free(encoder);
		http_decoder_free(decoder);
	}
}

static struct bytes bomb_of(enum http_coding coding, size_t size)
{
	struct bytes zeros = { calloc(1, size), size }, bomb;

	CHECK(zeros.data);
	bomb = encode(coding, zeros, 1000000, 10000, HTTP_ENCODE);
	free(zeros.data);
	return bomb;
}

TEST_WITH(bombs, "M14 H19", .backends = ONCE, .deadline = 30)
{
	static const struct http_decode_limits total = { .decoded_bytes = 50000 };
	static const struct http_decode_limits ratio = { .decoded_ratio = 50 };
	enum { LARGE = 3000000 };

	for (int coding = HTTP_CODING_GZIP; coding < HTTP_CODING_COUNT; coding++) {
		struct bytes bomb;
		struct decoded got;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		bomb = bomb_of((enum http_coding)coding, LARGE);
		CHECK(bomb.size < LARGE / 300);
		got = decode_with((enum http_coding)coding, &total, bomb, bomb.size, 1000, LARGE);
		CHECK_INT(got.result, -EMSGSIZE);
		CHECK_TEXT_HAS(async_error(),
			       "larger than 50000 bytes (HTTP limit `decoded_bytes`)");
		CHECK_INT(got.out.size, 50000);
		free(got.out.data);
		got = decode_with((enum http_coding)coding, &ratio, bomb, 100, 1000, LARGE);
		CHECK_INT(got.result, -EMSGSIZE);
		CHECK_TEXT_HAS(async_error(), "50 times as large (HTTP limit `decoded_ratio`");
		CHECK(got.out.size <= HTTP_CODEC_RATIO_FREE_BYTES + 1000);
		free(got.out.data);
		free(bomb.data);
	}
}

/* What does not grow is never too large for its size. */
TEST_WITH(no_growth, "M14", .backends = ONCE)
{
	static const struct http_decode_limits ratio = { .decoded_ratio = 2 };
	struct bytes text = text_of(600000);
	uint64_t state = 88172645463325252;

	for (size_t i = 0; i < text.size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		text.data[i] = (char)(state >> 56);
	}
	for (int coding = HTTP_CODING_IDENTITY; coding < HTTP_CODING_COUNT; coding++) {
		struct decoded got;
		struct bytes body;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		body = encode((enum http_coding)coding, text, 100000, 100000, HTTP_ENCODE);
		got = decode_with((enum http_coding)coding, &ratio, body, 10000, 10000, text.size);
		CHECK_INT(got.result, 0);
		free(got.out.data);
		free(body.data);
	}
	free(text.data);
}

/* The limit itself is allowed, wherever the pieces end. */
TEST_WITH(exactly_the_limit, "M14", .backends = ONCE)
{
	struct bytes text = text_of(1000);

	for (int coding = HTTP_CODING_IDENTITY; coding < HTTP_CODING_COUNT; coding++) {
		struct bytes body;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		body = encode((enum http_coding)coding, text, 1000, 2000, HTTP_ENCODE);
		for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
			struct http_decode_limits limits = { .decoded_bytes = 1000 };

			CHECK_INT(decode_error((enum http_coding)coding, &limits, body, piece), 0);
			limits.decoded_bytes = 999;
			CHECK_INT(decode_error((enum http_coding)coding, &limits, body, piece),
				  -EMSGSIZE);
		}
		free(body.data);
	}
	free(text.data);
}

TEST_WITH(names, "H19 W28", .backends = ONCE)
{
	CHECK_INT(http_coding_find("gzip", 4), HTTP_CODING_GZIP);
	CHECK_INT(http_coding_find("X-GZip", 6), HTTP_CODING_GZIP);
	CHECK_INT(http_coding_find("Deflate", 7), HTTP_CODING_DEFLATE);
	CHECK_INT(http_coding_find("br", 2), HTTP_CODING_BR);
	CHECK_INT(http_coding_find("zstd", 4), HTTP_CODING_ZSTD);
	CHECK_INT(http_coding_find("identity", 8), HTTP_CODING_IDENTITY);
	CHECK_INT(http_coding_find("gzi", 3), HTTP_CODING_OTHER);
	CHECK_INT(http_coding_find("", 0), HTTP_CODING_OTHER);
	CHECK_STR(http_coding_name(HTTP_CODING_ZSTD), "zstd");
	CHECK_STR(http_coding_name(HTTP_CODING_OTHER), "unknown");
	CHECK(http_coding_available(HTTP_CODING_IDENTITY));
	CHECK(!http_coding_available(HTTP_CODING_OTHER));
	CHECK(!http_decoder_new(HTTP_CODING_OTHER, NULL));
	CHECK_INT(async_error_code(), -EOPNOTSUPP);
	for (int coding = HTTP_CODING_GZIP; coding < HTTP_CODING_COUNT; coding++) {
		if (http_coding_available((enum http_coding)coding)) {
			CHECK(!http_encoder_new((enum http_coding)coding, 20));
			CHECK_INT(async_error_code(), -EINVAL);
			CHECK_TEXT_HAS(async_error(), "level 20");
			CHECK(!http_encoder_new((enum http_coding)coding, -1));
		} else {
			CHECK(!http_encoder_new((enum http_coding)coding, 0));
			CHECK(!http_decoder_new((enum http_coding)coding, NULL));
			CHECK_INT(async_error_code(), -EOPNOTSUPP);
			CHECK_TEXT_HAS(async_error(), "libawait was built without ");
		}
	}
	http_decoder_free(NULL);
	http_encoder_free(NULL);
}

/* libzstd takes its memory where the injector does not see it. */
TEST_WITH(out_of_memory, "X19", .backends = ONCE)
{
	static const char *const calls[] = { "malloc", "calloc" };
	struct bytes text = text_of(5000);

	for (int coding = HTTP_CODING_IDENTITY; coding < HTTP_CODING_ZSTD; coding++) {
		struct bytes body;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		body = encode((enum http_coding)coding, text, 5000, 5000, HTTP_ENCODE);
		for (int call = 0; call < 2; call++) {
			for (int nth = 1;; nth++) {
				struct http_encoder *encoder;
				struct http_decoder *decoder;
				char *out = calloc(1, 20000);
				size_t used, made;
				int result = 0, left;

				fault_clear();
				fault_inject(calls[call], nth, ENOMEM);
				encoder = http_encoder_new((enum http_coding)coding, 0);
				decoder = http_decoder_new((enum http_coding)coding, NULL);
				if (!encoder || !decoder)
					result = async_error_code();
				if (encoder)
					result = http_encoder_step(encoder, HTTP_ENCODE_FINISH,
								   text.data, text.size, &used, out,
								   20000, &made);
				if (decoder && result >= 0)
					result = http_decoder_step(decoder, body.data, body.size,
								   &used, out, 20000, &made);
				left = fault_count(calls[call]) < nth;
				fault_clear();
				http_encoder_free(encoder);
				http_decoder_free(decoder);
				free(out);
				if (left)
					break;
				CHECK(result == -ENOMEM || !encoder || !decoder);
			}
		}
		free(body.data);
	}
	free(text.data);
}

/* The worst there is: encoders of the highest level, on all that they look at. */
static int code_in_task(void *unused)
{
	struct bytes text = text_of(300000);

	(void)unused;
	for (int coding = HTTP_CODING_GZIP; coding < HTTP_CODING_COUNT; coding++) {
		static const int levels[] = { [HTTP_CODING_GZIP] = 9,
					      [HTTP_CODING_DEFLATE] = 1,
					      [HTTP_CODING_BR] = 11,
					      [HTTP_CODING_ZSTD] = 19 };
		struct http_encoder *encoder;
		size_t used, made;
		struct bytes body;

		if (!http_coding_available((enum http_coding)coding))
			continue;
		encoder = http_encoder_new((enum http_coding)coding, levels[coding]);
		body = (struct bytes){ malloc(text.size), 0 };
		CHECK(encoder && body.data);
		CHECK_INT(http_encoder_step(encoder, HTTP_ENCODE_FINISH, text.data, text.size,
					    &used, body.data, text.size, &made),
			  HTTP_CODEC_END);
		body.size = made;
		decodes_to((enum http_coding)coding, body, text, body.size, 10000);
		http_encoder_free(encoder);
		free(body.data);
	}
	free(text.data);
	return 0;
}

/* All of it has enough of the default stack of a task. */
TEST_TASK_WITH(coding_in_a_task, "W28 H19", .backends = BACKEND_EPOLL, .deadline = 60)
{
	CHECK_INT(await_task(async_create_task(code_in_task, NULL)), 0);
}
