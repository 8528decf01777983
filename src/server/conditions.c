/* SPDX-License-Identifier: MIT */
/* Cookies, validators and conditions: what handlers see of them. */
#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "http/cookie.h"
#include "server/server.h"
#include "http/validator.h"

enum { COOKIE_LINE_BYTES = HTTP_COOKIE_BYTES + 3 * HTTP_COOKIE_ATTRIBUTE_BYTES };

const char *async_request_cookie(async_request *request, const char *name)
{
	struct http_cookie cookie;
	char *value;

	if (!http_cookie_find(&request->head->fields, request->block, name, &cookie))
		return NULL;
	value = arena_bytes(&request->arena, cookie.value_size + 1);
	if (!value) {
		async_fail(-ENOMEM, "no memory for a cookie");
		return NULL;
	}
	value[http_cookie_value(&cookie, value)] = '\0';
	return value;
}

static bool same_site_of(const char *text, enum http_same_site *same_site)
{
	static const char *const names[] = {
		[HTTP_SAME_SITE_STRICT] = "Strict",
		[HTTP_SAME_SITE_LAX] = "Lax",
		[HTTP_SAME_SITE_NONE] = "None",
	};

	*same_site = HTTP_SAME_SITE_DEFAULT;
	for (size_t i = 1; text && i < sizeof names / sizeof *names; i++) {
		if (!strcmp(text, names[i]))
			*same_site = (enum http_same_site)i;
	}
	return !text || *same_site != HTTP_SAME_SITE_DEFAULT;
}

int async_respond_cookie(async_request *request, const async_cookie *cookie)
{
	struct http_cookie_options options = {
		.name = cookie->name ? cookie->name : "",
		.value = cookie->value ? cookie->value : "",
		.path = cookie->path,
		.domain = cookie->domain,
		.has_expires = cookie->expires != 0,
		.expires = cookie->expires,
		.has_max_age = cookie->max_age != 0,
		.max_age = cookie->max_age,
		.secure = cookie->secure,
		.http_only = cookie->http_only,
		.partitioned = cookie->partitioned,
	};
	char *line;
	ssize_t size;

	if (!request)
		return -EINVAL;
	if (!same_site_of(cookie->same_site, &options.same_site))
		return answer_bad(request, async_fail(-EINVAL,
						      "cookie `%s`: same_site is \"%s\", and not "
						      "Lax, Strict or None",
						      options.name, cookie->same_site));
	line = arena_bytes(&request->arena, COOKIE_LINE_BYTES);
	if (!line)
		return answer_bad(request, async_fail(-ENOMEM, "no memory for a cookie"));
	size = http_cookie_write(line, COOKIE_LINE_BYTES, &options);
	if (size < 0)
		return answer_bad(request, (int)size);
	return async_respond_add(request, "Set-Cookie", line);
}

int async_respond_delete_cookie(async_request *request, const char *name)
{
	async_cookie cookie = { .name = name, .max_age = -1, .expires = 1 };

	return async_respond_cookie(request, &cookie);
}

int async_respond_etag(async_request *request, const char *tag, bool weak)
{
	struct http_tag wanted = { .text = tag, .size = strlen(tag), .weak = weak };
	char text[260];
	ssize_t size = http_tag_write(text, sizeof text, &wanted);

	if (size < 0)
		return answer_bad(request, size == -ENOBUFS ?
						   async_fail(-EINVAL, "an entity tag of more than "
								       "255 bytes") :
						   (int)size);
	return async_respond_header(request, "ETag", text);
}

/* What has been prepared says what there is. */
static void validators_of(const struct async_request *request, struct http_validators *validators)
{
	const char *tag = async_respond_header_value(request, "ETag");
	const char *modified = async_respond_header_value(request, "Last-Modified");

	*validators = (struct http_validators){ .exists = true };
	validators->tagged = tag && http_tag_parse(tag, strlen(tag), &validators->tag);
	validators->dated = modified &&
			    http_date_parse(modified, strlen(modified), &validators->modified);
}

int async_respond_condition(async_request *request)
{
	struct http_validators validators;

	validators_of(request, &validators);
	switch (http_condition_check(&request->head->fields, request->block,
				     (enum http_method)request->head->method, &validators)) {
	case HTTP_CONDITION_NOT_MODIFIED:
		return 304;
	case HTTP_CONDITION_FAILED:
		return 412;
	default:
		return 0;
	}
}

int async_respond_range(async_request *request, uint64_t size, uint64_t *first, uint64_t *count)
{
	struct http_validators validators;
	struct http_range range = { 0, size };
	char text[HTTP_CONTENT_RANGE_BYTES];
	int result = 200;

	validators_of(request, &validators);
	validators.size = size;
	switch (http_range_asked(&request->head->fields, request->block,
				 (enum http_method)request->head->method, &validators, &range)) {
	case HTTP_RANGE_PART:
		http_content_range(text, &range, size);
		result = 206;
		break;
	case HTTP_RANGE_UNSATISFIABLE:
	case HTTP_RANGE_BAD:
		http_content_range(text, NULL, size);
		result = 416;
		break;
	default:
		range = (struct http_range){ 0, size };
		break;
	}
	*first = range.first;
	*count = range.size;
	if (result == 200)
		return result;
	if (async_respond_header(request, "Content-Range", text) ||
	    (result == 206 && async_respond_status(request, 206)))
		return request->answer.error;
	return result;
}

int async_request_date(const async_request *request, const char *name, time_t *time)
{
	const struct http_field *field =
		http_field_find(&request->head->fields, request->block, name, strlen(name), NULL);

	if (!field)
		return -ENOENT;
	return http_date_parse(request->block + field->value.at, field->value.size, time) ?
		       0 :
		       async_fail(-EINVAL, "%s is no date", name);
}
