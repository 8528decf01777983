/* SPDX-License-Identifier: MIT */
/*
 * Where a message ends and what becomes of its connection (RFC 9112, 6 to 9). These are the rules
 * that request smuggling lives on, so whatever two programs might read differently is refused: a
 * length and a coding together, a length twice or as a list, chunked anywhere but once and last, a
 * coding in HTTP/1.0.
 */
#include <string.h>
#include "http/bytes.h"
#include "http/field.h"
#include "http/head.h"

static bool refuse_value(struct http_head *head, enum http_rule rule,
			 const struct http_field *field)
{
	head->error =
		(struct http_error){ .rule = rule, .at = field ? field->value.at : head->parsed };
	return false;
}

/* A tab may stand around any value (RFC 9110, 5.5). Around these two other programs are known to
 * take it for part of the value, so that they see another body, or none; nobody sends it. */
static bool has_tabs(const char *data, const struct http_field *field)
{
	const char *at = data + field->name_at + field->name_size, *value = data + field->value.at;
	const char *end = value + field->value.size;

	return memchr(at, '\t', (size_t)(value - at)) || memchr(end, '\t', strcspn(end, "\r"));
}

static bool length_framing(struct http_head *head, const char *data, const struct http_field *field)
{
	const char *text = data + field->value.at;
	uint64_t length = 0;
	uint32_t i;

	if (!field->value.size || has_tabs(data, field))
		return refuse_value(head, HTTP_LENGTH_BAD, field);
	for (i = 0; i < field->value.size; i++) {
		if (!byte_is(text[i], BYTE_DIGIT))
			return refuse_value(head, HTTP_LENGTH_BAD, field);
	}
	for (i = 0; i < field->value.size; i++) {
		unsigned int digit = (unsigned int)(text[i] - '0');

		if (length > ((uint64_t)INT64_MAX - digit) / 10)
			return refuse_value(head, HTTP_LENGTH_LARGE, field);
		length = length * 10 + digit;
	}
	head->framing.length = length;
	head->framing.body = length ? HTTP_LENGTH : HTTP_NO_BODY;
	return true;
}

static bool coding_framing(struct http_head *head, const char *data, const struct http_field *field)
{
	struct http_items items = http_items_of(data, field);
	struct http_slice item;
	int chunked = 0, last = 0, all = 0;

	if (head->minor == 0)
		return refuse_value(head, HTTP_CODING_IN_1_0, field);
	if (head->fields.seen & HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH))
		return refuse_value(head, HTTP_LENGTH_AND_CODING, field);
	while (http_items_next(&items, &item)) {
		if (!http_is_token(data + item.at, item.size))
			return refuse_value(head, HTTP_CODING_BAD, field);
		all++;
		if (http_item_is(data, item, "chunked")) {
			chunked++;
			last = all;
		}
	}
	if (items.empty || chunked != 1 || last != all || has_tabs(data, field))
		return refuse_value(head, HTTP_CODING_BAD, field);
	if (all > 1)
		return refuse_value(head, HTTP_CODING_UNKNOWN, field);
	head->framing.body = HTTP_CHUNKED;
	return true;
}

/* Length or coding, if there is either. */
static bool body_framing(struct http_head *head, const char *data)
{
	const struct http_fields *fields = &head->fields;
	const struct http_field *coding, *length;

	if (likely(!(fields->seen & (HTTP_NAME_BIT(HTTP_NAME_TRANSFER_ENCODING) |
				     HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH)))))
		return true;
	coding = http_field_known(fields, HTTP_NAME_TRANSFER_ENCODING);
	length = http_field_known(fields, HTTP_NAME_CONTENT_LENGTH);
	return coding ? coding_framing(head, data, coding) : length_framing(head, data, length);
}

enum { OPTION_CLOSE = 1, OPTION_KEEP_ALIVE = 2, OPTION_UPGRADE = 4 };

static unsigned int option_of(const char *data, struct http_slice item)
{
	switch (item.size) {
	case 5:
		return http_item_is(data, item, "close") ? OPTION_CLOSE : 0;
	case 10:
		return http_item_is(data, item, "keep-alive") ? OPTION_KEEP_ALIVE : 0;
	case 7:
		return http_item_is(data, item, "upgrade") ? OPTION_UPGRADE : 0;
	default:
		return 0;
	}
}

/* Every Connection field together is one list (RFC 9110, 5.3). Options that are not known are
 * names of fields meant for this hop only. */
static unsigned int connection_options(const struct http_head *head, const char *data)
{
	const struct http_field *field = http_field_known(&head->fields, HTTP_NAME_CONNECTION);
	unsigned int options = 0;

	for (; field; field = http_field_next(&head->fields, field)) {
		struct http_items items;
		struct http_slice item;
		unsigned int option = option_of(data, field->value);

		options |= option;
		if (likely(option))
			continue;
		items = http_items_of(data, field);
		while (http_items_next(&items, &item))
			options |= option_of(data, item);
	}
	return options;
}

static enum http_upgrade upgrade_of(const struct http_head *head, const char *data)
{
	if (http_list_has(&head->fields, data, HTTP_NAME_UPGRADE, "websocket"))
		return HTTP_UPGRADE_WEBSOCKET;
	return http_list_has(&head->fields, data, HTTP_NAME_UPGRADE, "tcp") ? HTTP_UPGRADE_TCP :
									      HTTP_UPGRADE_NONE;
}

static void connection_framing(struct http_head *head, const char *data)
{
	struct http_framing *framing = &head->framing;
	unsigned int options;

	framing->keep_alive = head->minor;
	if (!(head->fields.seen & HTTP_NAME_BIT(HTTP_NAME_CONNECTION)))
		return;
	options = connection_options(head, data);
	if (options & (OPTION_CLOSE | OPTION_KEEP_ALIVE))
		framing->keep_alive = !(options & OPTION_CLOSE);
	if (options & OPTION_UPGRADE && head->minor)
		framing->upgrade = (uint8_t)upgrade_of(head, data);
}

static enum http_expect expect_of(const struct http_head *head, const char *data)
{
	const struct http_field *field = http_field_known(&head->fields, HTTP_NAME_EXPECT);

	if (likely(!field) || !head->minor)
		return HTTP_EXPECT_NOTHING;
	for (; field; field = http_field_next(&head->fields, field)) {
		if (!http_item_is(data, field->value, "100-continue"))
			return HTTP_EXPECT_OTHER;
	}
	return HTTP_EXPECT_CONTINUE;
}

/* RFC 9112, 3.2: one Host, and valid; RFC 9110 lets it be empty where the target has no host. */
static bool host_check(struct http_head *head, const char *data)
{
	const struct http_field *field = http_field_known(&head->fields, HTTP_NAME_HOST);

	if (unlikely(!field))
		return !head->minor || refuse_value(head, HTTP_HOST_MISSING, NULL);
	if (field->value.size && !http_host_valid(data + field->value.at, field->value.size, false))
		return refuse_value(head, HTTP_HOST_BAD, field);
	if (head->form == HTTP_ORIGIN || head->form == HTTP_ASTERISK)
		head->host = field->value;
	return true;
}

bool http_request_framing(struct http_head *head, const char *data)
{
	struct http_framing *framing = &head->framing;

	if (unlikely(!host_check(head, data)) || unlikely(!body_framing(head, data)))
		return false;
	if (unlikely(head->method == HTTP_METHOD_CONNECT && framing->body))
		return refuse_value(head, HTTP_CONNECT_BODY, NULL);
	connection_framing(head, data);
	framing->expect = (uint8_t)expect_of(head, data);
	return true;
}

bool http_response_framing(struct http_head *head, enum http_method asked, const char *data)
{
	struct http_framing *framing = &head->framing;
	unsigned int status = head->status;

	connection_framing(head, data);
	if (status == 101 || (asked == HTTP_METHOD_CONNECT && status >= 200 && status < 300)) {
		/* RFC 9110, 9.3.6: length and coding are to be ignored. */
		framing->body = HTTP_TUNNEL;
		framing->keep_alive = false;
		return true;
	}
	/* What cannot be right is refused even where there is no body to get wrong. */
	if (unlikely(!body_framing(head, data)))
		return false;
	if (status < 200 || status == 204 || status == 304 || asked == HTTP_METHOD_HEAD) {
		framing->body = HTTP_NO_BODY;
	} else if (framing->body == HTTP_NO_BODY &&
		   !(head->fields.seen & HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH))) {
		framing->body = HTTP_UNTIL_CLOSE;
		framing->keep_alive = false;
	}
	return true;
}
