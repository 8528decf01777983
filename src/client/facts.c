/* SPDX-License-Identifier: MIT */
/* What an answer says of itself. Texts are made when they are asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "client/client.h"
#include "http/form.h"
#include "http/mime.h"

int async_response_status(const async_response *response)
{
	if (response)
		return response->head.status;
	return async_error_code() ? async_error_code() : -EINVAL;
}

int async_response_check(async_response *response)
{
	int status = async_response_status(response);

	if (status < 400)
		return status < 0 ? status : 0;
	return async_fail(-EREMOTEIO, "%s answers %d %s", async_response_url(response), status,
			  async_response_reason(response));
}

static const char *text_of(const struct async_response *response, struct http_slice slice)
{
	response->block[slice.at + slice.size] = '\0';
	return response->block + slice.at;
}

const char *async_response_reason(async_response *response)
{
	return response ? text_of(response, response->head.reason) : "";
}

const char *async_response_header(async_response *response, const char *name)
{
	const struct http_field *field = response ? http_field_find(&response->head.fields,
								    response->block, name,
								    strlen(name), NULL) :
						    NULL;

	return field ? text_of(response, field->value) : NULL;
}

const char *async_response_header_at(async_response *response, size_t i, const char **value)
{
	const struct http_field *field;

	if (!response || i >= response->head.fields.count)
		return NULL;
	field = &response->head.fields.list[i];
	*value = text_of(response, field->value);
	return text_of(response, (struct http_slice){ field->name_at, field->name_size });
}

const char *async_response_url(const async_response *response)
{
	return response ? response->url.href : "";
}

int async_response_redirects(const async_response *response)
{
	return response ? response->redirects : 0;
}

int64_t async_response_length(const async_response *response)
{
	const struct http_field *field =
		response ? http_field_known(&response->head.fields, HTTP_NAME_CONTENT_LENGTH) :
			   NULL;

	return field ? strtoll(text_of(response, field->value), NULL, 10) : -1;
}

int async_response_version(const async_response *response)
{
	return response ? 10 + response->head.minor : 0;
}

const char *async_response_method(const async_response *response)
{
	return response ? response->method : "";
}

const char *async_response_peer(async_response *response)
{
	return response && response->link ? async_stream_peer(response->link->stream) : "";
}

const char *async_response_history(const async_response *response, int i, int *status)
{
	const struct client_step *step = response ? response->steps : NULL;

	while (step && i-- > 0)
		step = step->next;
	if (!step)
		return NULL;
	*status = step->status;
	return step->url;
}

const char *async_response_header_nth(async_response *response, const char *name, size_t i)
{
	const struct http_field *field = NULL;

	if (!response)
		return NULL;
	do {
		field = http_field_find(&response->head.fields, response->block, name, strlen(name),
					field);
	} while (field && i--);
	return field ? text_of(response, field->value) : NULL;
}

const char *async_response_trailer(async_response *response, const char *name)
{
	const struct http_field *field;

	if (!response || !response->trailers_block)
		return NULL;
	field = http_field_find(&response->trailers.fields, response->trailers_block, name,
				strlen(name), NULL);
	if (!field)
		return NULL;
	response->trailers_block[field->value.at + field->value.size] = '\0';
	return response->trailers_block + field->value.at;
}

/* ---- Type ---- */

static void split_type(struct async_response *response)
{
	http_content_type_split(&response->arena, async_response_header(response, "Content-Type"),
				"application/octet-stream", &response->type, &response->charset);
}

const char *async_response_content_type(async_response *response)
{
	if (!response)
		return "";
	if (!response->type)
		split_type(response);
	return response->type;
}

const char *async_response_charset(async_response *response)
{
	if (!response)
		return "";
	if (!response->charset)
		split_type(response);
	return response->charset;
}

bool client_response_is_json(async_response *response)
{
	const char *type = async_response_content_type(response);

	return http_mime_is_json(type, strlen(type));
}

const char *async_response_filename(async_response *response)
{
	const char *value = async_response_header(response, "Content-Disposition");
	size_t size = value ? strlen(value) : 0;
	char *room = value ? arena_bytes(&response->arena, size + 1) : NULL;

	/* Of ".." and the like nothing is left. */
	if (!room || !http_filename_find(value, size, room, &size) || !size)
		return NULL;
	room[size] = '\0';
	return room;
}

/* ---- Links (RFC 8288) ---- */

/* Behind the quoted string at `at`, or the end of a text that does not end it. */
static const char *skip_quoted(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		at += *at == '\\' && at[1];
	return at + !!*at;
}

/* A list of words with blanks between. */
static bool has_word(const char *at, const char *end, const char *word)
{
	static const char blanks[] = " \t\"";
	size_t size = strlen(word);

	for (at += strspn(at, blanks); at < end; at += strspn(at, blanks)) {
		size_t length = strcspn(at, " \t\",;");

		if (length == size && !strncasecmp(at, word, size))
			return true;
		at += length ? length : 1;
	}
	return false;
}

/* Whether the parameters behind a target hold the relation; sets *end behind them. The first `rel`
 * counts (RFC 8288, 3.3). */
static bool has_relation(const char *at, const char *relation, const char **end)
{
	bool found = false, said = false;

	while (*(at += strspn(at, " \t")) && *at != ',') {
		const char *name = at, *value;
		size_t size = strcspn(at, " \t=;,\"");

		at += size + strspn(at + size, " \t");
		value = at;
		if (*at == '=')
			value = at += 1 + strspn(at + 1, " \t");
		at = *at == '"' ? skip_quoted(at) : at + strcspn(at, " \t;,");
		if (size == 3 && !strncasecmp(name, "rel", 3) && !said) {
			said = true;
			found = has_word(value, at, relation);
		}
		at += *at == ';';
	}
	*end = at;
	return found;
}

static const char *link_in(struct async_response *response, const char *at, const char *relation)
{
	while ((at = strchr(at, '<'))) {
		const char *target = at + 1, *close = strchr(target, '>');
		char *text, *copy = NULL;
		async_url url;

		if (!close)
			return NULL;
		if (!has_relation(close + 1, relation, &at))
			continue;
		text = arena_text(&response->arena, target, (size_t)(close - target));
		if (text && !async_url_parse(text, &response->url, &url)) {
			copy = arena_text(&response->arena, url.href, url.size);
			async_url_free(&url);
		}
		return copy;
	}
	return NULL;
}

const char *async_response_link(async_response *response, const char *relation)
{
	const char *value, *link = NULL;

	for (size_t i = 0; !link && (value = async_response_header_nth(response, "Link", i)); i++)
		link = link_in(response, value, relation);
	return link;
}
