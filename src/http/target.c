/* SPDX-License-Identifier: MIT */
/*
 * The four forms of a request target (RFC 9112, 3.2) and what may stand as host and port (RFC 3986,
 * 3.2.2). The bytes are known to be visible ASCII without '#'; percent-encoding and dots in paths
 * are the router's business, which must see them as they were sent.
 */
#include <arpa/inet.h>
#include <string.h>
#include "http/bytes.h"
#include "http/head.h"

enum { IPV6_TEXT_MAX = 45, PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

static bool refuse_target(struct http_head *head, enum http_rule rule, uint32_t at)
{
	head->error = (struct http_error){ .rule = rule, .at = at };
	return false;
}

/* Path and query of `size` bytes at `at`. */
static void path_split(struct http_head *head, const char *data, uint32_t at, uint32_t size)
{
	const char *mark = memchr(data + at, '?', size);
	uint32_t path = mark ? (uint32_t)(mark - data) - at : size;

	head->path = (struct http_slice){ at, path };
	if (mark)
		head->query = (struct http_slice){ at + path + 1, size - path - 1 };
}

static const char *ip_literal_end(const char *text, const char *end)
{
	char copy[IPV6_TEXT_MAX + 1];
	struct in6_addr address;
	const char *close = memchr(text, ']', (size_t)(end - text));
	size_t size = close ? (size_t)(close - text - 1) : 0;

	if (!size || size > IPV6_TEXT_MAX)
		return NULL;
	memcpy(copy, text + 1, size);
	copy[size] = '\0';
	/* inet_pton reads up to the first NUL; there is none among visible bytes. */
	return inet_pton(AF_INET6, copy, &address) == 1 ? close + 1 : NULL;
}

static const char *host_end(const char *text, const char *end)
{
	const char *at = text;

	if (at < end && *at == '[')
		return ip_literal_end(text, end);
	for (;;) {
		while (at < end && byte_is(*at, BYTE_HOST))
			at++;
		if (at == end || *at != '%')
			return at > text ? at : NULL;
		if (end - at < 3 || !byte_is(at[1], BYTE_HEX) || !byte_is(at[2], BYTE_HEX))
			return NULL;
		at += 3;
	}
}

bool http_host_valid(const char *text, size_t size, bool port_needed)
{
	const char *end = text + size, *at = host_end(text, end), *digits;
	unsigned int port = 0;

	if (!at || (at < end && *at != ':'))
		return false;
	if (at == end)
		return !port_needed;
	for (digits = ++at; at < end && at - digits < PORT_DIGITS_MAX && byte_is(*at, BYTE_DIGIT);
	     at++)
		port = port * 10 + (unsigned int)(*at - '0');
	/* RFC 3986 allows a port without digits. */
	return at == end && port <= PORT_MAX && (at > digits || !port_needed);
}

static bool absolute_split(struct http_head *head, const char *data)
{
	const char *text = data + head->target.at, *end = text + head->target.size, *host, *at;

	if (head->target.size >= 7 && http_token_equals(text, "http", 4) &&
	    !memcmp(text + 4, "://", 3))
		host = text + 7;
	else if (head->target.size >= 8 && http_token_equals(text, "https", 5) &&
		 !memcmp(text + 5, "://", 3))
		host = text + 8;
	else
		return refuse_target(head, HTTP_TARGET_SCHEME, head->target.at);
	for (at = host; at < end && *at != '/' && *at != '?'; at++)
		;
	head->host = (struct http_slice){ (uint32_t)(host - data), (uint32_t)(at - host) };
	if (!http_host_valid(host, head->host.size, false))
		return refuse_target(head, HTTP_AUTHORITY, head->host.at);
	head->form = HTTP_ABSOLUTE;
	path_split(head, data, (uint32_t)(at - data), (uint32_t)(end - at));
	return true;
}

bool http_target_split(struct http_head *head, const char *data)
{
	const struct http_slice target = head->target;
	const char *text = data + target.at;

	if (head->method == HTTP_METHOD_CONNECT) {
		head->form = HTTP_AUTHORITY_FORM;
		head->host = target;
		return http_host_valid(text, target.size, true) ||
		       refuse_target(head, HTTP_AUTHORITY, target.at);
	}
	if (*text == '/') {
		head->form = HTTP_ORIGIN;
		path_split(head, data, target.at, target.size);
		return true;
	}
	if (*text == '*' && target.size == 1) {
		head->form = HTTP_ASTERISK;
		return head->method == HTTP_METHOD_OPTIONS ||
		       refuse_target(head, HTTP_TARGET_FORM, target.at);
	}
	if (!memchr(text, ':', target.size))
		return refuse_target(head, HTTP_TARGET_FORM, target.at);
	return absolute_split(head, data);
}
