/* SPDX-License-Identifier: MIT */
/* Bodies and answers that are JSON, by jansson. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "http/mime.h"
#include "server/multipart_read.h"
#include "server/server.h"

static void release(void *json)
{
	json_decref(json);
}

/* The request's own, or NULL. */
static json_t *json_of(async_request *request, const char *text, size_t size)
{
	json_error_t error;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (!json)
		request_blame(request, 400,
			      async_fail(-EBADMSG, "the body is no JSON: line %d, column %d: %s",
					 error.line, error.column, error.text));
	else if (arena_on_end(&request->arena, release, json)) {
		json_decref(json);
		async_fail(-ENOMEM, "no memory for JSON");
		json = NULL;
	}
	return json;
}

json_t *await_part_json(async_part *part)
{
	const char *body;
	ssize_t n = part_decode_first(part);

	if (!n)
		n = await_part_body(part, &body);
	return n < 0 ? NULL : json_of(part->multipart->request, body, (size_t)n);
}

json_t *await_request_json(async_request *request)
{
	const char *body, *type;
	ssize_t n;

	if (!request || request->json)
		return request ? request->json : NULL;
	type = async_request_content_type(request);
	if (!http_mime_is_json(type, strlen(type))) {
		request_blame(request, 415,
			      async_fail(-EINVAL, "the body is %s, not application/json", type));
		return NULL;
	}
	n = await_request_body(request, &body);
	if (n < 0)
		return NULL;
	request->json = json_of(request, body, (size_t)n);
	return request->json;
}

int await_respond_json(async_request *request, json_t *json)
{
	char *text;
	int error;

	if (!json)
		return async_fail(-EINVAL, "await_respond_json: no JSON: its json_pack or "
					   "json_object has failed");
	text = json_dumps(json, JSON_ENCODE_ANY);
	json_decref(json);
	if (!text)
		return async_fail(-EINVAL, "await_respond_json: this cannot be written as JSON: a "
					   "number without value, text that is not UTF-8, or a "
					   "circle");
	error = request && request->answer.typed ?
			await_respond_data(request,
					   async_respond_header_value(request, "Content-Type"),
					   text, strlen(text)) :
			await_respond_known(request, "application/json", 16, text, strlen(text));
	free(text);
	return error;
}
