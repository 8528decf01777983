/* SPDX-License-Identifier: MIT */
/*
 * The lines of a head: first line and fields. This is compiled once for each width of vectors
 * (head_base.c, head_avx2.c), so all of it is static.
 *
 * Each function takes the offset where a line begins and returns where the next one does, or 0:
 * then either head->error names the rule, or more bytes are needed. A line is looked at up to
 * `bound`, which is the first byte past its limit or the end of what is there. To come to `bound`
 * means that one of the two is the case, and run_out tells which; so a limit takes effect at the
 * same byte however the bytes arrived.
 */
#ifndef HTTP_HEAD_LINES_H
#define HTTP_HEAD_LINES_H

#include <string.h>
#include "http/head.h"
#include "http/scan.h"

enum { STAGE_START, STAGE_FIELDS };

struct lines {
	struct http_head *head;
	const char *data;
	const char *end; /* of what is there, or of what head_bytes allows */
};

/* Not inlined: everything that comes here ends the parsing for now. */
static __attribute__((noinline, cold)) size_t refuse(struct http_head *head, enum http_rule rule,
						     size_t at, uint32_t limit)
{
	head->error = (struct http_error){ .rule = rule, .at = (uint32_t)at, .limit = limit };
	return 0;
}

static size_t refuse_at(const struct lines *lines, enum http_rule rule, const char *at)
{
	return refuse(lines->head, rule, (size_t)(at - lines->data), 0);
}

static __attribute__((noinline, cold)) size_t run_out_head(const struct lines *lines)
{
	size_t size = (size_t)(lines->end - lines->data);
	uint32_t limit = lines->head->limits->head_bytes;

	return size == limit ? refuse(lines->head, HTTP_HEAD_LONG, size - 1, limit) : 0;
}

/* `bound` was reached: by the line's limit, the head's, or for want of bytes. */
static __attribute__((noinline, cold)) size_t run_out(const struct lines *lines, const char *line,
						      const char *bound, enum http_rule rule,
						      uint32_t limit)
{
	if ((size_t)(bound - line) == (size_t)limit + 1)
		return refuse(lines->head, rule, (size_t)(bound - 1 - lines->data), limit);
	return run_out_head(lines);
}

static inline const char *bound_of(const struct lines *lines, const char *line, uint32_t limit)
{
	return (size_t)(lines->end - line) > (size_t)limit + 1 ? line + limit + 1 : lines->end;
}

/* `at` stopped at something that is no text: is it a line's proper end? */
static inline size_t line_ends(const struct lines *lines, const char *at, enum http_rule rule)
{
	if (unlikely(*at != '\r')) {
		if (*at == '\n')
			rule = HTTP_BARE_LF;
		else if (!*at && rule == HTTP_VALUE_BYTE)
			rule = HTTP_VALUE_NUL;
		return refuse_at(lines, rule, at);
	}
	if (unlikely(at + 1 == lines->end))
		return run_out_head(lines);
	if (unlikely(at[1] != '\n'))
		return refuse_at(lines, HTTP_BARE_CR, at);
	return (size_t)(at + 2 - lines->data);
}

/* No colon, or not after a token, or too late: the first byte that is wrong decides. */
static __attribute__((noinline, cold)) const char *name_wrong(const struct lines *lines,
							      const char *line, uint32_t limit)
{
	enum http_rule rule = HTTP_NAME_BYTE;
	const char *bound = bound_of(lines, line, limit);
	const char *at = scan_bytes(line, bound, BYTE_TOKEN);

	if (at == bound) {
		run_out(lines, line, bound, HTTP_FIELD_LONG, limit);
		return NULL;
	}

	if (*at == ' ' || *at == '\t')
		rule = at == line ? HTTP_FOLD : HTTP_NAME_BLANK;
	else if (*at == ':')
		rule = HTTP_NAME_EMPTY;
	else if (*at == '\r')
		rule = HTTP_NAME_COLON;
	else if (*at == '\n')
		rule = HTTP_BARE_LF;
	refuse_at(lines, rule, at);
	return NULL;
}

/* The field goes straight into the list: a local copied afterwards is read in wider words than it
 * was written in, which stalls. Returns where the next line begins, or NULL. */
static inline __attribute__((always_inline)) const char *
field_line(const struct lines *lines, struct scan_window *window, const char *line, uint32_t limit,
	   struct http_field *field)
{
	const char *data = lines->data, *end = lines->end, *name_end, *value, *at;
	enum http_name name;
	size_t next;

	name_end = window_find(window, data, line, end, true);
	if (unlikely(name_end == end || *name_end != ':' || name_end == line))
		return name_wrong(lines, line, limit);
	/* A name that is known is a token; there is no control byte in it, which might fold. */
	name = http_name_find(line, (size_t)(name_end - line));
	if (name == HTTP_NAME_OTHER && unlikely(scan_token(data, line, name_end) != name_end))
		return name_wrong(lines, line, limit);
	value = name_end + 1;
	/* One blank is the rule. */
	value += value < end && *value == ' ';
	while (value < end && unlikely(is_blank(*value)))
		value++;
	at = window_find(window, data, value, end, false);
	if (unlikely(at == end || at - line > (ptrdiff_t)limit)) {
		run_out(lines, line, bound_of(lines, line, limit), HTTP_FIELD_LONG, limit);
		return NULL;
	}
	next = line_ends(lines, at, HTTP_VALUE_BYTE);
	if (unlikely(!next))
		return NULL;
	while (at > value && is_blank(at[-1]))
		at--;
	field->name_at = (uint32_t)(line - data);
	field->name_size = (uint16_t)(name_end - line);
	field->name = (uint16_t)name;
	field->value.at = (uint32_t)(value - data);
	field->value.size = (uint32_t)(at - value);
	return data + next;
}

/* Fields up to the empty line: the offset after it. `single`: names that may occur once. What
 * changes with each line is kept in registers and written back once. */
static inline __attribute__((always_inline)) size_t field_lines(const struct lines *lines,
								uint64_t single)
{
	struct http_head *head = lines->head;
	struct http_field *list = head->fields.list;
	const uint32_t limit = head->limits->field_bytes, most = head->limits->fields;
	const char *line = lines->data + head->parsed, *end = lines->end, *following;
	uint64_t seen = head->fields.seen, bit;
	uint32_t count = head->fields.count;
	struct scan_window window;
	size_t next = 0;

	if (unlikely(line == end))
		return run_out_head(lines);
	for (window_move(&window, lines->data, line, end); line < end; line = following) {
		if (unlikely(*line == '\r')) {
			next = line_ends(lines, line, HTTP_BARE_CR);
			break;
		}
		if (unlikely(count == most)) {
			refuse(head, HTTP_FIELDS_MANY, (size_t)(line - lines->data), most);
			break;
		}
		following = field_line(lines, &window, line, limit, &list[count]);
		if (unlikely(!following))
			break;
		bit = HTTP_NAME_BIT(list[count].name);
		if (unlikely(seen & single & bit)) {
			refuse_at(lines, HTTP_DUPLICATE, line);
			break;
		}
		if (likely(!(seen & bit)))
			head->fields.first[list[count].name] = (uint16_t)count;
		else
			head->fields.repeated |= bit;
		seen |= bit;
		count++;
	}
	head->parsed = (uint32_t)(line - lines->data);
	head->fields.count = count;
	head->fields.seen = seen;
	return likely(line < end) ? next : run_out_head(lines);
}

/* Eight bytes of HTTP/1.0 or HTTP/1.1 at `at`, which end before `bound`: 1 if so, and head->minor
 * is set; 0 not enough; -1 refused. What has the right form but another number is 505. */
static inline int version_parse(const struct lines *lines, const char *at, const char *bound)
{
	static const char prefix[] = "HTTP/";
	size_t size = (size_t)(bound - at), i;

	if (likely(size >= 8 && !memcmp(at, "HTTP/1.", 7) && (at[7] == '1' || at[7] == '0'))) {
		lines->head->minor = (uint8_t)(at[7] - '0');
		return 1;
	}
	for (i = 0; i < size && i < 8; i++) {
		bool right = i < 5  ? at[i] == prefix[i] :
			     i == 6 ? at[i] == '.' :
				      byte_is(at[i], BYTE_DIGIT);

		if (!right) {
			refuse_at(lines, HTTP_VERSION_BAD, at + i);
			return -1;
		}
	}
	if (i < 8)
		return 0;
	refuse_at(lines, HTTP_VERSION_UNKNOWN, at + 5);
	return -1;
}

static inline struct http_slice slice_of(const struct lines *lines, const char *at, const char *end)
{
	return (struct http_slice){ (uint32_t)(at - lines->data), (uint32_t)(end - at) };
}

/* Where the method and the target end; NULL: head->error, or run out at `bound`. */
static inline const char *method_end(const struct lines *lines, const char *line, const char *bound)
{
	const char *at = scan_bytes(line, bound, BYTE_TOKEN);

	if (unlikely(at < bound && (*at != ' ' || at == line))) {
		refuse_at(lines, at == line ? HTTP_METHOD_EMPTY : HTTP_METHOD_BYTE, at);
		return NULL;
	}
	return at;
}

static inline const char *target_end(const struct lines *lines, const char *target,
				     const char *bound)
{
	const char *at = scan_target(lines->data, target, bound);

	if (likely(at == bound || (*at == ' ' && at > target)))
		return at;
	if (at == target)
		refuse_at(lines, HTTP_TARGET_EMPTY, at);
	else
		refuse_at(lines,
			  *at == '\r' || *at == '\n' ? HTTP_VERSION_MISSING : HTTP_TARGET_BYTE, at);
	return NULL;
}

static inline size_t request_line(const struct lines *lines, const char *line)
{
	struct http_head *head = lines->head;
	uint32_t limit = head->limits->line_bytes;
	const char *bound = bound_of(lines, line, limit), *space, *target, *at;
	int known;

	space = method_end(lines, line, bound);
	if (unlikely(!space))
		return 0;
	if (unlikely(bound - space <= 1))
		return run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	target = space + 1;
	at = target_end(lines, target, bound);
	if (unlikely(!at))
		return 0;
	if (unlikely(at == bound))
		return run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	known = version_parse(lines, at + 1, bound);
	if (unlikely(known < 0))
		return 0;
	if (unlikely(!known || at + 9 == bound))
		return run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	head->line = (uint32_t)(line - lines->data);
	head->method_text = slice_of(lines, line, space);
	head->method = (uint8_t)http_method_find(line, head->method_text.size);
	head->target = slice_of(lines, target, at);
	return line_ends(lines, at + 9, HTTP_LINE_TAIL);
}

/* RFC 9112, 2.2: blank lines before a request are passed over; they count as part of its line. */
static inline const char *blank_lines(const struct lines *lines, uint32_t limit)
{
	const char *line = lines->data;

	while (line < lines->end && *line == '\r') {
		if ((size_t)(line - lines->data) >= limit) {
			refuse(lines->head, HTTP_LINE_LONG, (size_t)(line - lines->data), limit);
			return NULL;
		}
		if (!line_ends(lines, line, HTTP_BARE_CR))
			return NULL;
		line += 2;
	}
	if (line == lines->end)
		run_out_head(lines);
	return line < lines->end ? line : NULL;
}

static inline size_t status_digits(const struct lines *lines, const char *at, const char *bound)
{
	const char *digit;
	unsigned int status = 0;

	for (digit = at; digit < bound && digit < at + 3; digit++) {
		if (!byte_is(*digit, BYTE_DIGIT) || (digit == at && *digit == '0'))
			return refuse_at(lines, HTTP_STATUS_BAD, digit);
		status = status * 10 + (unsigned int)(*digit - '0');
	}
	lines->head->status = (uint16_t)status;
	return (size_t)(digit - at);
}

/* HTTP/1.1 200 Reason; the reason may be empty, and its blank missing. */
static inline size_t status_line(const struct lines *lines, const char *line)
{
	struct http_head *head = lines->head;
	uint32_t limit = head->limits->line_bytes;
	const char *bound = bound_of(lines, line, limit), *at = line + 8, *end;
	int known = version_parse(lines, line, bound);

	if (unlikely(known < 0))
		return 0;
	if (unlikely(!known || at == bound))
		return run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	if (unlikely(*at != ' '))
		return refuse_at(lines, HTTP_LINE_TAIL, at);
	at++;
	if (unlikely(status_digits(lines, at, bound) < 3))
		return head->error.rule ? 0 : run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	at += 3;
	if (unlikely(at == bound))
		return run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	if (unlikely(*at != ' ' && *at != '\r'))
		return refuse_at(lines, *at == '\n' ? HTTP_BARE_LF : HTTP_STATUS_BAD, at);
	at += *at == ' ';
	end = scan_text(lines->data, at, bound);
	if (unlikely(end == bound))
		return run_out(lines, line, bound, HTTP_LINE_LONG, limit);
	head->reason = slice_of(lines, at, end);
	return line_ends(lines, end, HTTP_REASON_BYTE);
}

static inline struct lines lines_of(struct http_head *head, const char *data, size_t size)
{
	if (size > head->limits->head_bytes)
		size = head->limits->head_bytes;
	return (struct lines){ .head = head, .data = data, .end = data + size };
}

/* M04: on requests these may occur once. Content-Length and Transfer-Encoding in responses, too. */
#define SINGLE_FRAMING \
	(HTTP_NAME_BIT(HTTP_NAME_CONTENT_LENGTH) | HTTP_NAME_BIT(HTTP_NAME_TRANSFER_ENCODING))
#define SINGLE_REQUEST                                                                            \
	(SINGLE_FRAMING | HTTP_NAME_BIT(HTTP_NAME_HOST) | HTTP_NAME_BIT(HTTP_NAME_CONTENT_TYPE) | \
	 HTTP_NAME_BIT(HTTP_NAME_CONTENT_LOCATION) | HTTP_NAME_BIT(HTTP_NAME_CONTENT_RANGE) |     \
	 HTTP_NAME_BIT(HTTP_NAME_ETAG) | HTTP_NAME_BIT(HTTP_NAME_MAX_FORWARDS) |                  \
	 HTTP_NAME_BIT(HTTP_NAME_SERVER) | HTTP_NAME_BIT(HTTP_NAME_USER_AGENT))

static size_t lines_request(struct http_head *head, const char *data, size_t size)
{
	struct lines lines = lines_of(head, data, size);

	if (head->stage == STAGE_START) {
		const char *line = blank_lines(&lines, head->limits->line_bytes);
		size_t next = line ? request_line(&lines, line) : 0;

		if (unlikely(!next) || unlikely(!http_target_split(head, data)))
			return 0;
		head->parsed = (uint32_t)next;
		head->stage = STAGE_FIELDS;
	}
	return field_lines(&lines, SINGLE_REQUEST);
}

static size_t lines_response(struct http_head *head, const char *data, size_t size)
{
	struct lines lines = lines_of(head, data, size);

	if (head->stage == STAGE_START) {
		size_t next;

		if (lines.end == data)
			return 0;
		next = status_line(&lines, data);
		if (unlikely(!next))
			return 0;
		head->parsed = (uint32_t)next;
		head->stage = STAGE_FIELDS;
	}
	return field_lines(&lines, SINGLE_FRAMING);
}

static size_t lines_fields(struct http_head *head, const char *data, size_t size)
{
	struct lines lines = lines_of(head, data, size);

	return field_lines(&lines, 0);
}

#endif
