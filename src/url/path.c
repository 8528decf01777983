/* SPDX-License-Identifier: MIT */
/* Path, query and fragment. "." and ".." are resolved in what was written already: it always ends
 * in the slash behind which the next segment goes. */
#include <string.h>
#include "url/url.h"

/* How many dots a segment stands for, 1 or 2; 0 for anything else. A dot may be written "%2e". */
static int dots(const char *at, const char *end)
{
	int count = 0;

	if (end - at > 6)
		return 0;
	while (at < end) {
		if (*at == '.')
			at++;
		else if (end - at >= 3 && at[0] == '%' && at[1] == '2' && url_lower(at[2]) == 'e')
			at += 3;
		else
			return 0;
		count++;
	}
	return count > 2 ? 0 : count;
}

static void drop_segment(struct url_parser *parser)
{
	struct url_output *out = &parser->out;

	if (out->failed || out->size - 1 == parser->url.path_)
		return;
	do
		out->size--;
	while (out->data[out->size - 1] != '/');
}

void url_parse_path(struct url_parser *parser)
{
	const char *at = parser->at, *end = parser->end, *segment;
	bool slash;

	do {
		segment = at;
		while (at < end && !url_byte_is(*at, URL_ENDS_AUTHORITY))
			at++;
		slash = at < end && (*at == '/' || *at == '\\');
		switch (dots(segment, at)) {
		case 2:
			drop_segment(parser);
			break;
		case 1:
			break;
		default:
			url_put_encoded(&parser->out, segment, (size_t)(at - segment),
					ASYNC_PERCENT_PATH);
			if (slash)
				url_put_byte(&parser->out, '/');
		}
		at += slash;
	} while (slash);
	parser->at = at;
	parser->url.query_ = (uint32_t)parser->out.size;
	url_parse_query(parser);
}

void url_put_query(struct url_output *output, const char *data, size_t size)
{
	url_put_byte(output, '?');
	url_put_encoded(output, data, size, ASYNC_PERCENT_SPECIAL_QUERY);
}

void url_parse_query(struct url_parser *parser)
{
	struct url_output *out = &parser->out;
	const char *at = parser->at, *end = parser->end, *hash;

	hash = at < end ? memchr(at, '#', (size_t)(end - at)) : NULL;
	if (!hash)
		hash = end;
	if (at < hash)
		url_put_query(out, at + 1, (size_t)(hash - at - 1));
	parser->url.fragment_ = (uint32_t)out->size;
	if (hash == end)
		return;
	url_put_byte(out, '#');
	url_put_encoded(out, hash + 1, (size_t)(end - hash - 1), ASYNC_PERCENT_FRAGMENT);
}
