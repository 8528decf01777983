/* SPDX-License-Identifier: MIT */
/*
 * Content codings (RFC 9110, 8.4.1): compressing and decompressing piece by piece, into memory of
 * the caller's. Each step makes at most as much as there is room for, whatever the input asks for,
 * so a body that explodes costs its reader nothing but patience; the limits below are for those who
 * want the whole body.
 *
 * gzip and deflate need zlib, br brotli, zstd libzstd; a library built without one of them knows
 * the name of the coding and refuses it.
 */
#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_coding {
	HTTP_CODING_IDENTITY, /* nothing is done */
	HTTP_CODING_GZIP,     /* RFC 1952; "x-gzip" means the same */
	HTTP_CODING_DEFLATE,  /* RFC 1950; RFC 1951 alone is read, too, as browsers do */
	HTTP_CODING_BR,	      /* RFC 7932 */
	HTTP_CODING_ZSTD,     /* RFC 8878, windows of at most 8 MiB (RFC 9659) */
	HTTP_CODING_COUNT,
	HTTP_CODING_OTHER = HTTP_CODING_COUNT,
};

/* Letters of either case. */
enum http_coding http_coding_find(const char *text, size_t size);
const char *http_coding_name(enum http_coding coding);
/* Whether this library can do it. */
bool http_coding_available(enum http_coding coding);

enum { HTTP_CODEC_MEMBERS = 1024, HTTP_CODEC_RATIO_FREE_BYTES = 256 * 1024 };

/* Of one body. */
struct http_decode_limits {
	uint64_t decoded_bytes;	  /* what comes out; 0: any amount */
	uint32_t decoded_ratio;	  /* as a multiple of what went in, from 256 KiB on; 0: any */
	uint32_t decoded_members; /* of gzip, frames of zstd; 0: HTTP_CODEC_MEMBERS */
};

enum http_codec_result {
	HTTP_CODEC_MORE, /* all input is used, and all that follows from it was given out */
	HTTP_CODEC_ROOM, /* there may be more to give out: call again, with what is left */
	HTTP_CODEC_END,	 /* encoders: that was the last of it */
};

struct http_decoder;

/* `limits` may be NULL. NULL: -ENOMEM, -EOPNOTSUPP (no such coding here; the text says which
 * library is missing). */
struct http_decoder *http_decoder_new(enum http_coding coding,
				      const struct http_decode_limits *limits);
void http_decoder_free(struct http_decoder *decoder);

/*
 * Takes *used of `size` bytes and makes *made of at most `room`. HTTP_CODEC_MORE or HTTP_CODEC_ROOM;
 * -EBADMSG (malformed, or something follows its end), -EMSGSIZE (a limit), -ENOMEM. An error stays.
 */
int http_decoder_step(struct http_decoder *decoder, const char *data, size_t size, size_t *used,
		      char *out, size_t room, size_t *made);

/* The body is over: 0, or -EBADMSG when its coding is not. A body without a byte is complete. */
int http_decoder_finish(struct http_decoder *decoder);

struct http_encoder;

/* `level` 0: 6 for gzip and deflate (of 1 to 9), 4 for br (of 1 to 11), 3 for zstd (of 1 to 19).
 * Memory, about: gzip and deflate 270 KB, br 1 MB, zstd 1.5 MB. NULL: as above, or -EINVAL. */
struct http_encoder *http_encoder_new(enum http_coding coding, int level);
void http_encoder_free(struct http_encoder *encoder);

enum http_encode_mode {
	HTTP_ENCODE,	    /* as it sees fit */
	HTTP_ENCODE_FLUSH,  /* so that all that went in can be decoded */
	HTTP_ENCODE_FINISH, /* that was all */
};

/* As http_decoder_step. Keep to the mode and give what is left until the answer is HTTP_CODEC_MORE,
 * or HTTP_CODEC_END for HTTP_ENCODE_FINISH. -ENOMEM, -EINVAL (after the end). */
int http_encoder_step(struct http_encoder *encoder, enum http_encode_mode mode, const char *data,
		      size_t size, size_t *used, char *out, size_t room, size_t *made);

#endif
