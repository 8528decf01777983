/* SPDX-License-Identifier: MIT */
/* Texts: see text.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

/* ---- UTF-8 ---- */

/* The length of the sequence at `at`; 0: it is none. */
static size_t sequence(const unsigned char *at, size_t size)
{
	size_t length = at[0] < 0x80 ? 1 :
			at[0] < 0xc2 ? 0 :
			at[0] < 0xe0 ? 2 :
			at[0] < 0xf0 ? 3 :
			at[0] < 0xf5 ? 4 :
				       0;

	if (length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
		return 0;
	return length;
}

bool text_is_utf8(const char *data, size_t size)
{
	const unsigned char *at = (const unsigned char *)data;

	while (size) {
		size_t length = sequence(at, size);

		if (!length)
			return false;
		at += length;
		size -= length;
	}
	return true;
}

char *text_to_utf8(const char *data, size_t size, size_t *length)
{
	bool right = text_is_utf8(data, size);
	char *copy = malloc((right ? size : 2 * size) + 1), *to = copy;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)data[i];

		if (right || byte < 0x80) {
			*to++ = data[i];
		} else {
			*to++ = (char)(0xc0 | byte >> 6);
			*to++ = (char)(0x80 | (byte & 0x3f));
		}
	}
	*to = 0;
	*length = (size_t)(to - copy);
	return copy;
}

/* ---- Numbers ---- */

const char *text_count(char to[NUMBER_TEXT_BYTES], uint64_t count)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
	char *at = to;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = 0;
	return to;
}

const char *text_bytes(char to[NUMBER_TEXT_BYTES], double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t unit = 0;

	/* 999.5 would be shown as 1000. */
	while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		bytes /= 1000;
		unit++;
	}
	snprintf(to, NUMBER_TEXT_BYTES, unit && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes,
		 units[unit]);
	return to;
}

const char *text_seconds(char to[NUMBER_TEXT_BYTES], double seconds)
{
	if (seconds < 0.00995)
		snprintf(to, NUMBER_TEXT_BYTES, "%.1f ms", seconds * 1000);
	else if (seconds < 0.9995)
		snprintf(to, NUMBER_TEXT_BYTES, "%.0f ms", seconds * 1000);
	else if (seconds < 99.95)
		snprintf(to, NUMBER_TEXT_BYTES, "%.1f s", seconds);
	else if (seconds < 3600)
		snprintf(to, NUMBER_TEXT_BYTES, "%d:%02d min", (int)seconds / 60,
			 (int)seconds % 60);
	else
		snprintf(to, NUMBER_TEXT_BYTES, "%.0f:%02d h", (double)((long)seconds / 3600),
			 (int)((long)seconds / 60 % 60));
	return to;
}

/* ---- SipHash-2-4 (Aumasson, Bernstein 2012) ---- */

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t rotated(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static void rounds(struct sip *sip, int count)
{
	while (count--) {
		sip->a += sip->b;
		sip->b = rotated(sip->b, 13) ^ sip->a;
		sip->a = rotated(sip->a, 32);
		sip->c += sip->d;
		sip->d = rotated(sip->d, 16) ^ sip->c;
		sip->a += sip->d;
		sip->d = rotated(sip->d, 21) ^ sip->a;
		sip->c += sip->b;
		sip->b = rotated(sip->b, 17) ^ sip->c;
		sip->c = rotated(sip->c, 32);
	}
}

static void absorb(struct sip *sip, uint64_t word)
{
	sip->d ^= word;
	rounds(sip, 2);
	sip->a ^= word;
}

/* Up to 8 bytes, the first one the lowest, whatever the machine. */
static uint64_t word_of(const char *data, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)(unsigned char)data[i] << (8 * i);
	return word;
}

uint64_t text_hash(const char *data, size_t size)
{
	/* The key of the paper's test vectors: bytes 0 to 15. */
	const uint64_t k0 = 0x0706050403020100, k1 = 0x0f0e0d0c0b0a0908;
	struct sip sip = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
			   k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	size_t left = size;

	for (; left >= 8; left -= 8, data += 8)
		absorb(&sip, word_of(data, 8));
	absorb(&sip, (uint64_t)size << 56 | word_of(data, left));
	sip.c ^= 0xff;
	rounds(&sip, 4);
	return sip.a ^ sip.b ^ sip.c ^ sip.d;
}
