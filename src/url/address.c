/* SPDX-License-Identifier: MIT */
/*
 * Hosts that are addresses. IPv4 in all the spellings that inet_aton(3) once allowed, since a
 * browser allows them: "0x7f.1" is 127.0.0.1, and whoever filters by address must see it as that.
 * IPv6 without zones, and written as RFC 5952 has it.
 */
#include <stdio.h>
#include <string.h>
#include "url/url.h"

/* WHATWG URL 3.5, IPv4 number parser: decimal, 0x for 16, a leading 0 for 8; "0x" is 0. False:
 * none. What is too large for any address becomes UINT32_MAX + 1. */
static bool parse_number(const char *at, const char *end, uint64_t *number)
{
	int base = 10, digit;

	if (at == end)
		return false;
	if (end - at > 1 && *at == '0') {
		base = url_lower(at[1]) == 'x' ? 16 : 8;
		at += base == 16 ? 2 : 1;
	}
	for (*number = 0; at < end; at++) {
		digit = url_digit(*at, base);
		if (digit < 0)
			return false;
		*number = *number * (uint64_t)base + (uint64_t)digit;
		if (*number > UINT32_MAX)
			*number = (uint64_t)UINT32_MAX + 1;
	}
	return true;
}

static bool all_digits(const char *at, const char *end)
{
	if (at == end)
		return false;
	while (at < end)
		if (url_digit(*at++, 10) < 0)
			return false;
	return true;
}

/* All parts but the last are a byte each, the last fills what is left. */
static int read_parts(const struct url_parser *parser, const char *at, const char *end,
		      const char *where, uint32_t *address)
{
	uint64_t number, value = 0;
	int parts = 0;

	for (;;) {
		const char *dot = memchr(at, '.', (size_t)(end - at));

		if (++parts > 4)
			return url_refuse(parser, where, "an IPv4 address has at most 4 parts");
		if (!parse_number(at, dot ? dot : end, &number))
			return url_refuse(
				parser, where,
				"the host ends in a number but is no IPv4 address: \"%.*s\"",
				(int)((dot ? dot : end) - at < 20 ? (dot ? dot : end) - at : 20),
				at);
		if (!dot)
			break;
		if (number > 255)
			return url_refuse(parser, where, "part %d of an IPv4 address is over 255",
					  parts);
		value = value << 8 | number;
		at = dot + 1;
	}
	if (number >= (uint64_t)1 << (8 * (5 - parts)))
		return url_refuse(parser, where, "the last part of an IPv4 address is too large");
	*address = (uint32_t)(value << (8 * (5 - parts)) | number);
	return 0;
}

int url_parse_ipv4(struct url_parser *parser, const char *where)
{
	struct url_output *out = &parser->out;
	const char *host = out->data + parser->url.host_, *end = out->data + out->size, *last;
	uint64_t number;
	uint32_t address = 0;
	int error;

	if (end[-1] == '.' && end - host > 1)
		end--;
	last = memrchr(host, '.', (size_t)(end - host));
	last = last ? last + 1 : host;
	if (!all_digits(last, end) && !parse_number(last, end, &number))
		return 0;
	error = read_parts(parser, host, end, where, &address);
	if (error)
		return error;
	parser->url.host_kind = ASYNC_HOST_IPV4;
	out->size = parser->url.host_;
	for (int shift = 24; shift >= 0; shift -= 8) {
		url_put_number(out, address >> shift & 255);
		if (shift)
			url_put_byte(out, '.');
	}
	return 0;
}

enum { PIECES = 8 };

struct ipv6 {
	const char *at, *end;
	uint16_t piece[PIECES];
	int count;
	int gap; /* where "::" stands, or -1 */
};

/* The last two pieces as "1.2.3.4", here strictly: four decimal parts without leading zeros. */
static const char *read_dotted(struct ipv6 *ipv6)
{
	unsigned int byte[4];

	if (ipv6->count > PIECES - 2)
		return "an IPv4 address has no room in it";
	for (int i = 0; i < 4; i++) {
		const char *start = ipv6->at;

		if (i && (ipv6->at == ipv6->end || *ipv6->at++ != '.'))
			return "its IPv4 part has not 4 numbers";
		start = ipv6->at;
		for (byte[i] = 0; ipv6->at < ipv6->end && url_digit(*ipv6->at, 10) >= 0;
		     ipv6->at++) {
			byte[i] = byte[i] * 10 + (unsigned int)url_digit(*ipv6->at, 10);
			if (byte[i] > 255 || (ipv6->at > start && *start == '0'))
				return "its IPv4 part holds no number from 0 to 255";
		}
		if (ipv6->at == start)
			return "its IPv4 part has not 4 numbers";
	}
	if (ipv6->at < ipv6->end)
		return "something follows its IPv4 part";
	ipv6->piece[ipv6->count++] = (uint16_t)(byte[0] << 8 | byte[1]);
	ipv6->piece[ipv6->count++] = (uint16_t)(byte[2] << 8 | byte[3]);
	return NULL;
}

/* One piece and the colon behind it. */
static const char *read_piece(struct ipv6 *ipv6)
{
	const char *start = ipv6->at;
	unsigned int value = 0;

	if (ipv6->count == PIECES)
		return "it has more than 8 pieces";
	if (*ipv6->at == ':') {
		if (ipv6->gap >= 0)
			return "\"::\" stands in it twice";
		ipv6->at++;
		ipv6->gap = ipv6->count;
		return NULL;
	}
	while (ipv6->at < ipv6->end && ipv6->at - start < 4 && url_digit(*ipv6->at, 16) >= 0)
		value = value << 4 | (unsigned int)url_digit(*ipv6->at++, 16);
	if (ipv6->at < ipv6->end && *ipv6->at == '.' && ipv6->at > start) {
		ipv6->at = start;
		return read_dotted(ipv6);
	}
	if (ipv6->at < ipv6->end && *ipv6->at == '%')
		return "a URL's address has no zone";
	if (ipv6->at < ipv6->end && *ipv6->at++ != ':')
		return "a piece is no hexadecimal number of 4 digits";
	else if (ipv6->at == ipv6->end && ipv6->at[-1] == ':')
		return "it ends in a colon";
	ipv6->piece[ipv6->count++] = (uint16_t)value;
	return NULL;
}

static const char *read_ipv6(struct ipv6 *ipv6)
{
	const char *why;
	int behind;

	if (ipv6->at == ipv6->end)
		return "it is empty";
	if (*ipv6->at == ':') {
		if (ipv6->end - ipv6->at < 2 || ipv6->at[1] != ':')
			return "it begins with one colon";
		ipv6->at++;
	}
	while (ipv6->at < ipv6->end) {
		why = read_piece(ipv6);
		if (why)
			return why;
	}
	if (ipv6->gap < 0)
		return ipv6->count == PIECES ? NULL : "it has fewer than 8 pieces";
	if (ipv6->count == PIECES)
		return "\"::\" stands for nothing in it";
	behind = ipv6->count - ipv6->gap;
	memmove(ipv6->piece + PIECES - behind, ipv6->piece + ipv6->gap,
		(size_t)behind * sizeof *ipv6->piece);
	memset(ipv6->piece + ipv6->gap, 0, (size_t)(PIECES - ipv6->count) * sizeof *ipv6->piece);
	return NULL;
}

/* The first of the longest runs of zeros, if any is longer than one piece. */
static int find_zeros(const uint16_t piece[PIECES], int *length)
{
	int start = -1, run;

	*length = 1;
	for (int i = 0; i < PIECES; i += run + 1) {
		for (run = 0; i + run < PIECES && !piece[i + run];)
			run++;
		if (run > *length) {
			*length = run;
			start = i;
		}
	}
	return start;
}

static void put_ipv6(struct url_output *out, const uint16_t piece[PIECES])
{
	int length, zeros = find_zeros(piece, &length);
	char text[8];

	url_put_byte(out, '[');
	for (int i = 0; i < PIECES; i++) {
		if (i == zeros) {
			url_put(out, "::", i ? 1 : 2);
			i += length - 1;
			continue;
		}
		url_put(out, text,
			(size_t)snprintf(text, sizeof text, i < PIECES - 1 ? "%x:" : "%x",
					 piece[i]));
	}
	url_put_byte(out, ']');
}

int url_parse_ipv6(struct url_parser *parser, const char *host, const char *end)
{
	struct ipv6 ipv6 = { .at = host + 1, .end = end - 1, .gap = -1 };
	const char *why;

	if (end[-1] != ']')
		return url_refuse(parser, host, "the host's closing bracket is missing");
	why = read_ipv6(&ipv6);
	if (why)
		return url_refuse(parser, ipv6.at, "the host is no IPv6 address: %s", why);
	parser->url.host_kind = ASYNC_HOST_IPV6;
	put_ipv6(&parser->out, ipv6.piece);
	return 0;
}
