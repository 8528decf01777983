/* SPDX-License-Identifier: MIT */
/* Preparing an answer: its status and fields, checked as they are set. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/base.h"
#include "http/field.h"
#include "server/server.h"

void answer_begin(struct answer *answer)
{
	answer->status = 200;
	answer->begun = answer->ended = answer->close = false;
	answer->typed = answer->dated = answer->named = answer->compress = false;
	answer->error = 0;
	answer->reason = answer->refusal = NULL;
	answer->fields = answer->first;
	answer->count = 0;
	answer->room = sizeof answer->first / sizeof *answer->first;
	answer->length = -1;
	answer->sent = 0;
	answer->hooks = NULL;
}

int answer_bad(struct async_request *request, int error)
{
	if (request && !request->answer.error)
		request->answer.error = error;
	return error;
}

static int no_memory(struct async_request *request)
{
	return answer_bad(request, async_fail(-ENOMEM, "no memory for an answer"));
}

/* 0, or why nothing can be prepared any more. */
static int preparing(const struct async_request *request, const char *what)
{
	if (unlikely(!request))
		return -EINVAL;
	return likely(!request->answer.begun) ?
		       0 :
		       async_fail(-EALREADY, "%s: the head of the answer has been sent", what);
}

int answer_known(struct async_request *request, const char *name, size_t name_size,
		 const char *value, size_t value_size)
{
	struct answer *answer = &request->answer;

	if (unlikely(answer->count == answer->room)) {
		uint32_t room = answer->room * 2;
		struct answer_field *list =
			arena_alloc(&request->arena, room * sizeof *answer->fields);

		if (!list)
			return no_memory(request);
		memcpy(list, answer->fields, answer->count * sizeof *list);
		answer->fields = list;
		answer->room = room;
	}
	answer->fields[answer->count++] = (struct answer_field){
		.name = name,
		.value = value,
		.name_size = (uint32_t)name_size,
		.value_size = (uint32_t)value_size,
	};
	return 0;
}

static bool is_named(const struct answer_field *field, const char *name, size_t size)
{
	return field->name_size == size && !strncasecmp(field->name, name, size);
}

static void mark(struct answer *answer, const char *name, size_t size, bool set)
{
	switch (http_name_find(name, size)) {
	case HTTP_NAME_CONTENT_TYPE:
		answer->typed = set;
		break;
	case HTTP_NAME_DATE:
		answer->dated = set;
		break;
	case HTTP_NAME_SERVER:
		answer->named = set;
		break;
	default:
		break;
	}
}

static void take_away(struct answer *answer, const char *name, size_t size)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < answer->count; i++) {
		if (!is_named(&answer->fields[i], name, size))
			answer->fields[kept++] = answer->fields[i];
	}
	answer->count = kept;
	mark(answer, name, size, false);
}

/* The writer knows what may be sent; it is given the field alone. */
static int check_field(struct async_request *request, const char *name, size_t name_size,
		       const char *value, size_t value_size)
{
	static const char framing[] = "is the server's: async_respond_length, async_respond_close";
	struct http_writer writer;

	switch (http_name_find(name, name_size)) {
	case HTTP_NAME_CONTENT_LENGTH:
	case HTTP_NAME_TRANSFER_ENCODING:
	case HTTP_NAME_CONNECTION:
		return answer_bad(request, async_fail(-EINVAL, "the field %s %s", name, framing));
	default:
		break;
	}
	http_write_begin(&writer, NULL, 0);
	http_write_response(&writer, 1, HTTP_METHOD_GET, 200, NULL);
	http_write_field(&writer, name, name_size, value, value_size);
	return writer.error ? answer_bad(request, writer.error) : 0;
}

static int set_field(struct async_request *request, const char *name, const char *value,
		     bool replace)
{
	size_t name_size, value_size;
	char *own_name, *own_value;
	int error = preparing(request, "async_respond_header");

	if (error)
		return error;
	if (!name || (!value && !replace))
		return answer_bad(request,
				  async_fail(-EINVAL, "a field of an answer without a name, or "
						      "without a value"));
	name_size = strlen(name);
	if (replace)
		take_away(&request->answer, name, name_size);
	if (!value)
		return 0;
	value_size = strlen(value);
	if (name_size > UINT16_MAX || value_size > UINT32_MAX / 2)
		return answer_bad(request,
				  async_fail(-EINVAL, "a field of an answer of more than 2 GiB"));
	error = check_field(request, name, name_size, value, value_size);
	if (error)
		return error;
	own_name = arena_text(&request->arena, name, name_size);
	own_value = arena_text(&request->arena, value, value_size);
	if (!own_name || !own_value)
		return no_memory(request);
	mark(&request->answer, name, name_size, true);
	return answer_known(request, own_name, name_size, own_value, value_size);
}

int async_respond_header(async_request *request, const char *name, const char *value)
{
	return set_field(request, name, value, true);
}

int async_respond_add(async_request *request, const char *name, const char *value)
{
	return set_field(request, name, value, false);
}

const char *async_respond_header_value(const async_request *request, const char *name)
{
	size_t size = strlen(name);

	for (uint32_t i = 0; request && i < request->answer.count; i++) {
		if (is_named(&request->answer.fields[i], name, size))
			return request->answer.fields[i].value;
	}
	return NULL;
}

int async_respond_reason(async_request *request, int status, const char *reason)
{
	int error = preparing(request, "async_respond_status");
	struct http_writer writer;

	if (error)
		return error;
	if (status < 200 || status > 599)
		return answer_bad(request,
				  async_fail(-EINVAL, "a status of %d: an answer has 200 to 599",
					     status));
	request->answer.status = (uint16_t)status;
	request->answer.reason = NULL;
	if (!reason)
		return 0;
	http_write_begin(&writer, NULL, 0);
	http_write_response(&writer, 1, HTTP_METHOD_GET, (unsigned int)status, reason);
	if (writer.error)
		return answer_bad(request, writer.error);
	request->answer.reason = arena_text(&request->arena, reason, strlen(reason));
	return request->answer.reason ? 0 : no_memory(request);
}

int async_respond_status(async_request *request, int status)
{
	return async_respond_reason(request, status, NULL);
}

int async_respond_type(async_request *request, const char *content_type)
{
	return set_field(request, "Content-Type", content_type, true);
}

int async_respond_length(async_request *request, uint64_t bytes)
{
	int error = preparing(request, "async_respond_length");

	if (error)
		return error;
	if (bytes > INT64_MAX)
		return answer_bad(request, async_fail(-EINVAL, "a length of more than 63 bits"));
	request->answer.length = (int64_t)bytes;
	return 0;
}

void async_respond_close(async_request *request)
{
	if (request)
		request->answer.close = true;
}

int async_respond_last_modified(async_request *request, time_t time)
{
	char text[HTTP_DATE_BYTES];

	http_date(text, time);
	return set_field(request, "Last-Modified", text, true);
}

void http_weaken_etag(struct async_request *request)
{
	for (uint32_t i = 0; i < request->answer.count; i++) {
		struct answer_field *field = &request->answer.fields[i];
		char *value;

		if (!is_named(field, "ETag", 4) || field->value[0] != '"')
			continue;
		value = arena_bytes(&request->arena, field->value_size + 3);
		if (!value)
			continue;
		memcpy(value, "W/", 2);
		memcpy(value + 2, field->value, field->value_size + 1);
		field->value = value;
		field->value_size += 2;
	}
}

int async_on_respond(async_request *request, async_respond_hook *hook, void *arg)
{
	struct answer_hook *entry, **end;
	int error = preparing(request, "async_on_respond");

	if (error)
		return error;
	entry = arena_alloc(&request->arena, sizeof *entry);
	if (!entry)
		return no_memory(request);
	*entry = (struct answer_hook){ .call = hook, .arg = arg };
	for (end = &request->answer.hooks; *end; end = &(*end)->next)
		continue;
	*end = entry;
	return 0;
}

int async_refuse(async_request *request, int status, const char *format, ...)
{
	char text[1024];
	va_list list;

	if (!request || !format || request->answer.begun)
		return status;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	request->answer.refusal = arena_text(&request->arena, text, strlen(text));
	return status;
}

/* A byte of a Location that cannot stand there is percent-encoded; what is encoded stays so. */
int async_redirect(async_request *request, int status, const char *location)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t size = location ? strlen(location) : 0, used = 0;
	char *text;
	int error = preparing(request, "async_redirect");

	if (error)
		return error;
	if (status < 300 || status > 399 || !location)
		return answer_bad(request, async_fail(-EINVAL,
						      "async_redirect: a status of %d, or no "
						      "location",
						      status));
	text = arena_bytes(&request->arena, size * 3 + 1);
	if (!text)
		return no_memory(request);
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)location[i];

		if (byte > ' ' && byte < 0x7f && byte != '"' && byte != '<' && byte != '>') {
			text[used++] = (char)byte;
			continue;
		}
		text[used++] = '%';
		text[used++] = digits[byte >> 4];
		text[used++] = digits[byte & 15];
	}
	text[used] = '\0';
	take_away(&request->answer, "Location", 8);
	error = answer_known(request, "Location", 8, text, used);
	return error ? error : status;
}

bool async_respond_is_begun(const async_request *request)
{
	return request && request->answer.begun;
}

bool async_respond_is_ended(const async_request *request)
{
	return request && request->answer.ended;
}
