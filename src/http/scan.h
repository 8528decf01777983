/* SPDX-License-Identifier: MIT */
/*
 * Finding the byte where a token, a request target or a field value ends: the parser's inner loops.
 *
 * Each takes `low`, the beginning of the block, and [at, end), and returns the first byte that does
 * not belong, or `end`. [low, end) is readable and nothing outside it is read: where less than a
 * vector is left, the last vector of the block is loaded instead, which begins before `at`, and the
 * bits before `at` are shifted out. So no caller must pad its buffers, and nothing here needs an
 * exception under ASan or Valgrind.
 *
 * A file that includes this gets the widest vectors its target options allow: AVX2 (in
 * head_avx2.c), SSE2 (every x86-64), NEON (every aarch64), else, or with SCAN_BYTES, a table. The
 * set of bytes of a token is no range; with a shuffle instruction two look-ups by nibble tell it,
 * and SSE2, which has none, takes the table.
 */
#ifndef HTTP_SCAN_H
#define HTTP_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/base.h"
#include "http/bytes.h"

#define SCAN_INLINE static inline __attribute__((always_inline))

SCAN_INLINE const char *scan_bytes(const char *at, const char *end, unsigned int class)
{
	while (at < end && byte_is(*at, class))
		at++;
	return at;
}

#if defined(SCAN_BYTES)
#define SCAN_NAME "bytes"

#elif defined(__AVX2__) || defined(SCAN_AVX2)
#include <immintrin.h>
#define SCAN_NAME    "avx2"
#define SCAN_VECTOR  32
#define SCAN_SHUFFLE 1
typedef __m256i scan_vector;
typedef uint32_t scan_mask; /* a bit for each byte that does not belong */
#define SCAN_SHIFT   0 /* log2 of the bits per byte */

SCAN_INLINE scan_vector scan_load(const char *at)
{
	return _mm256_loadu_si256((const __m256i *)at);
}

SCAN_INLINE scan_mask stops_text(scan_vector v)
{
	__m256i high = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8(0x20)), v);
	__m256i tab = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t'));
	__m256i del = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f));

	return ~(uint32_t)_mm256_movemask_epi8(
		_mm256_andnot_si256(del, _mm256_or_si256(high, tab)));
}

SCAN_INLINE scan_mask stops_target(scan_vector v)
{
	/* Signed: bytes from 0x80 on are less than a blank, too. */
	__m256i visible = _mm256_cmpgt_epi8(v, _mm256_set1_epi8(0x20));
	__m256i del = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f));
	__m256i hash = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('#'));

	return ~(uint32_t)_mm256_movemask_epi8(
		_mm256_andnot_si256(_mm256_or_si256(del, hash), visible));
}

SCAN_INLINE scan_mask finds_colon(scan_vector v)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(':')));
}

SCAN_INLINE scan_mask stops_nibbles(scan_vector v, const uint8_t *low_table,
				    const uint8_t *high_table)
{
	__m256i nibble = _mm256_set1_epi8(0x0f);
	__m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)low_table));
	__m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)high_table));
	__m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble));
	__m256i b = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));

	return (uint32_t)_mm256_movemask_epi8(
		_mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256()));
}

#elif defined(__SSE2__)
#include <emmintrin.h>
#define SCAN_NAME   "sse2"
#define SCAN_VECTOR 16
typedef __m128i scan_vector;
typedef uint32_t scan_mask;
#define SCAN_SHIFT  0

SCAN_INLINE scan_vector scan_load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)at);
}

SCAN_INLINE scan_mask stops_text(scan_vector v)
{
	__m128i high = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x20)), v);
	__m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

	return (uint32_t)_mm_movemask_epi8(_mm_andnot_si128(del, _mm_or_si128(high, tab))) ^ 0xffff;
}

SCAN_INLINE scan_mask stops_target(scan_vector v)
{
	__m128i visible = _mm_cmpgt_epi8(v, _mm_set1_epi8(0x20));
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
	__m128i hash = _mm_cmpeq_epi8(v, _mm_set1_epi8('#'));

	return (uint32_t)_mm_movemask_epi8(_mm_andnot_si128(_mm_or_si128(del, hash), visible)) ^
	       0xffff;
}

SCAN_INLINE scan_mask finds_colon(scan_vector v)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(':')));
}

#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define SCAN_NAME    "neon"
#define SCAN_VECTOR  16
#define SCAN_SHUFFLE 1
typedef uint8x16_t scan_vector;
typedef uint64_t scan_mask; /* four bits for each byte: NEON has no movemask, but this is one step */
#define SCAN_SHIFT   2

SCAN_INLINE scan_vector scan_load(const char *at)
{
	return vld1q_u8((const uint8_t *)at);
}

SCAN_INLINE scan_mask scan_gather(uint8x16_t belongs)
{
	uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(belongs), 4);

	return ~vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
}

SCAN_INLINE uint8x16_t is_text(scan_vector v)
{
	uint8x16_t high = vcgeq_u8(v, vdupq_n_u8(0x20));
	uint8x16_t tab = vceqq_u8(v, vdupq_n_u8('\t'));
	uint8x16_t del = vceqq_u8(v, vdupq_n_u8(0x7f));

	return vbicq_u8(vorrq_u8(high, tab), del);
}

SCAN_INLINE scan_mask stops_text(scan_vector v)
{
	return scan_gather(is_text(v));
}

/* A bit for each of 64 bytes that are 0 or 0xff: weights, then sums of neighbours. */
SCAN_INLINE uint64_t bits_of(const uint8x16_t bytes[4])
{
	static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128,
					     1, 2, 4, 8, 16, 32, 64, 128 };
	uint8x16_t weight = vld1q_u8(weights);
	uint8x16_t low = vpaddq_u8(vandq_u8(bytes[0], weight), vandq_u8(bytes[1], weight));
	uint8x16_t high = vpaddq_u8(vandq_u8(bytes[2], weight), vandq_u8(bytes[3], weight));
	uint8x16_t sum = vpaddq_u8(low, high);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

SCAN_INLINE scan_mask stops_target(scan_vector v)
{
	uint8x16_t visible = vcltq_u8(vsubq_u8(v, vdupq_n_u8(0x21)), vdupq_n_u8(0x7f - 0x21));
	uint8x16_t hash = vceqq_u8(v, vdupq_n_u8('#'));

	return scan_gather(vbicq_u8(visible, hash));
}

SCAN_INLINE scan_mask stops_nibbles(scan_vector v, const uint8_t *low_table,
				    const uint8_t *high_table)
{
	uint8x16_t a = vqtbl1q_u8(vld1q_u8(low_table), vandq_u8(v, vdupq_n_u8(0x0f)));
	uint8x16_t b = vqtbl1q_u8(vld1q_u8(high_table), vshrq_n_u8(v, 4));

	return scan_gather(vtstq_u8(a, b));
}

#else
#define SCAN_NAME "bytes"
#endif

#ifdef SCAN_VECTOR

/* One loop for all classes; `stops` and its tables are constants where it is inlined. */
#define SCAN_LOOP(low, at, end, class, stops)                                               \
	do {                                                                                \
		while (likely((end) - (at) >= SCAN_VECTOR)) {                               \
			scan_vector v = scan_load(at);                                      \
			scan_mask mask = (stops);                                           \
			if (likely(mask))                                                   \
				return (at) + (__builtin_ctzll(mask) >> SCAN_SHIFT);        \
			(at) += SCAN_VECTOR;                                                \
		}                                                                           \
		if ((end) - (low) >= SCAN_VECTOR && (at) < (end)) {                         \
			const char *last = (end)-SCAN_VECTOR;                               \
			scan_vector v = scan_load(last);                                    \
			scan_mask mask = (stops);                                           \
			mask >>= (unsigned int)((at)-last) << SCAN_SHIFT;                   \
			return mask ? (at) + (__builtin_ctzll(mask) >> SCAN_SHIFT) : (end); \
		}                                                                           \
		return scan_bytes(at, end, class);                                          \
	} while (0)

SCAN_INLINE const char *scan_text(const char *low, const char *at, const char *end)
{
	SCAN_LOOP(low, at, end, BYTE_TEXT, stops_text(v));
}

SCAN_INLINE const char *scan_target(const char *low, const char *at, const char *end)
{
	SCAN_LOOP(low, at, end, BYTE_TARGET, stops_target(v));
}

#else

SCAN_INLINE const char *scan_text(const char *low, const char *at, const char *end)
{
	(void)low;
	return scan_bytes(at, end, BYTE_TEXT);
}

SCAN_INLINE const char *scan_target(const char *low, const char *at, const char *end)
{
	(void)low;
	return scan_bytes(at, end, BYTE_TARGET);
}

#endif

#ifdef SCAN_SHUFFLE

SCAN_INLINE const char *scan_token(const char *low, const char *at, const char *end)
{
	/* Bit h of low_table[l]: byte 16 h + l is a tchar. high_table[h] picks bit h. */
	static const uint8_t low_table[16] = { 0xe8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc,
					       0xf8, 0xf8, 0xf4, 0x54, 0xd0, 0x54, 0xf4, 0x70 };
	static const uint8_t high_table[16] = { 1, 2, 4, 8, 16, 32, 64, 128 };

	SCAN_LOOP(low, at, end, BYTE_TOKEN, stops_nibbles(v, low_table, high_table));
}

#else

SCAN_INLINE const char *scan_token(const char *low, const char *at, const char *end)
{
	(void)low;
	return scan_bytes(at, end, BYTE_TOKEN);
}

#endif

/*
 * Field lines are short, and where one scan ends the next begins: looking for each end by itself
 * leaves the processor waiting, line for line, for an address to load from. So the block is
 * classified 64 bytes at a time, whatever stands where, and the ends are found in the bits.
 */
enum { WINDOW_BYTES = 64 };

struct scan_bits {
	uint64_t stops; /* no text: controls, and all that lies after the end */
	uint64_t colons;
};

struct scan_window {
	const char *base;
	struct scan_bits bits;
};

#if SCAN_VECTOR && SCAN_SHIFT == 0
SCAN_INLINE struct scan_bits window_classify(const char *at)
{
	struct scan_bits bits = { 0, 0 };
	int i;

#pragma GCC unroll 4
	for (i = 0; i < WINDOW_BYTES / SCAN_VECTOR; i++) {
		scan_vector v = scan_load(at + i * SCAN_VECTOR);

		bits.stops |= (uint64_t)stops_text(v) << (i * SCAN_VECTOR);
		bits.colons |= (uint64_t)finds_colon(v) << (i * SCAN_VECTOR);
	}
	return bits;
}
#elif SCAN_VECTOR
SCAN_INLINE struct scan_bits window_classify(const char *at)
{
	uint8x16_t text[4], colons[4];
	int i;

	for (i = 0; i < 4; i++) {
		scan_vector v = scan_load(at + 16 * i);

		text[i] = is_text(v);
		colons[i] = vceqq_u8(v, vdupq_n_u8(':'));
	}
	return (struct scan_bits){ ~bits_of(text), bits_of(colons) };
}
#else
SCAN_INLINE struct scan_bits window_classify(const char *at)
{
	struct scan_bits bits = { 0, 0 };
	int i;

	for (i = 0; i < WINDOW_BYTES; i++) {
		bits.stops |= (uint64_t)!byte_is(at[i], BYTE_TEXT) << i;
		bits.colons |= (uint64_t)(at[i] == ':') << i;
	}
	return bits;
}
#endif

/* The last bytes of the block: loaded with what stands before them. By value, so that the window
 * stays in registers. */
static __attribute__((noinline)) struct scan_bits window_last(const char *low, const char *base,
							      const char *end)
{
	size_t size = (size_t)(end - base);
	struct scan_bits bits;

	if (end - low >= WINDOW_BYTES) {
		bits = window_classify(end - WINDOW_BYTES);
		bits.stops >>= WINDOW_BYTES - size;
		bits.colons >>= WINDOW_BYTES - size;
	} else {
		char copy[WINDOW_BYTES] = { 0 };

		memcpy(copy, base, size);
		bits = window_classify(copy);
	}
	bits.stops |= ~UINT64_C(0) << size;
	return bits;
}

/* `base` lies before `end`. */
SCAN_INLINE void window_move(struct scan_window *window, const char *low, const char *base,
			     const char *end)
{
	window->base = base;
	window->bits = likely(end - base >= WINDOW_BYTES) ? window_classify(base) :
							    window_last(low, base, end);
}

/* The first byte from `at` on that is no text, or a colon where `colon` says so; or `end`. `at`
 * does not lie before the window. */
SCAN_INLINE const char *window_find(struct scan_window *window, const char *low, const char *at,
				    const char *end, bool colon)
{
	for (;;) {
		size_t offset = (size_t)(at - window->base);

		if (likely(offset < WINDOW_BYTES)) {
			uint64_t bits = window->bits.stops | (colon ? window->bits.colons : 0);

			bits >>= offset;
			if (likely(bits))
				return at + __builtin_ctzll(bits);
			at = window->base + WINDOW_BYTES;
		}
		if (at >= end)
			return end;
		window_move(window, low, window->base + WINDOW_BYTES, end);
	}
}

#endif
