/* SPDX-License-Identifier: MIT */
/* Bodies and answers that are JSON, by jansson. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "http/field.h"
#include "http/server.h"

/* application/json, or anything that ends in +json (RFC 6839, 3.1). */
static bool is_json(async_request *request)
{
	const char *type = async_request_content_type(request);
	size_t size = strlen(type);

	return !strcmp(type, "application/json") || (size > 5 && !strcmp(type + size - 5, "+json"));
}

static void release(void *json)
{
	json_decref(json);
}

json_t *await_request_json(async_request *request)
{
	json_error_t error;
	const char *body;
	ssize_t n;

	if (!request || request->json)
		return request ? request->json : NULL;
	if (!is_json(request)) {
		request_blame(request, 415,
			      async_fail(-EINVAL, "the body is %s, not application/json",
					 async_request_content_type(request)));
		return NULL;
	}
	n = await_request_body(request, &body);
	if (n < 0)
		return NULL;
	request->json =
		json_loadb(body, (size_t)n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!request->json)
		request_blame(request, 400,
			      async_fail(-EBADMSG, "the body is no JSON: line %d, column %d: %s",
					 error.line, error.column, error.text));
	else if (arena_on_end(&request->arena, release, request->json))
		request->json = NULL;
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
