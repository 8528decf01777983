/* SPDX-License-Identifier: MIT */
/*
 * From text to a URL: WHATWG URL 4.4 for special schemes other than file. Its states are named
 * where they are answered.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

static const struct {
	const char *name;
	size_t size;
	uint16_t port;
} schemes[] = {
	[ASYNC_URL_HTTP] = { "http", 4, 80 },
	[ASYNC_URL_HTTPS] = { "https", 5, 443 },
	[ASYNC_URL_WS] = { "ws", 2, 80 },
	[ASYNC_URL_WSS] = { "wss", 3, 443 },
};

/* A text's offset is wanted, and tabs and newlines were perhaps taken out of what is parsed. */
static size_t offset_in_text(const struct url_parser *parser, const char *where)
{
	size_t left = (size_t)(where - parser->clean), i = 0;

	if (!parser->stripped)
		return (size_t)(where - parser->text);
	while (i < parser->size && (unsigned char)parser->text[i] <= ' ')
		i++;
	for (; i < parser->size; i++)
		if (!strchr("\t\n\r", parser->text[i]) || !parser->text[i])
			if (!left--)
				break;
	return i;
}

/* Credentials are nobody's business who reads a log. */
static const char *behind_credentials(const char *text, const char *end, const char **authority)
{
	const char *at = memchr(text, ':', (size_t)(end - text)), *behind = NULL;

	at = at ? at + 1 : text;
	while (at < end && (*at == '/' || *at == '\\'))
		at++;
	*authority = at;
	for (; at < end && !url_byte_is(*at, URL_ENDS_AUTHORITY); at++)
		if (*at == '@')
			behind = at + 1;
	return behind;
}

void url_show(char shown[URL_SHOWN_BYTES], const char *text, size_t size)
{
	const char *end = text + size, *authority;
	const char *behind = behind_credentials(text, end, &authority);
	size_t used = 0;

	for (const char *at = text; at < end; at++) {
		/* Room for two bytes of this turn, the dots and a zero. */
		if (used > URL_SHOWN_BYTES - 6) {
			memcpy(shown + used, "...", 3);
			used += 3;
			break;
		}
		if (behind && at == authority) {
			shown[used++] = '*';
			at = behind - 1;
		}
		shown[used++] = *at < ' ' || *at > '~' ? '?' : *at;
	}
	shown[used] = '\0';
}

int url_refuse(const struct url_parser *parser, const char *where, const char *format, ...)
{
	char what[128], shown[URL_SHOWN_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	url_show(shown, parser->text, parser->size);
	return async_fail(-EINVAL, "%s (byte %zu of URL \"%s\")", what,
			  offset_in_text(parser, where), shown);
}

static const char *find_any(const char *at, const char *end, unsigned int classes)
{
	while (at < end && !url_byte_is(*at, classes))
		at++;
	return at;
}

/* Port state. at: behind the colon. */
static int parse_port(struct url_parser *parser, const char *at, const char *end)
{
	const char *start = at;
	unsigned int port = 0;

	for (; at < end; at++) {
		if (url_digit(*at, 10) < 0)
			return url_refuse(parser, at,
					  "the port is no number from 0 to 65535: \"%.*s\"",
					  (int)(end - start < 20 ? end - start : 20), start);
		port = port * 10 + (unsigned int)url_digit(*at, 10);
		if (port > UINT16_MAX)
			return url_refuse(parser, start,
					  "the port is over 65535, the highest there is");
	}
	if (start == end || port == schemes[parser->url.scheme].port)
		return 0;
	parser->url.port = (uint16_t)port;
	url_put_byte(&parser->out, ':');
	url_put_number(&parser->out, port);
	return 0;
}

/* Authority state up to the last "@". Both parts empty: none, and no "@" either. */
static void parse_credentials(struct url_parser *parser, const char *at, const char *end)
{
	const char *colon = memchr(at, ':', (size_t)(end - at));
	struct url_output *out = &parser->out;
	const char *name_end = colon ? colon : end;

	url_put_encoded(out, at, (size_t)(name_end - at), ASYNC_PERCENT_USERINFO);
	parser->url.username_end_ = (uint32_t)out->size;
	if (name_end < end - 1) {
		url_put_byte(out, ':');
		url_put_encoded(out, colon + 1, (size_t)(end - colon - 1), ASYNC_PERCENT_USERINFO);
	} else if (at == name_end) {
		return;
	}
	url_put_byte(out, '@');
}

/* The colon before the port: not one inside brackets (host state). */
static const char *find_port(const char *at, const char *end)
{
	bool bracketed = false;

	for (; at < end; at++) {
		if (*at == ':' && !bracketed)
			return at;
		if (*at == '[' || *at == ']')
			bracketed = *at == '[';
	}
	return end;
}

static int parse_authority(struct url_parser *parser)
{
	const char *host = parser->at, *port, *end, *at;
	int error;

	end = find_any(parser->at, parser->end, URL_ENDS_AUTHORITY);
	at = memrchr(host, '@', (size_t)(end - host));
	parser->url.username_end_ = (uint32_t)parser->out.size;
	if (at) {
		parse_credentials(parser, host, at);
		host = at + 1;
	}
	parser->url.host_ = (uint32_t)parser->out.size;
	port = find_port(host, end);
	if (host == port)
		return url_refuse(parser, host, "the host is missing");
	error = url_parse_host(parser, host, port);
	if (error)
		return error;
	parser->url.host_end_ = (uint32_t)parser->out.size;
	if (port < end)
		error = parse_port(parser, port + 1, end);
	parser->at = end;
	return error;
}

/* Path start state: a slash, given or not. */
static void parse_rest(struct url_parser *parser)
{
	if (parser->at < parser->end && (*parser->at == '/' || *parser->at == '\\'))
		parser->at++;
	parser->url.path_ = (uint32_t)parser->out.size;
	url_put_byte(&parser->out, '/');
	url_parse_path(parser);
}

/* Special authority ignore slashes state, and all behind. */
static int parse_absolute(struct url_parser *parser)
{
	int error;

	url_put(&parser->out, schemes[parser->url.scheme].name, schemes[parser->url.scheme].size);
	url_put(&parser->out, "://", 3);
	parser->url.port = schemes[parser->url.scheme].port;
	while (parser->at < parser->end && (*parser->at == '/' || *parser->at == '\\'))
		parser->at++;
	error = parse_authority(parser);
	if (!error)
		parse_rest(parser);
	return error;
}

static void take_base(struct url_parser *parser, size_t size)
{
	const async_url *base = parser->base;

	url_put(&parser->out, base->href, size);
	parser->url = *base;
	parser->url.href = NULL;
}

/* Relative state and relative slash state. */
static int parse_relative(struct url_parser *parser)
{
	const async_url *base = parser->base;
	const char *at = parser->at;
	size_t slash;

	if (at < parser->end && (*at == '/' || *at == '\\')) {
		if (at + 1 < parser->end && (at[1] == '/' || at[1] == '\\')) {
			parser->url.scheme = base->scheme;
			return parse_absolute(parser);
		}
		take_base(parser, base->path_);
		parse_rest(parser);
	} else if (at == parser->end || *at == '#') {
		take_base(parser, base->fragment_);
		url_parse_query(parser);
	} else if (*at == '?') {
		take_base(parser, base->query_);
		url_parse_query(parser);
	} else {
		for (slash = base->query_; base->href[slash - 1] != '/';)
			slash--;
		take_base(parser, slash);
		url_parse_path(parser);
	}
	return 0;
}

/* Scheme state. The end of "scheme:", or NULL. */
static const char *scheme_end(const struct url_parser *parser)
{
	const char *at = parser->at;

	if (at == parser->end || url_lower(*at) < 'a' || url_lower(*at) > 'z')
		return NULL;
	while (at < parser->end && ((url_lower(*at) >= 'a' && url_lower(*at) <= 'z') ||
				    url_digit(*at, 10) >= 0 || memchr("+-.", *at, 3)))
		at++;
	return at < parser->end && *at == ':' ? at : NULL;
}

static int parse_any(struct url_parser *parser)
{
	const char *colon = scheme_end(parser);
	char shown[URL_SHOWN_BYTES];
	size_t size;

	if (!colon) {
		if (parser->base)
			return parse_relative(parser);
		return url_refuse(parser, parser->at,
				  "no scheme (\"http://\"), and no base to be relative to");
	}
	size = (size_t)(colon - parser->at);
	for (unsigned int i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (size != schemes[i].size || strncasecmp(parser->at, schemes[i].name, size))
			continue;
		parser->at = colon + 1;
		/* Special relative or authority state. */
		if (parser->base && parser->base->scheme == i)
			return parse_relative(parser);
		parser->url.scheme = (uint8_t)i;
		return parse_absolute(parser);
	}
	url_show(shown, parser->text, parser->size);
	return async_fail(-EPROTONOSUPPORT,
			  "scheme \"%.*s\" is none of http, https, ws, wss (URL \"%s\")",
			  (int)(size < 20 ? size : 20), parser->at, shown);
}

/* Control characters and spaces around the text, and tabs and newlines in it, are nothing. */
static int clean(struct url_parser *parser)
{
	const char *at = parser->text, *end = at + parser->size;
	char *to;

	while (at < end && (unsigned char)*at <= ' ')
		at++;
	while (at < end && (unsigned char)end[-1] <= ' ')
		end--;
	if (memchr(at, '\n', (size_t)(end - at)) || memchr(at, '\t', (size_t)(end - at)) ||
	    memchr(at, '\r', (size_t)(end - at))) {
		to = parser->stripped = malloc((size_t)(end - at));
		if (!to)
			return async_fail(-ENOMEM, "parsing a URL of %zu bytes", parser->size);
		for (; at < end; at++)
			if (*at != '\t' && *at != '\n' && *at != '\r')
				*to++ = *at;
		at = parser->stripped;
		end = to;
	}
	parser->clean = parser->at = at;
	parser->end = end;
	return 0;
}

static int refuse_size(const struct url_parser *parser, size_t size, size_t limit)
{
	char shown[URL_SHOWN_BYTES];

	url_show(shown, parser->text, parser->size);
	return async_fail(-EMSGSIZE,
			  "a URL of %zu bytes is over the limit of %zu "
			  "(async_url_options.limit_bytes): \"%s\"",
			  size, limit, shown);
}

/* The URL's text, exactly as long as it must be and a zero. */
static int finish(struct url_parser *parser)
{
	size_t limit = parser->url.limit_;

	url_put_byte(&parser->out, '\0');
	if (parser->out.failed)
		return async_fail(-ENOMEM, "parsing a URL of %zu bytes", parser->size);
	if (parser->out.size - 1 > limit)
		return refuse_size(parser, parser->out.size - 1, limit);
	parser->url.href = parser->out.data;
	parser->url.size = (uint32_t)(parser->out.size - 1);
	return 0;
}

/* Room for what is known to come, so that usually one allocation is all. */
static void expect_size(struct url_parser *parser)
{
	size_t size = parser->size + (parser->base ? parser->base->size : 0) + 16;

	parser->out.data = malloc(size);
	parser->out.capacity = size;
	parser->out.failed = !parser->out.data;
}

int async_url_parse_bytes(const char *text, size_t size, const async_url_options *options,
			  async_url *url)
{
	struct url_parser parser = { .text = text, .size = size };
	size_t limit = options ? options->limit_bytes : 0;
	int error;

	memset(url, 0, sizeof *url);
	if (!text)
		return async_fail(-EINVAL, "the URL is NULL");
	parser.base = options ? options->base : NULL;
	if (!limit)
		limit = parser.base ? parser.base->limit_ : ASYNC_URL_LIMIT_BYTES;
	if (limit > INT32_MAX)
		return async_fail(-EINVAL, "async_url_options.limit_bytes is %zu, at most %d",
				  limit, INT32_MAX);
	if (size > limit)
		return refuse_size(&parser, size, limit);
	error = clean(&parser);
	if (error)
		return error;
	expect_size(&parser);
	error = parser.out.failed ? 0 : parse_any(&parser);
	parser.url.limit_ = (uint32_t)limit;
	if (!error)
		error = finish(&parser);
	if (error)
		free(parser.out.data);
	else
		*url = parser.url;
	free(parser.stripped);
	return error;
}

int async_url_parse(const char *text, const async_url *base, async_url *url)
{
	async_url_options options = { .base = base };

	return async_url_parse_bytes(text, text ? strlen(text) : 0, &options, url);
}

int async_url_join(async_url *url, const char *text)
{
	async_url joined;
	int error = async_url_parse(text, url, &joined);

	if (error)
		return error;
	free(url->href);
	*url = joined;
	return 0;
}
