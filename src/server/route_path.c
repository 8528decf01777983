/* SPDX-License-Identifier: MIT */
/*
 * The form in which paths and patterns meet, and masks of hosts. Bytes outside pchar of RFC 3986,
 * 3.3 are percent-encoded whether they were or not, unreserved ones are not whether they were or
 * not; what is left means different things with and without a percent sign and stays as it was.
 * "." and ".." are resolved last, as WHATWG URL does it, so that "%2e" is a dot, too.
 */
#include <await/base.h>
#include <errno.h>
#include <string.h>
#include "http/bytes.h"
#include "server/route.h"

/* pchar of RFC 3986, 3.3 without escapes, and the slash; the dot, which may be a segment that means
 * something, apart. */
static const bool quick[256] = {
	/* clang-format off */
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['-'] = true, ['_'] = true, ['~'] = true,
	['!'] = true, ['$'] = true, ['&'] = true, ['\''] = true, ['('] = true, [')'] = true,
	['*'] = true, ['+'] = true, [','] = true, [';'] = true, ['='] = true,
	[':'] = true, ['@'] = true, ['/'] = true,
	/* clang-format on */
};

static inline bool is_plain(char byte)
{
	return quick[(unsigned char)byte] || byte == '.';
}

static bool is_unreserved(char byte)
{
	unsigned char lower = (unsigned char)byte | 0x20;

	return (lower >= 'a' && lower <= 'z') || byte_is(byte, BYTE_DIGIT) || byte == '-' ||
	       byte == '.' || byte == '_' || byte == '~';
}

static bool is_escape(const char *at, const char *end)
{
	return *at == '%' && end - at > 2 && byte_is(at[1], BYTE_HEX) && byte_is(at[2], BYTE_HEX);
}

/* How many dots the segment [at, end) stands for, 1 or 2; 0: it is an ordinary one. */
static unsigned int dots_of(const char *at, const char *end)
{
	unsigned int dots = 0;

	for (; at < end; dots++) {
		if (*at == '.')
			at++;
		else if (end - at > 2 && !memcmp(at, "%2", 2) && (at[2] | 0x20) == 'e')
			at += 3;
		else
			return 0;
	}
	return dots <= 2 ? dots : 0;
}

static const char *segment_end(const char *at, const char *end)
{
	while (at < end && *at != '/')
		at++;
	return at;
}

bool http_path_is_canonical(const char *path, size_t size)
{
	const char *at = path, *end = path + size;

	if (!size || *path != '/')
		return false;
	for (;; at++) {
		while (likely(at < end && quick[(unsigned char)*at]))
			at++;
		if (at == end)
			return true;
		if (*at == '.') {
			if (unlikely(at[-1] == '/') && dots_of(at, segment_end(at, end)))
				return false;
		} else if (is_escape(at, end) && !(at[1] >= 'a') && !(at[2] >= 'a') &&
			   !is_unreserved((char)(byte_hex(at[1]) << 4 | byte_hex(at[2])))) {
			at += 2;
		} else {
			return false;
		}
	}
}

size_t http_path_byte(const char *at, const char *end, char room[3], size_t *written)
{
	static const char digits[] = "0123456789ABCDEF";
	bool escape = is_escape(at, end);
	unsigned char byte = escape ? (unsigned char)(byte_hex(at[1]) << 4 | byte_hex(at[2])) :
				      (unsigned char)*at;

	if (escape ? is_unreserved((char)byte) : is_plain(*at)) {
		room[0] = (char)byte;
		*written = 1;
	} else {
		room[0] = '%';
		room[1] = digits[byte >> 4];
		room[2] = digits[byte & 15];
		*written = 3;
	}
	return escape ? 3 : 1;
}

size_t http_path_canonical(const char *path, size_t size, char *room)
{
	const char *at = path, *end = path + size, *segment;
	size_t used = 1, written;
	bool slash;

	room[0] = '/';
	if (at < end && *at == '/')
		at++;
	do {
		segment = at;
		at = segment_end(at, end);
		slash = at < end;
		switch (dots_of(segment, at)) {
		case 2:
			/* Behind a slash, always; the first one stays. */
			if (used > 1)
				used--;
			while (room[used - 1] != '/')
				used--;
			break;
		case 1:
			break;
		default:
			for (; segment < at; used += written)
				segment += http_path_byte(segment, at, room + used, &written);
			if (slash)
				room[used++] = '/';
		}
		at += slash;
	} while (slash);
	return used;
}

/* Without a colon and port; "[::1]:80" has colons inside brackets. */
static size_t host_without_port(const char *host, size_t size)
{
	size_t at = size;

	while (at && byte_is(host[at - 1], BYTE_DIGIT))
		at--;
	return at && host[at - 1] == ':' ? at - 1 : size;
}

/* The usual loop: a star that turns out to have taken too little takes one byte more. */
static bool wildcard(const char *mask, size_t mask_size, const char *text, size_t size)
{
	size_t m = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < size) {
		if (m < mask_size && mask[m] == '*') {
			star = m++;
			from = t;
		} else if (m < mask_size && byte_lower(mask[m]) == byte_lower(text[t])) {
			m++;
			t++;
		} else if (star != SIZE_MAX) {
			m = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (m < mask_size && mask[m] == '*')
		m++;
	return m == mask_size;
}

bool http_host_mask_match(const char *mask, const char *host, size_t size)
{
	size_t mask_size = strlen(mask);
	size_t bare = host_without_port(host, size);

	if (host_without_port(mask, mask_size) == mask_size)
		size = bare;
	/* The root's dot, which resolvers know and applications forget. */
	if (size == bare && size > 1 && host[size - 1] == '.')
		size--;
	return size && wildcard(mask, mask_size, host, size);
}

int http_host_mask_check(const char *mask)
{
	size_t size = host_without_port(mask, strlen(mask)), i;

	if (!size)
		return async_fail(-EINVAL, "host mask \"%.80s\": names no host", mask);
	if (mask[0] == '[' && mask[size - 1] == ']')
		return http_host_valid(mask, strlen(mask), false) ?
			       0 :
			       async_fail(-EINVAL, "host mask \"%.80s\": no IPv6 address", mask);
	for (i = 0; i < size; i++) {
		if (mask[i] == '.' && (i == 0 || mask[i - 1] == '.'))
			return async_fail(-EINVAL, "host mask \"%.80s\": an empty label", mask);
		if (!is_unreserved(mask[i]) && mask[i] != '*')
			return async_fail(
				-EINVAL,
				"host mask \"%.80s\": byte 0x%02x at %zu; a mask is a host "
				"in ASCII with stars, and a port if it asks for one",
				mask, (unsigned char)mask[i], i);
	}
	return 0;
}
