/* SPDX-License-Identifier: MIT */
/* Hosts, WHATWG URL 3.5. Nearly all are ASCII without percent signs and are copied in one pass; the
 * others are decoded first and go through IDNA. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

/* What can be shown as itself, else as its code. */
static int refuse_byte(const struct url_parser *parser, const char *where, unsigned char byte)
{
	if (byte >= ' ' && byte <= '~')
		return url_refuse(parser, where, "the host holds \"%c\", which no host may", byte);
	return url_refuse(parser, where, "the host holds the byte 0x%02x, which no host may", byte);
}

/* Domain to ASCII for ASCII: small letters, "xn--" labels unexamined as the standard has it. */
static int put_ascii(struct url_parser *parser, const char *host, size_t size, const char *where)
{
	struct url_output *out = &parser->out;
	size_t start = out->size;

	url_put(out, host, size);
	if (out->failed)
		return 0;
	for (size_t i = 0; i < size; i++) {
		/* Of a decoded host only the beginning is known. */
		if (url_byte_is(host[i], URL_FORBIDDEN_DOMAIN))
			return refuse_byte(parser, where == host ? host + i : where,
					   (unsigned char)host[i]);
		out->data[start + i] = url_lower(host[i]);
	}
	return 0;
}

static bool is_ascii(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] & 0x80)
			return false;
	return true;
}

size_t utf8_sequence(const char *text, size_t size)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;

	if (length > size || (byte[0] >= 0x80 && byte[0] < 0xc2) || byte[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	if ((byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xed && byte[1] > 0x9f) ||
	    (byte[0] == 0xf0 && byte[1] < 0x90) || (byte[0] == 0xf4 && byte[1] > 0x8f))
		return 0;
	return length;
}

static int check_utf8(const struct url_parser *parser, const char *where, const char *text,
		      size_t size)
{
	size_t length;

	for (size_t i = 0; i < size; i += length) {
		length = utf8_sequence(text + i, size - i);
		if (!length)
			return url_refuse(parser, where,
					  "the host is not UTF-8: byte 0x%02x, its byte %zu",
					  (unsigned char)text[i], i);
		if (!text[i])
			return refuse_byte(parser, where, 0);
	}
	return 0;
}

static int put_international(struct url_parser *parser, const char *where, const char *host,
			     size_t size)
{
	const char *why = NULL;
	char *ascii = NULL;
	int error = check_utf8(parser, where, host, size);

	if (error)
		return error;
	error = url_domain_to_ascii(host, size, &ascii, &why);
	if (error == -EINVAL)
		return url_refuse(parser, where, "the host is no domain name: %s", why);
	if (error)
		return async_fail(error, "the host of a URL: %s", why);
	if (!*ascii)
		error = url_refuse(parser, where, "nothing is left of the host");
	else
		error = put_ascii(parser, ascii, strlen(ascii), where);
	free(ascii);
	return error;
}

/* A host with percent signs or bytes beyond ASCII. */
static int put_decoded(struct url_parser *parser, const char *host, const char *end)
{
	size_t size = (size_t)(end - host);
	char *decoded = malloc(size);
	int error;

	if (!decoded)
		return async_fail(-ENOMEM, "the host of a URL, %zu bytes", size);
	size = async_percent_decode(decoded, host, size);
	if (is_ascii(decoded, size))
		error = put_ascii(parser, decoded, size, host);
	else
		error = put_international(parser, host, decoded, size);
	free(decoded);
	return error;
}

int url_parse_host(struct url_parser *parser, const char *host, const char *end)
{
	size_t size = (size_t)(end - host);
	int error;

	parser->url.host_kind = ASYNC_HOST_DOMAIN;
	if (*host == '[')
		return url_parse_ipv6(parser, host, end);
	if (is_ascii(host, size) && !memchr(host, '%', size))
		error = put_ascii(parser, host, size, host);
	else
		error = put_decoded(parser, host, end);
	if (error || parser->out.failed)
		return error;
	return url_parse_ipv4(parser, host);
}
